"""Lesson 03: what renumbering the units of B does to the hill between A and B."""

import torch

from toolkit import data, match, models
from toolkit.data import Dataset
from toolkit.evidence.lesson01 import PLAIN, WIDTHS
from toolkit.evidence.lesson02 import CURVE
from toolkit.landscape import scan
from toolkit.robust import PGD
from toolkit.space import WeightSpace
from toolkit.subspaces import Bezier, Line
from toolkit.symmetry import Permutations, Symmetry, trace
from toolkit.train import fit, fit_many

EPOCHS = (5, 10, 30, 100)
ATTACK = PGD(eps=0.1, steps=5)
JUDGE = PGD(eps=0.1, steps=20)
ROBUST = {"epochs": 60, "batch_size": 100, "lr": 0.1}
CONVOLUTIONS = {"epochs": 20, "batch_size": 64, "lr": 0.1}
MNIST = {"epochs": 10, "batch_size": 100, "lr": 0.1, "weight_decay": 5e-4}


def widths(pairs: int = 5) -> dict:
    """The barrier by width: as the networks come, matched by activations, by weights; and four controls."""
    digits, sizes = data.load("digits"), (16, 32, 64, 128, 256, 512)
    found, correlation = {}, {}
    for width in sizes:
        space = WeightSpace(models.mlp(64, width, width, width, 10))
        symmetry = trace(space, digits.train_x[:4])
        for a, b in fit_many(space, digits, range(2 * pairs), **PLAIN).split(2):
            matched = match.by_activations(symmetry, a, b, digits.train_x)
            correlation.setdefault(str(width), []).append(_alikeness(matched))
            for name, (one, other) in _arrangements(symmetry, a, b, matched.perms).items():
                measured = scan(space, Line(one, other), digits, points=25)
                rows = found.setdefault(name, {"barrier": {}, "middle_accuracy": {}, "distance": {}})
                rows["barrier"].setdefault(str(width), []).append(measured.barrier("test_loss"))
                rows["middle_accuracy"].setdefault(str(width), []).append(float(measured.test_accuracy[12]))
                rows["distance"].setdefault(str(width), []).append(float((one - other).norm()))
    config = {"network": "mlp(64, width, width, width, 10)", "pairs": pairs, **PLAIN}
    return {"config": config, "width": list(sizes), "correlation": correlation, "found": found}


def matchers(pairs: int = 5) -> dict:
    """Every matcher on the same pairs of width 32 and 64: the barrier, and how alike their answers are."""
    digits, found = data.load("digits"), {}
    for width in (32, 64):
        space = WeightSpace(models.mlp(64, width, width, width, 10))
        symmetry = trace(space, digits.train_x[:4])
        rows = found.setdefault(str(width), {})
        for a, b in fit_many(space, digits, range(2 * pairs), **PLAIN).split(2):
            perms = {
                "as they come": symmetry.identity(),
                "activations": match.by_activations(symmetry, a, b, digits.train_x).perms,
                "weights": match.by_weights(symmetry, a, b).perms,
                "weights, another order": match.by_weights(symmetry, a, b, seed=1).perms,
                "straight-through": match.straight_through(symmetry, a, b, digits).perms,
                "Sinkhorn": match.by_sinkhorn(symmetry, a, b, digits).perms,
            }
            for name, found_perms in perms.items():
                line = Line(a, symmetry.apply(b, found_perms))
                row = rows.setdefault(name, {"barrier": [], "same_as_weights": []})
                row["barrier"].append(scan(space, line, digits, points=25).barrier("test_loss"))
                row["same_as_weights"].append(_share_equal(found_perms, perms["weights"]))
    return {"config": {"network": "mlp(64, width, width, width, 10)", "pairs": pairs, **PLAIN}, "width": found}


