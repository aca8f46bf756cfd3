"""The noisy quadratic problem: the smallest place where averaging weights can be understood to the last digit.

The loss is 1/2 sum_i h_i e_i^2 for the error e = w - w*, and a gradient is h_i e_i + s_i xi with xi ~ N(0, 1).
Directions do not mix, so every method has a closed form: what it leaves of each error once it has settled is a variance
V_i, and its expected loss is 1/2 sum_i h_i V_i.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit import _expect


@dataclass(frozen=True)
class NoisyQuadratic:
    """A quadratic loss with noisy gradients.

    Attributes:
        h: curvatures [d], positive.
        s: standard deviations of the gradient noise [d].

    Example:
        >>> problem = NoisyQuadratic(torch.ones(1, dtype=torch.double), torch.tensor([0.3], dtype=torch.double))
        >>> round(problem.loss(problem.sgd(lr=0.1)), 7)
        0.0023684

    Source: Schaul et al. 2013; the closed forms are derived in the course's specification and checked by simulation.
    """

    h: Tensor
    s: Tensor

    def __post_init__(self) -> None:
        """Complain about shapes and signs."""
        for name, value in [("h", self.h), ("s", self.s)]:
            _expect.tensor(name, value)
        if self.h.dim() != 1 or self.h.shape != self.s.shape or not len(self.h):
            raise ValueError(
                f"h and s must be vectors of one size, got shapes {list(self.h.shape)} and {list(self.s.shape)}."
            )
        if self.h.min() <= 0 or self.s.min() < 0:
            raise ValueError("h must be positive and s at least 0, got a value that is not.")

    def loss(self, variance: Tensor) -> float:
        """Expected loss 1/2 sum_i h_i V_i of what is left of the errors."""
        return (self.h * variance).sum().item() / 2

    # ------------------------------------------------------------------ closed forms: variances [d] once settled

    def sgd(self, lr: float) -> Tensor:
        """Stochastic gradient descent: V = lr s^2 / (h (2 - lr h)), the noise ball."""
        self._check("lr", lr)
        return lr * self.s**2 / (self.h * (2 - lr * self.h))

    def sgd_after(self, lr: float, steps: int, start: Tensor) -> Tensor:
        """The same before it has settled: E e_t^2 = rho^(2t) e_0^2 + V (1 - rho^(2t)) with rho = 1 - lr h.

        Args:
            lr: learning rate.
            steps: t, at least 0.
            start: errors at the start [d].
        """
        shrunk = (1 - lr * self.h) ** (2 * _expect.count("steps", steps, least=0))
        return shrunk * start**2 + (1 - shrunk) * self.sgd(lr)

    def independent(self, lr: float, members: int) -> Tensor:
        """The mean weights of K independent runs: V / K."""
        return self.sgd(lr) / _expect.count("members", members)

    def swa(self, lr: float, steps: int) -> Tensor:
        """The mean of T settled iterates: V/T ((1 + rho)/(1 - rho) - 2 rho (1 - rho^T) / (T (1 - rho)^2)).

        For long averages this is s^2 / (h^2 T), whatever the learning rate.
        """
        rho, t = 1 - lr * self.h, _expect.count("steps", steps)
        return self.sgd(lr) / t * ((1 + rho) / (1 - rho) - 2 * rho * (1 - rho**t) / (t * (1 - rho) ** 2))

    def late_phase(self, lr_shared: float, lr_late: float, members: int, gamma: float) -> Tensor:
        """The average of late-phase members w_k = theta + phi_k.

        It obeys plain SGD with learning rate lr_late + gamma K lr_shared and K times less noise variance:
        V = lr s^2 / (K h (2 - lr h)).
        """
        return self.sgd(self._together(lr_shared, lr_late, members, gamma)) / members

    def spread(self, lr_late: float, members: int) -> Tensor:
        """Variance of a late-phase member around the average: lr s^2 (1 - 1/K) / (h (2 - lr h)) with the late rate."""
        share = 1 - 1 / _expect.count("members", members)
        if lr_late == 0:  # the members' own part never moves
            return torch.zeros_like(self.h)
        self._check("lr_late", lr_late)
        return self.sgd(lr_late) * share

    def line(self, lr: float) -> tuple[Tensor, Tensor]:
        """A line learned from one position a step: variances of its midpoint and of the difference of its ends.

        V_c = lr (s^2 + h^2 V_d / 12) / (h (4 - lr h)) and V_d = lr (s^2 + h^2 V_c) / (h (1 - 3 lr h / 20)). For small
        steps the midpoint keeps half the variance of SGD, and an end, V_c + V_d / 4, as much as SGD.
        """
        self._check("lr", lr)
        h, noise = self.h, self.s**2
        to_c, to_d = lr / (h * (4 - lr * h)), lr / (h * (1 - 3 * lr * h / 20))
        middle = to_c * (noise + h**2 * to_d * noise / 12) / (1 - to_c * to_d * h**4 / 12)
        return middle, to_d * (noise + h**2 * middle)

    # ------------------------------------------------------------------ simulation: the same, by the dice

    def run_sgd(self, lr: float, steps: int, runs: int, seed: int = 0, start: Tensor | None = None) -> Tensor:
        """Errors [steps + 1, runs, d] of stochastic gradient descent from `start` [d] (zeros if left out)."""
        self._check("lr", lr)
        generator = _generator(seed)
        e = torch.zeros(runs, len(self.h), dtype=self.h.dtype) + (0 if start is None else start)
        path = [e]
        for _ in range(_expect.count("steps", steps)):
            e = e - lr * (self.h * e + self.s * _noise(e, generator))
            path.append(e)
        return torch.stack(path)

    def run_late_phase(
        self,
        lr_shared: float,
        lr_late: float,
        members: int,
        gamma: float,
        cycles: int,
        runs: int,
        seed: int = 0,
        multiplicative: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Late-phase training in two loops: K member steps, each on its own batch, then one shared step.

        Args:
            lr_shared: learning rate of the shared part theta.
            lr_late: learning rate of the members' own part phi_k.
            members: K.
            gamma: factor on the sum of the K gradients of theta.
            cycles: how many times; each costs K batches.
            runs: independent repetitions.
            seed: of the noise.
            multiplicative: w_k = theta phi_k around the optimum w* = 1, instead of w_k = theta + phi_k around 0.

        Returns:
            Errors of the average [cycles, runs, d], and of the members at the end [K, runs, d].
        """
        self._together(lr_shared, lr_late, members, gamma)
        generator, target = _generator(seed), 1.0 if multiplicative else 0.0
        theta = torch.full((runs, len(self.h)), target, dtype=self.h.dtype)
        phi = torch.full((members, *theta.shape), target, dtype=theta.dtype)
        path = theta.new_empty(_expect.count("cycles", cycles), *theta.shape)
        for average in path:
            weights = theta * phi if multiplicative else theta + phi
            g = self.h * (weights - target) + self.s * _noise(phi, generator)
            to_phi, to_theta = (theta * g, phi * g) if multiplicative else (g, g)
            phi, theta = phi - lr_late * to_phi, theta - lr_shared * gamma * to_theta.sum(0)
            weights = theta * phi if multiplicative else theta + phi
            average.copy_(weights.mean(0) - target)
        return path, weights - target

    def run_line(self, lr: float, steps: int, runs: int, seed: int = 0) -> tuple[Tensor, Tensor]:
        """A line trained from one uniform position a step: errors [steps, runs, d] of its midpoint, and b - a."""
        self._check("lr", lr)
        generator = _generator(seed)
        a = torch.zeros(runs, len(self.h), dtype=self.h.dtype)
        b, middles, differences = a.clone(), [], []
        for _ in range(_expect.count("steps", steps)):
            t = torch.rand(runs, 1, generator=generator, dtype=a.dtype)
            g = self.h * ((1 - t) * a + t * b) + self.s * _noise(a, generator)
            a, b = a - lr * (1 - t) * g, b - lr * t * g
            middles.append((a + b) / 2)
            differences.append(b - a)
        return torch.stack(middles), torch.stack(differences)

    def _together(self, lr_shared: float, lr_late: float, members: int, gamma: float) -> float:
        """The learning rate of the average of late-phase members, which is also the largest of any of them."""
        for name, value in [("lr_shared", lr_shared), ("lr_late", lr_late), ("gamma", gamma)]:
            _expect.number(name, value, 0)
        lr = lr_late + gamma * _expect.count("members", members) * lr_shared
        self._check("lr_late + gamma * members * lr_shared", lr)
        return lr

    def _check(self, name: str, lr: float) -> None:
        """Complain unless every direction settles, 0 < lr h < 2, and name those that do not."""
        _expect.number(name, lr, 0)
        if 0 < lr * self.h.max().item() < 2:
            return
        bad = [f"{i} (h = {h:g})" for i, h in enumerate(self.h.tolist()) if lr * h >= 2]
        more = f" and {len(bad) - 4} more" if len(bad) > 4 else ""
        where = f", which diverges in direction{'s'[: len(bad) > 1]} {', '.join(bad[:4])}{more}" if bad else ""
        raise ValueError(
            f"{name} must lie between 0 and 2 / max h = {2 / self.h.max().item():.4g} to settle, got {lr:g}{where}."
        )


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(_expect.count("seed", seed, least=0))


def _noise(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype)
