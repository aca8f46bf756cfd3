"""Several networks predicting together, always beside what each of them predicts alone."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect, metrics
from toolkit.data import SPLITS, Dataset
from toolkit.space import WeightSpace


@dataclass(frozen=True)
class Ensemble:
    """What N networks reach together, and each alone.

    Attributes:
        accuracy, loss, ece: of the averaged prediction: fraction right, nats, calibration error as a fraction.
        members: accuracies of the single networks [N].
        disagreement: fraction of examples on which two members differ, averaged over pairs; 0 for a single one.
    """

    accuracy: float
    loss: float
    ece: float
    members: np.ndarray
    disagreement: float

    def __str__(self) -> str:
        """One line that never leaves the members out."""
        alone = ", ".join(f"{accuracy:.1%}" for accuracy in self.members)
        return f"{self.accuracy:.1%} together; alone {alone}; they disagree on {self.disagreement:.1%}"


@torch.no_grad()
def ensemble(
    space: WeightSpace,
    thetas: Tensor,
    dataset: Dataset,
    split: str = "test",
    average: str = "probability",
    refresh: bool = True,
    stats: dict[str, Tensor] | None = None,
) -> Ensemble:
    """Let networks predict together.

    Args:
        space: the weight space.
        thetas: the members [N, D], such as `line.at([0.2, 0.8])`.
        dataset: the data.
        split: `"train"`, `"val"` or `"test"`.
        average: `"probability"` or `"logit"`, see `toolkit.metrics.ensemble`.
        refresh: estimate BatchNorm statistics anew for every member.
        stats: with `refresh=False`, the statistics to use instead.

    Returns:
        An `Ensemble`.

    Raises:
        TypeError: if `dataset` is no `Dataset`.
        ValueError: if `thetas` is not [N, D], or a name is unknown.

    Example:
        >>> from toolkit import data, models
        >>> space = WeightSpace(models.mlp(64, 16, 10))
        >>> twice = ensemble(space, space.init(0).repeat(2, 1), data.load("digits"))
        >>> bool(twice.accuracy == twice.members[0]), twice.disagreement
        (True, 0.0)
    """
    space.check(thetas)
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a toolkit.Dataset, got {type(dataset).__name__}.")
    if thetas.dim() != 2:
        raise ValueError(f"thetas must be networks [N, {space.size}], got shape {list(thetas.shape)}.")
    x, y = dataset.split(_expect.choice("split", split, SPLITS))
    logits = space.logits(thetas, x, space.refresh(thetas, dataset.train_x) if refresh else stats)
    together = metrics.ensemble(logits, average)
    differ = [metrics.disagreement(logits[i], logits[j]).item() for i, j in combinations(range(len(logits)), 2)]
    return Ensemble(
        accuracy=metrics.accuracy(together, y).item(),
        loss=metrics.nll(together, y).item(),
        ece=metrics.ece(together, y).item(),
        members=metrics.accuracy(logits, y).cpu().numpy(),
        disagreement=float(np.mean(differ)) if differ else 0.0,
    )
