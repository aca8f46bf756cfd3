"""The static twin of a SparsityExplorer: mask, densities, siblings' line and barriers as a matplotlib figure."""

from textwrap import fill
from typing import Any

import numpy as np

from toolkit.style import COLOURS
from toolkit.widgets.sparsity_data import STABLE
from toolkit.widgets.sparsity_words import DEFINITION, View, density, points, sentences, title, verdict

INK, QUIET, LINE, OTHER, FELL = "#212121", "#616161", "#e0e0e0", "#9e9e9e", "#c77700"
SHADES = [(0.94, 0.94, 0.94), (0.78, 0.467, 0.0), (0.13, 0.13, 0.13)]  # pruned, fallen in this round, alive
TICKS = np.array([0.1, 0.5, 1, 2, 5, 10, 20, 50, 100]) / 100
ROOM = 22  # letters of a source's name beside the chart


def draw(view: View) -> Any:
    """Draw one state on a figure pyplot does not know of."""
    from matplotlib.figure import Figure

    tall = 6.7
    figure = Figure(figsize=(7.6, tall), facecolor="white")

    def row(top: float, bottom: float, right: float = 0.985, **more: Any) -> Any:
        """Axes between two distances from the top, in inches."""
        edges = {"left": 0.075, "right": right, "top": 1 - top / tall, "bottom": 1 - bottom / tall}
        return figure.add_gridspec(1, 2, **edges, **more)

    head = f"Masks from {view.name}. " + " ".join(sentences(view.data, view.source, view.at))
    figure.text(0.015, 1 - 0.12 / tall, fill(head, 128), fontsize=8, color=INK, va="top", linespacing=1.4)
    left, right = row(0.92, 2.9, wspace=0.16)
    _mask(figure.add_subplot(left), view)
    _densities(figure.add_subplot(right), view)
    left, right = row(4.05, 5.85, right=0.8, wspace=0.24)
    _line(figure.add_subplot(left), view)
    _barriers(figure.add_subplot(right), view)
    figure.text(0.015, 0.02, fill(DEFINITION, 134), fontsize=7.5, color=QUIET, va="bottom", linespacing=1.4)
    return figure


def _title(axes: Any, text: str, side: str = "left") -> None:
    style = {"fontsize": 9, "fontweight": "bold", "color": INK} if side == "left" else {"fontsize": 8, "color": QUIET}
    axes.set_title(text, loc=side, pad=6, **style)


def _bare(axes: Any) -> None:
    axes.grid(False, axis="x")
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7, labelcolor=QUIET)


def _mask(axes: Any, view: View) -> None:
    """One pixel a weight: alive, fallen in this round, or pruned before."""
    layer, source = view.layer, view.source
    lived = source.lived[layer.part].reshape(layer.rows, layer.n).astype(int)
    shades = np.array(SHADES)[np.where(lived >= view.at, 2, np.where(lived == view.at - 1, 1, 0))]
    axes.imshow(shades, aspect="auto", interpolation="nearest")
    axes.grid(False)
    axes.spines[:].set_color(LINE)
    axes.tick_params(length=0, labelsize=7, labelcolor=QUIET)
    axes.set_xlabel(f"column: {'pixel' if layer.side else 'input'}", fontsize=7.5, color=QUIET, labelpad=1)
    axes.set_ylabel("row: neuron", fontsize=7.5, color=QUIET, labelpad=1)
    left, fell = source.left(view.at, layer), source.fell(view.at, layer)
    _title(axes, f"Mask of {title(view.data, layer)}")
    key = (
        f"black: {left:,} alive; orange: {fell:,} fell in this round; pale: {layer.size - left - fell:,} pruned before"
    )
    axes.text(0, -0.2, key, transform=axes.transAxes, fontsize=7, color=INK, va="top")


