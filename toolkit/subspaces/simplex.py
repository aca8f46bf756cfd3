"""All weighted means of a few networks."""

import torch
from torch import Tensor

from toolkit.subspaces.base import Subspace


class Simplex(Subspace):
    """All weighted means of n networks: theta(alpha) = sum_i alpha_i p_i, where alpha sums to 1.

    Example:
        >>> triangle = Simplex(torch.eye(3))
        >>> triangle.at([0.2, 0.3, 0.5])
        tensor([0.2000, 0.3000, 0.5000])

    Source: Wortsman et al. 2021, section 3.
    """

    @property
    def centre(self) -> Tensor:
        """Equal weights."""
        n = self._n
        return torch.full((n,), 1 / n)

    def basis(self, coords: Tensor) -> Tensor:
        """The coordinates are the coefficients; they must sum to 1."""
        n = self._n
        if coords.shape[-1:] != (n,) or not ((coords.sum(-1) - 1).abs() <= 1e-4).all():
            raise ValueError(f"coords must be {n} weights that sum to 1 (or rows of them), got {coords.tolist()}.")
        return coords

    def draw(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Draw weights uniformly from the simplex, whichever part it is."""
        n = self._n
        draws = torch.empty(n).exponential_(generator=generator)
        return draws / draws.sum()
