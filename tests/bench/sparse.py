"""Sparse networks: tickets from many starts, many probes of the Hessian, and a landscape, each of them at once."""

import copy

import numpy as np
import torch

import toolkit
from toolkit import sparse
from toolkit.batches import generator
from toolkit.landscape import hessian_diagonal, neighbourhood

from . import plain
from .timing import Comparison

EXAMPLES = {64: 0.5, 1000: 1.0}  # images that the Hessian is taken on, and the goal there
STEPS_OF_C = {"batch_size": 16, "lr": 0.1, "momentum": 0.9, "schedule": "step"}


def tickets(*widths: int, rounds: int = 7, inits: int = 6, epochs: int = 2) -> Comparison:
    """Prune several starts side by side: at most 0.6 of the time one after another takes, to masks as good."""
    dataset, space = toolkit.data.load("digits"), toolkit.WeightSpace(toolkit.models.mlp(*widths, batchnorm=True))
    starts, settings = torch.stack([space.init(i) for i in range(inits)]), {"epochs": epochs, **STEPS_OF_C}

    def told(found: list[sparse.Tickets]) -> np.ndarray:
        """How dense every layer is at the end, and how well the last network trained does."""
        networks = torch.cat([one.trained[-1].view(-1, space.size) for one in found])
        accuracy = toolkit.evaluate(space, networks, dataset, "test_accuracy")["test_accuracy"]
        masks = torch.cat([one.masks[-1].view(-1, space.size) for one in found])
        return np.column_stack([accuracy, [list(sparse.density(space, mask).values()) for mask in masks]])

    def one_after_another() -> np.ndarray:
        runs = enumerate(starts)
        return told([sparse.tickets(space, start, dataset, rounds=rounds, seed=i, **settings) for i, start in runs])

    def side_by_side() -> np.ndarray:
        return told([sparse.tickets(space, starts, dataset, rounds=rounds, seed=range(inits), **settings)])

    # Rounded otherwise, another of two weights of nearly the same size is pruned, and training goes elsewhere.
    name = f"{rounds} rounds x {inits} inits at once, MLP {'-'.join(map(str, widths))} BN"
    return Comparison(name, 0.6, one_after_another, side_by_side, tolerance=(0.04, *[0.05] * (len(widths) - 1)))


def probes(examples: int, count: int = 256) -> Comparison:
    """Estimate the diagonal of the Hessian: at least twice as fast as double backward for one probe after another.

    That is where a probe costs little more than its way through autograd, as on a minibatch. On all training images at
    once the arithmetic is what costs, and it is the same: no slower there.
    """
    dataset, space = toolkit.data.load("digits"), toolkit.WeightSpace(_network())
    theta, (x, y) = space.init(0), (dataset.train_x[:examples], dataset.train_y[:examples])
    stats = space.refresh(theta, dataset.train_x)
    module = space.module(theta, stats)

    def double_backward() -> np.ndarray:
        signs = torch.randint(2, (count, space.size), generator=generator(0, stream=8))  # those of `hessian_diagonal`
        return plain.hutchinson(module, x, y, signs.to(theta) * 2 - 1).numpy()

    def ours() -> np.ndarray:
        return hessian_diagonal(space, theta, x, y, count, stats=stats).diagonal.numpy()

    name = f"{count} probes of the Hessian, {examples} images"
    return Comparison(name, EXAMPLES.get(examples, 0.5), double_backward, ours, tolerance=1e-5)


def landscape(size: int = 25, batch_size: int = 128) -> Comparison:
    """Measure the surroundings of a network: at most a third of a loop that copies each point into a module."""
    dataset, module = toolkit.data.load("digits"), _network()
    space, own = toolkit.WeightSpace(module), copy.deepcopy(module)
    theta, mask = space.init(0), sparse.random_mask(sparse.prunable(space), 0.5)
    theta = theta * mask
    grid = neighbourhood(space, theta, dataset, size=3, mask=mask)  # for its directions

    def loop() -> np.ndarray:
        places = np.linspace(-1, 1, size)
        points = (theta + float(x) * grid.u + float(y) * grid.v for y in places for x in places)
        return plain.losses(own, points, dataset, batch_size).reshape(size, size)

    def ours() -> np.ndarray:
        return neighbourhood(space, theta, dataset, size=size, mask=mask).values

    # Batches of another size give other statistics, as in a scan.
    slack = 0.02 if batch_size < len(dataset.train_x) else 1e-5
    return Comparison(f"landscape of {size * size} points, BatchNorm refreshed", 0.33, loop, ours, slack)


def _network() -> torch.nn.Sequential:
    return toolkit.models.mlp(64, 32, 32, 32, 10, batchnorm=True)
