"""Lesson 05: late-phase weights, their average and their ensemble, against everything that costs as many batches."""

from dataclasses import replace

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from toolkit import data, models
from toolkit.data import Dataset
from toolkit.evidence.lesson05_runs import (
    MNIST,
    NAMES,
    NETWORK,
    PLAIN,
    WHICH,
    WIDTHS,
    accuracy_of,
    named_of,
    network_space,
    plain,
    released,
    three_of,
)
from toolkit.evidence.lesson05_text import text
from toolkit.landscape import ensemble
from toolkit.latephase import KINDS, LatePhase, fold
from toolkit.merge import swa
from toolkit.space import WeightSpace


def grid(seeds: int = 5) -> dict:
    """Accuracies over noise at the release, time of the release and number of members; 40 % label noise."""
    digits, space = data.load("digits"), network_space()
    noisy, noise, start, members = (
        digits.with_label_noise(0.4),
        (0, 0.25, 0.5, 1, 1.5, 2),
        (0, 0.3, 0.6, 0.8),
        (2, 5, 10),
    )
    found = np.zeros((3, len(members), len(start), len(noise), seeds))
    for k, count in enumerate(members):
        for t, release in enumerate(start):
            for n, sigma in enumerate(noise):
                for seed in range(seeds):
                    late = released(space, noisy, seed, members=count, start=release, noise=sigma)
                    found[:, k, t, n, seed] = three_of(space, late, digits)
    base = [accuracy_of(space, plain(space, noisy, seed), digits) for seed in range(seeds)]
    config = {"seeds": seeds, "label noise": 0.4, **NETWORK, **PLAIN}
    axes = {"noise": noise, "start": start, "members": members}
    return {"config": config, "name": "digits, 40 % label noise", **axes, "base": base} | {
        name: values.tolist() for name, values in zip(NAMES, found, strict=True)
    }


def methods(seeds: int = 5) -> dict:
    """Test accuracy by label noise: late-phase weights, and what as many batches buy otherwise."""
    digits, space, found = data.load("digits"), network_space(), {}
    for rate in (0.0, 0.2, 0.4):
        rows = found.setdefault(f"{rate:g}", {})
        for seed in range(seeds):
            for name, accuracy in _methods(space, digits, digits.with_label_noise(rate), seed).items():
                rows.setdefault(name, []).append(accuracy)
    return {"config": {"seeds": seeds, **NETWORK, **PLAIN}, "test_accuracy": found}


def control(seeds: int = 5) -> dict:
    """What is the members' doing: K and the step of the shared weights one by one, and what is known by heart."""
    digits, space, found = data.load("digits"), network_space(), {}
    late = [
        (1, 1, 1),
        (1, 1, 5),
        (1, 1, 10),
        (5, 1, 0.2),
        (5, 1, 1),
        (10, 1, 0.1),
        (10, 1, 1),
        (1, 0.5, 10),
        (10, 0.5, 1),
    ]
    for rate in (0.0, 0.4):
        noisy = digits.with_label_noise(rate)
        for seed in range(seeds):
            passed: list[torch.Tensor] = []
            one = plain(space, noisy, seed, on_epoch=lambda epoch, loss, theta, passed=passed: passed.append(theta))
            points = {"one network": one, "one network, after 60 %": passed[round(0.6 * PLAIN["epochs"]) - 1]}
            for count, sigma, gamma in late:
                trained = released(space, noisy, seed, members=count, noise=sigma, gamma=gamma)
                points[f"K {count}, noise {sigma:g}, gamma {gamma:g}"] = trained.average
            for name, theta in points.items():
                row = found.setdefault(f"{rate:g}", {}).setdefault(name, {"accuracy": [], "by heart": [], "true": []})
                row["accuracy"].append(accuracy_of(space, theta, digits))
                repeated = (
                    space.logits(theta, noisy.train_x, space.refresh(theta, noisy.train_x)).argmax(-1) == noisy.train_y
                )
                wrong = noisy.train_y != digits.train_y
                row["by heart"].append(float(repeated[wrong].float().mean()) if wrong.any() else 0.0)
                row["true"].append(float(repeated[~wrong].float().mean()))
    return {"config": {"seeds": seeds, "start": 0.6, **NETWORK, **PLAIN}, "found": found}


