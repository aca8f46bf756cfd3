"""What all sets of networks have in common, and the smallest one: a point."""

from collections.abc import Sequence

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

    def draw(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Draw coordinates uniformly: from the whole, or from one of several parts of equal size where there are."""
        raise NotImplementedError

    @torch.no_grad()
    def sample(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Draw a network [D], the first or a further one of a step that draws several; `give` takes the gradient."""
        coefficients = self._coefficients(self.draw(generator, part, parts))
        self._drawn, self._first = coefficients / parts, part == 0
        return self._mix(coefficients)

    def give(self, g: Tensor) -> None:
        """Hand the gradient g at the network last drawn on to the control points: alpha_i g for point i.

        Of a step that draws several networks, each gives its share, and the shares add up.
        """
        alpha = self._drawn[self._moving] if self.fixed else self._drawn
        if self._leaf.grad is None:
            self._leaf.grad = torch.empty_like(self._leaf)
        if self._first:
            torch.outer(alpha, g, out=self._leaf.grad)
        else:
            self._leaf.grad.addr_(alpha, g)

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

    def sample(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Return theta; there is nothing to draw."""
        return self.theta.detach()

    def give(self, g: Tensor) -> None:
        """Take the gradient g at theta."""
        self.theta.grad = g

    def penalty(self, generator: torch.Generator) -> None:
        """Add nothing to the loss."""

    def after_step(self) -> None:
        """Do nothing when the optimiser has moved theta."""


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
