"""Masks: which weights of a network are alive. A mask is a boolean vector of the weight space, nothing more."""

from collections.abc import Sequence

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.batches import generator
from toolkit.space import WeightSpace


def prunable(space: WeightSpace, exclude: Sequence[str] = ()) -> Tensor:
    """Return the weights [D] that pruning may take: those of matrices and filters, never biases or norms.

    Args:
        space: the weight space.
        exclude: names of tensors or layers to be left whole, such as `("fc3",)`.

    Raises:
        ValueError: if a name is unknown, or nothing is left.

    Example:
        >>> from toolkit import models
        >>> int(prunable(WeightSpace(models.mlp(64, 32, 10)), exclude=["fc2"]).sum())
        2048
    """
    if isinstance(exclude, str) or not isinstance(exclude, Sequence):
        raise TypeError(f"exclude must be several names, such as ('fc3',), got {exclude!r}.")
    where = space.matrices()
    for name in exclude:
        found = {own for other, own in space.names.items() if name in (other, other.rpartition(".")[0])}
        slots = [slot for slot in space.layout if slot.name in found]
        if not slots:
            raise ValueError(f"exclude must name tensors or layers of this network, got {name!r}.")
        for slot in slots:
            where[slot.start : slot.stop] = False
    if not where.any():
        raise ValueError(f"exclude must leave something to prune, got {list(exclude)!r}.")
    return where


@torch.no_grad()
def prune(theta: Tensor, mask: Tensor, fraction: float, where: Tensor) -> Tensor:
    """Drop the smallest weights that are still alive, over all layers at once.

    Of n alive prunable weights round(fraction n) are dropped, those of least magnitude; of equal ones those that come
    first.

    Args:
        theta: trained weights [D] or [N, D].
        mask: which are alive, the same shape.
        fraction: p, in [0, 1).
        where: the weights that pruning may take [D], from `prunable`.

    Returns:
        A new mask, contained in the old one.

    Raises:
        ValueError: if a shape or the fraction does not fit.

    Example:
        >>> alive = torch.tensor([True, True, True, True])
        >>> prune(torch.tensor([3.0, -1.0, 2.0, 0.5]), alive, 0.5, alive)
        tensor([ True, False,  True, False])
    """
    _expect.tensor("theta", theta)
    check_mask(mask, theta)
    _check_where(where, theta.shape[-1])
    if _expect.number("fraction", fraction, 0, 1) == 1:
        raise ValueError("fraction must be below 1, got 1: nothing would be left.")
    new = mask.clone()
    for point, alive in zip(theta.reshape(-1, theta.shape[-1]), new.view(-1, new.shape[-1]), strict=True):
        candidates = (alive & where).nonzero().flatten()
        order = point[candidates].abs().argsort(stable=True)
        alive[candidates[order[: round(fraction * len(candidates))]]] = False
    return new


def density(space: WeightSpace, mask: Tensor) -> dict[str, float]:
    """Return the fraction of the weights alive in every matrix, by name; [N, D] is averaged over networks."""
    check_mask(mask, mask)
    parts = space.unflatten(mask)
    return {name: part.float().mean().item() for name, part in parts.items() if len(_shape(space, name)) > 1}


def sparsity(mask: Tensor, where: Tensor) -> float:
    """Return the fraction of the prunable weights that are pruned, counted from the mask [D] or [N, D]."""
    check_mask(mask, mask)
    _check_where(where, mask.shape[-1])
    return 1 - mask[..., where].float().mean().item()


def dead_layers(space: WeightSpace, mask: Tensor) -> list[str]:
    """Return the names of matrices of which a mask [D] (or one of several [N, D]) leaves nothing.

    Such a network cannot pass anything through.
    """
    check_mask(mask, mask)
    parts = space.unflatten(mask if mask.dim() == 2 else mask[None])
    return [n for n, part in parts.items() if len(_shape(space, n)) > 1 and not part.flatten(1).any(1).all()]


def shuffled(space: WeightSpace, mask: Tensor, seed: int = 0) -> Tensor:
    """Return a mask [D] with as many weights alive in every layer, but others: the control for which ones they are."""
    space.check(mask, one=True)
    check_mask(mask, mask)
    draws, new = generator(_expect.count("seed", seed, least=0), stream=6), mask.clone()
    for slot in space.layout:
        if len(slot.shape) > 1:
            order = torch.randperm(slot.stop - slot.start, generator=draws).to(mask.device)
            new[slot.start : slot.stop] = mask[slot.start : slot.stop][order]
    return new


def random_mask(where: Tensor, fraction: float, seed: int = 0) -> Tensor:
    """Return a mask [D] that drops round(fraction n) of the prunable weights, any of them."""
    _check_where(where)
    draws = torch.rand(len(where), generator=generator(_expect.count("seed", seed, least=0), stream=7))
    return prune(draws.to(where.device) + 1, torch.ones_like(where), fraction, where)


def survived(masks: Tensor) -> Tensor:
    """Return how many rounds every weight lived through [...], given the masks [R + 1, ...] of the rounds.

    Masks contained in each other say no more than that: the mask of round r is `survived(masks) >= r`.

    Raises:
        ValueError: if the first mask is not full, or one revives what the one before had pruned.

    Example:
        >>> survived(torch.tensor([[True, True, True], [True, False, True], [False, False, True]]))
        tensor([1, 0, 2])
    """
    check_mask(masks, masks)
    if masks.dim() < 2 or not masks[0].all():
        raise ValueError(f"masks must be several [R + 1, ...], the first one full, got {list(masks.shape)}.")
    revived = (masks[1:] & ~masks[:-1]).flatten(1).any(1)
    if revived.any():
        raise ValueError(f"masks must be contained in each other, and mask {int(revived.nonzero()[0]) + 1} revives.")
    return masks.sum(0) - 1


def check_mask(mask: Tensor, like: Tensor) -> None:
    """Complain unless a mask is a boolean tensor shaped like the weights."""
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        raise TypeError(f"mask must be a tensor of True and False, got {getattr(mask, 'dtype', type(mask).__name__)}.")
    if mask.shape != like.shape:
        raise ValueError(f"mask must have the weights' shape {list(like.shape)}, got {list(mask.shape)}.")


def _check_where(where: Tensor, size: int | None = None) -> None:
    """Complain unless `where` marks at least one of `size` weights."""
    is_mask = isinstance(where, Tensor) and where.dtype == torch.bool and where.dim() == 1
    if not is_mask or not where.any() or (size is not None and len(where) != size):
        found = f"{where.dtype} of shape {list(where.shape)}" if isinstance(where, Tensor) else type(where).__name__
        raise ValueError(f"where must be a mask [D] of weights to prune, as prunable() gives it, got {found}.")


def _shape(space: WeightSpace, name: str) -> torch.Size:
    return next(slot.shape for slot in space.layout if slot.name == name)
