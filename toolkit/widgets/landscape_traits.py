"""What a LandscapeExplorer takes, and what it sends to the browser."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.landscape import Neighbourhood, Plane, evaluate
from toolkit.space import WeightSpace
from toolkit.widgets.colour_table import colour_table
from toolkit.widgets.landscape_data import Named, Surface, looks, own_networks, place
from toolkit.widgets.landscape_words import caption, measure_of, show_level

LEVELS = 7  # contours at most
FLOOR = 1e-4  # the least loss that a logarithmic scale tells apart
WIDE = 20  # a loss that spans this factor gets a logarithmic scale
NEAREST = "nearest"


@dataclass(frozen=True)
class Scale:
    """What the colours mean, the same for every surface: lowest and highest value, how they are spread, contours."""

    low: float
    high: float
    log: bool
    levels: tuple[float, ...]

    def place(self, value: Any) -> Any:
        """Where values stand between 0, the darkest colour, and 1, the lightest."""
        bend = np.log if self.log else np.asarray
        low, high = bend(self.low), bend(self.high)
        return np.clip((bend(np.maximum(value, self.low)) - low) / (high - low), 0, 1)


def scale_of(surfaces: list[Surface]) -> Scale:
    """One scale for all surfaces: logarithmic where a loss spans more than a factor of 20."""
    values = np.concatenate([surface.cut.values.ravel() for surface in surfaces])
    low, high = float(values.min()), float(values.max())
    log = surfaces[0].cut.metric.endswith("loss") and high > WIDE * max(low, FLOOR)
    if log:
        low = max(low, FLOOR)
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        for parts in ((1, 2, 5), (1, 3), (1,)):
            levels = [part * 10.0**power for power in decades for part in parts]
            levels = [level for level in levels if low < level < high]
            if len(levels) <= LEVELS:
                break
        return Scale(low, high, True, tuple(levels))
    if high - low < 1e-9:
        return Scale(low - 0.01, high + 0.01, False, ())
    rough = (high - low) / LEVELS
    power = 10 ** np.floor(np.log10(rough))
    step = next(part * power for part in (1, 2, 5, 10) if part * power >= 0.999 * rough)
    levels = step * np.arange(np.ceil(low / step), np.floor(high / step) + 1)
    return Scale(low, high, False, tuple(float(level) for level in levels if low < level < high))


def checked(space: Any, surfaces: Any, marks: Any, dataset: Any) -> list[Surface]:
    """Return the surfaces with their named networks, measured where there is a data set."""
    if not isinstance(space, WeightSpace):
        raise TypeError(f"space must be a WeightSpace, got {type(space).__name__}.")
    if dataset is not None and not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a toolkit.Dataset, got {type(dataset).__name__}.")
    named = surfaces if isinstance(surfaces, Mapping) else {"surface": surfaces}
    if not named:
        raise ValueError("surfaces must hold at least one Plane or Neighbourhood, got none.")
    found = []
    for name, cut in named.items():
        _check_cut(space, name, cut, named)
        bare = Surface(name, cut)
        found.append(replace(bare, networks=_networks(space, bare, _marks_of(marks, name, named), dataset)))
    return found


def _check_cut(space: WeightSpace, name: Any, cut: Any, named: Mapping) -> None:
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f"surfaces must be named by words, got {name!r}.")
    if not isinstance(cut, Plane | Neighbourhood):
        raise TypeError(
            f"surfaces must be a Plane, a Neighbourhood or a mapping of names to them, got {type(cut).__name__}."
        )
    if cut.origin.shape != (space.size,):
        raise ValueError(f"surfaces must lie in the space R^{space.size}, but {name!r} lies in R^{len(cut.origin)}.")
    if not np.isfinite(cut.values).all():
        bad = int((~np.isfinite(cut.values)).sum())
        raise ValueError(f"surfaces must hold finite values, but {name!r} has {bad} that are not.")
    uu, uv, vv = Surface(name, cut).gram
    if uu * vv - uv * uv <= 1e-9 * uu * vv:
        raise ValueError(f"surfaces must span a plane, but the directions of {name!r} lie on one line.")
    first_name, first = next(iter(named.items()))
    if cut.metric != first.metric:
        raise ValueError(
            f"surfaces must share one measure, but {first_name!r} shows {first.metric} and {name!r} {cut.metric}."
        )


def _marks_of(marks: Any, surface: str, named: Mapping) -> dict[str, Tensor]:
    """The further networks on one surface: those given for all of them, or for this one by its name."""
    if marks is None:
        return {}
    if not isinstance(marks, Mapping):
        raise TypeError(f"marks must map names to networks, got {type(marks).__name__}.")
    nested = [isinstance(value, Mapping) for value in marks.values()]
    if not any(nested):
        return dict(marks)
    for name, value in marks.items():
        if name not in named or not isinstance(value, Mapping):
            raise ValueError(
                "marks must map names to networks, or each name of a surface to such a mapping, "
                f"got {name!r}: {type(value).__name__}."
            )
    return dict(marks.get(surface, {}))


def _networks(space: WeightSpace, bare: Surface, marks: dict[str, Tensor], dataset: Dataset | None) -> tuple:
    own = own_networks(bare.cut)
    for name, theta in marks.items():
        if not isinstance(name, str) or not name.strip() or name == NEAREST or name in own:
            raise ValueError(f"marks must have names of their own other than {NEAREST!r}, got {name!r}.")
        if _expect.tensor(f"marks[{name!r}]", theta).shape != (space.size,):
            raise ValueError(f"marks[{name!r}] must be a network [{space.size}], got shape {list(theta.shape)}.")
    thetas, look = own | marks, looks(bare.cut, marks)
    if not thetas:
        raise ValueError(f"marks must name a network where the plane names none, but {bare.name!r} has none at all.")
    left, right, low, high = bare.frame
    slack = 1e-6 * max(right - left, high - low)
    found = []
    for name, theta in thetas.items():
        x, y, away = place(bare, theta)
        if not (left - slack <= x <= right + slack and low - slack <= y <= high + slack):
            raise ValueError(
                f"marks must lie on the map, but {name!r} is at ({x:.3g}, {y:.3g}) of {bare.name!r}, which goes from "
                f"({left:.3g}, {low:.3g}) to ({right:.3g}, {high:.3g})."
            )
        x, y = bare.clipped(x, y)
        value, exact = None if away else float(bare.value(x, y)), not away and bare.on_grid(x, y)
        if dataset is not None:
            metric = bare.cut.metric
            value, exact = float(evaluate(space, theta, dataset, [metric])[metric]), True
        found.append(Named(name, look[name], x, y, away, value, exact))
    return tuple(found)


def encode(surfaces: list[Surface], scale: Scale) -> dict[str, Any]:
    """Write the surfaces as traits: a small description, and arrays as bytes."""
    metric = surfaces[0].cut.metric
    spec = {
        "measure": measure_of(metric),
        "percent": not metric.endswith("loss"),
        "low": scale.low,
        "high": scale.high,
        "log": scale.log,
        "levels": list(scale.levels),
        "shown": [show_level(metric, level) for level in scale.levels],
        "surfaces": [
            {
                "name": surface.name,
                "size": [len(surface.cut.x), len(surface.cut.y)],
                "gram": surface.gram,
                "corners": np.asarray(surface.cut.corners).tolist() if isinstance(surface.cut, Plane) else None,
                "caption": caption(surface),
                "networks": [vars(network) for network in surface.networks],
            }
            for surface in surfaces
        ],
    }
    arrays = [np.asarray(a, np.float64).ravel() for s in surfaces for a in (s.cut.x, s.cut.y, s.cut.values)]
    return {"_spec": spec, "_grids": np.concatenate(arrays).tobytes(), "_colours": colour_table()}
