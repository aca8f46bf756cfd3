"""The offline bundle: made from a commit and wheels, installed by its script without an index, whole or not at all."""

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
needs_shell = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

NO_INDEX = (
    "The packages could not be downloaded: the package index cannot be reached, or lacks one of the versions in"
    " constraints.txt. Check your internet connection or proxy, and run the same command again."
)
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny-course"
version = "1"
dependencies = ["jupyterlab"]
[project.optional-dependencies]
test = ["nbformat>=5", "pytest"]
"""
BACKEND = """\
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tiny_course-1-py3-none-any.whl"
    info = "tiny_course-1.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("tiny.pth", str(pathlib.Path(__file__).parent))
        metadata = ["Metadata-Version: 2.1", "Name: tiny-course", "Version: 1", "Requires-Dist: jupyterlab", ""]
        wheel.writestr(info + "METADATA", "\\n".join(metadata))
        tags = ["Wheel-Version: 1.0", "Generator: x", "Root-Is-Purelib: true", "Tag: py3-none-any", ""]
        wheel.writestr(info + "WHEEL", "\\n".join(tags))
        wheel.writestr(info + "RECORD", "")
    return name
"""


def wheel(folder: Path, name: str, version: str, main: str) -> None:
    """A package of one module that can be run."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", "")
        file.writestr(f"{name}/__main__.py", main)
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


