"""The LandscapeExplorer's Python side: values, distances, lines, what is said, sent and refused."""

import base64
from dataclasses import replace

import numpy as np
import pytest
import torch

from toolkit import WeightSpace, data, models
from toolkit.landscape import Neighbourhood, Plane, evaluate, neighbourhood, plane
from toolkit.widgets import LandscapeExplorer
from toolkit.widgets.base import PICTURE_LIMIT
from toolkit.widgets.landscape_data import STEPS, Surface, place
from toolkit.widgets.landscape_traits import scale_of

SPACE = WeightSpace(models.mlp(64, 4, 10))
D = SPACE.size


def tilted(x, y):
    """A measure that is bilinear everywhere, so that nothing is lost between grid points."""
    return 3 + 0.25 * x - 0.25 * y + 0.0625 * x * y


def unit(i: int) -> torch.Tensor:
    return torch.eye(D)[i]


def flat(metric: str = "test_loss", names=("A", "B", "C"), f=tilted, shift: float = 0.0) -> Plane:
    """A plane along the first two axes of weight space with corners at (0, 0), (4, 0), (1, 3)."""
    x, y = np.linspace(-1, 5, 7) + shift, np.linspace(-1, 4, 6)
    corners = np.array([[0.0, 0], [4, 0], [1, 3]])
    return Plane(torch.ones(D), unit(0), unit(1), corners, names, x, y, f(x[None, :], y[:, None]), metric)


def slanted(metric: str = "test_loss") -> Neighbourhood:
    """A neighbourhood whose directions are neither of length 1 nor at a right angle."""
    x = np.linspace(-1, 1, 5)
    return Neighbourhood(
        torch.ones(D), 2 * unit(0), unit(0) + 3 * unit(1), x, x, tilted(x[None, :], x[:, None]), metric
    )


@pytest.fixture
def explorer():
    away = torch.ones(D) + 2 * unit(0) + 2 * unit(1) + 6 * unit(7)
    return LandscapeExplorer(SPACE, {"one": flat(), "two": slanted()}, marks={"one": {"D": away}})


# ---------------------------------------------------------------- values, networks, distances


def test_values_between_grid_points_are_bilinear(explorer):
    for x, y in np.random.default_rng(0).uniform([-1, -1], [5, 4], (50, 2)).tolist():
        explorer.x, explorer.y = x, y
        assert explorer.value == pytest.approx(tilted(x, y))


def test_values_at_grid_points_are_the_measured_ones():
    dice = np.random.default_rng(1).uniform(1, 2, (6, 7))
    cut = replace(flat(), values=dice)
    explorer = LandscapeExplorer(SPACE, cut)
    for j, y in enumerate(cut.y):
        for i, x in enumerate(cut.x):
            explorer.x, explorer.y = x, y
            assert explorer.value == dice[j, i] and "measured at this grid point" in explorer.alt
    explorer.x, explorer.y = 0.5, 0.25
    wanted = 0.375 * (dice[1, 1] + dice[1, 2]) + 0.125 * (dice[2, 1] + dice[2, 2])
    assert explorer.value == pytest.approx(wanted) and "bilinear between the four grid points" in explorer.alt


def test_the_network_is_the_one_at_the_point(explorer):
    explorer.x, explorer.y = 1.5, 2
    assert torch.equal(explorer.network, torch.ones(D) + 1.5 * unit(0) + 2 * unit(1))
    explorer.network.zero_()
    assert explorer.network.any()
    explorer.surface = "two"
    explorer.x, explorer.y = 0.5, -0.5
    assert torch.allclose(explorer.network, torch.ones(D) + unit(0) - 0.5 * (unit(0) + 3 * unit(1)))


def test_distances_are_those_between_the_networks_themselves(explorer):
    explorer.x, explorer.y = 2.5, 1.25
    ends = [torch.ones(D), torch.ones(D) + 4 * unit(0), torch.ones(D) + unit(0) + 3 * unit(1)]
    ends.append(torch.ones(D) + 2 * unit(0) + 2 * unit(1) + 6 * unit(7))
    wanted = [float((explorer.network - end).norm()) for end in ends]
    assert list(explorer.distances) == ["A", "B", "C", "D"]
    assert list(explorer.distances.values()) == pytest.approx(wanted, rel=1e-5)
    explorer.surface = "two"
    explorer.x, explorer.y = 0.7, -0.3
    assert explorer.distances == {"centre": pytest.approx(float((explorer.network - torch.ones(D)).norm()), rel=1e-5)}


