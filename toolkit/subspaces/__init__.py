"""Sets of networks: points, lines, curves and simplexes in weight space.

Each is a few control points in R^D and a basis: coordinates give coefficients, coefficients times control points
give theta. `train.fit` trains any of them as a `Trainable`.
"""

from toolkit.subspaces.base import Subspace
from toolkit.subspaces.paths import Bezier, Line, Path, PolyChain
from toolkit.subspaces.point import Point
from toolkit.subspaces.simplex import Simplex

__all__ = ["Bezier", "Line", "Path", "Point", "PolyChain", "Simplex", "Subspace"]
