"""The LatePhasePanel's Python side: what is checked, said, sent and refused, and what is shown without a kernel."""

import base64
import json
import re
from copy import deepcopy

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from toolkit.widgets import LatePhasePanel
from toolkit.widgets.base import PICTURE_LIMIT
from toolkit.widgets.late_phase_data import SERIES, checked
from toolkit.widgets.late_phase_words import compare, sentences, verdict

NOISE, START, MEMBERS, SEEDS = [0, 0.25, 0.5, 1, 1.5, 2], [0, 0.3, 0.6, 0.8], [1, 2, 5, 10, 20], 5
PLAIN = 0.70


def made_up() -> dict:
    """A made-up grid that behaves like the real one: with growing noise the average first gains, then falls."""
    at_five = {  # points above 70 % at K = 5, T0 = 0.6
        "average": [2, 3.5, 5, 10, -5, -26],
        "member": [1, 1.8, 3, 9, 10, 7],
        "ensemble": [2, 3.6, 6, 18, 21, 21],
    }
    strength, extra = {0: 1.05, 0.3: 1.02, 0.6: 1.0, 0.8: 0.7}, [0, 0.6, 1, 1.15, 1.2]
    dice = np.random.default_rng(0)
    luck = 0.012 * dice.standard_normal(SEEDS)  # common to all that starts from one seed
    grid = {"noise": NOISE, "start": START, "members": MEMBERS, "name": "digits, 40 % label noise"}
    for name, gains in at_five.items():
        alone = np.array(at_five["member"])
        grid[name] = [
            [
                [
                    (PLAIN + strength[t] * (alone[s] + e * (gains[s] - alone[s])) / 100 + luck + scatter)
                    .round(4)
                    .tolist()
                    for s in range(len(NOISE))
                    for scatter in [0.008 * np.random.default_rng([k, s, len(name) if k else 0]).standard_normal(SEEDS)]
                ]
                for t in START
            ]
            for k, e in enumerate(extra)
        ]
    return {**grid, "base": (PLAIN + luck).round(4).tolist(), "config": {"epochs": 40}}


REFERENCES = {"SWA": [0.71, 0.72, 0.70], "lr / 2": 0.735}


@pytest.fixture
def grid():
    return made_up()


@pytest.fixture
def panel(grid):
    return LatePhasePanel(grid, REFERENCES)


def at(grid: dict, name: str, members: int, start: float, noise: float) -> np.ndarray:
    """Seeds of a series straight from the mapping."""
    return np.array(grid[name][MEMBERS.index(members)][START.index(start)][NOISE.index(noise)])


def percent(seeds: np.ndarray) -> str:
    return f"{100 * seeds.mean():.1f} %"


# ---------------------------------------------------------------- settings and values


def test_the_panel_starts_where_late_phase_does(panel, grid):
    assert (panel.noise, panel.start, panel.members, panel.over) == (0, 0.6, 5, "noise")
    other = {**grid, "noise": [1, 2, 3, 4, 5, 6], "start": [0, 0.1, 0.2, 0.5], "members": [6, 7, 8, 9, 10]}
    panel = LatePhasePanel(other)
    assert (panel.noise, panel.start, panel.members) == (1, 0.5, 6)


def test_values_are_the_grids_means_at_every_setting(panel, grid):
    for members in MEMBERS:
        for start in START:
            for noise in NOISE:
                panel.members, panel.start, panel.noise = members, start, noise
                means = {name: at(grid, name, members, start, noise).mean() for name in SERIES}
                assert panel.values == pytest.approx(means)


def test_settings_can_be_observed_and_set_from_the_browser(panel, grid):
    seen = []
    panel.observe(lambda change: seen.append((change["new"], panel.values["average"])), "noise")
    panel.observe(lambda change: seen.append(change["new"]["ensemble"]), "values")
    panel.set_state({"noise": 2, "members": 20, "over": "members"})
    assert panel.over == "members"
    assert seen[-1] == (2.0, pytest.approx(at(grid, "average", 20, 0.6, 2).mean()))
    assert pytest.approx(at(grid, "ensemble", 20, 0.6, 2).mean()) in [x for x in seen if isinstance(x, float)]


