"""Train-by-Reconnect: what a synchronisation costs beside the steps between two of them, and a sweep over periods."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate
from torch.nn.utils import parameters_to_vector
from torch.optim import Adam

import toolkit
from toolkit import reconnect
from toolkit.reconnect.values import Values

from .timing import Comparison

PERIOD, BATCH, WIDTHS = 20, 50, (64, 256, 128, 10)
PERIODS = (5, 20, 60, 200, 600)
NETWORKS = {"MLP 64-256-128-10": lambda: toolkit.models.mlp(*WIDTHS), "CNN, 28x28": toolkit.models.cnn}


def synchronisation(network: str, rounds: int = 5) -> Comparison:
    """Synchronise: at most 0.15 of the 20 steps of Adam before it."""
    net, (x, y) = NETWORKS[network](), _images(network)
    optimizer = reconnect.LaPerm(Adam(net.parameters()), period=PERIOD)

    def steps() -> np.ndarray:
        for _ in range(rounds * PERIOD):
            optimizer.zero_grad()
            cross_entropy(net(x), y).backward()
            optimizer.optimizer.step()
        return parameters_to_vector(net.parameters()).detach().numpy()

    def synchronised() -> np.ndarray:
        for _ in range(rounds):
            optimizer.sync()
        optimizer.verify()
        return parameters_to_vector(net.parameters()).detach().numpy()

    return Comparison(f"one sync for {PERIOD} steps, {network}", 0.15, steps, synchronised)


def row_by_row(network: str, rounds: int = 5) -> Comparison:
    """Synchronise all rows of a layer at once: at most 0.2 of a loop over rows, and the same weights."""
    net = NETWORKS[network]()
    free = [reconnect.rows(p.detach()) for p in net.parameters() if p.dim() > 1]
    values = Values([w.flip(0) for w in free], [f"layer {i}" for i in range(len(free))])

    def loop() -> np.ndarray:
        for _ in range(rounds):
            found = []
            for w, kept in zip(free, values.sorted_rows, strict=True):
                found += [its[row.argsort(stable=True).argsort()] for row, its in zip(w, kept, strict=True)]
        return torch.cat(found).numpy()

    def at_once() -> np.ndarray:
        for _ in range(rounds):
            found = values.arrange(free, steps=0)
        return torch.cat([w.flatten() for w in found]).numpy()

    return Comparison(f"sync all rows at once, {network}", 0.2, loop, at_once, tolerance=0.0)


def sweep(*widths: int, epochs: int = 5) -> Comparison:
    """Train with five periods side by side: at most 0.6 of the time one after another takes."""
    dataset, space = toolkit.data.load("digits"), toolkit.WeightSpace(toolkit.models.mlp(*widths))
    start = reconnect.start(space, seed=0)
    settings = {"epochs": epochs, "batch_size": BATCH, "lr": 3e-3, "optimizer": Adam}

    def accuracy(theta: Tensor) -> np.ndarray:
        return toolkit.evaluate(space, theta, dataset, "test_accuracy")["test_accuracy"]

    def one_after_another() -> np.ndarray:
        runs = [toolkit.fit(space, reconnect.Reconnect(space, start, k), dataset, **settings) for k in PERIODS]
        return accuracy(torch.stack([run.theta for run in runs]))

    def side_by_side() -> np.ndarray:
        starts = start.repeat(len(PERIODS), 1)
        return accuracy(toolkit.fit(space, reconnect.Reconnect(space, starts, PERIODS), dataset, **settings).theta)

    # A gradient rounded otherwise may swap two values at a synchronisation.
    name = f"sweep {len(PERIODS)} periods at once, MLP {'-'.join(map(str, widths))}"
    return Comparison(name, 0.6, one_after_another, side_by_side, tolerance=0.02)


def _images(network: str) -> tuple[Tensor, Tensor]:
    """The images and classes of a step."""
    dataset = toolkit.data.load("digits")
    x = dataset.train_x[:BATCH]
    return interpolate(x, (28, 28), mode="bilinear") if "28x28" in network else x, dataset.train_y[:BATCH]
