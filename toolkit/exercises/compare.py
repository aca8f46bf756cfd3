"""How an attempt's result differs from the expected one, in words a learner can use."""

import numbers
from typing import Any

import numpy as np
import torch

SHOWN = 12  # a longer tensor is described by its shape
NOTHING = "your function returned None (is the return missing?)"


def difference(got: Any, expected: Any, exact: bool = False) -> str | None:
    """Say how `got` differs from `expected`, or return None where it does not.

    A number may come as a Python number, or as a NumPy array or a tensor without dimensions. A tensor must
    come as a tensor, because the rest of the lesson computes with it.

    Args:
        got: what the learner's function returned.
        expected: what the reference returned: a number, a tensor, or a tuple of these.
        exact: equal to the last bit, instead of up to rounding.

    Returns:
        A phrase such as "expected 2, got 3", or None.

    Example:
        >>> difference(3, 2.0)
        'expected 2, got 3'
        >>> difference(torch.tensor(2.0), 2.0) is None
        True
        >>> difference(torch.zeros(2, 3), torch.zeros(3, 2))
        'expected a tensor of shape [3, 2], got one of shape [2, 3]'
    """
    if got is None:
        return NOTHING
    if isinstance(expected, tuple):
        return _tuple_difference(got, expected, exact)
    problem = _kind_problem(got, expected)
    if problem:
        return problem
    got, expected = (torch.as_tensor(value).detach().cpu().double() for value in (got, expected))
    if got.isnan().any():
        return f"expected {show(expected)}, but your result contains NaN (not a number)"
    if torch.equal(got, expected) or (not exact and torch.allclose(got, expected, rtol=1e-4, atol=1e-6)):
        return None
    return _value_difference(got, expected)


def _tuple_difference(got: Any, expected: tuple[Any, ...], exact: bool) -> str | None:
    if not isinstance(got, tuple | list) or len(got) != len(expected):
        came = f"{len(got)} values" if isinstance(got, tuple | list) else kind(got)
        return f"expected {len(expected)} values (return first, second), got {came}"
    for number, (one, other) in enumerate(zip(got, expected, strict=True), start=1):
        problem = difference(one, other, exact)
        if problem:
            return f"value {number} of {len(expected)}: {problem}"
    return None


def _kind_problem(got: Any, expected: Any) -> str | None:
    """Say what is wrong with the type or the shape."""
    if isinstance(expected, torch.Tensor) and expected.ndim:
        if not isinstance(got, torch.Tensor):
            parts = got if isinstance(got, tuple | list) else ()
            of_tensors = parts and all(isinstance(part, torch.Tensor) for part in parts)
            joined = " (torch.stack or torch.cat makes one tensor)" if of_tensors else ""
            return f"expected a tensor of shape {list(expected.shape)}, got {kind(got)}{joined}"
        if got.shape != expected.shape:
            return f"expected a tensor of shape {list(expected.shape)}, got one of shape {list(got.shape)}"
        wrong_dtype = got.is_complex() or got.dtype == torch.bool
        return f"expected a tensor of real numbers, got one of {got.dtype}" if wrong_dtype else None
    is_number = isinstance(got, numbers.Real) and not isinstance(got, bool)
    if is_number or (isinstance(got, torch.Tensor | np.ndarray) and got.shape == ()):
        return None
    return f"expected one number, got {kind(got)}"


def _value_difference(got: torch.Tensor, expected: torch.Tensor) -> str:
    if expected.numel() <= SHOWN and show(got) != show(expected):
        return f"expected {show(expected)}, got {show(got)}"
    place = (got - expected).abs().argmax()
    index = [int(i) for i in torch.unravel_index(place, got.shape)]
    one, other = expected[tuple(index)].item(), got[tuple(index)].item()
    return f"the largest difference is at position {index}: expected {one:.9g}, got {other:.9g}"


def kind(value: Any) -> str:
    """Name the type of a value, with its shape if it has one.

    Args:
        value: anything.

    Returns:
        A phrase to put behind "got".

    Example:
        >>> kind(torch.zeros(2)), kind(0.5)
        ('a tensor of shape [2]', 'a value of type float')
    """
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {list(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {list(value.shape)}"
    return "a function" if callable(value) else f"a value of type {type(value).__name__}"


def show(value: Any) -> str:
    """Print an argument or a result: short tensors in full, long ones by their shape, functions by their name.

    Args:
        value: anything.

    Returns:
        One line of text.

    Example:
        >>> show(torch.tensor([1.0, 0.25])), show({"bias": torch.zeros(2)}), show(torch.zeros(9, 9)), show(torch.relu)
        ('[1, 0.25]', '{bias: [0, 0]}', 'a tensor of shape [9, 9]', 'relu')
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {show(item)}" for name, item in value.items()) + "}"
    if isinstance(value, torch.Tensor | np.ndarray):
        return _digits(value.tolist()) if np.prod(value.shape) <= SHOWN else kind(value)
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return _digits(value) if isinstance(value, float) else repr(value)


def _digits(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_digits(item) for item in value) + "]"
    return f"{value:.4g}"
