"""Matching by activations: units that do the same on data are partners."""

import copy

import torch
from torch import Tensor, fx

from toolkit import _expect
from toolkit.device import device
from toolkit.engine import Stats
from toolkit.graph import Site
from toolkit.match.moments import Moments
from toolkit.match.result import Match, assign, check_networks
from toolkit.symmetry import Symmetry


def by_activations(
    symmetry: Symmetry,
    a: Tensor,
    b: Tensor,
    x: Tensor,
    batch_size: int = 50,
    stats: tuple[Stats, Stats] | None = None,
) -> Match:
    """Match units that do the same on data: maximise the correlation of their activations, group by group.

    corr_ij = (E[u_i v_j] - E[u_i] E[v_j]) / (sd(u_i) sd(v_j)) for unit i of A and unit j of B, over all examples (and
    pixels); then the assignment with the largest total (Hungarian method). One pass of both networks fills the matrices
    of all groups, because renumbering a layer renumbers its activations and nothing else. A group seen in several
    places, such as a residual stream, takes the mean of its correlations there.

    Args:
        symmetry: from `trace`.
        a: network A [D], the target.
        b: network B [D], to be renumbered.
        x: inputs [B, ...], as a rule training inputs; a thousand do.
        batch_size: examples at a time; memory grows with it, the result does not change.
        stats: BatchNorm statistics of A and of B, if you have them; left out, those of x (`refresh`).

    Returns:
        A `Match` whose objective is the total correlation. Groups of `extra` cannot be watched and are left out; they
        keep their numbering.

    Raises:
        ValueError: if a network is not of this space or not finite, x has fewer than two examples or is not what the
            network takes, or `stats` does not fit.

    Source: Li et al. 2016; Tatro et al. 2020, section 3.
    """
    check_networks(symmetry, a, b)
    if len(_expect.tensor("x", x, floating=False)) < 2:
        raise ValueError(f"x must hold at least two examples to correlate over, got {len(x)}.")
    if stats is not None and len(stats) != 2:
        raise ValueError(f"stats must hold the statistics of A and those of B, got {len(stats)} entries.")
    watches = [Watch(symmetry, theta, x, own) for theta, own in zip((a, b), stats or (None, None), strict=True)]
    sums = {(group, site): Moments() for group, sites in symmetry.sites.items() for site in sites}
    with torch.no_grad():
        for part in x.split(_expect.count("batch_size", batch_size)):
            seen = [watch.see(part) for watch in watches]
            for (group, site), moments in sums.items():
                moments.add(*(_columns(kept[site.node], site, group) for kept in seen))
            del seen  # before the next part is held as well
    score, dead, perms, objective = {}, {}, {}, {}
    for group, sites in symmetry.sites.items():
        found = [sums[group, site] for site in sites]
        score[group] = torch.stack([moments.correlation() for moments in found]).mean(0)
        dead[group] = tuple(torch.stack([m.still()[side] for m in found]).all(0) for side in (0, 1))
        perms[group] = assign(score[group])
        objective[group] = score[group][torch.arange(len(score[group])), perms[group].cpu()].sum().item()
    return Match(perms, objective, dead, score)


class Watch(fx.Interpreter):
    """Runs a network along its traced operations and keeps what passes the sites."""

    def __init__(self, symmetry: Symmetry, theta: Tensor, x: Tensor, stats: Stats | None = None):
        """Put the network at theta [D], with its BatchNorm statistics or those of x; complain if x does not fit."""
        space = symmetry.space
        stats = space.refresh(theta, x) if stats is None else stats
        space.logits(theta, x[:1], stats)
        network = copy.deepcopy(symmetry.graph)
        network.load_state_dict(space.module(theta, stats).state_dict(), strict=False)
        super().__init__(network.to(device()))
        self.sites = symmetry.sites
        self.wanted = {site.node for sites in symmetry.sites.values() for site in sites}
        self.kept: dict[str, Tensor] = {}

    def run_node(self, node: fx.Node):
        """Keep what a wanted operation returns."""
        value = super().run_node(node)
        if node.name in self.wanted:
            self.kept[node.name] = value
        return value

    def see(self, x: Tensor) -> dict[str, Tensor]:
        """What the wanted operations return for inputs x, by name."""
        self.run(x)
        kept, self.kept = self.kept, {}
        return kept


def _columns(value: Tensor, site: Site, group: str) -> Tensor:
    """The units of a group as columns: examples, pixels and the entries of a block all count as samples."""
    value, start, found = value.movedim(site.dim, 0).flatten(1), 0, []
    for name, size, block in site.segments:
        if name == group:
            found.append(value[start : start + size * block].reshape(size, -1))
        start += size * block
    return torch.cat(found, dim=1).T
