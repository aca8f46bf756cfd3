"""Lesson 06, exercise 6.2: the same for any layer, filters of a convolution included."""

import torch

from toolkit.exercises import lesson06_sync
from toolkit.exercises.compare import kind
from toolkit.exercises.parts import Case, Exercise, Wrong


def sync_layer(weights, start, sync):
    """Return a layer [out, in, ...] synchronised: what one output unit reads is one row for sync."""
    rows = weights.reshape(len(weights), -1)
    return sync(rows, start.reshape(len(start), -1)).reshape(weights.shape)


def sync(weights, start):
    """Do as exercise 6.1 asks; take matrices of one shape only."""
    for name, value in (("weights", weights), ("start", start)):
        if not isinstance(value, torch.Tensor) or value.dim() != 2:
            raise TypeError(f"sync takes matrices [rows, n], {name} is {kind(value)}.")
    if weights.shape != start.shape:
        raise ValueError(f"sync takes two matrices of one shape, got {list(weights.shape)} and {list(start.shape)}.")
    return lesson06_sync.sync(weights, start)


def _with(rows, back):
    """Return a wrong answer that makes other rows of a layer; back undoes what rows does, for a given shape."""
    return lambda weights, start, sync: back(sync(rows(weights), rows(start)), weights.shape)


def _shaped(*sizes):
    """Return a wrong answer with rows of another length."""
    return _with(lambda w: w.reshape(*(size(w) for size in sizes)), lambda w, shape: w.reshape(shape))


def _units_last(w):
    return w.reshape(-1, len(w)).T


def _per_input(weights, start, sync):
    return sync_layer(weights.transpose(0, 1), start.transpose(0, 1), sync).transpose(0, 1)


def _transposed_back(weights, start, sync):
    rows = sync(weights.reshape(len(weights), -1), start.reshape(len(start), -1))
    return rows.T.reshape(weights.shape)


def _per_place(weights, start, sync):
    rows = (w.reshape(*w.shape[:2], -1).transpose(1, 2).reshape(-1, w.shape[1]) for w in (weights, start))
    back = sync(*rows).reshape(len(weights), -1, weights.shape[1]).transpose(1, 2)
    return back.reshape(weights.shape)


def _layers(seed, *shape):
    """Weights and values of a layer, whole numbers and no two alike."""
    generator, count = torch.Generator().manual_seed(seed), torch.Size(shape).numel()
    return tuple((torch.randperm(2 * count, generator=generator)[:count].reshape(shape) - count).float() for _ in "ab")


LAYER = Exercise(
    id="6.2",
    title="Filters",
    difficulty=2,
    minutes=10,
    objective=1,
    reference=sync_layer,
    cases=(
        Case((*_layers(0, 2, 3, 2, 2), sync), exact=True),
        Case((*_layers(1, 3, 4), sync), exact=True),
        Case((*_layers(2, 4, 2, 3), sync), exact=True),
        Case((*_layers(3, 5, 1, 3, 3), sync), exact=True),
    ),
    wrong=(
        Wrong(
            "all filters one row",
            _shaped(lambda w: 1, lambda w: -1),
            "you make one row of the whole layer, so values wander from one filter to another. Each output unit keeps "
            "its own.",
        ),
        Wrong(
            "rows per input channel",
            _per_input,
            "your rows are the weights of an input channel. A row is what one output unit reads: dim 0 counts those.",
        ),
        Wrong(
            "rows per kernel",
            _shaped(lambda w: w.shape[:2].numel(), lambda w: -1),
            "you make a row of every kernel. A filter is the kernels of all its input channels together, and its "
            "values may move between these.",
        ),
        Wrong(
            "rows of a kernel's line",
            _shaped(lambda w: -1, lambda w: w.shape[-1]),
            "your rows are as long as the last dimension. All but the first belong into one row: reshape(out, -1).",
        ),
        Wrong(
            "rows per place in the kernel",
            _per_place,
            "you let values move between input channels only, each at its place in the kernel. A filter is one row.",
        ),
        Wrong(
            "units taken for the last dimension",
            _with(_units_last, lambda w, shape: w.T.reshape(shape)),
            "reshape(-1, out) is right where output units are the last dimension, as in Keras. In torch they are the "
            "first, and your rows mix all filters.",
        ),
        Wrong(
            "columns",
            _with(lambda w: w.reshape(len(w), -1).T, lambda w, shape: w.T.reshape(shape)),
            "you turn the matrix: your rows are what one place sends to all units. What one unit reads is a row.",
        ),
        Wrong(
            "turned on the way back",
            _transposed_back,
            "the values are right, and on the way back you turn the matrix: they end up at other places.",
        ),
        Wrong(
            "rows left as they are",
            lambda weights, start, sync: sync(weights.reshape(len(weights), -1), start.reshape(len(start), -1)),
            "the values are right, as a matrix of rows. Give them the shape of the layer: reshape(weights.shape).",
        ),
        Wrong(
            "roles swapped",
            lambda weights, start, sync: sync_layer(start, weights, sync),
            "you have weights and start swapped: the order comes from weights, the values from start.",
        ),
    ),
    hints=(
        "sync wants a matrix with a row for each output unit. Which of the dimensions [out, in, height, width] must go "
        "together to make a row?",
        "All but the first: a filter is one row of in · height · width weights. reshape with -1 finds the number "
        "itself, for matrices too. Both tensors need it, and the result needs the way back.",
        "weights.reshape(len(weights), -1) there, .reshape(weights.shape) back.",
    ),
    skeleton=(
        "def sync_layer(weights, start, sync):\n"
        "    rows = weights.reshape(...)\n"
        "    values = start.reshape(...)\n"
        "    return sync(rows, values).reshape(...)"
    ),
    praise="A filter is a neuron that reads a patch: its weights are one row, whatever their shape.",
    errors={
        r"sync takes matrices": "sync takes a matrix with one row for each output unit: reshape first.",
        r"sync takes two matrices": "weights and start need the same rows: reshape both.",
        r"not enough values to unpack|too many values to unpack": "A layer may have two dimensions or more: "
        "len(weights) counts the units, and -1 leaves the rest to reshape.",
        r"view size is not compatible": "Use reshape in place of view: the numbers need not lie in order.",
    },
)
