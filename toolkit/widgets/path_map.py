"""The map in a CurveSlider: the loss on a plane through weight space, and the shadow a path casts on it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit.landscape import Plane
from toolkit.widgets.base import png
from toolkit.widgets.measuring import in_pieces
from toolkit.widgets.path_data import PathData

A, B, C, INK = "#0072B2", "#D55E00", "#009E73", "#000000"
PIXELS = 640  # of the longer side: sharp also where a screen has more than one pixel a point
MEASURES = {"ece": "calibration error"}


class PathMap:
    """A plane through weight space and the paths drawn on it.

    Args:
        cut: from `toolkit.plane`.
        paths: measured paths by name, each with the path itself.

    Attributes:
        tracks: coordinates [T, 2] of each path's points on the plane, by name.
        away: distance of each path's farthest point from the plane, by name.

    Raises:
        TypeError: if `cut` is no `Plane`.
        ValueError: if a path is missing, or lies in another space than the plane.
    """

    def __init__(self, cut: Plane, paths: Mapping[str, PathData]) -> None:
        """Project the paths."""
        if not isinstance(cut, Plane):
            raise TypeError(f"map must be a Plane from toolkit.plane, got {type(cut).__name__}.")
        self.cut, self._t = cut, next(iter(paths.values())).t
        self.tracks, self.away = {}, {}
        for name, data in paths.items():
            self.tracks[name], self.away[name] = _shadow(cut, name, data)

    @property
    def measure(self) -> str:
        """What is mapped, in words."""
        split, metric = self.cut.metric.split("_")
        return f"{split} {MEASURES.get(metric, metric)}"

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, right, lower and upper edge, in units of weight distance."""
        return tuple(map(float, (self.cut.x[0], self.cut.x[-1], self.cut.y[0], self.cut.y[-1])))

    @property
    def third(self) -> dict[str, Any] | None:
        """Name and place of the plane's third network, if it has a mark of its own on the map."""
        left, right, low, high = self.frame
        x, y = map(float, self.cut.corners[2])
        near = 0.02 * max(right - left, high - low)
        ends = [self.at(name, t) for name in self.tracks for t in (0, 1)]
        apart = min(np.hypot(x - a, y - b) for a, b in ends) > near
        inside = left <= x <= right and low <= y <= high
        return {"name": self.cut.names[2], "at": [x, y]} if self.cut.names and inside and apart else None

    def at(self, name: str, t: float) -> np.ndarray:
        """Coordinates [2] of a path at t, on the straight line between its measured neighbours."""
        return np.array([np.interp(t, self._t, column) for column in self.tracks[name].T])

    def inside(self, places: np.ndarray) -> np.ndarray:
        """Bring coordinates [..., 2] that lie outside the picture to its edge."""
        left, right, low, high = self.frame
        return np.clip(places, [left, low], [right, high])

    def caption(self, name: str) -> str:
        """How to read the map, in a few sentences."""
        left, right, low, high = self.frame
        track, away = self.tracks[name], self.away[name]
        said = [f"Dark is low {self.measure}; the bar is a distance in weight space."]
        said.append("Drag on the map to move along the path.")
        if away > 0.02 * (right - left):
            said.append(f"The path leaves this plane, by up to {away:.3g}: you see its shadow.")
        if (np.abs(track - self.inside(track)) > 1e-3 * (right - left)).any():
            said.append("Where it leaves the picture, the diamond waits at the edge, hollow.")
        return " ".join(said)

    def alt(self, name: str, t: float) -> str:
        """Describe the map with a path at t, in a sentence."""
        a, b, now = (self.at(name, where) for where in (0, 1, t))
        marks = "A, B and " + self.third["name"] if self.third else "A and B"
        return (
            f"A map of the {self.measure} on a plane through weight space, dark where it is low, shows {marks} and the "
            f"path; on it B lies {np.hypot(*(b - a)):.3g} from A, and the point at t lies {np.hypot(*(now - a)):.3g} "
            "from A."
        )

    def describe(self) -> dict[str, Any]:
        """What the browser needs to know besides the ground and the tracks."""
        return {
            "alt": f"map of the {self.measure}, dark where it is low, with the path from A to B",
            "title": f"Map of the {self.measure}",
            "captions": [self.caption(name) for name in self.tracks],
            "frame": self.frame,
            "third": self.third,
        }

    def ground(self) -> tuple[bytes, list[str]]:
        """The plane alone, edge to edge, as a PNG of at most 40 kB; and what its darkest and brightest colour mean."""
        from matplotlib.figure import Figure

        from toolkit import plots

        left, right, low, high = self.frame
        inches = PIXELS / 100 / max(right - left, high - low)
        figure = Figure(figsize=(inches * (right - left), inches * (high - low)), dpi=100)
        axes = figure.add_axes((0, 0, 1, 1))
        brightest = float(plots.fill(axes, self.cut).levels[-1])
        axes.set_axis_off()
        low, high = float(self.cut.values.min()), float(self.cut.values.max())
        more = "+" if high > 1.001 * brightest else ""
        return png(figure), [_brief(self.cut.metric, low), _brief(self.cut.metric, min(high, brightest)) + more]

    def draw(self, axes: Any, name: str, t: float) -> None:
        """Draw the map with a path at t on matplotlib axes."""
        from matplotlib.patheffects import withStroke

        from toolkit import plots

        plots.fill(axes, self.cut)
        axes.plot(*self.tracks[name].T, "-", color="white", linewidth=2.2)
        axes.plot(*self.tracks[name].T, "--", color="black", linewidth=1)
        marks = [("A", "o", A, self.at(name, 0)), ("B", "s", B, self.at(name, 1))]
        if self.third:
            marks.append((self.third["name"], "^", C, self.third["at"]))
        edge = {"markersize": 8, "markeredgewidth": 1.2, "zorder": 6}
        for label, mark, colour, place in marks:
            axes.plot(*place, mark, color=colour, markeredgecolor="white", **edge)
            words = axes.annotate(label, place, (7, 6), textcoords="offset points", weight="bold", fontsize=9)
            words.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        now = self.inside(self.at(name, t))
        fill = INK if np.allclose(now, self.at(name, t)) else "white"
        axes.plot(*now, "D", color=fill, markeredgecolor="white" if fill == INK else INK, clip_on=False, **edge)
        left, right, low, high = self.frame
        axes.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[])
        axes.set_anchor("N")
        axes.spines[:].set_visible(False)
        axes.set_title(f"Map of the {self.measure}", loc="left", fontsize=9, fontweight="bold", color=INK, pad=4)
        axes.set_xlabel(f"dark is low {self.measure}", loc="left", fontsize=8, color="#616161", labelpad=4)


def _shadow(cut: Plane, name: str, data: PathData) -> tuple[np.ndarray, float]:
    """Coordinates [T, 2] of a path on the plane, and how far its farthest point is from there."""
    if data.path is None:
        raise ValueError(f"variants must hold their path where there is a map, but {name!r} has none.")
    track, away = [], []
    for _, networks in in_pieces(data.path, data.t):
        size = networks.shape[1]
        if size != len(cut.origin):
            raise ValueError(f"map must be a plane in the path's space R^{size}, got one in R^{len(cut.origin)}.")
        places = cut.project(networks)
        track.append(places)
        away += [float((at - cut.at(*map(float, xy))).norm()) for at, xy in zip(networks, places, strict=True)]
    return np.concatenate(track), max(away)


def _brief(metric: str, value: float) -> str:
    return f"{float(f'{value:.2g}'):g}" if metric.endswith("loss") else f"{100 * value:.0f} %"
