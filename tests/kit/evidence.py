"""Lesson 99: soups of networks that share a start, and of networks that do not."""

import torch

from toolkit import data, models, soups
from toolkit.landscape import evaluate
from toolkit.space import WeightSpace
from toolkit.train import fit, fit_many


def siblings_and_strangers(seeds: int = 5, members: int = 4) -> dict:
    """Greedy and uniform soups of siblings; the control: a uniform soup of as many independent networks."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(64, 32, 10))
    found = {name: [] for name in ("one sibling", "soup of siblings", "greedy soup", "soup of strangers")}
    for seed in range(seeds):
        start = fit(space, space.init(seed), digits, epochs=5, seed=seed)
        siblings = torch.stack([fit(space, start, digits, epochs=5, seed=100 * seed + k) for k in range(members)])
        strangers = fit_many(space, digits, [1000 + members * seed + k for k in range(members)], epochs=10)
        soup, greedy = siblings.mean(0), soups.greedy(space, siblings, digits)
        networks = torch.stack([*siblings, soup, greedy, strangers.mean(0)])
        accuracy = evaluate(space, networks, digits, "test_accuracy")["test_accuracy"].tolist()
        values = [sum(accuracy[:members]) / members, *accuracy[members:]]
        for name, value in zip(found, values, strict=True):
            found[name].append(value)
    return {"config": {"network": "mlp(64, 32, 10)", "seeds": seeds, "members": members}, "test_accuracy": found}


CLAIMS = (siblings_and_strangers,)
