"""One call that names what is wrong with an environment, and the cure."""

import importlib
import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DISTRIBUTION = "weight-space-course"
IMPORT_NAMES = {"scikit-learn": "sklearn"}
REINSTALL = "run make lab again, or: mamba env update -f environment.yml"
SETTINGS_PLUGIN = "@jupyterlab/apputils-extension:kernels-settings"
MIN_PYTHON = (3, 11)
MIN_MEMORY_GB = 1.0
MIN_DISK_GB = 0.5

Finding = tuple[str, str]  # status ("ok", "WARN" or "PROBLEM") and one sentence


@dataclass(frozen=True, repr=False)
class Report:
    """What `doctor` found.

    Attributes:
        findings: pairs of status and sentence, in the order of the checks.
    """

    findings: tuple[Finding, ...]

    @property
    def problems(self) -> list[str]:
        """The sentences about what will stop a lesson."""
        return [text for status, text in self.findings if status == "PROBLEM"]

    @property
    def warnings(self) -> list[str]:
        """The sentences about what may disturb a lesson."""
        return [text for status, text in self.findings if status == "WARN"]

    def __repr__(self) -> str:
        """Return a line that is the same in every run that finds the same."""
        return f"<doctor: {_count(self.problems, 'problem')}, {_count(self.warnings, 'warning')}>"


def doctor(verbose: bool = False) -> Report:
    """Check that everything the lessons need is here, and print what is not, each with its cure.

    Call it first, and again whenever something behaves strangely: it looks at Python, the packages, torch
    and its device, torchvision, the widgets' front end, memory, disk and data. It never raises.

    Args:
        verbose: print every check, not only those that found something.

    Returns:
        A report with `problems` and `warnings`, two lists of sentences.

    Example:
        >>> report = doctor(verbose=True)  # doctest: +ELLIPSIS
        ok       Python ...
        >>> len(report.findings) >= 10
        True
    """
    report = Report(tuple(finding for check in _checks() for finding in _safely(check)))
    for status, text in report.findings:
        if verbose or status != "ok":
            print(f"{status:<8} {text}")
    if report.problems:
        print(f"{_count(report.problems, 'problem')} to solve before the lessons run.")
    else:
        print(f"Everything your lessons need is here. Device: {_device_name()}.")
    return report


def _checks() -> Iterator[Callable[[], Iterator[Finding]]]:
    """The checks that hold here: Colab has a front end of its own, and runs the course without installing it."""
    on_colab = "google.colab" in sys.modules
    return (check for check in CHECKS if not (on_colab and check in (_packages, _widgets, _subshells)))


