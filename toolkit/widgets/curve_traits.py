"""What a CurveSlider sends to the browser: whether variants fit one control, and how they travel."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit.widgets.curve_switches import Switch, by_joined_name, is_name, words_of
from toolkit.widgets.path_data import SERIES, PathData, strongest, worst_first
from toolkit.widgets.path_map import PathMap


def checked(variants: Mapping[str | tuple[str, ...], PathData]) -> dict[str, PathData]:
    """Return the variants by name if one control can show them all: same t, same metrics, same images."""
    if not isinstance(variants, Mapping) or not variants:
        raise ValueError(f"variants must map at least one name to a measured path, got {variants!r}.")
    for name, data in variants.items():
        if not is_name(name) or not isinstance(data, PathData):
            raise TypeError(f"variants must map names to PathData, got {name!r}: {type(data).__name__}.")
    first_name, first = next(iter(variants.items()))
    for name, data in variants.items():
        for field in ("t", *SERIES, "images", "labels", "filters", "total"):
            if not _agree(field, getattr(first, field), getattr(data, field)):
                raise ValueError(f"variants must share {field}, but {first_name!r} and {name!r} differ.")
    return by_joined_name(variants)


def _agree(field: str, a: Any, b: Any) -> bool:
    """Same positions and images; of curves and filters, only that both have them, in the same shape."""
    if a is None or b is None:
        return a is b
    if field in ("t", "images", "labels", "total"):
        return np.array_equal(a, b)
    return a.shape == b.shape


def classes(variants: Mapping[str, PathData]) -> list[str]:
    """Names of the classes: their numbers."""
    highest = max(
        (max(d.labels.max(), d.predictions.max()) for d in variants.values() if d.images is not None), default=0
    )
    return [str(number) for number in range(int(highest) + 1)]


def encode(variants: dict[str, PathData], found: list[Switch], path_map: PathMap | None) -> dict[str, Any]:
    """Write the variants, and the map if there is one, as traits: a small description, and arrays as bytes."""
    records = list(variants.values())
    first = records[0]
    series = [name for name in SERIES if getattr(first, name) is not None]
    curves = np.array([[getattr(data, name) for name in series] for data in records], dtype=np.float32)
    spec = {
        "title": "Path from network A to network B",
        "switches": [{"label": switch.label, "words": switch.words} for switch in found],
        "variants": [
            {"name": name, "words": words_of(found, name), "barriers": _barriers(data)}
            for name, data in variants.items()
        ],
        "series": series,
        "metrics": first.metrics,
        "classes": classes(variants),
        "total": first.total,
        "images": None,
        "filters": None,
        "map": path_map and path_map.describe(),
    }
    traits = {"_spec": spec, "_t": first.t.tobytes(), "_curves": curves.tobytes()}
    if path_map:
        tracks = np.array([path_map.tracks[name] for name in variants], dtype=np.float32)
        ground, spec["map"]["range"] = path_map.ground()
        traits |= {"_ground": ground, "_tracks": tracks.tobytes()}
    if first.images is not None:
        order = worst_first(records)
        n, channels, height, width = first.images.shape
        labels = first.labels[order].tolist()
        spec["images"] = {"labels": labels, "channels": channels, "height": height, "width": width}
        traits["_images"] = np.rint(255 * first.images[order]).astype(np.uint8).tobytes()
        traits["_predictions"] = np.array([data.predictions[:, order] for data in records], dtype=np.uint8).tobytes()
    if first.filters is not None:
        spec["filters"], traits["_filters"] = _filters(records)
    return traits


def _filters(records: list[PathData]) -> tuple[dict[str, Any], bytes]:
    """The filters' description and their bytes; variants with the same filters share them."""
    knots, count, height, width = records[0].filters.shape
    t = records[0].t
    filters, which = _distinct([data.filters for data in records])
    where = np.linspace(t[0], t[-1], knots).tolist()
    scaled = np.clip(filters / strongest(filters), -1, 1)
    spec = {"count": count, "height": height, "width": width, "knots": where, "which": which}
    return spec, np.rint(127 * scaled).astype(np.int8).tobytes()


def _distinct(arrays: list[np.ndarray]) -> tuple[np.ndarray, list[int]]:
    """The arrays without repeats, and the place of each among them: other statistics, same filters."""
    keys = [array.tobytes() for array in arrays]
    unique = dict(zip(keys, arrays, strict=True))
    return np.array(list(unique.values())), [list(unique).index(key) for key in keys]


def _barriers(data: PathData) -> dict[str, dict[str, float]]:
    """Height, place and foot of the barrier in every metric."""
    found = {}
    for metric in data.metrics:
        t, height = data.barrier(metric)
        found[metric] = {"value": height, "t": t, "chord": float(data.chord(metric, t))}
    return found
