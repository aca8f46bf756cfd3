"""Lesson 07, why: curvature, the trap without BatchNorm, and whether the comparison holds elsewhere."""

import numpy as np
import torch
from scipy.stats import spearmanr

from toolkit import data, distill, models
from toolkit.evidence.lesson07_runs import (
    FRESH,
    SETTINGS,
    at_random,
    config,
    few,
    found_on,
    network,
    observer,
    on_few,
    shuffle,
    siblings,
    starts,
    without_lines,
)
from toolkit.landscape import evaluate, hessian_diagonal
from toolkit.space import WeightSpace
from toolkit.sparse import Masked
from toolkit.train import fit

TARGET = 0.05  # nats of training loss at which curvatures are compared


def curvature(seeds: int = 6) -> dict:
    """Trace of the Hessian at the end of training, and where the training loss first falls to one level for all."""
    digits, space, seeds = data.load("digits"), network(), range(seeds)
    theta, x, y = starts(space, seeds), digits.train_x[:500], digits.train_y[:500]
    synthetic, real = few(digits, synthetic=True), few(digits, synthetic=False)
    imp = found_on(space, theta, digits, seeds, rounds=7, **SETTINGS)[7]
    masks = {
        "dense": torch.ones_like(imp),
        "real digits": imp,
        "real digits, shuffled": shuffle(space, imp[None], seeds)[0],
        "100 synthetic digits": found_on(space, theta, synthetic, seeds, 7, **on_few(SETTINGS, digits, synthetic))[7],
        "100 real digits": found_on(space, theta, real, seeds, 7, **on_few(SETTINGS, digits, real))[7],
        "any weights": at_random(space, theta, seeds, 7)[7],
    }
    found, points = {}, []
    for name, mask in masks.items():
        epochs = []
        trained = fit(
            space,
            Masked(theta, mask),
            digits,
            seed=list(seeds),
            on_epoch=lambda epoch, loss, now, epochs=epochs: epochs.append(now.theta),
            **SETTINGS,
        ).theta
        level = [_first_below(space, [epoch[i] for epoch in epochs], digits) for i in seeds]
        barrier = siblings(space, digits, seeds, theta, mask)["barrier, train"]
        found[name] = {"barrier": barrier}
        for moment, thetas in [("end", trained), ("level", torch.stack(level))]:
            losses = evaluate(space, thetas, digits, "train_loss")["train_loss"].tolist()
            traces = [
                hessian_diagonal(space, t, x, y, 256, m, space.refresh(t, digits.train_x)).trace
                for t, m in zip(thetas, mask, strict=True)
            ]
            found[name] |= {f"trace, {moment}": traces, f"loss, {moment}": losses}
        points += zip(barrier, found[name]["trace, end"], found[name]["trace, level"], strict=True)
    columns = np.array(points).T
    ranks = {
        moment: float(spearmanr(columns[0], column)[0])
        for moment, column in zip(("end", "level"), columns[1:], strict=True)
    }
    about = config(seeds, round=7, probes=256, examples=500, level=TARGET)
    return {"config": about, "found": found, "rank correlation with the barrier": ranks}


def trap(seeds: int = 6) -> dict:
    """Without BatchNorm every mask lowers the barrier; beside it starts scaled to match, and smaller learning rates."""
    digits, space, seeds = data.load("digits"), observer(), range(seeds)
    settings, theta, weights = dict(SETTINGS), starts(space, seeds), space.matrices()
    masks = found_on(space, theta, digits, seeds, rounds=7, **settings)
    synthetic = few(digits, synthetic=True)
    distilled = found_on(space, theta, synthetic, seeds, rounds=7, **on_few(settings, digits, synthetic))
    found = {"dense": siblings(space, digits, seeds, theta, None, **settings)}
    for r in (4, 7):
        chance, mixed = at_random(space, theta, seeds, r)[r], shuffle(space, masks[r : r + 1], seeds)[0]
        found |= {
            f"real digits, round {r}": siblings(space, digits, seeds, theta, masks[r], **settings),
            f"100 synthetic digits, round {r}": siblings(space, digits, seeds, theta, distilled[r], **settings),
            f"shuffled, round {r}": siblings(space, digits, seeds, theta, mixed, **settings),
            f"any weights, round {r}": siblings(space, digits, seeds, theta, chance, **settings),
        }
        smaller = torch.where(weights, 0.8 ** (r / 2) * theta, theta)  # as much signal a neuron as under the mask
        found[f"dense, smaller start, round {r}"] = siblings(space, digits, seeds, smaller, None, **settings)
        louder = torch.where(weights, theta / 0.8 ** (r / 2), theta)
        found[f"any weights, larger start, round {r}"] = siblings(space, digits, seeds, louder, chance, **settings)
    for lr in (0.05, 0.08):
        found[f"dense, lr {lr:g}"] = siblings(space, digits, seeds, theta, None, **{**settings, "lr": lr})
    about = config(seeds, network="mlp(64, 128, 128, 128, 10), no BatchNorm", **settings)
    return {"config": about, "found": without_lines(found)}


def elsewhere(seeds: int = 5) -> dict:
    """The comparison of masks at twice the learning rate, and under label noise at half of it."""
    digits, seeds, found = data.load("digits"), range(seeds), {}
    noisy = digits.with_label_noise(0.3)
    for name, dataset, more in [("lr 0.2", digits, {"lr": 0.2}), ("30 % label noise", noisy, {"lr": 0.05})]:
        found[name] = _compared(network(), dataset, seeds, 10, **more)
    return {"config": config(seeds, lr="0.2; 0.05 under label noise"), "found": found}


def mnist(seeds: int = 5) -> dict:
    """The comparison of masks on MNIST at 28x28, 5,000 images."""
    digits, space = data.load("mnist").subset(5_000), WeightSpace(models.mlp(784, 64, 64, 64, 10, batchnorm=True))
    settings = {"epochs": 10, "batch_size": 50}
    found = _compared(space, digits, range(seeds), 10, **settings)
    about = config(range(seeds), network="784-64-64-64-10, BatchNorm", train=5_000, **settings)
    return {"config": about, "found": found}


def _compared(space: WeightSpace, dataset, seeds, per_class: int, **more) -> dict:
    """Siblings under no mask and under those of rounds 4 and 7."""
    settings, theta = {**SETTINGS, **more}, starts(space, seeds)
    pixels = dataset.train_x[0].numel()
    eyes = WeightSpace(models.mlp(pixels, 128, 128, 128, 10))
    small = {
        "synthetic": distill.distill(eyes, dataset, per_class),
        "few real": distill.subset(dataset, per_class, FRESH),
    }
    masks = {"real": found_on(space, theta, dataset, seeds, rounds=7, **settings)}
    for name, few_ones in small.items():
        masks[name] = found_on(space, theta, few_ones, seeds, rounds=7, **on_few(settings, dataset, few_ones))
    masks |= {f"{name}, shuffled": shuffle(space, masks[name], seeds) for name in ("real", "synthetic")}
    found = {"dense": siblings(space, dataset, seeds, theta, None, **more)}
    for name, kind in masks.items():
        for r in (4, 7):
            found[f"{name}, round {r}"] = siblings(space, dataset, seeds, theta, kind[r], **more)
    return without_lines(found)


def _first_below(space: WeightSpace, thetas: list, dataset):
    """The first of the networks whose training loss is at most the target, or the last of all."""
    losses = evaluate(space, torch.stack(thetas), dataset, "train_loss")["train_loss"]
    below = np.flatnonzero(losses <= TARGET)
    return thetas[below[0] if len(below) else -1]
