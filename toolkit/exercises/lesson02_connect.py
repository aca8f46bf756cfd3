"""Lesson 02, exercise 2.4: connect two networks that you have not seen."""

from functools import cache

import numpy as np
import torch

from toolkit import data, models
from toolkit.exercises.compare import kind
from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong
from toolkit.landscape import evaluate
from toolkit.space import WeightSpace
from toolkit.subspaces import Bezier, Line, Path, PolyChain
from toolkit.train import fit, fit_many

LEAST = 0.90  # validation accuracy; on five such pairs `connect` kept at least 0.936, the straight line at most 0.35
T = np.linspace(0, 1, 61)  # a path could hide the mountain between 21 positions, in a chain with as many corners


def connect(space, a, b, dataset):
    """Return a curve of low loss from a to b: train the bend, keep the ends."""
    start = Bezier(a, (a + b) / 2, b, fixed=(0, 2))
    return fit(space, start, dataset, epochs=30, batch_size=32, lr=0.1)


@cache
def hidden_pair():
    """Train the pair that `connect` is judged on, which no lesson shows; return its space, a, b and the data set."""
    digits = data.load("digits")
    space = WeightSpace(models.mlp(64, 32, 32, 32, digits.classes))
    a, b = fit_many(space, digits, seeds=[70, 71], epochs=40, batch_size=32, lr=0.1)
    return space, a, b, digits


_STRAIGHT = (
    "your path is the straight line, and the mountain stands on it. A bend half way between a and b changes nothing "
    "until you train it."
)
_TOO_LITTLE = (
    "your path has left the straight line, but it still crosses high ground. Train it for longer, or with another "
    "learning rate, and scan a pair of your own to see how low it gets."
)
_GOOD_STOPS = (
    "the points that make your path are good networks, but the way between them is not: a network trained on its own "
    "ends in a hollow of its own. Train the path, not the points."
)
_MOVED = (
    "your path does not join these two networks: an end is somewhere else. Training moves every control point that "
    "is not fixed."
)
_REVERSED = "your path runs from b to a. At t = 0 it should be at a."
_RETURNS = "your path ends where it starts. It should lead from a to b, two different networks."
_TWO_POINTS = "you return two networks. They say where the way begins and ends, not how it goes."
_ONE_POINT = "you return a single network. A path gives one for every t from 0 to 1."
_STOPS = "you return some networks on a way, its stops. Return the path itself, so that it can be asked for any t."


@torch.no_grad()
def _flaw(path, space, a, b, dataset):
    """Return what is wrong with a path from a to b, None if it stays on good ground."""
    if not isinstance(path, Path):
        return Flaw(f"expected a path (a Line, Bezier or PolyChain), got {kind(path)}", _other_kind(path))
    if path.points.shape[1] != space.size:
        return Flaw(f"expected a path in R^{space.size}, got one in R^{path.points.shape[1]}")
    return _flaw_of_ends(path, a, b) or _flaw_of_way(path, space, a, b, dataset)


def _other_kind(got):
    """Name the mistake behind a result that is no path."""
    if isinstance(got, torch.Tensor) and got.ndim == 1:
        return _ONE_POINT
    if isinstance(got, torch.Tensor | list | tuple) and len(got) > 1:
        return _TWO_POINTS if len(got) == 2 else _STOPS
    return None


def _flaw_of_ends(path, a, b):
    start, end = path.at([0.0, 1.0])

    def near(one, other):
        return (one - other).norm() <= 1e-4 * (a - b).norm()

    if near(start, a) and near(end, b):
        return None
    seen = f"the path starts {(start - a).norm():.3g} away from a and ends {(end - b).norm():.3g} away from b"
    if near(start, end):
        return Flaw(seen, _RETURNS)
    return Flaw(seen, _REVERSED if near(start, b) and near(end, a) else _MOVED)


def _flaw_of_way(path, space, a, b, dataset):
    networks = path.at(T)
    accuracy = evaluate(space, networks, dataset, "val_accuracy")["val_accuracy"]
    lowest = accuracy.argmin()
    if accuracy[lowest] >= LEAST:
        return None
    seen = (
        f"the validation accuracy falls to {100 * accuracy[lowest]:.1f} % at t = {T[lowest]:.2f}, "
        f"and at least {100 * LEAST:g} % is asked for everywhere"
    )
    off_line = (networks - Line(a, b).at(T)).norm(dim=1).max()
    if off_line <= 1e-3 * (a - b).norm():
        return Flaw(seen, _STRAIGHT)
    stops = evaluate(space, path.points, dataset, "val_accuracy")["val_accuracy"]
    return Flaw(seen, _GOOD_STOPS if stops.min() >= LEAST else _TOO_LITTLE)


def _good_stops(space, a, b, dataset):
    middle = fit(space, (a + b) / 2, dataset, epochs=30, batch_size=32)
    return PolyChain([a, middle, b], fixed=(0, 2))


CONNECT = Exercise(
    id="2.4",
    title="Connect",
    difficulty=2,
    minutes=6,
    objective=4,
    reference=connect,
    cases=(Case(hidden_pair, accept=_flaw),),
    wrong=(
        Wrong("straight line", lambda space, a, b, dataset: Line(a, b), _STRAIGHT),
        Wrong(
            "bend trained too little",
            lambda space, a, b, dataset: fit(space, Bezier(a, (a + b) / 2, b, fixed=(0, 2)), dataset, epochs=1),
            _TOO_LITTLE,
        ),
        Wrong("midpoint trained as a network of its own", _good_stops, _GOOD_STOPS),
        Wrong(
            "ends trained too",
            lambda space, a, b, dataset: fit(space, Bezier(a, (a + b) / 2, b), dataset, epochs=2),
            _MOVED,
        ),
        Wrong("from b to a", lambda space, a, b, dataset: Bezier(b, (a + b) / 2, a, fixed=(0, 2)), _REVERSED),
        Wrong("from a to a", lambda space, a, b, dataset: Line(a, a), _RETURNS),
        Wrong("two networks", lambda space, a, b, dataset: (a, b), _TWO_POINTS),
        Wrong("one network", lambda space, a, b, dataset: (a + b) / 2, _ONE_POINT),
        Wrong("list of networks", lambda space, a, b, dataset: list(Line(a, b).at(T)), _STOPS),
    ),
    hints=(
        "fit trains a copy of whatever you give it and returns it: a network, or a whole curve such as "
        "Bezier(a, bend, b). Which start for the bend changes nothing yet?",
        "fixed=(0, 2) names the control points that training must not move.",
        'Try it on A and B first. evaluate(space, path.at(t), dataset, "val_accuracy") measures what is graded, with '
        "t = torch.linspace(0, 1, 21). Too low somewhere? Change epochs, batch_size or lr.",
    ),
    skeleton="def connect(space, a, b, dataset):\n    start = Bezier(a, ..., b, fixed=...)\n"
    "    return fit(space, start, dataset, epochs=..., lr=...)",
    praise="Two networks you had never seen, and at none of 61 positions does your path fall below 90 %.",
    seconds=60.0,
)
