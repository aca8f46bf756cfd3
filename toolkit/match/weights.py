"""Matching by weights: units that are wired alike are partners."""

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.match.result import Match, assign, check_networks
from toolkit.segments import entries
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
        ValueError: if a network is not of this space or not finite.

    Source: Ainsworth et al. 2023, section 3.2.
    """
    check_networks(symmetry, a, b)
    generator = torch.Generator().manual_seed(_expect.count("seed", seed, least=0))
    descent = _Descent(symmetry, a, b)
    names = list(symmetry.groups)
    for _ in range(_expect.count("sweeps", sweeps)):
        moved = [descent.visit(names[i]) for i in torch.randperm(len(names), generator=generator)]
        if not any(moved):
            break
    score = {group: descent.score(group) for group in names}
    objective = {group: matrix.double().trace().item() for group, matrix in score.items()}
    score = {group: matrix[:, descent.perms[group].argsort()] for group, matrix in score.items()}
    return Match(descent.perms, objective, {}, score, tuple(descent.history))


class _Descent:
    """Two networks, and B renumbered further and further.

    How well units fit is a sum of terms, one for each axis of a weight along which the group lies. A term stays true
    until another axis of its weight is renumbered; a group whose terms are all true has nothing new to say.
    """

    def __init__(self, symmetry: Symmetry, a: Tensor, b: Tensor):
        unflatten = symmetry.space.unflatten
        self.a, self.b = unflatten(a), dict(unflatten(b))
        self.perms = symmetry.identity()
        self.history = [torch.dot(a.double(), b.double()).item()]
        self.least = 1e-9 * (a.double().norm() * b.double().norm()).item()  # smaller gains are rounding
        self.axes = {name: by_axis for name, by_axis in symmetry.axes.items() if name in self.a}
        self.places: dict[str, list[tuple[str, int]]] = {group: [] for group in symmetry.groups}
        for name, by_axis in self.axes.items():
            for axis, segments in by_axis.items():
                for group in {segment.group for segment in segments if segment.group}:
                    self.places[group].append((name, axis))
        self.terms: dict[str, dict[tuple[str, int], Tensor]] = {group: {} for group in symmetry.groups}

    def score(self, group: str) -> Tensor:
        """How well the unit now at place j of B fits unit i of A [n, n], the other groups as they are."""
        terms = self.terms[group]
        for name, axis in self.places[group]:
            if (name, axis) not in terms:
                terms[name, axis] = self._term(group, name, axis)
        return sum(terms.values())

    def visit(self, group: str) -> bool:
        """Give a group its best permutation; return whether it changed."""
        if len(self.terms[group]) == len(self.places[group]):
            return False
        order = assign(self.score(group))
        names = {name for name, _ in self.places[group]}
        moved = {name: self._renumbered(name, group, order) for name in names}
        gain = sum((self.a[name] * (moved[name] - self.b[name])).sum(dtype=torch.double).item() for name in names)
        if gain <= self.least:
            return False
        self.b |= moved
        self.perms[group] = self.perms[group][order]
        self.history.append(self.history[-1] + gain)
        self.terms[group] = {place: term.index_select(1, order) for place, term in self.terms[group].items()}
        self._forget(group)
        return True

    def _forget(self, group: str) -> None:
        """Drop the terms that a renumbered group has made untrue: those along another axis of its weights."""
        for name, axis in self.places[group]:
            for other, segments in self.axes[name].items():
                for segment in segments if other != axis else ():
                    if segment.group:
                        self.terms[segment.group].pop((name, other), None)

    def _term(self, group: str, name: str, axis: int) -> Tensor:
        total, start = 0, 0
        for found, size, block in self.axes[name][axis]:
            if found == group:
                a, b = (
                    weights[name].narrow(axis, start, size * block).movedim(axis, 0).reshape(size, -1)
                    for weights in (self.a, self.b)
                )
                total = total + a @ b.T
            start += size * block
        return total

    def _renumbered(self, name: str, group: str, order: Tensor) -> Tensor:
        tensor = self.b[name]
        for axis, segments in self.axes[name].items():
            if any(segment.group == group for segment in segments):
                tensor = tensor.index_select(axis, entries(segments, {group: order}))
        return tensor
