"""Lesson 01, exercises 1.1 and 1.2: a network becomes a point, two points become a line."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def flatten(tensors):
    """Return all tensors of the dict (name → tensor) as one vector of shape [D], in the dict's order."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors.values()])


def interpolate(a, b, t):
    """Return (1 - t) a + t b: shape [D] for a number t, shape [T, D] for a tensor t of shape [T]."""
    t = torch.as_tensor(t).to(a)[..., None]
    return (1 - t) * a + t * b


_LAYERS = {
    "hidden.weight": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "hidden.bias": torch.tensor([7.0, 8.0]),
}
_CONVOLUTION = {"norm.scale": torch.tensor(9.0), "conv.weight": torch.arange(8.0).reshape(2, 1, 2, 2)}

FLATTEN = Exercise(
    id="1.1",
    title="Flatten",
    difficulty=1,
    minutes=8,
    objective=1,
    reference=flatten,
    cases=(Case((_LAYERS,)), Case((_CONVOLUTION,))),
    wrong=(
        Wrong(
            "biases forgotten",
            lambda tensors: torch.cat([v.reshape(-1) for v in tensors.values() if v.ndim > 1]),
            "you keep the weight matrices and drop the biases. A point fixes every parameter of the network.",
        ),
        Wrong(
            "sums",
            lambda tensors: torch.stack([v.sum() for v in tensors.values()]),
            "you add up each tensor. A sum cannot be turned back into weights: every number is its own coordinate.",
        ),
        Wrong(
            "another order",
            lambda tensors: torch.cat([tensors[name].reshape(-1) for name in sorted(tensors)]),
            "you change the order of the tensors (by name, for instance). Keep the dict's own order, or θ will "
            "be read back into other layers.",
        ),
        Wrong(
            "transposed",
            lambda tensors: torch.cat([v.mT.reshape(-1) if v.ndim > 1 else v for v in tensors.values()]),
            "you read the matrices column by column. reshape(-1) on the tensor as it is reads row by row.",
        ),
    ),
    hints=(
        "Two steps: make each tensor one-dimensional, then put the pieces one after the other.",
        "tensor.reshape(-1) does the first, for any number of dimensions; torch.cat of a list does the "
        "second. tensors.values() goes through the dict in its own order.",
    ),
    skeleton="def flatten(tensors):\n    return torch.cat([... for tensor in tensors.values()])",
    praise="Every parameter has its coordinate, in the order of the dict: the network is now a point.",
)

_A, _B = torch.tensor([0.1, -3.0, 2.0]), torch.tensor([0.7, 0.3, -1.1])


def _only_numbers_broadcast(a, b, t):
    return (1 - t) * a + t * b


def _columns(a, b, t):
    t = torch.as_tensor(t)
    line = a[:, None] * (1 - t) + b[:, None] * t
    return line if t.ndim else line[:, 0]


INTERPOLATE = Exercise(
    id="1.2",
    title="Interpolate",
    difficulty=2,
    minutes=10,
    objective=2,
    reference=interpolate,
    cases=(
        Case((_A, _B, 0.25)),
        Case((_A, _B, 0.0), exact=True),
        Case((_A, _B, 1.0), exact=True),
        Case((_A, _B, torch.tensor([0.0, 0.5, 1.0]))),
        Case((_A, _B, torch.tensor([0.0, 0.25, 0.75, 1.0]))),
        Case((_A, _B, 1.5)),
    ),
    wrong=(
        Wrong(
            "ends swapped",
            lambda a, b, t: interpolate(b, a, t),
            "you go from b to a. At t = 0 you should be at a, so a carries the weight 1 - t.",
        ),
        Wrong(
            "average, t ignored",
            lambda a, b, t: (a + b) / 2,
            "you return the average whatever t is. That is the point at t = 0.5 only.",
        ),
        Wrong(
            "a + t * b",
            lambda a, b, t: a + t * b,
            "a + t * b never loses a: at t = 1 it gives a + b, not b. The two weights must add up to 1.",
        ),
        Wrong(
            "a + t * (b - a)",
            lambda a, b, t: a + t * (b - a),
            "a + t * (b - a) is right on paper, but rounding makes it miss b in the last digits at t = 1. "
            "Written as (1 - t) * a + t * b, both ends come out exactly.",
        ),
        Wrong(
            "t paired with coordinates",
            _only_numbers_broadcast,
            "your product pairs t[i] with coordinate i: each coordinate sits at another t, and that is no "
            "network on the line.",
        ),
        Wrong(
            "points in columns",
            _columns,
            "your points stand in columns, shape [D, T]. Each point is a row: the result has shape [T, D].",
        ),
        Wrong(
            "t limited to [0, 1]",
            lambda a, b, t: interpolate(a, b, min(max(t, 0.0), 1.0) if isinstance(t, float) else t),
            "you stop at the ends. The line goes on beyond a and b, and the lesson will look there: do not limit t.",
        ),
    ),
    hints=(
        "Solve it for a number t first: it is walk from lesson 00, and it works for any number of coordinates.",
        "For a tensor t of shape [T] you want T rows of D numbers. Shapes [T, 1] and [D] broadcast to [T, D].",
        "torch.as_tensor(t).to(a)[..., None]: a number becomes a tensor, moves to the device and type of a, and "
        "gets the last dimension; a tensor t likewise.",
    ),
    skeleton="def interpolate(a, b, t):\n    t = torch.as_tensor(t).to(a)[..., None]\n    return (...) * a + (...) * b",
    praise="Both ends are exact to the last bit, and a whole tensor of t gives one network per row.",
)
