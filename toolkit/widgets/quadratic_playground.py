"""NoisyQuadraticPlayground: late-phase training against its controls, where everything is known exactly."""

from typing import TYPE_CHECKING, Any

import traitlets

from toolkit.quadratic_race import AXES
from toolkit.widgets import quadratic_picture as picture
from toolkit.widgets.base import Widget, source
from toolkit.widgets.quadratic_setting import BUDGETS, GAMMAS, MEMBERS, SPEC, Choice, Number, Setting

if TYPE_CHECKING:
    from toolkit.quadratic_race import Curve


class NoisyQuadraticPlayground(Widget):
    """A noisy quadratic in 20 directions: curves of the expected loss of late-phase training and of its controls.

    Move a slider and all curves follow at once, computed from second moments, without dice and without a kernel. What
    to look at: count in outer steps and late-phase training looks K times better than SGD for free; count in
    minibatches and SGD at lr / K ends as low, and SWA lower.

    Curvatures spread from 1 down to 1 / condition, a gradient's noise has variance h_i, and every run starts 3 away
    from the optimum in every direction. T0 is rounded to a multiple of 20 steps, so that after it
    a whole number of rounds is left for every K.

    Attributes:
        condition: largest over smallest curvature, from 1 to 1000.
        lr: learning rate, from 0.05 to 1.95; SGD itself diverges at 2.
        late_share: the members' own part of lr, from 0 to 1; the shared part gets the rest.
        members: K: 1, 2, 5, 10 or 20.
        gamma: what becomes of the K gradients of the shared part: their `"mean"` (factor 1 / K) or their `"sum"` (1).
        start: T0 as a fraction of the budget, from 0 to 0.9.
        axis: what is counted, `"minibatches"` or `"outer steps"`; after T0 an outer step is K minibatches.
        budget: how many of them: 200 or 2000.

    Raises:
        ValueError: if a setting is not one of these.

    Example:
        >>> playground = NoisyQuadraticPlayground(members=10)
        >>> {name: round(loss, 3) for name, loss in playground.losses.items()}
        {'sgd': 0.692, 'slow': 0.163, 'swa': 0.104, 'average': 0.085, 'member': 0.361, 'runs': 0.083}
        >>> playground.axis = "minibatches"
        >>> round(playground.losses["average"], 3)
        0.17
        >>> playground
        NoisyQuadraticPlayground(condition=100, lr=0.5, late_share=0.5, members=10, gamma='mean', start=0.5,
            axis='minibatches', budget=200)
    """

    _esm = source(
        "shared.js",
        "shared_view.js",
        "quadratic_state.js",
        "quadratic_chart.js",
        "quadratic_controls.js",
        "quadratic_playground.js",
    )
    _css = source("shared.css", "quadratic_playground.css")

    condition = Number(100.0, help="largest over smallest curvature").tag(sync=True)
    lr = Number(0.5, help="learning rate").tag(sync=True)
    late_share = Number(0.5, help="the members' own part of lr").tag(sync=True)
    members = Choice(MEMBERS, 10, help="K").tag(sync=True)
    gamma = Choice(GAMMAS, "mean", help="mean or sum of the K gradients of the shared part").tag(sync=True)
    start = Number(0.5, help="T0 as a fraction of the budget").tag(sync=True)
    axis = Choice(AXES, "outer steps", help="what is counted").tag(sync=True)
    budget = Choice(BUDGETS, 200, help="how many of them").tag(sync=True)
    _spec = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        *,
        condition: float = 100.0,
        lr: float = 0.5,
        late_share: float = 0.5,
        members: int = 10,
        gamma: str = "mean",
        start: float = 0.5,
        axis: str = "outer steps",
        budget: int = 200,
    ) -> None:
        """Set the playground up."""
        given = Setting(condition, lr, late_share, members, gamma, start, axis, budget)
        super().__init__(_spec=SPEC, **{name: getattr(given, name) for name in Setting.__dataclass_fields__})

    @property
    def setting(self) -> Setting:
        """The present state."""
        return Setting(**{name: getattr(self, name) for name in Setting.__dataclass_fields__})

    @property
    def curves(self) -> "dict[str, Curve]":
        """The curves shown, by name, as `toolkit.quadratic_race.race` returns them."""
        return self.setting.curves

    @property
    def losses(self) -> dict[str, float]:
        """Expected loss at the end, by name of the curve."""
        return {name: curve.final for name, curve in self.curves.items()}

    @property
    def alt(self) -> str:
        """What the playground shows at this moment, in words."""
        return picture.words(self.setting)

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure."""
        return picture.draw(self.setting)

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        now = self.setting
        shown = [(name, getattr(now, name)) for name in Setting.__dataclass_fields__]
        said = ", ".join(
            f"{name}={value:g}" if isinstance(value, float) else f"{name}={value!r}" for name, value in shown
        )
        return f"NoisyQuadraticPlayground({said})"
