"""Measuring a triangle of networks for a SimplexExplorer."""

import copy

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect, metrics
from toolkit.data import Dataset
from toolkit.engine import check_rows, of_network
from toolkit.progress import progress
from toolkit.space import WeightSpace
from toolkit.subspaces import Simplex
from toolkit.widgets.simplex_data import SimplexData, grid


@torch.no_grad()
def measure_simplex(
    space: WeightSpace,
    simplex: Simplex,
    dataset: Dataset,
    steps: int = 10,
    images: int = 24,
    refresh: bool = True,
    stats: dict[str, Tensor] | None = None,
) -> SimplexData:
    """Measure a triangle of networks for a `SimplexExplorer`.

    Call it yourself to compare several triangles, or several ways to measure one, in a single explorer. One network is
    written out at a time.

    Args:
        space: the weight space the triangle lies in.
        simplex: a `Simplex` of three networks.
        dataset: measured are its test examples.
        steps: grid steps a side; 10 give 66 points, and the middle.
        images: number of test images to show, those that divide the corners most; 0 for none.
        refresh: estimate BatchNorm statistics anew at every point.
        stats: with `refresh=False`, the statistics to use instead.

    Returns:
        The record that `SimplexExplorer(variants={...})` takes.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if the simplex has not three points or lies in another space, or a number is out of range.
    """
    _check(space, simplex, dataset)
    weights = grid(_expect.count("steps", steps))
    _expect.count("images", images, least=0)
    check_rows(stats, len(weights))
    found = []
    for i, at in enumerate(progress(weights.tolist(), "measuring the triangle")):
        theta = simplex.at(at)
        own = space.refresh(theta, dataset.train_x) if refresh else of_network(stats, i)
        found.append(_scores(space.logits(theta, dataset.test_x, own), dataset.test_y))
    loss, accuracy, likely = zip(*found, strict=True)
    if not np.isfinite(loss).all():
        raise ValueError(f"simplex must hold networks of finite loss, got {sum(~np.isfinite(loss))} without.")
    shown = images if dataset.test_x.dim() == 4 else 0
    return _record(simplex, steps, dataset, np.array(loss), np.array(accuracy), torch.stack(likely), shown)


def _check(space: WeightSpace, simplex: Simplex, dataset: Dataset) -> None:
    if not isinstance(space, WeightSpace):
        raise TypeError(f"space must be a WeightSpace, got {type(space).__name__}.")
    if not isinstance(simplex, Simplex):
        raise TypeError(f"simplex must be a Simplex of three networks, got {type(simplex).__name__}.")
    if len(simplex.points) != 3:
        raise ValueError(f"simplex must have three networks as corners, got {len(simplex.points)}.")
    if simplex.points.shape[1] != space.size:
        raise ValueError(f"simplex must lie in space, R^{space.size}, got one in R^{simplex.points.shape[1]}.")
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a toolkit.Dataset, got {type(dataset).__name__}.")


def _scores(logits: Tensor, y: Tensor) -> tuple[float, float, Tensor]:
    """Loss, accuracy and probabilities [B, C] of one network."""
    return metrics.nll(logits, y).item(), metrics.accuracy(logits, y).item(), logits.softmax(-1).cpu()


def _record(
    simplex: Simplex,
    steps: int,
    dataset: Dataset,
    loss: np.ndarray,
    accuracy: np.ndarray,
    likely: Tensor,
    shown: int,
) -> SimplexData:
    """Put together what was measured, with probabilities `likely` [G, B, C] of all test examples."""
    wrong, differ = _pairs(likely, dataset.test_y.cpu())
    corners = likely[[int(np.argmax(grid(steps)[:, i])) for i in range(3)]]
    order = _most_divided(corners)[:shown]
    answers = corners.argmax(-1)
    return SimplexData(
        simplex=copy.deepcopy(simplex),
        steps=steps,
        loss=loss,
        accuracy=accuracy,
        wrong=wrong,
        differ=differ,
        total=len(dataset.test_x),
        divided=int((answers != answers[0]).any(0).sum()),
        images=dataset.test_x[order.to(dataset.test_x.device)].cpu().numpy() if shown else None,
        labels=dataset.test_y.cpu()[order].numpy(),
        probabilities=likely[:, order].numpy(),
    )


def _pairs(likely: Tensor, y: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Test examples that each pair of points reads wrongly together, and differently alone: [G, G] both."""
    answers = likely.argmax(-1)
    wrong = np.empty((len(likely), len(likely)), np.uint32)
    for i, one in enumerate(likely):
        for j in range(i, len(likely)):
            wrong[i, j] = wrong[j, i] = ((one + likely[j]).argmax(-1) != y).sum()
    differ = np.array([(answers != row).sum(-1).numpy() for row in answers], np.uint32)
    return wrong, differ


def _most_divided(corners: Tensor) -> Tensor:
    """Order of the examples: those with the most different answers first, then by how far probabilities are apart."""
    answers = corners.argmax(-1)
    pairs = [(0, 1), (0, 2), (1, 2)]
    unlike = sum((answers[i] != answers[j]).float() for i, j in pairs)
    apart = sum((corners[i] - corners[j]).abs().sum(-1) for i, j in pairs) / 6  # mean total variation, at most 1
    return (2 * unlike + apart).argsort(descending=True, stable=True)
