"""What `train.fit` asks of anything it trains. Methods differ in these few things, and in nothing else."""

import torch
from torch import Tensor


class Trainable:
    """Something made of leaf tensors that a network can be drawn from, and a gradient given back to.

    In each step `train.fit` calls `sample`, takes the gradient at the network that comes back, calls `give` and
    `penalty`, lets the optimiser move the leaves that hold a gradient, and calls `after_step`.

    Attributes:
        networks: how many networks are trained side by side, each with batches of its own; None for a single one.
        interrupted: whether its training was ended by an interrupt.
    """

    networks: int | None = None
    interrupted: bool = False

    def leaves(self) -> list[Tensor]:
        """The tensors that training moves."""
        raise NotImplementedError

    def begin(self, steps: int) -> None:
        """Called once before training, with the number of its steps."""

    def sample(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Draw a network [D] (or N of them, [N, D]), the first or a further one of a step that draws several."""
        raise NotImplementedError

    def give(self, g: Tensor) -> None:
        """Hand the gradient at the network last drawn on to the leaves."""
        raise NotImplementedError

    def penalty(self, generator: torch.Generator) -> Tensor | None:
        """A scalar added to the loss of a step, or None."""

    def after_step(self) -> None:
        """Called when the optimiser has moved the leaves."""
