"""Lesson 04: a line, a curve, a triangle of networks learned in one run, against everything that costs as much."""

import numpy as np
import torch

from toolkit import data, models
from toolkit.data import Dataset
from toolkit.landscape import ensemble, evaluate, scan
from toolkit.merge import swa
from toolkit.space import WeightSpace
from toolkit.subspaces import Bezier, Line, Simplex
from toolkit.train import fit

WIDTHS = (64, 128, 128, 10)
PLAIN = {"epochs": 60, "batch_size": 64, "lr": 0.1, "weight_decay": 1e-4}
LARGER = {"epochs": 15, "batch_size": 64, "lr": 0.1, "weight_decay": 1e-4}
MNIST = {"epochs": 10, "batch_size": 100, "lr": 0.1, "weight_decay": 1e-4}


def noise(seeds: int = 5) -> dict:
    """Test accuracy by label noise: subspaces, what they are compared with, and the control for their learning rate."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS))
    found = {}
    for rate in (0.0, 0.2, 0.4, 0.6):
        rows = found.setdefault(f"{rate:g}", {})
        for seed in range(seeds):
            for name, accuracy in _methods(space, digits, digits.with_label_noise(rate), seed).items():
                rows.setdefault(name, []).append(accuracy)
    return {"config": {"network": f"mlp{WIDTHS}", "seeds": seeds, "beta": 1, **PLAIN}, "test_accuracy": found}


def beta(seeds: int = 5) -> dict:
    """What the angle penalty does to the ends of a line, and to what the line is good for; 40 % label noise."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS))
    noisy, where, found = digits.with_label_noise(0.4), space.matrices(), {}
    for strength in (0.0, 0.1, 1.0, 10.0):
        row = found.setdefault(f"{strength:g}", {})
        for seed in range(seeds):
            a, b = _starts(space, seed, 2)
            line = fit(space, Line(a, b, beta=strength, where=where), noisy, seed=seed, **PLAIN)
            pair = ensemble(space, line.at([0.2, 0.8]), digits)
            measured = {
                "cosine": float(line.cosine()[0, 1]),
                "distance": float((line.points[0] - line.points[1]).norm()),
                "disagreement": ensemble(space, line.points, digits).disagreement,
                "midpoint": _accuracy(space, line.midpoint, digits),
                "ensemble": pair.accuracy,
            }
            for key, value in measured.items():
                row.setdefault(key, []).append(value)
    return {"config": {"network": f"mlp{WIDTHS}", "seeds": seeds, "label noise": 0.4, **PLAIN}, "beta": found}


def along(seeds: int = 5) -> dict:
    """Accuracy on the line, beyond its ends, and on the line between two networks trained apart; 40 % label noise."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS))
    noisy, t, found = digits.with_label_noise(0.4), np.linspace(-0.25, 1.25, 31), {"learned": [], "independent": []}
    for seed in range(seeds):
        a, b = _starts(space, seed, 2)
        learned = fit(space, Line(a, b, beta=1.0, where=space.matrices()), noisy, seed=seed, **PLAIN)
        apart = Line(*(fit(space, start, noisy, seed=seed + 100 * i, **PLAIN) for i, start in enumerate((a, b))))
        for name, line in [("learned", learned), ("independent", apart)]:
            found[name].append(scan(space, line, digits, points=t).test_accuracy.tolist())
    return {"config": {"network": f"mlp{WIDTHS}", "seeds": seeds, "label noise": 0.4, **PLAIN}, "t": t.tolist()} | {
        "test_accuracy": found
    }


def statistics(seeds: int = 5) -> dict:
    """A line with BatchNorm on clean labels: statistics refreshed, those of one end, and averages over the line."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS, batchnorm=True))
    t, found = np.linspace(0, 1, 11), {"refreshed": [], "of one end": [], "averaged over the line": []}
    for seed in range(seeds):
        a, b = _starts(space, seed, 2)
        line = fit(space, Line(a, b, beta=1.0, where=space.matrices()), digits, seed=seed, **PLAIN)
        everywhere = space.refresh(line.at(t), digits.train_x)
        kinds = {
            "refreshed": None,
            "of one end": {name: value[0] for name, value in everywhere.items()},
            "averaged over the line": {name: value.mean(0) for name, value in everywhere.items()},
        }
        for name, stats in kinds.items():
            one = scan(space, line, digits, points=t, refresh=stats is None, stats=stats)
            found[name].append(one.test_accuracy.tolist())
    config = {"network": f"mlp{WIDTHS} with BatchNorm", "seeds": seeds, **PLAIN}
    return {"config": config, "t": t.tolist(), "test_accuracy": found}


def calibration(seeds: int = 5) -> dict:
    """Loss and calibration error on clean labels: one network, the midpoint, ensembles."""
    digits, space, found = data.load("digits"), WeightSpace(models.mlp(*WIDTHS)), {}
    for seed in range(seeds):
        a, b = _starts(space, seed, 2)
        line = fit(space, Line(a, b, beta=1.0, where=space.matrices()), digits, seed=seed, **PLAIN)
        one, other = (fit(space, start, digits, seed=seed + 100 * i, **PLAIN) for i, start in enumerate((a, b)))
        sets = {"standard": one[None], "midpoint": line.midpoint[None], "line (.2, .8)": line.at([0.2, 0.8])}
        for name, networks in (sets | {"two networks": torch.stack([one, other])}).items():
            together = ensemble(space, networks, digits)
            row = found.setdefault(name, {"accuracy": [], "loss": [], "ece": []})
            for key in row:
                row[key].append(getattr(together, key))
    return {"config": {"network": f"mlp{WIDTHS}", "seeds": seeds, **PLAIN}, "found": found}


