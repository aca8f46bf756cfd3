"""Lesson 05: members small enough to write their gradients down, and batches for them."""

import torch

from toolkit.exercises.compare import kind
from toolkit.exercises.lesson03_lists import Tensors


def product_gradient(shared, phi, batch):
    """Return the gradients of the loss |w - batch|² / 2 of a member whose weights are the products w = shared phi."""
    miss = _vector(shared, "shared") * _vector(phi, "phi") - _batch(batch, 1)
    return miss * phi, miss * shared


def unit_gradient(shared, phi, batch):
    """Return the gradients of a unit's loss: phi[0] scales what its shared weights read; the batch is [B, S + 1]."""
    x, y = _batch(batch, 2)[:, :-1], batch[:, -1]
    reads = x @ _vector(shared, "shared")
    miss = _vector(phi, "phi") * reads - y
    return (miss[:, None] * x).mean(0) * phi, (miss * reads).mean(0, keepdim=True)


def _vector(value, name):
    if isinstance(value, torch.Tensor) and value.ndim == 1:
        return value
    raise TypeError(f"gradient takes the weights of one member, {name} a vector, got {kind(value)}.")


def _batch(value, dimensions):
    if isinstance(value, torch.Tensor) and value.ndim == dimensions:
        return value
    raise TypeError(f"gradient takes one batch, a tensor of {dimensions} dimension(s), got {kind(value)}.")


def readings(seed, *sizes):
    """Batches [B, 3] of inputs (two) and targets (one), a row a sample."""
    generator = torch.Generator().manual_seed(seed)
    return Tensors(torch.randn(size, 3, generator=generator) for size in sizes)
