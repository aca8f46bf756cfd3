"""The noisy quadratic problem on the way: the expected loss of every method step by step, exactly, without dice.

Directions do not mix and every batch has noise of its own, so the second moment E e^2 of each error follows a recursion
of its own: a step of SGD turns it into (1 - lr h)^2 E e^2 + lr^2 s^2. Where it settles: `quadratic.py`.
"""

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.quadratic import NoisyQuadratic


def losses(problem: NoisyQuadratic, moments: Tensor) -> Tensor:
    """Expected losses [n] that go with second moments [n, d]: 1/2 sum_i h_i E e_i^2."""
    return moments @ problem.h / 2


def effective_lr(lr_shared: float, lr_late: float, members: int, gamma: float) -> float:
    """Learning rate that the average of late-phase members moves with: lr_late + gamma K lr_shared."""
    return lr_late + gamma * members * lr_shared


def diverging(problem: NoisyQuadratic, lr: float) -> list[int]:
    """Indices of the directions in which steps of size `lr` never settle: those with lr h of 2 or more."""
    return (lr * problem.h >= 2).nonzero().flatten().tolist()


def sgd_moments(problem: NoisyQuadratic, lr: float, steps: int, moment: Tensor, runs: int = 1) -> Tensor:
    """Stochastic gradient descent, or the mean weights of several independent runs of it from the same start.

    Args:
        problem: the quadratic and its noise.
        lr: learning rate.
        steps: how many.
        moment: E e^2 at the start [d], common to all runs.
        runs: how many runs are averaged: their noise variance is s^2 / runs.

    Returns:
        E e^2 of the mean of the runs at every step [steps + 1, d].

    Raises:
        ValueError: if a direction diverges; the sentence names it.

    Example:
        >>> one = NoisyQuadratic(torch.ones(1).double(), torch.tensor([0.3]).double())
        >>> losses(one, sgd_moments(one, 0.1, 2, torch.ones(1).double()))
        tensor([0.5000, 0.4055, 0.3289], dtype=torch.float64)
    """
    settled = problem.sgd(lr) / _expect.count("runs", runs)
    return _settling(problem, lr, settled, steps, moment)


def swa_moments(problem: NoisyQuadratic, lr: float, steps: int, moment: Tensor) -> Tensor:
    """The mean of the iterates that SGD takes from here on, after every one of them.

    With S the sum of the iterates and e the present one, a step makes E S e into rho E S e + E e^2, where
    rho = 1 - lr h, and adds 2 rho E S e + E e^2 to E S^2 (values of E S e before the step, of E e^2 after it).

    Args:
        problem: the quadratic and its noise.
        lr: learning rate.
        steps: how many iterates in the end.
        moment: E e^2 before the first of them [d].

    Returns:
        E (S / t)^2 for t = 1 ... steps [steps, d].

    Raises:
        ValueError: if a direction diverges; the sentence names it.

    Example:
        >>> one = NoisyQuadratic(torch.ones(1).double(), torch.tensor([0.3]).double())
        >>> losses(one, swa_moments(one, 0.1, 3, one.sgd(0.1)))
        tensor([0.0024, 0.0023, 0.0022], dtype=torch.float64)
    """
    iterates = sgd_moments(problem, lr, _expect.count("steps", steps), moment)[1:]
    rho, mixed, square, path = 1 - lr * problem.h, torch.zeros_like(moment), torch.zeros_like(moment), []
    for t, now in enumerate(iterates, 1):
        square = square + 2 * rho * mixed + now
        mixed = rho * mixed + now
        path.append(square / t**2)
    return torch.stack(path)


def late_phase_moments(
    problem: NoisyQuadratic, lr_shared: float, lr_late: float, members: int, gamma: float, rounds: int, moment: Tensor
) -> tuple[Tensor, Tensor]:
    """Late-phase members w_k = theta + phi_k from their release on: their average, and each of them.

    The average takes steps of size lr_late + gamma K lr_shared with noise variance s^2 / K. A member's deviation from
    it starts at nothing, shrinks by 1 - lr_late h a round, and takes up noise of variance (1 - 1/K) s^2; it is
    not correlated with the average, so the two moments add up.

    Args:
        problem: the quadratic and its noise.
        lr_shared: learning rate of the shared part theta.
        lr_late: learning rate of a member's own part phi_k.
        members: K.
        gamma: factor on the sum of the K gradients of theta: 1 is the sum, 1 / K the mean.
        rounds: how many; each costs K minibatches.
        moment: E e^2 at the release [d].

    Returns:
        E e^2 of the average and of a member at every round, each [rounds + 1, d].

    Raises:
        ValueError: if a direction diverges; the sentence names it.

    Example:
        >>> one = NoisyQuadratic(torch.ones(1).double(), torch.tensor([0.3]).double())
        >>> average, member = late_phase_moments(one, 0.05, 0.05, 10, 1 / 10, 50, one.sgd(0.1))
        >>> [round(losses(one, moments)[-1].item(), 5) for moments in (average, member)]
        [0.00024, 0.00127]
    """
    settled = problem.late_phase(lr_shared, lr_late, members, gamma)
    around = problem.spread(lr_late, members) if lr_late else torch.zeros_like(settled)
    average = _settling(problem, effective_lr(lr_shared, lr_late, members, gamma), settled, rounds, moment, "rounds")
    return average, average + _settling(problem, lr_late, around, rounds, torch.zeros_like(moment))


def _settling(
    problem: NoisyQuadratic, lr: float, settled: Tensor, steps: int, moment: Tensor, name: str = "steps"
) -> Tensor:
    """The recursion v -> rho^2 v + (1 - rho^2) settled with rho = 1 - lr h, from v = moment, for all steps at once."""
    if _expect.tensor("moment", moment).shape != problem.h.shape:
        raise ValueError(f"moment must have shape {list(problem.h.shape)}, got {list(moment.shape)}.")
    t = torch.arange(_expect.count(name, steps, least=0) + 1, dtype=problem.h.dtype, device=problem.h.device)
    left = (1 - lr * problem.h) ** (2 * t[:, None])
    return left * moment + (1 - left) * settled