def _densities(axes: Any, view: View) -> None:
    """A bar for each layer, as long as what is left of it."""
    source, layers = view.source, view.data.layers
    for y, layer in enumerate(layers):
        left, fell = source.left(view.at, layer) / layer.size, source.fell(view.at, layer) / layer.size
        axes.barh(y, 1, 0.3, color="#eeeeee")
        axes.barh(y, left, 0.3, color=INK)
        axes.barh(y, fell, 0.3, left=left, color="white", edgecolor=FELL, hatch="/////", linewidth=0)
        weight = "bold" if layer is view.layer else "normal"
        words = f"{title(view.data, layer)}: {density(view.data, source, view.at, layer)}"
        axes.text(0, y - 0.24, words, fontsize=7.5 if len(layers) < 7 else 5.5, color=INK, weight=weight)
    axes.set(xlim=(0, 1), ylim=(len(layers) - 0.6, -0.75), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    _title(axes, "What is left")


def _line(axes: Any, view: View) -> None:
    """The error between the siblings in this round, the other rounds pale, the barrier marked."""
    source, at = view.source, view.at
    t, error = np.linspace(0, 1, source.error.shape[1]), source.error[at]
    for other in np.delete(source.error, at, 0):
        axes.plot(t, other, color=OTHER, linewidth=0.7, alpha=0.5)
    axes.plot([0, 1], error[[0, -1]], "--", color=INK, linewidth=1, alpha=0.7)
    axes.plot(t, error, color=INK, linewidth=1.8)
    peak = source.peak(at)
    foot = np.interp(t[peak], [0, 1], error[[0, -1]])
    axes.plot([t[peak], t[peak]], [foot, error[peak]], color=COLOURS["barrier"], linewidth=2.5)
    axes.plot(0, error[0], "o", color=COLOURS["A"], clip_on=False, zorder=5)
    axes.plot(1, error[-1], "s", color=COLOURS["B"], clip_on=False, zorder=5)
    axes.set_ylim(0, 1.06 * max(2 * STABLE, source.error.max()))
    _bare(axes)
    axes.set_xticks([0, 0.5, 1], ["sibling A", "halfway", "sibling B"])
    axes.locator_params(axis="y", nbins=5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    axes.set_title(f"Error between siblings\n{verdict(source.barriers[at])}", loc="left", fontsize=8.5, color=INK)


def _barriers(axes: Any, view: View) -> None:
    """The barrier in every round for all sources, over the square root of the height."""
    sources, rounds = view.data.sources, np.arange(view.data.rounds + 1)
    high = max(2 * STABLE, *(source.barriers.max() for source in sources.values()))
    axes.axhspan(0, STABLE**0.5, color="#f2f2f2", linewidth=0)
    axes.axvline(view.at, color=INK, linewidth=0.8, alpha=0.4)
    axes.set_ylim(0, 1.06 * high**0.5)
    ends = sorted((source.barriers[-1] ** 0.5, name) for name, source in sources.items())
    heights: list[float] = []
    for level, _ in ends:
        heights.append(max(level, heights[-1] + 0.09 * high**0.5) if heights else level)
    for (level, name), height in zip(ends, heights, strict=True):
        chosen = name == view.name
        look = {"color": COLOURS["barrier"], "linewidth": 2} if chosen else {"color": OTHER, "linewidth": 1}
        axes.plot(rounds, sources[name].barriers ** 0.5, zorder=4 if chosen else 3, **look)
        joint = {"arrowstyle": "-", "color": LINE, "shrinkA": 0, "shrinkB": 0}
        spots = {"xycoords": ("axes fraction", "data"), "textcoords": ("axes fraction", "data"), "va": "center"}
        short = name if len(name) <= ROOM else f"{name[: ROOM - 1].rstrip()}…"
        axes.annotate(
            short, (0.97, level), (1.06, height), fontsize=7.5, color=INK if chosen else QUIET, arrowprops=joint,
            weight="bold" if chosen else "normal", annotation_clip=False, **spots,
        )  # fmt: skip
    here = view.source.barriers[view.at]
    axes.plot(
        view.at, here**0.5, "D", color=COLOURS["barrier"], markeredgecolor=INK, markersize=6, zorder=5, clip_on=False
    )
    _bare(axes)
    shown = [0, *(tick for tick in TICKS if 0.02 * high < tick <= high and (tick >= STABLE or high < 0.1))]
    axes.set_yticks(np.sqrt(shown), [f"{100 * tick:g}" for tick in shown])
    axes.set_xticks(rounds if len(rounds) < 12 else rounds[:: len(rounds) // 6])
    axes.set_xlabel("round", fontsize=7.5, color=QUIET, labelpad=1)
    axes.set_title(
        f"Barrier in every round (points)\n{points(here)} in round {view.at}; grey: stable",
        loc="left",
        fontsize=8.5,
        color=INK,
    )
