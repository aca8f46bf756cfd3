"""Late-phase training: what a minibatch costs once the members are released, and many noisy quadratics at once."""

import copy
from collections.abc import Sequence

import numpy as np
import torch

import toolkit
from toolkit.batches import generator
from toolkit.latephase import LatePhase
from toolkit.quadratic import NoisyQuadratic

from . import plain
from .timing import Comparison

VARIANTS = {"BatchNorm, K=5": ("batchnorm", 5), "and head, K=5": (("batchnorm", "last_layer"), 5)}
VARIANTS |= {"and head, K=10": (("batchnorm", "last_layer"), 10)}
SHARED, LATE = 0.25, 0.25  # learning rates of the quadratic, with gamma = 1 / K


def after_release(name: str, which: str | Sequence[str], members: int, epochs: int = 4) -> Comparison:
    """Train members that are released from the start: a minibatch costs at most 1.15 of a plain one."""
    dataset, module = toolkit.data.load("digits"), toolkit.models.cnn()
    space, own = toolkit.WeightSpace(module), copy.deepcopy(module)
    start = space.init(0)
    late = LatePhase(space, start, which, members=members, start=0, noise=0.0 if members == 1 else 0.5)

    def plainly() -> np.ndarray:
        return plain.train(own, start, dataset, generator(0, stream=0), epochs).numpy()

    def ours() -> np.ndarray:
        return toolkit.fit(space, late, dataset, epochs=epochs, weight_decay=1e-4).average.numpy()

    tolerance = 1e-3 if members == 1 else None
    return Comparison(f"minibatch after the release, {name}, CNN", 1.15, plainly, ours, tolerance)


def noisy_quadratic(d: int = 100, members: int = 10, minibatches: int = 3000, repeats: int = 100) -> Comparison:
    """Repeat a late phase on a noisy quadratic: all repeats at once take a tenth of one after another."""
    h, cycles = 1 / torch.arange(1.0, d + 1), minibatches // members
    problem = NoisyQuadratic(h, h.sqrt())
    settings = (SHARED, LATE, members, 1 / members)

    def losses(averages: torch.Tensor, ends: torch.Tensor) -> np.ndarray:
        """Mean loss of the average [cycles, repeats, d] over the second half, and of the members [K, repeats, d]."""
        found = [(h * errors**2).sum(-1).mean().item() / 2 for errors in (averages[cycles // 2 :], ends)]
        return np.array(found)

    def plainly() -> np.ndarray:
        runs = [plain.late_phase(h, h.sqrt(), *settings, cycles, seed) for seed in range(repeats)]
        averages, ends = (torch.stack(part, dim=1) for part in zip(*runs, strict=True))
        return losses(averages, ends)

    def ours() -> np.ndarray:
        return losses(*problem.run_late_phase(*settings, cycles, repeats))

    average, member = problem.late_phase(*settings), problem.spread(LATE, members)
    slack = 0.1 * problem.loss(average), 0.1 * problem.loss(average + member)  # the dice fall differently
    name = f"noisy quadratic, d={d}, K={members}, {minibatches} steps, {repeats} runs"
    return Comparison(name, 0.1, plainly, ours, slack)
