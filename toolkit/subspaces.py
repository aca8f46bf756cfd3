"""Sets of networks: points, lines, curves and simplexes in weight space.

Each is a few control points in R^D and a basis: coordinates give coefficients, coefficients times control points
give theta. `train.fit` trains any of them through the same few things: `leaves`, `sample`, `give`, `penalty` and
`after_step`.
"""

from collections.abc import Sequence
from math import comb

import torch
from torch import Tensor

from toolkit import _expect


class Subspace:
    """Control points [n, D] and a basis that mixes them: theta(coords) = basis(coords) @ points.

    Attributes:
        fixed: indices of the control points that training leaves where they are.
    """

    def __init__(self, points: Tensor | Sequence[Tensor], fixed: Sequence[int] = ()):
        """Hold copies of the control points.

        Args:
            points: [n, D], or n vectors [D].
            fixed: indices of those that training must not move.

        Raises:
            ValueError: if there are fewer than two points, or they differ in size, or one is not finite.
        """
        points = _stack(points)
        if not isinstance(fixed, Sequence) or not set(fixed) <= set(range(len(points))) or len(set(fixed)) < len(fixed):
            raise ValueError(f"fixed must hold different indices from 0 to {len(points) - 1}, got {fixed!r}.")
        self.fixed = tuple(fixed)
        self._moving = [i for i in range(len(points)) if i not in self.fixed]
        self._n = len(points)
        self._leaf = points[self._moving].clone()
        self._rest = points[list(self.fixed)].clone()

    def __repr__(self) -> str:
        """Name the kind of subspace, its control points and its dimension."""
        return f"{type(self).__name__}({self._n} points in R^{self._leaf.shape[1]})"

    @property
    def points(self) -> Tensor:
        """The control points [n, D], detached."""
        points = self._leaf.new_empty(self._n, self._leaf.shape[1])
        points[self._moving], points[list(self.fixed)] = self._leaf.detach(), self._rest
        return points

    @property
    def centre(self) -> Tensor:
        """The coordinates of the midpoint."""
        raise NotImplementedError

    @property
    def midpoint(self) -> Tensor:
        """The network [D] in the middle, detached."""
        return self.at(self.centre).detach()

    def basis(self, coords: Tensor) -> Tensor:
        """Coefficients [..., n] of the control points at `coords`."""
        raise NotImplementedError

    def at(self, coords: float | Sequence | Tensor) -> Tensor:
        """Return the network [D] at one position, or the networks [T, D] at T positions."""
        return self._mix(self._coefficients(coords))

    def _coefficients(self, coords: float | Sequence | Tensor) -> Tensor:
        return self.basis(torch.as_tensor(coords, dtype=self._leaf.dtype, device="cpu")).to(self._leaf.device)

    def _mix(self, alpha: Tensor) -> Tensor:
        if not self.fixed:
            return alpha @ self._leaf
        return alpha[..., self._moving] @ self._leaf + alpha[..., list(self.fixed)] @ self._rest

    # What `train.fit` asks of anything it trains.

    def leaves(self) -> list[Tensor]:
        """The tensors that training moves."""
        return [self._leaf]

    def draw(self, generator: torch.Generator) -> Tensor:
        """Draw coordinates uniformly."""
        raise NotImplementedError

    @torch.no_grad()
    def sample(self, generator: torch.Generator) -> Tensor:
        """Draw a network [D] from the subspace; `give` takes the gradient there."""
        self._drawn = self._coefficients(self.draw(generator))
        return self._mix(self._drawn)

    def give(self, g: Tensor) -> None:
        """Hand the gradient g at the network last drawn on to the control points: alpha_i g for point i."""
        alpha = self._drawn[self._moving] if self.fixed else self._drawn
        if self._leaf.grad is None:
            self._leaf.grad = torch.empty_like(self._leaf)
        torch.outer(alpha, g, out=self._leaf.grad)

    def penalty(self, generator: torch.Generator) -> Tensor | None:
        """A scalar added to the loss of a step, or None."""
        return None

    def after_step(self) -> None:
        """Called when the optimiser has moved the leaves."""


