"""Measuring for a ReconnectDial: the networks on the way, and from them when every value moves."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.landscape.measure import evaluate
from toolkit.reconnect import moves, partway
from toolkit.reconnect.rows import rows
from toolkit.space import WeightSpace
from toolkit.widgets.reconnect_data import NEVER, STEPS, DialData, Layer

LIMIT = 2**16  # weights that one dial draws; a column then fits into two bytes


@torch.no_grad()
def measure_dial(space: Any, before: Any, after: Any, dataset: Any) -> tuple[DialData, Tensor]:
    """Measure the way from one arrangement to the other at 41 stops.

    Args:
        space: the weight space.
        before: a point [D].
        after: another one [D], whose rows are permutations of the first's.
        dataset: loss and accuracy are taken on its test examples.

    Returns:
        What the dial shows, and the networks [41, D].

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if the points are not of this space, not finite or no permutations, or there are too many weights.
    """
    _check(space, before, after, dataset)
    thetas = partway(space, before, after, [step / STEPS for step in range(STEPS + 1)])
    layers = [_layer(space, thetas, one.name, one.to, dataset) for one in moves(space, before, after)]
    found = evaluate(space, thetas, dataset, ["test_loss", "test_accuracy"])
    vectors = bool(((before != after) & ~space.matrices()).any())
    return DialData(layers, found["test_loss"], found["test_accuracy"], vectors), thetas


def _check(space: Any, before: Any, after: Any, dataset: Any) -> None:
    if not isinstance(space, WeightSpace):
        raise TypeError(f"space must be a WeightSpace, got {type(space).__name__}.")
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a toolkit.Dataset, got {type(dataset).__name__}.")
    for name, theta in {"before": before, "after": after}.items():
        _expect.tensor(name, theta)
        if theta.shape != (space.size,):
            raise ValueError(f"{name} must be a network [{space.size}], got shape {list(theta.shape)}.")
    weights = sum(slot.stop - slot.start for slot in space.layout if len(slot.shape) > 1)
    if not weights:
        raise ValueError("space must hold matrices whose values can move, got only vectors.")
    if weights > LIMIT:
        raise ValueError(f"space must hold at most {LIMIT} weights in matrices to draw them one by one, got {weights}.")


def _layer(space: WeightSpace, thetas: Tensor, name: str, to: Tensor, dataset: Dataset) -> Layer:
    """A value moves when its place first holds another one: whatever moves at all leaves a place that changes."""
    way = torch.stack([rows(space.unflatten(theta)[name]) for theta in thetas])
    elsewhere = way != way[0]
    step = torch.where(elsewhere[-1], elsewhere.int().argmax(0), NEVER)
    arrays = [way[0].float().cpu().numpy(), to.cpu().numpy().astype(np.uint16), step.cpu().numpy().astype(np.uint8)]
    return Layer(name, *arrays, image=_image(space, name, tuple(dataset.test_x.shape[1:])))


def _image(space: WeightSpace, name: str, inputs: tuple[int, ...]) -> tuple[int, int] | None:
    """Height and width of a row of the first layer, where it looks at a square of one channel."""
    slot = next(slot for slot in space.layout if len(slot.shape) > 1)
    if slot.name != name or len(inputs) != 3 or inputs[0] != 1:
        return None
    shape = tuple(slot.shape[1:])
    window = inputs[1:] if shape == (inputs[1] * inputs[2],) else shape[1:] if len(shape) == 3 else ()
    return tuple(window) if len(window) == 2 and window[0] == window[1] else None
