"""The static twin of a PermutationSlider: matrix, line, filters and read-out as a matplotlib figure, and in words."""

from typing import Any, NamedTuple

import numpy as np

from toolkit.style import SIGNED
from toolkit.widgets.path_data import strongest
from toolkit.widgets.permutation_data import Arrangement, Swap, SwapData
from toolkit.widgets.permutation_traits import strongest_units

A, B, BARRIER = "#0072B2", "#D55E00", "#CC79A7"
INK, QUIET, LINE, DEAD = "#212121", "#616161", "#e0e0e0", "#bdbdbd"
CELLS = 96  # rows of the matrix that can be told apart


class View(NamedTuple):
    """One state of the slider: what there is, how B's units stand, and what is known of it."""

    data: SwapData
    perms: dict[str, np.ndarray]
    found: Arrangement
    exact: bool
    k: int
    by_hand: list[Swap]
    group: str


def words(view: View) -> str:
    """Say what the slider shows."""
    data, found, about = view.data, view.found, "" if view.exact else "about "
    first, _ = data.at(0)
    total, best = sum(data.totals(view.perms).values()), sum(data.best.values())
    by_hand = f" and {len(view.by_hand)} by hand" if view.by_hand else ""
    return (
        f"Renumbering the units of network B to match those of network A: {view.k} of {len(data.swaps)} swaps"
        f"{by_hand} done. "
        f"The barrier in test loss on the line from A to P(B) is {about}{data.barrier(found.loss)[1]:.2f} nats "
        f"({data.barrier(first.loss)[1]:.2f} before any swap). "
        f"The correlations of the pairs add up to {total:.1f} of {best:.1f} possible. "
        f"The distance from A to P(B) is {about}{found.distance:.1f} ({first.distance:.1f} before any swap). "
        f"The largest change of any output is {_tiny(found.change)}, of outputs up to {float(f'{data.largest:.2g}'):g}."
    )


def _tiny(value: float) -> str:
    """Write a change to the output as the slider does: 0, or one digit and a power of ten."""
    return f"{value:.0e}".replace("e-0", "e-") if value else "0"


def draw(view: View) -> Any:
    """Draw one state on a figure pyplot does not know of."""
    from matplotlib.figure import Figure

    rows = view.data.filters is not None
    figure = Figure(figsize=(7.6, 5.6 if rows else 4.3), facecolor="white")
    bottom = 0.36 if rows else 0.16
    grid = figure.add_gridspec(1, 2, left=0.065, right=0.985, top=0.94, bottom=bottom, width_ratios=(1, 1.2))
    _matrix(figure.add_subplot(grid[0]), view)
    upper, lower = (figure.add_subplot(cell) for cell in grid[1].subgridspec(2, 1, height_ratios=(2.2, 1), hspace=0.35))
    _loss(upper, view)
    _accuracy(lower, view)
    if rows:
        _filters(figure, view)
    figure.text(0.015, 0.015, _readout(view), fontsize=8, color=INK, linespacing=1.5)
    return figure


def _readout(view: View) -> str:
    data, found, about = view.data, view.found, "" if view.exact else "≈ "
    first, _ = data.at(0)
    total, best = sum(data.totals(view.perms).values()), sum(data.best.values())
    by_hand = f" + {len(view.by_hand)} by hand" if view.by_hand else ""
    return (
        f"swap {view.k} of {len(data.swaps)}{by_hand} · barrier {about}{data.barrier(found.loss)[1]:.2f} nats "
        f"({data.barrier(first.loss)[1]:.2f} at the start) · score {total:.1f} of {best:.1f}\n"
        f"distance ‖A − P(B)‖ {about}{found.distance:.1f} ({first.distance:.1f} at the start) · "
        f"largest change of any output {_tiny(found.change)}"
    )


def _title(axes: Any, text: str, side: str = "left", **more: Any) -> None:
    style = {"fontweight": "bold", "fontsize": 9} if side == "left" else {"fontsize": 8}
    axes.set_title(text, loc=side, color=INK, pad=5, **style, **more)


