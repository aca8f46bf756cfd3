"""Lesson 04, exercise 4.4: repair the BatchNorm statistics of a network that was never stored."""

import torch

from toolkit.exercises.lesson03_lists import Tensors
from toolkit.exercises.parts import Case, Exercise, Wrong


def recalibrate(batches):
    """Return mean [units] and unbiased variance [units] over all samples of the batches [b_i, units]."""
    samples = torch.cat(list(batches))
    return samples.mean(0), samples.var(0, correction=1)


def _batches(seed, *sizes):
    """Activations of three units whose mean and spread wander from batch to batch."""
    generator = torch.Generator().manual_seed(seed)
    wander = torch.rand(len(sizes), 2, 3, generator=generator)
    return Tensors(
        4 * shift + (0.5 + stretch) * torch.randn(size, 3, generator=generator)
        for size, (shift, stretch) in zip(sizes, wander, strict=True)
    )


def _means(batches):
    return torch.stack([batch.mean(0) for batch in batches])


def _variances(batches, correction=1):
    return torch.stack([batch.var(0, correction=correction) for batch in batches])


def _weights(batches):
    sizes = torch.tensor([float(len(batch)) for batch in batches])
    return (sizes / sizes.sum())[:, None]


def _running(batches, keep=0.9):
    mean, variance = torch.zeros(batches[0].shape[1]), torch.ones(batches[0].shape[1])
    for batch in batches:
        mean, variance = keep * mean + (1 - keep) * batch.mean(0), keep * variance + (1 - keep) * batch.var(0)
    return mean, variance


def _weighted(batches):
    return (_weights(batches) * _means(batches)).sum(0), (_weights(batches) * _variances(batches)).sum(0)


def _all(batches):
    return torch.cat(list(batches))


REPAIR = Exercise(
    id="4.4",
    title="Repair",
    difficulty=3,
    minutes=12,
    objective=3,
    reference=recalibrate,
    cases=(Case((_batches(0, 5, 12, 7),)), Case((_batches(1, 20, 1, 7),)), Case((_batches(2, 6),))),
    wrong=(
        Wrong(
            "running average, momentum 0.1",
            _running,
            "you keep a running average with momentum 0.1, as BatchNorm does in training. After a few batches most of "
            "it is still what it began with, mean 0 and variance 1, and the last batches count most.",
        ),
        Wrong(
            "running average, the other way round",
            lambda batches: _running(batches, keep=0.1),
            "your running average keeps 0.1 of the old value and takes 0.9 of the new batch: momentum is the share of "
            "the new one. And even the other way round, it would remember the last batches best.",
        ),
        Wrong(
            "means of the batches' means and variances",
            lambda batches: (_means(batches).mean(0), _variances(batches).mean(0)),
            "you average the statistics of the batches. A small batch then counts as much as a large one, and the "
            "differences between the batches' means are in no variance.",
        ),
        Wrong(
            "weighted means of the batches' means and variances",
            _weighted,
            "your mean is right. Weighted or not, the mean of the batches' variances leaves out how far the batches' "
            "means lie apart.",
        ),
        Wrong(
            "mean of the batches' means",
            lambda batches: (_means(batches).mean(0), _all(batches).var(0)),
            "your variance is right. The mean of the batches' means counts a small batch as much as a large one; every "
            "sample should count once.",
        ),
        Wrong(
            "mean of the batches' variances",
            lambda batches: (_all(batches).mean(0), _variances(batches).mean(0)),
            "your mean is right. The mean of the batches' variances is not the variance of all samples: it leaves out "
            "how far the batches' means lie apart, and small batches count too much.",
        ),
        Wrong(
            "biased variance",
            lambda batches: (_all(batches).mean(0), _all(batches).var(0, correction=0)),
            "your mean is right; your variance divides by the number of samples n. BatchNorm stores the unbiased one, "
            "which divides by n - 1.",
        ),
        Wrong(
            "last batch",
            lambda batches: (batches[-1].mean(0), batches[-1].var(0)),
            "you measure the last batch only: what the batches before it said is overwritten.",
        ),
        Wrong(
            "first batch",
            lambda batches: (batches[0].mean(0), batches[0].var(0)),
            "you measure the first batch only. Is there a return inside your loop?",
        ),
        Wrong(
            "standard deviation",
            lambda batches: (_all(batches).mean(0), _all(batches).std(0)),
            "your second value is the standard deviation. BatchNorm stores its square, the variance.",
        ),
        Wrong(
            "mean square",
            lambda batches: (_all(batches).mean(0), (_all(batches) ** 2).mean(0)),
            "your second value is the mean of the squares. Take the square of the mean away from it, and mind n - 1.",
        ),
        Wrong(
            "variance first",
            lambda batches: recalibrate(batches)[::-1],
            "you return the variance first. The order asked for is mean, variance.",
        ),
        Wrong(
            "one number for all units",
            lambda batches: (_all(batches).mean(), _all(batches).var()),
            "you pool all units into one number. Each unit has its own mean and variance.",
        ),
        Wrong(
            "one number a sample",
            lambda batches: (_all(batches).mean(1), _all(batches).var(1)),
            "that is one number a sample; units are the columns.",
        ),
        Wrong(
            "one variance a sample",
            lambda batches: (_all(batches).mean(0), _all(batches).var(1)),
            "your mean is right; your variance is one number a sample. Units are the columns.",
        ),
        Wrong(
            "statistics of a fresh layer",
            lambda batches: (torch.zeros(batches[0].shape[1]), torch.ones(batches[0].shape[1])),
            "mean 0 and variance 1 are what BatchNorm holds before it has seen any data. Measure the activations.",
        ),
    ),
    hints=(
        "Forget the batches: they are only there because not everything fits into memory at once. Every sample counts "
        "once, wherever it came.",
        "With little data, torch.cat puts all samples under each other. With much, collect three things batch by "
        "batch: how many samples, their sum, the sum of their squares.",
        "Each unit is a column: mean(0) and var(0) run over the samples. var is unbiased unless told otherwise.",
    ),
    skeleton=(
        "def recalibrate(batches):\n    samples = ...  # all batches under each other\n    return samples.mean(0), ..."
    ),
    praise="Every sample counts once, whatever batch it came in: these statistics belong to this very network.",
    errors={
        r"stack expects each tensor to be equal size": "The batches have different sizes: torch.cat puts them under "
        "each other, torch.stack would need equal ones."
    },
)
