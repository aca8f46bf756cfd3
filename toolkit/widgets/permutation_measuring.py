"""Measuring the way from B to its aligned copy, swap by swap, for a PermutationSlider."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.landscape.measure import evaluate
from toolkit.landscape.path import positions
from toolkit.match import Match, by_activations
from toolkit.match.result import check_networks
from toolkit.progress import progress
from toolkit.space import WeightSpace
from toolkit.subspaces import Line
from toolkit.symmetry import Permutations, Symmetry, trace
from toolkit.widgets.measuring import as_pictures, in_pieces
from toolkit.widgets.permutation_data import Arrangement, Filters, SwapData

FEW = 17  # arrangements to measure where measuring all of them would take long
_WORK = 10**8  # multiplications an example in all scans together


class Ruler:
    """Measures arrangements P(B): the line from A to P(B), its length, and whether the function has moved."""

    def __init__(self, symmetry: Symmetry, a: Tensor, b: Tensor, dataset: Dataset, points: int):
        """Note what B answers before anything is swapped."""
        self.symmetry, self.a, self.b, self.dataset = symmetry, a, b, dataset
        self.t = positions(points)
        self.stats = symmetry.space.refresh(b, dataset.train_x)
        self.before = symmetry.space.logits(b, dataset.test_x, self.stats)

    @torch.no_grad()
    def measure(self, perms: Permutations) -> Arrangement:
        """Measure one arrangement; BatchNorm statistics are estimated anew at every point of the line."""
        space, moved = self.symmetry.space, self.symmetry.apply(self.b, perms)
        names, pieces = ["test_loss", "test_accuracy"], in_pieces(Line(self.a, moved), self.t)
        parts = [evaluate(space, networks, self.dataset, names) for _, networks in pieces]
        after = space.logits(moved, self.dataset.test_x, self.symmetry.apply_statistics(self.stats, perms))
        return Arrangement(
            *(np.concatenate([part[name] for part in parts]) for name in names),
            distance=(self.a - moved).norm().item(),
            change=(after - self.before).abs().max().item(),
        )


def prepare(
    space: WeightSpace, a: Tensor, b: Tensor, dataset: Dataset, symmetry: Symmetry | None, points: int
) -> tuple[Symmetry, Ruler]:
    """Check what a PermutationSlider is given, and trace the symmetry unless it is given too."""
    if not isinstance(space, WeightSpace):
        raise TypeError(f"space must be a WeightSpace, got {type(space).__name__}.")
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a toolkit.Dataset, got {type(dataset).__name__}.")
    symmetry = trace(space, dataset.train_x[:4]) if symmetry is None else symmetry
    if not isinstance(symmetry, Symmetry):
        raise TypeError(f"symmetry must come from toolkit.trace, got {type(symmetry).__name__}.")
    if symmetry.space is not space:
        raise ValueError("symmetry must be that of space, got that of another space.")
    if not symmetry.groups:
        raise ValueError("space must have hidden units that can be renumbered, got a network without.")
    check_networks(symmetry, a, b)
    return symmetry, Ruler(symmetry, a, b, dataset, points)


def measure_swaps(ruler: Ruler, perms: Match | Permutations | None = None, measured: int | None = None) -> SwapData:
    """Measure the way from B to its aligned copy.

    Args:
        ruler: of the two networks.
        perms: where to go, from a matcher or as permutations; left out, the match by activations.
        measured: how many arrangements to measure, spread evenly; left out, all of them where that is soon done.

    Returns:
        What the slider shows.
    """
    symmetry, images = ruler.symmetry, ruler.dataset
    match = by_activations(symmetry, ruler.a, ruler.b, images.train_x)
    goal = match.perms if perms is None else perms.perms if isinstance(perms, Match) else perms
    swaps = symmetry.steps(goal, match.score)
    grid = _grid(ruler, len(swaps), measured)
    found = [ruler.measure(symmetry.after(swaps[:k])) for k in progress(grid.tolist(), "measuring swaps")]
    return SwapData(
        groups=dict(symmetry.groups),
        swaps=swaps,
        score={
            name: match.score[name].cpu().numpy() if name in match.score else np.zeros((0, 0))
            for name in symmetry.groups
        },
        dead={name: tuple(mask.cpu().numpy() for mask in masks) for name, masks in match.dead.items()},
        best=dict.fromkeys(symmetry.groups, 0.0) | match.objective,
        t=ruler.t,
        measured=grid,
        arrangements=found,
        largest=ruler.before.abs().max().item(),
        filters=_filters(symmetry, ruler.a, ruler.b, tuple(images.test_x.shape[1:])),
    )


def _grid(ruler: Ruler, last: int, measured: int | None) -> np.ndarray:
    """The k to measure: all where a scan is cheap (no weight is used twice an example), else a few, evenly spread."""
    if measured is not None:
        number = _expect.count("measured", measured, least=2)
    else:
        space = ruler.symmetry.space
        dense = all(len(slot.shape) <= 2 for slot in space.layout)
        number = last + 1 if dense and (last + 1) * len(ruler.t) * space.size <= _WORK else FEW
    return np.unique(np.linspace(0, last, min(number, last + 1)).round().astype(int))


def _filters(symmetry: Symmetry, a: Tensor, b: Tensor, image_shape: tuple[int, ...]) -> Filters | None:
    """First-layer filters as pictures, where they are some and their units can be renumbered."""
    first = next((slot.name for slot in symmetry.space.layout if len(slot.shape) >= 2), None)
    segments = symmetry.axes.get(first, {}).get(0, ())
    if len(segments) != 1 or segments[0].group is None or segments[0].block != 1:
        return None
    pictures: list[Any] = [as_pictures(symmetry.space.unflatten(theta)[first], image_shape) for theta in (a, b)]
    if pictures[0] is None:
        return None
    return Filters(segments[0].group, *(picture.detach().cpu().numpy() for picture in pictures))
