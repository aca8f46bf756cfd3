"""Lesson 01: barriers between independent networks, siblings that part at step k, and BatchNorm's statistics."""

import numpy as np
import torch

from toolkit import data, models
from toolkit.landscape import evaluate, instability, scan
from toolkit.space import WeightSpace
from toolkit.subspaces import Line
from toolkit.train import fit_many

PLAIN = {"epochs": 40, "batch_size": 32, "lr": 0.1}
NORMED = {"epochs": 20, "batch_size": 16, "lr": 0.1, "schedule": "step"}
WIDTHS = (64, 32, 32, 32, 10)


def independent_pairs(pairs: int = 10) -> dict:
    """Two networks from different starts: barriers on the line between them, by both definitions."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS))
    networks = fit_many(space, digits, range(2 * pairs), **PLAIN)
    scans = [scan(space, Line(networks[2 * i], networks[2 * i + 1]), digits, points=25) for i in range(pairs)]
    return {
        "config": {"network": f"mlp{WIDTHS}", "pairs": pairs, "seeds": "0 and 1, 2 and 3, ...", **PLAIN},
        "t": scans[0].t.tolist(),
        "test_loss": [one.test_loss.tolist() for one in scans],
        "test_accuracy": [one.test_accuracy.tolist() for one in scans],
        "barrier_test_chord": [one.barrier("test_loss") for one in scans],
        "barrier_test_mean": [one.barrier("test_loss", "mean") for one in scans],
        "barrier_train_chord": [one.barrier("train_loss") for one in scans],
        "distance": [(networks[2 * i] - networks[2 * i + 1]).norm().item() for i in range(pairs)],
    }


def width(pairs: int = 5) -> dict:
    """The same for wider networks: how the barrier depends on width."""
    digits, widths = data.load("digits"), (16, 32, 64, 128, 256)
    rows = []
    for hidden in widths:
        space = WeightSpace(models.mlp(64, hidden, hidden, hidden, 10))
        networks = fit_many(space, digits, range(2 * pairs), **PLAIN)
        rows.append([scan(space, Line(*networks[2 * i : 2 * i + 2]), digits, points=25) for i in range(pairs)])
    return {
        "config": {"network": "mlp(64, width, width, width, 10)", "pairs": pairs, **PLAIN},
        "width": list(widths),
        "barrier_test_chord": [[one.barrier("test_loss") for one in row] for row in rows],
        "end_accuracy": [[float(one.test_accuracy[[0, -1]].mean()) for one in row] for row in rows],
    }


def siblings(seeds: int = 6) -> dict:
    """Networks that shared their first k steps, with BatchNorm: the error barrier between them."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS, batchnorm=True))
    result = instability(space, digits, [0, 5, 10, 20, 31, 62, 124, 310], range(seeds), **NORMED)
    return {
        "config": {"network": f"mlp{WIDTHS} with BatchNorm", "seeds": seeds, "steps_per_epoch": 62, **NORMED},
        "steps": list(result.steps),
        "train_error_chord": result.barrier("train_error").tolist(),
        "test_error_chord": result.barrier("test_error").tolist(),
        "test_error_mean": result.barrier("test_error", "mean").tolist(),
        "end_accuracy": [[float(one.test_accuracy[[0, -1]].mean()) for one in row] for row in result.scans],
    }


def siblings_without_batchnorm(seeds: int = 6) -> dict:
    """The control: the same networks without BatchNorm, at the learning rate of lesson 01 and a smaller one."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS))
    rates = (0.1, 0.03)
    results = [instability(space, digits, [0, 31], range(seeds), **{**PLAIN, "lr": lr}) for lr in rates]
    return {
        "config": {"network": f"mlp{WIDTHS}", "seeds": seeds, "steps_per_epoch": 31, **PLAIN, "lr": list(rates)},
        "steps": [0, 31],
        "train_error_chord": [result.barrier("train_error").tolist() for result in results],
    }


def stale_statistics(pairs: int = 5) -> dict:
    """BatchNorm on the line between independent networks: refreshed, taken from A, and averaged between the ends."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS, batchnorm=True))
    networks = fit_many(space, digits, range(2 * pairs), **NORMED)
    t = np.linspace(0, 1, 21)
    names = ("refreshed", "those of A", "averaged")
    accuracy = {name: [] for name in names}
    for i in range(pairs):
        a, b = networks[2 * i], networks[2 * i + 1]
        of_a, of_b = space.refresh(a, digits.train_x), space.refresh(b, digits.train_x)
        points = Line(a, b).at(torch.as_tensor(t))
        mixed = {name: Line(of_a[name], of_b[name]).at(torch.as_tensor(t)) for name in of_a}
        for name, stats in zip(names, (None, of_a, mixed), strict=True):
            accuracy[name].append(_test_accuracy(space, points, digits, stats).tolist())
    return {
        "config": {"network": f"mlp{WIDTHS} with BatchNorm", "pairs": pairs, **NORMED},
        "t": t.tolist(),
        "test_accuracy": accuracy,
    }


def _test_accuracy(space: WeightSpace, points: torch.Tensor, dataset: data.Dataset, stats) -> np.ndarray:
    return evaluate(space, points, dataset, ["test_accuracy"], refresh=stats is None, stats=stats)["test_accuracy"]


CLAIMS = (independent_pairs, width, siblings, siblings_without_batchnorm, stale_statistics)