def convolutions(pairs: int = 5) -> dict:
    """Convolutional networks with BatchNorm: as they come and matched, statistics refreshed and averaged."""
    digits, found = data.load("digits"), {}
    for width in (8, 16, 32):
        space = WeightSpace(models.cnn(width=width))
        symmetry = trace(space, digits.train_x[:4])
        rows = found.setdefault(str(width), {})
        for a, b in fit_many(space, digits, range(2 * pairs), **CONVOLUTIONS).split(2):
            aligned = symmetry.apply(b, match.by_activations(symmetry, a, b, digits.train_x).perms)
            for name, other in [("as they come", b), ("aligned", aligned)]:
                for kind, stats in [("refreshed", None), ("averaged", _averaged(space, a, other, digits))]:
                    line = Line(a, other)
                    one = scan(space, line, digits, points=11, refresh=stats is None, stats=stats)
                    row = rows.setdefault(f"{name}, {kind}", {"barrier": [], "middle_accuracy": []})
                    row["barrier"].append(one.barrier("test_loss"))
                    row["middle_accuracy"].append(float(one.test_accuracy[5]))
    return {"config": {"network": "cnn(width)", "pairs": pairs, **CONVOLUTIONS}, "width": found}


def curves(pairs: int = 5) -> dict:
    """How low the accuracy falls on a trained curve, as B comes and aligned, by width and by the bend's epochs."""
    digits, found = data.load("digits"), {}
    for width in (16, 32, 64):
        space = WeightSpace(models.mlp(64, width, width, width, 10))
        symmetry = trace(space, digits.train_x[:4])
        rows = found.setdefault(str(width), {"unaligned": [], "aligned": [], "ends": []})
        for a, b in fit_many(space, digits, range(2 * pairs), **PLAIN).split(2):
            aligned = symmetry.apply(b, match.by_activations(symmetry, a, b, digits.train_x).perms)
            for name, other in [("unaligned", b), ("aligned", aligned)]:
                scans = [_curve_scan(space, a, other, digits, epochs) for epochs in EPOCHS]
                rows[name].append([float(one.test_accuracy.min()) for one in scans])
            rows["ends"].append(float(scans[0].test_accuracy[[0, -1]].mean()))
    config = {"network": "mlp(64, width, width, width, 10)", "pairs": pairs, "networks": PLAIN, "curve": CURVE}
    return {"config": config, "epochs": list(EPOCHS), "lowest_accuracy": found}


def alternating(pairs: int = 5) -> dict:
    """PAM from B as it comes and from B aligned: the loss on the curve it lowers, and the barrier on the line."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*WIDTHS))
    symmetry, found = trace(space, digits.train_x[:4]), {}
    for a, b in fit_many(space, digits, range(2 * pairs), **PLAIN).split(2):
        aligned = symmetry.apply(b, match.by_activations(symmetry, a, b, digits.train_x).perms)
        for name, start in [("from B as it comes", b), ("from B aligned", aligned)]:
            for lr in (0.05, 2.0):
                result = match.pam(symmetry, a, start, digits, lr=lr)
                end = symmetry.apply(start, result.perms)
                row = found.setdefault(f"{name}, lr {lr:g}", {})
                measured = {
                    "train_loss_before": result.history[0],
                    "train_loss_after": result.history[-1],
                    "units_moved": 96 * (1 - _share_equal(result.perms, symmetry.identity())),
                    "barrier_before": scan(space, Line(a, start), digits, points=25).barrier("test_loss"),
                    "barrier_after": scan(space, Line(a, end), digits, points=25).barrier("test_loss"),
                    "curve_lowest": float(_curve_scan(space, a, end, digits, 5).test_accuracy.min()),
                }
                for key, value in measured.items():
                    row.setdefault(key, []).append(value)
    return {"config": {"network": f"mlp{WIDTHS}", "pairs": pairs, "networks": PLAIN, "epochs": 20}, "found": found}


def robust(pairs: int = 5) -> dict:
    """Adversarially trained networks: robust-loss barriers on lines and robust curves, as B comes and aligned."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(64, 64, 64, 64, 10))
    symmetry = trace(space, digits.train_x[:4])
    found = {"ends": {"clean": [], "attacked": []}}
    for a, b in fit_many(space, digits, range(2 * pairs), attack=ATTACK, **ROBUST).split(2):
        aligned = symmetry.apply(b, match.by_activations(symmetry, a, b, digits.train_x).perms)
        for name, other in [("unaligned", b), ("aligned", aligned)]:
            start = Bezier(a, (a + other) / 2, other, fixed=(0, 2))
            curve = fit(space, start, digits, attack=ATTACK, **ROBUST | {"epochs": 20})
            for kind, path in [("line", Line(a, other)), ("curve", curve)]:
                one = scan(space, path, digits, points=11, attack=JUDGE)
                row = found.setdefault(f"{kind}, {name}", {"barrier": [], "lowest_accuracy": []})
                row["barrier"].append(one.barrier("test_loss"))
                row["lowest_accuracy"].append(float(one.test_accuracy.min()))
        found["ends"]["attacked"].append(float(one.test_accuracy[[0, -1]].mean()))
        clean = scan(space, Line(a, b), digits, points=2)
        found["ends"]["clean"].append(float(clean.test_accuracy.mean()))
    attack = {"eps": 0.1, "steps in training": ATTACK.steps, "steps in the judging": JUDGE.steps}
    config = {"network": "mlp(64, 64, 64, 64, 10)", "pairs": pairs, "attack": attack, **ROBUST, "curve epochs": 20}
    return {"config": config, "found": found}


