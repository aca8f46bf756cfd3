"""Make build/bundle: the course, every package it needs, and install scripts, for a room without a network.

Usage: python .ci/bundle.py [--out FOLDER] [--python 3.12 --platform TAG …]. Without --platform the bundle is for
this computer's system and this Python. With it, pip takes wheels for another system: exactly the versions in
constraints.txt, without looking for further dependencies (pip reads their conditions as if for this system), and
what that system alone needs from EXTRAS. Read from the environment: PIP_ARGS, CONSTRAINTS, NEED_GB. Needs git.
For Linux the index gives the CUDA build of PyTorch, several GB, unless PIP_ARGS names the index of the CPU build.
"""

import argparse
import errno
import io
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = Path(__file__).resolve().parent / "bundle_files"
NAME = "weight-space-bundle"  # of the folder and of the .zip
BUILD_TOOLS = ["hatchling>=1.27", "editables"]  # with them pip installs the course in place, without a network
EXTRAS = {"win": ["colorama", "pywinpty"], "macosx": ["appnope"], "manylinux": []}
CPU_GB, CUDA_GB = 2, 10  # of free disk: the wheels, and the same again in the .zip
SMALL = 'make bundle PIP_ARGS="--extra-index-url ADDRESS", as README says under Installing'
UNREACHABLE = re.compile("connection|Max retries|name resolution|timed out|ProxyError|SSLError", re.IGNORECASE)


class BundleError(Exception):
    """What went wrong and what to do about it, in one sentence."""


def requirements(source: Path, platforms: list[str], constraints: Path | None) -> list[str]:
    """Return what pip shall download for the course in `source`; for another system, all pins but those of tests."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if not platforms:
        return [*project["dependencies"], *BUILD_TOOLS]
    if constraints is None:
        raise BundleError("--platform takes its versions from a file of exact ones: set CONSTRAINTS=constraints.txt.")
    kind = next((kind for kind in EXTRAS if platforms[0].startswith(kind)), None)
    if kind is None:
        raise BundleError(f"--platform must begin with one of {', '.join(EXTRAS)}, got {platforms[0]!r}.")
    tests = {re.match(r"[\w.-]+", item)[0] for item in project["optional-dependencies"]["test"]}
    lines = constraints.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if "==" in line and line.split("==")[0] not in tests - {"nbclient", "nbformat"}]
    build = ["hatchling", "editables", "pathspec", "pluggy", "trove-classifiers", "packaging"]
    have = {pin.split("==")[0] for pin in pins}
    return [*pins, *EXTRAS[kind], *(name for name in build if name not in have)]


def download(folder: Path, wanted: list[str], platforms: list[str], version: str, pins: Path | None, pip_args: str):
    """Put the wheels of what is wanted into `folder`."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--only-binary", ":all:"]
    command += ["--progress-bar", "off", "--dest", str(folder), *shlex.split(pip_args)]
    if platforms:
        command += ["--no-deps", "--implementation", "cp", "--python-version", version]
        command += [word for tag in platforms for word in ("--platform", tag)]
    elif pins:
        command += ["--constraint", str(pins)]
    lines = []
    with subprocess.Popen(
        [*command, *wanted],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout:
            lines.append(line)
            if line.lstrip().startswith(("Downloading", "Saved", "ERROR")):
                print(line.rstrip(), flush=True)
    if process.returncode:
        raise BundleError(explain("".join(lines)))


def explain(printed: str) -> str:
    """The sentence for a failed download, from what pip printed."""
    if "No module named pip" in printed:
        return f"{sys.executable} has no pip: run make setup, and the same command again."
    if "No space left on device" in printed or "Errno 28" in printed:
        return "The disk filled up during the download: free some space and run the same command again."
    missing = re.search(r"No matching distribution found for (\S+)", printed)
    if missing and not UNREACHABLE.search(printed):
        return f"There is no wheel of {missing[1]} for this Python and system: choose others with --python, --platform."
    if missing or UNREACHABLE.search(printed) or "requested (constraint)" in printed:
        return (
            "The packages could not be downloaded: the package index cannot be reached, or lacks one of the versions"
            " in constraints.txt. Check your internet connection or proxy, and run the same command again."
        )
    return "The packages could not be downloaded: pip says why in the lines above."


def with_cuda(platforms: list[str], pip_args: str) -> bool:
    """Whether pip will probably take the CUDA build of PyTorch: for Linux, unless told to look elsewhere."""
    linux = platforms[0].startswith("manylinux") if platforms else sys.platform.startswith("linux")
    named = [pip_args, *(os.environ.get(name, "") for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"))]
    return linux and not re.search(r"\bcpu\b|--no-index", " ".join(named))


def git(*arguments: str) -> bytes:
    try:
        result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True)
    except FileNotFoundError:
        raise BundleError("git was not found; the bundle is made from the last commit: install git.") from None
    if result.returncode:
        said = result.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BundleError(f"git {arguments[0]} failed in {ROOT.name}/ ({' '.join(said)}): make the bundle in a clone.")
    return result.stdout


def course(folder: Path) -> str:
    """Unpack the last commit into `folder`; return its short name."""
    if git("status", "--porcelain", "--untracked-files=no").strip():
        print("Changes that are not committed are left out: the bundle holds the last commit.", flush=True)
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", "HEAD"))) as archive:
        archive.extractall(folder, filter="data")
    return git("rev-parse", "--short", "HEAD").decode().strip()


def write_scripts(folder: Path, values: dict[str, str]) -> None:
    """Write README.txt and both install scripts, each with the line ends of its system."""
    for source in sorted(FILES.iterdir()):
        text = re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], source.read_text(encoding="utf-8"))
        ends = "\n" if source.suffix == ".sh" else "\r\n"
        (folder / source.name).write_text(text, encoding="utf-8", newline=ends)
    (folder / "install.sh").chmod(0o755)


