"""Lesson 07: masks as results of an exercise, compared and told apart by the mistakes that make them."""

import copy

import torch

from toolkit.exercises.compare import SHOWN, difference, kind, show
from toolkit.exercises.parts import Flaw


def masks_problem(got, masks):
    """Say what keeps a result from being a list of masks shaped like `masks`, or return None."""
    if not isinstance(got, list | tuple):
        return f"expected a list of {len(masks)} masks, got {kind(got)}"
    if len(got) != len(masks):
        return f"expected a list of {len(masks)} masks, one a layer, got {len(got)}"
    for number, (one, mask) in enumerate(zip(got, masks, strict=True)):
        problem = mask_problem(one, mask)
        if problem:
            return f"entry {number} of your list: {problem}"
    return None


def mask_problem(got, mask):
    """Say what keeps a result from being a mask shaped like `mask`, or return None."""
    if not isinstance(got, torch.Tensor) or got.dtype != torch.bool:
        came = f"one of {got.dtype}" if isinstance(got, torch.Tensor) else kind(got)
        return f"expected a tensor of True and False, got {came}"
    if got.shape != mask.shape:
        return f"expected a mask of shape {list(mask.shape)}, got one of shape {list(got.shape)}"
    return None


def masks_difference(got, masks):
    """Say how a list of masks differs from the expected one, or return None."""
    problem = masks_problem(got, masks)
    if problem or all(map(torch.equal, got, masks)):
        return problem
    small = sum(mask.numel() for mask in masks) <= SHOWN
    shown = f"expected {written(masks)}, got {written(got)}"
    return shown if small else f"expected {alive(masks)} alive in the layers, got {alive(got)}{_elsewhere(got, masks)}"


def written(masks):
    """Write masks as ones and zeros."""
    return "[" + ", ".join(show(mask.int()) for mask in masks) + "]"


def alive(masks):
    """Count the weights alive in every layer."""
    return [int(mask.sum()) for mask in masks]


def _elsewhere(got, masks):
    wrong = sum(int((one != mask).sum()) for one, mask in zip(got, masks, strict=True))
    return f", and {wrong} places differ" if alive(got) == alive(masks) else ""


def accept(exercise, differ, settled=lambda got, *args: got):
    """Return a `Case.accept` that compares with the reference, and knows a mistake by all cases up to this one.

    Args:
        exercise: a function that returns the exercise; the cases are part of it, and it does not exist yet.
        differ: says how a result differs from the expected one, or returns None.
        settled: where a choice is free, returns a result as if it had been the reference's choice.
    """

    def flaw(got, *args):
        asked = exercise()
        right, chosen = asked.reference(*copy.deepcopy(args)), settled(got, *args)
        if differ(chosen, right) is None:
            return None
        return Flaw(f"with {_written(asked, args)}, {differ(got, right)}", _misconception(asked, differ, chosen, args))

    return flaw


def _written(asked, args):
    """Write the arguments that can be read, by their names."""
    names = asked.reference.__code__.co_varnames
    pairs = [(name, arg) for name, arg in zip(names, args, strict=False) if not callable(arg)]
    return ", ".join(f"{name} = {_shown(arg)}" for name, arg in pairs)


def _shown(arg):
    if isinstance(arg, list):
        if sum(one.numel() for one in arg) > SHOWN:
            masks = all(one.dtype == torch.bool for one in arg)
            return f"{len(arg)} layers" + (f" with {alive(arg)} alive" if masks else "")
        return written(arg) if all(one.dtype == torch.bool for one in arg) else f"[{', '.join(map(show, arg))}]"
    return show(arg.int()) if isinstance(arg, torch.Tensor) and arg.dtype == torch.bool else show(arg)


def _misconception(asked, differ, got, args):
    """Return the message of the mistake that passes all cases before this one and gives the same result here."""
    inputs = [case.inputs() for case in asked.cases]
    before = inputs[: next(i for i, one in enumerate(inputs) if _equal(one, args))]
    for wrong in asked.wrong:
        answer = _result(wrong.function, args)
        passes = all(differ(_result(wrong.function, one), _result(asked.reference, one)) is None for one in before)
        if passes and same(got, answer):
            return wrong.message
    return None


def _result(function, args):
    return function(*copy.deepcopy(args))


def same(one, other):
    """Return whether two results, tensors or lists of them, are the same; those of numbers up to rounding."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if not isinstance(one, torch.Tensor) or not isinstance(other, torch.Tensor):
        return False
    if torch.bool in (one.dtype, other.dtype):
        return one.dtype == other.dtype and torch.equal(one, other)
    return difference(one, other) is None


def _equal(one, other):
    """Return whether two calls have the same arguments."""
    return all(
        torch.equal(a, b)
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor)
        else type(a) is type(b) and a == b
        for a, b in zip(one, other, strict=True)
    )
