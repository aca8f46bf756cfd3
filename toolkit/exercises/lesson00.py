"""Exercises of lesson 00: how this course works, and what a point in weight space is."""

import torch

from toolkit.exercises.parts import Case, Exercise, Prediction, Question, Wrong


def walk(a, b, t):
    """Return the point at fraction t of the way from a to b (tensors of shape [2])."""
    return (1 - t) * a + t * b


_A, _B = torch.tensor([1.0, 2.0]), torch.tensor([5.0, 0.0])

_WALK = Exercise(
    id="0.1",
    title="Walk",
    difficulty=1,
    minutes=5,
    objective=1,
    reference=walk,
    cases=(Case((_A, _B, 0.25)), Case((_A, _B, 0.0)), Case((_A, _B, 1.0)), Case((_B, _A, 0.5))),
    wrong=(
        Wrong(
            "ends swapped",
            lambda a, b, t: t * a + (1 - t) * b,
            "you walk from b to a. At t = 0 you should stand at a, so a carries the weight 1 - t.",
        ),
        Wrong(
            "a + t * b",
            lambda a, b, t: a + t * b,
            "a + t * b never loses a: at t = 1 it gives a + b, not b. The two weights must add up to 1.",
        ),
        Wrong(
            "always b",
            lambda a, b, t: b,
            "you return b whatever t is. That is where the walk ends; at t = 0.25 you have gone a quarter of the way.",
        ),
        Wrong(
            "always the midpoint",
            lambda a, b, t: (a + b) / 2,
            "you always return the midpoint. That is right for t = 0.5 only; let t decide.",
        ),
        Wrong(
            "only the step",
            lambda a, b, t: t * (b - a),
            "t * (b - a) is the step, not the place. Add the point you started from.",
        ),
    ),
    hints=(
        "Say it in words first: at t = 0 you are at a, at t = 1 you are at b, and in between you are a mixture.",
        "A mixture multiplies each end by a weight and adds. The weight of b is t; the two weights add up to 1.",
    ),
    skeleton="def walk(a, b, t):\n    return (...) * a + (...) * b",
    praise="Your walk starts at a, ends at b and keeps to the straight line.",
)

_POINT = Question(
    id="0.q1",
    text="What is one point in weight space?",
    options={
        "a": "One weight of a network.",
        "b": "One image of the data set.",
        "c": "One complete network: a value for each of its weights and biases.",
        "d": "One neuron, with its incoming weights.",
    },
    answer="c",
    feedback={
        "a": "One weight is one coordinate. A point needs a value for every coordinate.",
        "b": "Images live in input space. Weight space has one axis for each weight and bias of the network.",
        "c": "Write all D weights and biases in one row, and that row is a point in a space of D dimensions.",
        "d": "A neuron owns some of the coordinates. A point fixes all of them, so it fixes the whole network.",
    },
)

EXERCISES: tuple[Exercise, ...] = (_WALK,)
QUESTIONS: tuple[Question, ...] = (_POINT,)
PREDICTIONS: tuple[Prediction, ...] = ()
