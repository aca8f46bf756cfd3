# Print the first Python that can run this course: 3.11 or newer, able to make virtual environments.
# Usage: sh .ci/find_python.sh VENV_PYTHON [PYTHON]. With PYTHON given, only that one is tried.
# Python 3.11 comes first because continuous integration runs it.

reason="none was found (looked for ${2:-python3.11, python3.12, python3.13, python3 and python})"
too_old=
if [ -n "$2" ]; then set -- "$2"; else set -- "$1" python3.11 python3.12 python3.13 python3 python; fi

for candidate in "$@"; do
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        too_old=${too_old:-"$candidate is Python $version"}
    elif ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$candidate cannot make virtual environments: install the package python$version-venv" \
            "(Debian, Ubuntu), or name another Python with PYTHON=/path/to/python3.11." >&2
        exit 1
    else
        echo "$candidate"
        exit 0
    fi
done

echo "This course needs Python 3.11 or newer, but ${too_old:-$reason}:" \
    "install one, or name it with PYTHON=/path/to/python3.11." >&2
exit 1
