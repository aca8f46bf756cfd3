"""How lesson 06 trains and measures: several networks side by side, by Adam or by reconnecting."""

import warnings

import torch
from torch import Tensor
from torch.optim import Adam

from toolkit.data import Dataset
from toolkit.landscape import evaluate
from toolkit.reconnect import Reconnect, start
from toolkit.space import WeightSpace
from toolkit.train import fit
from toolkit.trainable import Trainable

DEEP = (64, 256, 128, 10)
SETTINGS = {"epochs": 30, "batch_size": 50, "lr": 1e-3, "schedule": "x 0.95 after each epoch"}


class Masked(Trainable):
    """Networks [N, D] of which only some weights are trained."""

    def __init__(self, theta: Tensor, mask: Tensor):
        """Train the weights of theta [N, D] where mask [D] or [N, D] is True."""
        self.theta, self.mask, self.networks = theta.clone(), mask.to(theta), len(theta)

    def leaves(self) -> list[Tensor]:
        """The networks."""
        return [self.theta]

    def sample(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Return the networks as they are."""
        return self.theta.detach()

    def give(self, g: Tensor) -> None:
        """Take the gradient where the mask lets it through."""
        self.theta.grad = g * self.mask


def starts(space: WeightSpace, seeds: int, **settings) -> Tensor:
    """One starting point a seed [N, D]."""
    return torch.stack([start(space, seed, **settings) for seed in range(seeds)])


def adam(space: WeightSpace, theta: Tensor, dataset: Dataset, mask: Tensor | None = None, lr: float = 1e-3) -> Tensor:
    """The networks [N, D] trained by Adam, all weights or those under a mask."""
    mask = torch.ones_like(space.matrices()) if mask is None else mask
    return trained(space, Masked(theta, mask), dataset, lr).theta.detach()


def reconnected(
    space: WeightSpace, theta: Tensor, dataset: Dataset, period, lr: float = 1e-3, vectors=False, rule="neuron", **how
) -> Reconnect:
    """The networks [N, D] trained by reconnecting."""
    what = Reconnect(space, theta, period, vectors, rule)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some settings are chosen because nothing moves
        return trained(space, what, dataset, lr, **how)


def trained(space: WeightSpace, what, dataset: Dataset, lr: float, optimizer=Adam, **more):
    """Train several networks side by side, seeds 0, 1, 2 ..."""
    settings = {name: SETTINGS[name] for name in ("epochs", "batch_size")}
    decay = lambda done: 0.95 ** int(done * SETTINGS["epochs"])  # noqa: E731
    seeds = list(range(what.networks))
    return fit(space, what, dataset, lr=lr, seed=seeds, schedule=decay, optimizer=optimizer, **settings, **more)


def both(space: WeightSpace, theta: Tensor, dataset: Dataset) -> dict[str, list[float]]:
    """Validation and test accuracies of networks [N, D]."""
    found = evaluate(space, theta, dataset, ["val_accuracy", "test_accuracy"])
    return {name.split("_")[0]: values.tolist() for name, values in found.items()}
