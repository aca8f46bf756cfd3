"""What a NoisyQuadraticPlayground is set to: the values it takes, the race they describe, and who wins it, in words."""

from dataclasses import dataclass
from functools import cached_property
from math import floor
from typing import Any

import torch
import traitlets

from toolkit import _expect
from toolkit.quadratic import NoisyQuadratic
from toolkit.quadratic_curves import diverging, effective_lr
from toolkit.quadratic_race import AXES, Curve, race

DIRECTIONS = 20
ERROR = 3.0  # of every direction at the start
GRAIN = 20  # T0 is a multiple of it: what is left then holds whole rounds of every K
MEMBERS, GAMMAS, BUDGETS = (1, 2, 5, 10, 20), ("mean", "sum"), (200, 2000)
LIMITS = {"condition": (1, 1000), "lr": (0.05, 1.95), "late_share": (0, 1), "start": (0, 0.9)}
SPEC = {"directions": DIRECTIONS, "error": ERROR, "grain": GRAIN, "members": MEMBERS, "budgets": BUDGETS}
RANKED = ("average", "swa", "slow", "sgd")  # what would be deployed at the price of one run


class Number(traitlets.TraitType):
    """A trait for a number within its limits."""

    def validate(self, obj: Any, value: Any) -> float:
        """Return the number as a float."""
        return _expect.number(self.name, value, *LIMITS[self.name])


class Choice(traitlets.TraitType):
    """A trait for one of a few values."""

    def __init__(self, options: tuple, *given: Any, **more: Any) -> None:
        """Make the trait; its default is the first of `given`."""
        super().__init__(*given, **more)
        self._options = options

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the option, which is of the same kind as the value."""
        for option in self._options:
            if type(value) is type(option) and value == option:
                return option
        raise ValueError(f"{self.name} must be one of {', '.join(map(repr, self._options))}, got {value!r}.")


@dataclass(frozen=True)
class Setting:
    """The playground's traits, and what follows from them."""

    condition: float
    lr: float
    late_share: float
    members: int
    gamma: str
    start: float
    axis: str
    budget: int

    @property
    def problem(self) -> NoisyQuadratic:
        """Curvatures spread evenly in their logarithm from 1 down to 1 / condition, noise variances as large."""
        h = self.condition ** (-torch.arange(DIRECTIONS, dtype=torch.double) / (DIRECTIONS - 1))
        return NoisyQuadratic(h, h.sqrt())

    @property
    def release(self) -> int:
        """T0 as a step."""
        return GRAIN * floor(self.start * self.budget / GRAIN + 0.5)

    @property
    def factor(self) -> float:
        """Gamma as a number."""
        return 1 / self.members if self.gamma == "mean" else 1.0

    @property
    def split(self) -> tuple[float, float]:
        """Learning rates of the shared and of the late part."""
        return (1 - self.late_share) * self.lr, self.late_share * self.lr

    @property
    def effective(self) -> float:
        """Learning rate of the late-phase average."""
        return effective_lr(*self.split, self.members, self.factor)

    @property
    def diverging(self) -> list[int]:
        """Directions in which the late-phase average diverges."""
        return diverging(self.problem, self.effective)

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """The race."""
        return race(
            self.problem,
            torch.full((DIRECTIONS,), ERROR, dtype=torch.double),
            self.lr,
            self.budget,
            self.release,
            self.members,
            self.late_share,
            self.factor,
            self.axis,
        )


def name_of(method: str, members: int) -> str:
    """What a curve is called."""
    return {
        "sgd": "SGD",
        "slow": f"SGD at η/{members}",
        "swa": "SWA",
        "average": "late-phase average",
        "member": "late-phase member",
        "runs": f"mean of {members} run{'s' if members > 1 else ''}",
    }[method]


def show(loss: float) -> str:
    """Write a loss with three digits."""
    return f"{loss:#.3g}".rstrip(".")


def verdict(setting: Setting) -> list[str]:
    """Say what is special, who has the lowest loss at the end, and at what price: three texts, each maybe empty."""
    curves, k = setting.curves, setting.members
    ranked = [name for name in RANKED if name in curves and (k > 1 or name in ("swa", "sgd"))]
    ranked.sort(key=lambda name: curves[name].final)
    first, *rest = [f"{name_of(name, k)} {show(curves[name].final)}" for name in ranked]
    end = f"Lowest of the single runs after {setting.budget} {setting.axis}"
    said = f"{end}: {first}; then {', '.join(rest)}."
    return [_warning(setting), said, _price(setting)]


def _warning(setting: Setting) -> str:
    if setting.members == 1:
        return "With K = 1 late-phase training is SGD."
    if not setting.diverging:
        return ""
    (shared, late), effective = setting.split, f"{setting.effective:.4g}"
    return (
        f"The late phase diverges in {_directions(setting)}: with γ = 1 its effective learning rate is "
        f"{late:.4g} + {setting.members} × {shared:.4g} = {effective}, and {effective} h is 2 or more there."
    )


def _directions(setting: Setting) -> str:
    """Name the directions that diverge: the steepest ones, which come first."""
    last = len(setting.diverging)
    if last == 1:
        return "direction 1 (h = 1)"
    return f"directions 1 {'and' if last == 2 else 'to'} {last} (h = 1 to {setting.problem.h[last - 1].item():.3g})"


def _price(setting: Setting) -> str:
    curves, k = setting.curves, setting.members
    if k == 1:
        return ""
    runs = f"The mean of {k} runs reaches {show(curves['runs'].final)} with {curves['runs'].cost} minibatches."
    if setting.axis == AXES[0] or "average" not in curves:
        return runs
    ratio = curves["sgd"].final / curves["average"].final
    times = f"{ratio:.1f} times below" if ratio >= 1 else f"{1 / ratio:.1f} times above"
    return (
        f"The late-phase average is {times} SGD, {'but' if ratio >= 1 else 'and'} took {curves['average'].cost} "
        f"minibatches where SGD took {curves['sgd'].cost}. {runs}"
    )


def extent(setting: Setting) -> tuple[float, float]:
    """Lowest and highest loss to draw: all that is there after the release, and a little of the descent to it."""
    curves = setting.curves.values()
    late = [curve.loss[curve.x >= setting.release] for curve in curves]
    low = min(min(curve.settled, loss.min().item()) for curve, loss in zip(curves, late, strict=True))
    high = max(max(curve.settled, loss.max().item()) for curve, loss in zip(curves, late, strict=True))
    return low / 1.35, high * (1.25 if setting.release == 0 else 5)
