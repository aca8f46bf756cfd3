"""Matching two networks: the lines of the table, and where matching by weights spends its time."""

from collections import OrderedDict
from collections.abc import Callable
from functools import cache, partial
from unittest import mock

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn.functional import interpolate

import toolkit
from toolkit import match
from toolkit.symmetry import Permutations, Symmetry, trace

from . import plain
from .timing import Comparison, cpu_ms

SIZES = {64: 0.5, 128: 0.5, 256: 0.5, 512: 1.0}  # units of a hidden layer, and the goal there
SEEDS = 5  # a match by weights depends on its seed, and so does how long it takes


def by_activations(examples: int = 1000) -> Comparison:
    """Match all layers in one pass: at least three times faster than a pass of its own for each, and the same match."""
    symmetry, networks, stats, x = deep_networks(examples)
    modules = [symmetry.space.module(theta, own) for theta, own in zip(networks, stats, strict=True)]

    def ours() -> np.ndarray:
        found = match.by_activations(symmetry, *networks, x, stats=stats)
        return torch.cat(list(found.perms.values())).numpy()

    name = f"match by activations, {examples} images, CNN of 8"
    return Comparison(name, 1 / 3, lambda: plain.match_activations(modules, x), ours, tolerance=0)


def deep_networks(examples: int) -> tuple[Symmetry, list[Tensor], tuple[dict, dict], Tensor]:
    """Two convolutional networks with BatchNorm, as they were drawn, their statistics, and images of 28x28 pixels.

    Both ways are given the statistics: whoever trained such networks has them.
    """
    x = interpolate(toolkit.data.load("digits").train_x[:examples], (28, 28), mode="bilinear")
    space = toolkit.WeightSpace(_deep_cnn([16, 16, 16, 32, 32, 32, 32, 32]))
    networks = [space.init(0), space.init(1)]
    stats = tuple(space.refresh(theta, x[:100]) for theta in networks)
    return trace(space, x[:4]), networks, stats, x


def _deep_cnn(widths: list[int]) -> nn.Sequential:
    """3x3 convolutions, each with BatchNorm and ReLU; the images are halved where the widths double."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (before, after) in enumerate(zip([1, *widths], widths, strict=False), start=1):
        layers[f"conv{i}"] = nn.Conv2d(before, after, 3, 1 + (1 < before < after), padding=1, bias=False)
        layers[f"bn{i}"] = nn.BatchNorm2d(after)
        layers[f"relu{i}"] = nn.ReLU()
    layers |= {"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "fc": nn.Linear(widths[-1], 10)}
    return nn.Sequential(layers)


def by_weights(n: int, epochs: int = 5, seeds: int = SEEDS) -> Comparison:
    """Match by weights: at least twice as fast up to 256 units, no slower at 512, and as near to A."""
    symmetry, a, b = trained_pair(n, epochs)

    def with_(matcher: Callable[[int], Permutations]) -> np.ndarray:
        """The mean cosine between A and the renumbered B."""
        moved = [symmetry.apply(b, matcher(seed)) for seed in range(seeds)]
        return torch.stack([torch.cosine_similarity(a, theta, dim=0) for theta in moved]).mean(0, keepdim=True).numpy()

    # Both go the same way, but for rounding, which may lead to another optimum nearby.
    return Comparison(
        f"match by weights, MLP 64-{n}-{n}-{n}-10",
        SIZES.get(n, 0.5),
        plain=lambda: with_(lambda seed: plain.match_weights(symmetry, a, b, seed)),
        ours=lambda: with_(lambda seed: match.by_weights(symmetry, a, b, seed).perms),
        tolerance=2e-3,
    )


@cache
def trained_pair(n: int, epochs: int) -> tuple[Symmetry, Tensor, Tensor]:
    """Two trained networks with three hidden layers of n units."""
    dataset, space = toolkit.data.load("digits"), toolkit.WeightSpace(toolkit.models.mlp(64, n, n, n, 10))
    a, b = toolkit.fit_many(space, dataset, seeds=[0, 1], epochs=epochs, batch_size=32, lr=0.1)
    return trace(space, dataset.train_x[:4]), a, b


def assignments(n: int, repetitions: int, epochs: int = 5) -> str:
    """Say what scipy's assignments alone take of a match by weights: neither way can be faster than its own."""
    symmetry, a, b = trained_pair(n, epochs)
    ways = {
        "plain": (plain, lambda: plain.match_weights(symmetry, a, b, seed=0)),
        "ours": (match.weights, lambda: match.by_weights(symmetry, a, b)),
    }
    parts = []
    for name, (module, whole) in ways.items():
        with mock.patch.object(module, "linear_sum_assignment", side_effect=linear_sum_assignment) as solver:
            whole()
        scores = [call.args[0] for call in solver.call_args_list]
        total, solving = cpu_ms([whole, partial(_solve, scores)], repetitions)
        parts.append(f"{name} {total:.1f} ms, {len(scores)} assignments {solving:.1f} ms ({solving / total:.0%})")
    return f"{n:>4} units: {'; '.join(parts)}"


def _solve(scores: list[np.ndarray]) -> None:
    for score in scores:
        linear_sum_assignment(score, maximize=True)
