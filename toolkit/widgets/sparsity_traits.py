"""What a SparsityExplorer sends to the browser, and which rounds it takes from there."""

from numbers import Integral
from typing import Any

import numpy as np

from toolkit.widgets.sparsity_data import STABLE, Layer, Source, SparsityData
from toolkit.widgets.sparsity_words import DEFINITION, density, fallen, overall, points, sentences, title, verdict


def encode(data: SparsityData) -> dict[str, Any]:
    """Write everything as traits: all that is said as text, one byte a weight (the rounds it survives), the curves."""
    spec = {
        "rounds": data.rounds,
        "points": next(iter(data.sources.values())).error.shape[1],
        "stable": STABLE,
        "definition": DEFINITION,
        "layers": [_layer(data, layer) for layer in data.layers],
        "sources": [{"name": name, "rounds": _said(data, source)} for name, source in data.sources.items()],
    }
    sources = data.sources.values()
    return {
        "_spec": spec,
        "_lived": np.concatenate([source.lived for source in sources]).tobytes(),
        "_error": np.stack([source.error for source in sources]).tobytes(),
        "_barriers": np.stack([source.barriers for source in sources]).tobytes(),
    }


def _layer(data: SparsityData, layer: Layer) -> dict[str, Any]:
    short = f"layer {data.layers.index(layer) + 1}"
    said = {"name": layer.name, "title": title(data, layer), "short": short}
    return {**said, "rows": layer.rows, "n": layer.n, "side": layer.side}


def _said(data: SparsityData, source: Source) -> list[dict[str, Any]]:
    """The words of every round."""
    return [
        {
            "said": sentences(data, source, at),
            "overall": overall(data, source, at),
            "verdict": verdict(source.barriers[at]),
            "points": points(source.barriers[at]),
            "peak": source.peak(at),
            "density": [density(data, source, at, layer) for layer in (*data.layers, None)],
            "fell": [fallen(source, at, layer) for layer in data.layers],
        }
        for at in range(data.rounds + 1)
    ]


def check_round(value: Any, rounds: int) -> int:
    """Return the number of a round."""
    if not isinstance(value, Integral) or isinstance(value, bool) or not 0 <= value <= rounds:
        raise ValueError(f"round must be a whole number from 0 to {rounds}, got {value!r}.")
    return int(value)
