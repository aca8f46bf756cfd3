"""Lesson 07, exercise 7.1: drop the smallest of the weights that are still alive."""

import torch

from toolkit.exercises.lesson03_lists import Tensors
from toolkit.exercises.lesson07_masks import accept, masks_difference
from toolkit.exercises.lesson07_prune_mistakes import MISTAKES, first_of_equals
from toolkit.exercises.parts import Case, Exercise


def prune(weights, masks, fraction):
    """Return new masks without the smallest alive weights: a fraction of them, ranked over all layers at once."""
    alive = torch.cat([mask.flatten() for mask in masks])
    places = alive.nonzero().flatten()
    sizes = torch.cat([w.flatten() for w in weights])[places].abs()
    drop = sizes.argsort(stable=True)[: round(fraction * len(places))]
    alive[places[drop]] = False
    parts = alive.split([mask.numel() for mask in masks])
    return [part.view_as(mask) for part, mask in zip(parts, masks, strict=True)]


def _random(seed, *shapes):
    generator = torch.Generator().manual_seed(seed)
    return Tensors(torch.randn(shape, generator=generator) for shape in shapes)


def _round(number):
    """Weights and masks of 64-32-32-32-10 before round `number`, counted from 1."""
    weights = _random(number, (32, 64), (32, 32), (32, 32), (10, 32))
    masks = [torch.ones_like(w, dtype=torch.bool) for w in weights]
    for _ in range(number - 1):
        masks = prune(weights, masks, 0.2)
    return Tensors(w * mask for w, mask in zip(weights, masks, strict=True)), Tensors(masks), 0.2


def _masks(*masks):
    return Tensors(torch.tensor(mask, dtype=torch.bool) for mask in masks)


_WEIGHTS = Tensors(
    [torch.tensor([[0.9, -0.2, 0.0], [0.0, 1.1, 0.0]]), torch.tensor([[-0.6, 0.0], [0.0, 0.7], [-1.5, 0.0]])]
)
# 6 of 12; an alive one is 0, and a dead one 1.1. Who ranks the dead as well drops that 0 and nothing else, by count,
# by threshold or by quantile, which no mistake in counting does.
_ALIVE = _masks([[1, 1, 1], [0, 0, 0]], [[1, 0], [0, 1], [1, 0]])
_TIED = Tensors([torch.tensor([[0.5, -0.1, 0.5]]), torch.tensor([[-0.5, 2.0, 0.5, 3.0]])])
_FULL = _masks([[1, 1, 1]], [[1, 1, 1, 1]])

_accept = accept(lambda: PRUNE, masks_difference, first_of_equals)

PRUNE = Exercise(
    id="7.1",
    title="The smallest go",
    difficulty=3,
    minutes=15,
    objective=1,
    reference=prune,
    cases=(
        Case((_WEIGHTS, _ALIVE, 0.45), accept=_accept),
        Case((_TIED, _FULL, 0.4), accept=_accept),  # two of the four 0.5 fall, whichever
        Case((_WEIGHTS, _ALIVE, 0.0), accept=_accept),
        Case(lambda: _round(1), accept=_accept),
        Case(lambda: _round(10), accept=_accept),
    ),
    wrong=MISTAKES,
    hints=(
        "Put all layers into one long vector first, the weights and the masks. Of which of its places do you want to "
        "know the magnitude?",
        "places = alive.nonzero().flatten() are those still alive, n of them. Sort the magnitudes there, and the first "
        "round(fraction * n) of the order fall. Count them; a threshold cannot count where weights are equal.",
        "torch.cat makes a new vector, so alive[places[drop]] = False changes nothing of the caller's. "
        "sizes.argsort(stable=True)[:k] are the k smallest. alive.split([mask.numel() for mask in masks]) cuts it up "
        "again.",
    ),
    skeleton=(
        "def prune(weights, masks, fraction):\n"
        "    alive = torch.cat([mask.flatten() for mask in masks])\n"
        "    places = alive.nonzero().flatten()\n"
        "    sizes = torch.cat([w.flatten() for w in weights])[...].abs()\n"
        "    drop = sizes.argsort(stable=True)[:...]\n"
        "    alive[...] = False\n"
        "    parts = alive.split([mask.numel() for mask in masks])\n"
        "    return [part.view_as(mask) for part, mask in zip(parts, masks, strict=True)]"
    ),
    praise="Counted to the last weight: ten rounds of 0.2 leave 474 of 4,416, and none that fell is larger than one "
    "that stayed.",
    errors={
        r"quantile\(\) q|index -?\d+ is out of bounds|out of range": "fraction may be 0: then nothing falls, and there "
        "is no k-th smallest to compare with.",
        r"same number of dimensions|Tensors must have|Sizes of tensors must match": "The layers have different shapes: "
        "flatten each before torch.cat.",
        r"'list' object has no attribute|'Tensors' object has no attribute": "weights and masks are lists, one tensor "
        "a layer: go through them, or torch.cat their flattened tensors.",
    },
)