def test_a_setting_becomes_the_grids_own_value(panel):
    panel.start, panel.noise, panel.members = 0.1 + 0.2, np.float64(1), 10.0
    assert (panel.start, panel.noise, panel.members) == (0.3, 1, 10) and isinstance(panel.members, int)


def test_values_cannot_be_written(panel):
    with pytest.raises(Exception, match="values.*read-only"):
        panel.values = {}


@pytest.mark.parametrize(
    ("name", "bad", "sentence"),
    [
        ("noise", 0.3, "noise must be one of 0, 0.25, 0.5, 1, 1.5, 2, got 0.3."),
        ("noise", float("nan"), "noise must be one of 0, 0.25, 0.5, 1, 1.5, 2, got nan."),
        ("noise", True, "noise must be one of 0, 0.25, 0.5, 1, 1.5, 2, got True."),
        ("start", "60 %", "start must be one of 0, 0.3, 0.6, 0.8, got '60 %'."),
        ("start", None, "start must be one of 0, 0.3, 0.6, 0.8, got None."),
        ("members", 3, "members must be one of 1, 2, 5, 10, 20, got 3."),
        ("over", "K", "over must be one of 'noise', 'start', 'members', got 'K'."),
    ],
)
def test_a_refused_setting_changes_nothing(panel, name, bad, sentence):
    before = (getattr(panel, name), panel.values)
    with pytest.raises(ValueError) as caught:
        setattr(panel, name, bad)
    assert str(caught.value) == sentence and (getattr(panel, name), panel.values) == before


def test_two_panels_do_not_share_their_settings(grid):
    one, two = LatePhasePanel(grid), LatePhasePanel(grid)
    one.noise = 2
    assert two.noise == 0 and two.values != one.values


# ---------------------------------------------------------------- what is sent


def test_bytes_decode_to_the_grid(panel, grid):
    sent = np.frombuffer(panel._values, np.float64).reshape(3, len(MEMBERS), len(START), len(NOISE), SEEDS)
    for s, name in enumerate(["member", "average", "ensemble"]):
        assert np.array_equal(sent[s], grid[name])


def test_every_setting_is_sent_with_its_own_words(panel, grid):
    cells = iter(panel._spec["cells"])
    for members in MEMBERS:
        for start in START:
            for noise in NOISE:
                cell = next(cells)
                assert cell["title"] == f"σ₀ = {noise:g}, T₀ = {100 * start:.0f} %, K = {members}"
                assert cell["shown"] == [percent(at(grid, name, members, start, noise)) for name in SERIES]
                assert cell["said"][0].startswith(cell["title"] + ": ")
    assert next(cells, None) is None


def test_lines_are_means_and_the_scale_holds_everything(panel, grid):
    lines = {line["name"]: (line["level"], line["shown"]) for line in panel._spec["lines"]}
    base = np.mean(grid["base"])
    assert lines["base"] == (pytest.approx(base), percent(base))
    assert lines["SWA"] == (pytest.approx(0.71), "71.0 %") and lines["lr / 2"] == (0.735, "73.5 %")
    everything = np.concatenate([np.ravel(grid[name]) for name in SERIES])
    assert panel._spec["range"] == pytest.approx((everything.min(), everything.max()))
    low, high = LatePhasePanel(grid, {"guessing": 0.1})._spec["range"]
    assert (low, high) == pytest.approx((0.1, everything.max()))


def test_a_scale_without_extent_gets_one():
    level = [[[[1.0, 1.0]]]]
    grid = {"noise": [0], "start": [0], "members": [1], "base": [1.0, 1.0]} | dict.fromkeys(SERIES, level)
    panel = LatePhasePanel(grid)
    assert panel._spec["range"] == pytest.approx((0.95, 1.0))
    assert panel.over == "noise" and panel.picture().startswith(b"\x89PNG")


