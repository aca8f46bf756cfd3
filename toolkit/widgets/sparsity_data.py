"""What a SparsityExplorer shows: how long every weight survives pruning, and what two siblings do in every round."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from typing import Any

import numpy as np
import torch

from toolkit.landscape.path import barrier
from toolkit.space import WeightSpace
from toolkit.sparse import survived

LIMIT = 2**16  # weights in matrices that one explorer draws
MOST = 8  # sources that can be told apart
STABLE = 0.02  # siblings with a lower barrier count as stable
KEYS = ("masks", "error", "accuracy")


@dataclass(frozen=True)
class Layer:
    """One matrix (or filter bank) with a row for each neuron.

    Attributes:
        name: of its weights.
        rows: neurons.
        n: weights of each.
        start: where it begins among the weights of all matrices.
        side: of the square image that the first layer looks at, else None.
    """

    name: str
    rows: int
    n: int
    start: int
    side: int | None

    @property
    def size(self) -> int:
        """How many weights it has."""
        return self.rows * self.n

    @property
    def part(self) -> slice:
        """Its weights among those of all matrices."""
        return slice(self.start, self.start + self.size)


@dataclass(frozen=True)
class Source:
    """The masks of one way to prune, round by round, and the siblings trained under each.

    Attributes:
        lived: rounds that each weight in matrices survives [M].
        everywhere: the same for all of the space's weights [D].
        error: training error along the line between the siblings [R + 1, T], fractions.
        accuracy: test accuracy of the siblings [R + 1], fractions.
    """

    lived: np.ndarray
    everywhere: np.ndarray
    error: np.ndarray
    accuracy: np.ndarray

    @cached_property
    def barriers(self) -> np.ndarray:
        """The most by which the error rises above the straight line between its two ends [R + 1]."""
        return barrier(self.error)

    def peak(self, at: int) -> int:
        """The position on the line where it rises so far, in a round."""
        error = self.error[at]
        return int((error - np.linspace(error[0], error[-1], len(error))).argmax())

    def left(self, at: int, layer: Layer | None = None) -> int:
        """How many weights of a layer, or of all, are left in a round."""
        return int((self._of(layer) >= at).sum())

    def fell(self, at: int, layer: Layer | None = None) -> int:
        """How many of them this round has pruned."""
        return int((self._of(layer) == at - 1).sum())

    def looking(self, at: int, layer: Layer) -> np.ndarray:
        """How many neurons of a layer still look at each input [n], in a round."""
        return (self._of(layer).reshape(layer.rows, layer.n) >= at).sum(0)

    def _of(self, layer: Layer | None) -> np.ndarray:
        return self.lived if layer is None else self.lived[layer.part]


@dataclass(frozen=True)
class SparsityData:
    """Everything an explorer shows.

    Attributes:
        layers: the matrices, in the network's order.
        sources: by name.
    """

    layers: list[Layer]
    sources: dict[str, Source]

    @property
    def names(self) -> list[str]:
        """The layers by name."""
        return [layer.name for layer in self.layers]

    @property
    def size(self) -> int:
        """How many weights the matrices have."""
        return sum(layer.size for layer in self.layers)

    @property
    def rounds(self) -> int:
        """R, the number of prunings."""
        return len(next(iter(self.sources.values())).error) - 1

    def layer(self, name: str) -> Layer:
        """A layer by its name."""
        return self.layers[self.names.index(name)]


def checked(space: Any, sources: Any) -> SparsityData:
    """Return everything as one record, or say in a sentence what is wrong with it."""
    if not isinstance(space, WeightSpace):
        raise TypeError(f"space must be a WeightSpace, got {type(space).__name__}.")
    layers = _layers(space)
    if not isinstance(sources, Mapping):
        raise TypeError(f"sources must map names to mappings with masks, got {type(sources).__name__}.")
    if not 1 <= len(sources) <= MOST:
        raise ValueError(f"sources must hold 1 to {MOST} kinds of masks, got {len(sources)}.")
    found: dict[str, Source] = {}
    for name, given in sources.items():
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"each name in sources must be a text, got {name!r}.")
        found[name] = _source(f"sources[{name!r}]", given, space, next(iter(found.values()), None))
    return SparsityData(layers, found)


def _layers(space: WeightSpace) -> list[Layer]:
    layers, start = [], 0
    for slot in space.layout:
        if len(slot.shape) < 2:
            continue
        rows, size = slot.shape[0], slot.stop - slot.start
        n = size // rows
        square = not layers and len(slot.shape) == 2 and n >= 16 and isqrt(n) ** 2 == n
        layers.append(Layer(slot.name, rows, n, start, isqrt(n) if square else None))
        start += size
    if not 0 < start <= LIMIT:
        raise ValueError(f"space must hold 1 to {LIMIT} weights in matrices to draw them one by one, got {start}.")
    return layers


def _source(label: str, given: Any, space: WeightSpace, first: Source | None) -> Source:
    if not isinstance(given, Mapping):
        raise TypeError(f"{label} must be a mapping with {', '.join(map(repr, KEYS))}, got {type(given).__name__}.")
    for key in KEYS:
        if key not in given:
            raise ValueError(f"{label} must have {', '.join(map(repr, KEYS))}, got a mapping without {key!r}.")
    lived, rounds = _lived(label, given["masks"], space)
    if first is not None and len(first.error) != rounds + 1:
        raise ValueError(f"{label}['masks'] must hold {len(first.error)} masks, as the first source, got {rounds + 1}.")
    error = _fractions(
        f"{label}['error']", given["error"], (rounds + 1, None if first is None else first.error.shape[1])
    )
    accuracy = _fractions(f"{label}['accuracy']", given["accuracy"], (rounds + 1,))
    return Source(lived[space.matrices().cpu().numpy()], lived, error, accuracy)


def _lived(label: str, masks: Any, space: WeightSpace) -> tuple[np.ndarray, int]:
    """How many rounds each weight survives [D], and how many rounds there are."""
    masks = torch.from_numpy(masks) if isinstance(masks, np.ndarray) and masks.dtype == bool else masks
    if not isinstance(masks, torch.Tensor) or masks.dtype != torch.bool:
        kind = getattr(masks, "dtype", type(masks).__name__)
        raise TypeError(f"{label}['masks'] must be a tensor of True and False, got {kind}.")
    if masks.dim() != 2 or masks.shape[1] != space.size or not 2 <= len(masks) <= 256:
        raise ValueError(
            f"{label}['masks'] must be [R + 1, {space.size}] with 1 to 255 rounds R, got shape {list(masks.shape)}."
        )
    try:
        lived = survived(masks)
    except ValueError as error:
        raise ValueError(f"{label}: {error}") from None
    return lived.to(torch.uint8).cpu().numpy(), len(masks) - 1


def _fractions(name: str, value: Any, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return a copy as an array of fractions; where a length is left open, at least 3 are needed."""
    value = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be an array of fractions, got {type(value).__name__}.") from None
    fits = array.ndim == len(shape) and all(
        have >= 3 if want is None else have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("T of at least 3" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} must have shape [{wanted}], got {list(array.shape)}.")
    wrong = ~((array >= 0) & (array <= 1))
    if wrong.any():
        at = [int(i) for i in np.argwhere(wrong)[0]]
        raise ValueError(f"{name} must hold fractions in [0, 1], got {array[tuple(at)]:g} at {at}.")
    return array
