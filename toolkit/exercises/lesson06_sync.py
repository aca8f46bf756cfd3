"""Lesson 06, exercise 6.1: put the values of every row back, in the order its weights now have."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def sync(weights, start):
    """Return the values of each row of start [rows, n] in the order of that row's weights, equal ones from the left."""
    ranks = weights.argsort(dim=1, stable=True).argsort(dim=1)
    return start.sort(dim=1).values.gather(1, ranks)


def _ranks(weights):
    return weights.argsort(dim=1, stable=True).argsort(dim=1)


def _sorted(start):
    return start.sort(dim=1).values


def _by(ranks):
    """Return a wrong answer that gathers a row's sorted values by other numbers than its ranks."""
    return lambda weights, start: _sorted(start).gather(1, ranks(weights))


def _whole_layer(weights, start):
    return sync(weights.reshape(1, -1), start.reshape(1, -1)).reshape(weights.shape)


def _counted(weights):
    """Count the smaller ones: equal weights get equal ranks."""
    return (weights[:, :, None] > weights[:, None, :]).sum(2)


def _reversed_ties(weights):
    return weights.shape[1] - 1 - _ranks(-weights)


def _averaged(weights, start):
    """Give equal weights the mean of the values they stand for."""
    equal = (weights[:, :, None] == weights[:, None, :]).to(start)
    return (equal @ sync(weights, start)[:, :, None])[:, :, 0] / equal.sum(2)


def _nearest(weights, start):
    return start.gather(1, (weights[:, :, None] - start[:, None, :]).abs().argmin(2))


_WEIGHTS = torch.tensor([[0.4, -1.0, 2.0, 0.5], [3.0, 0.2, -0.5, 0.1], [-2.0, 0.3, -0.1, -3.0]])
_START = torch.tensor([[3.0, 1.0, -2.0, 0.5], [-1.0, 5.0, 2.0, 4.0], [6.0, -3.0, 7.0, 1.5]])
_TIED = torch.tensor([[0.0, 1.0, 0.0, -1.0, 0.0], [2.0, 2.0, 0.0, 0.0, 1.0]])
_VALUES = torch.tensor([[5.0, 1.0, 3.0, 2.0, 4.0], [0.1, 0.7, 0.3, 0.9, 0.5]])

