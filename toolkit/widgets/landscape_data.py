"""What a LandscapeExplorer shows: a measured plane, and the networks that have a name and a place on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit.landscape import Neighbourhood, Plane

CENTRE = 4  # the look of a neighbourhood's own network, a star
LOOKS = {"A": 0, "B": 1, "C": 2, "centre": CENTRE}
SPARE = (3, 5, 6)  # looks of all others, in turn
STEPS = 100  # pieces of a line that is drawn


@dataclass(frozen=True)
class Named:
    """A network with a name.

    Attributes:
        name: what it is called.
        look: number of its mark and colour.
        x, y: the plane's point nearest to it.
        away: its distance in weight space from there; 0 on the plane.
        value: its measure, or None where that is not known.
        measured: whether it was measured itself; else the value lies between grid points.
    """

    name: str
    look: int
    x: float
    y: float
    away: float
    value: float | None
    measured: bool


@dataclass(frozen=True)
class Surface:
    """A measured plane with the networks on it.

    Attributes:
        name: what the switch calls it.
        cut: the plane or the neighbourhood.
        networks: those with a name.
    """

    name: str
    cut: Plane | Neighbourhood
    networks: tuple[Named, ...] = ()

    @cached_property
    def gram(self) -> tuple[float, float, float]:
        """Products u.u, u.v and v.v: how long a step on the map is in weight space."""
        u, v = self.cut.u.double(), self.cut.v.double()
        return float(u @ u), float(u @ v), float(v @ v)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, right, lower and upper edge of the map."""
        return tuple(map(float, (self.cut.x[0], self.cut.x[-1], self.cut.y[0], self.cut.y[-1])))

    def clipped(self, x: float, y: float) -> tuple[float, float]:
        """The point of the map nearest to (x, y), by either coordinate."""
        left, right, low, high = self.frame
        return min(right, max(left, x)), min(high, max(low, y))

    def value(self, x: Any, y: Any) -> Any:
        """The measure at (x, y), bilinear between the four grid points around; numbers or arrays."""
        (i, f), (j, g) = _locate(self.cut.x, x), _locate(self.cut.y, y)
        grid = self.cut.values
        below = (1 - f) * grid[j, i] + f * grid[j, i + 1]
        above = (1 - f) * grid[j + 1, i] + f * grid[j + 1, i + 1]
        return (1 - g) * below + g * above

    def on_grid(self, x: float, y: float) -> bool:
        """Whether (x, y) is a grid point, where the measure was taken itself."""
        return all(min(share, 1 - share) < 1e-6 for _, share in (_locate(self.cut.x, x), _locate(self.cut.y, y)))

    def length(self, dx: float, dy: float) -> float:
        """How far a step (dx, dy) on the map leads in weight space."""
        uu, uv, vv = self.gram
        return max(0.0, dx * dx * uu + 2 * dx * dy * uv + dy * dy * vv) ** 0.5

    def distance(self, network: Named, x: float, y: float) -> float:
        """Distance in weight space between a network and the point (x, y); the network may lie off the plane."""
        return float(np.hypot(self.length(x - network.x, y - network.y), network.away))

    def nearest(self, x: float, y: float) -> Named:
        """The named network nearest to (x, y) in weight space."""
        return min(self.networks, key=lambda one: self.distance(one, x, y))

    def start(self, line: str, x: float, y: float) -> Named:
        """The network a line begins at: the nearest one, or that of a name."""
        found = [one for one in self.networks if one.name == line]
        return found[0] if found else self.nearest(x, y)

    def along(self, network: Named, x: float, y: float) -> tuple[np.ndarray, np.ndarray, float]:
        """The measure on the straight line from a network's place through (x, y) to the edge of the map.

        From the point's own place the line runs along the first axis.

        Returns:
            Distances [STEPS + 1] from where the line begins, the measure there, and the distance of the point.
        """
        left, right, low, high = self.frame
        dx, dy = x - network.x, y - network.y
        here = self.length(dx, dy)
        if max(abs(dx) / (right - left), abs(dy) / (high - low)) < 1e-6:
            here = 0.0
            dx, dy = (right - network.x, 0.0) if right - network.x >= network.x - left else (left - network.x, 0.0)
        room = [
            (edge - at) / step
            for at, step, edges in [(network.x, dx, (left, right)), (network.y, dy, (low, high))]
            for edge in edges
            if step and (edge - at) / step > 1e-9
        ]
        reach = min(room)
        turn = 1.0 if here and reach > 1 else reach  # the point is one of the places, its value one of the values
        share = np.arange(STEPS // 2 + 1) / (STEPS // 2)
        t = np.concatenate([turn * share, (turn + (reach - turn) * share)[1:]])
        return t * self.length(dx, dy), self.value(network.x + t * dx, network.y + t * dy), here


def _locate(grid: np.ndarray, at: Any) -> tuple[Any, Any]:
    """Place among increasing numbers: index i and fraction f, so that at = (1 - f) grid[i] + f grid[i + 1]."""
    index = np.clip(np.searchsorted(grid, at, side="right") - 1, 0, len(grid) - 2)
    return index, np.clip((at - grid[index]) / (grid[index + 1] - grid[index]), 0, 1)


def place(surface: Surface, theta: Tensor) -> tuple[float, float, float]:
    """The plane's point nearest to a network [D], and the distance between them.

    The axes of a neighbourhood are not quite at a right angle, so this is a small least-squares problem.
    """
    cut, (uu, uv, vv) = surface.cut, surface.gram
    offset = (theta.detach().to(cut.origin) - cut.origin).double()
    u, v = cut.u.double(), cut.v.double()
    x, y = np.linalg.solve([[uu, uv], [uv, vv]], [float(offset @ u), float(offset @ v)])
    size, away = float(offset.norm()), float(torch.linalg.vector_norm(offset - x * u - y * v))
    left, right, low, high = surface.frame
    x, y = (0.0 if abs(at) < 1e-6 * span else float(at) for at, span in ((x, right - left), (y, high - low)))
    return x, y, away if away > 1e-4 * size else 0.0


def carried(old: Surface, new: Surface, x: float, y: float) -> tuple[float, float]:
    """Where a point of one surface goes on another one.

    Between two planes it stays the same mixture of the three networks they were laid through: half-way between A and B
    remains half-way between A and B. Otherwise it keeps its coordinates. On the map it stays in any case.
    """
    if isinstance(old.cut, Plane) and isinstance(new.cut, Plane):
        (a, *sides), (first, *others) = np.asarray(old.cut.corners, float), np.asarray(new.cut.corners, float)
        shares = np.linalg.solve(np.transpose([side - a for side in sides]), np.array([x, y]) - a)
        x, y = map(float, first + np.transpose([other - first for other in others]) @ shares)
    return new.clipped(x, y)


def own_networks(cut: Plane | Neighbourhood) -> dict[str, Tensor]:
    """The networks a plane was laid through, by name, or the centre of a neighbourhood."""
    if isinstance(cut, Neighbourhood):
        return {"centre": cut.origin}
    corners = [cut.at(*map(float, corner)) for corner in cut.corners]
    return dict(zip(cut.names, corners, strict=False))


def looks(cut: Plane | Neighbourhood, marks: Mapping[str, Any]) -> dict[str, int]:
    """A look for each name: those of A, B and C for a plane's own networks, a star for a centre, others in turn."""
    own = {name: i for i, name in enumerate(cut.names)} if isinstance(cut, Plane) else {"centre": CENTRE}
    found, spare = dict(own), 0
    for name in marks:
        look = LOOKS.get(name)
        if look is None or look in found.values():
            look, spare = SPARE[spare % len(SPARE)], spare + 1
        found[name] = look
    return found
