"""The static twin of a SimplexExplorer: the same triangle, numbers and digits as a matplotlib figure, and in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.widgets.simplex_data import SimplexData, grid

CORNERS = [("o", "#0072B2"), ("s", "#D55E00"), ("^", "#009E73")]  # mark and colour of corner 1, 2, 3
PLACES = np.array([[0, 0], [1, 0], [0.5, 3**0.5 / 2]])  # where they stand
INK, QUIET, LINE, WRONG = "#212121", "#616161", "#e0e0e0", "#F0E442"
KEYS = {"accuracy": "light is high accuracy", "loss": "dark is low loss"}
DIGITS = 24


@dataclass(frozen=True)
class View:
    """The state to draw: what was measured, which variant it is, what the map shows, the points, the colour scale."""

    data: SimplexData
    chosen: str
    metric: str
    value: list[float]
    second: list[float]
    scale: tuple[float, float]

    @property
    def kind(self) -> str:
        """What the test examples are called."""
        return "test examples" if self.data.images is None else "test images"

    @property
    def nearest(self) -> list[int]:
        """Indices of the measured points nearest to the one point or the two."""
        return [self.data.nearest(at) for at in (self.value, self.second) if at]

    @property
    def answers(self) -> np.ndarray:
        """What the network at the nearest measured point, or the ensemble of two, reads in the images shown [m]."""
        return self.data.probabilities[self.nearest].mean(axis=0).argmax(axis=-1)


def show(metric: str, value: float) -> str:
    """Write a value of a metric as the explorer does."""
    return f"{100 * value:.1f} %" if metric == "accuracy" else f"{value:.2f}"


def said(weights: Any) -> str:
    """Write three weights."""
    return ", ".join(f"{weight:.2f}" for weight in weights)


def words(view: View) -> str:
    """Say what is shown."""
    data, metric = view.data, view.metric
    a, b, c, middle = (show(metric, getattr(data, metric)[i]) for i in [*data.corners, data.middle])
    chosen = f" ({view.chosen})" if view.chosen else ""
    text = (
        f"A triangle of networks{chosen}: each point is the mean of corner 1, 2 and 3 with three weights. "
        f"The test {metric} is {a} at corner 1, {b} at corner 2, {c} at corner 3 and {middle} in the middle. "
    )
    return text + (_ensemble(view) if view.second else _point(view)) + _read(view)


def _point(view: View) -> str:
    data, at = view.data, view.value
    about = "" if data.measured(at) else "about "
    accuracy = data.at("accuracy", at)
    return (
        f"At weights {said(at)} the test accuracy is {about}{show('accuracy', accuracy)}, the test loss "
        f"{about}{show('loss', data.at('loss', at))}, and {about}{round((1 - accuracy) * data.total)} of {data.total} "
        f"{view.kind} are wrong."
    )


def _ensemble(view: View) -> str:
    data, (i, j) = view.data, view.nearest
    one, two, both = (show("accuracy", 1 - data.wrong[pair] / data.total) for pair in ((i, i), (j, j), (i, j)))
    differ = int(data.differ[i, j])
    first, second = (said(grid(data.steps)[k]) for k in (i, j))
    return (
        f"Measured nearest to the two points, at weights {first} and {second}: accuracy {one} and {two} alone, "
        f"{both} as an ensemble; they read {differ} of {data.total} {view.kind} differently "
        f"({100 * differ / data.total:.1f} %)."
    )


def _read(view: View) -> str:
    if view.data.images is None:
        return ""
    wrong, shown = int((view.answers != view.data.labels).sum()), len(view.data.labels)
    return f" Of the {shown} {view.kind} that divide the corners most, {wrong} are misread there."


def draw(view: View) -> Any:
    """Draw the triangle, the numbers and the digits on a figure pyplot does not know of."""
    from matplotlib.figure import Figure

    digits = view.data.images is not None
    figure = Figure(figsize=(7.6, 5.2 if digits else 3.8), facecolor="white")
    if view.chosen:
        figure.suptitle(view.chosen, x=0.03, y=0.985, ha="left", fontsize=9, color=INK)
    bottom = 0.3 if digits else 0.04
    cells = figure.add_gridspec(1, 2, left=0.03, right=0.985, top=0.92, bottom=bottom, width_ratios=(1.5, 1))
    _map(figure, figure.add_subplot(cells[0]), view)
    _numbers(figure.add_subplot(cells[1]), view)
    if digits:
        _digits(figure, figure.add_gridspec(2, 12, left=0.03, right=0.985, top=0.24, bottom=0.05, hspace=0.7), view)
    return figure


def _map(figure: Any, axes: Any, view: View) -> None:
    from matplotlib.patheffects import withStroke
    from matplotlib.tri import Triangulation

    data, metric = view.data, view.metric
    values, (low, high) = getattr(data, metric), view.scale
    triangles = Triangulation(*(grid(data.steps) @ PLACES).T)
    ground = axes.tripcolor(triangles, values, shading="gouraud", cmap="cividis", vmin=low, vmax=high)
    if np.ptp(values) > 1e-9:
        axes.tricontour(triangles, values, 4, colors="black", linewidths=2, alpha=0.4)
        lines = axes.tricontour(triangles, values, 4, colors="white", linewidths=0.9)
        halo = [withStroke(linewidth=2, foreground="white")]
        for text in axes.clabel(lines, fontsize=7, colors=INK, fmt=lambda value: _brief(metric, value)):
            text.set_path_effects(halo)
    for number, ((mark, colour), place, index) in enumerate(zip(CORNERS, PLACES, data.corners, strict=True), 1):
        axes.plot(*place, mark, color=colour, markeredgecolor="white", markersize=11, clip_on=False, zorder=5)
        shift = (0, 9) if number == 3 else (0, -19)
        label = f"corner {number}: {show(metric, values[index])}"
        axes.annotate(
            label, place, shift, textcoords="offset points", ha="center", fontsize=8, weight="bold", color=INK
        )
    for at, colour, edge in [(view.second, "white", "black"), (view.value, "black", "white")]:
        if at:
            place = np.array(at) @ PLACES
            look = {"color": colour, "markeredgecolor": edge, "markersize": 9, "markeredgewidth": 1.4}
            axes.plot(*place, "D", **look, clip_on=False, zorder=6)
    axes.set_aspect("equal", anchor="NW")
    axes.set(xlim=(-0.2, 1.2), ylim=(-0.14, 0.99))
    axes.axis("off")
    axes.set_title(f"Test {metric}", loc="left", fontsize=9, fontweight="bold", color=INK)
    bar = figure.colorbar(ground, ax=axes, shrink=0.7, pad=0.02, format=lambda value, _: _brief(metric, value))
    bar.ax.tick_params(labelsize=7, labelcolor=QUIET, length=0)
    bar.outline.set_visible(False)
    bar.set_label(KEYS[metric], fontsize=7.5, color=QUIET)


def _brief(metric: str, value: float) -> str:
    return f"{100 * value:.3g} %" if metric == "accuracy" else f"{value:.2g}"


def _numbers(axes: Any, view: View) -> None:
    axes.axis("off")
    title, *rest = _lines(view)
    axes.text(0, 0.93, title, fontsize=9, fontweight="bold", color=INK, va="top", transform=axes.transAxes)
    axes.text(0, 0.83, "\n".join(rest), fontsize=8.5, color=INK, va="top", linespacing=1.7, transform=axes.transAxes)


def _lines(view: View) -> list[str]:
    """The numbers, line by line."""
    data = view.data
    if view.second:
        i, j = view.nearest
        rows = [("◆ first", i, i), ("◇ second", j, j), ("ensemble", i, j)]
        found = [
            f"{name}: {show('accuracy', 1 - data.wrong[a, b] / data.total)}, {data.wrong[a, b]} wrong"
            for name, a, b in rows
        ]
        first, second = (said(grid(data.steps)[k]) for k in (i, j))
        differ = int(data.differ[i, j])
        return [
            "Measured nearest to the two points",
            f"◆ {first}",
            f"◇ {second}",
            *found,
            f"read differently: {differ} of {data.total}",
        ]
    about = "" if data.measured(view.value) else "≈ "
    accuracy = data.at("accuracy", view.value)
    return [
        f"◆ weights {said(view.value)}",
        f"accuracy {about}{show('accuracy', accuracy)}",
        f"loss {about}{show('loss', data.at('loss', view.value))}",
        f"wrong {about}{round((1 - accuracy) * data.total)} of {data.total}",
        "corners: " + ", ".join(show("accuracy", data.accuracy[i]) for i in data.corners),
    ]


def _digits(figure: Any, cells: Any, view: View) -> None:
    data, answers = view.data, view.answers
    wrong = int((answers != data.labels).sum())
    for place in range(min(DIGITS, len(answers))):
        axes = figure.add_subplot(cells[place // 12, place % 12])
        picture = data.images[place].transpose(1, 2, 0)
        axes.imshow(picture if picture.shape[2] == 3 else picture[..., 0], cmap="Greys", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(LINE)
        misread = answers[place] != data.labels[place]
        axes.set_xlabel(
            f"✗ {answers[place]}, not {data.labels[place]}" if misread else str(answers[place]),
            fontsize=6.5,
            labelpad=2.5,
            color=INK,
            bbox={"facecolor": WRONG if misread else "white", "edgecolor": "none", "pad": 1},
        )
        if place == 0:
            who = "the ensemble" if view.second else "the network"
            title = f"What {who} reads in images that divide the corners: {wrong} of these {len(answers)} wrong"
            axes.set_title(title, loc="left", fontsize=8, fontweight="bold", color=INK, pad=5)
