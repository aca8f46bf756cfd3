"""Lesson 06: training by moving weights only, against Adam and against everything that could explain it."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Adam

from toolkit import data, models
from toolkit.evidence.lesson06_ranks import ranks
from toolkit.evidence.lesson06_runs import DEEP, SETTINGS, adam, both, reconnected, starts
from toolkit.reconnect import Reconnect, sparse, start
from toolkit.space import WeightSpace
from toolkit.train import fit

PERIODS = (1, 5, 20, 60, 100, 200, 600)
MNIST = {"epochs": 10, "batch_size": 100, "lr": 1e-3}


def periods(seeds: int = 5) -> dict:
    """Accuracy by period, after training and on the way, before and after a synchronisation; Adam; biases alone."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*DEEP))
    theta, found = starts(space, seeds), {}
    for period in PERIODS:
        way: dict[str, list] = {"free": [], "synced": []}

        def note(epoch: int, loss: float, now: Reconnect, way=way) -> None:
            way["free"].append(both(space, now.free, digits)["test"])
            way["synced"].append(both(space, now.synced(), digits)["test"])

        trained = reconnected(space, theta, digits, period=period, on_epoch=note)
        found[f"{period}"] = {**both(space, trained.theta, digits), **way}
    others = {
        "at the start": theta,
        "Adam": adam(space, theta, digits),
        "Adam, biases alone": adam(space, theta, digits, ~space.matrices()),
    }
    others["k = 20, biases stay 0"] = reconnected(space, theta, digits, period=20, vectors=None).theta
    others["k = 20, biases permuted"] = reconnected(space, _with_biases(space, theta), digits, 20, vectors=True).theta
    others["k = 20, in the whole layer"] = reconnected(space, theta, digits, 20, vectors=None, rule="layer").theta
    others["k = 100, in the whole layer"] = reconnected(space, theta, digits, 100, vectors=None, rule="layer").theta
    return {"config": _config(seeds), "period": found, "other": {n: both(space, t, digits) for n, t in others.items()}}


def rates(seeds: int = 5) -> dict:
    """Learning rate and period together; Adam at the same learning rates."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*DEEP))
    theta, found = starts(space, seeds), {}
    for lr in (1e-3, 3e-3, 1e-2):
        row = found.setdefault(f"{lr:g}", {"Adam": both(space, adam(space, theta, digits, lr=lr), digits)})
        for period in (5, 20, 100):
            row[f"{period}"] = both(space, reconnected(space, theta, digits, period, lr=lr).theta, digits)
    return {"config": _config(seeds), "lr": found}


def scale(seeds: int = 5) -> dict:
    """Start values of other sizes and laws, biases kept at 0; what Adam makes of the same starts."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*DEEP))
    found = {}
    for law, factor in [*(("uniform", x) for x in (0.1, 0.3, 1, 3)), ("normal", 1), ("sign", 1)]:
        theta = starts(space, seeds, law=law, scale=factor)
        row = found[f"{law} x {factor:g}"] = {}
        for lr in (1e-3, 1e-2):
            row[f"Adam, lr {lr:g}"] = both(space, adam(space, theta, digits, space.matrices(), lr), digits)
        for lr, period in [(1e-3, 20), (1e-3, 100), (1e-2, 20), (1e-2, 60)]:
            trained = reconnected(space, theta, digits, period, vectors=None, lr=lr).theta
            row[f"lr {lr:g}, k = {period}"] = both(space, trained, digits)
        if (
            law == "uniform"
        ):  # a network of three layers answers factor^3 times as loud; its gaps are factor times as wide
            answer = lambda logits, y, factor=factor: cross_entropy(logits / factor**3, y)  # noqa: E731
            trained = reconnected(space, theta, digits, 20, vectors=None, lr=1e-3 * factor, loss=answer).theta
            row["lr and logits scaled back, k = 20"] = both(space, trained, digits)
    return {"config": _config(seeds), "start": found}


def sparsity(seeds: int = 5) -> dict:
    """Starts with zeros: reconnecting rewires them, Adam on a fixed mask does not; settings to be chosen on val."""
    digits, space, found = data.load("digits"), WeightSpace(models.mlp(*DEEP)), {}
    for keep in (0.7, 0.5, 0.3, 0.1):
        kept = {"fc1.weight": max(keep, 0.2), "fc2.weight": keep, "fc3.weight": keep}
        theta = torch.stack([sparse(space, start(space, seed), kept, seed) for seed in range(seeds)])
        mask = theta.ne(0) | ~space.matrices()
        row = found[f"{keep:g}"] = {
            f"Adam on the mask, lr {lr:g}": both(space, adam(space, theta, digits, mask, lr=lr), digits)
            for lr in (1e-3, 1e-2)
        }
        for lr, period in [(1e-3, 20), (1e-2, 20), (1e-2, 60)]:
            row[f"lr {lr:g}, k = {period}"] = both(
                space, reconnected(space, theta, digits, period, lr=lr).theta, digits
            )
    return {"config": {**_config(seeds), "kept of layer 1": "at least 0.2"}, "keep": found}


