"""The static twin of a ReconnectDial: matrix, curves, neuron and sorted row as a matplotlib figure."""

from textwrap import fill
from typing import Any

import numpy as np

from toolkit.style import SIGNED
from toolkit.widgets.path_data import strongest
from toolkit.widgets.reconnect_data import STEPS
from toolkit.widgets.reconnect_words import View, number, place, words
from toolkit.widgets.wording import percent

INK, QUIET, LINE, FREE, OTHER = "#212121", "#616161", "#e0e0e0", "#E69F00", "#9e9e9e"
WINDOW = (48, 64)  # rows and columns at most: each weight can be told apart, and the file stays small
LEVELS = 11  # colours of the matrix: few, for a small file


def draw(view: View) -> Any:
    """Draw one state on a figure pyplot does not know of."""
    from matplotlib.figure import Figure

    runs = view.runs is not None
    tall = 7.4 if runs else 5.4
    figure = Figure(figsize=(7.6, tall), facecolor="white")

    def rows(columns: int, top: float, bottom: float, **more: Any) -> Any:
        """Axes between two distances from the top, in inches."""
        edges = {"left": 0.075, "right": 0.975, "top": 1 - top / tall, "bottom": 1 - bottom / tall}
        return figure.add_gridspec(1, columns, **edges, **more)

    left, right = rows(2, 0.3, 2.75, wspace=0.22)
    _matrix(figure.add_subplot(left), view)
    upper, lower = right.subgridspec(2, 1, height_ratios=(1.5, 1), hspace=0.6)
    _curve(figure.add_subplot(upper), view, view.data.accuracy, "Test accuracy")
    _curve(figure.add_subplot(lower), view, view.data.loss, "Test loss (nats)")
    _neuron(figure, rows(2, 3.3, 4.4, wspace=0.22), view)
    if runs:
        _runs(figure.add_subplot(rows(1, 5.6, 7.05)[0]), view)
    figure.text(0.015, 1 - 5.0 / tall, fill(words(view), 128), fontsize=8, color=INK, va="center", linespacing=1.4)
    return figure


def _title(axes: Any, text: str, side: str = "left") -> None:
    style = {"fontsize": 9, "fontweight": "bold", "color": INK} if side == "left" else {"fontsize": 8, "color": QUIET}
    axes.set_title(text, loc=side, pad=5, **style)


def _bare(axes: Any) -> None:
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7, labelcolor=QUIET)


def _image(axes: Any, values: np.ndarray, limit: float, colours: Any = SIGNED, **more: Any) -> None:
    axes.imshow(values, cmap=colours, vmin=-limit, vmax=limit, **more)
    axes.grid(False)
    axes.spines[:].set_color(LINE)
    axes.tick_params(length=0, labelsize=7, labelcolor=QUIET)


def _matrix(axes: Any, view: View) -> None:
    """The weights now (of a large layer, a part), dots where a value has moved to, and the way of that in view."""
    layer, limit = view.layer, strongest(view.layer.before)
    origins, now = layer.origins(view.at), layer.now(view.at)
    moved = origins != np.arange(now.shape[1])
    corners = zip((view.neuron, view.column), WINDOW, now.shape, strict=True)
    (top, bottom), (left, right) = [(i - i % w, min(i - i % w + w, n)) for i, w, n in corners]
    part = (slice(top, bottom), slice(left, right))
    edges = (left - 0.5, right - 0.5, bottom - 0.5, top - 0.5)
    _image(axes, now[part], limit, SIGNED.resampled(LEVELS), aspect="auto", interpolation="nearest", extent=edges)
    axes.set(xlabel="column: input", ylabel="row: neuron")
    axes.xaxis.label.set(fontsize=7.5, color=QUIET)
    axes.yaxis.label.set(fontsize=7.5, color=QUIET)
    rows, columns = np.nonzero(moved[part])
    strong = np.abs(now[part][rows, columns]) > 0.55 * limit
    colours = np.where(strong, "white", INK)
    axes.scatter(columns + left, rows + top, s=0.6, c=colours, linewidths=0, marker="s", antialiaseds=False)
    origin = int(origins[view.neuron, view.column])
    _way(axes, (origin, view.neuron), (int(layer.to[view.neuron, origin]), view.neuron), -0.25)
    axes.set(xlim=edges[:2], ylim=edges[2:])
    of_rows = f", rows {top} to {bottom - 1}" if bottom - top < len(now) else ""
    _title(axes, layer.name + of_rows)
    _title(axes, f"dots: {moved.sum():,} moved", "right")