SYNC = Exercise(
    id="6.1",
    title="Each its own",
    difficulty=3,
    minutes=15,
    objective=1,
    reference=sync,
    cases=(
        Case((_WEIGHTS, _START), exact=True),
        Case((_TIED, _VALUES), exact=True),
        Case((torch.tensor([[0.1, 0.4, -0.2, 0.3]]), torch.tensor([[0.0, 0.8, 0.8, 0.0]])), exact=True),
        Case((_START, _START), exact=True),
        Case(lambda: tuple(torch.randn(2, 7, 30, generator=torch.Generator().manual_seed(0))), exact=True),
    ),
    wrong=(
        Wrong(
            "one argsort",
            _by(lambda weights: weights.argsort(dim=1)),
            "you have the permutation the wrong way round. argsort says where the smallest weight stands; what each "
            "place needs is the rank of the weight that stands there.",
        ),
        Wrong(
            "whole layer",
            _whole_layer,
            "you sort all rows together, so values wander from one neuron to another. Each row keeps its own.",
        ),
        Wrong(
            "columns",
            lambda weights, start: sync(weights.T, start.T).T,
            "you sort down the columns, dim 0. That permutes what one pixel sends to all neurons; a row, dim 1, is "
            "what one neuron reads.",
        ),
        Wrong(
            "ranks of the columns",
            lambda weights, start: _sorted(start).gather(1, weights.argsort(dim=0).argsort(dim=0)),
            "your ranks compare the weights down each column, dim 0. A weight competes with the others of its own row.",
        ),
        Wrong(
            "descending",
            lambda weights, start: _sorted(start).flip(1).gather(1, _ranks(weights)),
            "your order is upside down: the smallest weight gets the largest value.",
        ),
        Wrong(
            "by magnitude",
            _by(lambda weights: _ranks(weights.abs())),
            "you rank the weights by their size without the sign. The most negative weight comes first.",
        ),
        Wrong(
            "sorted start",
            lambda weights, start: _sorted(start),
            "you return each row's values sorted. That order is the same whatever was learned: the weights decide.",
        ),
        Wrong(
            "start as it was",
            lambda weights, start: start.clone(),
            "you return the start as it was, and all that was learned is gone.",
        ),
        Wrong(
            "weights as they are",
            lambda weights, start: weights.clone(),
            "you return the weights as they are. Take from them the order only; the values come from start.",
        ),
        Wrong(
            "start not sorted",
            lambda weights, start: start.gather(1, _ranks(weights)),
            "you look up ranks in start as it is. The value of rank r stands at place r only once the row is sorted.",
        ),
        Wrong(
            "start not sorted, one argsort",
            lambda weights, start: start.gather(1, weights.argsort(dim=1)),
            "you put start into the order that would sort the weights. Sort the values first, then hand them out by "
            "the ranks of the weights.",
        ),
        Wrong(
            "roles swapped",
            lambda weights, start: sync(start, weights),
            "you have weights and start swapped: the values are those of start, the order is that of weights.",
        ),
        Wrong(
            "the ranks",
            lambda weights, start: _ranks(weights),
            "those are the ranks. Now look them up in the sorted values: gather.",
        ),
        Wrong(
            "order of row 0",
            _by(lambda weights: _ranks(weights[:1].expand_as(weights))),
            "you use the order of the first row for all of them. Every neuron has learned an order of its own.",
        ),
        Wrong(
            "values of row 0",
            lambda weights, start: sync(weights, start[:1].expand_as(start)),
            "you give all rows the values of the first. Every row keeps its own. (torch.take counts through the whole "
            "tensor; gather and torch.take_along_dim go row by row.)",
        ),
        Wrong(
            "nearest value",
            _nearest,
            "each of your weights takes the value next to it, some values are taken twice and others not at all. Every "
            "value is to be used as often as it was there.",
        ),
        Wrong(
            "ranks counted",
            _by(_counted),
            "two of your weights are equal and get the same rank, so one value is used twice and another is lost. "
            "Equal weights take the next values in turn: stable=True.",
        ),
        Wrong(
            "ties averaged",
            _averaged,
            "you average the values of equal weights. No value may change: equal weights take theirs in turn, the "
            "first one the smallest.",
        ),
        Wrong(
            "ties from behind",
            _by(_reversed_ties),
            "right but for equal weights, which you serve from the right. Of two equal ones the left one gets the "
            "smaller value: sort in ascending order, stable=True.",
        ),
    ),
    hints=(
        "Take one row and a pencil: weights 0.4, -1, 2, 0.5, and values 3, 1, -2, 0.5. Which value goes to the place "
        "of the smallest weight, and which to that of the largest?",
        "The smallest weight gets the smallest value, and so on: you need each row's values sorted, and for every "
        "place the rank of the weight that stands there. weights.argsort(dim=1)[j, r] is the place of rank r. You want "
        "the inverse of that: the rank at each place.",
        "The argsort of a permutation is its inverse, so sorting twice gives ranks: "
        "weights.argsort(dim=1, stable=True).argsort(dim=1). values.gather(1, ranks) looks them up row by row.",
    ),
    skeleton=(
        "def sync(weights, start):\n"
        "    values = start.sort(dim=...).values\n"
        "    places = weights.argsort(dim=..., stable=True)  # of the smallest, of the next\n"
        "    ranks = ...  # the other way round: the rank at each place\n"
        "    return values.gather(1, ranks)"
    ),
    praise="Of all arrangements of a row's values this is the nearest to its weights, and it costs one sort.",
    errors={
        r"torch.return_types.sort": "sort returns values and places; you want start.sort(dim=1).values.",
        r"out of bounds for dimension 0": "values[ranks] picks whole rows; values.gather(1, ranks) goes row by row.",
        r"Expected dtype int64 for index": "gather looks up places: the index comes last and holds whole numbers, "
        "values.gather(1, ranks).",
        r"Index tensor must have the same number of dimensions": "Both must be [rows, n]: values.gather(1, ranks).",
    },
)
