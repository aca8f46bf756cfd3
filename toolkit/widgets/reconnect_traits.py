"""What a ReconnectDial sends to the browser, and which settings it takes from there."""

from numbers import Integral
from typing import Any

import numpy as np

from toolkit import _expect
from toolkit.widgets.path_data import strongest
from toolkit.widgets.reconnect_data import STEPS, DialData, Layer, Runs


def encode(data: DialData, runs: Runs | None) -> dict[str, Any]:
    """Write everything measured as traits: a small description, and arrays as bytes."""
    spec = {"steps": STEPS, "layers": [_layer(layer) for layer in data.layers], "vectors": data.vectors, "runs": None}
    if runs is not None:
        spec["runs"] = {"period": runs.period, "epoch": runs.epoch, "range": runs.range}
    curves = np.stack([data.loss, data.accuracy])
    over_epochs = np.zeros(0) if runs is None else np.stack([runs.before, runs.after])
    return {
        "_spec": spec,
        "_before": _joined(data, "before", np.float32),
        "_to": _joined(data, "to", np.uint16),
        "_step": _joined(data, "step", np.uint8),
        "_curves": curves.astype(np.float64).tobytes(),
        "_runs": over_epochs.astype(np.float64).tobytes(),
    }


def _layer(layer: Layer) -> dict[str, Any]:
    rows, n = layer.before.shape
    image = list(layer.image) if layer.image else None
    return {"name": layer.name, "rows": rows, "n": n, "image": image, "limit": strongest(layer.before)}


def _joined(data: DialData, name: str, kind: type) -> bytes:
    return np.concatenate([getattr(layer, name).ravel() for layer in data.layers]).astype(kind).tobytes()


def check_position(value: Any) -> float:
    """Return the stop of the dial nearest to a number in [0, 1]."""
    return round(_expect.number("position", value, 0, 1) * STEPS) / STEPS


def check_place(name: str, value: Any, size: int, layer: str) -> int:
    """Return the index of a row or a column if the layer has one of this number."""
    if not isinstance(value, Integral) or isinstance(value, bool) or not 0 <= value < size:
        raise ValueError(f"{name} must be a whole number from 0 to {size - 1} for {layer!r}, got {value!r}.")
    return int(value)


def check_k(value: Any, runs: Runs | None) -> int | None:
    """Return a period if there is a run with it."""
    if runs is None:
        if value is not None:
            raise ValueError(f"k must be None without runs=, got {value!r}.")
        return None
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value not in runs.period:
        raise ValueError(f"k must be one of {', '.join(map(str, runs.period))}, got {value!r}.")
    return int(value)


def striking(layer: Layer) -> int:
    """The column to begin at: that of the first row's largest weight that moves, or of the largest."""
    sizes = np.abs(layer.before[0])
    return int((sizes + sizes.max() * (layer.step[0] <= STEPS)).argmax())


def usual_k(runs: Runs | None) -> int | None:
    """The k to begin at: the one whose synchronised networks end highest."""
    return None if runs is None else runs.period[int(runs.after[:, -1].argmax())]
