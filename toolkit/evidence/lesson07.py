"""Lesson 07: masks from real, distilled and few digits; which of them two runs stay connected under, and controls."""

import torch

from toolkit import data, distill
from toolkit.evidence.lesson07_few import distilled
from toolkit.evidence.lesson07_runs import (
    FRESH,
    ROUNDS,
    SETTINGS,
    at_random,
    at_the_start,
    config,
    few,
    found_on,
    network,
    on_few,
    overlap,
    shuffle,
    siblings,
    starts,
    through_the_rounds,
    without_lines,
)
from toolkit.evidence.lesson07_why import curvature, elsewhere, mnist, trap
from toolkit.landscape import evaluate
from toolkit.space import WeightSpace
from toolkit.sparse import density, prunable, prune, survived, tickets
from toolkit.train import fit

SOME = (4, 7, 9)  # rounds: 59, 79 and 87 % pruned


def dense(seeds: int = 6) -> dict:
    """Siblings of the dense network that part at step k, and at step 0 with other learning rates."""
    digits, space, seeds = data.load("digits"), network(), range(seeds)
    theta = starts(space, seeds)
    parted = {f"{step}": siblings(space, digits, seeds, theta, None, step) for step in (0, 5, 20, 62, 310)}
    rates = {f"{lr:g}": siblings(space, digits, seeds, theta, None, lr=lr) for lr in (0.02, 0.05, 0.2)}
    return {"config": config(seeds), "step": without_lines(parted), "lr": without_lines(rates)}


def pruned(seeds: int = 6) -> dict:
    """Test accuracy after r rounds: pruned at once and not trained again, and the ticket before its own training."""
    digits, space, seeds = data.load("digits"), network(), range(seeds)
    theta = starts(space, seeds)
    trained = fit(space, theta, digits, seed=list(seeds), **SETTINGS)
    masks, where = [torch.ones_like(theta, dtype=torch.bool)], prunable(space)
    for _ in range(ROUNDS):
        masks.append(prune(trained, masks[-1], 0.2, where))
    least = torch.stack(masks)
    kinds = {"smallest": least, "any": at_random(space, theta, seeds)}
    found = {name: [_accuracy(space, trained * m, digits) for m in kind] for name, kind in kinds.items()}
    found["largest"] = [_accuracy(space, trained * _largest(trained, where, r), digits) for r in range(ROUNDS + 1)]
    masks = found_on(space, theta, digits, seeds, **SETTINGS)
    found["ticket, untrained"] = [_accuracy(space, theta * m, digits) for m in masks]
    return {"config": config(seeds), "accuracy": found}


def stability(seeds: int = 6) -> dict:
    """Barriers between siblings under every mask, and every control, after each of nine rounds."""
    digits, space, seeds = data.load("digits"), network(), range(seeds)
    theta, other = starts(space, seeds), starts(space, [FRESH + seed for seed in seeds])
    synthetic, real = few(digits, synthetic=True), few(digits, synthetic=False)
    imp = found_on(space, theta, digits, seeds, **SETTINGS)
    again = found_on(space, theta, digits, [FRESH + seed for seed in seeds], **SETTINGS)
    later = tickets(space, theta, digits, rounds=ROUNDS, rewind=62, seed=list(seeds), **SETTINGS)
    distilled = found_on(space, theta, synthetic, seeds, **on_few(SETTINGS, digits, synthetic))
    subset = found_on(space, theta, real, seeds, **on_few(SETTINGS, digits, real))
    conditions = {
        "real digits": (theta, imp),
        "real digits, rewound to step 62": (later.start, later.masks),
        "real digits, shuffled": (theta, shuffle(space, imp, seeds)),
        "real digits, another start": (other, imp),
        "real digits, only the signs of its start": (theta.sign() * other.abs(), imp),
        "real digits, only the sizes of its start": (theta.abs() * other.sign(), imp),
        "100 synthetic digits": (theta, distilled),
        "100 synthetic digits, shuffled": (theta, shuffle(space, distilled, seeds)),
        "100 synthetic digits, another start": (other, distilled),
        "100 real digits": (theta, subset),
        "untrained weights": (theta, at_the_start(space, theta)),
        "any weights": (theta, at_random(space, theta, seeds)),
    }
    found = {name: through_the_rounds(space, digits, seeds, *pair) for name, pair in conditions.items()}
    shared = {
        name: [dict(zip(("alive in both", "by chance"), overlap(space, a, b), strict=True)) for a, b in pairs]
        for name, pairs in {
            "real and real, another order": zip(imp[1:], again[1:], strict=True),
            "real and synthetic": zip(imp[1:], distilled[1:], strict=True),
            "real and 100 real": zip(imp[1:], subset[1:], strict=True),
            "synthetic and 100 real": zip(distilled[1:], subset[1:], strict=True),
            "real and untrained": zip(imp[1:], conditions["untrained weights"][1][1:], strict=True),
        }.items()
    }
    layers = {name: [density(space, m) for m in masks] for name, (_, masks) in conditions.items()}
    layers = {n: {layer: [one[layer] for one in rows] for layer in rows[0]} for n, rows in layers.items()}
    return {"config": config(seeds), "found": found, "overlap": shared, "density": layers}


