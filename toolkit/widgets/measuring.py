"""Measuring a path for a CurveSlider: curves, predictions for some test images, first-layer filters."""

import copy
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.engine import check_rows, rows_of
from toolkit.landscape.measure import evaluate
from toolkit.landscape.path import _NUMBERS_AT_ONCE, positions
from toolkit.space import WeightSpace
from toolkit.subspaces import Path
from toolkit.widgets.path_data import SERIES, PathData

FILTERS = 12
FILTER_BYTES = 36_000


def measure(
    space: WeightSpace,
    path: Any,
    dataset: Dataset,
    points: int | Sequence[float] = 51,
    images: int = 24,
    refresh: bool = True,
    stats: dict[str, Tensor] | None = None,
) -> PathData:
    """Measure a path for a `CurveSlider`.

    Call it yourself to compare several paths, or several ways to measure one, in a single slider.

    Args:
        space: the weight space the path lies in.
        path: a `Line`, `Bezier` or `PolyChain` between network A and network B.
        dataset: the curves are taken on its training and its test examples.
        points: how many positions t from 0 to 1, ends included, or the positions themselves.
        images: number of test images to show, the first ones of the test split; 0 for none.
        refresh: estimate BatchNorm statistics anew at every position.
        stats: with `refresh=False`, the statistics to use instead.

    Returns:
        The record that `CurveSlider(variants={...})` takes.

    Raises:
        TypeError: if `path` is no path.
        ValueError: if there are fewer than two positions, `images` is below 0, or the path lies in another space.
    """
    _expect.count("images", images, least=0)
    if not isinstance(path, Path):
        raise TypeError(f"path must be a Line, Bezier or PolyChain, got {type(path).__name__}.")
    t = positions(points)
    check_rows(stats, len(t))
    shown = images if dataset.test_x.dim() == 4 else 0
    parts = []
    for start, networks in in_pieces(path, t):
        if refresh:  # once for the curves and the images
            own = space.refresh(networks, dataset.train_x)
        else:
            own = rows_of(stats, start, start + len(networks))
        parts.append(_piece(space, networks, dataset, shown, own))
    measured = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if shown:
        measured |= {"images": dataset.test_x[:shown].cpu().numpy(), "labels": dataset.test_y[:shown].cpu().numpy()}
    filters = first_filters(space, path, t, tuple(dataset.test_x.shape[1:]))
    return PathData(t, **measured, filters=filters, total=len(dataset.test_x), path=copy.deepcopy(path))


def in_pieces(path: Path, t: np.ndarray) -> Iterator[tuple[int, Tensor]]:
    """Write out the networks at t a few at a time: the index of the first one, and the networks [N, D]."""
    size = max(1, _NUMBERS_AT_ONCE // path.points.shape[1])
    for start in range(0, len(t), size):
        yield start, path.at(t[start : start + size]).detach()


@torch.no_grad()
def _piece(
    space: WeightSpace, networks: Tensor, dataset: Dataset, n: int, stats: dict[str, Tensor] | None
) -> dict[str, np.ndarray]:
    """Curves of the networks [N, D], and what they read in the first n test images."""
    measured = evaluate(space, networks, dataset, SERIES, refresh=False, stats=stats)
    if n:
        measured["predictions"] = space.logits(networks, dataset.test_x[:n], stats).argmax(-1).cpu().numpy()
    return measured


@torch.no_grad()
def first_filters(space: WeightSpace, path: Any, t: np.ndarray, image_shape: tuple[int, ...]) -> np.ndarray | None:
    """Return the first layer's largest filters as pictures [K, m, height, width] at K points of the path.

    Returns:
        None where the first weight is no set of pictures: neither convolution kernels nor rows as long as an image.
    """
    knots = np.linspace(t[0], t[-1], len(t))
    first = as_pictures(_first_weight(space, path, knots[0]), image_shape)
    if first is None:
        return None
    last = as_pictures(_first_weight(space, path, knots[-1]), image_shape)
    pixels = prod(first.shape[1:])
    m = min(len(first), FILTERS if pixels <= 256 else FILTERS // 2)
    size = (first.flatten(1).norm(dim=1) + last.flatten(1).norm(dim=1)).topk(m).indices.sort().values
    number = min(len(t), max(5, FILTER_BYTES // (m * pixels)))
    knots = np.linspace(t[0], t[-1], number)
    return torch.stack([as_pictures(_first_weight(space, path, k), image_shape)[size] for k in knots]).cpu().numpy()


def _first_weight(space: WeightSpace, path: Any, t: float) -> Tensor:
    weights = space.unflatten(path.at(float(t)).detach())
    return next((weight for weight in weights.values() if weight.dim() >= 2), torch.empty(0))


def as_pictures(weight: Tensor, image_shape: tuple[int, ...]) -> Tensor | None:
    """Turn a weight into pictures [units, height, width], the mean over input channels; None without an image.

    Example:
        >>> as_pictures(torch.zeros(5, 12), (3, 2, 2)).shape
        torch.Size([5, 2, 2])
    """
    if weight.dim() == 2 and len(image_shape) == 3 and weight.shape[1] == prod(image_shape):
        weight = weight.view(len(weight), *image_shape)
    return weight.mean(dim=1) if weight.dim() == 4 else None
