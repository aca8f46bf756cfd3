"""Lesson 07, a few images a class: distilled, real, or class means."""

from toolkit import data, distill
from toolkit.evidence.lesson07_runs import FRESH, observer
from toolkit.landscape import evaluate
from toolkit.space import WeightSpace
from toolkit.train import fit


def distilled(seeds: int = 5) -> dict:
    """Test accuracy of networks trained on a few images only: distilled, real, class means; lr chosen on validation."""
    digits, space, found = data.load("digits"), observer(), {}
    rates = {"distribution": (0.003, 0.01, 0.03), "gradient": (0.003, 0.01, 0.03)}
    for number in (1, 3, 10):
        sets = {"real": [distill.subset(digits, number, FRESH + seed) for seed in range(seeds)]}
        for method, candidates in rates.items():
            for lr in candidates:
                made = [_tried(space, digits, number, method, lr, seed) for seed in range(seeds)]
                sets[f"{method}, lr {lr:g}"] = made
        if number == 1:
            sets["class means"] = [distill.class_means(digits)] * seeds
        rows = found[f"{number}"] = {}
        for name, kinds in sets.items():
            pairs = [_both(space, kind, digits, seed) for seed, kind in enumerate(kinds)]
            rows[name] = {split: [pair[i] for pair in pairs] for i, split in enumerate(("val", "test"))}
    whole = [_both(space, digits, digits, seed)[1] for seed in range(seeds)]
    about = {"network": "mlp(64, 128, 128, 128, 10)", "seeds": seeds, "steps of distilling": "500, gradient 300"}
    return {"config": {**about, **_training(digits)}, "per_class": found, "all": whole}


def _training(dataset) -> dict:
    """Three hundred steps on however few images."""
    return {"batch_size": min(50, len(dataset.train_x)), "lr": 0.05, "momentum": 0.9}


def _tried(space: WeightSpace, dataset, number: int, method: str, lr: float, seed: int):
    """The distilled set, or none if its pixels ran away."""
    try:
        return distill.distill(space, dataset, number, method, 500 if method == "distribution" else 300, lr, seed=seed)
    except FloatingPointError:
        return None


def _both(space: WeightSpace, small, dataset, seed: int) -> tuple[float, float]:
    """Validation and test accuracy after 300 steps on the few images; chance where there are none."""
    if small is None:
        return 0.1, 0.1
    settings = _training(small)
    steps = len(small.train_x) // settings["batch_size"]
    theta = fit(space, space.init(seed), small, seed=seed, epochs=max(1, 300 // steps), **settings)
    found = evaluate(space, theta, dataset, ["val_accuracy", "test_accuracy"])
    return float(found["val_accuracy"]), float(found["test_accuracy"])
