"""Lesson 02: curves round the hill between independent networks, and what they need."""

import torch

from toolkit import data, metrics, models
from toolkit.evidence.lesson01 import NORMED, PLAIN, WIDTHS
from toolkit.landscape import evaluate, scan
from toolkit.space import WeightSpace
from toolkit.subspaces import Bezier, Line, Path, PolyChain
from toolkit.train import fit, fit_many

CURVE = {"batch_size": 32, "lr": 0.03, "l2": 5e-4}
EPOCHS = (5, 10, 30, 100)
FIRST = PLAIN | {"epochs": 24}
CYCLE = PLAIN | {"epochs": 4}


def budget(pairs: int = 5) -> dict:
    """How low the accuracy falls on a curve, by the epochs its bend was trained; with random bends as control."""
    digits, space, networks = _independent(pairs)
    lines = [scan(space, Line(a, b), digits, points=25) for a, b in networks]
    rows = [[_curve(space, a, b, digits, epochs) for epochs in EPOCHS] for a, b in networks]
    controls = [[_random_bend(row[EPOCHS.index(30)], seed) for seed in range(10)] for row in rows]
    scans = [[scan(space, curve, digits, points=25) for curve in row] for row in rows]
    by_chance = [[scan(space, curve, digits, points=25).barrier("test_loss") for curve in row] for row in controls]
    return {
        "config": {"network": f"mlp{WIDTHS}", "pairs": pairs, "networks": PLAIN, "curve": CURVE},
        "epochs": list(EPOCHS),
        "line": _measured(lines),
        "lowest_accuracy": [[float(one.test_accuracy.min()) for one in row] for row in scans],
        "lowest_train_accuracy": [[float(one.train_accuracy.min()) for one in row] for row in scans],
        "barrier": [[one.barrier("test_loss") for one in row] for row in scans],
        "middle_accuracy": [[float(one.test_accuracy[12]) for one in row] for row in scans],
        "length": [[_length(curve) for curve in row] for row in rows],
        "random_bends": by_chance,
    }


def kinds(pairs: int = 5, epochs: int = 30) -> dict:
    """Bezier curves and polygonal chains, with one bend and with three, trained alike."""
    digits, space, networks = _independent(pairs)
    found = {"Bezier, 1 bend": [], "chain, 1 bend": [], "Bezier, 3 bends": [], "chain, 3 bends": []}
    for a, b in networks:
        for name, rows in found.items():
            bends = int(name.split(", ")[1][0])
            points = Line(a, b).at(torch.linspace(0, 1, bends + 2))
            fixed = (0, bends + 1)
            start = Bezier(*points, fixed=fixed) if name.startswith("Bezier") else PolyChain(points, fixed=fixed)
            rows.append(scan(space, fit(space, start, digits, epochs=epochs, **CURVE), digits, points=25))
    return {
        "config": {"network": f"mlp{WIDTHS}", "pairs": pairs, "networks": PLAIN, "curve": CURVE | {"epochs": epochs}},
        "kinds": {name: _measured(rows) for name, rows in found.items()},
    }


def stratified(pairs: int = 5, epochs: int = 5) -> dict:
    """One position a step, or four of them, one from each quarter of the way, for the same arithmetic."""
    digits, space, networks = _independent(pairs)
    found = {1: [], 4: []}
    for a, b in networks:
        for samples, rows in found.items():
            rows.append(scan(space, _curve(space, a, b, digits, epochs, samples=samples), digits, points=25))
    return {
        "config": {"network": f"mlp{WIDTHS}", "pairs": pairs, "networks": PLAIN, "curve": CURVE | {"epochs": epochs}},
        "samples": {str(samples): _measured(rows) for samples, rows in found.items()},
    }


