"""Lesson 01, exercises 1.3 and 1.4: how high the loss rises on the line, and what BatchNorm needs there."""

import numpy as np
import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def barrier(losses, t):
    """Return the highest rise of the losses above the chord between the two ends (arrays or tensors [T])."""
    chord = (1 - t) * losses[0] + t * losses[-1]
    return float((losses - chord).max())


def batchnorm_statistics(activations):
    """Return mean [units] and unbiased variance [units] of activations [n, units]."""
    return activations.mean(dim=0), activations.var(dim=0, correction=1)


# The second end is higher, the highest loss is not where the rise is largest, and in the middle the loss dips
# below both ends: known mistakes give different numbers here, or (absolute value, even grid) in a later case.
_T = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_TILTED = np.array([3.0, 5.5, 2.7, 5.6, 4.0])
_FINE_T = torch.linspace(0, 1, 9)
_DOUBLE_WELL = ((2 * _FINE_T - 1) ** 2 - 1) ** 2
_UNEVEN_T = torch.tensor([0.0, 0.1, 0.5, 1.0])


def _rises(losses, t):
    return losses - ((1 - t) * losses[0] + t * losses[-1])


def _even_grid(losses, t):
    return barrier(torch.as_tensor(losses), torch.linspace(0, 1, len(losses)))


BARRIER = Exercise(
    id="1.3",
    title="Barrier",
    difficulty=2,
    minutes=10,
    objective=3,
    reference=barrier,
    cases=(
        Case((_TILTED, _T)),
        Case((_DOUBLE_WELL, _FINE_T)),
        Case((_FINE_T**2, _FINE_T)),
        Case((torch.tensor([1.0, 1.5, 3.0, 4.0]), _UNEVEN_T)),
    ),
    wrong=(
        Wrong(
            "highest loss",
            lambda losses, t: float(losses.max()),
            "you return the highest loss itself. A barrier is a rise: two poor networks with nothing "
            "between them have none. Subtract the chord between the two ends.",
        ),
        Wrong(
            "mean of the ends",
            lambda losses, t: float(losses.max() - (losses[0] + losses[-1]) / 2),
            "you subtract the mean of the two ends. That is the other definition in use (Frankle et al. "
            "2020); the two differ when the ends differ. Here the chord goes along with t, from L(0) to "
            "L(1).",
        ),
        Wrong(
            "highest minus lowest",
            lambda losses, t: float(losses.max() - losses.min()),
            "you subtract the lowest loss. That counts the slope between two unequal ends as a barrier; "
            "compare each loss with the chord at the same t.",
        ),
        Wrong(
            "only the first (or the lower) end",
            lambda losses, t: float(losses.max() - losses[0]),
            "you subtract one end only, here the lower one. The chord goes from one end to the other, so "
            "compare each loss with the chord at the same t.",
        ),
        Wrong(
            "only the last (or the higher) end",
            lambda losses, t: float(losses.max() - max(losses[0], losses[-1])),
            "you subtract one end only; the chord joins both.",
        ),
        Wrong(
            "rise at the highest loss",
            lambda losses, t: float(_rises(losses, t)[losses.argmax()]),
            "you look where the loss is highest. The largest rise above the chord may be elsewhere: "
            "subtract first, then take the maximum.",
        ),
        Wrong(
            "mean of the rises",
            lambda losses, t: float(_rises(losses, t).mean()),
            "you average the rises. A barrier is the highest one.",
        ),
        Wrong(
            "index of the peak",
            lambda losses, t: int(_rises(losses, t).argmax()),
            "you return where the peak is, not how high.",
        ),
        Wrong(
            "chord with its ends swapped",
            lambda losses, t: barrier(losses, 1 - t),
            "your chord runs the wrong way: at t = 0 it must be at losses[0].",
        ),
        Wrong(
            "midpoint only",
            lambda losses, t: float(losses[len(losses) // 2] - (losses[0] + losses[-1]) / 2),
            "you look at the midpoint only. The peak may lie elsewhere: take the maximum over all t.",
        ),
        Wrong(
            "chord minus loss",
            lambda losses, t: float((-_rises(losses, t)).max()),
            "your sign is turned round: you measure how far the loss dips below the chord. A barrier is "
            "loss minus chord.",
        ),
        Wrong(
            "absolute value",
            lambda losses, t: float(abs(_rises(losses, t)).max()),
            "you take the absolute value, so a dip below the chord counts as a barrier. Only a rise does: a "
            "convex loss has barrier 0.",
        ),
        Wrong(
            "even grid assumed",
            _even_grid,
            "your chord assumes evenly spaced points. Use the t that you are given.",
        ),
    ),
    hints=(
        "Draw the losses over t and a straight line from the first to the last. The barrier is the largest "
        "height of the losses above that line.",
        "The line at t is (1 - t) * losses[0] + t * losses[-1]: interpolation once more, now of two numbers.",
        "Use the method .max() of the difference: tensors and NumPy arrays both have it. The function "
        "torch.max raises a TypeError when it is given a NumPy array.",
    ),
    skeleton="def barrier(losses, t):\n    chord = ...\n    return float((losses - chord).max())",
    praise="Double well, convex bowl, unequal ends, uneven grid: your barrier is right on all four.",
)

_ACTIVATIONS = torch.tensor([[0.0, 2.0, 1.0], [4.0, 2.0, -1.0], [2.0, 8.0, 3.0], [0.0, 0.0, 5.0]])


STATISTICS = Exercise(
    id="1.4",
    title="BatchNorm statistics",
    difficulty=3,
    minutes=12,
    objective=4,
    reference=batchnorm_statistics,
    cases=(Case((_ACTIVATIONS,)), Case((_ACTIVATIONS[:, :2] * 100 + 7,))),
    wrong=(
        Wrong(
            "biased variance",
            lambda x: (x.mean(0), x.var(0, correction=0)),
            "your mean is right; your variance divides by n. BatchNorm keeps the unbiased one, which divides by n - 1.",
        ),
        Wrong(
            "wrong axis",
            lambda x: (x.mean(1), x.var(1)),
            "you average over the units of one example. BatchNorm looks at one unit over all examples: dim=0.",
        ),
        Wrong(
            "standard deviation",
            lambda x: (x.mean(0), x.std(0)),
            "your second value is the standard deviation. BatchNorm keeps its square, the variance.",
        ),
        Wrong(
            "variance first",
            lambda x: (x.var(0), x.mean(0)),
            "you return the variance first. The order asked for is mean, variance (torch.var_mean has the other).",
        ),
        Wrong(
            "one number for all units",
            lambda x: (x.mean(), x.var()),
            "you pool all units into one number. Each unit has its own mean and variance.",
        ),
        Wrong(
            "statistics of a fresh layer",
            lambda x: (torch.zeros(x.shape[1]), torch.ones(x.shape[1])),
            "mean 0 and variance 1 are what BatchNorm holds before it has seen any data. Measure the activations.",
        ),
        Wrong(
            "mean square",
            lambda x: (x.mean(0), (x**2).sum(0) / (len(x) - 1)),
            "your second value is the mean square. Subtract the mean before you square.",
        ),
    ),
    hints=(
        "Each unit is one column of activations. You want two numbers a column, measured over the n rows.",
        "mean(dim=0) averages over the rows. For the variance, BatchNorm keeps the unbiased estimate (n - 1).",
        "Tensor.var is unbiased unless told otherwise: its default is correction=1.",
    ),
    skeleton="def batchnorm_statistics(activations):\n    mean = ...\n    variance = ...\n    return mean, variance",
    praise="One mean and one unbiased variance a unit, measured at this very point: what BatchNorm must hold here.",
)