def residual(seeds: int = 5) -> dict:
    """The same three lines on a residual network with BatchNorm: midpoints of a learned and of a naive line."""
    space = WeightSpace(models.resnet(width=8))
    return _larger(space, data.load("digits"), seeds, {"network": "resnet(width=8)", **LARGER})


def mnist(seeds: int = 5) -> dict:
    """The same three lines on MNIST at 28x28: 10,000 training images, 40 % of their labels drawn anew."""
    space, digits = WeightSpace(models.mlp(784, 128, 128, 10)), data.load("mnist").subset(10_000)
    config = {"network": "mlp(784, 128, 128, 10)", "train": 10_000, "test": 10_000, "label noise": 0.4, **MNIST}
    return _larger(space, digits, seeds, config, rate=0.4)


def _methods(space: WeightSpace, digits: Dataset, noisy: Dataset, seed: int) -> dict[str, float]:
    """Test accuracies of everything that is compared, from the same starts and on the same labels."""
    starts, where = _starts(space, seed, 4), space.matrices()

    def trained(what, **changes):
        return fit(space, what, noisy, **{"seed": seed} | PLAIN | changes)

    standard, other = trained(starts[0]), trained(starts[1], seed=seed + 100)
    slow, slow_other = (trained(starts[i], seed=seed + 100 * i, lr=0.025, weight_decay=4e-4) for i in (0, 1))
    epochs: list[float] = []
    trained(starts[0], on_epoch=lambda epoch, loss, theta: epochs.append(_accuracy(space, theta, digits)))
    line = trained(Line(*starts[:2], beta=1.0, where=where))
    by_layer = trained(Line(*starts[:2], beta=1.0, where=where, layers=space.layers()))
    curve = trained(Bezier(starts[0], starts[2], starts[1], beta=1.0, where=where))
    averaged = {
        f"SWA{name}": swa(space, starts[0], noisy, seed=seed, cyclic=bool(name), **PLAIN) for name in ("", ", cyclic")
    }
    points = {
        "standard": standard,
        "standard, lr / 2": trained(starts[0], lr=0.05, weight_decay=2e-4),
        "standard, lr / 4": slow,
        **averaged,
        "naive midpoint": (standard + other) / 2,
        "line": line.midpoint,
        "line, end": line.points[0],
        "line, lr x 2": trained(Line(*starts[:2], beta=1.0, where=where), lr=0.2, weight_decay=5e-5).midpoint,
        "line by layers": by_layer.midpoint,
        "curve": curve.midpoint,
        "simplex of 3, lr x 2": trained(Simplex(starts[:3], beta=1.0, where=where), lr=0.2).midpoint,
        "simplex of 4, lr x 2": trained(Simplex(starts, beta=1.0, where=where), lr=0.2).midpoint,
    }
    found = {name: _accuracy(space, theta, digits) for name, theta in points.items()}
    pairs = {
        "two networks": torch.stack([standard, other]),
        "two networks, lr / 4": torch.stack([slow, slow_other]),
        "line (.2, .8)": line.at([0.2, 0.8]),
    }
    found |= {name: ensemble(space, networks, digits).accuracy for name, networks in pairs.items()}
    return found | {"best epoch of standard, by the test": max(epochs)}


def _larger(space: WeightSpace, digits: Dataset, seeds: int, config: dict, rate: float = 0.0) -> dict:
    settings = {name: config[name] for name in PLAIN}
    noisy, found = digits.with_label_noise(rate) if rate else digits, {}
    for seed in range(seeds):
        a, b = _starts(space, seed, 2)
        line = fit(space, Line(a, b, beta=1.0, where=space.matrices()), noisy, seed=seed, **settings)
        one, other = (fit(space, start, noisy, seed=seed + 100 * i, **settings) for i, start in enumerate((a, b)))
        half = settings | {"lr": settings["lr"] / 2, "weight_decay": 2 * settings["weight_decay"]}
        points = {"standard": one, "naive midpoint": (one + other) / 2, "line": line.midpoint}
        points["standard, lr / 2"] = fit(space, a, noisy, seed=seed, **half)
        for name, theta in points.items():
            found.setdefault(name, []).append(_accuracy(space, theta, digits))
        found.setdefault("line (.2, .8)", []).append(ensemble(space, line.at([0.2, 0.8]), digits).accuracy)
        found.setdefault("two networks", []).append(ensemble(space, torch.stack([one, other]), digits).accuracy)
    return {"config": {"seeds": seeds, **config}, "test_accuracy": found}


def _starts(space: WeightSpace, seed: int, count: int) -> list[torch.Tensor]:
    """Independent starting points, those of one seed unlike those of any other."""
    return [space.init(seed + 100 * i) for i in range(count)]


def _accuracy(space: WeightSpace, theta: torch.Tensor, digits: Dataset) -> float:
    return float(evaluate(space, theta, digits, "test_accuracy")["test_accuracy"])


CLAIMS = (noise, beta, along, statistics, calibration, residual, mnist)
