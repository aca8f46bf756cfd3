"""Lesson 03, exercise 3.2: how alike the units of two networks are."""

import torch

from toolkit.exercises.compare import difference
from toolkit.exercises.lesson03_lists import Tensors
from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong


def correlation(batches):
    """Return the correlation [n, n] of unit i of A with unit j of B over all samples; 0 where one never changes."""
    number, total, products = 0, 0, 0
    for u, v in batches:
        both = torch.cat([u, v], dim=1).double()
        number, total, products = number + len(both), total + both.sum(0), products + both.T @ both
    covariance = products / number - torch.outer(total, total) / number**2
    sd, n = covariance.diag().sqrt(), u.shape[1]
    return (covariance / torch.outer(sd, sd)).nan_to_num()[:n, n:]


def _pair(generator, samples):
    """Activations of three units of A, and of three of B that do nearly the same on other scales, in another order."""
    u = 1 + torch.rand(3, generator=generator) + torch.randn(samples, 3, generator=generator)
    v = u[:, [2, 0, 1]] * torch.tensor([3.0, 0.5, 1.0]) + torch.randn(samples, 3, generator=generator)
    return u.relu(), v.relu()


_GENERATOR = torch.Generator().manual_seed(0)
_ALIVE = Tensors([_pair(_GENERATOR, samples) for samples in (9, 5)])
_UNEVEN = Tensors([_pair(_GENERATOR, samples) for samples in (20, 1, 7)])
_WITH_DEAD = Tensors(
    (u * torch.tensor([1.0, 0.0, 1.0]), torch.where(torch.tensor([False, False, True]), 2.0, v))
    for u, v in (_pair(_GENERATOR, samples) for samples in (6, 11))
)

_NAN = (
    "your correlations are right where both units are alive. Where one never changes you divide 0 by 0, which is NaN, "
    "and one NaN is enough to make the matching fail. Asked for is 0 there."
)
_NOT_ZERO = "a unit that never changes has no correlation with any other. Asked for is 0 there."


def _flaw_beside_dead_units(got, batches):
    expected = correlation(batches)
    tensor = isinstance(got, torch.Tensor) and got.shape == expected.shape and not got.is_complex()
    if tensor and got.isnan().any():
        others = difference(got.nan_to_num(), expected) is None
        return Flaw("unit 1 of A is always 0, unit 2 of B always 2; NaN stands there", _NAN if others else None)
    problem = difference(got, expected)
    dead = expected == 0
    wrong = tensor and problem and difference(torch.where(dead, 0, got), expected) is None
    return Flaw(problem, _NOT_ZERO if wrong else None) if problem else None


def _joined(batches):
    return (torch.cat(side) for side in zip(*batches, strict=True))


def _each(batches):
    """Correlations batch by batch, and the sizes of the batches."""
    found = torch.stack([correlation([batch]) for batch in batches])
    return found, torch.tensor([len(u) for u, _ in batches]).double()


def _weighted(batches):
    found, sizes = _each(batches)
    return torch.tensordot(sizes / sizes.sum(), found, 1)


def _cosine(batches):
    u, v = _joined(batches)
    return (u.T @ v / (u.norm(dim=0)[:, None] * v.norm(dim=0))).nan_to_num()


def _covariance(batches, correction):
    u, v = _joined(batches)
    return (u - u.mean(0)).T @ (v - v.mean(0)) / (len(u) - correction)


def _all_pairs(batches):
    return torch.corrcoef(torch.cat(tuple(_joined(batches)), dim=1).T)


def _products(batches):
    u, v = _joined(batches)
    return u.T @ v / len(u)


def _shrunk(batches):
    samples = sum(len(u) for u, _ in batches)
    return correlation(batches) * (samples - 1) / samples


def _with_nan(batches):
    right = correlation(batches)
    u, v = _joined(batches)
    return right.masked_fill((u.var(0) == 0)[:, None] | (v.var(0) == 0), float("nan"))


def _with_one(batches):
    right = correlation(batches)
    u, v = _joined(batches)
    return right.masked_fill((u.var(0) == 0)[:, None] | (v.var(0) == 0), 1.0)