def installed_gb(wheels: list[Path]) -> float:
    """How much disk the wheels take, packed and installed; Python compiles what it imports, hence the factor."""
    total = 0.0
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            total += wheel.stat().st_size + 1.3 * sum(item.file_size for item in archive.infolist())
    return total / 1e9


def pack(folder: Path, target: Path) -> None:
    """Write `folder` into a .zip; wheels are compressed already."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            stored = zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
            archive.write(path, path.relative_to(folder.parent), stored)


def swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`; what was there goes last."""
    old = new.with_name(new.name + "-old")
    if target.exists():
        os.replace(target, old)
    try:
        os.replace(new, target)
    except BaseException:
        if old.exists():
            os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def bundle(out: Path, platforms: list[str], version: str, pins: Path | None, pip_args: str) -> None:
    """Make everything in a folder beside `out`, and put it in its place when it is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=out.parent, prefix=".bundle-"))
    try:
        folder = temporary / NAME
        (folder / "wheels").mkdir(parents=True)
        commit = course(folder / "weight-space")
        print("Downloading the packages; this takes a few minutes.", flush=True)
        wanted = requirements(folder / "weight-space", platforms, pins)
        download(folder / "wheels", wanted, platforms, version, pins, pip_args)
        wheels = sorted((folder / "wheels").glob("*.whl"))
        site = ROOT / "build" / "site"
        if site.is_dir():
            shutil.copytree(site, folder / "site")
        values = {
            "VERSION": version,
            "PLATFORM": ", ".join(platforms) or f"{platform.system()} {platform.machine()}",
            "GB": f"{installed_gb(wheels):.1f}",
            "PACKAGES": str(len(wheels)),
            "COMMIT": commit,
            "SITE": "  site/            the course to read and to drag, in a browser: open site/index.html\n"
            * site.is_dir(),
        }
        write_scripts(folder, values)
        pack(folder, temporary / f"{NAME}.zip")
        size = (temporary / f"{NAME}.zip").stat().st_size / 1e6
        os.chmod(temporary, 0o755)
        swap(temporary, out)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise BundleError(
                f"The bundle could not be written ({error.strerror or error}); {out} is as it was."
            ) from error
        raise BundleError(
            f"The disk filled up: free some space and run the same command again; {out} is as it was."
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    without = "" if site.is_dir() else " (without the site: there is no build/site; run make site first to have it in)"
    print(f"{out / NAME}.zip, {size:,.0f} MB, {len(wheels)} packages{without}; unpack it and follow README.txt.")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python .ci/bundle.py", description="Make the offline bundle.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bundle", help="folder to make (build/bundle)")
    parser.add_argument("--platform", action="append", default=[], metavar="TAG", help="such as win_amd64; may repeat")
    parser.add_argument("--python", metavar="VERSION", help="with --platform: such as 3.12 (this Python's)")
    options = parser.parse_args(arguments)
    here = "{}.{}".format(*sys.version_info)
    constraints, pip_args = os.environ.get("CONSTRAINTS", "constraints.txt"), os.environ.get("PIP_ARGS", "")
    cuda = with_cuda(options.platform, pip_args)
    need = float(os.environ.get("NEED_GB") or (CUDA_GB if cuda else CPU_GB))
    try:
        if options.python and not options.platform:
            raise BundleError(f"--python without --platform makes no sense: pip downloads for this Python, {here}.")
        if shutil.disk_usage(ROOT).free < need * 1e9:
            smaller = f", or take the small PyTorch: {SMALL}" if cuda else ""
            raise BundleError(
                f"A bundle needs {need:g} GB of free disk space while it is made: free some space first{smaller}."
            )
        if cuda:
            print(f"This takes the CUDA build of PyTorch, several GB. For the small one: {SMALL}.", flush=True)
        pins = ROOT / constraints if constraints else None
        bundle(options.out, options.platform, options.python or here, pins, pip_args)
    except BundleError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nInterrupted; {options.out} is as it was.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
