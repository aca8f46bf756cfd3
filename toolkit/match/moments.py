"""Running sums over samples, enough for correlations."""

import torch
from torch import Tensor


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
