"""Paths from network A to network B: a straight line, a Bezier curve, a chain of straight segments."""

from collections.abc import Sequence
from math import ceil, comb

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.subspaces.base import Subspace


class Path(Subspace):
    """A subspace of dimension one: a position t in [0, 1] from network A to network B; t beyond extrapolates."""

    centre = torch.tensor(0.5)

    def draw(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Draw t uniformly from [0, 1], or from one of several equal parts of it."""
        return torch.empty(()).uniform_(part / parts, (part + 1) / parts, generator=generator)

    def derivative(self, t: float) -> Tensor:
        """Velocity d theta / d t [D] at position t."""
        slope = torch.autograd.functional.jacobian(self.basis, torch.as_tensor(t, dtype=self._leaf.dtype))
        return slope.to(self._leaf) @ self.points

    def length(self, pieces: int = 1000) -> float:
        """Length of the path from t = 0 to t = 1, in units of weight distance, measured over short straight pieces.

        A piece from t to t' has the squared length s G s with s = basis(t') - basis(t) and G the inner products of the
        control points, so that no network needs to be written out.

        Args:
            pieces: how many, or a few more, so that the corners of a chain fall between two of them.

        Example:
            >>> round(Line(torch.zeros(2), torch.tensor([3.0, 4.0])).length(), 4)
            5.0
        """
        points = self.points.double()
        points = points - points.mean(0)
        gram = (points @ points.T).cpu()
        pieces = ceil(_expect.count("pieces", pieces) / (self._n - 1)) * (self._n - 1)
        steps = self.basis(torch.linspace(0, 1, pieces + 1, dtype=torch.double)).diff(dim=0)
        return (steps @ gram * steps).sum(-1).clamp(min=0).sqrt().sum().item()


class Line(Path):
    """The straight line theta(t) = (1 - t) a + t b.

    Example:
        >>> line = Line(torch.zeros(3), torch.ones(3))
        >>> line.at(0.25)
        tensor([0.2500, 0.2500, 0.2500])
        >>> line.at([0.0, 0.5, 1.0]).shape
        torch.Size([3, 3])
    """

    def __init__(self, a: Tensor, b: Tensor, fixed: Sequence[int] = (), **options):
        """Draw the line from a [D] to b [D]; see `Subspace` for `fixed`, the options and the errors."""
        super().__init__([a, b], fixed, **options)

    def basis(self, coords: Tensor) -> Tensor:
        """Coefficients (1 - t, t)."""
        return torch.stack([1 - coords, coords], dim=-1)


class Bezier(Path):
    """The Bezier curve from a to b: theta(t) = sum_j C(k, j) t^j (1 - t)^(k - j) p_j.

    With one bend it is (1 - t)^2 a + 2 t (1 - t) bend + t^2 b: the curve leaves a and reaches b heading for the bend,
    but passes only half way to it.

    Example:
        >>> curve = Bezier(torch.zeros(1), torch.ones(1), torch.zeros(1))
        >>> curve.midpoint
        tensor([0.5000])
        >>> curve.derivative(0.0)
        tensor([2.])

    Source: Garipov et al. 2018, section 3.
    """

    def __init__(self, *points: Tensor, fixed: Sequence[int] = (), **options):
        """Draw the curve `Bezier(a, bend, b)`; more bends raise the degree. See `Subspace` for options and errors."""
        super().__init__(points, fixed, **options)
        degree = len(points) - 1
        self._power = torch.arange(degree + 1.0)
        self._binomial = torch.tensor([comb(degree, j) for j in range(degree + 1)])

    def basis(self, coords: Tensor) -> Tensor:
        """Bernstein polynomials; with one bend ((1 - t)^2, 2 t (1 - t), t^2)."""
        t = coords.unsqueeze(-1)
        return self._binomial * t**self._power * (1 - t) ** self._power.flip(0)


class PolyChain(Path):
    """Straight segments through all control points in turn, each taking the same share of t.

    Example:
        >>> chain = PolyChain(torch.tensor([[0.0], [1.0], [0.0]]))
        >>> chain.at([0.0, 0.25, 0.5, 1.0]).flatten()
        tensor([0.0000, 0.5000, 1.0000, 0.0000])

    Source: Garipov et al. 2018, section 3.
    """

    def __init__(self, points: Tensor | Sequence[Tensor], *more: Tensor, fixed: Sequence[int] = (), **options):
        """Draw the chain `PolyChain([a, bend, b])`; more bends, more corners. See `Subspace` for options and errors."""
        if more:
            raise TypeError("points must be one list of networks: PolyChain([a, bend, b]).")
        super().__init__(points, fixed, **options)

    def basis(self, coords: Tensor) -> Tensor:
        """Two neighbours share each position, the rest have coefficient 0."""
        n = self._n
        position = coords * (n - 1)
        start = position.detach().floor().clamp(0, n - 2)
        nodes = torch.arange(n)
        share = (position - start).unsqueeze(-1)
        return (nodes == start.unsqueeze(-1)) * (1 - share) + (nodes == start.unsqueeze(-1) + 1) * share
