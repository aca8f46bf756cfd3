"""Lesson 02, exercise 2.3: how long a way is."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def length(points):
    """Return the length of the polyline through the rows of points [T, D], in their order."""
    steps = points[1:] - points[:-1]
    return steps.norm(dim=1).sum()


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
            "divided by the straight line",
            lambda points: length(points) / (points[-1] - points[0]).norm(),
            "you return how many times as long as the straight line the way is; return the length itself.",
        ),
        Wrong(
            "way back added",
            lambda points: (points - points.roll(1, 0)).norm(dim=1).sum(),
            "you also walk back from the last point to the first. The way ends at its last point.",
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
