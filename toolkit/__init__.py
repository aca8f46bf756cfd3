"""The geometry of neural-network weight space: a network is a point, a method is a set of points, a walk or a symmetry.

Everything a lesson uses is here under its own name; figures and widgets are loaded when first asked for.
"""

import importlib

from toolkit import data, distill, landscape, latephase, merge, metrics, models, reconnect, robust, sparse, train
from toolkit.data import Dataset
from toolkit.device import device
from toolkit.doctor import doctor
from toolkit.landscape import barrier, ensemble, evaluate, instability, plane, scan
from toolkit.latephase import LatePhase
from toolkit.space import WeightSpace
from toolkit.subspaces import Bezier, Line, PolyChain, Simplex
from toolkit.train import fit, fit_many

_LAZY = {
    "check": "toolkit.exercises",
    "hint": "toolkit.exercises",
    "match": "toolkit",
    "predict": "toolkit.exercises",
    "quiz": "toolkit.exercises",
    "recall": "toolkit.exercises",
    "solution": "toolkit.exercises",
    "tally": "toolkit.exercises",
    "trace": "toolkit.symmetry",
    "evidence": "toolkit",
    "exercises": "toolkit",
    "plots": "toolkit",
    "widgets": "toolkit",
}

__all__ = [
    "Bezier",
    "Dataset",
    "LatePhase",
    "Line",
    "PolyChain",
    "Simplex",
    "WeightSpace",
    "barrier",
    "data",
    "device",
    "distill",
    "doctor",
    "ensemble",
    "evaluate",
    "fit",
    "fit_many",
    "instability",
    "landscape",
    "latephase",
    "merge",
    "metrics",
    "models",
    "plane",
    "reconnect",
    "robust",
    "scan",
    "sparse",
    "train",
    *_LAZY,
]


def __dir__() -> list[str]:
    """List what is here, loaded or not."""
    return __all__


def __getattr__(name: str):
    """Load what is heavy (figures, widgets, exercises, matching) on first use."""
    if name not in _LAZY:
        raise AttributeError(f"toolkit has no {name!r}.")
    home = _LAZY[name]
    return (
        importlib.import_module(f"toolkit.{name}")
        if home == "toolkit"
        else getattr(importlib.import_module(home), name)
    )