@pytest.fixture
def script(tmp_path, monkeypatch):
    """.ci/bundle.py as a module, at work on a tiny course of its own; its packages lie in a folder, not on an index."""
    spec = importlib.util.spec_from_file_location("course_bundle", ROOT / ".ci" / "bundle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source, index = tmp_path / "source", tmp_path / "index"
    (source / "lessons").mkdir(parents=True)
    index.mkdir()
    wheel(index, "jupyterlab", "4.0", "import sys\nprint('LAB', *sys.argv[1:])")
    wheel(index, "jupyterlab", "5.0", "import sys\nprint('TOO NEW')")
    (source / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (source / "constraints.txt").write_text("# pins\njupyterlab==4.0\npytest==1.0\n", encoding="utf-8")
    (source / "backend.py").write_text(BACKEND, encoding="utf-8")
    (source / "lessons" / "00.ipynb").write_text("committed", encoding="utf-8")
    git = ["git", "-C", str(source), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    monkeypatch.setattr(module, "ROOT", source)
    monkeypatch.setattr(module, "BUILD_TOOLS", [])
    monkeypatch.setenv("PIP_ARGS", f"--no-index --find-links '{index}'")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("CONSTRAINTS", raising=False)
    monkeypatch.setenv("NEED_GB", "0")
    return module


def made(script) -> Path:
    return script.ROOT / "build" / "bundle"


def left_behind(script) -> list[str]:
    """What stands in build/ besides the bundle."""
    return sorted(path.name for path in (script.ROOT / "build").iterdir() if path.name not in ("bundle", "site"))


def test_the_bundle_holds_the_last_commit_the_pinned_wheels_the_site_and_the_scripts(script, capsys):
    (script.ROOT / "lessons" / "00.ipynb").write_text("not committed", encoding="utf-8")
    (script.ROOT / "build" / "site").mkdir(parents=True)
    (script.ROOT / "build" / "site" / "index.html").write_text("site", encoding="utf-8")
    assert script.main([]) == 0
    folder = made(script) / script.NAME
    assert [path.name for path in (folder / "wheels").iterdir()] == ["jupyterlab-4.0-py3-none-any.whl"]
    assert (folder / "weight-space" / "lessons" / "00.ipynb").read_text(encoding="utf-8") == "committed"
    assert (folder / "site" / "index.html").read_text(encoding="utf-8") == "site"
    with zipfile.ZipFile(made(script) / f"{script.NAME}.zip") as archive:
        names = {name.removeprefix(f"{script.NAME}/") for name in archive.namelist()}
        assert archive.testzip() is None
        assert archive.getinfo(f"{script.NAME}/install.sh").external_attr >> 16 & 0o111 == 0o111
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    assert {name.rstrip("/") for name in names} == on_disk
    printed = capsys.readouterr().out
    assert "Changes that are not committed are left out: the bundle holds the last commit." in printed
    assert printed.endswith(f"{script.NAME}.zip, 0 MB, 1 packages; unpack it and follow README.txt.\n")
    assert left_behind(script) == []


def test_every_place_in_the_scripts_is_filled_and_each_has_the_line_ends_of_its_system(script, capsys):
    assert script.main([]) == 0
    folder, version = made(script) / script.NAME, "{}.{}".format(*sys.version_info)
    for name, ends in {"install.sh": 0, "install.bat": None, "README.txt": None}.items():
        data = (folder / name).read_bytes()
        assert data.count(b"\r\n") == (data.count(b"\n") if ends is None else ends)
        assert f"Python {version}" in data.decode() and not script.re.search(rb"@[A-Z]+@", data)
    assert "site/" not in (folder / "README.txt").read_text(encoding="utf-8")
    assert "run make site first" in capsys.readouterr().out


@needs_shell
def test_the_bundle_installs_without_an_index_and_opens_lesson_00(script, tmp_path):
    assert script.main([]) == 0
    room = tmp_path / "a room" / "no network"
    room.mkdir(parents=True)
    shutil.unpack_archive(made(script) / f"{script.NAME}.zip", room)
    folder = room / script.NAME
    mine = room / "my python"
    mine.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    mine.chmod(0o755)
    blocked = {"PIP_NO_INDEX": "1", "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    environment = {**os.environ, **blocked, "PYTHON": str(mine)}
    for _ in range(2):
        result = subprocess.run(
            ["sh", str(folder / "install.sh"), "--no-browser"], env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        last = result.stdout.strip().splitlines()[-1]
        assert last.startswith("LAB ") and last.endswith("--no-browser")
        assert f"--ServerApp.root_dir={folder}/weight-space" in last and "00_start_here.ipynb" in last
    assert "Installing" not in result.stdout, "the second time nothing is installed"
    moved = room / "moved"
    folder.rename(moved)
    again = subprocess.run(["sh", str(moved / "install.sh")], env=environment, capture_output=True, text=True)
    assert "Installing" in again.stdout and f"root_dir={moved}/weight-space" in again.stdout


@needs_shell
def test_another_python_is_refused_in_one_sentence(script, tmp_path):
    assert script.main([]) == 0
    other = tmp_path / "python9"
    other.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    other.chmod(0o755)
    result = subprocess.run(
        ["sh", str(made(script) / script.NAME / "install.sh")],
        env={**os.environ, "PYTHON": str(other)},
        capture_output=True,
        text=True,
    )
    version = "{}.{}".format(*sys.version_info)
    assert result.returncode == 1 and result.stderr.startswith(f"This bundle needs Python {version} on ")
    assert len(result.stderr.splitlines()) == 1
    assert not (made(script) / script.NAME / "weight-space" / ".venv").exists()


def broken(script, monkeypatch, capsys, name: str, error: BaseException) -> tuple[int, str]:
    """Make a bundle, break one step, make it again: its status and sentence. The first bundle must still be there."""
    assert script.main([]) == 0
    before = sorted((path.as_posix(), path.stat().st_mtime_ns) for path in made(script).rglob("*"))
    capsys.readouterr()

    def breaks(*arguments, **settings):
        raise error

    monkeypatch.setattr(script, name, breaks)
    status = script.main([])
    assert sorted((path.as_posix(), path.stat().st_mtime_ns) for path in made(script).rglob("*")) == before
    assert left_behind(script) == []
    return status, capsys.readouterr().err.strip()


@pytest.mark.parametrize("step", ["download", "write_scripts", "pack", "swap"])
def test_a_disk_that_fills_up_leaves_the_old_bundle_whole(script, monkeypatch, capsys, step):
    status, said = broken(script, monkeypatch, capsys, step, OSError(errno.ENOSPC, "No space left on device"))
    assert status == 1 and said == (
        f"The disk filled up: free some space and run the same command again; {made(script)} is as it was."
    )


def test_an_interrupted_download_leaves_the_old_bundle_whole(script, monkeypatch, capsys):
    status, said = broken(script, monkeypatch, capsys, "download", KeyboardInterrupt())
    assert status == 130 and said == f"Interrupted; {made(script)} is as it was."


def test_a_swap_that_fails_half_way_puts_the_old_bundle_back(script, tmp_path, monkeypatch):
    new, target, replace = tmp_path / "new", tmp_path / "target", os.replace
    for folder in (new, target):
        folder.mkdir()
        (folder / folder.name).touch()

    def fails_for_the_new(source, goal):
        if source == new:
            raise OSError(errno.EACCES, "Permission denied")
        replace(source, goal)

    monkeypatch.setattr(script.os, "replace", fails_for_the_new)
    with pytest.raises(OSError, match="Permission denied"):
        script.swap(new, target)
    assert (target / "target").exists() and (new / "new").exists()


def test_too_little_disk_is_said_before_anything_is_made(script, monkeypatch, capsys):
    monkeypatch.setenv("NEED_GB", "1e9")
    assert script.main([]) == 1
    assert capsys.readouterr().err.strip() == (
        "A bundle needs 1e+09 GB of free disk space while it is made: free some space first."
    )
    assert not made(script).parent.exists()


@pytest.mark.parametrize(
    ("system", "platforms", "pip_args", "cuda"),
    [
        ("linux", [], "", True),
        ("linux", [], "--extra-index-url https://example.org/whl/cpu", False),
        ("linux", [], "--no-index --find-links wheels", False),
        ("linux", ["win_amd64"], "", False),
        ("win32", [], "", False),
        ("darwin", ["manylinux_2_28_x86_64"], "", True),
    ],
)
def test_where_the_cuda_packages_come_along_more_disk_is_asked_for(
    script, monkeypatch, capsys, system, platforms, pip_args, cuda
):
    monkeypatch.setattr(script.sys, "platform", system)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "NEED_GB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_ARGS", pip_args)
    monkeypatch.setattr(script.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 5e9}))
    monkeypatch.setattr(script, "bundle", lambda *arguments: None)
    assert script.main([word for tag in platforms for word in ("--platform", tag)]) == int(cuda)
    said = capsys.readouterr().err
    assert said.strip() == (
        "A bundle needs 10 GB of free disk space while it is made: free some space first, or take the small PyTorch:"
        ' make bundle PIP_ARGS="--extra-index-url ADDRESS", as README says under Installing.'
        if cuda
        else ""
    )


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        (
            "ERROR: Could not find a version\nERROR: No matching distribution found for torch==9",
            "There is no wheel of torch==9 for this Python and system: choose others with --python, --platform.",
        ),
        (
            "Retrying after connection broken by 'ProxyError'\nERROR: No matching distribution found for torch",
            NO_INDEX,
        ),
        ("Cannot install a>=1\n    The user requested (constraint) a==1.0\nERROR: ResolutionImpossible", NO_INDEX),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "The disk filled up during the download: free some space and run the same command again.",
        ),
        ("ERROR: Cannot install a and b", "The packages could not be downloaded: pip says why in the lines above."),
    ],
)
def test_what_pip_prints_ends_in_one_sentence(script, printed, sentence):
    assert script.explain(printed) == sentence


