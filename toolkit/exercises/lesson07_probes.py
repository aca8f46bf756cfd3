"""Lesson 07, exercise 7.5: how many probes the diagonal of a Hessian needs."""

import math

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def probes_needed(H, eps):
    """Return the fewest probes with which Hutchinson's estimate of H's diagonal is expected to be within eps of it."""
    diagonal = H.diagonal().square().sum()
    rest = H.square().sum() - diagonal  # what lies off it is noise
    return max(1, int(torch.ceil(rest / diagonal / eps**2)))


def _parts(H):
    """Return the entries on the diagonal and those off it."""
    return H.diagonal(), H[~torch.eye(len(H), dtype=torch.bool)]


def _by(ratio, power=2, whole=math.ceil, least=1):
    """Return a wrong answer from another ratio(diagonal, rest), power of eps, or rounding."""

    def attempt(H, eps):
        number = whole(float(ratio(*_parts(H))) / eps**power)
        return number if least is None else max(least, number)

    return attempt


def _squares(diagonal, rest):
    return rest.square().sum() / diagonal.square().sum()


_H = torch.tensor([[3.0, -0.5, 1.0, 0.75], [-0.5, -2.0, 1.5, 0.5], [1.0, 1.5, 1.0, -1.0], [0.75, 0.5, -1.0, 4.0]])
_PAIR = torch.tensor([[2.0, 1.0], [1.0, 2.0]])


def _random():
    h = torch.randn(12, 12, generator=torch.Generator().manual_seed(0))
    return h + h.T, 0.22


PROBES = Exercise(
    id="7.5",
    title="How many probes",
    difficulty=3,
    minutes=12,
    objective=4,
    reference=probes_needed,
    cases=(
        Case((_H, 0.09), exact=True),
        Case((_PAIR, 0.125), exact=True),  # 16 to the point
        Case((torch.diag(torch.tensor([1.0, -4.0, 0.5])), 0.01), exact=True),
        Case((_H, 2.0), exact=True),
        Case(_random, exact=True),
    ),
    wrong=(
        Wrong(
            "diagonal counted too",
            _by(lambda d, rest: (d.square().sum() + rest.square().sum()) / d.square().sum()),
            "you count the diagonal as noise. A probe of ±1 gets its share of the diagonal exactly right: ±1 squared "
            "is 1. Only i ≠ j is noise.",
        ),
        Wrong(
            "probes of normal numbers",
            _by(lambda d, rest: _squares(d, rest) + 2),
            "you count 2 H_ii² more. That is so for probes of normal numbers; ±1 squared is always 1, and adds "
            "nothing.",
        ),
        Wrong(
            "eps not squared",
            _by(_squares, power=1),
            "you divide by eps. The error falls with the root of M, so half the error costs four times the probes: "
            "eps².",
        ),
        Wrong(
            "rho not squared",
            _by(lambda d, rest: _squares(d, rest).sqrt()),
            "you take rho for rho². From rho / sqrt(M) ≤ eps follows M ≥ rho² / eps²; the quotient of the sums of "
            "squares is rho² already.",
        ),
        Wrong(
            "rho as it is, eps as it is",
            _by(lambda d, rest: _squares(d, rest).sqrt(), power=1),
            "you return rho / eps. That is the root of M: square it.",
        ),
        Wrong(
            "rho to the fourth",
            _by(lambda d, rest: _squares(d, rest) ** 2),
            "you square rho² once more. The quotient of the sums of squares is rho² already.",
        ),
        Wrong(
            "sizes in place of squares",
            _by(lambda d, rest: rest.abs().sum() / d.abs().sum()),
            "you add up sizes. Noise adds up in squares: H_ij².",
        ),
        Wrong(
            "signed sums",
            _by(lambda d, rest: rest.sum().square() / d.sum().square()),
            "you add first and square afterwards, so entries of different sign cancel. Square each, then add.",
        ),
        Wrong(
            "the trace",
            _by(lambda d, rest: rest.square().sum() / d.sum().abs()),
            "you divide by the trace. The error is measured against the length of the diagonal: the sum of its "
            "squares.",
        ),
        Wrong(
            "the trace squared",
            _by(lambda d, rest: rest.square().sum() / d.sum().square()),
            "you divide by the square of the trace. The error is measured against the length of the diagonal: the sum "
            "of its squares.",
        ),
        Wrong(
            "the whole of H",
            _by(lambda d, rest: rest.square().sum() / (d.square().sum() + rest.square().sum())),
            "you divide by all of H. The error is measured against the diagonal, which is what is estimated.",
        ),
        Wrong(
            "one triangle",
            _by(lambda d, rest: _squares(d, rest) / 2),
            "you count one triangle of H. i ≠ j has both: H_ij disturbs entry i, and H_ji disturbs entry j.",
        ),
        Wrong(
            "upside down",
            _by(lambda d, rest: d.square().sum() / rest.square().sum() if rest.any() else 1.0),
            "your quotient is upside down. The more there is off the diagonal, the more probes are needed.",
        ),
        Wrong(
            "means in place of sums",
            _by(lambda d, rest: rest.square().mean() / d.square().mean()),
            "you divide means. There are n - 1 times as many entries off the diagonal as on it, and all of them make "
            "noise: sums.",
        ),
        Wrong(
            "rounded down",
            _by(_squares, whole=math.floor),
            "your M is one too small: the error is still above eps. Round up.",
        ),
        Wrong(
            "rounded",
            _by(lambda d, rest: _squares(d, rest), whole=round),
            "you round to the nearest. With a probe too few the error is above eps: round up, always.",
        ),
        Wrong(
            "not rounded",
            _by(_squares, whole=float),
            "your M is no whole number. Probes are counted: the fewest that will do.",
        ),
        Wrong(
            "one too many",
            _by(_squares, whole=lambda number: math.floor(number) + 1),
            "here M probes meet eps exactly, and you take one more. At most eps means that equal will do.",
        ),
        Wrong(
            "no probe at all",
            _by(_squares, least=None),
            "a diagonal H has no noise, and your M is 0. Without a probe there is no estimate: at least 1, which is "
            "exact here.",
        ),
        Wrong(
            "at least two",
            _by(_squares, least=2),
            "where nothing lies off the diagonal one probe is exact: then M = 1.",
        ),
    ),
    hints=(
        "Entry i of one probe's v · (H v) is H_ii plus the sum over j ≠ i of v_i H_ij v_j. Which part is what you "
        "want, which is noise, and how large is its variance for signs ±1?",
        "Its variance is the sum over j ≠ i of H_ij². All entries together, over the squared length of the diagonal: "
        "rho². M probes leave rho² / M of it. For which M is the root of that at most eps?",
        "M = rho² / eps², rounded up, and never less than 1. H.square().sum() counts the diagonal as well: take off "
        "H.diagonal().square().sum().",
    ),
    skeleton=(
        "def probes_needed(H, eps):\n"
        "    diagonal = H.diagonal().square().sum()\n"
        "    rest = H.square().sum() - ...\n"
        "    return max(..., int(torch.ceil(...)))"
    ),
    praise="Half the error costs four times the probes; how many to begin with, only what lies off the diagonal says.",
    errors={
        r"name 'math' is not defined": "Write import math first, or take torch.ceil.",
        r"ceil\(\): argument 'input'": "torch.ceil takes a tensor, math.ceil a number.",
    },
)
