"""make and what it calls: the search for a Python, the set-up, and the sentences that failures end in."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
needs_shell = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def setup_script(tmp_path, monkeypatch):
    """.ci/setup.py as a module, at work in a folder of its own, with pip replaced by a list of its calls."""
    spec = importlib.util.spec_from_file_location("course_setup", ROOT / ".ci" / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "binder").mkdir()
    for name in ("pyproject.toml", "constraints.txt", module.SETTINGS):
        (tmp_path / name).write_text(f"this is {name}", encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "course.stamp")
    return module


@pytest.fixture
def calls(setup_script, monkeypatch):
    calls = []

    def make_venv(version):
        calls.append("venv")
        setup_script.venv_python().parent.mkdir(parents=True, exist_ok=True)
        setup_script.venv_python().touch()

    monkeypatch.setattr(setup_script, "make_venv", make_venv)
    monkeypatch.setattr(setup_script, "run_pip", lambda *arguments: calls.append(arguments))
    return calls


def fake_python(folder: Path, name: str, version: str, ensurepip: bool = True) -> Path:
    """A program that answers like a Python of that version."""
    new_enough = tuple(map(int, version.split("."))) >= (3, 11)
    path = folder / name
    path.write_text(
        '#!/bin/sh\ncase "$2" in\n'
        f"  *print*) echo {version};;\n"
        f"  *ensurepip*) exit {0 if ensurepip else 1};;\n"
        f"  *) exit {0 if new_enough else 1};;\n"
        "esac\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def find_python(folder: Path, wanted: str = "") -> subprocess.CompletedProcess:
    command = [shutil.which("sh"), str(ROOT / ".ci" / "find_python.sh"), str(folder / "venv" / "python"), wanted]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True)


@needs_shell
def test_find_python_takes_the_first_that_is_new_enough(tmp_path):
    fake_python(tmp_path, "python3.12", "3.12")
    fake_python(tmp_path, "python3", "3.13")
    assert find_python(tmp_path).stdout == "python3.12\n"


@needs_shell
def test_find_python_passes_over_one_that_is_too_old(tmp_path):
    fake_python(tmp_path, "python3", "3.9")
    fake_python(tmp_path, "python", "3.12")
    assert find_python(tmp_path).stdout == "python\n"


@needs_shell
def test_find_python_prefers_the_virtual_environment_that_is_there(tmp_path):
    (tmp_path / "venv").mkdir()
    mine = fake_python(tmp_path / "venv", "python", "3.12")
    fake_python(tmp_path, "python3.11", "3.11")
    assert find_python(tmp_path).stdout == f"{mine}\n"


@needs_shell
def test_find_python_takes_only_the_one_it_is_given_even_with_spaces_in_its_path(tmp_path):
    (tmp_path / "my folder").mkdir()
    wanted = fake_python(tmp_path / "my folder", "python", "3.12")
    fake_python(tmp_path, "python3.11", "3.11")
    assert find_python(tmp_path, str(wanted)).stdout == f"{wanted}\n"


@needs_shell
def test_no_python_ends_in_one_sentence(tmp_path):
    result = find_python(tmp_path)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr == (
        "This course needs Python 3.11 or newer, but none was found (looked for python3.11, python3.12,"
        " python3.13, python3 and python): install one, or name it with PYTHON=/path/to/python3.11.\n"
    )


@needs_shell
def test_an_old_python_ends_in_one_sentence(tmp_path):
    fake_python(tmp_path, "python3", "3.9")
    assert find_python(tmp_path).stderr == (
        "This course needs Python 3.11 or newer, but python3 is Python 3.9:"
        " install one, or name it with PYTHON=/path/to/python3.11.\n"
    )


@needs_shell
def test_a_python_without_venv_ends_in_one_sentence(tmp_path):
    fake_python(tmp_path, "python3", "3.12", ensurepip=False)
    assert find_python(tmp_path).stderr == (
        "python3 cannot make virtual environments: install the package python3.12-venv (Debian, Ubuntu),"
        " or name another Python with PYTHON=/path/to/python3.11.\n"
    )


def test_setup_installs_the_pinned_set_once(setup_script, calls):
    for _ in range(2):
        setup_script.setup(need_gb=0, constraints="constraints.txt", pip_args="")
    install = ("install", "--progress-bar", "off", "-c", "constraints.txt", "-e", ".[test]")
    assert calls == ["venv", install]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "binder/weight-space-course.json"])
def test_setup_installs_again_when_a_file_changes(setup_script, calls, name):
    setup_script.setup(0, "constraints.txt", "")
    (setup_script.ROOT / name).write_text("something else", encoding="utf-8")
    setup_script.setup(0, "constraints.txt", "")
    assert len(calls) == 4


def test_setup_passes_pip_args_and_installs_again_when_they_change(setup_script, calls):
    setup_script.setup(0, "constraints.txt", "")
    setup_script.setup(0, "constraints.txt", "--find-links 'my wheels'")
    assert calls[-1][-4:] == ("--find-links", "my wheels", "-e", ".[test]")


def test_setup_without_constraints_takes_the_newest(setup_script, calls):
    setup_script.setup(0, "", "")
    assert calls[-1][3:] == ("--upgrade", "--upgrade-strategy", "eager", "-e", ".[test]")


def test_a_failed_installation_leaves_no_stamp(setup_script, calls, monkeypatch):
    def fail(*arguments):
        raise setup_script.SetupError("no")

    monkeypatch.setattr(setup_script, "run_pip", fail)
    with pytest.raises(setup_script.SetupError):
        setup_script.setup(0, "constraints.txt", "")
    assert not setup_script.STAMP.exists()


def test_a_full_disk_ends_in_one_sentence_before_anything_is_made(setup_script, calls, monkeypatch, capsys):
    monkeypatch.setenv("NEED_GB", "1e9")
    assert setup_script.main() == 1
    last = capsys.readouterr().err.strip()
    assert last.startswith("The first set-up needs 1e+09 GB of free disk space, but only ")
    assert last.endswith(": free some space there, or move this folder to a larger disk.")
    assert calls == [] and not setup_script.VENV.exists()


@needs_shell
@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError'",
            "The packages could not be downloaded: the package index cannot be reached, or lacks one of them."
            " Check your internet connection or proxy, and run the same command again.",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "The disk filled up during the installation: free some space and run the same command again.",
        ),
        ("ERROR: Cannot install a and b", "The packages could not be installed: pip says why in the lines above."),
    ],
)
def test_a_failing_pip_ends_in_one_sentence(setup_script, monkeypatch, capsys, printed, sentence):
    setup_script.VENV.mkdir()
    pip = setup_script.VENV / "pip"
    pip.write_text(f'#!/bin/sh\necho "{printed}"\nexit 1\n', encoding="utf-8")
    pip.chmod(0o755)
    monkeypatch.setattr(setup_script, "venv_python", lambda: pip)
    monkeypatch.setattr(setup_script, "make_venv", lambda version: None)
    monkeypatch.setenv("NEED_GB", "0")
    assert setup_script.main() == 1
    shown = capsys.readouterr()
    assert printed in shown.out
    assert shown.err == f"\n{sentence}\n"


def test_make_venv_keeps_one_of_the_right_version(setup_script, monkeypatch):
    monkeypatch.setattr(setup_script, "venv_python", lambda: Path(sys.executable))
    setup_script.make_venv(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert not setup_script.VENV.exists()


def make(*arguments: str) -> str:
    """What make prints, also when these tests were themselves started by make."""
    inherited = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "LESSON"}
    environment = {name: value for name, value in os.environ.items() if name not in inherited}
    command = ["make", *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return result.stdout


@needs_make
def test_lab_opens_lesson_00():
    shown = make("-n", "lab", "PORT=", "BROWSER=")
    assert '--LabApp.default_url="/lab/tree/lessons/00_start_here.ipynb"' in shown
    assert "--port" not in shown and "--no-browser" not in shown
    assert ("--allow-root" in shown) == (hasattr(os, "getuid") and os.getuid() == 0)


@needs_make
def test_lab_can_run_without_a_browser_on_a_port():
    shown = make("-n", "lab", "PORT=8899", "BROWSER=no")
    assert "--port=8899" in shown and "--no-browser" in shown


@needs_make
def test_test_ends_with_the_summary_of_pytest():
    lines = make("-n", "test").strip().splitlines()
    assert "-m pytest" in lines[-1]
    assert any("ruff check" in line for line in lines) and any("ruff format --check" in line for line in lines)


@needs_make
def test_doctor_and_grade_run_in_the_virtual_environment():
    assert re.search(r"^\.venv/\S+ toolkit/doctor\.py$", make("-n", "doctor"), re.MULTILINE)
    shown = make("-n", "grade", "FILES=my/class --details")
    assert re.search(r" \.venv/\S+ -m toolkit\.grade my/class --details$", shown, re.MULTILINE)
    assert "make grade FILES=submissions/" in make("-n", "grade", "FILES=") and "-m toolkit.grade" not in make(
        "-n", "grade", "FILES="
    )


@pytest.mark.parametrize("name", ["README.md", "lessons/teaching/README.md"])
def test_no_command_for_readers_needs_a_python_that_is_not_named(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    bare = re.findall(r"(?:[^:] `|^)python (?:-m )?toolkit.*", text, re.MULTILINE)  # "conda: `python …" is named
    assert bare == []


@needs_make
def test_help_names_every_command():
    shown = make("help")
    for name in ("setup", "doctor", "lab", "test", "grade", "lessons", "bench", "evidence", "clean", "help"):
        assert f"make {name} " in shown


@needs_shell
def test_ci_runs_the_test_command_of_the_readme():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()
    assert lines[-1] == "REQUIRE_BROWSER=1 make test"
    subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=True)
