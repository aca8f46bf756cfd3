"""Lesson 02, exercises 2.1 and 2.3: a curve with one bend, and how long a way is."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def bezier(a, bend, b, t):
    """Return (1 - t)² a + 2 t (1 - t) bend + t² b: shape [D] for a number t, [T, D] for a tensor t of shape [T]."""
    t = torch.as_tensor(t).to(a)[..., None]
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b


def length(points):
    """Return the length of the polyline through the rows of points [T, D], in their order."""
    steps = points[1:] - points[:-1]
    return steps.norm(dim=1).sum()


_A, _BEND, _B = torch.tensor([0.1, -3.0, 2.0]), torch.tensor([1.3, 4.0, -0.7]), torch.tensor([0.7, 0.3, -1.1])


def _towards(a, b, t):
    return a + t * (b - a)


def _columns(a, bend, b, t):
    t = torch.as_tensor(t)
    curve = (1 - t) ** 2 * a[:, None] + 2 * t * (1 - t) * bend[:, None] + t**2 * b[:, None]
    return curve if t.ndim else curve[:, 0]


def _cubic(a, bend, b, t):
    return (1 - t) ** 3 * a + 3 * t * (1 - t) * bend + t**3 * b


BEZIER = Exercise(
    id="2.1",
    title="Bezier",
    difficulty=2,
    minutes=10,
    objective=1,
    reference=bezier,
    cases=(
        Case((_A, _BEND, _B, 0.25)),
        Case((_A, _BEND, _B, 0.0), exact=True),
        Case((_A, _BEND, _B, 1.0), exact=True),
        Case((_A, _BEND, _B, torch.tensor([0.0, 0.5, 1.0]))),
        Case((_A, _BEND, _B, torch.tensor([0.0, 0.25, 0.75, 1.0]))),
        Case((_A, _BEND, _B, 1.5)),
    ),
    wrong=(
        Wrong(
            "ends swapped",
            lambda a, bend, b, t: bezier(b, bend, a, t),
            "your curve runs from b to a. At t = 0 all the weight belongs to a.",
        ),
        Wrong(
            "factor 2 forgotten",
            lambda a, bend, b, t: (1 - t) ** 2 * a + t * (1 - t) * bend + t**2 * b,
            "your three weights do not add up to 1; half way they are 1/4, 1/4 and 1/4. One of them is too small.",
        ),
        Wrong(
            "line plus bend",
            lambda a, bend, b, t: (1 - t) * a + 2 * t * (1 - t) * bend + t * b,
            "you add the bend on top of the straight line, so your weights add up to more than 1. The two ends must "
            "make room: on the curve they fade faster than on a line.",
        ),
        Wrong(
            "1 - t²",
            lambda a, bend, b, t: (1 - t**2) * a + 2 * t * (1 - t) * bend + t**2 * b,
            "your weight of a is 1 - t². The square belongs to all of 1 - t; otherwise the three weights add up to "
            "more than 1.",
        ),
        Wrong(
            "bend ignored",
            lambda a, bend, b, t: (1 - t) * a + t * b,
            "you ignore the bend: this is the straight line of lesson 01.",
        ),
        Wrong(
            "polygonal chain",
            lambda a, bend, b, t: (1 - 2 * t) * a + 2 * t * bend if t < 0.5 else (2 - 2 * t) * bend + (2 * t - 1) * b,
            "you walk straight to the bend and then straight on to b. That is a polygonal chain, which has a corner "
            "in the bend; a Bezier curve leans towards its bend and never gets there.",
        ),
        Wrong(
            "parabola through the bend",
            lambda a, bend, b, t: (1 - t) * (1 - 2 * t) * a + 4 * t * (1 - t) * bend + t * (2 * t - 1) * b,
            "your curve passes through the bend at t = 0.5. A Bezier curve goes only half way there: its weight on "
            "the bend never exceeds one half.",
        ),
        Wrong(
            "two walks averaged",
            lambda a, bend, b, t: ((1 - t) * a + t * bend + (1 - t) * bend + t * b) / 2,
            "you take the mean of two walks, a to bend and bend to b. From the one walk to the other you go by t "
            "as well, not always half way.",
        ),
        Wrong(
            "first walk only",
            lambda a, bend, b, t: (1 - t) * a + t * bend,
            "you walk from a to the bend and stop there: b has no weight.",
        ),
        Wrong(
            "cubic",
            _cubic,
            "your exponents are those of a cubic, the curve with two bends. With one bend they go up to 2.",
        ),
        Wrong(
            "a + t * (b - a), nested",
            lambda a, bend, b, t: _towards(_towards(a, bend, t), _towards(bend, b, t), t),
            "a + t * (b - a), nested, is right on paper, but rounding makes it miss b in the last digits at t = 1. "
            "Give each of the three points its weight, and both ends come out exactly.",
        ),
        Wrong(
            "t paired with coordinates",
            lambda a, bend, b, t: (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b,
            "your product pairs t[i] with coordinate i: each coordinate sits at another t, and that is no network on "
            "the curve.",
        ),
        Wrong(
            "points in columns",
            _columns,
            "your points stand in columns, shape [D, T]. Each point is a row: the result has shape [T, D].",
        ),
        Wrong(
            "t limited to [0, 1]",
            lambda a, bend, b, t: bezier(a, bend, b, torch.as_tensor(t).clamp(0, 1)),
            "you stop at the ends. The formula goes on beyond a and b: do not limit t.",
        ),
    ),
    hints=(
        "Three points, three weights. At every t they add up to 1: they are the three terms of ((1 - t) + t)².",
        "Multiply that square out: one term for a, one for the bend, one for b.",
        "For a tensor t the shapes [T, 1] and [D] broadcast to [T, D], as in exercise 1.2: "
        "torch.as_tensor(t).to(a)[..., None].",
    ),
    skeleton="def bezier(a, bend, b, t):\n    t = torch.as_tensor(t).to(a)[..., None]\n"
    "    return (...) * a + (...) * bend + (...) * b",
    praise="It leaves a, leans towards the bend and meets b to the last bit, for one t or for many.",
)

# A walk of 5 + 4 + 13 = 22, in which every known mistake measures something else.
_ZIGZAG = torch.tensor([[1.0, 1.0], [4.0, 5.0], [4.0, 1.0], [9.0, 13.0]])
_STRAIGHT = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 2.0], [4.0, 8.0, 8.0]])
_LOOP = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [0.0, 0.0]])


def _steps(points):
    return points[1:] - points[:-1]


LENGTH = Exercise(
    id="2.3",
    title="Length",
    difficulty=2,
    minutes=8,
    objective=3,
    reference=length,
    cases=(Case((_ZIGZAG,)), Case((_STRAIGHT,)), Case((_LOOP,)), Case((_ZIGZAG[:2],))),
    wrong=(
        Wrong(
            "chord",
            lambda points: (points[-1] - points[0]).norm(),
            "you measure the straight way from the first point to the last. (Adding up the steps before you take "
            "the norm gives the same: detours cancel.)",
        ),
        Wrong(
            "squares",
            lambda points: (_steps(points) ** 2).sum(),
            "you add up squared steps. A length of 13 counts as 13, not as 169: take the root of each step first.",
        ),
        Wrong(
            "root of the sum of squares",
            lambda points: _steps(points).norm(),
            "you take one norm of all the steps together. Each step has a length of its own; add these up.",
        ),
        Wrong(
            "L1",
            lambda points: _steps(points).abs().sum(),
            "you add up the changes of the coordinates, as if you could only walk along the axes. The length of a "
            "step is its Euclidean norm.",
        ),
        Wrong(
            "mean step",
            lambda points: _steps(points).norm(dim=1).mean(),
            "you return the mean step. The length of the way is their sum, however many there are.",
        ),
        Wrong(
            "divided by T",
            lambda points: _steps(points).norm(dim=1).sum() / len(points),
            "you divide by the number of points. More points on the same way do not make it shorter.",
        ),
        Wrong(
            "each step's length",
            lambda points: _steps(points).norm(dim=1),
            "these are the lengths of the single steps. Add them up.",
        ),
        Wrong(
            "longest step",
            lambda points: _steps(points).norm(dim=1).max(),
            "you return the longest step alone.",
        ),
        Wrong(
            "differences between coordinates",
            lambda points: points.diff().norm(dim=1).sum(),
            "you subtract coordinates of the same point from each other (diff works along the last dimension unless "
            "told otherwise). A step leads from row to row.",
        ),
        Wrong(
            "norm over the steps",
            lambda points: _steps(points).norm(dim=0).sum(),
            "your norm runs over the steps of one coordinate. It should run over the coordinates of one step.",
        ),
        Wrong(
            "distances from the origin",
            lambda points: points.norm(dim=1).sum(),
            "you add up how far the points are from the origin. A length is made of differences between neighbours.",
        ),
        Wrong(
            "distances from the first point",
            lambda points: (points - points[0]).norm(dim=1).sum(),
            "you measure every point from the first one. Measure each from the one before it.",
        ),
    ),
    hints=(
        "A polyline is made of straight steps, from each point to the next. Measure each, and add.",
        "points[1:] and points[:-1] are the same rows, shifted by one. Their difference holds the T - 1 steps.",
        "A step is a row: norm(dim=1) gives one length a row.",
    ),
    skeleton="def length(points):\n    steps = ...\n    return steps.norm(dim=1).sum()",
    praise="Zigzag, straight line, loop: you measure the way itself, whatever the distance of its ends.",
)
