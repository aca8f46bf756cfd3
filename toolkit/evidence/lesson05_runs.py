"""How lesson 05 trains and measures: one network, late-phase members, and their three accuracies."""

import torch

from toolkit import models
from toolkit.data import Dataset
from toolkit.landscape import ensemble, evaluate
from toolkit.latephase import LatePhase
from toolkit.space import WeightSpace
from toolkit.train import fit

WIDTHS = (64, 64, 64, 10)
WHICH = ("batchnorm", "last_layer")
PLAIN = {"epochs": 40, "batch_size": 32, "lr": 0.1, "weight_decay": 5e-4}
MNIST = {"epochs": 10, "batch_size": 100, "lr": 0.1, "weight_decay": 5e-4}
NAMES = ("average", "member", "ensemble")
NETWORK = {"network": f"mlp{WIDTHS} with BatchNorm", "late weights": WHICH, "schedule": "linear"}


def network_space() -> WeightSpace:
    """The space of the lesson's network."""
    return WeightSpace(models.mlp(*WIDTHS, batchnorm=True))


def plain(space: WeightSpace, dataset: Dataset, seed: int, settings: dict = PLAIN, on_epoch=None) -> torch.Tensor:
    """One network, trained as the late phase is."""
    return fit(space, space.init(seed), dataset, seed=seed, schedule="linear", on_epoch=on_epoch, **settings)


def released(space: WeightSpace, dataset: Dataset, seed: int, settings: dict = PLAIN, which=WHICH, **late) -> LatePhase:
    """Late-phase members, K = 5 and released after 60 % unless said otherwise."""
    return fit(
        space, LatePhase(space, space.init(seed), which, **late), dataset, seed=seed, schedule="linear", **settings
    )


def three_of(space: WeightSpace, late: LatePhase, dataset: Dataset) -> tuple[float, float, float]:
    """Accuracies of the average of the weights, of the mean member, and of the predictions together."""
    together = ensemble(space, late.members, dataset)
    return accuracy_of(space, late.average, dataset), float(together.members.mean()), together.accuracy


def named_of(space: WeightSpace, late: LatePhase, dataset: Dataset) -> dict[str, float]:
    """The three accuracies under names that say K and the noise."""
    names = (f"K {late.count}, noise {late.noise:g}, {name}" for name in NAMES)
    return dict(zip(names, three_of(space, late, dataset), strict=True))


def accuracy_of(space: WeightSpace, theta: torch.Tensor, dataset: Dataset, stats=None, split: str = "test") -> float:
    """Accuracy of one network [D], with its own statistics if none are given."""
    metric = f"{split}_accuracy"
    return float(evaluate(space, theta, dataset, metric, refresh=stats is None, stats=stats)[metric])
