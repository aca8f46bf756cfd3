"""ProbeSlider: see how random probes close in on the exact diagonal of a Hessian."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import traitlets

from toolkit.widgets import probe_picture as picture
from toolkit.widgets.base import Widget, source
from toolkit.widgets.late_phase_traits import OnGrid
from toolkit.widgets.probe_data import checked, encode
from toolkit.widgets.probe_words import words

if TYPE_CHECKING:
    from torch import Tensor

    from toolkit.landscape import Curvature


class ProbeSlider(Widget):
    """A slider over the number of random probes: the estimated diagonal of a Hessian against the exact one.

    Each point is a weight; on the dashed line the estimate is exact. Both axes are linear around 0 and logarithmic
    beyond, so that small entries are seen beside large ones. Beside it the relative error of the whole
    diagonal, measured and predicted, falls as one over the square root of the number of probes, while the trace is
    right long before. Everything was computed beforehand; moving runs no Python.

    Args:
        exact: from `hessian_diagonal(..., probes=None)`.
        estimates: from `hessian_diagonal` with growing numbers of probes, such as 2, 4, 8, ..., 1024.
        mask: weights alive [D], as given to `hessian_diagonal`; the others are not drawn.

    Attributes:
        probes: the number of probes shown, one of those of the estimates; read it, set it, or `observe` it.

    Raises:
        TypeError: if exact or an estimate is no `Curvature`, or `mask` is no tensor of booleans.
        ValueError: if exact is an estimate or all 0, the estimates do not grow or have other weights, a pruned weight
            has a curvature; or if no estimate has so many probes.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> from toolkit import WeightSpace
        >>> from toolkit.landscape import hessian_diagonal
        >>> space, x, y = WeightSpace(nn.Linear(3, 2)), torch.rand(8, 3), torch.tensor([0, 1] * 4)
        >>> exact, few, many = (hessian_diagonal(space, space.init(0), x, y, probes) for probes in (None, 4, 64))
        >>> slider = ProbeSlider(exact, [few, many])
        >>> slider.probes = 64
        >>> slider
        ProbeSlider(8 weights, probes=64 of 4, 64)
    """

    _esm = source(
        "shared.js",
        "shared_view.js",
        "shared_controls.js",
        "shared_charts.js",
        "grid_slider.js",
        "probe_state.js",
        "probe_scatter.js",
        "probe_errors.js",
        "probe_slider.js",
    )
    _css = source("shared.css", "probe_slider.css")

    probes = OnGrid(help="the number of probes shown").tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)
    _points = traitlets.Bytes().tag(sync=True)

    def __init__(self, exact: "Curvature", estimates: "Sequence[Curvature]", mask: "Tensor | None" = None) -> None:
        """Check what was computed and show the estimate in the middle."""
        self._data = checked(exact, estimates, mask)
        stops = self._data.axes["probes"]
        super().__init__(probes=stops[len(stops) // 2], **encode(self._data))

    @property
    def error(self) -> float:
        """Relative error of the estimate shown: norm(estimate - exact) / norm(exact)."""
        return self._data.measured[self._index]

    @property
    def alt(self) -> str:
        """What the slider shows at this moment, in words."""
        drawn = f"Weight by weight the estimate is drawn against the exact entry; {self._data.scale}."
        return f"{words(self._data, self._index)} {drawn}"

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        return picture.draw(self._data, self._index)

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        stops = ", ".join(map(str, self._data.axes["probes"]))
        return f"ProbeSlider({len(self._data.alive)} weights, probes={self.probes} of {stops})"

    @property
    def _index(self) -> int:
        return self._data.axes["probes"].index(self.probes)
