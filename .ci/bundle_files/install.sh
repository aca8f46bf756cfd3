#!/bin/sh
# Install the course from this folder, without a network, and open it in JupyterLab.
# Usage: sh install.sh [arguments for JupyterLab, such as --no-browser]; ONLY_INSTALL=1 opens nothing.
set -u
cd "$(dirname "$0")" || exit 1
here=$(pwd -P)
venv="$here/weight-space/.venv"

stop() {
    echo "$1" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@VERSION@")' 2>/dev/null
}

if [ "$(cat "$venv/bundle.stamp" 2>/dev/null)" != "$here" ]; then
    found=
    if [ -n "${PYTHON:-}" ]; then
        ! fits "$PYTHON" || found=$PYTHON
    else
        for candidate in python@VERSION@ python3 python; do
            if fits "$candidate"; then found=$candidate && break; fi
        done
    fi
    [ -n "$found" ] || stop "This bundle needs Python @VERSION@ on @PLATFORM@, and none was found: install it, or name it: PYTHON=/path/to/python@VERSION@ sh install.sh"
    echo "Installing into $venv; this takes a few minutes and @GB@ GB."
    "$found" -m venv --clear "$venv" \
        || stop "The virtual environment could not be made: see the lines above (on Debian and Ubuntu, python@VERSION@-venv may be missing)."
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$here/wheels" -e "$here/weight-space" \
        || stop "The installation failed: see the lines above. The packages are for Python @VERSION@ on @PLATFORM@ and need @GB@ GB of free disk space."
    printf '%s\n' "$here" >"$venv/bundle.stamp"
fi

[ -z "${ONLY_INSTALL:-}" ] || { echo "Installed. Open the course with: sh install.sh"; exit 0; }
[ "$(id -u)" -ne 0 ] || set -- --allow-root "$@"
cd weight-space && exec "$venv/bin/python" -m jupyterlab --ServerApp.root_dir="$here/weight-space" \
    --LabApp.default_url=/lab/tree/lessons/00_start_here.ipynb "$@"
