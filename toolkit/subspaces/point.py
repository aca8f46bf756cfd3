"""The smallest set of networks: one, or several side by side."""

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.trainable import Trainable


class Point(Trainable):
    """One network [D], or N networks side by side [N, D]: what training makes of a plain theta.

    Attributes:
        theta: the network or networks.
    """

    def __init__(self, theta: Tensor):
        """Hold a copy of theta."""
        self.theta = _expect.tensor("theta", theta).detach().clone()
        self.networks = len(theta) if theta.dim() == 2 else None

    def __repr__(self) -> str:
        """Name the point by its shape."""
        return f"Point({list(self.theta.shape)})"

    def leaves(self) -> list[Tensor]:
        """Return theta, which training moves."""
        return [self.theta]

    def sample(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Return theta; there is nothing to draw."""
        return self.theta.detach()

    def give(self, g: Tensor) -> None:
        """Take the gradient g at theta."""
        self.theta.grad = g