@needs_shell
def test_a_python_without_pip_ends_in_one_sentence(script, tmp_path, monkeypatch, capsys):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho $0: No module named pip\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(script.sys, "executable", str(python))
    assert script.main([]) == 1
    assert capsys.readouterr().err == f"\n{python} has no pip: run make setup, and the same command again.\n"
    assert left_behind(script) == []


def test_a_folder_without_git_ends_in_one_sentence(script, capsys):
    shutil.rmtree(script.ROOT / ".git")
    assert script.main([]) == 1
    assert "failed in source/ (fatal: not a git repository" in capsys.readouterr().err


def test_another_system_gets_every_pin_but_those_of_the_tests_and_what_it_alone_needs(script):
    pins = script.ROOT / "constraints.txt"
    found = script.requirements(script.ROOT, ["win_amd64"], pins)
    assert found[:3] == ["jupyterlab==4.0", "colorama", "pywinpty"] and "pytest==1.0" not in found
    assert {"hatchling", "editables", "pathspec"} <= set(found)
    assert "appnope" in script.requirements(script.ROOT, ["macosx_11_0_arm64"], pins)


@pytest.mark.parametrize(
    ("arguments", "constraints", "sentence"),
    [
        (["--platform", "amiga"], "constraints.txt", "--platform must begin with one of win, macosx, manylinux, got "),
        (["--platform", "win_amd64"], "", "--platform takes its versions from a file of exact ones: set CONSTRAINTS="),
        (["--python", "3.12"], "constraints.txt", "--python without --platform makes no sense: pip downloads for this"),
    ],
)  # fmt: skip
def test_choices_that_cannot_be_met_end_in_one_sentence(script, monkeypatch, capsys, arguments, constraints, sentence):
    monkeypatch.setenv("CONSTRAINTS", constraints)
    assert script.main(arguments) == 1
    assert capsys.readouterr().err.strip().startswith(sentence)
    assert not made(script).exists()


def test_the_real_bundle_asks_for_what_the_course_needs():
    spec = importlib.util.spec_from_file_location("course_bundle", ROOT / ".ci" / "bundle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = " ".join(module.requirements(ROOT, [], ROOT / "constraints.txt"))
    assert all(name in found for name in ("torch>=", "jupyterlab>=", "anywidget>=", "hatchling>=", "editables"))
    other = module.requirements(ROOT, ["win_amd64"], ROOT / "constraints.txt")
    assert any(pin.startswith("torch==") for pin in other) and not any(pin.startswith("pytest==") for pin in other)
    assert any(pin.startswith("nbformat==") for pin in other), "JupyterLab needs it, not only the tests"
