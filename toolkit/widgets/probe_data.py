"""What a ProbeSlider shows: estimates of a Hessian's diagonal beside the exact one, and which of them it draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, isfinite, log10
from typing import Any

import numpy as np
from torch import Tensor

from toolkit import _expect
from toolkit.landscape import Curvature
from toolkit.sparse.masks import check_mask

POINTS = 2000  # drawn at most
LARGEST = POINTS // 2  # of them, the largest ones
DECADES = 5  # the logarithmic part of the scatter's axes, at most, up to the power of ten below the largest entry


@dataclass(frozen=True)
class ProbeData:
    """Estimates with growing numbers of probes, and the truth.

    Attributes:
        exact: the exact diagonal.
        estimates: with growing `probes`.
        alive: indices of the weights that are not pruned.
    """

    exact: Curvature
    estimates: tuple[Curvature, ...]
    alive: np.ndarray

    @property
    def axes(self) -> dict[str, list[int]]:
        """The numbers of probes, as the slider's stops."""
        return {"probes": [one.probes for one in self.estimates]}

    @cached_property
    def measured(self) -> list[float]:
        """Relative errors: norm(estimate - exact) / norm(exact)."""
        truth = self.exact.diagonal.double()
        return [float((one.diagonal.double() - truth).norm() / truth.norm()) for one in self.estimates]

    @property
    def predicted(self) -> list[float]:
        """What the estimates say of their own relative error; infinite where they cannot tell."""
        return [one.relative_error for one in self.estimates]

    @cached_property
    def chosen(self) -> np.ndarray:
        """Indices of the weights that are drawn: the largest, and an even choice of the others by their rank."""
        size = np.abs(_numbers(self.exact.diagonal)[self.alive])
        ranked = self.alive[np.argsort(-size, kind="stable")]
        if len(ranked) <= POINTS:
            return ranked
        rest = np.linspace(LARGEST, len(ranked) - 1, POINTS - LARGEST).round().astype(int)
        return np.concatenate([ranked[:LARGEST], ranked[rest]])

    @cached_property
    def drawn(self) -> np.ndarray:
        """The diagonals of the weights drawn: the exact one first, then the estimates [1 + E, n]."""
        found = [self.exact.diagonal, *(one.diagonal for one in self.estimates)]
        return np.stack([_numbers(diagonal)[self.chosen] for diagonal in found])

    @cached_property
    def power(self) -> int:
        """The scatter's axes are linear within +-10**power: the lower quartile of |exact| without zeros, rounded."""
        size = np.abs(_numbers(self.exact.diagonal)[self.alive]).astype(float)
        top = floor(log10(size.max()))
        return min(max(round(log10(np.quantile(size[size > 0], 0.25))), top - DECADES), top)

    @property
    def scale(self) -> str:
        """How the scatter's axes run, as part of a sentence."""
        return f"both axes are linear within ±{power_text(1, self.power)}, logarithmic beyond"

    @cached_property
    def frame(self) -> tuple[float, float, float, float]:
        """Edges of the scatter, the same for every number of probes: left, right, lower, upper."""
        exact = self.drawn[0]
        low, high = min(0.0, float(exact.min())), max(0.0, float(exact.max()))
        span = high - low
        left, right = widened(low, high, 0.04, self.power)
        return left, right, min(left, low - 0.8 * span), max(right, high + 0.8 * span)

    @property
    def reference(self) -> float | None:
        """The constant c of the guide c / sqrt(probes): that of the last prediction, or of the last measured error."""
        last = self.axes["probes"][-1] ** 0.5
        found = [error * last for error in (self.predicted[-1], self.measured[-1]) if isfinite(error) and error > 0]
        return found[0] if found else None

    def beyond(self, index: int) -> int:
        """How many of the points drawn lie above or below the frame."""
        low, high = self.frame[2:]
        return int(((self.drawn[1 + index] < low) | (self.drawn[1 + index] > high)).sum())


def scaled(values: Any, power: int) -> np.ndarray:
    """Where numbers lie on a symmetric logarithmic axis: linear within +-10**power, one step for each decade beyond.

    Example:
        >>> scaled([-10, -1, 0, 0.5, 1, 100], 0).tolist()
        [-2.0, -1.0, 0.0, 0.5, 1.0, 3.0]
    """
    size = np.abs(np.asarray(values, dtype=float)) / float(f"1e{power}")
    return np.sign(values) * (np.minimum(size, 1) + np.log10(np.maximum(size, 1)))


