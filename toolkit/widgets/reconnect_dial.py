"""ReconnectDial: slide the values of a network from where they began to where training put them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from toolkit import _expect
from toolkit.widgets import reconnect_picture as picture
from toolkit.widgets.base import Widget, source
from toolkit.widgets.reconnect_data import STEPS, Layer, checked_runs
from toolkit.widgets.reconnect_traits import check_k, check_place, check_position, encode, striking, usual_k
from toolkit.widgets.reconnect_words import View, words

if TYPE_CHECKING:
    from torch import Tensor

    from toolkit.data import Dataset
    from toolkit.space import WeightSpace


class ReconnectDial(Widget):
    """A slider from the start's arrangement of the weights to the trained one, cycle by cycle.

    Only places change, never values. At each of 41 positions you see the test accuracy and loss, the weights of a layer
    with a dot on each that holds a moved value, one neuron's incoming weights as an image that assembles itself, and
    the same row sorted, which stays as it is. Point at a weight, or go to it with the arrow keys, and an arrow shows
    where its value came from and where it goes. Everything is measured when the dial is made; moving it runs no Python.

    Args:
        space: the weight space, of at most 65,536 weights in matrices.
        before: the start [D].
        after: the trained network [D], whose rows are permutations of the start's.
        dataset: accuracy and loss are those of its test examples.
        runs: cached runs to look at below the dial: a mapping with the values of `"period"` (k) and of `"epoch"`, and
            under `"before"` and `"after"` the accuracies, as fractions nested [k][epoch], of the free weights before a
            synchronisation and of the synchronised ones after it. Other entries are left alone.
        layer: the layer to show first, by the name of its weights; left out, the first one.

    Attributes:
        position: from 0, the start, to 1, the trained network; set it to any number between, and it goes to the
            nearest of the 41 that were measured.
        layer: the layer in view.
        neuron: the row in view.
        column: the weight in view in that row.
        k: period of the runs in view, None without runs; at first the one whose synchronised networks end highest.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if the points are not of this space or not finite, a row of one is no permutation of that of the
            other, there are too many weights, or the runs lack something.

    Example:
        >>> from toolkit import WeightSpace, data, models
        >>> from toolkit.reconnect import start
        >>> digits, space = data.load("digits").subset(50), WeightSpace(models.mlp(64, 10))
        >>> before = start(space, seed=0)
        >>> after = before.clone()
        >>> after[:64] = before[:64].flip(0)  # the first neuron's weights, turned upside down
        >>> dial = ReconnectDial(space, before, after, digits)
        >>> dial.position = 1
        >>> dial, bool((dial.network == after).all())
        (ReconnectDial(64 of 640 values move, position=1, layer='fc1.weight'), True)
    """

    _esm = source(
        "shared.js",
        "shared_view.js",
        "shared_controls.js",
        "shared_charts.js",
        "reconnect_state.js",
        "reconnect_matrix.js",
        "reconnect_neuron.js",
        "reconnect_chart.js",
        "reconnect_runs.js",
        "reconnect_controls.js",
        "reconnect_dial.js",
    )
    _css = source("shared.css", "reconnect_dial.css")

    position = traitlets.TraitType(0.0, help="from 0, the start, to 1, the trained network").tag(sync=True)
    layer = traitlets.Unicode(help="the layer in view").tag(sync=True)
    neuron = traitlets.TraitType(0, help="the row in view").tag(sync=True)
    column = traitlets.TraitType(0, help="the weight in view in that row").tag(sync=True)
    k = traitlets.TraitType(None, help="period of the runs in view").tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)
    _before = traitlets.Bytes().tag(sync=True)
    _to = traitlets.Bytes().tag(sync=True)
    _step = traitlets.Bytes().tag(sync=True)
    _curves = traitlets.Bytes().tag(sync=True)
    _runs = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        space: "WeightSpace",
        before: "Tensor",
        after: "Tensor",
        dataset: "Dataset",
        runs: Mapping[str, Any] | None = None,
        layer: str | None = None,
    ) -> None:
        """Measure the way from one arrangement to the other."""
        from toolkit.widgets.reconnect_measuring import measure_dial

        self._cached = checked_runs(runs)
        self._data, self._thetas = measure_dial(space, before, after, dataset)
        first = self._data.names[0] if layer is None else _expect.choice("layer", layer, self._data.names)
        column = striking(self._data.layers[self._data.names.index(first)])
        super().__init__(layer=first, column=column, k=usual_k(self._cached), **encode(self._data, self._cached))

    @property
    def network(self) -> "Tensor":
        """The network at the present position as a point [D]."""
        return self._thetas[round(self.position * STEPS)].clone()

    @property
    def alt(self) -> str:
        """What the dial shows at this moment, in words."""
        return words(self._view())

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        return picture.draw(self._view())

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        moving = f"{self._data.moved(STEPS)} of {self._data.size} values move"
        at_k = "" if self.k is None else f", k={self.k}"
        return f"ReconnectDial({moving}, position={self.position:g}, layer={self.layer!r}{at_k})"

    def _view(self) -> View:
        at = round(self.position * STEPS)
        return View(self._data, self._cached, at, self._shown(), self.neuron, self.column, self.k)

    def _shown(self) -> Layer:
        return self._data.layers[self._data.names.index(self.layer)]

    @traitlets.observe("layer")
    def _stay_inside(self, change: Any) -> None:
        """A smaller layer may have no such row or column: go to its last one."""
        rows, n = self._shown().before.shape
        self.neuron, self.column = min(self.neuron, rows - 1), min(self.column, n - 1)

    @traitlets.validate("position")
    def _valid_position(self, proposal: dict) -> float:
        return check_position(proposal["value"])

    @traitlets.validate("layer")
    def _valid_layer(self, proposal: dict) -> str:
        return _expect.choice("layer", proposal["value"], self._data.names)

    @traitlets.validate("neuron")
    def _valid_neuron(self, proposal: dict) -> int:
        return check_place("neuron", proposal["value"], self._shown().before.shape[0], self.layer)

    @traitlets.validate("column")
    def _valid_column(self, proposal: dict) -> int:
        return check_place("column", proposal["value"], self._shown().before.shape[1], self.layer)

    @traitlets.validate("k")
    def _valid_k(self, proposal: dict) -> int | None:
        return check_k(proposal["value"], self._cached)
