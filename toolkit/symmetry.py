"""The permutation symmetry of a module: renumber the units of a hidden layer, and the function stays.

`trace` reads the symmetry off the module itself and proves it with numbers. Inputs and outputs are never renumbered.
A permutation is an index vector p: unit i of the new network is unit p[i] of the old one.
"""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import lgamma, log

import torch
from torch import Tensor, fx

from toolkit import _expect
from toolkit.device import device
from toolkit.engine import Stats
from toolkit.graph import Reader, Site
from toolkit.segments import Axes, entries, groups, override
from toolkit.space import WeightSpace

Permutations = dict[str, Tensor]


@dataclass(frozen=True)
class Symmetry:
    """The permutation groups of a weight space, and how they act on its points.

    Attributes:
        space: the weight space.
        groups: number of units by name; a group carries the name of the first layer that makes its units.
        axes: for every weight, and every BatchNorm statistic, the segments along each axis that is renumbered.
        sites: per group, where its units can be watched (after their nonlinearity, on the way into the next layer).
        graph: the module's operations.

    Example:
        >>> from toolkit.models import mlp
        >>> space = WeightSpace(mlp(64, 32, 16, 10))
        >>> symmetry = trace(space, torch.rand(2, 64))
        >>> symmetry.groups
        {'fc1': 32, 'fc2': 16}
        >>> theta, perms, x = space.init(0), symmetry.random(seed=0), torch.rand(5, 64)
        >>> twin = symmetry.apply(theta, perms)
        >>> bool((twin != theta).any()), bool(torch.allclose(space.logits(theta, x), space.logits(twin, x), atol=1e-6))
        (True, True)
    """

    space: WeightSpace
    groups: dict[str, int]
    axes: Axes = field(repr=False)
    sites: dict[str, tuple[Site, ...]] = field(repr=False)
    graph: fx.GraphModule = field(repr=False)

    # ------------------------------------------------------------------ the group

    def identity(self) -> Permutations:
        """Return the permutations that leave every unit where it is."""
        return {name: torch.arange(size, device=device()) for name, size in self.groups.items()}

    def random(self, seed: int) -> Permutations:
        """Draw a permutation of every group, all equally likely."""
        generator = torch.Generator().manual_seed(_expect.count("seed", seed, least=0))
        return {n: torch.randperm(size, generator=generator).to(device()) for n, size in self.groups.items()}

    def compose(self, first: Permutations, then: Permutations) -> Permutations:
        """Return the permutations that do the same as `first` and `then` one after the other: first[then]."""
        first, then = self._complete(first), self._complete(then)
        return {name: first[name][then[name]] for name in self.groups}

    def inverse(self, perms: Permutations) -> Permutations:
        """Return the permutations that undo `perms`."""
        return {name: perm.argsort() for name, perm in self._complete(perms).items()}

    def twins(self) -> float:
        """Return log10 of the number of points that all are the same network: log10 prod_groups n!."""
        return sum(lgamma(size + 1) for size in self.groups.values()) / log(10)

    # ------------------------------------------------------------------ the action

    def apply(self, theta: Tensor, perms: Permutations) -> Tensor:
        """Renumber the units of a network.

        Args:
            theta: one point [D] or N points [N, D].
            perms: an index vector for each group; a group left out keeps its numbering.

        Returns:
            The renumbered network, of the same shape: the same function, another point (differentiable in theta).

        Raises:
            ValueError: if a group is unknown, or a permutation is of the wrong length or no bijection.
        """
        parts, perms, lead = self.space.unflatten(theta), self._complete(perms), theta.dim() - 1
        moved = [self._renumber(name, part, perms, lead).flatten(lead) for name, part in parts.items()]
        return torch.cat(moved, dim=-1)

    def apply_statistics(self, stats: Stats, perms: Permutations) -> Stats:
        """Renumber BatchNorm statistics [units] (or [N, units]) along with the network they belong to."""
        perms = self._complete(perms)
        return {name: self._renumber(name, value, perms, value.dim() - 1) for name, value in stats.items()}

    def steps(self, perms: Permutations, score: Mapping[str, Tensor] | None = None) -> list[tuple[str, int, int]]:
        """Break permutations into swaps of two units, the most valuable first.

        Args:
            perms: where to go, from the identity.
            score: per group a matrix [n, n]: what it is worth that place i holds unit j (such as a correlation). Left
                out, every unit that comes home is worth 1.

        Returns:
            Swaps (group, i, k) of places i and k. Each brings at least one unit home, there are n minus the number of
            cycles in each group, and stopping after any of them leaves an exact copy of the function.
        """
        goals = {name: perm.cpu() for name, perm in self._complete(perms).items()}
        scores = {name: torch.eye(len(goal))[goal] for name, goal in goals.items()} | {
            name: torch.as_tensor(worth).cpu() for name, worth in (score or {}).items()
        }
        now = {name: torch.arange(len(goal)) for name, goal in goals.items()}
        best = {name: _best_swap(now[name], goal, scores[name]) for name, goal in goals.items()}
        swaps = []
        while any(best.values()):
            name = max((name for name in best if best[name]), key=lambda name: best[name][0])
            _, i, k = best[name]
            now[name][[i, k]] = now[name][[k, i]]
            swaps.append((name, i, k))
            best[name] = _best_swap(now[name], goals[name], scores[name])
        return swaps

    def after(self, swaps: list[tuple[str, int, int]]) -> Permutations:
        """Return the permutations reached from the identity by some swaps of places."""
        perms = self.identity()
        for name, i, k in swaps:
            perms[name][[i, k]] = perms[name][[k, i]]
        return perms

    # ------------------------------------------------------------------ proof

    def prove(self, example: Tensor, seed: int = 0, tolerance: float = 1e-4) -> float:
        """Renumber one group after the other at random and compare the outputs.

        Args:
            example: inputs [B, ...].
            seed: of the network and the permutations.
            tolerance: largest relative change allowed.

        Returns:
            The largest relative change seen, max |f(apply(theta)) - f(theta)| / max |f(theta)|.

        Raises:
            ArithmeticError: if a group changes the function; the sentence names it.
        """
        space, worst = self.space, 0.0
        generator = torch.Generator().manual_seed(_expect.count("seed", seed, least=0))
        theta, example = _lively(space, generator), example.to(device())
        stats = space.refresh(theta, example)
        for name, value in stats.items():  # any statistics do; variances near 0, from few examples, magnify rounding
            stats[name] = value + value.mean() if name.endswith("running_var") else value
        before = space.logits(theta, example, stats)
        for name, size in self.groups.items():
            perms = {name: _random_cycle(size, generator)}
            after = space.logits(self.apply(theta, perms), example, self.apply_statistics(stats, perms))
            change = ((after - before).abs().max() / before.abs().max()).item()
            if not change <= tolerance:
                raise ArithmeticError(
                    f"Renumbering the units of {name!r} changes the output by {change:.1e} of its size."
                )
            worst = max(worst, change)
        return worst

    # ------------------------------------------------------------------ inside

    def _complete(self, perms: Permutations) -> Permutations:
        """Check permutations, and fill in the identity for groups left out."""
        if not isinstance(perms, Mapping):
            raise TypeError(f"perms must map groups to permutations, got {type(perms).__name__}.")
        complete = self.identity()
        for name, perm in perms.items():
            size = self.groups[_expect.choice("each group of perms", name, self.groups)]
            perm = torch.as_tensor(perm)
            if perm.dtype == torch.bool or perm.is_floating_point() or sorted(perm.tolist()) != list(range(size)):
                raise ValueError(
                    f"perms[{name!r}] must hold each of 0 to {size - 1} once, "
                    f"got {reprlib.repr(perm.tolist())} of shape {list(perm.shape)}."
                )
            complete[name] = perm.to(device())
        return complete

    def _renumber(self, name: str, tensor: Tensor, perms: Permutations, lead: int) -> Tensor:
        for axis, segments in self.axes.get(name, {}).items():
            tensor = tensor.index_select(axis + lead, entries(segments, perms).to(tensor.device))
        return tensor


