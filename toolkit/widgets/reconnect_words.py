"""A ReconnectDial in words."""

from typing import NamedTuple

from toolkit.widgets.reconnect_data import STEPS, DialData, Layer, Runs
from toolkit.widgets.wording import percent


class View(NamedTuple):
    """One state of the dial: what there is, the stop it stands at, and the weight in view."""

    data: DialData
    runs: Runs | None
    at: int
    layer: Layer
    neuron: int
    column: int
    k: int | None


def words(view: View) -> str:
    """Say what the dial shows."""
    data, at = view.data, view.at
    done, whole = data.moved(at), data.moved(STEPS)
    said = [
        f"Moving values from the start's arrangement to the trained one, cycle by cycle: {place(at)} of the way, "
        f"{done:,} of the {whole:,} values that move have moved ({data.size - whole:,} stay).",
        f"Test accuracy is {percent(data.accuracy[at])} ({percent(data.accuracy[0])} at the start, "
        f"{percent(data.accuracy[-1])} trained), test loss {data.loss[at]:.2f} nats.",
        f"In {view.layer.name}, {story(view)}.",
        f"Sorted, row {view.neuron} is the same at every position.",
    ]
    return " ".join(said + ([] if view.runs is None else [verdict(view.runs, view.k)]))


def place(at: int) -> str:
    """Write a stop of the dial as a percentage.

    Example:
        >>> place(1), place(20)
        ('2.5 %', '50 %')
    """
    return f"{100 * at / STEPS:g} %"


def story(view: View) -> str:
    """Where the value in view came from and goes to."""
    layer, row, column = view.layer, view.neuron, view.column
    origin = int(layer.origins(view.at)[row, column])
    goal = int(layer.to[row, origin])
    value = f"row {row}: the value {number(layer.before[row, origin])}"
    if goal == origin:
        return f"{value} stays at column {column} all the way"
    if origin != column:
        return f"{value} went from column {origin} to {column}"
    return f"{value} still stands at column {column} and goes to {goal} at {place(int(layer.step[row, origin]))}"


def number(value: float) -> str:
    """Write a weight with three digits that count, and a true minus sign.

    Example:
        >>> number(-0.2134), number(0.0041), number(99.97), number(1.2e-5), number(0.0)
        ('−0.213', '0.00410', '100', '1.2e-5', '0')
    """
    size = abs(float(value))
    if size == 0:
        return "0"
    small = f"{size:.1e}".replace("e-0", "e-")
    shown = small if size < 1e-4 else f"{size:#.3g}".rstrip(".") if size < 100 else f"{size:.0f}"
    return ("−" if value < 0 else "") + shown


def verdict(runs: Runs, k: int) -> str:
    """What the runs say at one k: how the free weights end, and what their last synchronisation costs."""
    i = runs.period.index(k)
    free, synced = runs.before[i, -1], runs.after[i, -1]
    points = 100 * (free - synced)
    size = f"{abs(points):.1f} points"
    change = "costs nothing" if size == "0.0 points" else f"costs {size}" if points > 0 else f"gains {size}"
    return (
        f"Trained with k = {k}, the free weights end at {percent(free)}, the synchronised ones at {percent(synced)}: "
        f"the last synchronisation {change}."
    )
