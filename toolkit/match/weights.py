"""Matching by weights: units that are wired alike are partners."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from toolkit import _expect
from toolkit.device import device
from toolkit.match.result import Match, check_networks
from toolkit.segments import Segment
from toolkit.symmetry import Symmetry


def by_weights(symmetry: Symmetry, a: Tensor, b: Tensor, seed: int = 0, sweeps: int = 100) -> Match:
    """Match units that are wired alike, without any data: bring B as near to A as renumbering can.

    Maximises sum over tensors <A, P(B)>, which is to minimise ||A - P(B)||, by coordinate descent: one group at a time,
    in random order, gets its best permutation given those of the others (Hungarian method), until none wants to change.
    The objective never falls. It has many local optima, and which one is found depends on `seed`.

    Args:
        symmetry: from `trace`.
        a: network A [D], the target.
        b: network B [D], to be renumbered.
        seed: of the order of the groups.
        sweeps: how many times to go over all groups at most.

    Returns:
        A `Match` whose objective per group is the inner product of all weights at its units.

    Raises:
        ValueError: if a network is not of this space or not finite, or one of its weights has more than two renumbered
            axes (only `extra` groups can do that).

    Source: Ainsworth et al. 2023, section 3.2.
    """
    check_networks(symmetry, a, b)
    generator = torch.Generator().manual_seed(_expect.count("seed", seed, least=0))
    descent = _Descent(symmetry, a, b)
    names = list(symmetry.groups)
    for _ in range(_expect.count("sweeps", sweeps)):
        moved = [descent.visit(names[i]) for i in torch.randperm(len(names), generator=generator).tolist()]
        if not any(moved):
            break
    perms = {group: torch.from_numpy(perm).to(device()) for group, perm in descent.perms.items()}
    objective = {group: float(score.trace(dtype=float)) for group, score in descent.score.items()}
    score = {n: torch.from_numpy(fits.T).to(device())[:, perms[n].argsort()] for n, fits in descent.score.items()}
    return Match(perms, objective, {}, score, tuple(descent.history))


class _Link(NamedTuple):
    """The weights between a group and another: in both networks [units, units of the other, the rest], B as given."""

    other: str
    a: np.ndarray
    b: np.ndarray


class _Descent:
    """Two networks, and B renumbered further and further.

    score[group] [n, n] says in row j how well the unit now at place j of B fits each unit of A, the other groups as
    they are. When a group is renumbered, the scores of those it is linked to change by what its moved units make up.
    """

    def __init__(self, symmetry: Symmetry, a: Tensor, b: Tensor):
        self.history = [torch.dot(a.double(), b.double()).item()]
        self.least = 1e-7 * (a.double().norm() * b.double().norm()).item()  # smaller gains are rounding
        self.perms = {group: np.arange(n) for group, n in symmetry.groups.items()}
        self.score = {group: np.zeros((n, n), np.float32) for group, n in symmetry.groups.items()}
        self.prices: dict[str, np.ndarray] = {}
        self.links: dict[str, list[_Link]] = {group: [] for group in symmetry.groups}
        self.stale = set(symmetry.groups)
        for groups, *pair in _blocks(symmetry, a, b):
            for axis, group in enumerate(groups):
                of_a, of_b = (np.ascontiguousarray(block.swapaxes(0, axis)) for block in pair)
                self.score[group] += of_b.reshape(len(of_b), -1) @ of_a.reshape(len(of_a), -1).T
                if len(groups) == 2:
                    self.links[group].append(_Link(groups[1 - axis], of_a, of_b))

    def visit(self, group: str) -> bool:
        """Give a group its best permutation; return whether it changed."""
        if group not in self.stale:
            return False
        self.stale.remove(group)
        order = self._best(group)
        gain = self._renumber(group, order)
        if gain <= self.least:
            self._renumber(group, order.argsort())
            return False
        self.history.append(self.history[-1] + gain)
        return True

    def _best(self, group: str) -> np.ndarray:
        """The order of B's units with the largest total score.

        The search is shorter if every place has about the price that B's units would pay for it, each of which would
        give up its own place for another,
            price_i = max_j (score_ji - score_jj + price_j),
        for then few units are after the same place. Prices lower all totals alike, so the best order stays. At the
        first visit nobody has a place to give up, and all prices are 0.
        """
        score, price = self.score[group], np.zeros(len(self.score[group]), np.float32)
        if group in self.prices:
            price, offer = self.prices[group], score - score.diagonal()[:, None]
            for _ in range(2):
                price = (offer + price[:, None]).max(0)
        self.prices[group] = price - price.min()
        return linear_sum_assignment(score - price, maximize=True)[1].argsort()

    def _renumber(self, group: str, order: np.ndarray) -> float:
        """Put the units of a group of B into a new order, bring all scores up to date, and return what it gains."""
        moved = np.flatnonzero(order != np.arange(len(order)))
        if not len(moved):
            return 0.0
        score, old, new = self.score[group], self.perms[group], self.perms[group][order]
        gain = (score[order[moved], moved] - score[moved, moved]).sum(dtype=float)
        self.score[group], self.perms[group] = score[order], new
        for other, a, b in self.links[group]:
            a, change = a[moved], b[new[moved]] - b[old[moved]]
            self.score[other] += (_by_other(change) @ _by_other(a).T)[self.perms[other]]
            self.stale.add(other)
            if other == group:  # a layer applied twice, with both its axes renumbered; either is a link
                gain += np.vdot(a, change[:, new] - change[:, old]) / 2
        return float(gain)


def _blocks(symmetry: Symmetry, a: Tensor, b: Tensor) -> Iterator[tuple[tuple[str, ...], np.ndarray, np.ndarray]]:
    """Cut all weights that some group renumbers into blocks: groups, and in both networks [units of each, the rest]."""
    parts: dict[tuple[str, ...], list[tuple[np.ndarray, np.ndarray]]] = {}
    a, b = (symmetry.space.unflatten(theta.detach().float().cpu()) for theta in (a, b))
    for name in (name for name in a if name in symmetry.axes):
        pair = a[name].numpy(), b[name].numpy()
        for cuts in product(*(_cuts(axis, segments) for axis, segments in sorted(symmetry.axes[name].items()))):
            groups = tuple(segment.group for _, _, segment in cuts if segment.group)
            if len(groups) > 2:
                raise ValueError(f"by_weights takes weights with at most two renumbered axes, {name!r} has more.")
            parts.setdefault(groups, []).append(tuple(_cut(weight, cuts) for weight in pair))
    for groups, pairs in parts.items():
        if groups:
            yield groups, *(np.concatenate(part, -1) for part in zip(*pairs, strict=True))


def _cuts(axis: int, segments: tuple[Segment, ...]) -> list[tuple[int, int, Segment]]:
    """The segments along an axis, each with the axis and where it starts."""
    sizes = [segment.size * segment.block for segment in segments]
    return [(axis, sum(sizes[:i]), segment) for i, segment in enumerate(segments)]


def _cut(weight: np.ndarray, cuts: tuple[tuple[int, int, Segment], ...]) -> np.ndarray:
    """One segment along each axis: the units of its groups [n_1, n_2, ...], then everything else in one axis."""
    units = []
    for axis, start, (group, size, block) in reversed(cuts):
        weight = weight[(slice(None),) * axis + (slice(start, start + size * block),)]
        if group:
            weight = weight.reshape(*weight.shape[:axis], size, block, *weight.shape[axis + 1 :])
            units = [axis, *(later + 1 for later in units)]
    rest = [axis for axis in range(weight.ndim) if axis not in units]
    return weight.transpose(units + rest).reshape(*(weight.shape[axis] for axis in units), -1)


def _by_other(link: np.ndarray) -> np.ndarray:
    """A row for each unit of the other group."""
    return link.swapaxes(0, 1).reshape(link.shape[1], -1)
