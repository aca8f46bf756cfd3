"""Instability analysis: when do two runs that share their first steps stay connected?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.landscape.path import Scan, scan
from toolkit.space import WeightSpace
from toolkit.sparse.masked import Masked
from toolkit.sparse.masks import check_mask
from toolkit.subspaces import Line
from toolkit.train import fit


@dataclass(frozen=True)
class Instability:
    """How far siblings that shared their first k steps have come apart.

    Attributes:
        steps: the steps k at which the siblings parted [K].
        seeds: one per pair [S].
        scans: one `Scan` of the line between the two siblings for each seed and step, [S][K].
    """

    steps: tuple[int, ...]
    seeds: tuple[int, ...]
    scans: tuple[tuple[Scan, ...], ...]

    def barrier(self, metric: str = "train_error", against: str = "chord") -> np.ndarray:
        """Barriers [S, K] between the siblings; see `Scan.barrier`."""
        return np.array([[one.barrier(metric, against) for one in row] for row in self.scans])


def instability(
    space: WeightSpace,
    dataset: Dataset,
    steps: Sequence[int],
    seeds: Sequence[int],
    points: int = 11,
    starts: Tensor | None = None,
    mask: Tensor | None = None,
    **settings,
) -> Instability:
    """Train pairs of siblings that share start and data order up to step k, then see different orders.

    A network is stable at step k to the noise of SGD if its siblings stay connected: if the error does not rise on the
    straight line between them. All pairs are trained side by side.

    Args:
        space: the weight space.
        dataset: the data.
        steps: where the siblings part, each from 0 to the steps of the training.
        seeds: of the starts; one pair per seed and step.
        points: positions on each line.
        starts: where the pair of each seed begins [S, D], such as the weights a ticket is rewound to; by default the
            networks that `space.init` draws.
        mask: which weights are alive, one mask for all [D] or one a seed [S, D]; the siblings, and so every network on
            the line between them, stay inside it.
        **settings: of the training, as for `toolkit.fit`.

    Returns:
        An `Instability`.

    Raises:
        TypeError: if `mask` is no tensor of booleans.
        ValueError: if there are no steps or seeds, one is negative or never reached, or `starts` or `mask` has another
            shape.

    Source: Frankle et al. 2020, section 2.
    """
    for name, values in [("steps", steps), ("seeds", seeds)]:
        if not isinstance(values, Sequence | np.ndarray) or not len(values):
            raise ValueError(f"{name} must be a list of at least one whole number, got {values!r}.")
    pairs = [(seed, _expect.count("each of steps", step, least=0)) for seed in seeds for step in steps]
    parents = [seed for seed, _ in pairs for _ in range(2)]
    fork = [(step, 1_000 + 2 * seed + child) for seed, step in pairs for child in range(2)]
    begin = torch.stack([space.init(seed) for seed in seeds]) if starts is None else _expect.tensor("starts", starts)
    if begin.shape != (len(seeds), space.size):
        raise ValueError(f"starts must have shape [{len(seeds)}, {space.size}], got {list(begin.shape)}.")
    row = [i for i in range(len(seeds)) for _ in range(2 * len(steps))]
    if mask is None:
        ends = fit(space, begin[row], dataset, seed=parents, fork=fork, **settings)
    else:
        check_mask(mask, begin if getattr(mask, "ndim", 1) == 2 else begin[0])
        masked = Masked(begin[row], mask.expand_as(begin)[row])
        ends = fit(space, masked, dataset, seed=parents, fork=fork, **settings).theta
    scans = [scan(space, Line(ends[2 * i], ends[2 * i + 1]), dataset, points) for i in range(len(pairs))]
    width = len(steps)
    rows = tuple(tuple(scans[i * width : (i + 1) * width]) for i in range(len(seeds)))
    return Instability(tuple(steps), tuple(seeds), rows)
