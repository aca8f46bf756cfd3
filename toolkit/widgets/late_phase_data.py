"""What a LatePhasePanel shows: accuracies over a grid of late-phase runs, checked before anything is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit import _expect

SERIES = ("member", "average", "ensemble")
AXES = ("members", "start", "noise")  # in the order of the nesting
KEYS = ("noise", "start", "members", "average", "member", "ensemble", "base")
RULES = {
    "noise": "numbers of at least 0",
    "start": "fractions of training in [0, 1)",
    "members": "whole numbers of at least 1",
}


@dataclass(frozen=True)
class LatePhaseGrid:
    """Test accuracies, as fractions, of late-phase runs with every combination of K, T0 and sigma0.

    Attributes:
        axes: the values of `"members"` (K), `"start"` (T0) and `"noise"` (sigma0), each rising.
        values: of the mean member, the weight average and the prediction ensemble [3, K, T0, sigma0, seeds].
        base: of one network trained plainly [seeds].
        references: means of further methods by name.
        name: of the data, or "".
    """

    axes: dict[str, list]
    values: np.ndarray
    base: np.ndarray
    references: dict[str, float]
    name: str

    def cell(self, at: Mapping[str, Any]) -> np.ndarray:
        """Accuracies [3, seeds] at one value of each axis."""
        return self.values[(slice(None), *self.place(at))]

    def along(self, over: str, at: Mapping[str, Any]) -> np.ndarray:
        """Accuracies [3, n, seeds] over one axis, the others standing still."""
        place = [slice(None) if name == over else index for name, index in zip(AXES, self.place(at), strict=True)]
        return self.values[(slice(None), *place)]

    def place(self, at: Mapping[str, Any]) -> tuple[int, ...]:
        """Indices of one value of each axis."""
        return tuple(self.axes[name].index(at[name]) for name in AXES)

    @property
    def lines(self) -> dict[str, float]:
        """Levels to compare with: the base's mean, then the references."""
        return {"base": float(self.base.mean()), **self.references}

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest accuracy anywhere, at least a tenth apart: all settings are drawn on one scale."""
        levels = [*self.values.ravel(), *self.base, *self.references.values()]
        low, high = float(min(levels)), float(max(levels))
        spare = max(0.0, 0.1 - (high - low)) / 2
        return max(0.0, low - spare), min(1.0, high + spare)


def checked(grid: Any, references: Any = None) -> LatePhaseGrid:
    """Return a grid and its references as one record, or say in a sentence what is wrong with them."""
    if not isinstance(grid, Mapping):
        raise TypeError(f"grid must be a mapping such as a claim of a lesson's evidence, got {type(grid).__name__}.")
    for key in KEYS:
        if key not in grid:
            raise ValueError(f"grid must have {', '.join(map(repr, KEYS))}, got one without {key!r}.")
    axes = {name: _axis(name, grid[name]) for name in AXES}
    base = _entries("grid['base']", grid["base"])
    if len(base) < 2:
        raise ValueError(f"grid['base'] must hold at least 2 seeds, got {len(base)}.")
    sizes = [(len(axes[name]), f"one for each of {name}") for name in AXES]
    sizes.append((len(base), "one for each seed, as in base"))
    values = np.array([_nested(f"grid[{name!r}]", grid[name], sizes) for name in SERIES])
    name = grid.get("name", "")
    if not isinstance(name, str):
        raise TypeError(f"grid['name'] must be a text, got {name!r}.")
    return LatePhaseGrid(axes, values, np.array(_fractions("grid['base']", base)), _references(references), name)


def _entries(name: str, value: Any) -> list:
    """The entries of a list, tuple or array."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(listed, Sequence) or isinstance(listed, str | bytes):
        raise TypeError(f"{name} must be a list, got {value!r}.")
    return list(listed)


def _axis(name: str, value: Any) -> list:
    entries = _entries(f"grid[{name!r}]", value)
    check = _expect.count if name == "members" else lambda label, entry: _expect.number(label, entry, 0)
    try:
        numbers = [check(name, entry) for entry in entries]
    except ValueError:
        numbers = []
    rising = all(a < b for a, b in zip(numbers, numbers[1:], strict=False))
    if not numbers or not rising or (name == "start" and numbers[-1] >= 1):
        raise ValueError(f"grid[{name!r}] must be {RULES[name]}, rising, at least one, got {entries!r}.")
    return numbers


def _nested(name: str, value: Any, sizes: list[tuple[int, str]]) -> list:
    """Lists in lists of the sizes expected, with fractions in the innermost."""
    (size, why), *inner = sizes
    entries = _entries(name, value)
    if len(entries) != size:
        raise ValueError(f"{name} must have {size} entries, {why}, got {len(entries)}.")
    if not inner:
        return _fractions(name, entries)
    return [_nested(f"{name}[{i}]", entry, inner) for i, entry in enumerate(entries)]


def _fractions(name: str, entries: list) -> list[float]:
    return [_expect.number(f"{name}[{i}]", entry, 0, 1) for i, entry in enumerate(entries)]


def _references(references: Any) -> dict[str, float]:
    """Mean levels by name."""
    if references is None:
        return {}
    if not isinstance(references, Mapping):
        raise TypeError(f"references must map names to accuracies, got {type(references).__name__}.")
    found = {}
    for name, level in references.items():
        if not isinstance(name, str) or not name.strip() or name == "base":
            raise ValueError(f"each name in references must be a text other than 'base', got {name!r}.")
        label = f"references[{name!r}]"
        single = not hasattr(level, "__len__")
        levels = [_expect.number(label, level, 0, 1)] if single else _fractions(label, _entries(label, level))
        if not levels:
            raise ValueError(f"{label} must hold at least one accuracy, got none.")
        found[name] = float(np.mean(levels))
    return found
