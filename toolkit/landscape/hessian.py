"""The diagonal of the Hessian: how sharply the loss bends along each weight."""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor
from torch.func import grad, vjp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy

from toolkit import _expect
from toolkit.batches import generator
from toolkit.progress import progress
from toolkit.space import WeightSpace
from toolkit.sparse.masks import check_mask

_EXAMPLES_AT_ONCE = 8192  # of all probes together: more of them leave a processor's cache


@dataclass(frozen=True)
class Curvature:
    """What random probes tell of a Hessian H.

    Attributes:
        diagonal: estimates [D] of H_ii; exactly 0 where a weight is pruned.
        error: their standard errors [D]; 0 where the diagonal is exact.
        trace: estimate of the sum.
        relative_error: predicted norm(estimate - truth) / norm(truth); it falls as 1 / sqrt(probes), and is infinite
            where there are too few probes to tell the diagonal from their noise.
        probes: how many; 0 for the exact diagonal.
    """

    diagonal: Tensor
    error: Tensor
    trace: float
    relative_error: float
    probes: int


@sdpa_kernel(SDPBackend.MATH)  # the only attention that can be derived twice
def hessian_diagonal(
    space: WeightSpace,
    theta: Tensor,
    x: Tensor,
    y: Tensor,
    probes: int | None = 256,
    mask: Tensor | None = None,
    stats: dict[str, Tensor] | None = None,
    seed: int = 0,
) -> Curvature:
    """Estimate the diagonal of the Hessian of the loss by Hutchinson's probes, or compute it weight by weight.

    With v of independent signs, E[v * (H v)] is the diagonal: E[v_i v_j] = 0 for i other than j. The variance of one
    probe is sum_(j other than i) H_ij^2. H v comes from one more backward pass through the gradient, for many probes at
    once.

    Args:
        space: the weight space.
        theta: one point [D].
        x: inputs [B, ...].
        y: classes [B].
        probes: M, at least 2; None for the exact diagonal, one product H e_i for every weight.
        mask: weights alive [D]; the others are taken to be zero, and H is that of the loss on the subspace of these.
        stats: BatchNorm statistics, as for `space.logits`.
        seed: of the probes.

    Returns:
        A `Curvature`.

    Raises:
        ValueError: if theta, mask or y does not fit, or there are fewer than 2 probes.

    Example:
        >>> from torch import nn
        >>> space = WeightSpace(nn.Linear(3, 2))
        >>> x, y = torch.rand(8, 3), torch.tensor([0, 1] * 4)
        >>> exact = hessian_diagonal(space, space.init(0), x, y, probes=None)
        >>> guess = hessian_diagonal(space, space.init(0), x, y, probes=2000)
        >>> bool((guess.diagonal - exact.diagonal).norm() < 2 * guess.relative_error * exact.diagonal.norm())
        True

    Source: Hutchinson 1990; Bekas, Kokiopoulou, Saad 2007 for the diagonal.
    """
    space.check(_expect.tensor("theta", theta), one=True)
    if mask is not None:
        check_mask(mask, theta)
    alive = torch.ones_like(theta) if mask is None else mask.to(theta.dtype)
    theta = theta.detach() * alive
    _check_classes(y, len(x), space.logits(theta, x, stats).shape[-1])

    at_once = max(8, min(32, _EXAMPLES_AT_ONCE // max(1, len(x))))

    def loss(point: Tensor) -> Tensor:
        return cross_entropy(space.logits(point, x, stats), y)

    times = vjp(grad(loss), theta)[1]  # v -> v^T H, and H is symmetric

    def product(v: Tensor) -> Tensor:
        return v * times(v)[0]

    if probes is None:
        weights = alive.nonzero().flatten()
        diagonal = torch.zeros_like(theta)
        for part in progress(weights.split(at_once), "weights"):
            basis = torch.zeros(len(part), len(theta), dtype=theta.dtype, device=theta.device)
            basis[torch.arange(len(part)), part] = 1
            diagonal[part] = vmap(product)(basis)[torch.arange(len(part)), part]
        return Curvature(diagonal, torch.zeros_like(theta), float(diagonal.sum()), 0.0, 0)
    draws, total, square = generator(seed, stream=8), torch.zeros_like(theta), torch.zeros_like(theta)
    for start in progress(range(0, _expect.count("probes", probes, least=2), at_once), "probes"):
        count = min(at_once, probes - start)
        signs = torch.randint(2, (count, len(theta)), generator=draws).to(theta) * 2 - 1
        found = vmap(product)(signs * alive)
        total, square = total + found.sum(0), square + found.square().sum(0)
    diagonal = total / probes
    variance = (square - probes * diagonal.square()).clamp(min=0) / (probes - 1) / probes  # of the mean
    truth = float(diagonal.square().sum() - variance.sum())
    spread = float(variance.sum())
    relative = 0.0 if not spread else sqrt(spread / truth) if truth > 0 else float("inf")
    return Curvature(diagonal, variance.sqrt(), float(diagonal.sum()), relative, probes)


def _check_classes(y: Tensor, examples: int, classes: int) -> None:
    """Complain unless y holds a class for every example."""
    whole = isinstance(y, Tensor) and y.dtype == torch.int64
    if not whole or y.shape != (examples,) or not ((0 <= y) & (y < classes)).all():
        found = f"{y.dtype} of shape {list(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
        span = f" from {y.min()} to {y.max()}" if whole and y.numel() else ""
        raise ValueError(f"y must be {examples} whole numbers from 0 to {classes - 1}, got {found}{span}.")
