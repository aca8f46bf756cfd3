"""Training under a mask: pruned weights are zero before, during and after."""

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.sparse.masks import check_mask
from toolkit.trainable import Trainable


class Masked(Trainable):
    """One network [D] or N of them [N, D], of which only the weights alive are trained; the others are exactly zero.

    The mask acts on the gradient and on the weights after every step: momentum and weight decay cannot revive what is
    pruned.

    Attributes:
        mask: which weights are alive.

    Example:
        >>> from toolkit import WeightSpace, data, fit, models
        >>> space = WeightSpace(models.mlp(64, 32, 10))
        >>> theta = space.init(0)
        >>> mask = theta.abs() > 0.05
        >>> trained = fit(space, Masked(theta, mask), data.load("digits"), epochs=2).theta
        >>> bool((trained[~mask] == 0).all())
        True
    """

    def __init__(self, theta: Tensor, mask: Tensor, rewind: int | None = None):
        """Zero what is pruned.

        Args:
            theta: the starting point or points.
            mask: True where alive, the same shape.
            rewind: the step whose weights are kept to be rewound to; 0 is the start.

        Raises:
            TypeError: if `mask` is no tensor of booleans.
            ValueError: if its shape is another.
        """
        check_mask(mask, _expect.tensor("theta", theta))
        self.mask, self._alive = mask.clone(), mask.to(theta.dtype)
        self._leaf = theta.detach() * self._alive
        self.networks = len(theta) if theta.dim() == 2 else None
        self._rewind = None if rewind is None else _expect.count("rewind", rewind, least=0)
        self._kept = self._leaf.clone() if rewind == 0 else None
        self._taken = self._steps = 0

    @property
    def theta(self) -> Tensor:
        """The weights, [D] or [N, D], detached."""
        return self._leaf.detach().clone()

    @property
    def kept(self) -> Tensor:
        """The weights as they were after step `rewind`.

        Raises:
            ValueError: if no step was asked for, or training has not come so far.
        """
        if self._kept is None:
            asked = (
                "none was asked for" if self._rewind is None else f"{self._taken} of {self._rewind} steps were taken"
            )
            raise ValueError(f"rewind must name a step that training reaches, and {asked}.")
        return self._kept.clone()

    @property
    def finished(self) -> bool:
        """Whether training took all its steps and was not interrupted."""
        return self._taken == self._steps > 0 and not self.interrupted

    def leaves(self) -> list[Tensor]:
        """The weights."""
        return [self._leaf]

    def begin(self, steps: int) -> None:
        """Complain at once if the step to rewind to is never reached, and forget what an earlier run kept."""
        if self._rewind is not None and self._rewind > steps:
            raise ValueError(f"rewind must be a step of training, from 0 to {steps}, got {self._rewind}.")
        self._kept = self._leaf.detach().clone() if self._rewind == 0 else None
        self._taken, self._steps = 0, steps

    def sample(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Return the weights; there is nothing to draw."""
        return self._leaf.detach()

    def give(self, g: Tensor) -> None:
        """Take the gradient where weights are alive."""
        self._leaf.grad = g * self._alive

    @torch.no_grad()
    def after_step(self) -> None:
        """Keep what is pruned at zero, and a copy of the weights if this is the step."""
        self._leaf.mul_(self._alive)
        self._taken += 1
        if self._taken == self._rewind:
            self._kept = self._leaf.detach().clone()
