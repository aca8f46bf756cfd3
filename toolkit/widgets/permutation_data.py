"""What a PermutationSlider shows: the swaps from B to its aligned copy, and what was measured on the way."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Swap = tuple[str, int, int]


class Arrangement(NamedTuple):
    """What was measured of one arrangement P(B) of B's units.

    Attributes:
        loss: test loss on the line from A to P(B) [T], in nats.
        accuracy: test accuracy there [T], in [0, 1].
        distance: ||A - P(B)||.
        change: the largest change of any output, max over test inputs of |f(P(B)) - f(B)|.
    """

    loss: np.ndarray
    accuracy: np.ndarray
    distance: float
    change: float


class Filters(NamedTuple):
    """First-layer filters of both networks as pictures [n, height, width], and the group whose units they are."""

    group: str
    a: np.ndarray
    b: np.ndarray


@dataclass(frozen=True)
class SwapData:
    """The way from B (k = 0 swaps) to its aligned copy (k = K), and M arrangements measured on it.

    Args:
        groups: number of units by name.
        swaps: K swaps (group, i, k) of places i and k.
        score: per group the correlation [n, n] of unit i of A with unit j of B.
        dead: per group two masks [n], of A's and of B's units that never change on the data; empty where unknown.
        best: per group the largest total correlation that any arrangement reaches.
        t: positions on the line [T], from 0 to 1.
        measured: the k that were measured [M], rising from 0 to K.
        arrangements: what was measured there, M records.
        largest: largest output of B in size, to compare changes with.
        filters: first-layer filters, where they are pictures.
    """

    groups: dict[str, int]
    swaps: list[Swap]
    score: dict[str, np.ndarray]
    dead: dict[str, tuple[np.ndarray, np.ndarray]]
    best: dict[str, float]
    t: np.ndarray
    measured: np.ndarray
    arrangements: list[Arrangement]
    largest: float
    filters: Filters | None = None

    def at(self, k: int) -> tuple[Arrangement, bool]:
        """Return what is known of the arrangement after k swaps, and whether it was measured.

        Between two measured k every number lies on the straight line between theirs.
        """
        after = int(np.searchsorted(self.measured, k))
        if self.measured[after] == k:
            return self.arrangements[after], True
        low, high = self.measured[after - 1 : after + 1]
        weight = (k - low) / (high - low)
        pairs = zip(self.arrangements[after - 1], self.arrangements[after], strict=True)
        return Arrangement(*((1 - weight) * a + weight * b for a, b in pairs)), False

    def totals(self, perms: dict[str, np.ndarray]) -> dict[str, float]:
        """Score of an arrangement, group by group: the sum of the correlations on the diagonal."""
        return {
            name: float(score[np.arange(len(score)), perms[name]].sum()) if len(score) else 0.0
            for name, score in self.score.items()
        }

    def barrier(self, loss: np.ndarray) -> tuple[float, float]:
        """Where a loss curve [T] is highest above the chord between its ends, and by how much: (t, height)."""
        heights = loss - ((1 - self.t) * loss[0] + self.t * loss[-1])
        top = int(heights.argmax())
        return float(self.t[top]), max(0.0, float(heights[top]))
