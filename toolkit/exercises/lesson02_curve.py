"""Lesson 02, exercise 2.1: a curve with one bend."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def bezier(a, bend, b, t):
    """Return (1 - t)² a + 2 t (1 - t) bend + t² b: shape [D] for a number t, [T, D] for a tensor t of shape [T]."""
    t = torch.as_tensor(t).to(a)[..., None]
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b


_A, _BEND, _B = torch.tensor([0.1, -3.0, 2.0]), torch.tensor([1.3, 4.0, -0.7]), torch.tensor([0.7, 0.3, -1.1])


def _towards(a, b, t):
    return a + t * (b - a)


def _columns(a, bend, b, t):
    t = torch.as_tensor(t)
    curve = (1 - t) ** 2 * a[:, None] + 2 * t * (1 - t) * bend[:, None] + t**2 * b[:, None]
    return curve if t.ndim else curve[:, 0]


def _cubic(a, bend, b, t):
    return (1 - t) ** 3 * a + 3 * t * (1 - t) * bend + t**3 * b


# What Python and torch say where a plain number t meets a loop, t[:, None], t.unsqueeze(1), len(t), torch.outer(t, a).
_NO_NUMBER = (
    r"'float' object is not (iterable|subscriptable)|'float' object has no attribute|'float' has no len"
    r"|must be Tensor, not float|0-d|0-D|dimension 0|Dimension out of range"
)

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
            "bend and b swapped",
            lambda a, bend, b, t: bezier(a, b, bend, t),
            "b has the bend's weight, and the bend that of b. At t = 1 all the weight belongs to b.",
        ),
        Wrong(
            "t - 1",
            lambda a, bend, b, t: (1 - t) ** 2 * a + 2 * t * (t - 1) * bend + t**2 * b,
            "one sign is wrong: 2 t (1 - t) is never negative between 0 and 1.",
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
            "a + t * (b - a), nested; or powers of t",
            lambda a, bend, b, t: _towards(_towards(a, bend, t), _towards(bend, b, t), t),
            "your formula is right on paper, but rounding makes it miss b in the last digits at t = 1. Give each of "
            "the three points its weight, and both ends come out exactly.",
        ),
        Wrong(
            "powers of 1 - t",
            lambda a, bend, b, t: b + 2 * (1 - t) * (bend - b) + (1 - t) ** 2 * (a - 2 * bend + b),
            "your formula is right on paper, but rounding makes it miss a in the last digits at t = 0. Give each of "
            "the three points its weight, and both ends come out exactly.",
        ),
        Wrong(
            "table of one row for a number",
            lambda a, bend, b, t: bezier(a, bend, b, torch.as_tensor(t).reshape(-1)),
            "for a number t return one network, shape [D].",
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
    errors={_NO_NUMBER: "t may also be a plain number: then return one network, shape [D]."},
    praise="It leaves a, leans towards the bend and meets b to the last bit, for one t or for many.",
)
