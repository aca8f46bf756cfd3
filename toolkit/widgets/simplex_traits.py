"""What a SimplexExplorer sends to the browser, and which weights it takes from there."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import traitlets

from toolkit.widgets.colour_table import colour_table
from toolkit.widgets.curve_switches import Switch, by_joined_name, is_name, words_of
from toolkit.widgets.simplex_data import SimplexData

METRICS = ("accuracy", "loss")
COLOURS = ("common", "own")
FULL = 2**16 - 1  # a probability of 1 as a whole number


class Weights(traitlets.List):
    """A trait for three weights; or for none at all, where that is said to be fine."""

    def __init__(self, *given: Any, optional: bool = False, **more: Any) -> None:
        """Make the trait; `optional` lets it be []."""
        super().__init__(*given, **more)
        self._optional = optional

    def validate(self, obj: Any, value: Any) -> list[float]:
        """Return three floats, each at least 0, that sum to 1."""
        listed = value.tolist() if hasattr(value, "tolist") else value
        if self._optional and isinstance(listed, list | tuple) and not listed:
            return []
        fits = isinstance(listed, Sequence) and len(listed) == 3 and all(map(_is_weight, listed))
        if not fits or abs(sum(listed) - 1) > 1e-4:
            either = "[] or " if self._optional else ""
            raise ValueError(f"{self.name} must be {either}three weights of at least 0 that sum to 1, got {listed!r}.")
        return [float(weight) for weight in listed]


def _is_weight(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value >= 0


def checked(variants: Mapping[str | tuple[str, ...], SimplexData]) -> dict[str, SimplexData]:
    """Return the variants by name if one control can show them all."""
    if not isinstance(variants, Mapping) or not variants:
        raise ValueError(f"variants must map at least one name to a measured simplex, got {variants!r}.")
    for name, data in variants.items():
        if not is_name(name) or not isinstance(data, SimplexData):
            raise TypeError(f"variants must map names to records of measure_simplex, got {name!r}: {_kind(data)}.")
    first_name, first = next(iter(variants.items()))
    for name, data in variants.items():
        for what in ("steps", "total"):
            if getattr(first, what) != getattr(data, what):
                raise ValueError(f"variants must share {what}, but {first_name!r} and {name!r} differ.")
        if first.probabilities.shape != data.probabilities.shape or np.shape(first.images) != np.shape(data.images):
            raise ValueError(f"variants must share the form of images, but {first_name!r} and {name!r} differ.")
    return by_joined_name(variants)


def _kind(value: Any) -> str:
    return type(value).__name__


def scale(records: Sequence[SimplexData], metric: str) -> tuple[float, float]:
    """What the darkest and the lightest colour mean: lowest and highest value of a metric in some triangles."""
    values = np.concatenate([getattr(data, metric) for data in records])
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.01, high + 0.01)


def encode(variants: dict[str, SimplexData], found: list[Switch]) -> dict[str, Any]:
    """Write the variants as traits: a small description, and arrays as bytes."""
    records = list(variants.values())
    first = records[0]
    spec = {
        "switches": [{"label": switch.label, "words": switch.words} for switch in found],
        "variants": [
            {
                "name": name,
                "words": words_of(found, name),
                "labels": data.labels.tolist(),
                "divided": data.divided,
                "sides": data.sides,
                "scales": {metric: scale([data], metric) for metric in METRICS},
            }
            for name, data in variants.items()
        ],
        "steps": first.steps,
        "total": first.total,
        "classes": [str(number) for number in range(first.probabilities.shape[2])],
        "images": None,
        "scales": {metric: scale(records, metric) for metric in METRICS},
    }
    curves = np.array([[data.accuracy, data.loss] for data in records], np.float32)
    pairs = np.array([[data.wrong, data.differ] for data in records], np.uint32)
    traits = {"_spec": spec, "_curves": curves.tobytes(), "_pairs": pairs.tobytes(), "_colours": colour_table()}
    if first.images is not None:
        count, channels, height, width = first.images.shape
        spec["images"] = {"count": count, "channels": channels, "height": height, "width": width}
        pixels = np.clip(255 * np.array([data.images for data in records]), 0, 255)
        traits["_images"] = np.rint(pixels).astype(np.uint8).tobytes()
        likely = np.array([data.probabilities for data in records])
        traits["_probabilities"] = np.rint(FULL * likely).astype(np.uint16).tobytes()
    return traits
