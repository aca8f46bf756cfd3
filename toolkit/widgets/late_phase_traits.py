"""What a LatePhasePanel sends to the browser, and which settings it takes from there."""

from itertools import product
from math import isclose
from numbers import Real
from typing import Any

import numpy as np
import traitlets

from toolkit.widgets.late_phase_data import AXES, LatePhaseGrid
from toolkit.widgets.late_phase_words import SYMBOLS, sentences, setting, short, spoken
from toolkit.widgets.wording import percent

NAMES = {"noise": "Noise", "start": "Release", "members": "Members"}
USUAL = {"noise": 0.0, "start": 0.6, "members": 5}  # what LatePhase does unless told


class OnGrid(traitlets.TraitType):
    """A trait for one of the values of the grid's axis of the same name."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the grid's own value."""
        known = obj._data.axes[self.name]
        if isinstance(value, Real) and not isinstance(value, bool):
            for entry in known:
                if isclose(entry, value, rel_tol=1e-9):
                    return entry
        raise ValueError(f"{self.name} must be one of {', '.join(f'{entry:g}' for entry in known)}, got {value!r}.")


def usual(grid: LatePhaseGrid) -> dict[str, Any]:
    """The place to begin at: for each axis the value nearest to what `LatePhase` does unless told."""
    return {axis: min(grid.axes[axis], key=lambda value: abs(value - USUAL[axis])) for axis in AXES}


def encode(grid: LatePhaseGrid) -> dict[str, Any]:
    """Write the grid as traits: everything said as text, the accuracies as bytes."""
    settings = [dict(zip(AXES, at, strict=True)) for at in product(*(grid.axes[axis] for axis in AXES))]
    spec = {
        "name": grid.name,
        "axes": {axis: _axis(axis, grid.axes[axis]) for axis in SYMBOLS},
        "seeds": len(grid.base),
        "range": grid.range,
        "lines": [{"name": name, "level": level, "shown": percent(level)} for name, level in grid.lines.items()],
        "cells": [_cell(grid, at) for at in settings],
    }
    return {"_spec": spec, "_values": grid.values.astype(np.float64).tobytes()}


def _axis(axis: str, values: list) -> dict[str, Any]:
    words = {"short": [short(axis, value) for value in values], "spoken": [spoken(axis, value) for value in values]}
    return {"name": NAMES[axis], "symbol": SYMBOLS[axis], "values": values, **words}


def _cell(grid: LatePhaseGrid, at: dict[str, Any]) -> dict[str, Any]:
    shown = [percent(value) for value in grid.cell(at).mean(-1)]
    return {"title": setting(at), "shown": shown, "said": sentences(grid, at)}