def shared_value(seeds: int = 5) -> dict:
    """One value and zeros: 64-10 without biases, and two hidden layers; settings to be chosen on val."""
    digits, found = data.load("digits"), {}
    flat = WeightSpace(nn.Sequential(nn.Flatten(), nn.Linear(64, 10, bias=False)))
    deep = WeightSpace(models.mlp(64, 128, 64, 10))
    for name, space, value, keep in [("64-10", flat, 0.08, 4 / 7), ("64-128-64-10", deep, 0.03, 1 / 3)]:
        points = [sparse(space, start(space, seed, "constant", value), keep, seed) for seed in range(seeds)]
        theta = torch.stack(points)
        row = found[name] = {"at the start": both(space, theta, digits)}
        row["Adam, values free"] = both(space, adam(space, theta, digits, space.matrices(), lr=1e-2), digits)
        for lr, period in [(1e-3, 20), (1e-3, 100), (1e-2, 5), (1e-2, 20), (1e-2, 60)]:
            trained = reconnected(space, theta, digits, period, vectors=None, lr=lr).theta
            row[f"lr {lr:g}, k = {period}"] = both(space, trained, digits)
    config = {"network": "64-10, 64-128-64-10", "seeds": seeds, "values": "0.08 on 4/7, 0.03 on 1/3", **SETTINGS}
    return {"config": config, "found": found}


def forgetting(seeds: int = 5) -> dict:
    """Adam's moments kept across synchronisations, as in the paper, or forgotten at each."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(*DEEP))
    theta, found = starts(space, seeds), {}
    for period in (20, 100):

        class Forgetful(Adam):
            """Adam that forgets its moments every `period` steps."""

            taken = 0
            period_ = period

            def step(self, closure=None):
                loss = super().step(closure)
                self.taken += 1
                if self.taken % self.period_ == 0:
                    self.state.clear()
                return loss

        for name, kind in [("kept", Adam), ("forgotten", Forgetful)]:
            trained = reconnected(space, theta, digits, period, optimizer=kind).theta
            found[f"k = {period}, {name}"] = both(space, trained, digits)
    return {"config": _config(seeds), "moments": found}


def mnist(seeds: int = 5) -> dict:
    """MNIST at 28x28, 10,000 training images: dense, and one shared value."""
    digits, found = data.load("mnist").subset(10_000), {}
    dense, flat = (
        WeightSpace(models.mlp(784, 128, 10)),
        WeightSpace(nn.Sequential(nn.Flatten(), nn.Linear(784, 10, bias=False))),
    )
    for seed in range(seeds):
        begin = start(dense, seed)
        rows = {"784-128-10, Adam": (dense, fit(dense, begin, digits, seed=seed, optimizer=Adam, **MNIST))}
        for period in (20, 100):
            what = Reconnect(dense, begin, period)
            what = fit(dense, what, digits, seed=seed, optimizer=Adam, **MNIST)
            rows[f"784-128-10, k = {period}"] = (dense, what.theta)
        one = sparse(flat, start(flat, seed, "constant", 0.08), 4 / 7, seed)
        rows["784-10, one value, at the start"] = (flat, one)
        what = fit(flat, Reconnect(flat, one, 250, vectors=None), digits, seed=seed, optimizer=Adam, **MNIST)
        rows["784-10, one value, k = 250"] = (flat, what.theta)
        for name, (space, theta) in rows.items():
            found.setdefault(name, []).append(both(space, theta[None], digits)["test"][0])
    config = {"network": "mlp(784, 128, 10) and 784-10", "train": 10_000, "seeds": seeds, "one value": 0.08, **MNIST}
    return {"config": config, "test_accuracy": found}


def _with_biases(space: WeightSpace, theta: Tensor) -> Tensor:
    """The same starts with biases drawn by the He-uniform law of a vector, so that there is something to permute."""
    theta = theta.clone()
    generator = torch.Generator().manual_seed(0)
    for slot in space.layout:
        if len(slot.shape) == 1:
            bound = (6 / slot.shape[0]) ** 0.5
            drawn = (2 * torch.rand(len(theta), slot.shape[0], generator=generator) - 1) * bound
            theta[:, slot.start : slot.stop] = drawn.to(theta)
    return theta


def _config(seeds: int) -> dict:
    return {"network": f"mlp{DEEP}", "seeds": seeds, "optimizer": "Adam", **SETTINGS}


CLAIMS = (periods, rates, scale, sparsity, shared_value, ranks, forgetting, mnist)
