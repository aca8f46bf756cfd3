"""The course's figures: measures along paths, maps of planes, repeated measurements, small images.

Training measures are solid lines, test measures dashed; no figure relies on colour alone. Show every figure with
`show(fig, alt=..., says=...)`.
"""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from torch import Tensor

from toolkit import _expect
from toolkit.landscape import Plane, Scan
from toolkit.style import COLOURS, HALO, LABELS, MARKS, SIGNED, figure, mean_sd, png, show, table

__all__ = [
    "LABELS",
    "along",
    "figure",
    "fill",
    "images",
    "mean_sd",
    "plane",
    "png",
    "show",
    "spread",
    "table",
]


def along(
    scans: Scan | Mapping[str, Scan], metrics: Sequence[str] = ("loss", "accuracy", "ece"), guess: float | None = None
) -> Figure:
    """Draw measures along a path: one panel a metric, training solid and test dashed.

    Args:
        scans: one `Scan`, drawn with its barrier; or several by label, drawn with one colour each.
        metrics: of `loss`, `accuracy`, `error`, `ece`.
        guess: an accuracy in %, drawn as your guess for the middle.

    Returns:
        The figure.
    """
    many = isinstance(scans, Mapping)
    palette = ["#56B4E9", "#E69F00", "#999999", "#F0E442"]
    fig, axes = figure(columns=len(metrics), squeeze=False)
    for ax, metric in zip(axes[0], metrics, strict=True):
        for colour, (label, one) in zip(palette, (scans if many else {"": scans}).items(), strict=False):
            for split, dash in [("train", "-"), ("test", "--")]:
                name = f"{label}, {split}" if label else split
                ax.plot(one.t, _scaled(one, f"{split}_{metric}"), dash, color=colour if many else "#444444", label=name)
        if not many:
            _mark_ends(ax, scans, metric)
        if guess is not None and metric == "accuracy":
            ax.plot(0.5, guess, "*", color="#E69F00", markersize=12, zorder=6)
            ax.annotate(
                "your guess", (0.5, guess), xytext=(8, -3), textcoords="offset points", color="#8a5f00", bbox=HALO
            )
        ax.set(xlabel="position t on the way from A to B", title=LABELS[metric])
        ax.margins(y=0.12)
    axes[0][0].legend(loc="best", fontsize=8.5)
    return fig


def _mark_ends(ax: Axes, one: Scan, metric: str) -> None:
    """Mark A, B and, where the measure is a loss or error, the chord between them and the barrier over it."""
    if not {0.0, 1.0} <= set(one.t):
        return
    between = (one.t >= 0) & (one.t <= 1)
    t, values = one.t[between], _scaled(one, f"test_{metric}")[between]
    for name, i in [("A", 0), ("B", -1)]:
        ax.plot(t[i], values[i], MARKS[name], color=COLOURS[name], markersize=7, zorder=5)
        ax.annotate(name, (t[i], values[i]), xytext=(0, 7), textcoords="offset points", ha="center", weight="bold")
    if metric in ("loss", "error"):
        chord = values[0] + t * (values[-1] - values[0])
        top = int((values - chord).argmax())
        ax.plot(t, chord, ":", color="#888888", linewidth=1.2)
        arrow = {"arrowstyle": "<->", "color": COLOURS["barrier"], "linewidth": 2}
        ax.annotate("", (t[top], values[top]), (t[top], chord[top]), arrowprops=arrow)
        ax.annotate(
            f"barrier {values[top] - chord[top]:.2f}",
            (t[top], (values[top] + chord[top]) / 2),
            xytext=(6, 0),
            textcoords="offset points",
            color="#99487a",
            va="center",
            bbox=HALO,
        )


