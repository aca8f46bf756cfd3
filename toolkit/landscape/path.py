"""Measures along a path, and the barrier they show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.engine import check_rows, rows_of
from toolkit.landscape.measure import METRICS, evaluate
from toolkit.space import WeightSpace
from toolkit.subspaces import Path
from toolkit.train import Attack

_NUMBERS_AT_ONCE = 2**26  # weights of all networks that are written out at a time: a quarter of a gigabyte


def barrier(values: Sequence[float] | np.ndarray | Tensor, t: Sequence[float] | None = None, against: str = "chord"):
    """How far a loss (or error) rises above its ends along a path.

    Two definitions are in use:

    - `"chord"` (Entezari et al. 2022): max_t [ L(t) - ((1 - t) L(0) + t L(1)) ], the height over the straight line
      between the end values; at least 0.
    - `"mean"` (Frankle et al. 2020): max_t L(t) - (L(0) + L(1)) / 2, the height over the mean of the ends; at least
      |L(0) - L(1)| / 2, because the worse end itself lies that far above the mean.

    They agree when the ends do, and differ by at most |L(0) - L(1)| / 2.

    Args:
        values: losses or errors [..., T] at the positions t, the ends first and last.
        t: positions [T] rising from the first end to the last; evenly spaced if left out.
        against: `"chord"` or `"mean"`.

    Returns:
        The barrier, in the units of `values`: a float, or an array [...].

    Raises:
        ValueError: if there are fewer than two values, they are not finite, or `t` does not rise or fit.

    Example:
        >>> barrier([1.0, 3.0, 2.0])
        1.5
        >>> barrier([1.0, 1.2, 2.0]), barrier([1.0, 1.2, 2.0], against="mean")
        (0.0, 0.5)
    """
    values = values.detach().cpu() if isinstance(values, Tensor) else values
    values = np.asarray(values, dtype=np.float64)
    if values.ndim < 1 or values.shape[-1] < 2 or not np.isfinite(values).all():
        raise ValueError(f"values must be at least two finite numbers along a path, got {_brief(values)}.")
    t = np.linspace(0, 1, values.shape[-1]) if t is None else np.asarray(t, dtype=np.float64)
    if t.shape != values.shape[-1:] or not (np.diff(t) > 0).all():
        raise ValueError(f"t must be {values.shape[-1]} rising positions, one per value, got {_brief(t)}.")
    first, last = values[..., :1], values[..., -1:]
    share = (t - t[0]) / (t[-1] - t[0])
    if _expect.choice("against", against, ("chord", "mean")) == "chord":
        level = (1 - share) * first + share * last
    else:
        level = (first + last) / 2
    height = (values - level).max(-1)
    return float(height) if height.ndim == 0 else height


@dataclass(frozen=True)
class Scan:
    """What was measured along a path.

    Attributes:
        t: positions [T].
        train_loss, train_accuracy, train_ece, test_loss, test_accuracy, test_ece: arrays [T]; losses in nats,
            the others as fractions.
    """

    t: np.ndarray
    train_loss: np.ndarray
    train_accuracy: np.ndarray
    train_ece: np.ndarray
    test_loss: np.ndarray
    test_accuracy: np.ndarray
    test_ece: np.ndarray

    def barrier(self, metric: str = "test_loss", against: str = "chord") -> float:
        """Height of the barrier from t = 0 to t = 1, in a measure that is better when smaller; see `toolkit.barrier`.

        Args:
            metric: `train_` or `test_` with `loss`, `error`, `ece`; an accuracy is taken as the error it leaves.
            against: `"chord"` or `"mean"`.

        Raises:
            ValueError: if the metric is unknown.
        """
        between = (self.t >= 0) & (self.t <= 1)
        if not {0.0, 1.0} <= set(self.t):
            raise ValueError(
                f"A barrier needs both ends of the path, t = 0 and t = 1, got t from {self.t[0]:g} to {self.t[-1]:g}."
            )
        return barrier(self[metric.replace("accuracy", "error")][between], self.t[between], against)

    def __getitem__(self, metric: str) -> np.ndarray:
        """Return a measure by name; errors are 1 - accuracy."""
        names = [f"{s}_{m}" for s in ("train", "test") for m in METRICS]
        if _expect.choice("metric", metric, names).endswith("error"):
            return 1 - getattr(self, metric.replace("error", "accuracy"))
        return getattr(self, metric)


def scan(
    space: WeightSpace,
    path: Path,
    dataset: Dataset,
    points: int | Sequence[float] = 51,
    refresh: bool = True,
    stats: dict[str, Tensor] | None = None,
    attack: Attack | None = None,
) -> Scan:
    """Measure the networks along a path.

    Args:
        space: the weight space.
        path: a `Line`, `Bezier` or `PolyChain`.
        dataset: the data; train and test split are measured.
        points: how many positions from 0 to 1, ends included, or the positions themselves.
        refresh: estimate BatchNorm statistics anew at every position.
        stats: with `refresh=False`, the statistics to use instead.
        attack: measure on inputs attacked at every position, such as `toolkit.robust.PGD`.

    Returns:
        A `Scan`.

    Raises:
        TypeError: if `path` is no path.
        ValueError: if there are fewer than two positions.

    Example:
        >>> from toolkit import Line, data, models
        >>> space = WeightSpace(models.mlp(64, 16, 10))
        >>> a = space.init(0)
        >>> scan(space, Line(a, a), data.load("digits"), points=5).barrier("train_loss")
        0.0
    """
    if not isinstance(path, Path):
        raise TypeError(f"path must be a Line, Bezier or PolyChain, got {type(path).__name__}.")
    t = positions(points)
    check_rows(stats, len(t))
    size = max(1, _NUMBERS_AT_ONCE // space.size)
    parts = []
    for start in range(0, len(t), size):
        with torch.no_grad():
            networks = path.at(t[start : start + size])
        own = rows_of(stats, start, start + size)
        parts.append(evaluate(space, networks, dataset, refresh=refresh, stats=own, attack=attack))
    return Scan(t=t, **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def positions(points: int | Sequence[float]) -> np.ndarray:
    """Positions t along a path: so many from 0 to 1, or those given.

    Raises:
        ValueError: if there are fewer than two, or one is not finite.
    """
    if np.ndim(points) == 0:
        return np.linspace(0, 1, _expect.count("points", points, least=2))
    t = np.asarray(points, dtype=np.float64)
    if t.ndim != 1 or len(t) < 2 or not np.isfinite(t).all():
        raise ValueError(f"points must be at least two finite positions, got {list(points)}.")
    return t


def _brief(values: np.ndarray) -> str:
    return np.array2string(values, threshold=6, edgeitems=2, precision=4)
