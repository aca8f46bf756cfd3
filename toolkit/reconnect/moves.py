"""What a permutation did: how far values moved, in which cycles, and how much it can say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.reconnect.rows import rows
from toolkit.space import WeightSpace


@dataclass(frozen=True)
class Moves:
    """How the values of one layer moved within their rows.

    Attributes:
        name: of the layer's weights.
        to: where the value at each position went, [rows, n]: after = empty; after[to] = before.
        moved: fraction of the values that stand elsewhere.
        distance: mean of |to - from| / n.
        spearman: rank correlation between the rows before and after, averaged over rows.
    """

    name: str
    to: Tensor
    moved: float
    distance: float
    spearman: float


@torch.no_grad()
def moves(space: WeightSpace, before: Tensor, after: Tensor) -> list[Moves]:
    """Find where every value of every matrix went.

    Equal values are told apart by their order; a value that could have stayed is then said to stay wherever the value
    before and after is the same.

    Args:
        space: the weight space.
        before: a point [D].
        after: another one [D], whose rows are permutations of the first's.

    Returns:
        For each matrix or filter bank its `Moves`.

    Raises:
        ValueError: if a row holds other values than before.

    Example:
        >>> from torch import nn
        >>> space = WeightSpace(nn.Linear(3, 1, bias=False))
        >>> one = moves(space, torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 3.0, 2.0]))[0]
        >>> one.to.tolist(), round(one.moved, 3), round(one.spearman, 3)
        ([[0, 2, 1]], 0.667, 0.5)
    """
    space.check(before, one=True)
    space.check(after, one=True)
    found, old, new = [], space.unflatten(before), space.unflatten(after)
    for slot in space.layout:
        if len(slot.shape) < 2:
            continue
        a, b = rows(old[slot.name]), rows(new[slot.name])
        if not torch.equal(a.sort(dim=1).values, b.sort(dim=1).values):
            raise ValueError(f"after must hold the values of before, row by row, and {slot.name!r} does not.")
        to, here = _partners(a, b), torch.arange(a.shape[1], device=a.device)
        found.append(
            Moves(
                slot.name,
                to,
                moved=(to != here).float().mean().item(),
                distance=(to - here).abs().float().mean().item() / a.shape[1],
                spearman=_spearman(a, b),
            )
        )
    return found


def cycles(to: Tensor) -> list[tuple[int, list[int]]]:
    """Take the permutations of the rows apart into cycles, each a row and positions; what stays is left out.

    Args:
        to: [rows, n], as in `Moves`.

    Example:
        >>> cycles(torch.tensor([[0, 2, 1], [1, 2, 0]]))
        [(0, [1, 2]), (1, [0, 1, 2])]
    """
    found = []
    for row, targets in enumerate(to.tolist()):
        seen = [False] * len(targets)
        for first in range(len(targets)):
            cycle, at = [], first
            while not seen[at]:
                seen[at] = True
                cycle.append(at)
                at = targets[at]
            if len(cycle) > 1:
                found.append((row, cycle))
    return found


@torch.no_grad()
def partway(space: WeightSpace, before: Tensor, after: Tensor, fractions: Sequence[float], seed: int = 0) -> Tensor:
    """Return the networks on the way from one arrangement to the other, cycle by cycle in random order.

    A cycle is the least that can be moved without giving a row another value. Vectors (biases, norms) change when half
    of the way is done: they are no permutation.

    Args:
        space: the weight space.
        before: a point [D].
        after: another one [D], whose rows are permutations of the first's.
        fractions: how much of what moves at all has moved, each in [0, 1].
        seed: of the order.

    Returns:
        Networks [len(fractions), D]; 0 gives `before` and 1 gives `after`.

    Raises:
        ValueError: if a row holds other values than before, or a fraction is outside [0, 1].
    """
    if not isinstance(fractions, Iterable):
        raise TypeError(f"fractions must be several numbers in [0, 1], got {fractions!r}.")
    marks = [_expect.number("each of fractions", one, 0, 1) for one in fractions]
    layers = moves(space, before, after)
    every = [(i, row, cycle) for i, layer in enumerate(layers) for row, cycle in cycles(layer.to)]
    order = torch.randperm(len(every), generator=torch.Generator().manual_seed(_expect.count("seed", seed, least=0)))
    total, done = max(1, sum(len(cycle) for _, _, cycle in every)), 0
    when = [torch.full(layer.to.shape, 2.0, dtype=torch.double) for layer in layers]
    for index in order.tolist():
        i, row, cycle = every[index]
        done += len(cycle)
        when[i][row, cycle] = done / total
    thetas = before.repeat(len(marks), 1)
    for point, mark in zip(thetas, marks, strict=True):
        old, new, end = space.unflatten(before), space.unflatten(point), space.unflatten(after)
        for name in old:
            if old[name].dim() < 2 and mark >= 0.5:
                new[name].copy_(end[name])
        for layer, at in zip(layers, when, strict=True):
            w, source = rows(new[layer.name]), rows(old[layer.name])
            to = torch.where((at <= mark).to(layer.to.device), layer.to, torch.arange(w.shape[1]).to(layer.to))
            w.scatter_(1, to, source)
    return thetas


def bits(space: WeightSpace, theta: Tensor | None = None) -> float:
    """How much the arrangement of all rows can say, in bits: the sum over rows of log2(n! / prod m_i!).

    Args:
        space: the weight space.
        theta: a point [D] whose equal values (m_i of a kind in a row) cannot be told apart; left out, all differ.

    Example:
        >>> from toolkit import models
        >>> round(bits(WeightSpace(models.mlp(64, 256, 128, 10))))
        298488
    """
    total = 0.0
    for slot in space.layout:
        if len(slot.shape) < 2:
            continue
        total += slot.shape[0] * _log2_factorial(slot.shape[1:].numel())
        if theta is not None:
            space.check(_expect.tensor("theta", theta), one=True)
            for row in rows(space.unflatten(theta)[slot.name]):
                total -= sum(_log2_factorial(m) for m in row.unique(return_counts=True)[1].tolist())
    return max(total, 0.0)


def _partners(a: Tensor, b: Tensor) -> Tensor:
    """Where each value of a stands in b; values that stand still stay, the others are matched rank by rank."""
    still = a == b
    far = torch.finfo(a.dtype).max
    from_, to_ = (w.masked_fill(still, far).argsort(dim=1, stable=True) for w in (a, b))
    to = torch.arange(a.shape[1], device=a.device).repeat(len(a), 1)
    return to.scatter(1, from_, to_)


def _spearman(a: Tensor, b: Tensor) -> float:
    """Mean over rows of the correlation of ranks."""
    ranks = [w.argsort(dim=1, stable=True).argsort(dim=1).double() for w in (a, b)]
    centred = [r - r.mean(1, keepdim=True) for r in ranks]
    alike = (centred[0] * centred[1]).sum(1) / (centred[0].norm(dim=1) * centred[1].norm(dim=1))
    return float(alike.nan_to_num(nan=1.0).mean())  # a row of one value has one order


def _log2_factorial(n: int) -> float:
    return torch.lgamma(torch.tensor(n + 1.0, dtype=torch.double)).item() / log(2)
