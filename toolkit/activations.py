"""What the units of a network do on data: their activations, and how two networks' go together."""

import copy

import torch
from torch import Tensor, fx

from toolkit.device import device
from toolkit.graph import Site
from toolkit.symmetry import Symmetry


class Watch(fx.Interpreter):
    """Runs a network along its traced operations and keeps what passes the sites."""

    def __init__(self, symmetry: Symmetry, theta: Tensor, x: Tensor):
        """Put the network at theta [D], with the BatchNorm statistics of x; complain if x does not fit."""
        space = symmetry.space
        stats = space.refresh(theta, x)
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

    def units(self, x: Tensor) -> dict[tuple[str, Site], Tensor]:
        """Activations [samples, n] of each group at each of its sites."""
        self.run(x)
        return {
            (group, site): _columns(self.kept[site.node], site, group)
            for group, sites in self.sites.items()
            for site in sites
        }


def _columns(value: Tensor, site: Site, group: str) -> Tensor:
    """The units of a group as columns: examples, pixels and the entries of a block all count as samples."""
    value, start, found = value.movedim(site.dim, -1).flatten(0, -2), 0, []
    for name, size, block in site.segments:
        if name == group:
            found.append(value[:, start : start + size * block].reshape(len(value), size, block).transpose(1, 2))
        start += size * block
    return torch.cat([piece.reshape(-1, piece.shape[-1]) for piece in found])


class Moments:
    """Running sums over samples of two sets of units: enough for their correlations, however many samples.

    Samples are counted from the means of the first batch, so that a large mean does not drown a small deviation.
    """

    def __init__(self):
        """Start with no samples."""
        self.n, self.u, self.v, self.uu, self.vv, self.uv = 0, 0, 0, 0, 0, 0
        self.origin = None

    def add(self, u: Tensor, v: Tensor) -> None:
        """Take in samples u [samples, n] of A and v [samples, n] of B."""
        if self.origin is None:
            self.origin = u.mean(0), v.mean(0)
        u, v = u - self.origin[0], v - self.origin[1]
        self.n += len(u)
        self.u, self.v = self.u + u.sum(0).double(), self.v + v.sum(0).double()
        self.uu, self.vv = self.uu + u.square().sum(0).double(), self.vv + v.square().sum(0).double()
        self.uv = self.uv + (u.T @ v).double()

    def _variances(self) -> tuple[Tensor, Tensor]:
        pairs = [(self.u, self.uu), (self.v, self.vv)]
        return tuple((square / self.n - (total / self.n) ** 2).clamp(min=0) for total, square in pairs)

    def still(self) -> tuple[Tensor, Tensor]:
        """Which units of A, and of B, never change: their deviation is within rounding of their mean."""
        means = (total / self.n + origin for total, origin in zip((self.u, self.v), self.origin, strict=True))
        return tuple(var <= 1e-10 * mean**2 for var, mean in zip(self._variances(), means, strict=True))

    def correlation(self) -> Tensor:
        """Pearson correlations [n, n]; 0 where a unit is dead."""
        covariance = self.uv / self.n - torch.outer(self.u, self.v) / self.n**2
        scale = [
            variance.rsqrt().where(~still, 0) for variance, still in zip(self._variances(), self.still(), strict=True)
        ]
        return scale[0][:, None] * covariance * scale[1]
