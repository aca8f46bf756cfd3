"""What a ReconnectDial shows: where every value stands and when it moves, and what was measured on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit import _expect

STEPS = 40  # the dial stops at 0, 1/40, 2/40, ... 1
NEVER = 255  # the step of a value that stays
KEYS = ("period", "epoch", "before", "after")


@dataclass(frozen=True)
class Layer:
    """One matrix (or filter bank) with a row for each neuron.

    Attributes:
        name: of its weights.
        before: the values where they began [rows, n].
        to: the column that each of them goes to [rows, n].
        step: the stop of the dial, 1 to 40, at which it has gone there, or NEVER [rows, n].
        image: height and width where a row is an image, else None.
    """

    name: str
    before: np.ndarray
    to: np.ndarray
    step: np.ndarray
    image: tuple[int, int] | None

    def origins(self, at: int) -> np.ndarray:
        """The column at which the value now at each place began [rows, n], at a stop of the dial."""
        rows, columns = np.nonzero(self.step <= at)
        origins = np.tile(np.arange(self.before.shape[1]), (len(self.before), 1))
        origins[rows, self.to[rows, columns]] = columns
        return origins

    def now(self, at: int) -> np.ndarray:
        """The weights [rows, n] at a stop of the dial."""
        return np.take_along_axis(self.before, self.origins(at), 1)


@dataclass(frozen=True)
class DialData:
    """The way from the start's arrangement to the trained one.

    Attributes:
        layers: everything that can move.
        loss: test loss at each stop [41], in nats.
        accuracy: test accuracy there [41], in [0, 1].
        vectors: whether biases or norms differ between the two networks.
    """

    layers: list[Layer]
    loss: np.ndarray
    accuracy: np.ndarray
    vectors: bool

    @property
    def names(self) -> list[str]:
        """The layers by name."""
        return [layer.name for layer in self.layers]

    @property
    def size(self) -> int:
        """How many values there are."""
        return sum(layer.before.size for layer in self.layers)

    def moved(self, at: int) -> int:
        """How many values have moved by a stop of the dial."""
        return sum(int((layer.step <= at).sum()) for layer in self.layers)


@dataclass(frozen=True)
class Runs:
    """Runs with several periods: accuracies of the free weights and of the synchronised ones, epoch by epoch.

    Attributes:
        period: k of each run, rising.
        epoch: when it was measured, rising.
        before: accuracy of the free weights [K, E], in [0, 1].
        after: that of the synchronised ones [K, E].
    """

    period: list[int]
    epoch: list[float]
    before: np.ndarray
    after: np.ndarray

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest accuracy of all runs, at least a tenth apart: all k are drawn on one scale."""
        both = np.stack([self.before, self.after])
        low, high = float(both.min()), float(both.max())
        spare = max(0.0, 0.1 - (high - low)) / 2
        return max(0.0, low - spare), min(1.0, high + spare)


def checked_runs(runs: Any) -> Runs | None:
    """Return cached runs as a record, or say in a sentence what is wrong with them."""
    if runs is None:
        return None
    if not isinstance(runs, Mapping):
        raise TypeError(f"runs must be a mapping with {', '.join(map(repr, KEYS))}, got {type(runs).__name__}.")
    for key in KEYS:
        if key not in runs:
            raise ValueError(f"runs must have {', '.join(map(repr, KEYS))}, got a mapping without {key!r}.")
    period = _rising("period", runs["period"], whole=True)
    epoch = _rising("epoch", runs["epoch"], whole=False)
    before, after = (_curves(name, runs[name], len(period), len(epoch)) for name in ("before", "after"))
    return Runs(period, epoch, before, after)


def _entries(name: str, value: Any) -> list:
    """The entries of a list, tuple or array."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(listed, Sequence) or isinstance(listed, str | bytes):
        raise TypeError(f"{name} must be a list, got {value!r}.")
    return list(listed)


def _rising(name: str, value: Any, whole: bool) -> list:
    entries = _entries(f"runs[{name!r}]", value)
    try:
        numbers = [_expect.count(name, one) if whole else _expect.number(name, one, 0) for one in entries]
    except ValueError:
        numbers = []
    if not numbers or any(a >= b for a, b in zip(numbers, numbers[1:], strict=False)):
        rule = "whole numbers of at least 1" if whole else "numbers of at least 0"
        raise ValueError(f"runs[{name!r}] must be {rule}, rising, at least one, got {entries!r}.")
    return numbers


def _curves(name: str, value: Any, periods: int, epochs: int) -> np.ndarray:
    name = f"runs[{name!r}]"
    curves = _entries(name, value)
    if len(curves) != periods:
        raise ValueError(f"{name} must have {periods} entries, one for each period, got {len(curves)}.")
    found = []
    for k, curve in enumerate(curves):
        entries = _entries(f"{name}[{k}]", curve)
        if len(entries) != epochs:
            raise ValueError(f"{name}[{k}] must have {epochs} entries, one for each epoch, got {len(entries)}.")
        found.append([_expect.number(f"{name}[{k}][{e}]", entry, 0, 1) for e, entry in enumerate(entries)])
    return np.array(found)
