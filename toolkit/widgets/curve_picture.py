"""The static twin of a CurveSlider: the same charts, digits and filters as a matplotlib figure."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from toolkit.style import SIGNED
from toolkit.widgets.path_data import METRICS, PathData, strongest, worst_first

A, B, BARRIER, WRONG = "#0072B2", "#D55E00", "#CC79A7", "#F0E442"
LABELS = {"loss": "Loss", "accuracy": "Accuracy", "ece": "Calibration error"}
INK, QUIET, LINE, GHOST = "#212121", "#616161", "#e0e0e0", "#b0b0b0"
GHOSTS = 7  # curves of other variants; more would be a thicket


def show_value(metric: str, value: float) -> str:
    """Write a value of a metric as the slider does."""
    return {"loss": f"{value:.2f}", "accuracy": f"{100 * value:.1f} %", "ece": f"{value:.3f}"}[metric]


def draw(
    data: PathData,
    classes: list[str],
    metric: str,
    t: float,
    draw_map: Callable | None = None,
    title: str = "",
    others: Sequence[PathData] = (),
) -> Any:
    """Draw charts, digits, filters and, with `draw_map(axes)`, the map at t, on a figure pyplot does not know of.

    A title names the variant; the other variants' test curves are drawn faintly behind its own.
    """
    from matplotlib.figure import Figure

    strips = data.images is not None or data.filters is not None
    height = (6.5 if draw_map and strips else 4.3) + (0.3 if title else 0)
    figure = Figure(figsize=(7.6, height), facecolor="white")
    if title:
        figure.suptitle(title, x=0.075, y=0.985, ha="left", fontsize=9, color=INK)
    left, right, below = _layout(figure, draw_map is not None, strips, 0.05 if title else 0)
    upper, lower = (figure.add_subplot(cell) for cell in left.subgridspec(2, 1, height_ratios=(1.7, 1), hspace=0.35))
    _chart(upper, data, metric, t, others)
    _ghosts(upper, others, metric)
    _barrier(upper, data, metric)
    _chart(lower, data, "loss" if metric == "accuracy" else "accuracy", t, others)
    lower.set_xlabel("t", labelpad=-8, color=QUIET, fontsize=8)
    if draw_map:
        draw_map(figure.add_subplot(right))
    if strips:
        rows = below or right.subgridspec(2, 1, height_ratios=(3.4, 1), hspace=0.4)
        if data.images is not None:
            _digits(figure, rows[0], data, classes, t, columns=8 if draw_map else 6)
        if data.filters is not None:
            _filters(figure, rows[1], data, t, rows=3 if draw_map else 2)
    return figure


def _layout(figure: Any, has_map: bool, has_strips: bool, title: float) -> tuple[Any, Any, Any]:
    """Cells for the charts, for what stands beside them, and a grid of two for what stands below, or None."""
    edges = {"left": 0.075, "right": 0.985, "wspace": 0.12, "width_ratios": (1.25, 1)}
    if has_map and has_strips:
        below = figure.add_gridspec(1, 2, top=0.325, bottom=0.05, **edges)
        return *figure.add_gridspec(1, 2, top=0.955 - title, bottom=0.42, **edges), below
    if has_map or has_strips:
        return *figure.add_gridspec(1, 2, top=0.93 - title, bottom=0.08, **edges), None
    return figure.add_gridspec(1, 1)[0], None, None


def show_gap(metric: str, height: float) -> str:
    """Write the height of a barrier as the slider does: for the accuracy in percentage points."""
    return f"{100 * height:.1f} points" if metric == "accuracy" else show_value(metric, height)


def _chart(axes: Any, data: PathData, metric: str, t: float, others: Sequence[PathData]) -> None:
    for split, style, width in [("train", "-", 1.2), ("test", "--", 1.9)]:
        series = f"{split}_{metric}"
        if getattr(data, series) is None:
            continue
        axes.plot(data.t, getattr(data, series), style, color=INK, linewidth=width, label=split)
        for other in others:  # the same scale for every variant, so that they can be compared
            axes.update_datalim(np.column_stack([other.t, getattr(other, series)]))
        axes.plot(
            t,
            data.at(series, t),
            "D",
            color=INK if split == "test" else "white",
            markeredgecolor=INK,
            markersize=7 if split == "test" else 5,
            zorder=6,
        )
    axes.plot(0, data.at(f"test_{metric}", 0), "o", color=A, markersize=7, zorder=5, clip_on=False)
    axes.plot(1, data.at(f"test_{metric}", 1), "s", color=B, markersize=7, zorder=5, clip_on=False)
    axes.axvline(t, color=INK, linewidth=0.7, alpha=0.4)
    axes.set_title(LABELS[metric], loc="left", fontsize=9, fontweight="bold", color=INK, pad=4)
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7, labelcolor=QUIET)
    axes.locator_params(axis="y", nbins=5)
    if metric == "accuracy":
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    else:
        axes.set_ylim(bottom=0)


def _ghosts(axes: Any, others: Sequence[PathData], metric: str) -> None:
    if len(others) <= GHOSTS:
        for i, data in enumerate(others):
            label = None if i else "the others"
            axes.plot(
                data.t, getattr(data, f"test_{metric}"), "--", color=GHOST, linewidth=1.2, label=label, zorder=1.5
            )


def _barrier(axes: Any, data: PathData, metric: str) -> None:
    axes.plot([0, 1], [data.chord(metric, 0), data.chord(metric, 1)], ":", color=QUIET, linewidth=1)
    axes.legend(frameon=False, fontsize=7, loc="best", handlelength=2.6, labelcolor=QUIET)
    top, height = data.barrier(metric)
    if height <= 0:
        return
    foot = data.chord(metric, top)
    heads = min(10, 110 * height / np.ptp(axes.get_ylim()))  # points: each at most a third of a short arrow
    axes.annotate(
        "",
        (top, foot),
        (top, foot + METRICS[metric] * height),
        arrowprops={
            "arrowstyle": "<->",
            "mutation_scale": heads,
            "color": BARRIER,
            "linewidth": 2,
            "shrinkA": 0,
            "shrinkB": 0,
        },
        zorder=4,
    )
    axes.set_title(f"barrier {show_gap(metric, height)} at t = {top:.2f}", loc="right", fontsize=8, color=INK, pad=4)


def _digits(figure: Any, cell: Any, data: PathData, classes: list[str], t: float, columns: int) -> None:
    point = int(np.abs(data.t - t).argmin())
    order = worst_first([data])[:24]
    wrong = int((data.predictions[point] != data.labels).sum())
    grid = cell.subgridspec(24 // columns, columns, hspace=0.85, wspace=0.15)
    for place, i in enumerate(order):
        axes = figure.add_subplot(grid[place // columns, place % columns])
        if place == 0:
            axes.set_title(
                f"What the network reads: {wrong} of these {len(data.images)} wrong",
                loc="left",
                fontsize=8,
                fontweight="bold",
                color=INK,
                pad=5,
            )
        picture = data.images[i].transpose(1, 2, 0)
        axes.imshow(picture if picture.shape[2] == 3 else picture[..., 0], cmap="Greys", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(LINE)
        said, label = classes[data.predictions[point, i]], classes[data.labels[i]]
        wrong = said != label
        axes.set_xlabel(
            f"✗ {said}\nnot {label}" if wrong else said,
            fontsize=6.5,
            labelpad=2.5,
            color=INK,
            bbox={"facecolor": WRONG if wrong else "white", "edgecolor": "none", "pad": 1},
        )


def _filters(figure: Any, cell: Any, data: PathData, t: float, rows: int) -> None:
    knots = np.linspace(data.t[0], data.t[-1], len(data.filters))
    after = int(np.clip(np.searchsorted(knots, t), 1, len(knots) - 1))
    weight = (t - knots[after - 1]) / (knots[after] - knots[after - 1])
    now = (1 - weight) * data.filters[after - 1] + weight * data.filters[after]
    limit = strongest(data.filters)
    columns = -(-len(now) // rows)
    grid = cell.subgridspec(rows, columns, hspace=0.12, wspace=0.12)
    for i, picture in enumerate(now):
        axes = figure.add_subplot(grid[i // columns, i % columns])
        axes.imshow(picture, cmap=SIGNED, vmin=-limit, vmax=limit)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(LINE)
        if i == 0:
            axes.set_title("First-layer filters", loc="left", fontsize=8, fontweight="bold", color=INK, pad=4)