def trace(space: WeightSpace, example: Tensor, extra: Mapping[str, Mapping[int, list]] | None = None) -> Symmetry:
    """Find the permutation groups of any module by following its operations, and prove them.

    Args:
        space: the weight space.
        example: a few inputs [B, ...].
        extra: groups of your own, for what the trace cannot see into: for a weight's name and axis the list of segments
            `(group, size, block)` along it. The heads of an attention layer are one group whose units are blocks of
            head-size rows, three times along the first axis of `in_proj_weight`.

    Returns:
        A `Symmetry`. Units of operations it does not understand keep their numbering.

    Raises:
        ValueError: if the module cannot be traced (its forward branches on values) or cannot take the example, or
            `extra` does not fit.
        ArithmeticError: if the proof fails; the sentence names the group.
    """
    _expect.tensor("example", example, floating=False)
    reader = Reader(space.module(torch.zeros(space.size)), example.cpu())
    axes, sites = reader.result()
    override(axes, {slot.name: slot.shape for slot in space.layout}, extra or {})
    symmetry = Symmetry(space, groups(axes), axes, sites, reader.graph_module)
    symmetry.prove(example)
    return symmetry


def _lively(space: WeightSpace, generator: torch.Generator) -> Tensor:
    """A network whose every unit matters: signals keep their size from layer to layer, however deep."""
    parts = []
    for slot in space.layout:
        inputs = max(slot.shape[1:].numel(), 1)
        part = torch.randn(slot.shape, generator=generator) * (2 / inputs) ** 0.5
        parts.append(part if len(slot.shape) > 1 else 0.5 + part / 4)
    kind = next(space.module(torch.zeros(space.size)).parameters()).dtype
    return torch.cat([part.flatten() for part in parts]).to(device(), kind)


def _random_cycle(size: int, generator: torch.Generator) -> Tensor:
    """A permutation that moves every unit."""
    order = torch.randperm(size, generator=generator)
    return torch.empty_like(order).scatter_(0, order, order.roll(1))


def _best_swap(now: Tensor, goal: Tensor, worth: Tensor) -> tuple[float, int, int] | None:
    """The swap that brings a unit home and gains most: (gain, place, place); None if all are home."""
    places = torch.arange(len(now))
    target = torch.empty_like(now).scatter_(0, now, places)[goal]  # where the unit is that belongs at each place
    gain = worth[places, goal] + worth[target, now] - worth[places, now] - worth[target, goal]
    gain = gain.double().masked_fill(now == goal, float("-inf"))
    i = int(gain.argmax()) if len(gain) else 0
    return None if torch.equal(now, goal) else (gain[i].item(), i, int(target[i]))
