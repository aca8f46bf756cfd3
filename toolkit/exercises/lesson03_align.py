"""Lesson 03, exercise 3.5: align two networks by their weights alone."""

import torch

from toolkit.exercises.compare import kind, show
from toolkit.exercises.lesson03_align_mistakes import MISTAKES, score, settled
from toolkit.exercises.lesson03_lists import Tensors
from toolkit.exercises.lesson03_partners import partners
from toolkit.exercises.parts import Case, Exercise, Flaw


def align(a, b):
    """Return [p1, p2] that bring b nearer to a, one layer at a time, until neither layer wants to change."""
    from scipy.optimize import linear_sum_assignment

    def best(score):  # your partners from exercise 3.3
        return torch.as_tensor(linear_sum_assignment(score.cpu(), maximize=True)[1])

    p2 = torch.arange(len(b[1]))
    for _ in range(100):  # it settles after a few
        before = p2
        p1 = best(a[0] @ b[0].T + a[1].T @ b[1][p2])
        p2 = best(a[1] @ b[1][:, p1].T + a[2].T @ b[2])
        if torch.equal(p2, before):
            break
    return [p1, p2]


def _total(a, b, perms):
    """Return sum_l <A_l, P_l B_l P_{l-1}^T>."""
    p1, p2 = perms
    moved = b[0][p1], b[1][p2][:, p1], b[2][:, p2]
    return float(sum((one * other).sum() for one, other in zip(a, moved, strict=True)))


def _malformed(got, sizes):
    if not isinstance(got, list | tuple) or len(got) != len(sizes):
        came = f"{len(got)} values" if isinstance(got, list | tuple) else kind(got)
        return f"expected [p1, p2], a list of two index vectors, got {came}"
    for number, (perm, size) in enumerate(zip(got, sizes, strict=True), start=1):
        whole = isinstance(perm, torch.Tensor) and perm.dtype != torch.bool and not perm.is_floating_point()
        if not whole or perm.is_complex() or sorted(perm.flatten().tolist()) != list(range(size)) or perm.ndim != 1:
            shown = show(perm) if isinstance(perm, torch.Tensor) else kind(perm)
            return f"p{number} must be a tensor that holds each of 0 to {size - 1} once, got {shown}"
    return None


def _misconception(got, a, b):
    for wrong in MISTAKES:
        if all(map(torch.equal, wrong.function(a, b), got)):
            return wrong.message
    return None


def _flaw_of_planted(got, a, b):
    """Return what is wrong where b is a network a whose units were renumbered: there is one right answer."""
    problem = _malformed(got, (len(b[0]), len(b[1])))
    if problem:
        return Flaw(problem)
    got = [perm.cpu().long() for perm in got]
    home = sum(int((perm == goal).sum()) for perm, goal in zip(got, _HOME, strict=True))
    units = sum(map(len, _HOME))
    if home == units:
        return None
    seen = f"b is a copy of a with its units renumbered, and your permutations bring {home} of its {units} units home"
    return Flaw(seen, _misconception(got, a, b))


def _flaw_of_strangers(got, a, b):
    """Return what is wrong where a and b have nothing in common: no layer may want to change any more."""
    problem = _malformed(got, (len(b[0]), len(b[1])))
    if problem:
        return Flaw(problem)
    got = [perm.cpu().long() for perm in got]
    total, least = _total(a, b, got), min(_total(a, b, settled(a, b, order)) for order in ((0, 1), (1, 0)))
    for layer in (0, 1):
        better = list(got)
        better[layer] = partners(score(a, b, got, layer))
        possible = _total(a, b, better)
        if possible > total + 1e-3:
            seen = (
                f"the total is {total:.2f}, and another p{layer + 1}, with p{2 - layer} as it is, makes it "
                f"{possible:.2f}"
            )
            return Flaw(seen, _misconception(got, a, b))
    if total < least - 1e-3:
        seen = f"no layer can do better on its own, but the total is {total:.2f}; sweeps that start at the identity"
        return Flaw(f"{seen} reach {least:.2f} at least")
    return None


def _network(generator, *widths):
    shapes = zip(widths[1:], widths, strict=False)
    return Tensors(torch.randn(shape, generator=generator) for shape in shapes)


_generator = torch.Generator().manual_seed(0)
_PLANTED = _network(_generator, 12, 8, 6, 10)
_HOME = [torch.randperm(size, generator=_generator) for size in (8, 6)]
_COPY = [perm.argsort() for perm in _HOME]
_COPY = Tensors([_PLANTED[0][_COPY[0]], _PLANTED[1][_COPY[1]][:, _COPY[0]], _PLANTED[2][:, _COPY[1]]])

# A pair on which one sweep is not enough in either order, and on which of 1,000 descents from random starts
# all but one reach what those from the identity do.
_generator = torch.Generator().manual_seed(150)
_STRANGERS = tuple(_network(_generator, 8, 10, 8, 6) for _ in "ab")

ALIGN = Exercise(
    id="3.5",
    title="Align without data",
    difficulty=5,
    minutes=30,
    objective=4,
    reference=align,
    cases=(Case((_PLANTED, _COPY), accept=_flaw_of_planted), Case(_STRANGERS, accept=_flaw_of_strangers)),
    wrong=MISTAKES,
    hints=(
        "Hold p2 still. How well does unit j of b fit at place i of the first layer? By its row in W1, and by its "
        "column in W2. Every pair (i, j) gives one number: a score matrix, and you know what to do with one.",
        "The scores of all pairs of rows are one matrix product: a[0] @ b[0].T. Those of the columns are "
        "a[1].T @ (W2 of b, with its rows renumbered by p2). For the second layer it is the same, one matrix further.",
        "Go back and forth: p1 with p2 held, p2 with p1 held, until p2 comes out as it went in. The total never "
        "falls, so this ends.",
    ),
    skeleton=(
        "def align(a, b):\n"
        "    p2 = torch.arange(len(b[1]))\n"
        "    for _ in range(100):  # it settles after a few\n"
        "        before = p2\n"
        "        p1 = partners(a[0] @ b[0].T + a[1].T @ ...)\n"
        "        p2 = partners(a[1] @ ... + a[2].T @ b[2])\n"
        "        if ...:\n"
        "            break\n"
        "    return [p1, p2]"
    ),
    praise=(
        "A planted order found again, and between strangers no layer wants to change: coordinate descent on "
        "permutations, without a single image."
    ),
)