def test_curves_run_over_an_axis_that_has_several_values(grid):
    one = {**grid, "noise": [1]} | {name: np.array(grid[name])[:, :, 3:4].tolist() for name in SERIES}
    assert LatePhasePanel(one).over == "start"


def test_a_grid_read_from_json_or_made_of_arrays_is_the_same(grid):
    written = json.loads(json.dumps(grid))
    arrays = {key: np.array(value) if key not in ("name", "config") else value for key, value in grid.items()}
    assert LatePhasePanel(written).state() == LatePhasePanel(arrays).state() == LatePhasePanel(grid).state()


def test_the_grid_given_is_left_alone_and_copied(grid):
    before = deepcopy(grid)
    panel = LatePhasePanel(grid)
    panel.noise = 1
    assert grid == before
    value = panel.values["average"]
    grid["average"][2][2][0][0] = 0.0
    panel.noise = 0
    panel.noise = 1
    assert panel.values["average"] == value


# ---------------------------------------------------------------- what is said

SPREAD = np.array([-0.01, -0.005, 0, 0.005, 0.01])  # common to all three: paired differences have no scatter


def cell(member, average, ensemble, scatter=0.0):
    """Three accuracies over five seeds; `scatter` is the standard deviation of average minus member."""
    return np.array([member + SPREAD, average + SPREAD + scatter * SPREAD / SPREAD.std(ddof=1), ensemble + SPREAD])


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        (
            cell(0.80, 0.65, 0.91),
            "The members no longer share a valley: their mean lies on the hill between them; their predictions "
            "together gain 11.0 points on a member.",
        ),
        (
            cell(0.80, 0.65, 0.80),
            "The members no longer share a valley: their mean lies on the hill between them; their predictions "
            "together cannot be told from a member by these seeds.",
        ),
        (
            cell(0.80, 0.65, 0.78),
            "The members no longer share a valley: their mean lies on the hill between them; their predictions "
            "together lose 2.0 points on a member.",
        ),
        (
            cell(0.80, 0.795, 0.91),
            "The average falls 0.5 points short of its members; their predictions together gain 11.0 points on a "
            "member.",
        ),
        (
            cell(0.73, 0.75, 0.76),
            "Averaging the weights does what averaging predictions does (1.0 points apart), for the price of one "
            "network.",
        ),
        (
            cell(0.73, 0.75, 0.761),
            "The average is better than its members; their predictions together are 1.1 points better still, for the "
            "price of 5 networks.",
        ),
        (
            cell(0.79, 0.80, 0.88),
            "The average is better than its members; their predictions together are 8.0 points better still, for the "
            "price of 5 networks.",
        ),
        (
            cell(0.79, 0.85, 0.82),
            "The average is better than its members, and 3.0 points better than their predictions together.",
        ),
        (
            cell(0.70, 0.80, 0.82, scatter=0.05),
            "The average is better than its members; whether it equals their predictions together, the scatter over "
            "seeds hides.",
        ),
        (
            cell(0.80, 0.78, 0.91, scatter=0.05),
            "By these seeds the average cannot be told from its members; their predictions together gain 11.0 points "
            "on a member.",
        ),
        (
            cell(0.80, 0.80, 0.80),
            "Averaging the members, as weights or as predictions, changes nothing that these seeds can tell.",
        ),
    ],
)
def test_the_verdict_follows_from_what_was_measured(cell, sentence):
    assert verdict(cell, 5) == sentence


def test_one_member_is_all_three():
    same = cell(0.8, 0.8, 0.8)
    assert verdict(same, 1) == "A single member is its own average and its own ensemble."
    assert verdict(cell(0.8, 0.7, 0.8), 1).startswith("The members no longer share a valley")


def test_differences_are_paired_and_count_from_two_standard_errors_on():
    base, error = 0.8 + 10 * SPREAD, SPREAD.std(ddof=1) / 5**0.5
    for gain, side in [(2.01 * error, 1), (1.99 * error, 0), (0, 0), (-1.99 * error, 0), (-2.01 * error, -1)]:
        assert compare(base + SPREAD + gain, base) == side
        assert compare(base, base + SPREAD + gain) == -side
    assert compare(base + 1e-3, base) == 1  # far less than the scatter of either, which the pairs share


