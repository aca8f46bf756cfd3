"""doctor: silent when all is well, one sentence with a cure for each thing that is not."""

import importlib.metadata
import json
import re
import sys

import pytest

import toolkit.doctor  # noqa: F401  (the package's own name `doctor` may be the function)
from toolkit.doctor import REINSTALL, Report, doctor

doctor_module = sys.modules["toolkit.doctor"]


def only(monkeypatch, *checks):
    monkeypatch.setattr(doctor_module, "CHECKS", checks)


def run(check) -> list[tuple[str, str]]:
    return doctor_module._safely(check)


def test_here_all_is_well(capsys):
    report = doctor()
    printed = capsys.readouterr().out
    assert report.problems == []
    assert re.fullmatch(r"Everything your lessons need is here\. Device: \w+(:\d)?\.", printed.splitlines()[-1])


def test_silent_but_for_one_line_when_all_is_well(monkeypatch, capsys):
    only(monkeypatch, lambda: iter([("ok", "Fine.")]))
    monkeypatch.setenv("TOOLKIT_DEVICE", "cpu")
    report = doctor()
    assert capsys.readouterr().out == "Everything your lessons need is here. Device: cpu.\n"
    assert repr(report) == "<doctor: 0 problems, 0 warnings>"


def test_verbose_prints_every_check(monkeypatch, capsys):
    only(monkeypatch, lambda: iter([("ok", "Fine."), ("WARN", "Hm.")]))
    doctor(verbose=True)
    assert capsys.readouterr().out.splitlines()[:2] == ["ok       Fine.", "WARN     Hm."]


def test_problems_are_printed_and_counted(monkeypatch, capsys):
    only(monkeypatch, lambda: iter([("PROBLEM", "Bad."), ("ok", "Fine.")]))
    report = doctor()
    assert capsys.readouterr().out == "PROBLEM  Bad.\n1 problem to solve before the lessons run.\n"
    assert (report.problems, report.warnings) == (["Bad."], [])
    assert repr(report) == "<doctor: 1 problem, 0 warnings>"


def test_it_never_raises(monkeypatch):
    def _broken():
        raise RuntimeError("boom\nmore")
        yield

    only(monkeypatch, _broken)
    sentence = f"The check of broken failed (RuntimeError: boom): {REINSTALL}."
    assert doctor().problems == [sentence]


@pytest.mark.parametrize(("folder", "mine", "found"), [(True, True, 0), (True, False, 1), (False, False, 0)])
def test_another_python_than_that_of_the_course_is_said_first(monkeypatch, tmp_path, folder, mine, found):
    monkeypatch.setattr(doctor_module, "ROOT", tmp_path)
    if folder:
        (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / (".venv" if mine else "other")))
    monkeypatch.setattr(doctor_module.os, "name", "posix")
    sentence = f"You ran another Python, {sys.executable}: use .venv/bin/python (as in make doctor)."
    assert run(doctor_module.CHECKS[0]) == [("WARN", sentence)] * found


def test_an_old_python_is_a_problem(monkeypatch):
    monkeypatch.setattr(doctor_module, "MIN_PYTHON", (9, 0))
    [(status, text)] = run(doctor_module._python)
    assert status == "PROBLEM" and text.endswith(f"the course needs 9.0 or newer: install it, then {REINSTALL}.")


def test_packages_that_are_missing_old_or_broken_are_problems(monkeypatch):
    wanted = ["no-such-package>=1", "numpy>=999", "broken-package>=1", 'extra-only>=1; extra == "test"', "tqdm>=1"]
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: wanted)
    monkeypatch.setattr(importlib.metadata, "version", lambda n: "1.5" if n == "broken-package" else version(n))
    assert run(doctor_module._packages) == [
        ("PROBLEM", f"no-such-package is not installed: {REINSTALL}."),
        ("PROBLEM", f"numpy is {version('numpy')}, but the course needs >=999: {REINSTALL}."),
        ("PROBLEM", f"broken-package 1.5 does not import (ModuleNotFoundError): {REINSTALL}."),
        ("ok", f"tqdm {version('tqdm')}."),
    ]


