"""Loss, accuracy and calibration of networks given as points."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect, metrics
from toolkit.data import SPLITS, Dataset
from toolkit.engine import check_rows, of_network, rows_of
from toolkit.space import WeightSpace
from toolkit.train import Attack

METRICS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "loss": metrics.nll,
    "accuracy": metrics.accuracy,
    "error": lambda logits, y: 1 - metrics.accuracy(logits, y),
    "ece": metrics.ece,
}
_POINTS_AT_ONCE = 16
REPORTED = tuple(f"{split}_{metric}" for split in ("train", "test") for metric in ("loss", "accuracy", "ece"))


@torch.no_grad()
def evaluate(
    space: WeightSpace,
    theta: Tensor,
    dataset: Dataset,
    what: str | Sequence[str] = REPORTED,
    refresh: bool = True,
    stats: dict[str, Tensor] | None = None,
    attack: Attack | None = None,
) -> dict[str, np.ndarray]:
    """Measure one network or many.

    Args:
        space: the weight space.
        theta: one point [D] or N points [N, D].
        dataset: the data.
        what: names `<split>_<metric>`, or one of them: of train, val, test and loss (nats), accuracy, error, ece
            (fractions).
        refresh: estimate BatchNorm statistics anew on the training inputs at every point.
        stats: with `refresh=False`, the statistics to use instead: of one network for all, or [N, units] each.
        attack: measure on inputs attacked at every point, such as `toolkit.robust.PGD`; statistics are those of the
            inputs as they were.

    Returns:
        Each measure by name, a number or an array [N].

    Raises:
        ValueError: if a name is unknown, a split is empty or a shape does not fit.

    Example:
        >>> from toolkit import data, models
        >>> space = WeightSpace(models.mlp(64, 16, 10))
        >>> theta = space.unflatten(space.init(0))["fc2.weight"].zero_().new_zeros(space.size)
        >>> round(float(evaluate(space, theta, data.load("digits"), ["test_loss"])["test_loss"]), 4)
        2.3026
    """
    what = [what] if isinstance(what, str) else list(what)
    space.check(theta)
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a toolkit.Dataset, got {type(dataset).__name__}.")
    if attack is not None:
        _expect.function("attack", attack, "PGD(eps=0.1)")
    check_rows(stats, len(theta) if theta.dim() == 2 else 1)
    for name in what:
        _expect.choice("each of what", name, (f"{split}_{metric}" for split in SPLITS for metric in METRICS))
    points = theta.unsqueeze(0) if theta.dim() == 1 else theta
    blocks = []
    for start in range(0, len(points), _POINTS_AT_ONCE):
        block = points[start : start + _POINTS_AT_ONCE]
        own = space.refresh(block, dataset.train_x) if refresh else rows_of(stats, start, start + len(block))
        splits = {name.split("_")[0] for name in what}
        logits = {split: _logits(space, block, *dataset.split(split), own, attack) for split in splits}
        blocks.append({name: _measure(name, logits, dataset) for name in what})
    values = {name: np.concatenate([block[name] for block in blocks]) for name in what}
    return values if theta.dim() == 2 else {name: value[0] for name, value in values.items()}


def _logits(space: WeightSpace, points: Tensor, x: Tensor, y: Tensor, stats, attack: Attack | None) -> Tensor:
    """Logits [N, B, C] of N networks, on inputs that are attacked at each of them if there is an attack."""
    if attack is None:
        return space.logits(points, x, stats)
    rows = []
    for i, theta in enumerate(points):
        own = of_network(stats, i) or {}
        attacked = attack(space, theta, x, y, torch.Generator().manual_seed(0), own)
        rows.append(space.logits(theta, attacked, own))
    return torch.stack(rows)


def _measure(name: str, logits: dict[str, Tensor], dataset: Dataset) -> np.ndarray:
    split, metric = name.split("_")
    return METRICS[metric](logits[split], dataset.split(split)[1]).cpu().double().numpy()