def test_the_average_is_held_against_the_base(grid):
    record = checked(grid)
    place = {"members": 5, "start": 0.6}
    for noise, rest in [(1, "above it."), (2, "below it.")]:
        gap = 100 * abs(np.mean(at(grid, "average", 5, 0.6, noise) - grid["base"]))
        said = sentences(record, {**place, "noise": noise})[2]
        plain = percent(np.array(grid["base"]))
        assert said == f"One network trained plainly reaches {plain}: the average is {gap:.1f} points {rest}"
    grid["base"] = grid["average"][2][2][3]
    assert sentences(checked(grid), {**place, "noise": 1})[2].endswith(
        "the average cannot be told from it by these seeds."
    )


def test_the_words_name_setting_numbers_and_the_whole_curve(panel, grid):
    panel.noise = 1.5
    member, average, ensemble = (percent(at(grid, name, 5, 0.6, 1.5)) for name in SERIES)
    gain = 100 * np.mean(at(grid, "ensemble", 5, 0.6, 1.5) - at(grid, "member", 5, 0.6, 1.5))
    assert panel.alt.startswith(
        f"Test accuracy of late-phase training (digits, 40 % label noise). σ₀ = 1.5, T₀ = 60 %, K = 5: the average of "
        f"the weights {average}, its members {member}, predictions together {ensemble} (5 seeds). The members no "
        f"longer share a valley: their mean lies on the hill between them; their predictions together gain {gain:.1f} "
        "points on a member. "
    )
    curve = ", ".join(f"{100 * at(grid, 'average', 5, 0.6, noise).mean():.1f}" for noise in NOISE)
    assert "For comparison: SWA 71.0 %, lr / 2 73.5 %." in panel.alt
    assert f"Over σ₀ from 0 to 2, in %: the average of the weights {curve}; its members " in panel.alt
    panel.over = "start"
    assert "Over T₀ from 0 % to 80 %, in %: " in panel.alt
    panel.over = "members"
    assert "Over K from 1 to 20, in %: " in panel.alt


def test_a_grid_without_a_name_or_references(grid):
    del grid["name"], grid["config"]
    alt = LatePhasePanel(grid).alt
    assert alt.startswith("Test accuracy of late-phase training. σ₀ = 0") and "comparison" not in alt


def test_repr_is_the_same_every_time(panel):
    panel.noise, panel.members = 0.25, 20
    assert repr(panel) == "LatePhasePanel(6 x 4 x 5 settings, noise=0.25, start=0.6, members=20)"


# ---------------------------------------------------------------- where no widget can run


def test_bundle_has_a_small_picture_of_the_present_state(panel):
    bundle, metadata = panel._repr_mimebundle_()
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT
    assert metadata["image/png"] == {"alt": panel.alt}
    for name, setting in [("noise", 1.5), ("start", 0), ("members", 20), ("over", "members"), ("over", "start")]:
        setattr(panel, name, setting)
        assert panel.picture() != picture
        picture = panel.picture()


def test_the_picture_shows_numbers_bars_and_curves(panel, grid):
    panel.noise, panel.over = 2, "noise"
    bars, curves = panel.figure().axes
    shown = [text.get_text() for text in bars.texts]
    assert all(percent(at(grid, name, 5, 0.6, 2)) in shown for name in SERIES)
    base = np.mean(grid["base"])
    ends = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in bars.patches]
    assert ends == [(pytest.approx(base), pytest.approx(at(grid, name, 5, 0.6, 2).mean())) for name in SERIES]
    means = [[at(grid, name, 5, 0.6, noise).mean() for noise in NOISE] for name in SERIES]
    drawn = [line.get_ydata() for line in curves.lines if len(line.get_ydata()) == len(NOISE)]
    assert all(any(np.allclose(line, mean) for line in drawn) for mean in means)
    assert bars.get_ylim() == curves.get_ylim()


