"""A fair race on the noisy quadratic problem: late-phase training beside the controls it has to be held against."""

from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.quadratic import NoisyQuadratic
from toolkit.quadratic_curves import diverging, effective_lr, late_phase_moments, losses, sgd_moments, swa_moments

AXES = ("minibatches", "outer steps")


@dataclass(frozen=True)
class Curve:
    """The expected loss of one method along training.

    Attributes:
        x: where [n], in minibatches or in outer steps.
        loss: expected loss there [n].
        settled: the expected loss it settles at, in closed form; for `swa`, that of as many settled iterates.
        cost: minibatches it takes in all.
    """

    x: Tensor
    loss: Tensor
    settled: float
    cost: int

    @property
    def final(self) -> float:
        """The expected loss at the end."""
        return self.loss[-1].item()


def race(
    problem: NoisyQuadratic,
    start: Tensor,
    lr: float,
    budget: int,
    release: int,
    members: int,
    late_share: float = 0.5,
    gamma: float | None = None,
    axis: str = "minibatches",
) -> dict[str, Curve]:
    """Let late-phase training run against its controls, all from one start and one SGD up to the release.

    Counted in minibatches, late-phase training has (budget - release) // K rounds after the release. Counted in outer
    steps it has budget - release of them, and takes K times as many minibatches as the others.

    Args:
        problem: the quadratic and its noise.
        start: errors at the start [d].
        lr: learning rate.
        budget: length of the race, in minibatches or in outer steps as `axis` says.
        release: T0, below the budget, in the same unit.
        members: K.
        late_share: the members' own part of lr, in [0, 1]; theta gets the rest.
        gamma: factor on the sum of the K gradients of theta; left out, 1 / K.
        axis: `"minibatches"` or `"outer steps"`.

    Returns:
        Curves by name: `sgd`; `slow` (SGD at lr / K after the release); `swa` (mean of the iterates of sgd after the
        release); `average` and `member` of the late phase, left out where they diverge (see `diverging`); `runs` (mean
        weights of K runs of SGD, which take K times the budget).

    Raises:
        ValueError: if a number is out of range, or SGD diverges; the sentence names the direction.

    Example:
        >>> h = 1 / torch.arange(1, 51).double()
        >>> found = race(NoisyQuadratic(h, h.sqrt()), torch.ones(50).double(), 0.5, 6000, 3000, members=10)
        >>> {name: round(curve.final, 4) for name, curve in found.items()}  # doctest: +NORMALIZE_WHITESPACE
        {'sgd': 0.6254, 'slow': 0.0568, 'swa': 0.0082, 'average': 0.0626, 'member': 0.3275, 'runs': 0.0625}
    """
    k, after = _expect.count("members", members), _after(budget, release)
    counts_batches = _expect.choice("axis", axis, AXES) == AXES[0]
    late = _expect.number("late_share", late_share, 0, 1) * lr
    gamma = 1 / k if gamma is None else _expect.number("gamma", gamma, 0)
    if _expect.tensor("start", start).shape != problem.h.shape:
        raise ValueError(f"start must have shape {list(problem.h.shape)}, got {list(start.shape)}.")
    first = sgd_moments(problem, lr, release, start**2)
    plain = sgd_moments(problem, lr, after, first[-1])
    slow = sgd_moments(problem, lr / k, after, first[-1])
    mean = torch.cat([first[-1:], swa_moments(problem, lr, after, first[-1])])
    runs = sgd_moments(problem, lr, budget, first[0], runs=k)

    def curve(moments: Tensor, settled: Tensor, begin: int, cost: int, stride: int = 1) -> Curve:
        return Curve(begin + stride * torch.arange(len(moments)), losses(problem, moments), problem.loss(settled), cost)

    found = {
        "sgd": curve(torch.cat([first, plain[1:]]), problem.sgd(lr), 0, budget),
        "slow": curve(slow, problem.sgd(lr / k), release, budget),
        "swa": curve(mean, problem.swa(lr, after), release, budget),
    }
    if not diverging(problem, effective_lr(lr - late, late, k, gamma)):
        rounds, stride = (after // k, k) if counts_batches else (after, 1)
        average, member = late_phase_moments(problem, lr - late, late, k, gamma, rounds, first[-1])
        settled = problem.late_phase(lr - late, late, k, gamma)
        around = problem.spread(late, k) if late else torch.zeros_like(settled)
        cost = release + k * rounds
        found["average"] = curve(average, settled, release, cost, stride)
        found["member"] = curve(member, settled + around, release, cost, stride)
    return found | {"runs": curve(runs, problem.independent(lr, k), 0, k * budget)}


def _after(budget: int, release: int) -> int:
    budget, release = _expect.count("budget", budget), _expect.count("release", release, least=0)
    if release >= budget:
        raise ValueError(f"release must lie below the budget of {budget}, got {release}.")
    return budget - release
