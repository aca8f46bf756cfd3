"""The static twin of a NoisyQuadraticPlayground: the same curves as a matplotlib figure, and in words."""

from math import log10
from textwrap import fill
from typing import Any

from toolkit.quadratic_race import Curve
from toolkit.widgets.quadratic_setting import Setting, extent, name_of, show, verdict

INK, QUIET, LINE = "#212121", "#616161", "#e6e6e6"
LOOKS = {  # colour, dashes, mark, line width
    "sgd": ("#0072B2", "solid", "o", 1.6),
    "slow": ("#D55E00", (0, (6, 2.5)), "s", 1.6),
    "swa": ("#009E73", (0, (6, 2, 1.5, 2)), "^", 1.6),
    "average": (INK, "solid", "D", 2.3),
    "member": ("#E69F00", (0, (2, 1.6)), "h", 1.6),
    "runs": ("#56B4E9", (0, (5, 1.5, 1.2, 1.5, 1.2, 1.5)), "v", 1.6),
}


def words(setting: Setting) -> str:
    """Say what is shown."""
    k, (shared, late) = setting.members, setting.split
    finals = [f"{name_of(name, k)} {show(curve.final)}" for name, curve in setting.curves.items()]
    return (
        f"Expected loss on a noisy quadratic of condition number {setting.condition:g} over {setting.budget} "
        f"{setting.axis}, with a late phase (K = {k}) from step {setting.release} on. "
        f"Learning rate {setting.lr:.4g}: {shared:.4g} shared, {late:.4g} late, the shared gradients as their "
        f"{setting.gamma}. At the end: {', '.join(finals)}. {_said(setting)}"
    )


def _said(setting: Setting) -> str:
    return " ".join(filter(None, verdict(setting)))


def draw(setting: Setting) -> Any:
    """Draw the curves with their names and losses at the end, on a figure pyplot does not know of."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.3), facecolor="white")
    axes = figure.add_axes((0.075, 0.25, 0.615, 0.66))
    _frame(axes, setting)
    for name, curve in setting.curves.items():
        _curve(axes, name, curve, setting)
    _labels(axes, setting)
    figure.text(0.025, 0.125, fill(_said(setting), 118), fontsize=8, color=INK, va="top", linespacing=1.4)
    return figure


def _frame(axes: Any, setting: Setting) -> None:
    from matplotlib.ticker import LogLocator

    k, (shared, late) = setting.members, setting.split
    low, high = extent(setting)
    axes.set(yscale="log", xlim=(0, setting.budget), ylim=(low, high))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if log10(high / low) < 2.5 else (1,)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.spines[:].set_visible(False)
    axes.tick_params(which="both", length=0, labelsize=7, labelcolor=QUIET)
    each = (
        f"; after $T_0$ the late phase takes {k} minibatches in each" if setting.axis == "outer steps" and k > 1 else ""
    )
    axes.set_xlabel(setting.axis + each, fontsize=8, color=QUIET, labelpad=3)
    axes.axvline(setting.release, color=INK, linewidth=0.7, alpha=0.5)
    near_end = setting.release > 0.6 * setting.budget
    axes.annotate(
        f"$T_0$ = {setting.release}" + (": late phase diverges" if setting.diverging else ""),
        (setting.release, 0.97),
        (-4 if near_end else 4, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right" if near_end else "left",
        va="top",
        fontsize=8,
        color=QUIET,
    )
    axes.set_title(
        f"Expected loss: condition number {setting.condition:g}, η = {late:.4g} late + {shared:.4g} shared, "
        f"K = {k}, γ: {setting.gamma}",
        loc="left",
        fontsize=9,
        fontweight="bold",
        color=INK,
        pad=6,
    )


def _curve(axes: Any, name: str, curve: Curve, setting: Setting) -> None:
    colour, dashes, mark, width = LOOKS[name]
    axes.plot(curve.x, curve.loss, color=colour, linestyle=dashes, linewidth=width, zorder=3)
    edge = setting.budget - 0.16 * (setting.budget - setting.release)
    axes.plot([edge, setting.budget], [curve.settled] * 2, ":", color=colour, linewidth=1.4, zorder=2)
    look = {"color": colour, "markeredgecolor": "white", "markersize": 6, "clip_on": False, "zorder": 5}
    axes.plot(curve.x[-1], curve.final, mark, **look)


def _labels(axes: Any, setting: Setting) -> None:
    """Names beside the ends of the curves, moved apart where they would overlap."""
    curves, place = setting.curves, axes.transLimits.transform
    names = sorted(curves, key=lambda name: -curves[name].final)
    ends = [float(place((0, log10(curves[name].final)))[1]) for name in names]
    costly = [curves[name].cost > setting.budget for name in names]
    for name, end, at, more in zip(names, ends, spread(ends, costly), costly, strict=True):
        colour, _, mark, _ = LOOKS[name]
        free = {"transform": axes.transAxes, "clip_on": False}
        axes.plot([1.014, 1.045], [end, at], color=QUIET, linewidth=0.5, **free)
        axes.plot(1.065, at, mark, color=colour, markersize=5, **free)
        said = f"{name_of(name, setting.members)}  {show(curves[name].final)}"
        axes.text(1.09, at, said, transform=axes.transAxes, fontsize=8, color=INK, va="center")
        if more:
            cost = f"takes {curves[name].cost} minibatches"
            axes.text(1.09, at - 0.05, cost, transform=axes.transAxes, fontsize=7, color=QUIET, va="center")


def spread(wanted: list[float], costly: list[bool], half: float = 0.035) -> list[float]:
    """Heights near the wanted ones, which fall, with room for a line of text each, and for a second where it costs."""
    found, below = [], [half + 1.4 * half * more for more in costly]
    for i, y in enumerate(wanted):
        found.append(min(y, found[-1] - below[i - 1] - half) if found else y)
    floor = 0.0
    for i in reversed(range(len(found))):
        found[i] = max(found[i], floor + below[i])
        floor = found[i] + half
    return found
