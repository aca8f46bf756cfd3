"""environment.yml, binder/ and constraints.txt against pyproject.toml."""

import json
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
NO_PACKAGE = {"python", "pip"}
FILES = ["environment.yml", "binder/environment.yml"]


def bounds(requirements: list[str]) -> dict[str, str]:
    """Conda name → lower bound."""
    parsed = map(Requirement, requirements)
    return {CONDA_NAMES.get(item.name, item.name): str(item.specifier) for item in parsed}


def environment(file: str) -> dict:
    return yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))


def conda_specs(file: str) -> dict[str, str]:
    """Name → version part of a conda file, without the build string."""
    specs = [spec for spec in environment(file)["dependencies"] if isinstance(spec, str)]
    parts = [re.fullmatch(r"([a-z-]+)\s*([^\s]*).*", spec).groups() for spec in specs]
    return dict(parts)


def test_environment_names_and_bounds_are_those_of_pyproject():
    nbval = [spec for spec in PROJECT["optional-dependencies"]["test"] if spec.startswith("nbval")]
    found = {name: version for name, version in conda_specs(FILES[0]).items() if name not in NO_PACKAGE}
    assert found == bounds(PROJECT["dependencies"] + nbval)


def test_binder_names_and_bounds_are_those_of_pyproject():
    found = {name: version for name, version in conda_specs(FILES[1]).items() if name not in NO_PACKAGE}
    assert found == bounds(PROJECT["dependencies"])


@pytest.mark.parametrize("file", FILES)
def test_python_is_written_in_the_one_style_that_binder_understands(file):
    assert "python=3.11" in environment(file)["dependencies"]
    assert PROJECT["requires-python"] == ">=3.11"


@pytest.mark.parametrize("file", FILES)
def test_conda_forge_is_the_only_channel(file):
    assert environment(file)["channels"] == ["conda-forge", "nodefaults"]


def test_pip_installs_the_course_for_people_and_nothing_on_binder():
    pip_parts = [[spec["pip"] for spec in environment(f)["dependencies"] if isinstance(spec, dict)] for f in FILES]
    assert pip_parts == [[["-e ."]], []]


def test_binder_takes_the_cpu_build_and_people_the_one_that_fits_their_machine():
    specs = [next(s for s in environment(f)["dependencies"] if str(s).startswith("pytorch")) for f in FILES]
    assert specs == ["pytorch>=2.7", "pytorch >=2.7 cpu*"]


def test_pyproject_gives_lower_bounds_only():
    requirements = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    assert [r for r in requirements if not re.fullmatch(r"[a-z][a-z0-9-]*>=[\d.]+", r)] == []


def test_constraints_are_exact_satisfy_pyproject_and_cover_it():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in pins)
    versions = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
    for requirement in map(Requirement, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]):
        assert requirement.specifier.contains(versions[requirement.name]), requirement


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_binder_scripts_can_run(name):
    path = ROOT / "binder" / name
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
    if os.name == "posix":
        assert os.access(path, os.X_OK)


def test_binder_stops_on_the_first_error_and_installs_the_course():
    commands = (ROOT / "binder" / "postBuild").read_text(encoding="utf-8").splitlines()
    code = [line for line in commands if not line.startswith("#")]
    assert code[0] == "set -e"
    assert "python -m pip install --no-deps --no-cache-dir -e ." in code


def test_binder_start_hands_over_to_its_arguments():
    assert (ROOT / "binder" / "start").read_text(encoding="utf-8").rstrip().endswith('exec "$@"')


def test_binder_folder_renders_as_mybinder_would_build_it(monkeypatch):
    conda = pytest.importorskip("repo2docker.buildpacks.conda", reason="needs the extra dev")
    monkeypatch.chdir(ROOT)
    pack = conda.CondaBuildPack(base_image="ubuntu:24.04")
    pack.platform = "linux/amd64"
    assert pack.detect()
    assert pack.binder_dir == "binder"
    assert pack.python_version == "3.11"
    assert [Path(script).name for script in pack.get_post_build_scripts()] == ["postBuild"]
    assert Path(pack.get_start_script()).name == "start"
    rendered = pack.render({"NB_USER": "learner", "NB_UID": "1000"})
    assert re.search(r'env update.*"binder/environment.yml"', rendered)


def test_jupyterlab_reads_our_settings():
    settings_utils = pytest.importorskip("jupyterlab_server.settings_utils")
    schemas = Path(sys.prefix, "share", "jupyter", "lab", "schemas")
    if not schemas.is_dir():
        pytest.skip("JupyterLab's schemas are not in this environment")
    ours = json.loads((ROOT / "binder" / "weight-space-course.json").read_text(encoding="utf-8"))
    app_settings = schemas.parent / "settings"
    for plugin, wanted in ours.items():
        found, _ = settings_utils.get_settings(str(app_settings), str(schemas), "absent", schema_name=plugin)
        defaults = {key: found["schema"]["properties"][key]["default"] for key in wanted}
        assert defaults == wanted, "run make setup: the settings are not installed"