def test_marks_stand_where_the_plane_comes_nearest():
    cut = slanted()
    offset = 0.4 * cut.u - 0.6 * cut.v
    x, y, away = place(Surface("", cut), cut.origin + offset + 5 * unit(9))
    assert (x, y, away) == pytest.approx((0.4, -0.6, 5), rel=1e-5)
    theta = cut.origin + offset + 5 * unit(9)
    grid = [float((cut.at(x + dx, y + dy) - theta).norm()) for dx in (-0.01, 0, 0.01) for dy in (-0.01, 0, 0.01)]
    assert min(grid) == grid[4]
    assert place(Surface("", cut), cut.origin + offset)[2] == 0


def test_marks_given_once_stand_on_every_surface():
    theta = torch.ones(D) + 0.5 * unit(0)
    explorer = LandscapeExplorer(SPACE, {"one": flat(), "two": slanted()}, marks={"E": theta})
    assert "E" in explorer.distances
    explorer.surface = "two"
    assert list(explorer.distances) == ["centre", "E"]
    one, two = explorer._spec["surfaces"]
    assert (one["networks"][-1]["x"], two["networks"][-1]["x"]) == pytest.approx((0.5, 0.25))


def test_without_data_values_are_read_off_the_grid_and_unknown_off_the_plane(explorer):
    values = {one["name"]: (one["value"], one["measured"]) for one in explorer._spec["surfaces"][0]["networks"]}
    assert values == {
        "A": (pytest.approx(tilted(0, 0)), True),
        "B": (pytest.approx(tilted(4, 0)), True),
        "C": (pytest.approx(tilted(1, 3)), True),
        "D": (None, False),
    }
    between = LandscapeExplorer(SPACE, flat(), marks={"E": torch.ones(D) + 0.5 * unit(0)})
    last = between._spec["surfaces"][0]["networks"][-1]
    assert last["value"] == pytest.approx(tilted(0.5, 0)) and not last["measured"]


def test_with_data_every_network_is_measured_itself():
    digits = data.load("digits").subset(40)
    thetas = [SPACE.init(seed) for seed in range(4)]
    cut = plane(SPACE, thetas[:3], digits, "train_error", size=5)
    explorer = LandscapeExplorer(SPACE, cut, marks={"D": thetas[3]}, dataset=digits)
    wanted = evaluate(SPACE, torch.stack(thetas), digits, ["train_error"])["train_error"]
    found = explorer._spec["surfaces"][0]["networks"]
    assert [one["value"] for one in found] == pytest.approx(wanted) and all(one["measured"] for one in found)


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize("name", ["one", "two"])
def test_the_line_runs_straight_from_the_network_through_the_point_to_the_edge(explorer, name):
    surface = explorer._surfaces[name]
    left, right, low, high = surface.frame
    for x, y in np.random.default_rng(2).uniform([left, low], [right, high], (20, 2)).tolist():
        for network in surface.networks:
            away, values, here = surface.along(network, x, y)
            assert len(away) == len(values) == STEPS + 1 and away[0] == 0 and (np.diff(away) >= 0).all()
            t = away / here
            way = network.x + t * (x - network.x), network.y + t * (y - network.y)
            assert values == pytest.approx(tilted(*way))
            edges = [way[0][-1] - left, right - way[0][-1], way[1][-1] - low, high - way[1][-1]]
            assert min(edges) == pytest.approx(0, abs=1e-9)
            start, end = (surface.cut.at(float(a), float(b)) for a, b in ((network.x, network.y), (x, y)))
            assert here == pytest.approx(float((end - start).norm()), rel=1e-5)
            assert here == pytest.approx(away[np.abs(away - here).argmin()])


def test_from_the_networks_own_place_the_line_runs_along_x(explorer):
    surface = explorer._surfaces["one"]
    for network, reach in [(surface.networks[0], 5), (surface.networks[1], 5)]:  # B has more room to its left
        away, values, here = surface.along(network, network.x, network.y)
        sign = 1 if network.name == "A" else -1
        assert here == 0 and away[-1] == pytest.approx(reach)
        assert values == pytest.approx(tilted(network.x + sign * away, network.y))


def test_a_line_to_the_edge_ends_there(explorer):
    surface = explorer._surfaces["one"]
    away, values, here = surface.along(surface.networks[0], 5.0, 2.0)
    assert here == pytest.approx(29**0.5) == pytest.approx(away[-1]) and values[-1] == pytest.approx(tilted(5, 2))


