"""Lesson 06: what of a trained network is in its values, and what in their order."""

import torch
from torch import Tensor

from toolkit import data, models
from toolkit.evidence.lesson06_runs import DEEP, SETTINGS, adam, both, starts
from toolkit.reconnect import rows, start, sync
from toolkit.space import WeightSpace


def ranks(seeds: int = 5) -> dict:
    """Networks trained by Adam whose weights are shuffled in their rows, or replaced by others of the same ranks."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*DEEP))
    begin = starts(space, seeds)
    end = adam(space, begin, digits)
    fresh = torch.stack([start(space, seed + 100) for seed in range(seeds)])
    sign = torch.stack([start(space, seed + 100, "sign") for seed in range(seeds)])
    sets = {
        "trained by Adam": end,
        "its weights, shuffled in each row": _shuffled(space, end),
        "the start's values, in trained order": _in_order_of(space, end, begin),
        "fresh values, in trained order": _in_order_of(space, end, fresh),
        "fresh values x 0.5": _in_order_of(space, end, fresh, 0.5),
        "fresh values x 2": _in_order_of(space, end, fresh, 2.0),
        "two values, in trained order": _in_order_of(space, end, sign),
        "the start": begin,
    }
    found = {name: both(space, theta, digits) for name, theta in sets.items()}
    config = {"network": f"mlp{DEEP}", "seeds": seeds, "optimizer": "Adam", **SETTINGS}
    return {"config": config, "found": found}


def _in_order_of(space: WeightSpace, theta: Tensor, values: Tensor, scale: float = 1.0) -> Tensor:
    """Put other values [N, D] into the order of theta [N, D], row by row; biases are theta's."""
    out = theta.clone()
    for new, old, given in zip(out, theta, values, strict=True):
        for name, w in space.unflatten(new).items():
            if w.dim() > 1:
                ordered = rows(scale * space.unflatten(given)[name]).sort(dim=1).values
                w.copy_(sync(rows(space.unflatten(old)[name]), ordered).view_as(w))
    return out


def _shuffled(space: WeightSpace, theta: Tensor) -> Tensor:
    """Shuffle the weights of every row."""
    out, generator = theta.clone(), torch.Generator().manual_seed(0)
    for point in out:
        for w in space.unflatten(point).values():
            if w.dim() > 1:
                order = torch.rand(rows(w).shape, generator=generator).argsort(dim=1).to(w.device)
                w.copy_(rows(w).gather(1, order).view_as(w))
    return out
