"""Instability analysis: when do two runs that share their first steps stay connected?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.landscape.path import Scan, scan
from toolkit.space import WeightSpace
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
    **settings,
) -> Instability:
    """Train pairs of siblings that share start and data order up to step k, then see different orders.

    A network is stable at step k to the noise of SGD if its siblings stay connected: if the error does not rise on the
    straight line between them. All pairs are trained side by side.

    Args:
        space: the weight space.
        dataset: the data.
        steps: where the siblings part, each at least 0.
        seeds: of the starts; one pair per seed and step.
        points: positions on each line.
        **settings: of the training, as for `toolkit.fit`.

    Returns:
        An `Instability`.

    Raises:
        ValueError: if there are no steps or seeds, or one is negative.

    Source: Frankle et al. 2020, section 2.
    """
    for name, values in [("steps", steps), ("seeds", seeds)]:
        if not isinstance(values, Sequence | np.ndarray) or not len(values):
            raise ValueError(f"{name} must be a list of at least one whole number, got {values!r}.")
    pairs = [(seed, _expect.count("each of steps", step, least=0)) for seed in seeds for step in steps]
    parents = [seed for seed, _ in pairs for _ in range(2)]
    fork = [(step, 1_000 + 2 * seed + child) for seed, step in pairs for child in range(2)]
    starts = torch.stack([space.init(seed) for seed in parents])
    ends = fit(space, starts, dataset, seed=parents, fork=fork, **settings)
    scans = [scan(space, Line(ends[2 * i], ends[2 * i + 1]), dataset, points) for i in range(len(pairs))]
    width = len(steps)
    rows = tuple(tuple(scans[i * width : (i + 1) * width]) for i in range(len(seeds)))
    return Instability(tuple(steps), tuple(seeds), rows)