def test_the_line_begins_at_the_nearest_network_or_the_chosen_one(explorer):
    explorer.x, explorer.y = 3.5, 0.25
    assert "straight line from B through" in explorer.alt
    explorer.line = "C"
    assert "straight line from C through" in explorer.alt
    explorer.surface = "two"
    assert explorer.line == "nearest"


# ---------------------------------------------------------------- the scale


def test_colours_mean_the_same_on_every_surface():
    cut = flat()
    one, two = Surface("1", cut), Surface("2", replace(cut, values=3 * cut.values + 5))
    scale = scale_of([one, two])
    assert (scale.low, scale.high) == (cut.values.min(), two.cut.values.max()) and not scale.log
    assert scale.place(scale.low) == 0 and scale.place(scale.high) == 1
    assert scale.place((scale.low + scale.high) / 2) == pytest.approx(0.5)
    assert np.allclose(np.diff(scale.levels), np.diff(scale.levels)[0]) and 3 <= len(scale.levels) <= 7
    assert all(scale.low < level < scale.high for level in scale.levels)


def test_a_loss_with_a_large_span_gets_a_logarithmic_scale():
    def with_span(high, metric="test_loss", low=0.01):
        values = np.geomspace(low, high, 42).reshape(6, 7) if low else np.linspace(low, high, 42).reshape(6, 7)
        return scale_of([Surface("1", replace(flat(metric), values=values))])

    assert not with_span(0.15).log and with_span(0.25).log
    assert with_span(10).place(0.1) == pytest.approx(1 / 3)
    assert with_span(10).levels == pytest.approx((0.03, 0.1, 0.3, 1, 3))
    assert not with_span(0.9, "test_error").log and not with_span(0.9, "train_ece").log
    assert with_span(1, low=0).low == 1e-4 and with_span(1, low=0).place(0) == 0


def test_a_flat_measure_still_has_a_scale():
    scale = scale_of([Surface("1", replace(flat("test_error"), values=np.zeros((6, 7))))])
    assert scale.low < 0 < scale.high and scale.levels == ()
    assert LandscapeExplorer(SPACE, replace(flat("test_error"), values=np.zeros((6, 7)))).picture()


# ---------------------------------------------------------------- what is sent and said


def test_bytes_decode_to_the_grids(explorer):
    sent = np.frombuffer(explorer._grids, np.float64)
    one, two = flat(), slanted()
    wanted = [one.x, one.y, one.values.ravel(), two.x, two.y, two.values.ravel()]
    assert np.array_equal(sent, np.concatenate(wanted))
    assert [surface["size"] for surface in explorer._spec["surfaces"]] == [[7, 6], [5, 5]]
    assert explorer._spec["surfaces"][1]["gram"] == pytest.approx((4, 2, 10))
    assert len(explorer._colours) == 3 * 256


def test_the_words_name_place_value_networks_and_line(explorer):
    explorer.x, explorer.y = 3, 1
    top = tilted(4, 0)  # the line from B through (3, 1) falls all the way
    assert explorer.alt == (
        "A map of the test loss on a plane through weight space (one), from 1.50 to 4.50. At x = 3.00, y = 1.00 it is "
        f"{tilted(3, 1):.2f}, measured at this grid point. The nearest named network is B ({top:.2f}). Distances in "
        "weight space: A 3.16, B 1.41, C 2.83, D 6.16. D lies 6.00 off the plane; its mark is its shadow. On the "
        f"straight line from B through the point the test loss goes from {top:.2f} to at most {top:.2f}."
    )
    explorer.surface = "two"
    assert "(two)" in explorer.alt
    single = LandscapeExplorer(SPACE, flat("train_ece", f=lambda x, y: 0.1 + 0 * x * y))
    assert "train calibration error" in single.alt and "10.0 %" in single.alt and "(surface)" not in single.alt


def test_axes_of_a_neighbourhood_are_explained(explorer):
    angle = np.degrees(np.arccos(2 / (4 * 10) ** 0.5))
    assert (
        f"2 along x and 3.16 along y in weight space. The axes meet at {angle:.1f}°."
        in (explorer._spec["surfaces"][1]["caption"])
    )
    assert "true in every direction" in explorer._spec["surfaces"][0]["caption"]


def test_looks_are_those_of_the_course():
    marks = {name: torch.ones(D) + 0.1 * unit(0) for name in ("E", "F", "G", "H")}
    explorer = LandscapeExplorer(SPACE, flat(names=("seed 0", "seed 1", "seed 2")), marks=marks)
    assert [one["look"] for one in explorer._spec["surfaces"][0]["networks"]] == [0, 1, 2, 3, 5, 6, 3]
    around = LandscapeExplorer(SPACE, slanted(), marks={"B": marks["E"], "E": marks["F"]})
    assert [one["look"] for one in around._spec["surfaces"][0]["networks"]] == [4, 1, 3]