def parts(seeds: int = 5) -> dict:
    """Which weights are late: five kinds and the paper's choice, sizes and accuracies; 40 % label noise, K = 5."""
    digits, space, found = data.load("digits"), network_space(), {}
    noisy = digits.with_label_noise(0.4)
    for which in (WHICH, *KINDS):
        name = which if isinstance(which, str) else " + ".join(which)
        row = found[name] = {"numbers": LatePhase(space, space.init(0), which).own.shape[1], "noise": {}}
        for sigma in (0, 0.25, 0.5, 1):
            three = [
                three_of(space, released(space, noisy, seed, which=which, noise=sigma), digits) for seed in range(seeds)
            ]
            row["noise"][f"{sigma:g}"] = dict(zip(NAMES, np.transpose(three).tolist(), strict=True))
    return {"config": {"seeds": seeds, "label noise": 0.4, "members": 5, "start": 0.6, **NETWORK, **PLAIN}} | {
        "parts": found
    }


def averages(seeds: int = 5) -> dict:
    """Four ways to give the average its BatchNorm statistics; 40 % label noise, K = 5."""
    digits, space, found = data.load("digits"), network_space(), {}
    noisy = digits.with_label_noise(0.4)
    for sigma in (0, 0.5, 1):
        rows = found.setdefault(f"{sigma:g}", {})
        for seed in range(seeds):
            late = released(space, noisy, seed, noise=sigma)
            each = space.refresh(late.members, digits.train_x)
            ways = {
                "refreshed": (late.average, None),
                "folded": fold(space, late.members, digits.train_x),
                "averaged statistics": (late.average, {name: value.mean(0) for name, value in each.items()}),
                "those of one member": (late.average, {name: value[0] for name, value in each.items()}),
            }
            for name, (theta, stats) in ways.items():
                rows.setdefault(name, []).append(accuracy_of(space, theta, digits, stats))
    return {"config": {"seeds": seeds, "label noise": 0.4, "members": 5, **NETWORK, **PLAIN}, "test_accuracy": found}


def convolutional(seeds: int = 5) -> dict:
    """The same on a convolutional network, closer to the paper's; 40 % label noise."""
    digits, space = data.load("digits"), WeightSpace(models.cnn())
    noisy, found = digits.with_label_noise(0.4), {}
    for seed in range(seeds):
        rows = {"base": accuracy_of(space, plain(space, noisy, seed), digits)}
        rows["SWA"] = accuracy_of(space, swa(space, space.init(seed), noisy, seed=seed, **PLAIN), digits)
        for count, sigma in [(5, 0), (5, 0.25), (5, 0.5), (5, 1), (10, 0.5), (10, 1)]:
            rows |= named_of(space, released(space, noisy, seed, members=count, noise=sigma), digits)
        for name, accuracy in rows.items():
            found.setdefault(name, []).append(accuracy)
    config = {"seeds": seeds, "label noise": 0.4, **NETWORK, "network": "cnn()", **PLAIN}
    return {"config": config, "test_accuracy": found}


def unknown(seeds: int = 5) -> dict:
    """Area under the ROC curve for telling digits 0 to 6 from what was never trained on, by the largest probability."""
    digits = data.load("digits")
    seven, space = _only(digits, range(7)), WeightSpace(models.mlp(*WIDTHS[:-1], 7, batchnorm=True))
    shuffled = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    strangers = {
        "digits 7 to 9": digits.test_x[digits.test_y >= 7],
        "0 to 6, turned by 90 degrees": seven.test_x.rot90(dims=(2, 3)),
        "0 to 6, pixels shuffled": seven.test_x.flatten(1)[:, shuffled.to(seven.test_x.device)].view_as(seven.test_x),
    }
    found: dict = {}
    for seed in range(seeds):
        late = {sigma: released(space, seven, seed, noise=sigma) for sigma in (0, 0.5, 1)}
        apart = torch.stack([plain(space, seven, seed + 100 * i) for i in range(5)])
        sets = {"base": apart[:1], "5 networks, 5 times the cost": apart}
        for sigma, one in late.items():
            sets |= {f"average, noise {sigma:g}": one.average[None], f"ensemble, noise {sigma:g}": one.members}
        for name, networks in sets.items():
            stats, row = space.refresh(networks, seven.train_x), found.setdefault(name, {})

            def surest(x: torch.Tensor, networks=networks, stats=stats) -> np.ndarray:
                return space.logits(networks, x, stats).softmax(-1).mean(0).amax(-1).cpu().numpy()

            known = surest(seven.test_x)
            for kind, x in strangers.items():
                sure = np.concatenate([known, other := surest(x)])
                truth = np.repeat([1, 0], [len(known), len(other)])
                row.setdefault(kind, []).append(float(roc_auc_score(truth, sure)))
            row.setdefault("test accuracy", []).append(ensemble(space, networks, seven).accuracy)
    return {"config": {"seeds": seeds, "classes": 7, "members": 5, **NETWORK, **PLAIN}, "found": found}


