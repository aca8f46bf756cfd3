"""Widgets: precomputed in Python, moved only in the browser.

`CurveSlider` walks along a path between two networks; `PermutationSlider` renumbers one network's units until they
stand beside their partners in another; `SimplexExplorer` walks through a triangle of three networks;
`NoisyQuadraticPlayground` races averages in a shaken bowl, `LatePhasePanel` shows late-phase runs over their settings;
`ReconnectDial` moves a network's values from where they began to where training put them;
`SparsityExplorer` slides through the rounds of pruning, with what is left and whether siblings stay connected;
`LandscapeExplorer` walks over a plane or a neighbourhood in weight space; `ProbeSlider` shows random probes close in on
the diagonal of a Hessian.
Each widget is a Python class with an ES module and a style sheet of its own; `base.py` holds what they share.
"""

from typing import Any

_HOME = {
    "CurveSlider": "curve_slider",
    "LandscapeExplorer": "landscape_explorer",
    "LatePhasePanel": "late_phase_panel",
    "NoisyQuadraticPlayground": "quadratic_playground",
    "PathData": "path_data",
    "PermutationSlider": "permutation_slider",
    "ProbeSlider": "probe_slider",
    "ReconnectDial": "reconnect_dial",
    "SimplexExplorer": "simplex_explorer",
    "SparsityExplorer": "sparsity_explorer",
    "Widget": "base",
    "measure": "measuring",
    "measure_simplex": "simplex_measuring",
}
__all__ = [
    "CurveSlider",
    "LandscapeExplorer",
    "LatePhasePanel",
    "NoisyQuadraticPlayground",
    "PathData",
    "PermutationSlider",
    "ProbeSlider",
    "ReconnectDial",
    "SimplexExplorer",
    "SparsityExplorer",
    "Widget",
    "measure",
    "measure_simplex",
]


def __getattr__(name: str) -> Any:
    """Load a widget when it is first asked for, so that importing the toolkit stays light."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
