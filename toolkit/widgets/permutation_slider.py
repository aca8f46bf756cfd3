"""PermutationSlider: renumber B's units swap by swap until they stand beside their partners in A."""

from typing import TYPE_CHECKING, Any

import traitlets

from toolkit import _expect
from toolkit.widgets import permutation_picture as picture
from toolkit.widgets.base import Widget, source
from toolkit.widgets.permutation_traits import answer, check_k, check_swaps, encode

if TYPE_CHECKING:
    from torch import Tensor

    from toolkit.data import Dataset
    from toolkit.match import Match
    from toolkit.space import WeightSpace
    from toolkit.symmetry import Permutations, Symmetry
    from toolkit.widgets.permutation_data import Arrangement


class PermutationSlider(Widget):
    """A slider from network B as it was trained (k = 0) to its aligned copy (k = K), one swap of two units at a time.

    Drag it, use the arrow keys or press Play: the correlations with A's units gather on the diagonal, B's first-layer
    filters walk below their partners, and the loss on the line from A to P(B) sinks, while the function of P(B) never
    moves. Everything is measured when the slider is made; moving it runs no Python.

    You can also swap units by hand: click two columns of the matrix, or type two places. Swaps by hand come on top of
    the k swaps of the slider. Moving the slider in the browser sets them aside, and says so; Undo brings them back.
    The kernel measures the line of an arrangement made by hand.

    Args:
        space: the weight space.
        a: network A [D], which stays as it is.
        b: network B [D], whose units are renumbered.
        dataset: units are correlated on its training inputs; the line is measured on its test examples.
        perms: where to go, a `Match` or permutations; left out, the match by activations. The score is the
            correlation of activations in any case.
        symmetry: from `trace`; left out, it is traced.
        points: number of measured points on each line.
        start: the k to start at.
        measured: how many k to measure, evenly spread; left out, all of them for a small dense network, else 17. In
            between, curves lie between their measured neighbours, and the read-out says so by the sign ≈.

    Attributes:
        k: number of swaps done; read it, set it, or `observe` it.
        group: the layer whose correlations are shown.
        swaps_by_hand: swaps (group, place, place) on top of the k of the slider.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a or b is not of this space or not finite, the network has no units to renumber, `perms` does not
            fit, or `start` is not from 0 to K.

    Example:
        >>> from toolkit import WeightSpace, data, models
        >>> digits, space = data.load("digits").subset(50), WeightSpace(models.mlp(64, 4, 10))
        >>> b, perms = space.init(1), {"fc1": [3, 0, 1, 2]}
        >>> slider = PermutationSlider(space, space.init(0), b, digits, perms, points=3)
        >>> slider.k = 3
        >>> slider, slider.perms["fc1"].tolist()
        (PermutationSlider(3 swaps in 1 group, k=3), [3, 0, 1, 2])
        >>> slider.swaps_by_hand = [("fc1", 0, 1)]
        >>> slider.perms["fc1"].tolist()
        [0, 3, 1, 2]
    """

    _esm = source(
        "shared.js",
        "shared_view.js",
        "shared_controls.js",
        "shared_charts.js",
        "permutation_state.js",
        "permutation_matrix.js",
        "permutation_filters.js",
        "permutation_chart.js",
        "permutation_controls.js",
        "permutation_slider.js",
    )
    _css = source("shared.css", "permutation_slider.css")

    k = traitlets.Int(0, help="number of swaps done").tag(sync=True)
    group = traitlets.Unicode(help="the layer whose correlations are shown").tag(sync=True)
    swaps_by_hand = traitlets.List(help="swaps on top of the k of the slider").tag(sync=True)
    _past = traitlets.List(help="earlier states, for Undo").tag(sync=True)
    _answer = traitlets.Dict(help="what the kernel measured of an arrangement by hand").tag(sync=True)
    _live = traitlets.Bool(True, help="whether there is a kernel to ask").tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)
    _t = traitlets.Bytes().tag(sync=True)
    _swaps = traitlets.Bytes().tag(sync=True)
    _scores = traitlets.Bytes().tag(sync=True)
    _curves = traitlets.Bytes().tag(sync=True)
    _filters = traitlets.Bytes().tag(sync=True)

    def __init__(
        self,
        space: "WeightSpace",
        a: "Tensor",
        b: "Tensor",
        dataset: "Dataset",
        perms: "Match | Permutations | None" = None,
        *,
        symmetry: "Symmetry | None" = None,
        points: int = 21,
        start: int = 0,
        measured: int | None = None,
    ) -> None:
        """Measure the way from B to its aligned copy."""
        from toolkit.widgets.permutation_measuring import measure_swaps, prepare

        self._symmetry, self._ruler = prepare(space, a, b, dataset, symmetry, points)
        self._data = measure_swaps(self._ruler, perms, measured)
        self._found = None
        check_k("start", start, len(self._data.swaps))
        super().__init__(k=start, group=next(iter(self._data.groups)), **encode(self._data))

    @property
    def perms(self) -> "Permutations":
        """The permutations of the present arrangement: k swaps of the slider, then those by hand."""
        return self._symmetry.after(self._data.swaps[: self.k] + [tuple(swap) for swap in self.swaps_by_hand])

    @property
    def network(self) -> "Tensor":
        """The present arrangement P(B) as a point [D]."""
        return self._symmetry.apply(self._ruler.b, self.perms)

    @property
    def alt(self) -> str:
        """What the slider shows at this moment, in words."""
        return picture.words(self._view())

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        return picture.draw(self._view())

    def state(self) -> dict[str, Any]:
        """Return the widget's own synchronised traits, by name, for a page that has no kernel to ask."""
        return {**super().state(), "_live": False}

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        groups = len(self._data.groups)
        by_hand = f" and {len(self.swaps_by_hand)} by hand" if self.swaps_by_hand else ""
        plural = "" if groups == 1 else "s"
        return f"PermutationSlider({len(self._data.swaps)} swaps in {groups} group{plural}, k={self.k}{by_hand})"

    def _view(self) -> "picture.View":
        """The present state, for the picture and its words."""
        found, exact = (self._by_hand(), True) if self.swaps_by_hand else self._data.at(self.k)
        perms = {name: perm.cpu().numpy() for name, perm in self.perms.items()}
        return picture.View(self._data, perms, found, exact, self.k, self.swaps_by_hand, self.group)

    def _by_hand(self) -> "Arrangement":
        """Measure the present arrangement, once."""
        key = (self.k, self.swaps_by_hand)
        if self._found is None or self._found[0] != key:
            self._found = key, self._ruler.measure(self.perms)
        return self._found[1]

    @traitlets.observe("k", "swaps_by_hand")
    def _tell(self, change: dict) -> None:
        """Answer the browser: measure the line of an arrangement made by hand."""
        if self.swaps_by_hand:
            self._answer = answer(self.k, self.swaps_by_hand, self._by_hand())

    @traitlets.validate("k")
    def _valid_k(self, proposal: dict) -> int:
        return check_k("k", proposal["value"], len(self._data.swaps))

    @traitlets.validate("group")
    def _valid_group(self, proposal: dict) -> str:
        return _expect.choice("group", proposal["value"], self._data.groups)

    @traitlets.validate("swaps_by_hand")
    def _valid_swaps(self, proposal: dict) -> list:
        return check_swaps(proposal["value"], self._data.groups)
