"""Lesson 03, exercise 3.1: renumber the hidden units of a network."""

import torch

from toolkit.exercises.compare import difference, kind, show
from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong


def renumber(weights, p):
    """Return the same network with its hidden units in another order: new unit i is old unit p[i]."""
    new = {name: tensor[p] for name, tensor in weights.items() if not name.startswith("fc2")}
    return new | {"fc2.weight": weights["fc2.weight"][:, p], "fc2.bias": weights["fc2.bias"]}


def _network(inputs, units, outputs):
    """A network with BatchNorm whose numbers are all different."""
    shapes = {"fc1.weight": (units, inputs), "fc1.bias": (units,)}
    shapes |= {f"bn1.{name}": (units,) for name in ("weight", "bias", "running_mean", "running_var")}
    shapes |= {"fc2.weight": (outputs, units), "fc2.bias": (outputs,)}
    sizes = [torch.Size(shape).numel() for shape in shapes.values()]
    pieces = torch.arange(1.0, sum(sizes) + 1).split(sizes)
    return {name: piece.reshape(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}


def _unlike(got, expected):
    """Say which tensor of a network differs from the expected one, and how."""
    for name, tensor in expected.items():
        if name not in got:
            return f"your network has no {name}"
        problem = difference(got[name], tensor, exact=True)
        if problem:
            return f"{name}: {problem}"
    return None


def _flaw(got, weights, p):
    if not isinstance(got, dict):
        return Flaw(f"expected a dict of {len(weights)} tensors, got {kind(got)}")
    problem = _unlike(got, renumber(weights, p))
    if problem is None:
        return None
    known = (wrong.message for wrong in RENUMBER.wrong if not _unlike(got, wrong.function(weights, p)))
    return Flaw(f"with p = {show(p)}, {problem}", next(known, None))


def _except(*left):
    """A wrong answer that leaves some tensors as they were."""
    return lambda weights, p: renumber(weights, p) | {name: weights[name] for name in left}


def _columns_inverse(weights, p):
    return renumber(weights, p) | {"fc2.weight": weights["fc2.weight"][:, p.argsort()]}


def _only_columns(weights, p):
    return weights | {"fc2.weight": weights["fc2.weight"][:, p]}


def _rows_of_the_last_layer(weights, p):
    return renumber(weights, p) | {name: weights[name][p] for name in ("fc2.weight", "fc2.bias")}


def _outputs_too(weights, p):
    new = renumber(weights, p)
    return new | {name: new[name][p] for name in ("fc2.weight", "fc2.bias")}


def _inputs_too(weights, p):
    new = renumber(weights, p)
    return new | {"fc1.weight": new["fc1.weight"][:, p]}


def _both_axes(weights, p):
    return {name: tensor[p][:, p] if tensor.ndim == 2 else tensor[p] for name, tensor in weights.items()}


_BN = ("bn1.weight", "bn1.bias")
_STATISTICS = ("bn1.running_mean", "bn1.running_var")

RENUMBER = Exercise(
    id="3.1",
    title="Renumber",
    difficulty=2,
    minutes=12,
    objective=1,
    reference=renumber,
    cases=(
        Case((_network(3, 3, 3), torch.tensor([1, 2, 0])), accept=_flaw),
        Case((_network(5, 4, 6), torch.tensor([2, 0, 3, 1])), accept=_flaw),
    ),
    wrong=(
        Wrong(
            "columns of the next layer forgotten",
            _except("fc2.weight"),
            "you renumber the hidden layer and forget who listens to it. fc2 has one column for each hidden unit, "
            "and each must follow its unit, or the next layer hears every unit in another's place.",
        ),
        Wrong(
            "only the columns of the next layer",
            _only_columns,
            "you renumber what fc2 reads and leave the units themselves where they are. All that belongs to a unit "
            "goes with it: what comes in, what is its own, what goes out.",
        ),
        Wrong(
            "inverse permutation on the columns",
            _columns_inverse,
            "your columns of fc2 go the other way. Column i must belong to new unit i, which is old unit p[i]: the "
            "very index that you used for the rows.",
        ),
        Wrong(
            "bias forgotten",
            _except("fc1.bias"),
            "you leave fc1.bias where it was. Each unit has a bias of its own and takes it along.",
        ),
        Wrong(
            "BatchNorm statistics forgotten",
            _except(*_STATISTICS),
            "you leave BatchNorm's running statistics where they were. They are measured, not trained, and belong to "
            "a unit all the same: with a stranger's mean and variance the function is another one.",
        ),
        Wrong(
            "BatchNorm's weight and bias forgotten",
            _except(*_BN),
            "you leave BatchNorm's weight and bias where they were. They stretch and shift one unit each, so they move "
            "with it.",
        ),
        Wrong(
            "BatchNorm forgotten",
            _except(*_BN, *_STATISTICS),
            "you leave BatchNorm as it was. It holds four numbers for each hidden unit, and all four move with it.",
        ),
        Wrong(
            "output units renumbered too",
            _outputs_too,
            "you renumber the outputs as well. Output 3 means the digit 3, to everyone who reads the network: only "
            "hidden units may change places.",
        ),
        Wrong(
            "rows of the last layer instead of its columns",
            _rows_of_the_last_layer,
            "you renumber the rows of fc2. Its rows are the outputs, which stay; its other axis is the hidden units.",
        ),
        Wrong(
            "inputs renumbered too",
            _inputs_too,
            "you renumber the columns of fc1 too. They belong to the inputs, the pixels, which stay where they are.",
        ),
        Wrong(
            "both axes of every matrix",
            lambda weights, p: _both_axes(weights, p) | {"fc2.bias": weights["fc2.bias"]},
            "you renumber the rows and the columns of both matrices. Only the axis of the hidden units moves: the rows "
            "of fc1, the columns of fc2. Pixels and outputs stay where they are.",
        ),
        Wrong(
            "every axis of every tensor",
            _both_axes,
            "you renumber every axis of every tensor. Only the axis of the hidden units moves: the rows of fc1, all of "
            "bn1, the columns of fc2. Pixels and outputs stay where they are, fc2.bias with them.",
        ),
        Wrong(
            "the other direction everywhere",
            lambda weights, p: renumber(weights, p.argsort()),
            "you go the other way: the function is the same, and so is the network, but the order is not the one asked "
            "for. You send old unit i to place p[i]; asked for is that new unit i is old unit p[i].",
        ),
        Wrong(
            "nothing renumbered",
            lambda weights, p: dict(weights),
            "your network is the old one, in its old order.",
        ),
    ),
    hints=(
        "Walk along the network and ask of every tensor: has it one entry for each hidden unit, and along which axis?",
        "tensor[p] takes rows p[0], p[1], … of a matrix, and entries of a vector; matrix[:, p] does so with columns. "
        "All of fc1 and bn1 have the hidden units along their first axis.",
        "In fc2.weight, of shape [out, n], the hidden units are the columns. fc2.bias belongs to the outputs.",
    ),
    skeleton=(
        "def renumber(weights, p):\n"
        '    new = {name: ... for name, tensor in weights.items() if not name.startswith("fc2")}\n'
        '    return new | {"fc2.weight": ..., "fc2.bias": ...}'
    ),
    praise="Another point in weight space, and the very same function: all that belongs to a unit moved with it.",
)
