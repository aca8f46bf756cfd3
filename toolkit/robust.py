"""Attacks on a network's inputs: the smallest change of an image that hurts most."""

from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.engine import Stats, of_network
from toolkit.space import WeightSpace


@dataclass(frozen=True)
class PGD:
    """Projected gradient descent: change every pixel by at most eps, step by step uphill in the loss.

    From a random start x' in the box |x' - x| <= eps, each step does

        x' <- clip(x' + step sign(grad_x L(theta; x', y)))   to |x' - x| <= eps and to [0, 1].

    Give it to `toolkit.fit` for adversarial training, of a point as of a curve, and to `toolkit.scan` or
    `toolkit.evaluate` for robust losses: mean losses on attacked inputs.

    Attributes:
        eps: the largest change of a pixel; pixels lie in [0, 1].
        steps: how many.
        step: size of a step; left out, eps / 4.

    Example:
        >>> from toolkit import data, evaluate, fit, models
        >>> digits, space = data.load("digits"), WeightSpace(models.mlp(64, 32, 10))
        >>> theta = fit(space, space.init(0), digits, epochs=10)
        >>> clean = evaluate(space, theta, digits, "test_accuracy")["test_accuracy"]
        >>> attacked = evaluate(space, theta, digits, "test_accuracy", attack=PGD(eps=0.1))["test_accuracy"]
        >>> bool(clean > 0.9), bool(attacked < clean - 0.2)
        (True, True)

    Source: Madry et al. 2018.
    """

    eps: float = 0.1
    steps: int = 5
    step: float | None = None

    def __post_init__(self) -> None:
        """Complain about impossible settings."""
        _expect.number("eps", self.eps, 0, 1)
        _expect.count("steps", self.steps)
        if self.step is not None:
            _expect.number("step", self.step, 0, 1)

    def __call__(
        self,
        space: WeightSpace,
        theta: Tensor,
        x: Tensor,
        y: Tensor,
        generator: torch.Generator | None = None,
        stats: Stats | None = None,
    ) -> Tensor:
        """Attack inputs.

        Args:
            space: the weight space.
            theta: the network under attack [D], or N of them [N, D].
            x: inputs [B, ...] in [0, 1], or [N, B, ...].
            y: their classes [B], or [N, B].
            generator: of the random start; left out, the start is the same in every call.
            stats: BatchNorm statistics of an evaluation ([N, units] each for N networks of their own); left out, those
                of the batch, as in training.

        Returns:
            Inputs shaped like x, at most eps away from it in every pixel.

        Raises:
            ValueError: if x leaves [0, 1] (so scale images before the attack, not after), or does not fit theta.
        """
        space.check(theta)
        _expect.tensor("x", x)
        if theta.dim() == 2:
            n = len(theta)
            if not len(x) == len(y) == n:
                raise ValueError(f"x and y must hold a batch for each of {n} networks, got {len(x)} and {len(y)}.")
            rows = [self(space, theta[i], x[i], y[i], generator, of_network(stats, i)) for i in range(n)]
            return torch.stack(rows)
        generator = generator or torch.Generator().manual_seed(0)
        low, high = x.aminmax()
        if low < 0 or high > 1:
            raise ValueError(f"x must lie in [0, 1] for an attack, got values from {low:.3g} to {high:.3g}.")
        start = 2 * torch.rand(x.shape, generator=generator, dtype=x.dtype) - 1
        attacked = (x + self.eps * start.to(x.device)).clamp(0, 1)
        step = self.eps / 4 if self.step is None else self.step
        for _ in range(self.steps):
            uphill = space.input_gradient(theta, attacked, y, stats=stats).sign()
            attacked = torch.clamp(attacked + step * uphill, x - self.eps, x + self.eps).clamp(0, 1)
        return attacked