def test_the_point_begins_half_way(explorer):
    assert (explorer.x, explorer.y, explorer.surface, explorer.line) == (2, 0, "one", "nearest")
    around = LandscapeExplorer(SPACE, slanted())
    assert (around.x, around.y) == (0.5, 0)


def test_another_surface_brings_the_point_inside(explorer):
    explorer.x, explorer.y = 4, 3
    explorer.surface = "two"
    assert (explorer.x, explorer.y) == (1, 1)
    explorer.set_state({"surface": "one", "x": 4.5, "y": -0.5, "line": "C"})
    assert (explorer.surface, explorer.x, explorer.y, explorer.line) == ("one", 4.5, -0.5, "C")


def test_between_planes_the_point_stays_the_same_mixture_of_the_three_networks():
    other = replace(flat(), corners=np.array([[0.0, 0], [2, 0], [1.5, 2]]))
    explorer = LandscapeExplorer(SPACE, {"one": flat(), "other": other, "around": slanted()})
    explorer.surface = "other"
    assert (explorer.x, explorer.y) == pytest.approx((1, 0))  # half-way between A and B, as before
    for a, b, c in [(0.2, 0.5, 0.3), (1, 0, 0), (0, 0, 1), (0.6, 0.6, -0.2)]:
        explorer.surface = "one"
        explorer.x, explorer.y = np.array([a, b, c]) @ flat().corners
        explorer.surface = "other"
        assert (explorer.x, explorer.y) == pytest.approx(tuple(np.array([a, b, c]) @ other.corners), abs=1e-9)
    explorer.surface = "one"
    explorer.x, explorer.y = 5, 4  # outside the map around the centre
    explorer.surface = "around"
    assert (explorer.x, explorer.y) == (1, 1)
    explorer.surface = "other"
    assert (explorer.x, explorer.y) == (1, 1)  # a neighbourhood knows no mixture


@pytest.mark.parametrize("order", [("surface", "x", "y"), ("x", "y", "surface"), ("y", "surface", "x")])
def test_what_the_browser_sets_together_is_not_carried_again(order):
    other = replace(flat(), corners=np.array([[0.0, 0], [2, 0], [1.5, 2]]))
    explorer = LandscapeExplorer(SPACE, {"one": flat(), "other": other})
    wanted = {"surface": "other", "x": 1.0, "y": 0.25}
    explorer.set_state({name: wanted[name] for name in order})
    assert (explorer.surface, explorer.x, explorer.y) == ("other", 1, 0.25)


def test_repr_is_the_same_every_time(explorer):
    assert repr(explorer) == "LandscapeExplorer(A, B, C, D, surface='one', x=2, y=0)"
    assert repr(LandscapeExplorer(SPACE, slanted())) == "LandscapeExplorer(centre, x=0.5, y=0)"


def test_bundle_has_a_small_picture_of_the_present_state(explorer):
    bundle, metadata = explorer._repr_mimebundle_()
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT
    assert metadata["image/png"] == {"alt": explorer.alt}
    for name, setting in [("x", 3), ("y", 1.2), ("line", "C"), ("surface", "two")]:
        setattr(explorer, name, setting)
        assert explorer.picture() != picture
        picture = explorer.picture()


def test_the_picture_shows_point_networks_and_line(explorer):
    explorer.x, explorer.y = 3, 1
    chart, _, _, line = explorer.figure().axes
    assert {"A", "B", "C", "D"} <= {text.get_text() for text in chart.texts}
    places = [tuple(map(float, one.get_xydata()[0])) for one in chart.lines if len(one.get_xydata()) == 1]
    assert places == [(0, 0), (4, 0), (1, 3), (2, 2), (3, 1)]
    away, values, here = explorer._surfaces["one"].along(explorer._surfaces["one"].networks[1], 3, 1)
    assert np.allclose(line.lines[0].get_xydata(), np.column_stack([away, np.maximum(values, explorer._scale.low)]))
    assert np.allclose(line.lines[1].get_xydata(), [[here, tilted(3, 1)]])


