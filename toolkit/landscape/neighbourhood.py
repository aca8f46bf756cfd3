"""The loss around one network in two random directions, each filter of which is as long as the network's own."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect
from toolkit.batches import generator
from toolkit.data import Dataset
from toolkit.landscape.measure import evaluate
from toolkit.reconnect.rows import rows
from toolkit.space import WeightSpace
from toolkit.sparse.masks import check_mask


@dataclass(frozen=True)
class Neighbourhood:
    """A measure at theta + x u + y v on a grid whose centre is theta itself.

    Attributes:
        origin: the network [D].
        u, v: directions [D]; filter by filter as long as the network's, zero for biases, norms and pruned weights.
        x, y: grid coordinates [n].
        values: the measure [n, n], rows along y.
        metric: its name.
    """

    origin: Tensor
    u: Tensor
    v: Tensor
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    metric: str

    def at(self, x: float, y: float) -> Tensor:
        """Return the network [D] at coordinates (x, y)."""
        return self.origin + x * self.u + y * self.v


def filter_normalised(space: WeightSpace, theta: Tensor, mask: Tensor | None = None, seed: int = 0) -> Tensor:
    """Draw a random direction [D] with |d_f| = |theta_f| for every filter (row of a matrix) f.

    Networks whose layers are scaled differently can only be compared in such units. Vectors (biases, norms) get zeros.

    Args:
        space: the weight space.
        theta: one point [D].
        mask: weights alive [D]; the others are taken to be zero, and the direction stays inside.
        seed: of the draw.

    Raises:
        TypeError: if `mask` is no tensor of booleans.
        ValueError: if theta or mask does not fit.

    Example:
        >>> from toolkit import models
        >>> space = WeightSpace(models.mlp(64, 32, 10))
        >>> theta = space.init(0)
        >>> d = space.unflatten(filter_normalised(space, theta))["fc1.weight"]
        >>> torch.allclose(d.norm(dim=1), space.unflatten(theta)["fc1.weight"].norm(dim=1))
        True

    Source: Li, Xu, Taylor, Studer, Goldstein 2018.
    """
    space.check(_expect.tensor("theta", theta), one=True)
    d = torch.randn(space.size, generator=generator(_expect.count("seed", seed, least=0), stream=10)).to(theta)
    if mask is not None:
        check_mask(mask, theta)
        theta, d = theta * mask, d * mask
    weights = space.unflatten(theta)
    for name, part in space.unflatten(d).items():
        if part.dim() < 2:
            part.zero_()
            continue
        own, length = rows(weights[name]).norm(dim=1, keepdim=True), rows(part).norm(dim=1, keepdim=True)
        rows(part).mul_(torch.where(length > 0, own / length, 0))
    return d


def neighbourhood(
    space: WeightSpace,
    theta: Tensor,
    dataset: Dataset,
    metric: str = "test_loss",
    size: int = 25,
    reach: float = 1.0,
    mask: Tensor | None = None,
    refresh: bool = True,
    seed: int = 0,
) -> Neighbourhood:
    """Measure the surroundings of a network on a square grid in two filter-normalised directions.

    Args:
        space: the weight space.
        theta: one point [D].
        dataset: the data.
        metric: a name as in `evaluate`.
        size: grid points a side, odd, so that the network itself is one of them.
        reach: the grid goes from -reach to reach, in lengths of the network's own filters.
        mask: weights alive [D], the others are taken to be zero; without it the surroundings of a sparse network would
            be those of a dense one.
        refresh: estimate BatchNorm statistics anew at every grid point.
        seed: of the directions.

    Returns:
        A `Neighbourhood`.

    Raises:
        ValueError: if `size` is even, or an argument does not fit.
    """
    if _expect.count("size", size, least=3) % 2 == 0:
        raise ValueError(f"size must be odd for the network itself to be a grid point, got {size}.")
    if not _expect.number("reach", reach, 0):
        raise ValueError("reach must be above 0, got 0.")
    u, v = (filter_normalised(space, theta, mask, 2 * _expect.count("seed", seed, least=0) + i) for i in (0, 1))
    theta = theta if mask is None else theta * mask
    steps = np.arange(size) - size // 2  # whole numbers, so that the centre is exactly 0
    x = reach * steps / (size // 2)
    along = torch.as_tensor(x).to(theta)[:, None] * u
    values = [evaluate(space, theta + along + float(h) * v, dataset, [metric], refresh)[metric] for h in x]
    return Neighbourhood(theta.detach().clone(), u, v, x, x.copy(), np.stack(values), metric)