def other_draws(seeds: int = 6) -> dict:
    """The choice of the hundred digits drawn again, and a quarter of the steps on them."""
    digits, space, seeds = data.load("digits"), network(), range(seeds)
    theta, found = starts(space, seeds), {}
    for name, synthetic in [("100 synthetic digits", True), ("100 real digits", False)]:
        for draw in (1, 2, 3):
            small = few(digits, synthetic, draw)
            masks = found_on(space, theta, small, seeds, **on_few(SETTINGS, digits, small))
            found[f"{name}, draw {draw}"] = through_the_rounds(space, digits, seeds, theta, masks, SOME)
        small = few(digits, synthetic)
        settings = {**SETTINGS, "epochs": on_few(SETTINGS, digits, small)["epochs"] // 4}
        masks = found_on(space, theta, small, seeds, **settings)
        found[f"{name}, a quarter of the steps"] = through_the_rounds(space, digits, seeds, theta, masks, SOME)
    means = distill.class_means(digits)
    settings = {**SETTINGS, "batch_size": 10, "epochs": SETTINGS["epochs"] * 62}
    masks = found_on(space, theta, means, seeds, **settings)
    found["10 class means"] = through_the_rounds(space, digits, seeds, theta, masks, SOME)
    return {"config": config(seeds, rounds=SOME), "found": found}


def rounds(seed: int = 2) -> dict:
    """One starting point's masks of every round, and the line between its siblings, for the explorer."""
    digits, space = data.load("digits"), network()
    theta = starts(space, [seed])
    synthetic, real = few(digits, synthetic=True), few(digits, synthetic=False)
    imp = found_on(space, theta, digits, [seed], **SETTINGS)
    sources = {
        "real digits": imp,
        "100 synthetic digits": found_on(space, theta, synthetic, [seed], **on_few(SETTINGS, digits, synthetic)),
        "100 real digits": found_on(space, theta, real, [seed], **on_few(SETTINGS, digits, real)),
        "real digits, shuffled": shuffle(space, imp, [seed]),
        "untrained weights": at_the_start(space, theta),
        "any weights": at_random(space, theta, [seed]),
    }
    found = {}
    for name, masks in sources.items():
        every = theta.expand(len(masks), -1)
        seen = siblings(space, digits, [seed] * len(masks), every, masks[:, 0])
        alive = "".join(str(number) for number in survived(masks[:, 0]).tolist())
        found[name] = {"survived": alive, "line": seen["line"], "accuracy": seen["accuracy"]}
    return {"config": config([seed], seed=seed), "sources": found}


def leak(seeds: int = 6) -> dict:
    """What the released scripts do: only weights are rewound, biases and norms keep what the rounds taught them."""
    digits, space, seeds = data.load("digits"), network(), range(seeds)
    theta, weights, found = starts(space, seeds), space.matrices(), {}
    synthetic = few(digits, synthetic=True)
    for name, small in [("real digits", digits), ("100 synthetic digits", synthetic)]:
        settings = on_few(SETTINGS, digits, small) if small is synthetic else SETTINGS
        search = tickets(space, theta, small, rounds=ROUNDS, seed=list(seeds), **settings)
        for r in SOME:
            warm = torch.where(weights, theta, search.trained[r - 1])
            found[f"{name}, round {r}, whole state"] = siblings(space, digits, seeds, theta, search.masks[r])
            found[f"{name}, round {r}, weights alone"] = siblings(space, digits, seeds, warm, search.masks[r])
    return {"config": config(seeds), "found": without_lines(found)}


def _accuracy(space: WeightSpace, theta, dataset) -> list[float]:
    return evaluate(space, theta, dataset, "test_accuracy")["test_accuracy"].tolist()


def _largest(theta, where, rounds: int):
    """The mask that drops the largest weights instead, as many as `rounds` rounds drop."""
    sizes = torch.where(where, 1 / theta.abs(), theta.new_tensor(0.0))
    mask = torch.ones_like(theta, dtype=torch.bool)
    for _ in range(rounds):
        mask = prune(sizes, mask, 0.2, where)
    return mask


CLAIMS = [stability, other_draws, elsewhere, mnist, trap, curvature, leak, dense, pruned, distilled, rounds]