def plane(cut: Plane, line: Tensor | Mapping[str, Tensor] | None = None) -> Figure:
    """Draw a plane through weight space as a map: contours of the measure, the three networks, a path.

    Args:
        cut: from `toolkit.plane`.
        line: networks [T, D] to draw as a path, projected onto the plane; or several such by name.

    Returns:
        The figure.
    """
    shape = np.ptp(cut.y) / np.ptp(cut.x)
    fig, ax = figure(height=min(4.0, 0.9 + 4.8 * shape), width=6.2)
    field = fill(ax, cut)
    bar = fig.colorbar(field, ax=ax, label=cut.metric.replace("_", " "))
    bar.ax.yaxis.set_major_formatter("{x:.2g}")
    bar.ax.minorticks_off()
    named = line if isinstance(line, Mapping) else {} if line is None else {"": line}
    dashes = ["--", "-", ":", "-."]
    for networks, dash in zip(named.values(), dashes, strict=False):
        way = cut.project(networks)
        ax.plot(*way.T, color="white", linewidth=2.6, linestyle="-")
        ax.plot(*way.T, color="black", linewidth=1.2, linestyle=dash)
    if isinstance(line, Mapping):
        drawn = [
            mpl.lines.Line2D([], [], color="black", linestyle=dash) for _, dash in zip(named, dashes, strict=False)
        ]
        ax.legend(drawn, named, loc="lower right", frameon=True, framealpha=0.85, edgecolor="none", fontsize=8.5)
    for name, (x, y) in zip(cut.names, cut.corners, strict=False):
        look = {"marker": MARKS.get(name, "v"), "color": COLOURS.get(name, "#E69F00")}
        ax.plot(x, y, **look, markersize=10, markeredgecolor="white", markeredgewidth=1.5)
        ax.annotate(name, (x, y), xytext=(9, 7), textcoords="offset points", weight="bold", bbox=HALO)
    ax.set(xlabel="distance in weight space", ylabel="distance in weight space")
    return fig


def fill(ax: Axes, cut: Plane) -> ContourSet:
    """Fill `ax` with the contours of a plane's measure, at true distances; in equal ratios where it is a loss.

    Args:
        ax: where.
        cut: from `toolkit.plane`.

    Returns:
        What was drawn, for a colour bar.
    """
    ax.set_aspect("equal")
    ax.grid(False)
    if not cut.metric.endswith("loss"):
        return ax.contourf(cut.x, cut.y, cut.values, levels=12)
    low = max(float(cut.values.min()), 1e-4)
    high = min(max(float(cut.values.max()), 1.01 * low), 50 * low)  # far out the loss grows without bound
    levels, norm = np.geomspace(low, high, 13), mpl.colors.LogNorm()
    return ax.contourf(cut.x, cut.y, np.maximum(cut.values, low), levels=levels, norm=norm, extend="max")


def spread(ax: Axes, x: Sequence, values: np.ndarray, colour: str, label: str, mark: str = "o") -> None:
    """Draw repeated measurements on `ax`: every run as a faint dot, their mean as a mark, joined by a line.

    Args:
        ax: where.
        x: positions or category names [K].
        values: [runs, K].
        colour: of everything.
        label: for the legend.
        mark: of the means.

    Raises:
        ValueError: if `values` is not [runs, K].
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape[1] != len(x):
        raise ValueError(f"values must be [runs, {len(x)}], got shape {list(values.shape)}.")
    for row in values:
        ax.plot(x, row, mark, color=colour, alpha=0.3, markersize=4, linestyle="none")
    ax.plot(x, values.mean(0), mark, color=colour, linestyle="-", markersize=7, label=f"{label}, mean of {len(values)}")


def images(
    pictures: Tensor, titles: Sequence[str] = (), columns: int = 12, size: float = 0.62, diverging: bool = False
) -> Figure:
    """Draw small grey images, or signed filters in a diverging scale, in rows.

    Args:
        pictures: [n, height, width], or [n, 1, height, width].
        titles: a word above each, from the first on; "" for none.
        columns: images in a row.
        size: of an image, in inches.
        diverging: brown for negative, white for zero, teal for positive values.

    Returns:
        The figure.

    Raises:
        ValueError: if `pictures` has no images.
    """
    _expect.tensor("pictures", pictures)
    grid = pictures.detach().cpu().reshape(-1, *pictures.shape[-2:]).numpy()
    rows = -(-len(grid) // columns)
    if not rows:
        raise ValueError("pictures must hold at least one image, got none.")
    titles = [*titles, *[""] * (len(grid) - len(titles))]
    titled = sum(any(titles[row * columns : (row + 1) * columns]) for row in range(rows))
    height = size * 1.08 + 0.2 * titled / rows
    fig, axes = figure(rows, columns, height=height, width=columns * size * 1.05, squeeze=False)
    fig.get_layout_engine().set(h_pad=0.02, w_pad=0.02)
    bound = np.abs(grid).max() if diverging else 1
    scale = {"cmap": SIGNED, "vmin": -bound, "vmax": bound} if diverging else {"cmap": "gray_r", "vmin": 0, "vmax": 1}
    for i, ax in enumerate(axes.flat):
        ax.axis("off")
        if i < len(grid):
            ax.imshow(grid[i], **scale)
            if titles[i]:
                ax.set_title(titles[i], fontsize=8, loc="center", pad=2)
    return fig


def _scaled(one: Scan, metric: str) -> np.ndarray:
    return one[metric] * (1 if metric.endswith("loss") else 100)
