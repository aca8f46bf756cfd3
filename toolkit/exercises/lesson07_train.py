"""Lesson 07: a stand-in for training, quick and always the same, and a loop with three leaks."""

import torch

from toolkit import sparse
from toolkit.exercises.compare import kind


def train(theta, mask, seed):
    """Return theta [D] trained under a mask; the seed is the order of the data. A stand-in: it takes no time.

    Where the mask is False, theta counts as 0, and comes back as it went in. (torch.nn.utils.prune does the same:
    `weight_orig` holds values that the network does not use.)
    """
    _check(theta, mask)
    used = mask * theta
    for step in range(3):
        noise = torch.sin((seed + 1) * (step + 1) * torch.arange(1.0, len(theta) + 1))
        used = used - mask * (0.3 * used - 0.2 * used.roll(1) - 0.2 * used.roll(3) + 0.1 * noise)
    return torch.where(mask, used, theta)


def drop_half(theta, mask, is_weight):
    """Return the mask without the smaller half of the weights it leaves alive; biases stay."""
    _check(theta, mask)
    return sparse.prune(theta, mask, 0.5, is_weight)


def leaky_loop(theta, is_weight, train, prune, rounds):
    """Return the mask that so many rounds find, and the middle of two siblings under it. Three things leak."""
    start, mask = theta, torch.ones_like(is_weight)
    for _ in range(rounds):
        trained = train(theta, mask, 0)
        mask = prune(trained, trained != 0, is_weight)
        theta = torch.where(is_weight, start, trained)
    one, other = train(theta, mask, 1), train(theta, mask, 2)
    return mask, (one + other) / 2


def _check(theta, mask):
    if not isinstance(theta, torch.Tensor) or theta.ndim != 1:
        raise TypeError(f"train and prune take a network [D], got {kind(theta)}.")
    if not isinstance(mask, torch.Tensor) or mask.dtype != torch.bool or mask.shape != theta.shape:
        raise TypeError(f"train and prune take a mask of True and False like the network, got {kind(mask)}.")
