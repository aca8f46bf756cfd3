"""The words of a LatePhasePanel: its settings, its numbers, and what follows from them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit.widgets.late_phase_data import LatePhaseGrid
from toolkit.widgets.wording import percent

SYMBOLS = {"noise": "σ₀", "start": "T₀", "members": "K"}
ABOUT = 0.01 + 1e-9  # accuracies that are one point apart at most do the same


def short(axis: str, value: float) -> str:
    """Write a value of an axis.

    Example:
        >>> short("start", 0.6), short("noise", 0.25)
        ('60 %', '0.25')
    """
    return f"{100 * value:.4g} %" if axis == "start" else f"{value:g}"


def spoken(axis: str, value: float) -> str:
    """Say what a value of an axis means.

    Example:
        >>> spoken("start", 0.6)
        'released at 60 % of training'
    """
    if axis == "noise":
        return f"{value:g} × the weights' own size" if value else "no noise at the release"
    if axis == "start":
        return f"released at {short(axis, value)} of training" if value else "released from the first step"
    return f"{value} networks, sharing the rest" if value > 1 else "one network"


def setting(at: Mapping[str, Any], *axes: str) -> str:
    """Write the values of some axes, all of them unless named.

    Example:
        >>> setting({"noise": 1.5, "start": 0.6, "members": 5})
        'σ₀ = 1.5, T₀ = 60 %, K = 5'
    """
    return ", ".join(f"{SYMBOLS[axis]} = {short(axis, at[axis])}" for axis in axes or SYMBOLS)


def numbers(grid: LatePhaseGrid, at: Mapping[str, Any]) -> str:
    """Say the three means of one setting in a sentence."""
    member, average, ensemble = (percent(value) for value in grid.cell(at).mean(-1))
    return (
        f"{setting(at)}: the average of the weights {average}, its members {member}, "
        f"predictions together {ensemble} ({len(grid.base)} seeds)."
    )


def compare(a: np.ndarray, b: np.ndarray) -> int:
    """Whether a is above (1), below (-1) or no other than b (0), by two standard errors of the paired difference.

    Args:
        a: measurements [seeds].
        b: measurements from the same seeds [seeds].

    Returns:
        1, -1 or 0.

    Example:
        >>> compare(np.array([0.7, 0.8, 0.9]), np.array([0.6, 0.7, 0.8]))
        1
    """
    difference = a - b
    error = difference.std(ddof=1) / len(difference) ** 0.5
    mean = difference.mean()
    return int(np.sign(mean)) if abs(mean) > 2 * error + 1e-9 else 0


def verdict(cell: np.ndarray, count: int) -> str:
    """Say what three measured accuracies have to do with each other.

    Above and below mean more than two standard errors of the paired difference; about the same, one point at most.

    Args:
        cell: of mean member, weight average and prediction ensemble [3, seeds].
        count: K, the number of members.

    Returns:
        A sentence.

    Example:
        >>> verdict(np.array([[0.80, 0.81], [0.65, 0.66], [0.80, 0.81]]), 5)
        'The members no longer share a valley: their mean lies on the hill between them; their predictions together
        cannot be told from a member by these seeds.'
    """
    member, average, ensemble = cell
    if count == 1 and np.ptp(cell, axis=0).max() < 1e-6:
        return "A single member is its own average and its own ensemble."
    gain = points(ensemble, member)
    together = {
        1: f"their predictions together gain {gain} on a member",
        0: "their predictions together cannot be told from a member by these seeds",
        -1: f"their predictions together lose {gain} on a member",
    }[compare(ensemble, member)]
    side = compare(average, member)
    if side > 0:
        return _better(average, ensemble, count)
    if side < 0 and np.mean(member - average) <= ABOUT:
        return f"The average falls {points(member, average)} short of its members; {together}."
    if side < 0:
        return f"The members no longer share a valley: their mean lies on the hill between them; {together}."
    if compare(ensemble, member):
        return f"By these seeds the average cannot be told from its members; {together}."
    return "Averaging the members, as weights or as predictions, changes nothing that these seeds can tell."


def _better(average: np.ndarray, ensemble: np.ndarray, count: int) -> str:
    """What to say of an average above its members."""
    gap = points(ensemble, average)
    if abs(np.mean(ensemble - average)) <= ABOUT:
        return (
            f"Averaging the weights does what averaging predictions does ({gap} apart), for the price of one network."
        )
    return {
        1: f"The average is better than its members; their predictions together are {gap} better still, for the price "
        f"of {count} networks.",
        0: "The average is better than its members; whether it equals their predictions together, the scatter over "
        "seeds hides.",
        -1: f"The average is better than its members, and {gap} better than their predictions together.",
    }[compare(ensemble, average)]


def against_base(average: np.ndarray, base: np.ndarray) -> str:
    """Compare the average with one network trained plainly, in a sentence."""
    plain = f"One network trained plainly reaches {percent(base.mean())}: the average"
    side = compare(average, base)
    if not side:
        return f"{plain} cannot be told from it by these seeds."
    return f"{plain} is {points(average, base)} {'above' if side > 0 else 'below'} it."


def points(a: np.ndarray, b: np.ndarray) -> str:
    """Write the size of a mean difference in points.

    Example:
        >>> points(np.array([0.9, 0.8]), np.array([0.8, 0.6]))
        '15.0 points'
    """
    return f"{100 * abs(np.mean(a - b)):.1f} points"


def sentences(grid: LatePhaseGrid, at: Mapping[str, Any]) -> list[str]:
    """The numbers of one setting, what follows from them, and how the average compares with the base."""
    cell = grid.cell(at)
    return [numbers(grid, at), verdict(cell, at["members"]), against_base(cell[1], grid.base)]


def described(grid: LatePhaseGrid, at: Mapping[str, Any], over: str) -> str:
    """Say everything that is shown."""
    ends = [short(over, grid.axes[over][i]) for i in (0, -1)]
    curves = [", ".join(f"{100 * value:.1f}" for value in row) for row in grid.along(over, at).mean(-1)]
    named = ", ".join(f"{name} {percent(level)}" for name, level in grid.references.items())
    return (
        f"Test accuracy of late-phase training{f' ({grid.name})' if grid.name else ''}. {' '.join(sentences(grid, at))}"
        f"{f' For comparison: {named}.' if named else ''} "
        f"Over {SYMBOLS[over]} from {ends[0]} to {ends[1]}, in %: the average of the weights {curves[1]}; "
        f"its members {curves[0]}; predictions together {curves[2]}."
    )