def _way(axes: Any, begin: tuple, end: tuple, bend: float) -> None:
    """A ring where a value began and an arrow to where it ends."""
    axes.plot(*begin, "o", markersize=6, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.2)
    if begin != end:
        style = {"arrowstyle": "->", "color": INK, "linewidth": 1.2, "shrinkA": 3, "shrinkB": 0}
        axes.annotate("", end, begin, arrowprops={**style, "connectionstyle": f"arc3,rad={bend}"})


def _curve(axes: Any, view: View, values: np.ndarray, title: str) -> None:
    """One measure over the slider, with the present position marked."""
    is_accuracy = title.endswith("accuracy")
    axes.plot(np.arange(STEPS + 1), values, color=INK, linewidth=1.6)
    axes.axvline(view.at, color=INK, linewidth=0.8, alpha=0.4)
    axes.plot(view.at, values[view.at], "D", color=INK, markersize=6, clip_on=False, zorder=5)
    _bare(axes)
    axes.set_xticks([0, 10, 20, 30, 40], ["start", "25 %", "50 %", "75 %", "trained"])
    axes.locator_params(axis="y", nbins=4)
    if is_accuracy:
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    _title(axes, title)
    here = percent(values[view.at]) if is_accuracy else f"{values[view.at]:.2f}"
    _title(axes, f"{here} at {place(view.at)}", "right")


def _neuron(figure: Any, grid: Any, view: View) -> None:
    """The row in view at the start, now and trained; beside it the same row sorted."""
    layer, row, limit = view.layer, view.neuron, strongest(view.layer.before)
    origin = int(layer.origins(view.at)[row, view.column])
    goal = int(layer.to[row, origin])
    shape = layer.image or (1, layer.before.shape[1])
    cells = grid[0].subgridspec(1, 3, wspace=0.15) if layer.image else grid[0].subgridspec(3, 1, hspace=0.9)
    for i, (name, at) in enumerate([("start", 0), ("now", view.at), ("trained", STEPS)]):
        axes = figure.add_subplot(cells[i])
        _image(axes, layer.now(at)[row].reshape(shape), limit, aspect="equal" if layer.image else "auto")
        axes.set(xticks=[], yticks=[])
        if layer.image:
            axes.set_xlabel(name, fontsize=8, color=INK, labelpad=2)
        else:
            axes.set_ylabel(name, fontsize=7, color=INK, rotation=0, ha="right", va="center")
        if name == "now" and layer.image:
            _way(axes, *((column % shape[1], column // shape[1]) for column in (origin, goal)), 0)
        if i == 0:
            _title(axes, f"Neuron {row}")
    axes = figure.add_subplot(grid[1])
    first, now = (np.sort(layer.now(at)[row]) for at in (0, view.at))
    axes.plot(first, color=OTHER, linewidth=5, alpha=0.5)
    axes.plot(now, color=INK, linewidth=1.4)
    _bare(axes)
    axes.set_xticks([0, len(first) - 1], ["smallest", "largest"])
    axes.locator_params(axis="y", nbins=4)
    _title(axes, f"Row {row}, sorted")
    _title(axes, f"largest difference from the start: {number(np.abs(now - first).max())}", "right")


def _runs(axes: Any, view: View) -> None:
    """Accuracy before and after synchronisations at one k; what lies between is what they cost."""
    runs, i = view.runs, view.runs.period.index(view.k)
    for other in range(len(runs.period)):
        if other != i:
            axes.plot(runs.epoch, runs.after[other], color=OTHER, linewidth=0.8, alpha=0.6)
    axes.fill_between(runs.epoch, runs.before[i], runs.after[i], color=FREE, alpha=0.2, linewidth=0)
    axes.plot(runs.epoch, runs.before[i], "--", color=FREE, linewidth=1.8, label="free, before a synchronisation")
    axes.plot(runs.epoch, runs.after[i], color=INK, linewidth=1.8, label="synchronised, after it")
    low, high = runs.range
    axes.set_ylim(low - 0.03 * (high - low), high + 0.03 * (high - low))
    _bare(axes)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    axes.locator_params(axis="y", nbins=5)
    axes.set_xlabel("epoch", fontsize=7.5, color=QUIET, labelpad=1)
    axes.legend(frameon=False, fontsize=7.5, loc="lower right", labelcolor=INK)
    _title(axes, f"Runs with k = {view.k}")
    _title(axes, "grey: synchronised, other k", "right")
