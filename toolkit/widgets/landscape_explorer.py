"""LandscapeExplorer: walk over a plane through weight space and see how a measure rises and falls."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from toolkit import _expect
from toolkit.widgets import landscape_picture as picture
from toolkit.widgets.base import Widget, source
from toolkit.widgets.landscape_data import Surface, carried
from toolkit.widgets.landscape_traits import NEAREST, checked, encode, scale_of
from toolkit.widgets.landscape_words import words

if TYPE_CHECKING:
    from torch import Tensor

    from toolkit.data import Dataset
    from toolkit.landscape import Neighbourhood, Plane
    from toolkit.space import WeightSpace


class LandscapeExplorer(Widget):
    """A map of a measure on a plane through weight space, with a point to drag.

    Drag the point, use the arrow keys, press a button or type coordinates: the value there, the value at the nearest
    network with a name and the distance to each of them follow at once, and a curve shows the measure on the straight
    line from a network through the point. Nothing is measured while you move: between grid points the value is
    bilinear, and marked by the sign ≈. All surfaces of one explorer share one scale of colours.

    Args:
        space: the weight space.
        surfaces: a `Plane` or a `Neighbourhood` from `toolkit.landscape`; or several by name, of the same measure, and
            the learner can switch between them.
        marks: further networks [D] by name, for every surface; or for each surface, by its name, a mapping of its own.
            They stand where the plane comes nearest to them.
        dataset: if given, every network with a name is measured itself, with BatchNorm statistics estimated anew;
            otherwise its value is read off the grid, and unknown where it lies off the plane.

    Attributes:
        surface: name of the surface shown; from plane to plane the point stays the same mixture of the three networks.
        x, y: coordinates of the point, inside the map; read them, set them, or `observe` them.
        line: the network where the straight line begins: its name, or `"nearest"`.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a surface or a mark lies in another space, the surfaces show different measures, a mark lies
            outside the map, or nothing has a name; or if the point would lie outside the map.

    Example:
        >>> from toolkit import WeightSpace, data, models
        >>> from toolkit.landscape import plane
        >>> space, digits = WeightSpace(models.mlp(64, 8, 10)), data.load("digits").subset(50)
        >>> cut = plane(space, [space.init(seed) for seed in range(3)], digits, size=5)
        >>> explorer = LandscapeExplorer(space, cut)
        >>> explorer.x, explorer.y = 0, 0  # network A
        >>> explorer, bool((explorer.network == space.init(0)).all())
        (LandscapeExplorer(A, B, C, x=0, y=0), True)
    """

    _esm = source(
        "shared.js",
        "shared_view.js",
        "shared_charts.js",
        "shared_maps.js",
        "landscape_state.js",
        "landscape_marks.js",
        "landscape_map.js",
        "landscape_line.js",
        "landscape_controls.js",
        "landscape_explorer.js",
    )
    _css = source("shared.css", "landscape_explorer.css")

    surface = traitlets.Unicode(help="name of the surface shown").tag(sync=True)
    x = traitlets.TraitType(0.0, help="first coordinate of the point").tag(sync=True)
    y = traitlets.TraitType(0.0, help="second coordinate of the point").tag(sync=True)
    line = traitlets.Unicode(NEAREST, help="where the straight line begins").tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)
    _grids = traitlets.Bytes().tag(sync=True)
    _colours = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        space: "WeightSpace",
        surfaces: "Plane | Neighbourhood | Mapping[str, Plane | Neighbourhood]",
        marks: "Mapping[str, Tensor | Mapping[str, Tensor]] | None" = None,
        dataset: "Dataset | None" = None,
    ) -> None:
        """Find the networks' places, and put the point where the way between them is half done."""
        found = checked(space, surfaces, marks, dataset)
        self._surfaces = {surface.name: surface for surface in found}
        self._scale = scale_of(found)
        self._last: tuple[str, float, float] | None = None
        x, y = _beginning(found[0])
        super().__init__(surface=found[0].name, x=x, y=y, **encode(found, self._scale))

    @property
    def network(self) -> "Tensor":
        """The network [D] at the point."""
        return self._shown.cut.at(self.x, self.y).detach().clone()

    @property
    def value(self) -> float:
        """The measure at the point, bilinear between grid points."""
        return float(self._shown.value(self.x, self.y))

    @property
    def distances(self) -> dict[str, float]:
        """Distance in weight space from the point to each network with a name."""
        return {one.name: self._shown.distance(one, self.x, self.y) for one in self._shown.networks}

    @property
    def alt(self) -> str:
        """What the explorer shows at this moment, in words."""
        return words(self._shown, len(self._surfaces) > 1, self.line, self.x, self.y)

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        title = self.surface if len(self._surfaces) > 1 else ""
        return picture.draw(self._shown, self._scale, title, self.line, self.x, self.y)

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        names = ", ".join(one.name for one in self._shown.networks)
        shown = f"surface={self.surface!r}, " if len(self._surfaces) > 1 else ""
        return f"LandscapeExplorer({names}, {shown}x={self.x:.3g}, y={self.y:.3g})"

    @property
    def _shown(self) -> Surface:
        return self._surfaces[self.surface]

    @traitlets.observe("surface", "x", "y")
    def _follow(self, change: Any) -> None:
        """Carry the point to another surface, unless it was moved at the same time; all three may change at once."""
        before, self._last = self._last, (self.surface, self.x, self.y)
        if before is None or before[0] == self.surface:
            return
        if before[1:] == (self.x, self.y):
            self.x, self.y = carried(self._surfaces[before[0]], self._shown, self.x, self.y)
        else:
            self.x, self.y = self._shown.clipped(self.x, self.y)
        if self.line not in (one.name for one in self._shown.networks):
            self.line = NEAREST

    @traitlets.validate("surface")
    def _valid_surface(self, proposal: dict) -> str:
        return _expect.choice("surface", proposal["value"], list(self._surfaces))

    @traitlets.validate("x")
    def _valid_x(self, proposal: dict) -> float:
        return _expect.number("x", proposal["value"], *self._shown.frame[:2])

    @traitlets.validate("y")
    def _valid_y(self, proposal: dict) -> float:
        return _expect.number("y", proposal["value"], *self._shown.frame[2:])

    @traitlets.validate("line")
    def _valid_line(self, proposal: dict) -> str:
        return _expect.choice("line", proposal["value"], [NEAREST, *(one.name for one in self._shown.networks)])


def _beginning(surface: Surface) -> tuple[float, float]:
    """Half-way between the first two networks; beside a single one, half-way to the edge."""
    first, *more = surface.networks
    other = (more[0].x, more[0].y) if more else (surface.frame[1], first.y)
    x, y = ((first.x + other[0]) / 2, (first.y + other[1]) / 2)
    return surface.clipped(x, y)
