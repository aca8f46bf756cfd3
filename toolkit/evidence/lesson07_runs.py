"""How lesson 07 finds masks and tries them: six starting points side by side, two siblings each."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from toolkit import distill, models
from toolkit.data import Dataset
from toolkit.landscape import instability
from toolkit.space import WeightSpace
from toolkit.sparse import prunable, prune, random_mask, shuffled, tickets

WIDTHS = (64, 32, 32, 32, 10)
SETTINGS = {"epochs": 20, "batch_size": 16, "lr": 0.1, "momentum": 0.9, "schedule": "step"}
ROUNDS, FRACTION, PER_CLASS, POINTS = 9, 0.2, 10, 11
FRESH = 1_000  # seeds of starting points that no mask was made for begin here


def network() -> WeightSpace:
    """The lesson's network: four small layers with BatchNorm."""
    return WeightSpace(models.mlp(*WIDTHS, batchnorm=True))


def observer() -> WeightSpace:
    """The network whose random copies look at the images while they are distilled."""
    return WeightSpace(models.mlp(64, 128, 128, 128, 10))


def starts(space: WeightSpace, seeds: Sequence[int]) -> Tensor:
    """A starting point a seed [S, D]."""
    return torch.stack([space.init(seed) for seed in seeds])


def few(dataset: Dataset, synthetic: bool, seed: int = 0) -> Dataset:
    """A hundred training images, distilled or chosen at random."""
    make = (
        distill.distill if synthetic else (lambda space, dataset, number, seed: distill.subset(dataset, number, seed))
    )
    return make(observer(), dataset, PER_CLASS, seed=seed)


def on_few(settings: dict, dataset: Dataset, small: Dataset) -> dict:
    """Settings with as many steps on the few images as on all of them."""
    size = settings["batch_size"]
    steps, own = len(dataset.train_x) // size, len(small.train_x) // size
    return {**settings, "epochs": round(settings["epochs"] * steps / own)}


def found_on(
    space: WeightSpace, theta: Tensor, dataset: Dataset, seeds: Sequence[int], rounds: int = ROUNDS, **settings
) -> Tensor:
    """The masks [R + 1, S, D] that iterative pruning finds."""
    return tickets(space, theta, dataset, rounds=rounds, fraction=FRACTION, seed=list(seeds), **settings).masks


def at_the_start(space: WeightSpace, theta: Tensor, rounds: int = ROUNDS) -> Tensor:
    """The masks [R + 1, S, D] that drop the smallest weights of the untrained networks."""
    masks, where = [torch.ones_like(theta, dtype=torch.bool)], prunable(space)
    for _ in range(rounds):
        masks.append(prune(theta, masks[-1], FRACTION, where))
    return torch.stack(masks)


def at_random(space: WeightSpace, theta: Tensor, seeds: Sequence[int], rounds: int = ROUNDS) -> Tensor:
    """The masks [R + 1, S, D] that drop any weights, nested as the others are."""
    shares = [1 - (1 - FRACTION) ** r for r in range(rounds + 1)]
    where = prunable(space)
    return torch.stack([torch.stack([random_mask(where, share, seed) for seed in seeds]) for share in shares])


def shuffle(space: WeightSpace, masks: Tensor, seeds: Sequence[int]) -> Tensor:
    """Masks [R + 1, S, D] with every layer shuffled, in one order for all rounds of a seed."""
    return torch.stack([torch.stack([shuffled(space, m, s) for m, s in zip(r, seeds, strict=True)]) for r in masks])


def siblings(
    space: WeightSpace, dataset: Dataset, seeds: Sequence[int], theta: Tensor, mask: Tensor | None, step=0, **settings
) -> dict[str, list]:
    """Barriers between the two siblings of every seed [S], in fractions of error, and how good they are."""
    settings = {**SETTINGS, **settings}
    pairs = instability(space, dataset, [step], list(seeds), POINTS, starts=theta, mask=mask, **settings)
    scans = [row[0] for row in pairs.scans]
    kinds = {"train": ("train_error", "chord"), "test": ("test_error", "chord"), "train, mean": ("train_error", "mean")}
    barriers = {f"barrier, {name}": pairs.barrier(*kind)[:, 0].tolist() for name, kind in kinds.items()}
    ends = {
        "accuracy": [float(scan.test_accuracy[[0, -1]].mean()) for scan in scans],
        "train_loss": [float(scan.train_loss[[0, -1]].mean()) for scan in scans],
        "line": [(1 - scan.train_accuracy).tolist() for scan in scans],
    }
    return {**barriers, **ends}


def through_the_rounds(
    space: WeightSpace, dataset: Dataset, seeds: Sequence[int], theta: Tensor, masks: Tensor, rounds: Sequence[int] = ()
) -> dict[str, list]:
    """What `siblings` measures, under the mask of every round (or of some): lists [R][S]."""
    rounds = rounds or range(1, len(masks))
    found = [siblings(space, dataset, seeds, theta, masks[r]) for r in rounds]
    return {name: [one[name] for one in found] for name in found[0] if name != "line"}


def overlap(space: WeightSpace, masks: Tensor, others: Tensor) -> tuple[list[float], list[float]]:
    """Share of the weights alive in `masks` [S, D] that are alive in `others` too, and what chance would give."""
    where = prunable(space)
    both = (masks & others)[:, where].sum(1) / masks[:, where].sum(1)
    chance = np.zeros(len(masks))
    for slot in space.layout:
        if len(slot.shape) > 1:
            part, other = masks[:, slot.start : slot.stop].double(), others[:, slot.start : slot.stop].double()
            chance += (part.sum(1) * other.mean(1)).numpy()
    return both.tolist(), (chance / masks[:, where].sum(1).numpy()).tolist()


def config(seeds: Sequence[int], **more) -> dict:
    """The settings that all claims share, and more."""
    return {
        "network": f"mlp{WIDTHS}, BatchNorm",
        "seeds": len(seeds),
        "per class": PER_CLASS,
        "fraction": 0.2,
        **SETTINGS,
        **more,
    }


def without_lines(found: dict[str, dict]) -> dict[str, dict]:
    """Barriers and accuracies alone."""
    return {name: {key: value for key, value in one.items() if key != "line"} for name, one in found.items()}
