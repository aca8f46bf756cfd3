"""What a CurveSlider shows: everything measured along one path, before anything moves."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.subspaces import Path

METRICS = {"loss": 1, "accuracy": -1, "ece": 1}  # +1: lower is better, so a barrier rises; -1: it is a dip
SERIES = [f"{split}_{metric}" for metric in METRICS for split in ("train", "test")]
OPTIONAL = {"train_ece", "test_ece"}


@dataclass(frozen=True)
class PathData:
    """Curves, predictions and filters at T points of a path between network A (t = 0) and network B (t = 1).

    Make one with `measure`, or from your own arrays.

    Args:
        t: positions [T], increasing, from 0 or less to 1 or more.
        train_loss: mean cross-entropy on the training examples [T], in nats.
        test_loss: the same on the test examples [T].
        train_accuracy: fraction right [T], in [0, 1].
        test_accuracy: the same on the test examples [T].
        train_ece: expected calibration error [T], in [0, 1]; optional.
        test_ece: the same on the test examples [T]; optional.
        images: n test images [n, channels, height, width] in [0, 1], 1 or 3 channels; optional.
        labels: their classes [n].
        predictions: the classes predicted for them at each point [T, n].
        filters: m first-layer filters as pictures [K, m, height, width], at K points spread evenly from the first t
            to the last; optional.
        total: number of test examples behind the test curves.
        path: the path itself; a map needs it, to know where each t lies.

    Raises:
        TypeError: if `path` is no path.
        ValueError: if a shape disagrees, a value is not finite or out of range, or t does not increase.

    Example:
        >>> t = np.linspace(0, 1, 3)
        >>> data = PathData(t, [0.1, 1.3, 0.1], [0.2, 1.6, 0.4], [1, 0.7, 1], [0.9, 0.6, 0.9], total=500)
        >>> data.barrier("loss")
        (0.5, 1.3)
    """

    t: np.ndarray
    train_loss: np.ndarray
    test_loss: np.ndarray
    train_accuracy: np.ndarray
    test_accuracy: np.ndarray
    train_ece: np.ndarray | None = None
    test_ece: np.ndarray | None = None
    images: np.ndarray | None = None
    labels: np.ndarray | None = None
    predictions: np.ndarray | None = None
    filters: np.ndarray | None = None
    total: int = 0
    path: Path | None = None

    def __post_init__(self) -> None:
        """Check every array, and keep it as numpy."""
        set_field = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731 (the class is frozen)
        t = _finite("t", self.t, ("T",))
        if len(t) < 2 or not (np.diff(t) > 0).all():
            raise ValueError(f"t must hold at least 2 increasing positions, got {_short(t)}.")
        if t[0] > 0 or t[-1] < 1:
            raise ValueError(f"t must run from 0 or less to 1 or more, got {t[0]:g} to {t[-1]:g}.")
        set_field("t", t)
        for name in SERIES:
            if getattr(self, name) is not None or name not in OPTIONAL:
                set_field(name, _finite(name, getattr(self, name), (len(t),)))
        for name in ("train_accuracy", "test_accuracy"):
            _within(name, getattr(self, name), 0, 1)
        self._check_total()
        if not isinstance(self.path, Path | None):
            raise TypeError(f"path must be a Line, Bezier or PolyChain, got {type(self.path).__name__}.")
        if self.images is not None:
            self._check_images(set_field)
        if self.filters is not None:
            filters = _finite("filters", self.filters, ("K", "m", "height", "width"))
            if len(filters) < 2:
                raise ValueError(f"filters must be given at 2 or more points, got {len(filters)}.")
            set_field("filters", filters)

    def _check_total(self) -> None:
        if isinstance(self.total, bool) or not isinstance(self.total, int) or self.total < 0:
            raise ValueError(f"total must be a whole number of test examples, got {self.total!r}.")

    def _check_images(self, set_field: Any) -> None:
        if self.labels is None or self.predictions is None:
            raise ValueError("images need labels and predictions, got none; leave all three out or give all three.")
        images = _within("images", _finite("images", self.images, ("n", "channels", "height", "width")), 0, 1)
        if images.shape[1] not in (1, 3):
            raise ValueError(f"images must have 1 or 3 channels, got {images.shape[1]}.")
        n = len(images)
        labels = _within("labels", _finite("labels", self.labels, (n,)), 0, 255)
        predictions = _within("predictions", _finite("predictions", self.predictions, (len(self.t), n)), 0, 255)
        for name, value in [
            ("images", images),
            ("labels", labels.astype(int)),
            ("predictions", predictions.astype(int)),
        ]:
            set_field(name, value)

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that were measured on the test examples."""
        return [metric for metric in METRICS if getattr(self, f"test_{metric}") is not None]

    def at(self, series: str, t: float) -> float:
        """Value of a series such as `"test_loss"` at t, on the straight line between its measured neighbours."""
        return float(np.interp(t, self.t, getattr(self, series)))

    def chord(self, metric: str, t: Any) -> Any:
        """Value at t of the straight line through the test metric's values at A and at B."""
        return (1 - t) * self.at(f"test_{metric}", 0) + t * self.at(f"test_{metric}", 1)

    def barrier(self, metric: str = "loss") -> tuple[float, float]:
        """Where the test metric is worst against the chord between A and B, and by how much.

        max over t in [0, 1] of L(t) - ((1 - t) L(0) + t L(1)); for the accuracy, of the same with its sign changed.

        Args:
            metric: `"loss"`, `"accuracy"` or `"ece"`.

        Returns:
            t and the height of the barrier there; 0 where the path is nowhere worse than the chord.
        """
        inside = (self.t >= 0) & (self.t <= 1)
        t, values = self.t[inside], getattr(self, f"test_{metric}")[inside]
        if not len(t):
            return 0.5, 0.0
        heights = METRICS[metric] * (values - self.chord(metric, t))
        top = int(heights.argmax())
        return float(t[top]), max(0.0, round(float(heights[top]), 10))


def worst_first(records: list[PathData]) -> np.ndarray:
    """Order of the images: those misread at the most points of all records first, else as they came."""
    wrong = sum((data.predictions != data.labels).sum(axis=0) for data in records)
    return np.argsort(-wrong, kind="stable")


def strongest(filters: np.ndarray) -> float:
    """Weight drawn in the full colour: only 1 % of the weights are larger."""
    return float(np.quantile(np.abs(filters), 0.99)) or 1.0


def _finite(name: str, value: Any, shape: tuple) -> np.ndarray:
    """Return `value` as a float array of the given shape, in which a word stands for any length of at least 1."""
    try:
        array = np.asarray([] if value is None else value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers, got {type(value).__name__}.") from error
    fits = array.ndim == len(shape) and all(
        have == want if isinstance(want, int) else have > 0 for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{name} must have shape [{wanted}], got {list(array.shape)}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {int((~np.isfinite(array)).sum())} NaN or infinite values.")
    return array


def _within(name: str, array: np.ndarray, low: float, high: float) -> np.ndarray:
    if array.min() < low or array.max() > high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got values from {array.min():g} to {array.max():g}.")
    return array


def _short(array: np.ndarray) -> str:
    listed = ", ".join(f"{value:g}" for value in array[:4])
    return f"[{listed}{', ...' if len(array) > 4 else ''}]"
