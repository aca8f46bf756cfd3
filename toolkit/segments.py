"""What lies along an axis of a weight: segments of units, and how permutations of the units renumber its entries."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.device import device


class Segment(NamedTuple):
    """A stretch of an axis: `size` units of `block` neighbouring entries each; group None keeps its numbering."""

    group: str | None
    size: int
    block: int


Axes = dict[str, dict[int, tuple[Segment, ...]]]


def stretch(order: Tensor, block: int) -> Tensor:
    """Return the index vector that renumbers units of `block` neighbouring entries each."""
    return (order[:, None] * block + torch.arange(block, device=order.device)).flatten()


def entries(segments: tuple[Segment, ...], perms: Mapping[str, Tensor]) -> Tensor:
    """Return the index vector of an axis: its segments one after another, each unit a block of neighbouring entries."""
    parts, start = [], 0
    for group, size, block in segments:
        units = perms[group] if group in perms else torch.arange(size, device=device())
        parts.append(start + stretch(units, block))
        start += size * block
    return torch.cat(parts)


def override(axes: Axes, shapes: Mapping[str, torch.Size], extra: Mapping[str, Mapping[int, list]]) -> None:
    """Put groups of the user's own into `axes`, for weights of the given shapes."""
    for name, by_axis in extra.items():
        shape = shapes[_expect.choice("each weight of extra", name, shapes)]
        for axis, segments in by_axis.items():
            _expect.choice(f"each axis of extra[{name!r}]", axis, range(len(shape)))
            if any(len(segment) != 3 for segment in segments):
                raise ValueError(f"extra[{name!r}][{axis}] must list (group, size, block), got {list(segments)}.")
            segments = tuple(Segment(*segment) for segment in segments)
            if sum(size * block for _, size, block in segments) != shape[axis]:
                found = [tuple(segment) for segment in segments]
                raise ValueError(f"extra[{name!r}][{axis}] must cover {shape[axis]} entries, got {found}.")
            axes.setdefault(name, {})[axis] = segments


def groups(axes: Axes) -> dict[str, int]:
    """Return the sizes of the groups that appear along the axes."""
    found: dict[str, int] = {}
    for name, by_axis in axes.items():
        for group, size, _ in (segment for segments in by_axis.values() for segment in segments if segment.group):
            if found.setdefault(group, size) != size:
                raise ValueError(
                    f"extra must give group {group!r} one size, got {found[group]} and {size} in {name!r}."
                )
    return found
