"""The loss along paths and planes in weight space, how high the barrier between two networks is, and how it bends.

Wherever a network has BatchNorm, its statistics are estimated anew on the training inputs at every single point,
unless you say `refresh=False` and see what happens.
"""

from toolkit.landscape.ensemble import Ensemble, ensemble
from toolkit.landscape.hessian import Curvature, hessian_diagonal
from toolkit.landscape.measure import evaluate
from toolkit.landscape.neighbourhood import Neighbourhood, filter_normalised, neighbourhood
from toolkit.landscape.path import Scan, barrier, scan
from toolkit.landscape.plane import Plane, plane
from toolkit.landscape.stability import Instability, instability

__all__ = [
    "Curvature",
    "Ensemble",
    "Instability",
    "Neighbourhood",
    "Plane",
    "Scan",
    "barrier",
    "ensemble",
    "evaluate",
    "filter_normalised",
    "hessian_diagonal",
    "instability",
    "neighbourhood",
    "plane",
    "scan",
]
