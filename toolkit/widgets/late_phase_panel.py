"""LatePhasePanel: move the settings of late-phase training and see what becomes of the average of the weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from toolkit import _expect
from toolkit.widgets import late_phase_picture as picture
from toolkit.widgets.base import Widget, source
from toolkit.widgets.late_phase_data import AXES, SERIES, checked
from toolkit.widgets.late_phase_traits import OnGrid, encode, usual
from toolkit.widgets.late_phase_words import SYMBOLS, described


class LatePhasePanel(Widget):
    """Three sliders over a grid of late-phase runs: the noise at the release, the release, the number of members.

    For each setting you see the test accuracy of the mean member, of the weight average (one network) and of the
    prediction ensemble (K networks), with every seed as a dot, the standard deviation over seeds as a whisker, and as
    a bar what each gains or loses against the base, one network trained plainly. Beside it the same three run as curves
    over the slider you moved last. Everything was measured beforehand; moving runs no Python.

    Args:
        grid: a mapping, such as a claim of lesson 05's evidence, with the values of `"noise"` (sigma0), `"start"` (T0)
            and `"members"` (K); under `"average"`, `"member"` and `"ensemble"` test accuracies as fractions, nested
            [K][T0][sigma0][seed]; under `"base"` those of the base [seed], from the same seeds; and, if you like, a
            `"name"` for the data. Other entries are left alone.
        references: accuracies of other methods by name, each a fraction or a list of them; drawn as dashed lines.

    Attributes:
        noise: sigma0, one of the grid's values; read it, set it, or `observe` it.
        start: T0, likewise.
        members: K, likewise.
        over: what the curves run over: `"noise"`, `"start"` or `"members"`; the slider moved last.
        values: the means over seeds shown now, by `"member"`, `"average"` and `"ensemble"`; to be read only.

    Raises:
        TypeError: if grid or references is of the wrong kind.
        ValueError: if the grid lacks something, has another shape or holds what is no fraction; or if a setting is not
            on the grid.

    Example:
        >>> runs = [[[[0.71, 0.73], [0.64, 0.66]]]]  # one K, one T0, two sigma0, two seeds
        >>> grid = {"noise": [0, 1.5], "start": [0.6], "members": [5], "base": [0.70, 0.72]}
        >>> panel = LatePhasePanel({**grid, "average": runs, "member": runs, "ensemble": runs})
        >>> panel.noise = 1.5
        >>> panel
        LatePhasePanel(2 x 1 x 1 settings, noise=1.5, start=0.6, members=5)
        >>> round(panel.values["average"], 3)
        0.65
    """

    _esm = source(
        "shared.js",
        "shared_view.js",
        "shared_controls.js",
        "shared_charts.js",
        "grid_slider.js",
        "late_phase_state.js",
        "late_phase_axes.js",
        "late_phase_bars.js",
        "late_phase_curves.js",
        "late_phase_panel.js",
    )
    _css = source("shared.css", "late_phase_panel.css")

    noise = OnGrid(help="sigma0, the noise at the release").tag(sync=True)
    start = OnGrid(help="T0, the release, as a fraction of training").tag(sync=True)
    members = OnGrid(help="K, the number of members").tag(sync=True)
    over = traitlets.Unicode(help="what the curves run over").tag(sync=True)
    values = traitlets.Dict(read_only=True, help="the three means shown now")
    _spec = traitlets.Dict().tag(sync=True)
    _values = traitlets.Bytes().tag(sync=True)

    def __init__(
        self, grid: Mapping[str, Any], references: Mapping[str, float | Sequence[float]] | None = None
    ) -> None:
        """Check what was measured and show the setting nearest to what `LatePhase` does unless told."""
        self._data = checked(grid, references)
        over = next((axis for axis in SYMBOLS if len(self._data.axes[axis]) > 1), "noise")
        super().__init__(over=over, **usual(self._data), **encode(self._data))
        self._tell()

    @property
    def alt(self) -> str:
        """What the panel shows at this moment, in words."""
        return described(self._data, self._at, self.over)

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        return picture.draw(self._data, self._at, self.over)

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        sizes = " x ".join(str(len(self._data.axes[axis])) for axis in SYMBOLS)
        shown = ", ".join(f"{axis}={self._at[axis]:g}" for axis in SYMBOLS)
        return f"LatePhasePanel({sizes} settings, {shown})"

    @property
    def _at(self) -> dict[str, Any]:
        return {axis: getattr(self, axis) for axis in AXES}

    @traitlets.observe(*AXES)
    def _tell(self, change: Any = None) -> None:
        """Keep `values` in step with the setting."""
        means = self._data.cell(self._at).mean(-1)
        self.set_trait("values", dict(zip(SERIES, means.tolist(), strict=True)))

    @traitlets.validate("over")
    def _valid_over(self, proposal: dict) -> str:
        return _expect.choice("over", proposal["value"], list(SYMBOLS))