def unscaled(steps: Any, power: int) -> np.ndarray:
    """Return the numbers that lie at these steps of the axis; what `scaled` undoes."""
    size = np.abs(np.asarray(steps, dtype=float))
    return np.sign(steps) * float(f"1e{power}") * np.minimum(size, 1) * 10 ** np.maximum(size - 1, 0)


def widened(low: float, high: float, share: float, power: int) -> tuple[float, float]:
    """Move both ends of an axis outwards by a share of its length."""
    first, last = scaled([low, high], power)
    left, right = unscaled([first - share * (last - first), last + share * (last - first)], power)
    return float(left), float(right)


def powers(low: float, high: float, power: int, room: float = 1) -> list[tuple[float, str]]:
    """Zero and signed powers of ten inside [low, high], at least `room` steps of the axis apart, and how to write them.

    Example:
        >>> powers(-3, 200, -1)
        [(-1.0, '−1'), (-0.1, '−0.1'), (0.0, '0'), (0.1, '0.1'), (1.0, '1'), (10.0, '10'), (100.0, '100')]
    """
    first, last = scaled([low, high], power)
    every = max(1, ceil(room))
    steps = [every * i for i in range(ceil(first / every), floor(last / every) + 1)]
    return [(float(np.sign(i)) * float(f"1e{power + abs(i) - 1}"), power_text(i, power)) for i in steps]


def power_text(step: int, power: int) -> str:
    """Write the number at a whole step of the axis: plain, unless it would have more than six zeros."""
    if step == 0:
        return "0"
    tens = power + abs(step) - 1
    plain = f"{10**tens:,}" if tens >= 0 else f"{10.0**tens:.{-tens}f}"
    return ("−" if step < 0 else "") + (plain if abs(tens) <= 6 else f"1e{tens}".replace("-", "−"))


def _numbers(diagonal: Tensor) -> np.ndarray:
    return diagonal.detach().cpu().numpy()


def checked(exact: Any, estimates: Any, mask: Any) -> ProbeData:
    """Return the data if exact and estimates belong together."""
    _check_curvature("exact", exact)
    if exact.probes != 0:
        raise ValueError(f"exact must be the exact diagonal (probes=None), got an estimate with {exact.probes} probes.")
    if not bool(exact.diagonal.any()):
        raise ValueError("exact must have a diagonal other than 0, or no error is relative to it.")
    if not isinstance(estimates, Sequence) or not estimates:
        raise ValueError(f"estimates must be a list of at least one Curvature, got {estimates!r}.")
    for i, one in enumerate(estimates):
        _check_curvature(f"estimates[{i}]", one)
        if one.diagonal.shape != exact.diagonal.shape:
            raise ValueError(
                f"estimates[{i}] must have {len(exact.diagonal)} weights as exact has, got {len(one.diagonal)}."
            )
    probes = [one.probes for one in estimates]
    if probes[0] < 1 or any(a >= b for a, b in zip(probes, probes[1:], strict=False)):
        raise ValueError(f"estimates must have growing numbers of probes of at least 1, got {probes}.")
    if mask is None:
        return ProbeData(exact, tuple(estimates), np.arange(len(exact.diagonal)))
    check_mask(mask, exact.diagonal)
    for name, one in [("exact", exact), *((f"estimates[{i}]", one) for i, one in enumerate(estimates))]:
        if one.diagonal[~mask].any():
            count = int((one.diagonal[~mask] != 0).sum())
            raise ValueError(f"{name} must be 0 where mask is False, got {count} other values: give both one mask.")
    return ProbeData(exact, tuple(estimates), mask.nonzero().flatten().cpu().numpy())


def _check_curvature(name: str, value: Any) -> None:
    if not isinstance(value, Curvature):
        raise TypeError(f"{name} must be a Curvature from hessian_diagonal, got {type(value).__name__}.")
    _expect.tensor(f"{name}.diagonal", value.diagonal)


def encode(data: ProbeData) -> dict[str, Any]:
    """Write the data as traits: a small description, and the points as bytes."""
    from toolkit.widgets.probe_words import caption, sentences

    probes = data.axes["probes"]
    spec = {
        "axes": {
            "probes": {
                "name": "Probes",
                "symbol": "M",
                "short": [str(number) for number in probes],
                "spoken": [f"{number:,} {'probe' if number == 1 else 'probes'}" for number in probes],
                "values": probes,
            }
        },
        "frame": data.frame,
        "power": data.power,
        "scale": data.scale,
        "measured": data.measured,
        "predicted": [error if isfinite(error) else None for error in data.predicted],
        "reference": data.reference,
        "caption": caption(data),
        "said": [sentences(data, index) for index in range(len(probes))],
    }
    return {"_spec": spec, "_points": data.drawn.astype(np.float32).tobytes()}
