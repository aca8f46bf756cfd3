"""SparsityExplorer: slide through the rounds of pruning, see what is left and whether siblings stay connected."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from toolkit import _expect
from toolkit.widgets import sparsity_picture as picture
from toolkit.widgets.base import Widget
from toolkit.widgets.base import source as files
from toolkit.widgets.sparsity_data import checked
from toolkit.widgets.sparsity_traits import check_round, encode
from toolkit.widgets.sparsity_words import View, words

if TYPE_CHECKING:
    from torch import Tensor

    from toolkit.space import WeightSpace


class SparsityExplorer(Widget):
    """A slider through the rounds of iterative pruning, for masks from several sources.

    For each round you see the weights of a layer, alive, pruned, or fallen in this very round; how much of every layer
    is left; for a first layer that looks at a square image, how many neurons still look at each pixel; the training
    error along the line between two siblings trained under this mask, the other rounds as faint lines; and the barrier
    on that line against the round, for all sources. Everything was measured beforehand; moving runs no Python.

    Args:
        space: the weight space, of at most 65,536 weights in matrices.
        sources: 1 to 8 kinds of masks by name, each a mapping with `"masks"`, booleans [R + 1, D], the first one full,
            each contained in the one before, such as `sparse.tickets` finds; `"error"`, the training error as a
            fraction at T evenly spaced positions on the line between two siblings trained under each mask
            [R + 1, T]; and `"accuracy"`, the siblings' test accuracy as a fraction [R + 1]. R and T are the same for
            all. Other entries are left alone.
        layer: the layer to show first, by the name of its weights; left out, the first one.

    Attributes:
        source: name of the source in view; read it, set it, or `observe` it.
        round: 0, where nothing is pruned, to R; likewise.
        layer: the layer in view; likewise.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if a shape does not fit, masks are not contained in each other, a number is no fraction, a name is
            unknown, or there are too many weights.

    Example:
        >>> import torch
        >>> from toolkit import WeightSpace, models
        >>> space = WeightSpace(models.mlp(64, 10))
        >>> full = torch.ones(space.size, dtype=torch.bool)
        >>> half = torch.arange(space.size) >= 320  # the first half of the 640 weights is pruned
        >>> error = [[0.01, 0.01, 0.01], [0.01, 0.05, 0.01]]
        >>> made_up = {"masks": torch.stack([full, half]), "error": error, "accuracy": [0.9, 0.8]}
        >>> explorer = SparsityExplorer(space, {"made up": made_up})
        >>> explorer.round = 1
        >>> explorer, int(explorer.mask.sum()), round(explorer.barrier, 3)
        (SparsityExplorer(1 source, source='made up', round=1, layer='fc1.weight'), 330, 0.04)
    """

    _esm = files(
        "shared.js",
        "shared_view.js",
        "shared_controls.js",
        "shared_charts.js",
        "sparsity_state.js",
        "sparsity_matrix.js",
        "sparsity_density.js",
        "sparsity_line.js",
        "sparsity_barriers.js",
        "sparsity_controls.js",
        "sparsity_explorer.js",
    )
    _css = files("shared.css", "sparsity_explorer.css")

    source = traitlets.Unicode(help="name of the source in view").tag(sync=True)
    round = traitlets.TraitType(0, help="the round in view, from 0").tag(sync=True)
    layer = traitlets.Unicode(help="the layer in view").tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)
    _lived = traitlets.Bytes().tag(sync=True)
    _error = traitlets.Bytes().tag(sync=True)
    _barriers = traitlets.Bytes().tag(sync=True)

    def __init__(
        self, space: "WeightSpace", sources: Mapping[str, Mapping[str, Any]], layer: str | None = None
    ) -> None:
        """Check what was measured and show the first source, unpruned."""
        self._data = checked(space, sources)
        first = self._data.names[0] if layer is None else _expect.choice("layer", layer, self._data.names)
        super().__init__(source=next(iter(self._data.sources)), layer=first, **encode(self._data))

    @property
    def mask(self) -> "Tensor":
        """The mask [D] of the present source and round."""
        import torch

        return torch.from_numpy(self._data.sources[self.source].everywhere >= self.round)

    @property
    def barrier(self) -> float:
        """The most by which the siblings' error rises above the straight line between its ends, as a fraction."""
        return float(self._data.sources[self.source].barriers[self.round])

    @property
    def alt(self) -> str:
        """What the explorer shows at this moment, in words."""
        return words(self._view())

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        return picture.draw(self._view())

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        many = len(self._data.sources)
        at = f"source={self.source!r}, round={self.round}, layer={self.layer!r}"
        return f"SparsityExplorer({many} {'source' if many == 1 else 'sources'}, {at})"

    def _view(self) -> View:
        return View(self._data, self.source, self.round, self._data.layer(self.layer))

    @traitlets.validate("source")
    def _valid_source(self, proposal: dict) -> str:
        return _expect.choice("source", proposal["value"], self._data.sources)

    @traitlets.validate("round")
    def _valid_round(self, proposal: dict) -> int:
        return check_round(proposal["value"], self._data.rounds)

    @traitlets.validate("layer")
    def _valid_layer(self, proposal: dict) -> str:
        return _expect.choice("layer", proposal["value"], self._data.names)