CORRELATION = Exercise(
    id="3.2",
    title="Correlation",
    difficulty=3,
    minutes=15,
    objective=2,
    reference=correlation,
    cases=(Case((_ALIVE,)), Case((_UNEVEN,)), Case((_WITH_DEAD,), accept=_flaw_beside_dead_units)),
    wrong=(
        Wrong(
            "mean of the batches' correlations",
            lambda batches: _each(batches)[0].mean(0),
            "you average the correlations of the batches. Each batch then counts deviations from a mean of its own; "
            "the samples belong together first, the correlation comes last.",
        ),
        Wrong(
            "weighted mean of the batches' correlations",
            _weighted,
            "you average the batches' correlations, weighted by their sizes. The weights are right, the order of the "
            "steps is not: a correlation of all samples knows one mean a unit, not one a batch.",
        ),
        Wrong(
            "not centred (cosine)",
            _cosine,
            "you leave the means in, which gives the cosine. After a ReLU nothing is negative, so any two units look "
            "alike to it. Ask whether they rise and fall together: subtract each unit's mean.",
        ),
        Wrong(
            "covariance",
            lambda batches: _covariance(batches, 0),
            "you return the covariance. It favours loud units: multiply a unit by 3 and its entries triple. Divide "
            "by both standard deviations.",
        ),
        Wrong(
            "covariance, over n - 1",
            lambda batches: _covariance(batches, 1),
            "you return the (unbiased) covariance, which depends on how loud the units are. Divided by both standard "
            "deviations it does not.",
        ),
        Wrong(
            "mean of the products",
            _products,
            "you return the mean of the products u v. That is large for two units that are merely on a lot. Subtract "
            "the means, divide by the standard deviations.",
        ),
        Wrong(
            "two different divisors",
            _shrunk,
            "you mix two divisors: std() divides by the number of samples minus 1 unless told otherwise, your mean of "
            "products by the number of samples. A unit with itself must give exactly 1.",
        ),
        Wrong(
            "last batch only",
            lambda batches: correlation(batches[-1:]),
            "you look at the last batch only: what the batches before it said is overwritten.",
        ),
        Wrong(
            "first batch only",
            lambda batches: correlation(batches[:1]),
            "you look at the first batch only. Is there a return inside your loop?",
        ),
        Wrong(
            "transposed",
            lambda batches: correlation(batches).T,
            "your matrix is transposed. Rows are A's units, columns B's: the permutation read off it is the one for B.",
        ),
        Wrong(
            "all pairs",
            _all_pairs,
            "you correlate all 2n units with each other, A's with A's as well. A with B is the block [:n, n:].",
        ),
        Wrong(
            "A with itself",
            lambda batches: correlation([(u, u) for u, _ in batches]),
            "you correlate A's units with A's own, so the diagonal is 1. With u first and v second in one matrix, A "
            "with B is the block [:n, n:].",
        ),
        Wrong("NaN for dead units", _with_nan, _NAN),
        Wrong("1 for dead units", _with_one, _NOT_ZERO),
    ),
    hints=(
        "Forget the batches: what counts are means over all samples, and sums can be collected batch by batch. (To put "
        "all samples under each other with torch.cat first is right as well, as long as they fit into memory.)",
        "The covariance is mean(u v) - mean(u) mean(v), a variance mean(u²) - mean(u)², each over all samples. With u "
        "and v side by side in one tensor of shape [m, 2n], both.T @ both holds all squares and products at once.",
        "That gives one matrix of covariances [2n, 2n], with the variances on its diagonal. Divide by both standard "
        "deviations; A's rows and B's columns are [:n, n:]. nan_to_num() turns 0 / 0 into 0.",
    ),
    skeleton=(
        "def correlation(batches):\n"
        "    number, total, products = 0, 0, 0\n"
        "    for u, v in batches:\n"
        "        both = torch.cat([u, v], dim=1).double()\n"
        "        number, total, products = number + len(both), total + ..., products + ...\n"
        "    covariance = products / number - ...\n"
        "    sd, n = covariance.diag().sqrt(), u.shape[1]\n"
        "    return (covariance / ...).nan_to_num()[:n, n:]"
    ),
    praise="One number for each pair of units, from all samples together: loudness and offset no longer matter.",
)
