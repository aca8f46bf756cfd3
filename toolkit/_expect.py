"""Checks on arguments: each failure is one sentence that names argument, value and what was expected."""

from collections.abc import Iterable
from math import isfinite
from numbers import Integral, Real
from typing import Any

import torch


def number(name: str, value: Any, low: float = float("-inf"), high: float = float("inf")) -> float:
    """Return `value` as a float in [low, high]."""
    is_number = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    if not is_number or not low <= value <= high:
        bounds = f" in [{low:g}, {high:g}]" if isfinite(high) else f" of at least {low:g}" if isfinite(low) else ""
        raise ValueError(f"{name} must be a number{bounds}, got {value!r}.")
    return float(value)


def count(name: str, value: Any, least: int = 1) -> int:
    """Return `value` if it is a whole number of at least `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}.")
    return int(value)


def choice(name: str, value: Any, options: Iterable[str]) -> str:
    """Return `value` if it is one of `options`."""
    options = list(options)
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, got {value!r}.")
    return value


def function(name: str, value: Any, example: str) -> Any:
    """Return `value` if it can be called, and is not the class of such a thing."""
    if not callable(value) or isinstance(value, type):
        raise TypeError(f"{name} must be a function such as {example}, got {value!r}.")
    return value


def tensor(name: str, value: Any, floating: bool = True) -> torch.Tensor:
    """Return `value` if it is a tensor; if `floating`, of finite floating-point numbers."""
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name} must be a tensor, got {type(value).__name__}.")
    if floating and not value.is_floating_point():
        raise TypeError(f"{name} must hold floating-point numbers, got {value.dtype}.")
    if floating and not torch.isfinite(value).all():
        raise ValueError(f"{name} must be finite, got {int((~torch.isfinite(value)).sum())} NaN or infinite values.")
    return value
