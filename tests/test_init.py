"""What `import toolkit` offers, and what it leaves for later."""

import subprocess
import sys

import pytest

import toolkit

HEAVY = {"matplotlib", "ipywidgets", "anywidget", "sklearn", "scipy", "IPython", "torchvision", "tqdm"}


@pytest.mark.parametrize("name", toolkit.__all__)
def test_every_public_name_is_there(name):
    assert getattr(toolkit, name) is not None


def test_dir_lists_what_is_public_and_loads_none_of_it():
    assert dir(toolkit) == sorted(toolkit.__all__)
    program = (
        "import sys, toolkit; assert {'plots', 'widgets', 'check', 'evidence'} <= set(dir(toolkit)); "
        "print({'toolkit.plots', 'toolkit.widgets', 'toolkit.exercises', 'toolkit.evidence'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_names_are_listed_once():
    assert len(toolkit.__all__) == len(set(toolkit.__all__))


def test_the_names_of_the_plan_are_public():
    needed = {"WeightSpace", "Line", "Bezier", "PolyChain", "Simplex", "device", "data", "models", "train", "landscape"}
    needed |= {"fit", "fit_many", "scan", "barrier", "plane", "instability", "metrics", "plots", "check", "doctor"}
    assert needed <= set(toolkit.__all__)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError) as error:
        toolkit.no_such_thing  # noqa: B018
    assert str(error.value) == "toolkit has no 'no_such_thing'."
    assert not hasattr(toolkit, "no_such_thing")


def test_functions_are_functions_though_modules_share_their_names():
    assert callable(toolkit.device) and callable(toolkit.plane) and callable(toolkit.doctor)
    from toolkit import landscape

    assert callable(landscape.plane)


def test_importing_stays_light_and_leaves_the_random_state():
    program = (
        "import sys, torch; state = torch.get_rng_state(); before = set(sys.modules); import toolkit; "
        "assert torch.equal(state, torch.get_rng_state()); "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(eval(done.stdout))  # noqa: S307
    assert "toolkit" in loaded and not loaded & HEAVY
    assert done.stderr == ""