def mnist(pairs: int = 5) -> dict:
    """The same two calls on MNIST at 28x28: 10,000 training images."""
    digits, found = data.load("mnist").subset(10_000), {}
    for width in (64, 512):
        space = WeightSpace(models.mlp(784, width, width, 10))
        symmetry = trace(space, digits.train_x[:4])
        rows = found.setdefault(str(width), {"ends": []})
        for a, b in fit_many(space, digits, range(2 * pairs), **MNIST).split(2):
            aligned = symmetry.apply(b, match.by_activations(symmetry, a, b, digits.train_x).perms)
            for name, other in [("as they come", b), ("aligned", aligned)]:
                one = scan(space, Line(a, other), digits, points=11)
                row = rows.setdefault(name, {"barrier": [], "middle_accuracy": []})
                row["barrier"].append(one.barrier("test_loss"))
                row["middle_accuracy"].append(float(one.test_accuracy[5]))
            rows["ends"].append(float(one.test_accuracy[[0, -1]].mean()))
    config = {"network": "mlp(784, width, width, 10)", "train": 10_000, "test": 10_000, "pairs": pairs, **MNIST}
    return {"config": config, "width": found}


def _alikeness(found: match.Match) -> float:
    """Mean correlation of matched units, those left out of which one is dead."""
    pairs = []
    for name, p in found.perms.items():
        p = p.cpu()
        of_a, of_b = (mask.cpu() for mask in found.dead[name])
        pairs.append(found.score[name].cpu()[torch.arange(len(p)), p][~of_a & ~of_b[p]])
    return float(torch.cat(pairs).mean())


def _arrangements(symmetry: Symmetry, a, b, found: Permutations) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """B as it comes, B matched, and the controls."""
    chance = symmetry.random(seed=0)
    both = symmetry.compose(found, chance)
    return {
        "as they come": (a, b),
        "activations": (a, symmetry.apply(b, found)),
        "weights": (a, symmetry.apply(b, match.by_weights(symmetry, a, b).perms)),
        "control: at random": (a, symmetry.apply(b, chance)),
        "control: as many swaps, at random": (a, symmetry.apply(b, _alike(symmetry, found, chance))),
        "control: both at random, alike": (symmetry.apply(a, chance), symmetry.apply(b, chance)),
        "control: both matched and moved": (
            symmetry.apply(a, chance),
            symmetry.apply(b, both),
        ),
    }


def _alike(symmetry: Symmetry, perms: Permutations, names: Permutations) -> Permutations:
    """Permutations with the same cycles as `perms`, and so as many swaps, among units drawn by lot."""
    return symmetry.compose(symmetry.compose(symmetry.inverse(names), perms), names)


def _share_equal(one: Permutations, other: Permutations) -> float:
    """The fraction of units that two matches send to the same place."""
    return float(torch.cat([one[name] == other[name] for name in one]).double().mean())


def _averaged(space: WeightSpace, a, b, digits: Dataset) -> dict[str, torch.Tensor]:
    """What averaging two modules' buffers gives: along the line the mean of the ends' statistics, [T, units]."""
    of_a, of_b = space.refresh(a, digits.train_x), space.refresh(b, digits.train_x)
    t = torch.linspace(0, 1, 11)
    return {name: Line(of_a[name], of_b[name]).at(t) for name in of_a}


def _curve_scan(space: WeightSpace, a, b, digits: Dataset, epochs: int):
    curve = fit(space, Bezier(a, (a + b) / 2, b, fixed=(0, 2)), digits, epochs=epochs, **CURVE)
    return scan(space, curve, digits, points=25)


CLAIMS = (widths, matchers, convolutions, curves, alternating, robust, mnist)
