"""What all sets of networks have in common: control points, a basis that mixes them, and how gradients go back."""

from collections.abc import Sequence

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.trainable import Trainable


class Subspace(Trainable):
    """Control points [n, D] and a basis that mixes them: theta(coords) = basis(coords) @ points.

    Attributes:
        fixed: indices of the control points that training leaves where they are.
        beta: how strongly training pushes control points apart; 0 for not at all.
        where: the coordinates [D] whose directions are pushed apart, or None for all.
        layers: the layer of each coordinate [D], or None where all layers share their position.
    """

    def __init__(
        self,
        points: Tensor | Sequence[Tensor],
        fixed: Sequence[int] = (),
        *,
        beta: float = 0.0,
        where: Tensor | None = None,
        layers: Tensor | None = None,
    ):
        """Hold copies of the control points.

        Args:
            points: [n, D], or n vectors [D].
            fixed: indices of those that training must not move.
            beta: strength of a penalty on the angle between control points: beta cos^2(p_i, p_j) is added to the loss,
                for one pair drawn at random in each step. Its minimum is a right angle.
            where: mask [D] of the coordinates the angle is taken over; as a rule `space.matrices()`.
            layers: layer numbers [D], as a rule `space.layers()`: then every layer draws a position of its own in
                training.

        Raises:
            ValueError: if there are fewer than two points, they differ in size, one is not finite, or a setting does
                not fit.
        """
        points = _stack(points)
        if not isinstance(fixed, Sequence) or not set(fixed) <= set(range(len(points))) or len(set(fixed)) < len(fixed):
            raise ValueError(f"fixed must hold different indices from 0 to {len(points) - 1}, got {fixed!r}.")
        self.fixed = tuple(fixed)
        self._moving = [i for i in range(len(points)) if i not in self.fixed]
        self._n = len(points)
        self._leaf = points[self._moving].clone()
        self._rest = points[list(self.fixed)].clone()
        self.beta = _expect.number("beta", beta, 0)
        self.where = None if where is None else _coordinates("where", where, points, torch.bool)
        self._mask = None if where is None else self.where.to(points.dtype)  # multiplying by booleans is slow
        self.layers = None if layers is None else _coordinates("layers", layers, points, torch.int64)
        if layers is not None and layers.min() < 0:
            raise ValueError(f"layers must be numbers from 0, got {int(layers.min())}.")
        zeros = [i for i, point in enumerate(points) if not (point if where is None else point[self.where]).any()]
        if self.beta and zeros:
            raise ValueError(f"points must have directions for beta to push apart, got only zeros in points {zeros}.")

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

    def at_layers(self, coords: Sequence | Tensor) -> Tensor:
        """Return the network [D] whose layers sit at positions of their own, one for each layer in `layers`."""
        if self.layers is None:
            raise ValueError("at_layers needs a subspace with layers, such as Line(a, b, layers=space.layers()).")
        alpha, count = self._coefficients(coords), int(self.layers.max()) + 1
        if alpha.shape != (count, self._n):
            found = f"{len(alpha)}" if alpha.dim() == 2 else f"coefficients of shape {list(alpha.shape)}"
            raise ValueError(f"coords must hold a position for each of {count} layers, got {found}.")
        return (alpha.T[:, self.layers] * self.points).sum(0)

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
        if self.layers is None:
            coefficients = self.basis(self.draw(generator, part, parts)).to(self._leaf)  # [n]
            theta = self._mix(coefficients)
        else:
            coords = [self.draw(generator, part, parts) for _ in range(int(self.layers.max()) + 1)]
            coefficients = self._coefficients(torch.stack(coords)).T[:, self.layers]  # [n, D]
            theta = (coefficients * self.points).sum(0)
        self._drawn, self._first = coefficients if parts == 1 else coefficients / parts, part == 0
        return theta

    def give(self, g: Tensor) -> None:
        """Hand the gradient g at the network last drawn on to the control points: alpha_i g for point i.

        Of a step that draws several networks, each gives its share, and the shares add up.
        """
        alpha = self._drawn[self._moving] if self.fixed else self._drawn
        if self._leaf.grad is None:
            self._leaf.grad = torch.empty_like(self._leaf)
        if alpha.dim() == 2:  # each layer has coefficients of its own
            self._leaf.grad = alpha * g if self._first else self._leaf.grad + alpha * g
        elif self._first:
            torch.outer(alpha, g, out=self._leaf.grad)
        else:
            self._leaf.grad.addr_(alpha, g)

    def penalty(self, generator: torch.Generator) -> Tensor | None:
        """A scalar added to the loss of a step, or None; here beta cos^2, whose gradient is added in closed form.

        With a = <p_i, p_i>, b = <p_j, p_j> and c = <p_i, p_j>:  d cos^2 / d p_i = 2 c / (a b) (p_j - c / a p_i).
        """
        if self.beta:
            i, j = torch.randperm(self._n, generator=generator)[:2].tolist()
            self._push(i, j)

    @torch.no_grad()
    def _push(self, i: int, j: int) -> None:
        points = torch.stack([self._point(i), self._point(j)])
        if self._mask is not None:
            points *= self._mask
        (a, c), (_, b) = (points @ points.T).tolist()
        if not c:  # a right angle, or a point at the origin, which has no direction
            return
        strength = 2 * self.beta * c / (a * b)
        p, q = points
        for k, own, other, square in [(i, p, q, a), (j, q, p, b)]:
            if k not in self.fixed:
                gradient = self._leaf.grad[self._moving.index(k)]
                gradient.add_(other, alpha=strength).add_(own, alpha=-strength * c / square)

    def _point(self, k: int) -> Tensor:
        return self._rest[self.fixed.index(k)] if k in self.fixed else self._leaf[self._moving.index(k)]

    def cosine(self) -> Tensor:
        """Cosines [n, n] of the angles between control points, over the coordinates in `where`."""
        points = self.points * (1 if self.where is None else self.where)
        points = points / points.norm(dim=1, keepdim=True)
        return (points @ points.T).clamp(-1, 1)


def _coordinates(name: str, values: Tensor, points: Tensor, kind: torch.dtype) -> Tensor:
    """Check a mask or a numbering of coordinates."""
    if not isinstance(values, Tensor) or values.shape != points.shape[1:] or values.dtype != kind:
        found = f"{values.dtype} of shape {list(values.shape)}" if isinstance(values, Tensor) else type(values).__name__
        raise ValueError(f"{name} must be a tensor of {kind}, shape {list(points.shape[1:])}, got {found}.")
    return values.to(points.device)


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
