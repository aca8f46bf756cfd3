"""What a SimplexExplorer shows: everything measured in one triangle of networks, before anything moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.subspaces import Simplex


@dataclass(frozen=True)
class SimplexData:
    """What was measured at G points of a triangle: a grid of `steps` steps a side, and its middle.

    Made by `measure_simplex`.

    Attributes:
        simplex: the triangle itself.
        steps: grid steps a side.
        loss: mean cross-entropy on the test examples [G], in nats.
        accuracy: fraction of them read rightly [G].
        wrong: number of test examples that the ensemble of two points reads wrongly [G, G]; on the diagonal, the
            number one point alone reads wrongly. An ensemble predicts with the mean of its members' probabilities.
        differ: number of test examples that two points read differently [G, G].
        total: number of test examples.
        divided: number of test examples that the three corners do not all read the same.
        images: the m test images that divide the corners most [m, channels, height, width], or None for other data.
        labels: their classes [m].
        probabilities: of each class for them [G, m, C].
    """

    simplex: Simplex
    steps: int
    loss: np.ndarray
    accuracy: np.ndarray
    wrong: np.ndarray
    differ: np.ndarray
    total: int
    divided: int
    images: np.ndarray | None
    labels: np.ndarray
    probabilities: np.ndarray

    def at(self, series: str, weights: Sequence[float]) -> float:
        """Value of `"loss"` or `"accuracy"` at three weights, on the flat piece between measured neighbours."""
        values = getattr(self, series)
        return float(sum(share * values[index] for index, share in neighbours(self.steps, weights)))

    def nearest(self, weights: Sequence[float]) -> int:
        """Index of the measured point nearest to three weights."""
        return max(neighbours(self.steps, weights), key=lambda pair: pair[1])[0]

    def measured(self, weights: Sequence[float]) -> bool:
        """Whether a measurement was made just there."""
        return len(neighbours(self.steps, weights)) == 1

    @property
    def corners(self) -> list[int]:
        """Indices of the three corners."""
        return [self.nearest(corner) for corner in np.eye(3)]

    @property
    def middle(self) -> int:
        """Index of the middle."""
        return self.nearest([1 / 3] * 3)

    @property
    def sides(self) -> list[float]:
        """Distances in weight space from corner 1 to 2, from 1 to 3, and from 2 to 3."""
        points = self.simplex.points
        return [(points[i] - points[j]).norm().item() for i, j in [(0, 1), (0, 2), (1, 2)]]


def grid(steps: int) -> np.ndarray:
    """Weights [G, 3] of the measured points: (i, j, steps - i - j) / steps, and the middle where it is none of them.

    Example:
        >>> grid(1)
        array([[0.        , 0.        , 1.        ],
               [0.        , 1.        , 0.        ],
               [1.        , 0.        , 0.        ],
               [0.33333333, 0.33333333, 0.33333333]])
    """
    points = [(i, j, steps - i - j) for i in range(steps + 1) for j in range(steps + 1 - i)]
    middle = [(steps / 3,) * 3] if steps % 3 else []
    return np.array(points + middle) / steps


def neighbours(steps: int, weights: Sequence[float]) -> list[tuple[int, float]]:
    """Measured points around three weights, and the share of each; the shares sum to 1.

    The grid cuts the triangle into small ones; where the middle lies inside one of them, it cuts that in three.

    Example:
        >>> neighbours(2, [0.5, 0.25, 0.25])
        [(4, 0.5), (3, 0.5)]
    """
    scaled = steps * np.asarray(weights, dtype=float) / np.sum(weights)
    low = np.minimum(np.floor(scaled + 1e-6), steps).astype(int)
    rest = np.maximum(scaled - low, 0)
    upright = steps - low.sum() == 1  # else the small triangle stands on its head, or is a single point
    if low.sum() == steps:
        return [(_index(steps, low), 1.0)]
    points = low + np.eye(3, dtype=int) if upright else low + 1 - np.eye(3, dtype=int)
    shares = rest if upright else 1 - rest
    found = [_index(steps, point) for point in points]
    if low[0] == low[1] == low[2]:  # the middle is the middle of this small triangle
        least = shares.min()
        found, shares = [*found, (steps + 1) * (steps + 2) // 2], np.append(shares - least, 3 * least)
    return [(index, float(share)) for index, share in zip(found, shares, strict=True) if share > 1e-6]


def _index(steps: int, point: np.ndarray) -> int:
    i, j, _ = map(int, point)
    return i * (steps + 1) - i * (i - 1) // 2 + j