def _matrix(axes: Any, view: View) -> None:
    """Correlations of A's units (rows) with the units now at B's places (columns)."""
    from matplotlib.colors import to_rgb

    data, name = view.data, view.group
    score, perm, n = data.score[name], view.perms[name], data.groups[name]
    axes.grid(False)
    axes.spines[:].set_color(LINE)
    axes.tick_params(length=0, labelsize=7, labelcolor=QUIET)
    _title(axes, f"Correlation in {name}")
    if not len(score):
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "this layer cannot be watched", ha="center", color=QUIET, fontsize=8)
        return
    block = -(-n // CELLS)
    cells = SIGNED((_coarse(score[:, perm], block) + 1) / 2)[..., :3]
    dead_a, dead_b = data.dead[name]
    if block == 1:
        cells[dead_a] = cells[:, dead_b[perm]] = to_rgb(DEAD)
    axes.imshow(cells, interpolation="nearest", extent=(-0.5, n - 0.5, n - 0.5, -0.5))
    axes.set_anchor("N")
    _diagonal(axes, n)
    axes.set_ylabel("unit of A", fontsize=7.5, color=QUIET, labelpad=1)
    note = (
        f"; largest of each {block} × {block}" if block > 1 else "; grey: dead" if dead_a.any() or dead_b.any() else ""
    )
    axes.set_xlabel(f"place in P(B){note}", fontsize=7.5, color=QUIET, labelpad=2)
    _title(axes, f"score {data.totals(view.perms)[name]:.1f} of {data.best[name]:.1f}", "right")


def _coarse(matrix: np.ndarray, block: int) -> np.ndarray:
    """Keep the largest entry in size of every block; rows and columns that fill no block are left out."""
    k = len(matrix) // block
    blocks = matrix[: k * block, : k * block].reshape(k, block, k, block).swapaxes(1, 2).reshape(k, k, -1)
    return np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)[..., 0]


def _diagonal(axes: Any, n: int) -> None:
    """Frame the cells on the diagonal, or draw a line along it where they are too small."""
    from matplotlib.patches import Rectangle

    if n > 64:
        axes.plot([-0.5, n - 0.5], [-0.5, n - 0.5], color=INK, linewidth=0.5, alpha=0.4)
    for i in range(n if n <= 64 else 0):
        axes.add_patch(Rectangle((i - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=0.6, alpha=0.7))


def _bare(axes: Any) -> None:
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7, labelcolor=QUIET)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["A", "0.25", "0.5", "0.75", "P(B)"])


def _curve(axes: Any, t: np.ndarray, now: np.ndarray, first: np.ndarray) -> None:
    axes.plot(t, first, "--", color="#9e9e9e", linewidth=1.2, label="before any swap")
    axes.plot(t, now, "--", color=INK, linewidth=2, label="now")
    axes.plot(0, now[0], "o", color=A, markersize=7, zorder=5, clip_on=False)
    axes.plot(1, now[-1], "s", color=B, markersize=7, zorder=5, clip_on=False)
    _bare(axes)


def _loss(axes: Any, view: View) -> None:
    """Test loss on the line from A to P(B), with the barrier, above that from A to B as it came."""
    data, loss = view.data, view.found.loss
    _curve(axes, data.t, loss, data.at(0)[0].loss)
    top, height = data.barrier(loss)
    foot = (1 - top) * loss[0] + top * loss[-1]
    axes.plot([0, 1], loss[[0, -1]], ":", color=QUIET, linewidth=1)
    if height >= 0.005:
        arrow = {"arrowstyle": "<->", "color": BARRIER, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (top, foot), (top, foot + height), arrowprops=arrow, zorder=4)
    axes.set_ylim(0, 1.08 * max(found.loss.max() for found in (*data.arrangements, view.found)))
    axes.legend(frameon=False, fontsize=7, loc="upper right", handlelength=2.6, labelcolor=QUIET)
    _title(axes, "Test loss from A to P(B)")
    _title(axes, f"barrier {'' if view.exact else '≈ '}{height:.2f} nats", "right")


def _accuracy(axes: Any, view: View) -> None:
    _curve(axes, view.data.t, view.found.accuracy, view.data.at(0)[0].accuracy)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.locator_params(axis="y", nbins=4)
    _title(axes, "Test accuracy")


def _filters(figure: Any, view: View) -> None:
    """A's strongest first-layer filters, and below each the filter that now stands at its place in B."""
    group, of_a, of_b = view.data.filters
    order, perm = strongest_units(of_a), view.perms[group]
    limit = strongest(np.concatenate([of_a[order], of_b]))
    grid = figure.add_gridspec(2, len(order), left=0.065, right=0.985, top=0.27, bottom=0.115, wspace=0.15, hspace=0.4)
    for place, i in enumerate(order):
        rows = [("A", of_a[i], A, i), ("B", of_b[perm[i]], B, perm[i])]
        for row, (name, pixels, colour, unit) in enumerate(rows):
            axes = figure.add_subplot(grid[row, place])
            axes.imshow(pixels, cmap=SIGNED, vmin=-limit, vmax=limit)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_color(LINE)
            axes.set_xlabel(str(unit), fontsize=6, color=QUIET, labelpad=1)
            if place == 0:
                axes.set_ylabel(name, rotation=0, color=colour, fontweight="bold", fontsize=9, labelpad=9, va="center")
                if row == 0:
                    _title(axes, f"First-layer filters: A's strongest, and what stands below them in P(B) ({group})")
