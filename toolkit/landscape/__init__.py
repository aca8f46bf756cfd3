"""The loss along paths and planes in weight space, and how high the barrier between two networks is.

Wherever a network has BatchNorm, its statistics are estimated anew on the training inputs at every single point,
unless you say `refresh=False` and see what happens.
"""

from toolkit.landscape.ensemble import Ensemble, ensemble
from toolkit.landscape.measure import evaluate
from toolkit.landscape.path import Scan, barrier, scan
from toolkit.landscape.plane import Plane, plane
from toolkit.landscape.stability import Instability, instability

__all__ = [
    "Ensemble",
    "Instability",
    "Plane",
    "Scan",
    "barrier",
    "ensemble",
    "evaluate",
    "instability",
    "plane",
    "scan",
]
