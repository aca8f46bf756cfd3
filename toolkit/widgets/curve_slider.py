"""CurveSlider: walk along a path between two networks and see what changes."""

from collections.abc import Mapping
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import traitlets

from toolkit import _expect
from toolkit.widgets import curve_picture
from toolkit.widgets.base import Widget, source
from toolkit.widgets.curve_switches import VariantName, spoken, switches
from toolkit.widgets.curve_traits import checked, classes, encode
from toolkit.widgets.path_data import PathData
from toolkit.widgets.path_map import PathMap

if TYPE_CHECKING:
    from toolkit.data import Dataset
    from toolkit.landscape import Plane
    from toolkit.space import WeightSpace


class CurveSlider(Widget):
    """A slider along a path between network A (t = 0) and network B (t = 1).

    Drag it, use the arrow keys or press Play: the loss, the accuracy, what the network reads in some test images,
    and its first-layer filters follow at once. Everything is computed when the slider is made; moving it runs no
    Python. What lies between two measured points is interpolated; digits are those of the nearest one.

    Args:
        space: the weight space.
        path: a `Line`, `Bezier` or `PolyChain`.
        dataset: the data to measure on.
        points: number of measured points.
        images: number of test images to show.
        refresh: estimate the BatchNorm statistics anew at every point.
        start: the t to start at.
        variants: instead of space, path and dataset: records of `measure` (or `PathData`) by name, at the same
            t and for the same images; the learner can switch between them. Names that are tuples of words, such as
            `("curve", "aligned")`, give one switch for each word; every combination of the words must be there.
        label: what the switch between variants is called; a tuple of labels where names are tuples.
        map: a `Plane` of the same space, shown as a map with the path on it; variants need their `path` for it, which
            those of `measure` have.

    Attributes:
        value: the present t; read it, set it, or `observe` it.
        metric: the metric whose barrier is drawn: `"loss"`, `"accuracy"` or `"ece"`.
        variant: name of the variant shown, the words of a tuple joined as in `"curve · aligned"`; set it to either.

    Raises:
        TypeError: if the path is given in part, or both ways, or `map` is no plane.
        ValueError: if the variants disagree or a combination is missing, `start` lies off the path, or `map` is a
            plane of another space.

    Example:
        >>> ones = PathData([0, 0.5, 1], [0.1, 1.3, 0.1], [0.2, 1.6, 0.4], [1, 0.7, 1], [0.9, 0.6, 0.9], total=500)
        >>> slider = CurveSlider(variants={"line": ones})
        >>> slider.value = 0.25
        >>> slider
        CurveSlider(3 points, t from 0 to 1, value=0.25)
    """

    _esm = source(
        "shared.js",
        "shared_view.js",
        "shared_controls.js",
        "shared_charts.js",
        "curve_chart.js",
        "curve_map.js",
        "curve_panels.js",
        "curve_controls.js",
        "curve_slider.js",
    )
    _css = source("shared.css", "curve_slider.css")

    value = traitlets.Float(0.5, help="the present t").tag(sync=True)
    variant = VariantName(help="name of the variant shown").tag(sync=True)
    metric = traitlets.Unicode("loss", help="the metric whose barrier is drawn").tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)
    _t = traitlets.Bytes().tag(sync=True)
    _curves = traitlets.Bytes().tag(sync=True)
    _images = traitlets.Bytes().tag(sync=True)
    _predictions = traitlets.Bytes().tag(sync=True)
    _filters = traitlets.Bytes().tag(sync=True)
    _ground = traitlets.Bytes().tag(sync=True)
    _tracks = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        space: "WeightSpace | None" = None,
        path: Any = None,
        dataset: "Dataset | None" = None,
        *,
        points: int = 51,
        images: int = 24,
        refresh: bool = True,
        start: float = 0.5,
        variants: Mapping[str | tuple[str, ...], PathData] | None = None,
        label: str | tuple[str, ...] = "Show",
        map: "Plane | None" = None,
    ) -> None:
        """Measure the path, or take what was measured."""
        given = [argument is not None for argument in (space, path, dataset)]
        if variants is None and not all(given):
            raise TypeError("CurveSlider needs space, path and dataset, or variants={name: measured path}.")
        if variants is not None and any(given):
            raise TypeError("CurveSlider takes either space, path and dataset, or variants, not both.")
        if variants is None:
            from toolkit.widgets.measuring import measure

            variants = {"path": measure(space, path, dataset, points, images, refresh)}
        self._data = checked(variants)
        self._switches = switches(list(variants), label)
        first = next(iter(self._data.values()))
        _check_position("start", start, first)
        self._map = None if map is None else PathMap(map, self._data)
        traits = encode(self._data, self._switches, self._map)
        super().__init__(value=float(start), variant=next(iter(self._data)), **traits)

    @property
    def data(self) -> PathData:
        """The measured path of the variant shown."""
        return self._data[self.variant]

    @property
    def alt(self) -> str:
        """What the slider shows at this moment, in words."""
        name, data, t = self.metric, self.data, self.value
        series = f"test_{name}"
        a, b, now = (curve_picture.show_value(name, data.at(series, where)) for where in (0, 1, t))
        top, height = data.barrier(name)
        what = f"test {curve_picture.LABELS[name].lower()}"
        barrier = (
            f"a barrier of {curve_picture.show_gap(name, height)} at t = {top:.2f}" if height > 0 else "no barrier"
        )
        accuracy = data.at("test_accuracy", t)
        chosen = f", {self._chosen}" if self._chosen else ""
        return (
            f"Loss and accuracy along a path from network A (t = 0) to network B (t = 1){chosen}. "
            f"The {what} is {a} at A and {b} at B, with {barrier}. "
            f"At t = {t:.2f} the {what} is {now} and {round((1 - accuracy) * data.total)} of {data.total} "
            f"test examples are wrong."
        ) + (f" {self._map.alt(self.variant, t)}" if self._map else "")

    @property
    def _chosen(self) -> str:
        return spoken(self._switches, self.variant)

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        draw_map = self._map and partial(self._map.draw, name=self.variant, t=self.value)
        others = [data for name, data in self._data.items() if name != self.variant]
        return curve_picture.draw(
            self.data, classes(self._data), self.metric, self.value, draw_map, title=self._chosen, others=others
        )

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        t = self.data.t
        return f"CurveSlider({len(t)} points, t from {t[0]:g} to {t[-1]:g}, value={self.value:g})"

    @traitlets.validate("value")
    def _valid_value(self, proposal: dict) -> float:
        _check_position("value", proposal["value"], self.data)
        return proposal["value"]

    @traitlets.validate("variant")
    def _valid_variant(self, proposal: dict) -> str:
        return _expect.choice("variant", proposal["value"], list(self._data))

    @traitlets.validate("metric")
    def _valid_metric(self, proposal: dict) -> str:
        return _expect.choice("metric", proposal["value"], next(iter(self._data.values())).metrics)


def _check_position(name: str, value: Any, data: PathData) -> None:
    low, high = float(data.t[0]), float(data.t[-1])
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}, the ends of the path, got {value!r}.")
