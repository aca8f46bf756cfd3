"""The plane through three networks, measured on a grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.landscape.measure import evaluate
from toolkit.space import WeightSpace


@dataclass(frozen=True)
class Plane:
    """A flat cut through weight space, with a measure on a grid: theta(x, y) = origin + x u + y v.

    Attributes:
        origin, u, v: [D] each; u and v have length 1 and a right angle, so distances on the map are true.
        corners: coordinates [3, 2] of the three networks the plane was laid through.
        names: what figures call them; empty if they are not worth a mark.
        x, y: grid coordinates [W] and [H], in units of weight distance.
        values: the measure [H, W].
        metric: its name.
    """

    origin: Tensor
    u: Tensor
    v: Tensor
    corners: np.ndarray
    names: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    metric: str

    def at(self, x: float, y: float) -> Tensor:
        """Return the network [D] at coordinates (x, y)."""
        return self.origin + x * self.u + y * self.v

    def project(self, theta: Tensor) -> np.ndarray:
        """Return coordinates [2] or [N, 2] of the plane's nearest points to theta [D] or [N, D]."""
        offset = theta - self.origin
        return torch.stack([offset @ self.u, offset @ self.v], dim=-1).cpu().double().numpy()


def plane(
    space: WeightSpace,
    points: Sequence[Tensor] | Tensor,
    dataset: Dataset,
    metric: str = "test_loss",
    size: int = 25,
    margin: float = 0.3,
    refresh: bool = True,
    names: Sequence[str] = ("A", "B", "C"),
) -> Plane:
    """Measure the plane through three networks on a square grid.

    The first axis runs from the first network to the second, the other one at a right angle to it towards the third
    (Gram-Schmidt): u = b - a, v = (c - a) - <c - a, u> u / <u, u>, both brought to length 1.

    Args:
        space: the weight space.
        points: three networks [D] that do not lie on one line.
        dataset: the data.
        metric: a name as in `evaluate`.
        size: grid points a side.
        margin: how far the grid reaches beyond the networks, as a fraction of their extent.
        refresh: estimate BatchNorm statistics anew at every grid point.
        names: of the three networks, or `()` for none at all.

    Returns:
        A `Plane`.

    Raises:
        ValueError: if there are not three networks, they lie on one line, or they have another number of names.

    Source: Garipov et al. 2018, appendix; Izmailov et al. 2018.
    """
    if len(points) != 3:
        raise ValueError(f"points must be three networks, got {len(points)}.")
    if len(names) not in (0, 3):
        raise ValueError(f"names must be three or none, got {len(names)}.")
    a, b, c = (_expect.tensor(f"points[{i}]", point) for i, point in enumerate(points))
    if not a.shape == b.shape == c.shape == (space.size,):
        raise ValueError(f"points must be networks [{space.size}], got shapes {[list(p.shape) for p in (a, b, c)]}.")
    _expect.count("size", size, least=2)
    _expect.number("margin", margin, 0)
    u, w = b - a, c - a
    v = w - (w @ u) / (u @ u) * u
    if not u.norm() > 0 or v.norm() <= 1e-4 * w.norm():
        raise ValueError("points must not lie on one line: there are many planes through these three networks.")
    u, v = u / u.norm(), v / v.norm()
    corners = torch.stack([torch.stack([p @ u, p @ v]) for p in (a - a, b - a, c - a)]).cpu().double().numpy()
    low, high = corners.min(0), corners.max(0)
    reach = margin * (high - low).max()
    x, y = (np.linspace(low[i] - reach, high[i] + reach, size) for i in (0, 1))
    on_x = torch.as_tensor(x).to(a)[:, None] * u
    rows = [evaluate(space, a + on_x + float(h) * v, dataset, [metric], refresh)[metric] for h in y]
    return Plane(a, u, v, corners, tuple(names), x, y, np.stack(rows), metric)
