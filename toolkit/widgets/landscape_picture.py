"""The static twin of a LandscapeExplorer: the same map, numbers and line as a matplotlib figure."""

from textwrap import fill
from typing import Any

import numpy as np

from toolkit.widgets.landscape_data import Surface
from toolkit.widgets.landscape_traits import Scale
from toolkit.widgets.landscape_words import (
    caption,
    measure_of,
    network_words,
    show,
    show_level,
    show_place,
    value_words,
)

MARKS = [  # mark and colour of each look; as everywhere, A is a blue circle, B a vermillion square, C a green triangle
    ("o", "#0072B2"),
    ("s", "#D55E00"),
    ("^", "#009E73"),
    ("v", "#E69F00"),
    ("*", "#56B4E9"),
    ("p", "#CC79A7"),
    ("h", "#F0E442"),
]
INK, QUIET, LINE = "#212121", "#616161", "#e0e0e0"


def draw(surface: Surface, scale: Scale, title: str, line: str, x: float, y: float) -> Any:
    """Draw the map, the numbers and the line on a figure pyplot does not know of."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.3), facecolor="white")
    figure.text(0.02, 0.95, f"{title + ': ' if title else ''}{measure_of(surface.cut.metric)}", weight="bold", size=9)
    cells = figure.add_gridspec(2, 2, left=0.05, right=0.975, top=0.91, bottom=0.14, width_ratios=(1.3, 1), wspace=0.24)
    chart = figure.add_subplot(cells[:, 0])
    _map(figure, chart, surface, scale, line, x, y)
    _numbers(figure.add_subplot(cells[0, 1]), surface, x, y)
    _line(figure.add_subplot(cells[1, 1]), surface, scale, line, x, y)
    figure.text(0.02, 0.035, fill(caption(surface), 130), size=7, color=QUIET)
    return figure


def _norm(scale: Scale) -> Any:
    from matplotlib.colors import LogNorm, Normalize

    return (LogNorm if scale.log else Normalize)(scale.low, scale.high, clip=True)


def _map(figure: Any, axes: Any, surface: Surface, scale: Scale, line: str, x: float, y: float) -> None:
    from matplotlib.patheffects import withStroke

    cut, (left, right, low, high) = surface.cut, surface.frame
    fine = [np.linspace(edge, end, 160) for edge, end in ((left, right), (low, high))]  # bilinear, as the readout
    ground = surface.value(fine[0][None, :], fine[1][:, None])
    picture = axes.imshow(
        ground, origin="lower", extent=(left, right, low, high), cmap="cividis", norm=_norm(scale), aspect="equal"
    )
    levels = [level for level in scale.levels if ground.min() < level < ground.max()]
    halo = [withStroke(linewidth=2, foreground="white")]
    if levels:
        axes.contour(*fine, ground, levels, colors="black", linewidths=2, alpha=0.4)
        lines = axes.contour(*fine, ground, levels, colors="white", linewidths=0.9)
        texts = axes.clabel(lines, fontsize=7, colors=INK, fmt=lambda level: show_level(cut.metric, level))
        for text in texts:
            text.set_path_effects(halo)
    start = surface.start(line, x, y)
    axes.plot([start.x, x], [start.y, y], "-", color="white", linewidth=2.4)
    axes.plot([start.x, x], [start.y, y], "--", color="black", linewidth=1.1)
    for one in surface.networks:
        _mark(axes, one, one.x, one.y)
        words = axes.annotate(one.name, (one.x, one.y), (7, 6), textcoords="offset points", weight="bold", size=8.5)
        words.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    axes.plot(x, y, "D", color="black", markeredgecolor="white", markersize=8, clip_on=False, zorder=7)
    axes.set(xlim=(left, right), ylim=(low, high), anchor="NW")
    axes.tick_params(labelsize=7, labelcolor=QUIET, length=2, color=LINE)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    bar = figure.colorbar(picture, ax=axes, shrink=0.75, pad=0.03)
    inner = [level for level in scale.levels if 0.07 < scale.place(level) < 0.93]
    said = [show(cut.metric, scale.low), *(show_level(cut.metric, level) for level in inner)]
    bar.set_ticks([scale.low, *inner, scale.high], labels=[*said, show(cut.metric, scale.high)])
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=7, labelcolor=QUIET, length=0)
    bar.outline.set_visible(False)


def _mark(axes: Any, network: Any, x: float, y: float, size: float = 8) -> None:
    mark, colour = MARKS[network.look]
    size = 1.4 * size if mark == "*" else size
    axes.plot(x, y, mark, color=colour, markeredgecolor="white", markersize=size, clip_on=False, zorder=6)


def _numbers(axes: Any, surface: Surface, x: float, y: float) -> None:
    axes.axis("off")
    near = surface.nearest(x, y)
    lines = [
        f"x = {show_place(x)}, y = {show_place(y)}",
        fill(f"{measure_of(surface.cut.metric)}: {value_words(surface, x, y)}", 44),
    ]
    axes.text(0, 1, "\n".join(lines), size=8.5, color=INK, weight="bold", va="top", linespacing=1.5)
    for row, one in enumerate(surface.networks[:6]):
        height = 0.52 - 0.115 * row
        axes.plot(0.02, height, MARKS[one.look][0], color=MARKS[one.look][1], markersize=6, clip_on=False)
        tail = ", nearest" if one == near else ""
        away = f" ({one.away:.2f} off the plane)" if one.away else ""
        said = f"{one.name}: {network_words(surface, one)}; {surface.distance(one, x, y):.2f} away{away}{tail}"
        axes.text(0.06, height, said, size=8, color=INK, va="center")
    axes.set(xlim=(0, 1), ylim=(0, 1))


def _line(axes: Any, surface: Surface, scale: Scale, line: str, x: float, y: float) -> None:
    metric, start = surface.cut.metric, surface.start(line, x, y)
    away, values, here = surface.along(start, x, y)
    axes.plot(away, np.maximum(values, scale.low) if scale.log else values, "-", color=INK, linewidth=1.6)
    value = float(surface.value(x, y))
    axes.plot(here, max(value, scale.low), "D", color="black", markeredgecolor="white", markersize=7, clip_on=False)
    _mark(axes, start, 0, max(float(values[0]), scale.low))
    axes.set_yscale("log" if scale.log else "linear")
    spare = 0 if scale.log else 0.04 * (scale.high - scale.low)
    axes.set(ylim=(scale.low - spare, scale.high + spare), xlim=(0, away[-1]))
    axes.set_yticks(scale.levels[:: max(1, len(scale.levels) // 3)])
    axes.yaxis.set_major_formatter(lambda value, _: show_level(metric, value))
    axes.minorticks_off()
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.spines[:].set_visible(False)
    axes.tick_params(labelsize=7, labelcolor=QUIET, length=0)
    axes.set_title(f"On the line from {start.name} through the point", loc="left", size=8.5, weight="bold", color=INK)
    axes.set_xlabel(f"distance from {start.name}{chr(39) + 's shadow' if start.away else ''}", size=7.5, color=QUIET)