def test_real_planes_and_neighbourhoods_fit_together():
    digits = data.load("digits").subset(40)
    theta = SPACE.init(0)
    cut = plane(SPACE, [SPACE.init(seed) for seed in range(3)], digits, "train_loss", size=5)
    around = neighbourhood(SPACE, theta, digits, "train_loss", size=5)
    explorer = LandscapeExplorer(SPACE, {"plane": cut, "around A": around}, dataset=digits)
    explorer.x, explorer.y = 0, 0
    assert torch.equal(explorer.network, theta) and explorer.distances["A"] == 0
    explorer.surface = "around A"
    assert explorer.value == pytest.approx(explorer._spec["surfaces"][1]["networks"][0]["value"], rel=1e-5)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "bad", "sentence"),
    [
        ("x", 5.5, "x must be a number in [-1, 5], got 5.5."),
        ("x", float("nan"), "x must be a number in [-1, 5], got nan."),
        ("y", "1", "y must be a number in [-1, 4], got '1'."),
        ("y", True, "y must be a number in [-1, 4], got True."),
        ("surface", "three", "surface must be one of 'one', 'two', got 'three'."),
        ("line", "centre", "line must be one of 'nearest', 'A', 'B', 'C', 'D', got 'centre'."),
    ],
)
def test_a_refused_setting_changes_nothing(explorer, name, bad, sentence):
    before = getattr(explorer, name)
    with pytest.raises(ValueError) as caught:
        setattr(explorer, name, bad)
    assert str(caught.value) == sentence and getattr(explorer, name) == before


def broken(values: np.ndarray) -> Plane:
    return replace(flat(), values=values)


ONE = torch.ones(D)


@pytest.mark.parametrize(
    ("surfaces", "more", "kind", "sentence"),
    [
        ([flat()], {}, TypeError, "surfaces must be a Plane, a Neighbourhood or a mapping of names to them, got list."),
        ({}, {}, ValueError, "surfaces must hold at least one Plane or Neighbourhood, got none."),
        ({5: flat()}, {}, TypeError, "surfaces must be named by words, got 5."),
        (
            {"a": flat(), "b": slanted("train_loss")},
            {},
            ValueError,
            "surfaces must share one measure, but 'a' shows test_loss and 'b' train_loss.",
        ),
        (
            broken(np.where(flat().values > 3, np.inf, flat().values)),
            {},
            ValueError,
            f"surfaces must hold finite values, but 'surface' has {int((flat().values > 3).sum())} that are not.",
        ),
        (
            replace(flat(), v=2 * unit(0)),
            {},
            ValueError,
            "surfaces must span a plane, but the directions of 'surface' lie on one line.",
        ),
        (
            replace(flat(), origin=torch.ones(7)),
            {},
            ValueError,
            f"surfaces must lie in the space R^{D}, but 'surface' lies in R^7.",
        ),
        (flat(), {"dataset": 5}, TypeError, "dataset must be a toolkit.Dataset, got int."),
        (flat(), {"marks": [ONE]}, TypeError, "marks must map names to networks, got list."),
        (flat(), {"marks": {"E": [1.0]}}, TypeError, "marks['E'] must be a tensor, got list."),
        (flat(), {"marks": {"E": ONE[:5]}}, ValueError, f"marks['E'] must be a network [{D}], got shape [5]."),
        (
            flat(),
            {"marks": {"A": ONE}},
            ValueError,
            "marks must have names of their own other than 'nearest', got 'A'.",
        ),
        (
            flat(),
            {"marks": {"nearest": ONE}},
            ValueError,
            "marks must have names of their own other than 'nearest', got 'nearest'.",
        ),
        (
            {"one": flat()},
            {"marks": {"two": {"E": ONE}}},
            ValueError,
            "marks must map names to networks, or each name of a surface to such a mapping, got 'two': dict.",
        ),
        (
            flat(),
            {"marks": {"E": ONE + 9 * unit(0)}},
            ValueError,
            "marks must lie on the map, but 'E' is at (9, 0) of 'surface', which goes from (-1, -1) to (5, 4).",
        ),
        (
            flat(names=()),
            {},
            ValueError,
            "marks must name a network where the plane names none, but 'surface' has none at all.",
        ),
    ],
)
def test_what_does_not_fit_gets_one_sentence(surfaces, more, kind, sentence):
    with pytest.raises(kind) as caught:
        LandscapeExplorer(SPACE, surfaces, **more)
    assert str(caught.value) == sentence


def test_space_is_a_weight_space():
    with pytest.raises(TypeError) as caught:
        LandscapeExplorer(models.mlp(64, 4, 10), flat())
    assert str(caught.value) == "space must be a WeightSpace, got Sequential."
