"""A SparsityExplorer in words."""

from typing import NamedTuple

from toolkit.widgets.sparsity_data import STABLE, Layer, Source, SparsityData
from toolkit.widgets.wording import percent

DEFINITION = (
    "Barrier: the most by which the training error rises above the straight line between its two ends. "
    "Below 2 points counts as stable here. (Others measure from the mean of the ends.)"
)


class View(NamedTuple):
    """One state of the explorer: what there is, the source's name, the round and the layer in view."""

    data: SparsityData
    name: str
    at: int
    layer: Layer

    @property
    def source(self) -> Source:
        """The source in view."""
        return self.data.sources[self.name]


def words(view: View) -> str:
    """Say what the explorer shows."""
    data, source, at = view.data, view.source, view.at
    layers = "; ".join(f"{title(data, layer)}: {density(data, source, at, layer)}" for layer in data.layers)
    others = "; ".join(
        f"{name} {', '.join(points(value) for value in one.barriers)}" for name, one in data.sources.items()
    )
    return (
        f"Masks from {view.name}. {' '.join(sentences(data, source, at))} {layers}. {DEFINITION} "
        f"Barriers in points, round by round: {others}."
    )


def sentences(data: SparsityData, source: Source, at: int) -> list[str]:
    """What is left in a round, and what became of the siblings trained under its mask."""
    cut_off = [layer.name for layer in data.layers if source.left(at, layer) == 0]
    dead = f" Nothing passes through {', '.join(cut_off)} any more." if cut_off else ""
    return [
        f"Round {at} of {data.rounds}: {overall(data, source, at)}; {fallen(source, at)}.{dead}",
        f"Siblings under this mask: {verdict(source.barriers[at])}; test accuracy {percent(source.accuracy[at])}"
        + (f" (unpruned {percent(source.accuracy[0])})." if at else "."),
    ]


def overall(data: SparsityData, source: Source, at: int) -> str:
    """How many weights are left in all matrices together."""
    left = source.left(at)
    return f"{left:,} of {data.size:,} weights left ({share(data.size - left, data.size)} pruned)"


def fallen(source: Source, at: int, layer: Layer | None = None) -> str:
    """How many weights a round has pruned, in a layer or in all."""
    return f"{source.fell(at, layer):,} fell in this round" if at else "nothing has fallen yet"


def density(data: SparsityData, source: Source, at: int, layer: Layer | None) -> str:
    """How much of a layer, or of all, is alive."""
    left, size = source.left(at, layer), data.size if layer is None else layer.size
    return f"{share(left, size)} alive, {left:,} of {size:,}"


def title(data: SparsityData, layer: Layer) -> str:
    """Name a layer by its number and its weights."""
    return f"layer {data.layers.index(layer) + 1} ({layer.name})"


def verdict(barrier: float) -> str:
    """Say how high a barrier is, and what that means.

    Example:
        >>> verdict(0.023), verdict(0.0034), verdict(0.0199)
        ('barrier 2.3 points: unstable', 'barrier 0.3 points: stable', 'barrier 1.99 points: stable')
    """
    return f"barrier {points(barrier)} points: {'stable' if is_stable(barrier) else 'unstable'}"


def is_stable(barrier: float) -> bool:
    """Whether a barrier is below the threshold; one of 2 points is not, however its last digits were rounded."""
    return barrier < STABLE - 1e-6


def points(barrier: float) -> str:
    """Write a barrier in points, with a second decimal where the first would hide the side of the threshold it is on.

    Example:
        >>> points(0.1234), points(0.0199), points(0.02)
        ('12.3', '1.99', '2.0')
    """
    value = 100 * barrier
    return f"{min(value, 1.99):.2f}" if is_stable(barrier) and f"{value:.1f}" == "2.0" else f"{value:.1f}"


def share(part: int, whole: int) -> str:
    """Write a share in percent; 0 and 100 are kept for none and all.

    Example:
        >>> share(401, 1024), share(3, 1024), share(0, 8), share(9999, 10_000)
        ('39 %', '0.3 %', '0 %', '99.9 %')
    """
    value = 100 * part / whole
    if part in (0, whole) or 1 <= value <= 99:
        return f"{value:.0f} %"
    return f"{min(max(value, 0.1), 99.9):.1f} %"
