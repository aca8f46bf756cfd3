"""The static twin of a ProbeSlider: the same scatter and the same errors as a matplotlib figure."""

from functools import partial
from math import isfinite
from textwrap import fill
from typing import Any

import numpy as np

from toolkit.widgets.probe_data import ProbeData, powers, scaled, unscaled, widened
from toolkit.widgets.probe_words import caption, percent, sentences

INK, QUIET, LINE, GUESS = "#212121", "#616161", "#e0e0e0", "#E69F00"


def draw(data: ProbeData, index: int) -> Any:
    """Draw one estimate on a figure pyplot does not know of."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.4), facecolor="white")
    cells = figure.add_gridspec(1, 2, left=0.09, right=0.98, top=0.92, bottom=0.34, wspace=0.27)
    _scatter(figure.add_subplot(cells[0]), data, index)
    _errors(figure.add_subplot(cells[1]), data, index)
    first, *rest = sentences(data, index)
    figure.text(0.02, 0.19, first, size=8.5, weight="bold", color=INK)
    figure.text(0.02, 0.165, fill(" ".join(rest), 125), size=8, color=INK, va="top", linespacing=1.5)
    small = fill(f"On the left {data.scale}. {caption(data)}", 140)
    figure.text(0.02, 0.075, small, size=7, color=QUIET, va="top", linespacing=1.5)
    return figure


def _bare(axes: Any, title: str) -> None:
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7.5, labelcolor=QUIET)
    axes.set_title(title, loc="left", size=9, weight="bold", color=INK)


def _scatter(axes: Any, data: ProbeData, index: int) -> None:
    left, right, low, high = data.frame
    exact, estimate = data.drawn[0], data.drawn[1 + index]
    inside = (estimate >= low) & (estimate <= high)
    axes.plot(exact[inside], estimate[inside], "o", color=INK, markersize=3.2, markeredgewidth=0, alpha=0.35)
    for beyond, edge, mark in [(estimate > high, high, "^"), (estimate < low, low, "v")]:
        count = int(beyond.sum())
        axes.plot(exact[beyond], np.full(count, edge), mark, color=INK, markersize=3.5, fillstyle="none", mew=0.7)
    axes.plot([left, right], [left, right], "--", color=INK, linewidth=1.1)
    to_and_from = [partial(change, power=data.power) for change in (scaled, unscaled)]
    axes.set_xscale("function", functions=to_and_from)
    axes.set_yscale("function", functions=to_and_from)
    axes.set(xlim=(left, right), ylim=widened(low, high, 0.03, data.power))
    letters = max(len(text) for _, text in powers(left, right, data.power))
    rooms = 0.03 + 0.0195 * letters, 0.06  # what a number takes of the width, of the height
    for ticks, ends, room in [(axes.set_xticks, (left, right), rooms[0]), (axes.set_yticks, (low, high), rooms[1])]:
        first, last = scaled(ends, data.power)
        ticks(*zip(*powers(*ends, data.power, room * (last - first)), strict=True))
    axes.minorticks_off()
    _bare(axes, f"M = {data.estimates[index].probes:,}: estimate against exact")
    axes.set_xlabel("exact entry of the diagonal (dashed: estimate = exact)", size=8, color=QUIET)


def _errors(axes: Any, data: ProbeData, index: int) -> None:
    probes = np.array(data.axes["probes"])
    if data.reference:
        axes.plot(probes, data.reference / np.sqrt(probes), ":", color=QUIET, linewidth=1.4, label="slope -1/2")
    axes.plot(*_positive(probes, data.predicted), "s--", color=GUESS, mec=INK, mew=0.6, ms=5, label="predicted")
    axes.plot(*_positive(probes, data.measured), "o-", color=INK, ms=4, label="measured")
    axes.axvline(probes[index], color=INK, linewidth=0.8, alpha=0.4)
    here = data.measured[index]
    if here > 0:
        axes.plot(probes[index], here, "D", color="black", markeredgecolor="white", markersize=8, zorder=5)
    axes.set_xscale("log", base=2)
    if any(error > 0 for error in data.measured):
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        parts = (1, 2, 5) if high / low < 160 else (1,)
        found = [part * 10.0**power for power in range(-8, 6) for part in parts]
        axes.set_yticks([level for level in found if low < level < high])
    axes.set_xticks(probes, [str(number) for number in probes])
    axes.yaxis.set_major_formatter(lambda value, _: percent(value))
    axes.minorticks_off()
    _bare(axes, "Relative error over probes")
    axes.set_xlabel("probes M", size=8, color=QUIET)
    axes.legend(fontsize=7.5, frameon=False)


def _positive(probes: np.ndarray, errors: list[float]) -> tuple[list, list]:
    """What a logarithmic axis can show."""
    pairs = [(number, error) for number, error in zip(probes, errors, strict=True) if isfinite(error) and error > 0]
    return [number for number, _ in pairs], [error for _, error in pairs]
