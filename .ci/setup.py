"""Make .venv with the course's packages, or do nothing when it is up to date. Standard library only.

Read from the environment: PIP_ARGS (extra arguments for pip), CONSTRAINTS (a file of exact versions, or
empty for the newest allowed ones), NEED_GB (free disk space that a first set-up asks for).
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "course.stamp"
SETTINGS = "binder/weight-space-course.json"  # installed for JupyterLab, by pyproject.toml
UNREACHABLE = (
    "Connection",
    "connection broken",
    "Max retries",
    "name resolution",
    "timed out",
    "ProxyError",
    "SSLError",
    "No matching distribution found",
)


class SetupError(Exception):
    """What went wrong and what to do about it, in one sentence."""


def venv_python() -> Path:
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return VENV / folder / name


def fingerprint(python: str, constraints: str, pip_args: str) -> str:
    """Everything that decides what is installed; a changed fingerprint means: install again."""
    files = ["pyproject.toml", SETTINGS, *filter(None, [constraints])]
    parts = [python, pip_args, str(ROOT), *((ROOT / file).read_text(encoding="utf-8") for file in files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def check_disk(need_gb: float, folder: Path) -> None:
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < need_gb:
        raise SetupError(
            f"The first set-up needs {need_gb:g} GB of free disk space, but only {free_gb:.1f} GB are free in"
            f" {folder}: free some space there, or move this folder to a larger disk."
        )


def explain(pip_output: str) -> str:
    """The sentence for a failed installation, from what pip printed."""
    if "No space left on device" in pip_output or "Errno 28" in pip_output:
        return "The disk filled up during the installation: free some space and run the same command again."
    if any(sign in pip_output for sign in UNREACHABLE):
        return (
            "The packages could not be downloaded: the package index cannot be reached, or lacks one of them."
            " Check your internet connection or proxy, and run the same command again."
        )
    return "The packages could not be installed: pip says why in the lines above."


def run_pip(*arguments: str) -> None:
    """Run pip, showing its lines as they come; a failure ends in one sentence."""
    command = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", *arguments]
    lines = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout:
            lines.append(line)
            if not line.startswith("Requirement already satisfied"):
                print(line, end="", flush=True)
    if process.returncode:
        raise SetupError(explain("".join(lines)))


def make_venv(version: str) -> None:
    """Make .venv, or make it anew when it belongs to another Python version or is broken."""
    probe = [str(venv_python()), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"]
    try:
        have = subprocess.run(probe, capture_output=True, text=True).stdout.strip()
    except OSError:
        have = ""
    if have == version:
        return
    print(f"Making a virtual environment in .venv with Python {version} …", flush=True)
    result = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, errors="replace"
    )
    if result.returncode:
        reason = (result.stderr.strip() or result.stdout.strip()).splitlines()[-1:]
        raise SetupError(f"The virtual environment .venv could not be made: {' '.join(reason)}")


def setup(need_gb: float, constraints: str, pip_args: str) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wanted = fingerprint(version, constraints, pip_args)
    if STAMP.is_file() and venv_python().exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    if not STAMP.is_file():
        check_disk(need_gb, ROOT)
        print("Setting up the course; the first time takes a few minutes.", flush=True)
    STAMP.unlink(missing_ok=True)
    make_venv(version)
    pins = ["-c", constraints] if constraints else ["--upgrade", "--upgrade-strategy", "eager"]
    run_pip("install", "--progress-bar", "off", *pins, *shlex.split(pip_args), "-e", ".[test]")
    STAMP.write_text(wanted, encoding="utf-8")


def main() -> int:
    try:
        setup(
            need_gb=float(os.environ.get("NEED_GB") or 3),
            constraints=os.environ.get("CONSTRAINTS", "constraints.txt"),
            pip_args=os.environ.get("PIP_ARGS", ""),
        )
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up was interrupted; run the same command again to finish it.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
