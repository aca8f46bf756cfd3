"""Which unit of B does the job of which unit of A: permutations that bring two networks close.

Every matcher returns a `Match` with permutations to apply to B. Afterwards unit i of B is meant to be the partner of
unit i of A.
"""

from toolkit.match.activations import by_activations
from toolkit.match.learned import by_sinkhorn, straight_through
from toolkit.match.pam import pam
from toolkit.match.result import Match, assign
from toolkit.match.weights import by_weights

__all__ = ["Match", "assign", "by_activations", "by_sinkhorn", "by_weights", "pam", "straight_through"]
