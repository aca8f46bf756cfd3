"""Where each parameter of a module lies in theta, and what follows from it."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Slot(NamedTuple):
    """Where one parameter lies in theta: `theta[start:stop].view(shape)`."""

    name: str
    shape: torch.Size
    start: int
    stop: int


def slots(module: nn.Module) -> list[Slot]:
    """Lay a module's parameters out one after another, in its own order; a tied one counts once."""
    found, start = [], 0
    for name, parameter in module.named_parameters():
        found.append(Slot(name, parameter.shape, start, start + parameter.numel()))
        start += parameter.numel()
    return found


def names(module: nn.Module) -> dict[str, str]:
    """Every name that a parameter of a module goes by, and its name in the layout: another one where it is tied."""
    first = {id(parameter): name for name, parameter in module.named_parameters()}
    return {name: first[id(one)] for name, one in module.named_parameters(remove_duplicate=False)}


def matrices(layout: list[Slot]) -> Tensor:
    """Mask [D] of the tensors of two dimensions or more."""
    return torch.cat([torch.full((slot.stop - slot.start,), len(slot.shape) > 1) for slot in layout])


def layers(layout: list[Slot]) -> Tensor:
    """Number of the layer [D] each weight belongs to, from 0."""
    names = [slot.name.rpartition(".")[0] for slot in layout]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    sizes = torch.tensor([slot.stop - slot.start for slot in layout])
    return torch.tensor([numbers[name] for name in names]).repeat_interleave(sizes)


def reset(module: nn.Module) -> nn.Module:
    """Re-initialise every layer by its own method, inner layers first."""
    for name, layer in reversed(list(module.named_modules())):
        reset = getattr(layer, "reset_parameters", None) or getattr(layer, "_reset_parameters", None)
        own = [f"{name}.{part}".strip(".") for part, _ in layer.named_parameters(recurse=False)]
        if reset:
            reset()
        elif own:
            raise ValueError(
                f"init(seed) does not know how to draw {own[0]!r}: its layer has no reset_parameters(); "
                "give WeightSpace(module, init=...) a function that builds a fresh network."
            )
    return module