def test_every_runtime_package_of_the_course_is_looked_at():
    if not any(d.name == doctor_module.DISTRIBUTION for d in importlib.metadata.distributions()):
        pytest.skip("the course is not installed in this environment")
    names = {text.split()[0] for _, text in run(doctor_module._packages)}
    assert {"torch", "torchvision", "numpy", "scikit-learn", "anywidget", "jupyterlab"} <= names


def test_a_course_that_is_not_installed_is_a_warning(monkeypatch):
    monkeypatch.setattr(doctor_module, "DISTRIBUTION", "no-such-course")
    assert run(doctor_module._packages) == [
        ("WARN", "The course is not installed in this environment: run pip install -e . in its folder.")
    ]


def test_an_unusable_device_is_a_problem(monkeypatch):
    monkeypatch.setenv("TOOLKIT_DEVICE", "nonsense")
    [(status, text)] = run(doctor_module._torch)
    assert status == "PROBLEM" and "TOOLKIT_DEVICE='nonsense'" in text


def test_torchvision_that_does_not_import_is_a_warning(monkeypatch):
    def torchvision():
        raise ImportError("torchvision does not import: no.")

    monkeypatch.setattr("toolkit.vision.torchvision", torchvision)
    assert run(doctor_module._torchvision) == [
        ("WARN", f"torchvision does not import: no. Only MNIST and CIFAR need it: {REINSTALL}.")
    ]


def test_a_missing_front_end_is_a_warning(monkeypatch, tmp_path):
    (tmp_path / "anywidget").mkdir()
    (tmp_path / "anywidget" / "package.json").touch()
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda kind: [str(tmp_path)])
    found = run(doctor_module._widgets)
    assert found[0] == ("ok", "JupyterLab has the front end anywidget.")
    assert found[1][0] == "WARN" and "@jupyter-widgets/jupyterlab-manager" in found[1][1]


@pytest.mark.parametrize(("value", "status"), [("disabled", "ok"), ("perCommTarget", "WARN"), (None, "WARN")])
def test_the_subshell_setting_is_read(monkeypatch, tmp_path, value, status):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    folder = tmp_path / "share" / "jupyter" / "lab" / "settings" / "overrides.d"
    folder.mkdir(parents=True)
    settings = {doctor_module.SETTINGS_PLUGIN: {"commsOverSubshells": value}} if value else {}
    (folder / "any.json").write_text(json.dumps(settings), encoding="utf-8")
    assert [found for found, _ in run(doctor_module._subshells)] == [status]


def test_little_memory_and_little_disk_are_warnings(monkeypatch):
    monkeypatch.setattr(doctor_module, "MIN_MEMORY_GB", 1e9)
    monkeypatch.setattr(doctor_module, "MIN_DISK_GB", 1e9)
    [(memory, text)] = run(doctor_module._memory)
    assert memory == "WARN" and text.endswith("GB of memory are free: shut down other kernels and programs.")
    [(disk, text)] = run(doctor_module._disk)
    assert disk == "WARN" and text.endswith("your notebooks may not be saved; free some space.")


def test_a_data_root_that_is_no_folder_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_ROOT", str(tmp_path / "none"))
    found = run(doctor_module._data)
    assert found[0][0] == "WARN" and found[0][1].endswith("correct it, or unset it to use the digits.")
    assert found[1] == ("ok", "The digits load: 1797 pictures.")


def test_outside_a_kernel_it_says_so():
    assert run(doctor_module._kernel) == [("ok", "Running outside Jupyter.")]


def test_report_keeps_the_order_of_the_checks():
    report = Report((("WARN", "a"), ("PROBLEM", "b"), ("WARN", "c")))
    assert (report.warnings, report.problems) == (["a", "c"], ["b"])


def test_the_package_offers_the_function_at_every_access():
    for _ in range(2):
        assert sys.modules["toolkit"].doctor is doctor


def test_on_colab_nothing_is_said_of_jupyterlab_or_of_installing(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    said = " ".join(text for _, text in doctor().findings)
    assert "JupyterLab" not in said and "not installed" not in said and "The digits load" in said