class Point:
    """One network [D], or N networks side by side [N, D]: what training makes of a plain theta.

    Attributes:
        theta: the network or networks.
    """

    def __init__(self, theta: Tensor):
        """Hold a copy of theta."""
        self.theta = _expect.tensor("theta", theta).detach().clone()

    def __repr__(self) -> str:
        """Name the point by its shape."""
        return f"Point({list(self.theta.shape)})"

    def leaves(self) -> list[Tensor]:
        """Return theta, which training moves."""
        return [self.theta]

    def sample(self, generator: torch.Generator) -> Tensor:
        """Return theta; there is nothing to draw."""
        return self.theta.detach()

    def give(self, g: Tensor) -> None:
        """Take the gradient g at theta."""
        self.theta.grad = g

    def penalty(self, generator: torch.Generator) -> None:
        """Add nothing to the loss."""

    def after_step(self) -> None:
        """Do nothing when the optimiser has moved theta."""


class Path(Subspace):
    """A subspace of dimension one: a position t in [0, 1] from network A to network B; t beyond extrapolates."""

    centre = torch.tensor(0.5)

    def draw(self, generator: torch.Generator) -> Tensor:
        """Draw t uniformly from [0, 1]."""
        return torch.rand((), generator=generator)

    def derivative(self, t: float) -> Tensor:
        """Velocity d theta / d t [D] at position t."""
        slope = torch.autograd.functional.jacobian(self.basis, torch.as_tensor(t, dtype=self._leaf.dtype))
        return slope.to(self._leaf) @ self.points


class Line(Path):
    """The straight line theta(t) = (1 - t) a + t b.

    Example:
        >>> line = Line(torch.zeros(3), torch.ones(3))
        >>> line.at(0.25)
        tensor([0.2500, 0.2500, 0.2500])
        >>> line.at([0.0, 0.5, 1.0]).shape
        torch.Size([3, 3])
    """

    def __init__(self, a: Tensor, b: Tensor, fixed: Sequence[int] = ()):
        """Draw the line from a [D] to b [D]; see `Subspace` for `fixed` and the errors."""
        super().__init__([a, b], fixed)

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

    def __init__(self, *points: Tensor, fixed: Sequence[int] = ()):
        """Draw the curve `Bezier(a, bend, b)`; more bends raise the degree. See `Subspace` for the errors."""
        super().__init__(points, fixed)
        self._degree = len(points) - 1

    def basis(self, coords: Tensor) -> Tensor:
        """Bernstein polynomials; with one bend ((1 - t)^2, 2 t (1 - t), t^2)."""
        k = self._degree
        return torch.stack([comb(k, j) * coords**j * (1 - coords) ** (k - j) for j in range(k + 1)], dim=-1)


class PolyChain(Path):
    """Straight segments through all control points in turn, each taking the same share of t.

    Example:
        >>> chain = PolyChain(torch.tensor([[0.0], [1.0], [0.0]]))
        >>> chain.at([0.0, 0.25, 0.5, 1.0]).flatten()
        tensor([0.0000, 0.5000, 1.0000, 0.0000])

    Source: Garipov et al. 2018, section 3.
    """

    def basis(self, coords: Tensor) -> Tensor:
        """Two neighbours share each position, the rest have coefficient 0."""
        n = self._n
        position = coords * (n - 1)
        start = position.detach().floor().clamp(0, n - 2)
        nodes = torch.arange(n)
        share = (position - start).unsqueeze(-1)
        return (nodes == start.unsqueeze(-1)) * (1 - share) + (nodes == start.unsqueeze(-1) + 1) * share


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
        if coords.shape[-1:] != (n,) or not torch.allclose(coords.sum(-1), torch.ones_like(coords.sum(-1)), atol=1e-4):
            raise ValueError(f"coords must be {n} weights that sum to 1 (or rows of them), got {coords.tolist()}.")
        return coords

    def draw(self, generator: torch.Generator) -> Tensor:
        """Draw weights uniformly from the simplex."""
        n = self._n
        draws = torch.empty(n).exponential_(generator=generator)
        return draws / draws.sum()


def _stack(points: Tensor | Sequence[Tensor]) -> Tensor:
    if not isinstance(points, Tensor | Sequence):
        raise TypeError(f"points must be a tensor [n, D] or a list of vectors [D], got {type(points).__name__}.")
    rows = [_expect.tensor(f"points[{i}]", point) for i, point in enumerate(points)]
    if len(rows) < 2:
        raise ValueError(f"points must be at least two networks, got {len(rows)}.")
    shapes = [list(row.shape) for row in rows]
    if len(shapes[0]) != 1 or any(shape != shapes[0] for shape in shapes):
        raise ValueError(f"points must be vectors [D] of one size, got shapes {shapes}.")
    if len({row.dtype for row in rows}) > 1:
        raise TypeError(f"points must be numbers of one type, got {', '.join(str(row.dtype) for row in rows)}.")
    return torch.stack([row.detach() for row in rows])
