"""The static twin of a LatePhasePanel: the same bars and curves at one setting as a matplotlib figure."""

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import numpy as np

from toolkit.widgets.late_phase_data import SERIES, LatePhaseGrid
from toolkit.widgets.late_phase_words import SYMBOLS, sentences, setting, short
from toolkit.widgets.wording import percent

LOOKS = {"member": ("#E69F00", "h", 8), "average": ("#000000", "D", 7), "ensemble": ("#56B4E9", "P", 9)}
LABELS = {"member": "mean\nmember", "average": "weight\naverage", "ensemble": "prediction\nensemble"}
BRIEF = {"member": "mean member", "average": "weight average", "ensemble": "ensemble"}
INK, QUIET, LINE = "#212121", "#616161", "#e0e0e0"
ROOM = 16  # letters in a label between the charts
GAP = 0.055  # between labels beside a chart, as a fraction of its height


def draw(grid: LatePhaseGrid, at: Mapping[str, Any], over: str) -> Any:
    """Draw one setting on a figure pyplot does not know of."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.9), facecolor="white")
    cells = figure.add_gridspec(
        1, 2, left=0.065, right=0.855, top=0.87, bottom=0.345, width_ratios=(1, 1.1), wspace=0.6
    )
    left, right = (figure.add_subplot(cell) for cell in cells)
    low, high = grid.range
    spare = 0.13 * (high - low)
    for axes in (left, right):
        axes.set_ylim(low - spare, high + spare)
        _bare(axes)
        for name, level in grid.lines.items():
            axes.axhline(level, color=INK if name == "base" else QUIET, linewidth=1, linestyle=_dash(name), zorder=1)
    _bars(left, grid, at)
    _curves(right, grid, at, over)
    figure.text(0.015, 0.955, f"Test accuracy{f', {grid.name}' if grid.name else ''}", fontsize=9, color=INK)
    first, *rest = sentences(grid, at)
    figure.text(0.015, 0.19, first, fontsize=7.4, fontweight="bold", color=INK)
    figure.text(0.015, 0.068, fill(_caption(grid), 138), fontsize=7, color=QUIET, va="top", linespacing=1.4)
    figure.text(0.015, 0.17, fill(" ".join(rest), 125), fontsize=8, color=INK, va="top", linespacing=1.5)
    return figure


def _caption(grid: LatePhaseGrid) -> str:
    dotted = ", ".join(f"{name} {percent(level)}" for name, level in grid.references.items())
    return (
        f"Bars start at the base (dashed). Dots are the {len(grid.base)} seeds; whiskers and bands, one standard "
        f"deviation.{f' Dotted: {dotted}.' if dotted else ''}"
    )


def _dash(name: str) -> Any:
    return (0, (6, 4)) if name == "base" else (0, (2, 3))


def _bare(axes: Any) -> None:
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7.5, labelcolor=QUIET)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    low, high = axes.get_ylim()
    axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= min(high, 1)])


def _title(axes: Any, text: str, side: str = "left") -> None:
    style = {"fontsize": 9, "fontweight": "bold", "color": INK} if side == "left" else {"fontsize": 8, "color": QUIET}
    axes.set_title(text, loc=side, pad=6, **style)


def _bars(axes: Any, grid: LatePhaseGrid, at: Mapping[str, Any]) -> None:
    """Each series as a bar that starts at the base, with a mark, a whisker of one standard deviation, and the seeds."""
    base = float(grid.base.mean())
    for x, (name, seeds) in enumerate(zip(SERIES, grid.cell(at), strict=True)):
        colour, mark, size = LOOKS[name]
        mean, sd = seeds.mean(), seeds.std(ddof=1)
        axes.bar(x, mean - base, 0.72, bottom=base, color=colour, alpha=0.2 if name == "average" else 0.3)
        dots = x + 0.22 + 0.055 * (np.arange(len(seeds)) % 3 - 1)
        axes.plot(dots, seeds, "o", color=INK, alpha=0.4, markersize=3, markeredgewidth=0)
        axes.errorbar(x + 0.04, mean, sd, color=INK, linewidth=1.2, capsize=3)
        axes.plot(x - 0.19, mean, mark, color=colour, markeredgecolor="white" if name == "average" else INK, ms=size)
        above = mean >= base
        edge = max(mean + sd, seeds.max()) if above else min(mean - sd, seeds.min())
        place = {"xytext": (0, 5 if above else -5), "textcoords": "offset points", "va": "bottom" if above else "top"}
        halo = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
        axes.annotate(percent(mean), (x, edge), ha="center", fontsize=8.5, weight="bold", color=INK, bbox=halo, **place)
    axes.set_xlim(-0.6, 2.6)
    axes.set_xticks(range(3), [f"{LABELS[name]}\n{_cost(name, at['members'])}" for name in SERIES])
    axes.tick_params(axis="x", labelcolor=INK)
    _title(axes, setting(at))
    texts = [f"{name} {percent(level)}" for name, level in grid.lines.items()]
    if max(map(len, texts)) > ROOM:
        texts = [name if len(name) <= ROOM else f"{name[: ROOM - 2].rstrip()}…" for name in grid.lines]
    _beside(axes, [(text, level, None) for text, level in zip(texts, grid.lines.values(), strict=True)])


def _cost(name: str, count: int) -> str:
    if count == 1 or name == "average":
        return "1 network"
    return f"one of {count}" if name == "member" else f"{count} networks"


def _curves(axes: Any, grid: LatePhaseGrid, at: Mapping[str, Any], over: str) -> None:
    """The same means over one axis, with the present place marked."""
    values = grid.axes[over]
    x, current = np.arange(len(values)), values.index(at[over])
    if len(values) > 1:
        x = np.log(values) if over == "members" else np.array(values)
    along = grid.along(over, at)
    axes.axvline(x[current], color=INK, linewidth=0.8, alpha=0.4)
    for index in (0, 2, 1):
        colour, mark, size = LOOKS[SERIES[index]]
        mean, sd = along[index].mean(-1), along[index].std(-1, ddof=1)
        axes.fill_between(x, mean - sd, mean + sd, color=colour, alpha=0.16, linewidth=0)
        edge = {"markeredgecolor": "white" if SERIES[index] == "average" else INK, "markeredgewidth": 0.7}
        axes.plot(x, mean, mark, color=colour, linestyle="-", linewidth=1.6, markersize=0.6 * size, **edge)
        axes.plot(x[current], mean[current], mark, color=colour, markersize=size, **edge)
    axes.set_xticks(x, [short(over, value) for value in values])
    axes.margins(x=0.06)
    axes.set_xlabel(SYMBOLS[over], fontsize=8.5, color=INK, labelpad=2)
    _title(axes, f"Over {SYMBOLS[over]}")
    _title(axes, f"at {setting(at, *(axis for axis in SYMBOLS if axis != over))}", "right")
    _beside(axes, [(BRIEF[name], along[i, -1].mean(), name) for i, name in enumerate(SERIES)])


def _beside(axes: Any, labels: list[tuple[str, float, str | None]]) -> None:
    """Write labels to the right of a chart, apart from one another, each joined to the height it means."""
    low, high = axes.get_ylim()
    labels = sorted(labels, key=lambda label: label[1])
    places = _apart([(level - low) / (high - low) for _, level, _ in labels])
    for (text, level, name), place in zip(labels, places, strict=True):
        joint = {"arrowstyle": "-", "color": LINE, "shrinkA": 0, "shrinkB": 0}
        ends = {"xycoords": ("axes fraction", "data"), "textcoords": "axes fraction", "annotation_clip": False}
        axes.annotate("", (1, level), (1.05, place), arrowprops=joint, **ends)
        if name:
            colour, mark, size = LOOKS[name]
            look = {"color": colour, "markeredgecolor": INK, "markeredgewidth": 0.7, "markersize": 0.7 * size}
            axes.plot(1.08, place, mark, transform=axes.transAxes, clip_on=False, **look)
        axes.text(1.12 if name else 1.06, place, text, va="center", fontsize=7.5, color=INK, transform=axes.transAxes)


def _apart(wanted: list[float]) -> list[float]:
    """Rising heights near the wanted ones, at least GAP apart and at most 1."""
    found: list[float] = []
    for height in wanted:
        found.append(max(height, found[-1] + GAP) if found else height)
    for i in reversed(range(len(found))):
        found[i] = min(found[i], 1 - GAP * (len(found) - 1 - i))
    return found
