"""What a ProbeSlider says about an estimate: how far off it is, how far off it says it is, and its trace."""

from math import isfinite

from toolkit.widgets.probe_data import LARGEST, POINTS, ProbeData


def percent(error: float) -> str:
    """Write a relative error.

    Example:
        >>> percent(0.0234), percent(0.456), percent(6.1197)
        ('2.3 %', '46 %', '612 %')
    """
    return f"{100 * error:.1f} %" if error < 0.0995 else f"{100 * error:,.0f} %"


def sentences(data: ProbeData, index: int) -> list[str]:
    """What one estimate is worth, in three sentences."""
    one, measured, predicted = data.estimates[index], data.measured[index], data.predicted[index]
    probes = f"{one.probes:,} probe" + ("s" if one.probes > 1 else "")
    guess = f"predicted {percent(predicted)}" if isfinite(predicted) else "too few probes to predict it"
    exact = data.exact.trace
    trace = f"{abs(one.trace - exact) / abs(exact):.1%} off".replace("%", " %") if exact else "no share of 0"
    beyond = data.beyond(index)
    if beyond:
        drawn = len(data.chosen)
        rest = f"{beyond:,} of the {drawn:,} points lie beyond the frame; they stand at its edge as small triangles."
    else:
        rest = "All points lie inside the frame."
    return [
        f"{probes}: relative error of the diagonal {percent(measured)} measured, {guess}.",
        f"Trace: estimated {one.trace:.4g}, exact {exact:.4g} ({trace}).",
        rest,
    ]


def caption(data: ProbeData) -> str:
    """Which weights are drawn."""
    alive, size = len(data.alive), len(data.exact.diagonal)
    kind = f"{alive:,} weights alive of {size:,}" if alive < size else f"{size:,} weights"
    if alive <= POINTS:
        return f"Each point is one of the {kind}."
    return (
        f"Points: {POINTS:,} of the {kind}, the {LARGEST:,} with the largest exact entries and {POINTS - LARGEST:,} "
        "evenly chosen by rank from the others. Errors are those of all."
    )


def words(data: ProbeData, index: int) -> str:
    """Say what is shown, and how the error falls."""
    curve = ", ".join(
        f"{one.probes}: {percent(error)}" for one, error in zip(data.estimates, data.measured, strict=True)
    )
    return (
        f"Estimates of the diagonal of a Hessian against the exact one. {' '.join(sentences(data, index))} "
        f"Measured relative error by number of probes: {curve}; a straight line of slope -1/2 in the logarithmic chart "
        "is what theory says."
    )