def batchnorm(pairs: int = 5, epochs: int = 30) -> dict:
    """A curve between networks with BatchNorm: statistics refreshed at every point, and those of A throughout."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS, batchnorm=True))
    networks = fit_many(space, digits, range(2 * pairs), **NORMED).split(2)
    found = {"line, refreshed": [], "curve, refreshed": [], "curve, those of A": []}
    for a, b in networks:
        curve, of_a = _curve(space, a, b, digits, epochs), space.refresh(a, digits.train_x)
        found["line, refreshed"].append(scan(space, Line(a, b), digits, points=25))
        found["curve, refreshed"].append(scan(space, curve, digits, points=25))
        found["curve, those of A"].append(scan(space, curve, digits, points=25, refresh=False, stats=of_a))
    return {
        "config": {"network": f"mlp{WIDTHS} with BatchNorm", "pairs": pairs, "networks": NORMED, "curve": CURVE},
        "found": {name: _measured(rows) for name, rows in found.items()},
        "accuracy_at_b": {name: [float(one.test_accuracy[-1]) for one in rows] for name, rows in found.items()},
    }


def fast_ensembles(seeds: int = 5, cycles: int = 4) -> dict:
    """Fast Geometric Ensembling against the network it starts from, one of its whole budget, and two of these.

    On clean labels and with 40 % of the training labels drawn anew; test labels are always clean.
    """
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS))
    whole = PLAIN | {"epochs": FIRST["epochs"] + cycles * CYCLE["epochs"]}
    found = {}
    for noise in (0.0, 0.4):
        noisy = digits.with_label_noise(noise)
        singles = fit_many(space, noisy, [*range(seeds), *range(100, 100 + seeds)], **whole)
        starts = fit_many(space, noisy, range(seeds), **FIRST)
        members = [geometric_members(space, noisy, start, seed, cycles) for seed, start in enumerate(starts)]
        found[f"{noise:g}"] = {
            "its start": [_accuracy(space, start[None], digits) for start in starts],
            "its members": [_mean_accuracy(space, networks, digits) for networks in members],
            "fast ensemble": [_accuracy(space, networks, digits) for networks in members],
            "one network": [_accuracy(space, singles[seed, None], digits) for seed in range(seeds)],
            "two networks": [_accuracy(space, singles[[seed, seeds + seed]], digits) for seed in range(seeds)],
        }
    return {
        "config": {"network": f"mlp{WIDTHS}", "seeds": seeds, "first": FIRST, "cycles": cycles, "cycle": CYCLE},
        "test_accuracy": found,
    }


def geometric_members(space: WeightSpace, digits: data.Dataset, start: torch.Tensor, seed: int, cycles: int):
    """Networks [cycles, D], each collected where the learning rate has come down again after going up."""
    theta, members = start, []
    for cycle in range(cycles):
        up_and_down = CYCLE | {"schedule": lambda done: 1 - abs(1 - 2 * done)}
        theta = fit(space, theta, digits, seed=1_000 * seed + cycle, **up_and_down)
        members.append(theta)
    return torch.stack(members)


def _independent(pairs: int):
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS))
    return digits, space, fit_many(space, digits, range(2 * pairs), **PLAIN).split(2)


def _curve(space: WeightSpace, a, b, digits: data.Dataset, epochs: int, **settings) -> Bezier:
    return fit(space, Bezier(a, (a + b) / 2, b, fixed=(0, 2)), digits, epochs=epochs, **CURVE, **settings)


def _random_bend(curve: Bezier, seed: int) -> Bezier:
    """The control: a bend as far from the middle as the trained one, in a random direction."""
    a, bend, b = curve.points
    middle = (a + b) / 2
    direction = torch.randn(len(a), generator=torch.Generator().manual_seed(seed)).to(a)
    return Bezier(a, middle + (bend - middle).norm() * direction / direction.norm(), b)


def _length(path: Path) -> float:
    """How many times as long as the straight line."""
    first, *_, last = path.points
    return path.length() / float((last - first).norm())


def _measured(scans: list) -> dict[str, list[float]]:
    return {
        "lowest_accuracy": [float(one.test_accuracy.min()) for one in scans],
        "barrier": [one.barrier("test_loss") for one in scans],
    }


def _accuracy(space: WeightSpace, networks: torch.Tensor, digits: data.Dataset) -> float:
    """Test accuracy of the mean of the networks' probabilities."""
    logits = space.logits(networks, digits.test_x)
    return float(metrics.accuracy(metrics.ensemble(logits), digits.test_y))


def _mean_accuracy(space: WeightSpace, networks: torch.Tensor, digits: data.Dataset) -> float:
    return float(evaluate(space, networks, digits, "test_accuracy")["test_accuracy"].mean())


CLAIMS = (budget, kinds, stratified, batchnorm, fast_ensembles)
