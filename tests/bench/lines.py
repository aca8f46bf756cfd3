"""The lines of the table, one function each."""

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate

import toolkit
from toolkit.batches import generator

from . import plain
from .timing import Comparison

LOSS, ACCURACY = 1e-5, 2e-3  # how far the two ways may lie apart; two of a thousand examples may sit on the fence
DECAY = 1e-4
# What is trained, from how many networks, and the goal: one forward and one backward pass, whatever the kind.
SUBSPACES = {
    "line": (toolkit.Line, 2, 1.25),
    "curve": (toolkit.Bezier, 3, 1.35),
    "simplex of 4": (lambda *points, **options: toolkit.Simplex(points, **options), 4, 1.5),
}
LARGE = "CNN, 28x28, batch 128"


def mlp_scan(points: int = 51) -> Comparison:
    """Scan a line of small networks: at least ten times faster."""
    module = toolkit.models.mlp(64, 128, 128, 10)
    return _scan(f"scan, {points} points, MLP 64-128-128-10", 0.1, module, points)


def batchnorm_scan(points: int = 51, batch_size: int = 128) -> Comparison:
    """Scan with BatchNorm statistics estimated anew at every point: at least ten times faster."""
    module = toolkit.models.mlp(64, 32, 32, 32, 10, batchnorm=True)
    return _scan(f"scan, {points} points, MLP 64-32-32-32-10 with BatchNorm", 0.1, module, points, True, batch_size)


def cnn_scan(points: int = 9, batch_size: int = 128) -> Comparison:
    """Scan a convolutional network: no slower."""
    return _scan(f"scan, {points} points, CNN with BatchNorm", 1.0, toolkit.models.cnn(), points, True, batch_size)


def point_training(network: str, epochs: int) -> Comparison:
    """Train a point: at most a tenth slower than a plain module."""
    return _training(f"train a point, {network}", 1.1, network, epochs)


def subspace_training(kind: str, network: str, epochs: int, beta: float = 0.0) -> Comparison:
    """Train a set of networks: about as fast as one plain module, which has a fraction of the weights to move."""
    pushed = ", pushed apart" if beta else ""
    goal = 1.1 if network == LARGE else SUBSPACES[kind][-1]
    return _training(f"train a {kind}{pushed}, {network}", goal, network, epochs, kind, beta)


def many_seeds(*widths: int, epochs: int = 10, seeds: int = 8) -> Comparison:
    """Train several seeds side by side: at most 0.6 of the time one after another takes."""
    dataset, space = toolkit.data.load("digits"), toolkit.WeightSpace(toolkit.models.mlp(*widths))
    settings = {"epochs": epochs, "weight_decay": DECAY}

    def one_after_another() -> np.ndarray:
        runs = [toolkit.fit(space, space.init(seed), dataset, seed=seed, **settings) for seed in range(seeds)]
        return torch.stack(runs).numpy()

    def side_by_side() -> np.ndarray:
        return toolkit.fit_many(space, dataset, range(seeds), **settings).numpy()

    name = f"train {seeds} seeds at once, MLP {'-'.join(map(str, widths))}"
    return Comparison(name, 0.6, one_after_another, side_by_side, tolerance=1e-3)


def _scan(
    name: str, goal: float, module: nn.Module, points: int, refresh: bool = False, batch_size: int = 128
) -> Comparison:
    dataset, space, own = toolkit.data.load("digits"), toolkit.WeightSpace(module), copy.deepcopy(module)
    a, b = space.init(0), space.init(1)
    # Batches of another size give BatchNorm statistics, and so losses, that differ a little.
    slack = 0.02 if refresh and batch_size < len(dataset.train_x) else 0.0

    def plainly() -> np.ndarray:
        return plain.scan(own, a, b, dataset, points, refresh, batch_size)

    def ours() -> np.ndarray:
        found = toolkit.scan(space, toolkit.Line(a, b), dataset, points)
        return np.stack([found.train_loss, found.train_accuracy, found.test_loss, found.test_accuracy], axis=1)

    return Comparison(name, goal, plainly, ours, (LOSS + slack, ACCURACY + slack) * 2)


def _training(name: str, goal: float, network: str, epochs: int, kind: str = "point", beta: float = 0.0) -> Comparison:
    dataset, batch_size = toolkit.data.load("digits"), 64
    if network == LARGE:
        images = interpolate(dataset.train_x, (28, 28), mode="bilinear")
        dataset, batch_size = replace(dataset, train_x=images), 128
    module = toolkit.models.mlp(64, 128, 128, 10) if network == "MLP" else toolkit.models.cnn()
    space, own = toolkit.WeightSpace(module), copy.deepcopy(module)
    what = start = space.init(0)
    if kind != "point":
        make, n, _ = SUBSPACES[kind]
        what = make(*map(space.init, range(n)), beta=beta, where=space.matrices())

    def plainly() -> np.ndarray:
        order = generator(0, stream=0)  # the data order of `fit(seed=0)`
        return plain.train(own, start, dataset, order, epochs, batch_size, weight_decay=DECAY).numpy()

    def ours() -> np.ndarray:
        found = toolkit.fit(space, what, dataset, epochs=epochs, batch_size=batch_size, weight_decay=DECAY)
        return (found if kind == "point" else found.points).numpy()

    return Comparison(name, goal, plainly, ours, tolerance=1e-3 if kind == "point" else None)