def mnist(seeds: int = 5) -> dict:
    """MNIST at 28x28: 10,000 training images, 40 % of their labels drawn anew."""
    digits, space = data.load("mnist").subset(10_000), WeightSpace(models.mlp(784, 64, 64, 10, batchnorm=True))
    noisy, found = digits.with_label_noise(0.4), {}
    for seed in range(seeds):
        rows = {"base": accuracy_of(space, plain(space, noisy, seed, MNIST), digits)}
        rows["SWA"] = accuracy_of(space, swa(space, space.init(seed), noisy, seed=seed, **MNIST), digits)
        for sigma in (0, 0.5, 1):
            rows |= named_of(space, released(space, noisy, seed, MNIST, members=10, noise=sigma), digits)
        for name, accuracy in rows.items():
            found.setdefault(name, []).append(accuracy)
    config = {"network": "mlp(784, 64, 64, 10) with BatchNorm", "train": 10_000, "test": 10_000, "label noise": 0.4}
    return {"config": {"seeds": seeds, **NETWORK, **config, **MNIST}, "test_accuracy": found}


def _methods(space: WeightSpace, digits: Dataset, noisy: Dataset, seed: int) -> dict[str, float]:
    """Test accuracies of everything that is compared, from the same start and on the same labels."""
    epochs: list[tuple[float, float]] = []

    def note(epoch: int, loss: float, theta: torch.Tensor) -> None:
        epochs.append(tuple(accuracy_of(space, theta, noisy, split=split) for split in ("val", "test")))

    one = plain(space, noisy, seed, on_epoch=note)
    points = {"one network": one} | {
        **{f"lr / {by}": plain(space, noisy, seed, PLAIN | {"lr": PLAIN["lr"] / by}) for by in (5, 20, 100)},
        "weight decay x 4": plain(space, noisy, seed, PLAIN | {"weight_decay": 4 * PLAIN["weight_decay"]}),
        "batch x 5": plain(space, noisy, seed, PLAIN | {"batch_size": 5 * PLAIN["batch_size"]}),
        "half the epochs": plain(space, noisy, seed, PLAIN | {"epochs": PLAIN["epochs"] // 2}),
        "SWA": swa(space, space.init(seed), noisy, seed=seed, **PLAIN),
        "SWA from 60 %": swa(space, space.init(seed), noisy, seed=seed, start=0.6, **PLAIN),
    }
    found = {name: accuracy_of(space, theta, digits) for name, theta in points.items()}
    found["stopped where validation is best"] = max(epochs, key=lambda pair: pair[0])[1]  # of equal ones the first
    apart = torch.stack([one, *(plain(space, noisy, seed + 100 * i) for i in range(1, 5))])
    found["5 networks together, 5 times the cost"] = ensemble(space, apart, digits).accuracy
    for count, sigma in [
        (1, 0.5),
        (1, 1),
        (5, 0),
        (5, 0.25),
        (5, 0.5),
        (5, 1),
        (10, 0),
        (10, 0.25),
        (10, 0.5),
        (10, 1),
    ]:
        found |= named_of(space, released(space, noisy, seed, members=count, noise=sigma), digits)
    for sigma in (0, 0.5, 1):
        late = released(space, noisy, seed, members=5, noise=sigma, gamma=0.2)
        found |= {f"gamma 1/K, {name}": accuracy for name, accuracy in named_of(space, late, digits).items()}
    return found


def _only(dataset: Dataset, classes: range) -> Dataset:
    """The examples of some classes, the first ones."""
    splits = {}
    for split in ("train", "val", "test"):
        x, y = dataset.split(split)
        keep = y < classes.stop
        splits |= {f"{split}_x": x[keep], f"{split}_y": y[keep]}
    return replace(dataset, classes=len(classes), **splits)


CLAIMS = (grid, methods, control, parts, averages, convolutional, unknown, mnist, text)
