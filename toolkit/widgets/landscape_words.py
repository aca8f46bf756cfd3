"""What a LandscapeExplorer says: values, distances, and how to read its map."""

from math import acos, degrees

from toolkit.landscape import Plane
from toolkit.widgets.landscape_data import Named, Surface
from toolkit.widgets.path_map import MEASURES


def measure_of(metric: str) -> str:
    """Write a metric's name in words."""
    split, what = metric.split("_")
    return f"{split} {MEASURES.get(what, what)}"


def show(metric: str, value: float) -> str:
    """Write a value of a metric: fractions in per cent, a loss with more decimals the smaller it is.

    Example:
        >>> show("test_loss", 0.01234), show("test_loss", 12.34), show("train_error", 0.0123)
        ('0.0123', '12.3', '1.2 %')
    """
    if not metric.endswith("loss"):
        return f"{100 * value:.1f} %"
    return f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3 if value >= 0.1 else 4}f}"


def show_level(metric: str, level: float) -> str:
    """Write a round value, such as a contour's, without needless zeros."""
    return f"{level:.4g}" if metric.endswith("loss") else f"{100 * level:.4g} %"


def show_place(at: float) -> str:
    """Write a coordinate with two decimals, and no minus before a zero."""
    return f"{at:.2f}".replace("-0.00", "0.00") if abs(at) < 0.005 else f"{at:.2f}"


def caption(surface: Surface) -> str:
    """What a step on the map is, in a sentence or two."""
    if isinstance(surface.cut, Plane):
        return "Coordinates are distances in weight space, true in every direction."
    uu, uv, vv = surface.gram
    angle = degrees(acos(max(-1.0, min(1.0, uv / (uu * vv) ** 0.5)))) if uu * vv else 90.0
    return (
        "A coordinate of 1 changes every filter by its own length: "
        f"{uu**0.5:.3g} along x and {vv**0.5:.3g} along y in weight space. The axes meet at {angle:.1f}°."
    )


def value_words(surface: Surface, x: float, y: float) -> str:
    """The value at a point, and whether it was measured there."""
    value = show(surface.cut.metric, float(surface.value(x, y)))
    if surface.on_grid(x, y):
        return f"{value}, measured at this grid point"
    return f"about {value}, bilinear between the four grid points around"


def network_words(surface: Surface, network: Named) -> str:
    """The value of a network, and whether it is known."""
    if network.value is None:
        return "not measured"
    return ("" if network.measured else "about ") + show(surface.cut.metric, network.value)


def words(surface: Surface, several: bool, line: str, x: float, y: float) -> str:
    """Say what is shown."""
    near = surface.nearest(x, y)
    rows = [f"{one.name} {surface.distance(one, x, y):.2f}" for one in surface.networks]
    start = surface.start(line, x, y)
    _, values, _ = surface.along(start, x, y)
    metric = surface.cut.metric
    first, top = show(metric, float(values[0])), show(metric, float(values.max()))
    off = [one for one in surface.networks if one.away]
    shadows = "".join(f" {one.name} lies {one.away:.2f} off the plane; its mark is its shadow." for one in off)
    return (
        f"A map of the {measure_of(metric)} on a plane through weight space{f' ({surface.name})' if several else ''}, "
        f"from {show(metric, float(surface.cut.values.min()))} to {show(metric, float(surface.cut.values.max()))}. "
        f"At x = {show_place(x)}, y = {show_place(y)} it is {value_words(surface, x, y)}. The nearest named "
        f"network is {near.name} ({network_words(surface, near)}). Distances in weight space: "
        f"{', '.join(rows)}.{shadows} On the straight line from {start.name} through the point the "
        f"{measure_of(metric)} goes from {first} to at most {top}."
    )
