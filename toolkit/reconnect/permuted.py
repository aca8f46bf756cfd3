"""Training by reconnecting through `train.fit`: one network, or several with a period each."""

from collections.abc import Sequence

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.reconnect.laperm import Period, check_period, period_at
from toolkit.reconnect.rows import rows
from toolkit.reconnect.values import Values
from toolkit.space import WeightSpace
from toolkit.trainable import Trainable


class Reconnect(Trainable):
    """Networks whose rows of weights keep their values: free steps, a synchronisation every `period`, one at the end.

    Attributes:
        periods: k of each network.

    Example:
        >>> from torch.optim import Adam
        >>> from toolkit import data, evaluate, fit, models
        >>> from toolkit.reconnect.starts import start
        >>> digits, space = data.load("digits"), WeightSpace(models.mlp(64, 64, 10))
        >>> what = Reconnect(space, start(space, seed=0), period=20)
        >>> what = fit(space, what, digits, epochs=10, optimizer=Adam, lr=1e-2)
        >>> bool(evaluate(space, what.theta, digits, "test_accuracy")["test_accuracy"] > 0.8)
        True
    """

    def __init__(
        self,
        space: WeightSpace,
        theta: Tensor,
        period: Period | Sequence[Period] = 20,
        vectors: bool | None = False,
        rule: str = "neuron",
    ):
        """Remember the values that the rows of theta have now.

        Args:
            space: the weight space.
            theta: a starting point [D], or N of them [N, D] to train side by side.
            period: k, the number of free steps between two synchronisations, or a function from the number of steps
                taken to it; for N networks one for all, or one each.
            vectors: what becomes of biases and the parameters of norms: False, they are trained freely; True, they are
                permuted too, each vector as one row; None, they stay as they are.
            rule: how far a value may move: `"neuron"`, within its row, which is the method; `"layer"`, to any place of
                its matrix, a looser rule to compare with (then `moves`, which goes by rows, does not apply).

        Raises:
            ValueError: if theta does not fit, a period is below 1, the rule is unknown, or there is nothing to permute.
        """
        space.check(_expect.tensor("theta", theta))
        self.networks = len(theta) if theta.dim() == 2 else None
        count = self.networks or 1
        periods = list(period) if isinstance(period, Sequence) else [period] * count
        if len(periods) != count:
            raise ValueError(f"period must be one number, or one for each of {count} networks, got {len(periods)}.")
        self.periods = [check_period(one) for one in periods]
        self._layout = [slot for slot in space.layout if len(slot.shape) > 1 or vectors]
        if not self._layout:
            raise ValueError("theta must hold matrices to permute, got only vectors; vectors=True permutes those.")
        self._frozen = vectors is None
        self._fixed = theta.detach() * ~space.matrices()
        self._whole = _expect.choice("rule", rule, ("neuron", "layer")) == "layer"
        self._leaf = theta.detach().clone()
        self._matrices = space.matrices()
        names = [slot.name for slot in self._layout]
        self._values = [Values(self._rows(point), names) for point in self._points()]
        self._free = self._leaf.clone()
        self._since, self._taken, self._steps = [0] * count, 0, None

    def __repr__(self) -> str:
        """Name the networks and their periods."""
        return (
            f"Reconnect({self.networks or 1} in R^{self._leaf.shape[-1]}, period {', '.join(map(str, self.periods))})"
        )

    @property
    def theta(self) -> Tensor:
        """The networks, [D] or [N, D], if their rows are permutations of the start: what may be scored.

        Raises:
            ValueError: if they are free weights between two synchronisations.
        """
        for values, point in zip(self._values, self._points(), strict=True):
            values.verify(self._rows(point))
        return self._leaf.detach().clone()

    @property
    def free(self) -> Tensor:
        """The weights as the last free step left them, before any synchronisation: to look at, not to score."""
        return self._free.clone()

    def synced(self) -> Tensor:
        """The networks as a synchronisation at this moment would leave them."""
        theta = self._leaf.detach().clone()
        for i, point in enumerate(theta if self.networks else theta[None]):
            self._put(i, point)
        return theta

    # What `train.fit` asks of anything it trains.

    def leaves(self) -> list[Tensor]:
        """The weights."""
        return [self._leaf]

    def begin(self, steps: int) -> None:
        """Note when training ends: then everything is synchronised once more."""
        self._steps, self._taken, self._since = steps, 0, [0] * len(self._since)

    def sample(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Return the weights as they are; there is nothing to draw."""
        return self._leaf.detach()

    def give(self, g: Tensor) -> None:
        """Take the gradient g; what is frozen gets none."""
        self._leaf.grad = g * self._matrices if self._frozen else g

    @torch.no_grad()
    def after_step(self) -> None:
        """Synchronise the networks whose period is full, and all of them after the last step."""
        self._taken += 1
        if self._frozen:  # weight decay moves what has no gradient, too
            self._leaf.mul_(self._matrices).add_(self._fixed)
        self._free.copy_(self._leaf)
        for i, (period, point) in enumerate(zip(self.periods, self._points(), strict=True)):
            self._since[i] += 1
            full = self._since[i] >= period_at(period, self._taken) or self._taken == self._steps
            if full and torch.isfinite(point).all():  # if it is not, `fit` will say so, with step and learning rate
                self._put(i, point)
                self._since[i] = 0

    @torch.no_grad()
    def _put(self, i: int, point: Tensor) -> None:
        weights = self._rows(point)
        for w, values in zip(weights, self._values[i].arrange(weights, self._since[i]), strict=True):
            w.copy_(values)

    def _points(self) -> Tensor:
        return self._leaf.detach() if self.networks else self._leaf.detach()[None]

    def _rows(self, point: Tensor) -> list[Tensor]:
        flat = [point[slot.start : slot.stop] for slot in self._layout]
        return [rows(w if self._whole else w.view(slot.shape)) for w, slot in zip(flat, self._layout, strict=True)]