def test_labels_of_the_picture_stand_apart(grid):
    close = {f"method {i}": 0.70 + 0.001 * i for i in range(6)} | {"best": 0.999, "second": 0.998}
    figure = LatePhasePanel(grid, close).figure()
    FigureCanvasAgg(figure).draw()
    bars = figure.axes[0]
    boxes = [
        text.get_window_extent()
        for text in bars.texts
        if text.get_text().startswith(("base", "method", "best", "second"))
    ]
    assert len(boxes) == 9
    heights = sorted((box.y0, box.y1) for box in boxes)
    assert all(low[1] <= high[0] + 1 for low, high in zip(heights, heights[1:], strict=False))


@pytest.mark.parametrize("name", ["SWA", "batch x 5", "weight decay x 4", "5 networks together, 5 times the cost"])
def test_labels_of_the_picture_stay_between_the_charts(grid, name):
    figure = LatePhasePanel(grid, {name: 0.765}).figure()
    FigureCanvasAgg(figure).draw()
    bars, curves = figure.axes
    [label] = [text for text in bars.texts if text.get_text().startswith(name[:3])]
    numbers = [tick.label1.get_window_extent() for tick in curves.yaxis.get_major_ticks()]
    assert label.get_window_extent().x1 < min(box.x0 for box in numbers)
    assert any(f"Dotted: {name} 76.5 %." in text.get_text().replace("\n", " ") for text in figure.texts)
    words = sorted((text.get_window_extent() for text in figure.texts), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 for low, high in zip(words, words[1:], strict=False))
    edges = [text.get_window_extent() for text in [*figure.texts, *curves.texts] if text.get_text()]
    assert max(box.x1 for box in edges) <= figure.bbox.x1 and min(box.y0 for box in edges) >= 0


def test_picture_leaves_no_pyplot_figure_open(panel):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    panel.picture()
    assert plt.get_fignums() == before


def test_exported_page_needs_no_network(panel, tmp_path):
    page = panel.export_html(tmp_path / "panel.html").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\s\"'<>\\)]+", page)) <= {"http://www.w3.org/2000/svg"}  # a name, never fetched
    assert f'alt="{panel.alt}"' in page and "<title>LatePhasePanel" in page


# ---------------------------------------------------------------- what is refused


def without(key):
    return lambda grid: grid.pop(key)


def put(*path_and_value):
    *path, last, value = path_and_value

    def change(grid):
        for key in path:
            grid = grid[key]
        grid[last] = value

    return change


KEYS = ["noise", "start", "members", "average", "member", "ensemble", "base"]
NEEDED = ", ".join(map(repr, KEYS))
NOISES, STARTS = "numbers of at least 0, rising, at least one", "fractions of training in [0, 1), rising, at least one"
COUNTS = "whole numbers of at least 1, rising, at least one"