def _safely(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Run a check; one that breaks has found a problem."""
    try:
        return list(check())
    except Exception as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        return [("PROBLEM", f"The check of {check.__name__.strip('_')} failed ({cause}): {REINSTALL}.")]


def _count(items: list[str], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _device_name() -> str:
    from toolkit.device import device

    return str(device())


def _environment() -> Iterator[Finding]:
    """Whether this is the Python that make set up; where there is none (conda, Colab, Binder), nothing is said."""
    venv = ROOT / ".venv"
    if venv.is_dir() and Path(sys.prefix).resolve() != venv.resolve():
        python = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
        yield "WARN", f"You ran another Python, {sys.executable}: use {python} (as in make doctor)."


def _python() -> Iterator[Finding]:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if sys.version_info < MIN_PYTHON:
        needed = ".".join(map(str, MIN_PYTHON))
        yield "PROBLEM", f"Python is {version}; the course needs {needed} or newer: install it, then {REINSTALL}."
    else:
        yield "ok", f"Python {version}."


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        requirements = map(Requirement, importlib.metadata.requires(DISTRIBUTION) or [])
    except importlib.metadata.PackageNotFoundError:
        yield "WARN", "The course is not installed in this environment: run pip install -e . in its folder."
        return
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _package(requirement.name, requirement.specifier)


def _package(name: str, allowed) -> Finding:
    """Look at one package: there, new enough, and importable (torchvision has a check of its own)."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "PROBLEM", f"{name} is not installed: {REINSTALL}."
    if not allowed.contains(version, prereleases=True):
        return "PROBLEM", f"{name} is {version}, but the course needs {allowed}: {REINSTALL}."
    if name != "torchvision":
        try:
            importlib.import_module(IMPORT_NAMES.get(name, name))
        except Exception as error:
            return "PROBLEM", f"{name} {version} does not import ({type(error).__name__}): {REINSTALL}."
    return "ok", f"{name} {version}."


def _torch() -> Iterator[Finding]:
    import torch

    from toolkit.device import device

    where = device()
    right = torch.eye(3, device=where).mm(torch.ones(3, 1, device=where)).sum().item() == 3.0
    if right:
        yield "ok", f"torch computes on {where} with {_count([''] * torch.get_num_threads(), 'thread')}."
    else:
        yield "PROBLEM", f"torch computes wrong numbers on {where}: set TOOLKIT_DEVICE=cpu."


def _torchvision() -> Iterator[Finding]:
    from toolkit.vision import torchvision

    try:
        yield "ok", f"torchvision {torchvision().__version__} imports."
    except ImportError as error:
        yield "WARN", f"{str(error).splitlines()[0].rstrip('.')}. Only MNIST and CIFAR need it: {REINSTALL}."


def _widgets() -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_path

    for extension in ("anywidget", "@jupyter-widgets/jupyterlab-manager"):
        if any((Path(folder) / extension / "package.json").is_file() for folder in jupyter_path("labextensions")):
            yield "ok", f"JupyterLab has the front end {extension}."
        else:
            yield (
                "WARN",
                f"JupyterLab lacks the front end {extension}, so widgets stay pictures: {REINSTALL}.",
            )


def _subshells() -> Iterator[Finding]:
    folder = Path(sys.prefix, "share", "jupyter", "lab", "settings", "overrides.d")
    settings = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    values = [setting.get(SETTINGS_PLUGIN, {}).get("commsOverSubshells") for setting in settings]
    if "disabled" in values:
        yield "ok", "JupyterLab keeps widget messages on the kernel's main thread."
    else:
        cure = "run pip install --no-deps -e . in the course's folder and reload JupyterLab"
        yield "WARN", f"JupyterLab may run widget messages on a second thread beside your cell: {cure}."


def _memory() -> Iterator[Finding]:
    import psutil

    free = psutil.virtual_memory().available
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.is_file() and used.is_file() and limit.read_text().strip().isdigit():
        free = min(free, int(limit.read_text()) - int(used.read_text()))
    if free / 1e9 < MIN_MEMORY_GB:
        yield "WARN", f"Only {free / 1e9:.1f} GB of memory are free: shut down other kernels and programs."
    else:
        yield "ok", f"{free / 1e9:.1f} GB of memory are free."


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    if free < MIN_DISK_GB:
        yield (
            "WARN",
            f"Only {free:.1f} GB of disk space are free: your notebooks may not be saved; free some space.",
        )
    else:
        yield "ok", f"{free:.0f} GB of disk space are free."


def _data() -> Iterator[Finding]:
    from toolkit.data import load

    root = os.environ.get("DATA_ROOT")
    if root and not Path(root).is_dir():
        yield (
            "WARN",
            f"DATA_ROOT names {root!r}, which is no folder: correct it, or unset it to use the digits.",
        )
    digits = load("digits")
    total = sum(len(part) for part in (digits.train_x, digits.val_x, digits.test_x))
    yield "ok", f"The digits load: {total} pictures."


def _kernel() -> Iterator[Finding]:
    inside = "ipykernel.kernelapp" in sys.modules
    yield "ok", "Running in a Jupyter kernel." if inside else "Running outside Jupyter."


CHECKS = (
    _environment,
    _python,
    _packages,
    _torch,
    _torchvision,
    _widgets,
    _subshells,
    _memory,
    _disk,
    _data,
    _kernel,
)


if __name__ == "__main__":
    sys.exit(1 if doctor(verbose=True).problems else 0)
