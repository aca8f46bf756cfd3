"""SimplexExplorer: walk through a triangle of networks and see what changes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from toolkit import _expect
from toolkit.widgets import simplex_picture as picture
from toolkit.widgets.base import Widget, source
from toolkit.widgets.curve_switches import VariantName, spoken, switches
from toolkit.widgets.simplex_data import SimplexData
from toolkit.widgets.simplex_traits import COLOURS, METRICS, Weights, checked, encode, scale

if TYPE_CHECKING:
    from torch import Tensor

    from toolkit.data import Dataset
    from toolkit.space import WeightSpace
    from toolkit.subspaces import Simplex


class SimplexExplorer(Widget):
    """A triangle of networks to walk through: each point is the mean of its three corners with weights of its own.

    Drag the point, use the arrow keys, press a button or type the weights: accuracy, loss, and what the network reads
    in the test images that divide the corners follow at once. A second point makes an ensemble of two. Everything is
    measured when the explorer is made, on a grid and in the middle; moving runs no Python. What lies between measured
    points is interpolated and marked by the sign ≈; digits and ensembles are those of the nearest measured points.

    Args:
        space: the weight space.
        simplex: a `Simplex` of three networks.
        dataset: the data; its test examples are measured.
        steps: grid steps a side; 10 give 66 points, and the middle.
        images: number of test images to show.
        refresh: estimate the BatchNorm statistics anew at every point.
        variants: instead of space, simplex and dataset: records of `measure_simplex` by name; the learner can switch
            between them. Names that are tuples of words give one switch for each
            word; every combination of the words must be there.
        label: what the switch between variants is called; a tuple of labels where names are tuples.

    Attributes:
        value: the three weights of the point, which sum to 1; read it, set it, or `observe` it.
        second: the weights of the second point, or [] for none.
        metric: what the map shows: `"accuracy"` or `"loss"`.
        colours: `"common"` scales the map's colours to all variants, so that they can be compared, `"own"` to the one
            shown, so that its shape can be seen.
        variant: name of the variant shown, the words of a tuple joined as in `"learned · stale"`.

    Raises:
        TypeError: if the simplex is given in part, or both ways, or is none.
        ValueError: if it has not three points or lies in another space, or the variants disagree.

    Example:
        >>> from toolkit import Simplex, WeightSpace, data, models
        >>> space = WeightSpace(models.mlp(64, 16, 10))
        >>> triangle = Simplex([space.init(seed) for seed in (0, 100, 200)])
        >>> explorer = SimplexExplorer(space, triangle, data.load("digits").subset(50), steps=2)
        >>> explorer.value = [0.5, 0.25, 0.25]
        >>> explorer
        SimplexExplorer(7 points, value=[0.5, 0.25, 0.25])
        >>> explorer.network.shape
        torch.Size([1210])
    """

    _esm = source(
        "shared.js",
        "shared_view.js",
        "shared_controls.js",
        "shared_maps.js",
        "simplex_state.js",
        "simplex_map.js",
        "simplex_panels.js",
        "simplex_controls.js",
        "simplex_explorer.js",
    )
    _css = source("shared.css", "simplex_explorer.css")

    value = Weights([1 / 3, 1 / 3, 1 / 3], help="the three weights of the point").tag(sync=True)
    second = Weights([], optional=True, help="the weights of the second point, or []").tag(sync=True)
    metric = traitlets.Unicode("accuracy", help="what the map shows").tag(sync=True)
    colours = traitlets.Unicode("common", help="what colours are scaled to").tag(sync=True)
    variant = VariantName(help="name of the variant shown").tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)
    _curves = traitlets.Bytes().tag(sync=True)
    _pairs = traitlets.Bytes().tag(sync=True)
    _images = traitlets.Bytes().tag(sync=True)
    _probabilities = traitlets.Bytes().tag(sync=True)
    _colours = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        space: "WeightSpace | None" = None,
        simplex: "Simplex | None" = None,
        dataset: "Dataset | None" = None,
        *,
        steps: int = 10,
        images: int = 24,
        refresh: bool = True,
        variants: Mapping[str | tuple[str, ...], SimplexData] | None = None,
        label: str | tuple[str, ...] = "Triangle",
    ) -> None:
        """Measure the triangle, or take what was measured."""
        given = [argument is not None for argument in (space, simplex, dataset)]
        if variants is None and not all(given):
            raise TypeError("SimplexExplorer needs space, simplex and dataset, or variants={name: measured simplex}.")
        if variants is not None and any(given):
            raise TypeError("SimplexExplorer takes either space, simplex and dataset, or variants, not both.")
        if variants is None:
            from toolkit.widgets.simplex_measuring import measure_simplex

            variants = {"simplex": measure_simplex(space, simplex, dataset, steps, images, refresh)}
        self._data = checked(variants)
        self._switches = switches(list(variants), label)
        super().__init__(variant=next(iter(self._data)), **encode(self._data, self._switches))

    @property
    def data(self) -> SimplexData:
        """What was measured of the variant shown."""
        return self._data[self.variant]

    @property
    def network(self) -> "Tensor":
        """The network [D] at the point."""
        return self.networks[0]

    @property
    def networks(self) -> "Tensor":
        """The networks [N, D] at the point and, where there is one, at the second point: the ensemble's members."""
        return self.data.simplex.at([self.value, self.second] if self.second else [self.value]).detach()

    @property
    def alt(self) -> str:
        """What the explorer shows at this moment, in words."""
        return picture.words(self._view())

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        return picture.draw(self._view())

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        shown = [f"{name}=[{', '.join(f'{weight:.3g}' for weight in at)}]" for name, at in self._points().items()]
        return f"SimplexExplorer({len(self.data.loss)} points, {', '.join(shown)})"

    def _points(self) -> dict[str, list[float]]:
        return {"value": self.value} | ({"second": self.second} if self.second else {})

    def _view(self) -> "picture.View":
        """The present state, for the picture and its words."""
        chosen = spoken(self._switches, self.variant)
        records = [self.data] if self.colours == "own" else list(self._data.values())
        return picture.View(self.data, chosen, self.metric, self.value, self.second, scale(records, self.metric))

    @traitlets.validate("variant")
    def _valid_variant(self, proposal: dict) -> str:
        return _expect.choice("variant", proposal["value"], list(self._data))

    @traitlets.validate("metric")
    def _valid_metric(self, proposal: dict) -> str:
        return _expect.choice("metric", proposal["value"], METRICS)

    @traitlets.validate("colours")
    def _valid_colours(self, proposal: dict) -> str:
        return _expect.choice("colours", proposal["value"], COLOURS)