@pytest.mark.parametrize(
    ("spoil", "kind", "sentence"),
    [
        *((without(key), ValueError, f"grid must have {NEEDED}, got one without {key!r}.") for key in KEYS),
        (put("noise", []), ValueError, f"grid['noise'] must be {NOISES}, got []."),
        (put("noise", [0, 1, 0.5]), ValueError, f"grid['noise'] must be {NOISES}, got [0, 1, 0.5]."),
        (put("noise", [0, 1, 1]), ValueError, f"grid['noise'] must be {NOISES}, got [0, 1, 1]."),
        (put("noise", [-1, 1]), ValueError, f"grid['noise'] must be {NOISES}, got [-1, 1]."),
        (put("noise", [0, float("nan")]), ValueError, f"grid['noise'] must be {NOISES}, got [0, nan]."),
        (put("noise", [[0], [1]]), ValueError, f"grid['noise'] must be {NOISES}, got [[0], [1]]."),
        (put("noise", 1.5), TypeError, "grid['noise'] must be a list, got 1.5."),
        (put("noise", "012345"), TypeError, "grid['noise'] must be a list, got '012345'."),
        (put("start", [0, 1]), ValueError, f"grid['start'] must be {STARTS}, got [0, 1]."),
        (put("start", [0, 60]), ValueError, f"grid['start'] must be {STARTS}, got [0, 60]."),
        (put("members", [0, 5]), ValueError, f"grid['members'] must be {COUNTS}, got [0, 5]."),
        (put("members", [1, 2.5]), ValueError, f"grid['members'] must be {COUNTS}, got [1, 2.5]."),
        (put("members", [True, 2]), ValueError, f"grid['members'] must be {COUNTS}, got [True, 2]."),
        (put("members", [1, 2]), ValueError, "grid['member'] must have 2 entries, one for each of members, got 5."),
        (put("average", []), ValueError, "grid['average'] must have 5 entries, one for each of members, got 0."),
        (put("average", 0.7), TypeError, "grid['average'] must be a list, got 0.7."),
        (
            put("average", 1, [[]] * 3),
            ValueError,
            "grid['average'][1] must have 4 entries, one for each of start, got 3.",
        ),
        (put("member", 4, 3, 0.7), TypeError, "grid['member'][4][3] must be a list, got 0.7."),
        (
            put("member", 4, 3, [[]]),
            ValueError,
            "grid['member'][4][3] must have 6 entries, one for each of noise, got 1.",
        ),
        (
            put("ensemble", 0, 1, 2, [0.7] * 4),
            ValueError,
            "grid['ensemble'][0][1][2] must have 5 entries, one for each seed, as in base, got 4.",
        ),
        *(
            (
                put("ensemble", 0, 1, 2, 3, bad),
                ValueError,
                f"grid['ensemble'][0][1][2][3] must be a number in [0, 1], got {bad!r}.",
            )
            for bad in (72.0, -0.1, float("nan"), float("inf"), None, "0.7", True, [0.7])
        ),
        (put("base", 0, 70), ValueError, "grid['base'][0] must be a number in [0, 1], got 70."),
        (put("base", [0.7]), ValueError, "grid['base'] must hold at least 2 seeds, got 1."),
        (put("base", 0.7), TypeError, "grid['base'] must be a list, got 0.7."),
        (
            put("base", [0.7] * 6),
            ValueError,
            "grid['member'][0][0][0] must have 6 entries, one for each seed, as in base, got 5.",
        ),
        (put("name", 5), TypeError, "grid['name'] must be a text, got 5."),
    ],
)
def test_a_spoilt_grid_gets_one_sentence(grid, spoil, kind, sentence):
    spoil(grid)
    with pytest.raises(kind) as caught:
        LatePhasePanel(grid)
    assert str(caught.value) == sentence


def test_a_grid_is_a_mapping():
    with pytest.raises(TypeError) as caught:
        LatePhasePanel([0.7])
    assert str(caught.value) == "grid must be a mapping such as a claim of a lesson's evidence, got list."


@pytest.mark.parametrize(
    ("references", "kind", "sentence"),
    [
        ([0.7], TypeError, "references must map names to accuracies, got list."),
        ({"": 0.7}, ValueError, "each name in references must be a text other than 'base', got ''."),
        ({5: 0.7}, ValueError, "each name in references must be a text other than 'base', got 5."),
        ({"base": 0.7}, ValueError, "each name in references must be a text other than 'base', got 'base'."),
        ({"SWA": 70}, ValueError, "references['SWA'] must be a number in [0, 1], got 70."),
        ({"SWA": None}, ValueError, "references['SWA'] must be a number in [0, 1], got None."),
        ({"SWA": []}, ValueError, "references['SWA'] must hold at least one accuracy, got none."),
        ({"SWA": [0.7, 71]}, ValueError, "references['SWA'][1] must be a number in [0, 1], got 71."),
        ({"SWA": "0.7"}, TypeError, "references['SWA'] must be a list, got '0.7'."),
    ],
)
def test_spoilt_references_get_one_sentence(grid, references, kind, sentence):
    with pytest.raises(kind) as caught:
        LatePhasePanel(grid, references)
    assert str(caught.value) == sentence
