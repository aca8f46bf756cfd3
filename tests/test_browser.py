"""The widgets in a browser: the module alone on a page with a stand-in for the model, and in JupyterLab."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from browser import ask_kernel, bring, kernel_has, notebook_lab, run_all
from widget_page import GROUNDS, drag, exported, look, put, sticking_out, thumb, widen, widget_host

from toolkit import Bezier, Line, PolyChain
from toolkit.landscape import Plane
from toolkit.widgets import CurveSlider, PathData

POINTS = 11
LESSONS = Path(__file__).parent.parent / "lessons"
host = widget_host(saves=["value", "variant", "metric"], width=760)


def path_data(height: float = 1.0, **more) -> PathData:
    """A made-up path whose test loss is 0.2 + a bump; image 1 of 3 is misread in the middle."""
    t = np.linspace(0, 1, POINTS)
    bump = 4 * t * (1 - t)
    predictions = np.tile([0, 1, 2], (POINTS, 1))
    predictions[3:8, 1] = 7
    return PathData(
        t=t,
        train_loss=0.1 + height * bump,
        test_loss=0.2 + height * bump,
        train_accuracy=1 - 0.3 * bump,
        test_accuracy=0.9 - 0.4 * bump,
        images=np.random.default_rng(0).random((3, 1, 8, 8)),
        labels=[0, 1, 2],
        predictions=predictions,
        filters=np.random.default_rng(1).normal(size=(3, 4, 8, 8)),
        total=500,
        **more,
    )


A, BEND, B = torch.zeros(2), torch.tensor([1.0, 6.0]), torch.tensor([4.0, 0.0])
LINE, CURVE = Line(A, B), Bezier(A, BEND, B)


def flat(right: float = 5.0, third: str = "C") -> Plane:
    """A plane from (-1, -1) to (`right`, 4), whose third network is at (2, 3.5)."""
    x, y = np.linspace(-1, right, 9), np.linspace(-1, 4, 9)
    corners = np.array([[0, 0], [4, 0], [2, 3.5]])
    return Plane(A, *torch.eye(2), corners, ("A", "B", third), x, y, 0.2 + x**2 + y[:, None] ** 2, "test_loss")


def with_map(right: float = 5.0, third: str = "C") -> CurveSlider:
    """A line and a curve on a `flat` plane."""
    return CurveSlider(variants={"line": path_data(path=LINE), "curve": path_data(path=CURVE)}, map=flat(right, third))


WORDS = {"path": ("line", "curve"), "neurons": ("unaligned", "aligned"), "statistics": ("refreshed", "stale")}
RECORDS = {words: path_data(1 - i / 10, path=LINE) for i, words in enumerate(product(*WORDS.values()))}


def with_switches(labels: int = 3, **more) -> CurveSlider:
    """A slider with one to three switches of two words; the barrier of the variants is 1.00, 0.90, 0.80, ... high."""
    names = list(product(*list(WORDS.values())[:labels]))
    records = zip(names, RECORDS.values(), strict=False)
    return CurveSlider(variants=dict(records), label=tuple(WORDS)[:labels], **more)


@pytest.fixture
def page(host):
    return host(CurveSlider(variants={"path": path_data()}))


def value(page) -> float:
    return page.evaluate("model.get('value')")


def saved(page) -> list:
    """The last state saved."""
    return page.evaluate("saved.at(-1)")


def key(page, name: str) -> float:
    page.locator("#one .tk-range").focus()
    page.keyboard.press(name)
    return round(value(page), 6)


# ---------------------------------------------------------------- moving


def test_arrow_keys_go_from_measured_point_to_measured_point(page):
    assert [key(page, k) for k in ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"]] == [0.6, 0.7, 0.6, 0.5]
    assert [key(page, k) for k in ["PageUp", "PageDown", "Home", "ArrowLeft", "End", "ArrowRight"]] == [
        1,
        0.5,
        0,
        0,
        1,
        1,
    ]
    assert saved(page)[0] == 1


def test_arrow_keys_from_between_two_points_reach_the_next_one(page):
    put(page, value=0.33)
    assert key(page, "ArrowRight") == 0.4
    put(page, value=0.33)
    assert key(page, "ArrowLeft") == 0.3


def test_every_move_is_saved_at_once_before_an_echo_of_the_last_can_overwrite_it(page):
    left_behind = page.evaluate(
        """() => {
            const range = document.querySelector("#one .tk-range");
            return [0.1, 0.2, 0.3].filter((t) => {
                range.value = t;
                range.dispatchEvent(new Event("input"));
                return saved.at(-1)[0] !== t;
            });
        }"""
    )
    assert left_behind == []


def test_dragging_the_thumb_moves_everything_and_saves(page):
    middle, quarter, outside = (thumb(page.locator("#one .tk-range"), share) for share in (0.5, 0.25, -0.1))
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(*quarter, steps=8)
    assert value(page) == pytest.approx(0.25, abs=0.01)
    page.mouse.move(*outside, steps=4)
    page.mouse.up()
    assert value(page) == 0
    assert saved(page)[0] == 0
    assert "test loss 0.20 · test accuracy 90.0 % · 50 of 500 wrong" in page.inner_text("#one .tk-readout")


def test_the_chart_itself_can_be_dragged_and_lies_in_line_with_the_slider(page):
    chart = page.locator("#one .tk-chart").first.bounding_box()
    left, right = (thumb(page.locator("#one .tk-range"), share)[0] for share in (0, 1))
    page.mouse.move(left + 0.3 * (right - left), chart["y"] + 50)
    page.mouse.down()
    assert value(page) == pytest.approx(0.3, abs=0.002)
    page.mouse.move(left + 0.8 * (right - left), chart["y"] + 80, steps=3)
    page.mouse.up()
    assert value(page) == pytest.approx(0.8, abs=0.002)
    page.mouse.move(left, chart["y"] + 80)
    assert value(page) == pytest.approx(0.8, abs=0.002)


def test_buttons_go_to_a_middle_barrier_and_b(host):
    bump = np.linspace(0, 1, POINTS)
    skewed = path_data().__class__(**{**vars(path_data()), "test_loss": np.where(np.isclose(bump, 0.3), 3.0, 1.0)})
    page = host(CurveSlider(variants={"path": skewed}))
    for name, there in [("network A", 0), ("the middle", 0.5), ("the top of the barrier", 0.3), ("network B", 1)]:
        page.locator("#one").get_by_role("button", name=f"go to {name}").click()
        assert value(page) == pytest.approx(there)
    assert page.inner_text("#one .tk-verdict") == "barrier 2.00 at t = 0.30"


def test_without_a_barrier_its_button_rests(host):
    page = host(CurveSlider(variants={"path": path_data(height=-0.1)}))
    assert page.locator("#one .tk-go-top").is_disabled()
    assert page.inner_text("#one .tk-verdict") == "no barrier: never worse than the straight chord"
    assert page.locator("#one .tk-barrier").count() == 0


def test_an_exact_t_can_be_typed_and_an_impossible_one_is_put_right(page):
    number = page.locator("#one").get_by_label("exact t")
    for typed, t in [("0.37", 0.37), ("7", 1), ("", 1), ("-2", 0)]:
        number.fill(typed)
        number.press("Enter")
        number.blur()
        assert value(page) == t and number.input_value() == f"{t:g}"


def test_play_runs_to_the_end_and_pauses(page):
    play = page.locator("#one .tk-play")
    assert play.get_attribute("aria-label") == "Play"
    play.focus()
    page.keyboard.press("Space")
    page.wait_for_function("model.get('value') > 0.55")
    assert play.inner_text() == "Pause"
    page.keyboard.press("Space")
    stopped = value(page)
    page.wait_for_timeout(200)
    assert value(page) == stopped < 1 and play.inner_text() == "Play"
    put(page, value=0.98)
    play.click()
    page.wait_for_function("model.get('value') === 1")
    assert play.inner_text() == "Play" and saved(page)[0] == 1
    play.click()  # at the end it starts again
    page.wait_for_function("model.get('value') < 0.5")


def test_moving_by_hand_ends_the_film(page):
    page.locator("#one .tk-play").click()
    assert key(page, "Home") == 0
    page.wait_for_timeout(150)
    assert value(page) == 0


def test_play_jumps_in_still_pictures_where_motion_is_unwelcome(host):
    page = host(CurveSlider(variants={"path": path_data()}, start=0.0), reduced_motion="reduce")
    page.evaluate("window.seen = []; model.on('change:value', () => seen.push(model.get('value')))")
    page.locator("#one .tk-play").click()
    page.wait_for_function("seen.length >= 2")
    assert page.evaluate("seen.slice(0, 2)") == pytest.approx([0.1, 0.2])


# ---------------------------------------------------------------- what is shown


def test_digits_follow_the_nearest_point_and_say_in_words_which_are_wrong(page):
    tiles = page.locator("#one .tk-digits li")
    assert [tiles.nth(i).inner_text().split() for i in range(3)] == [
        ["✗", "7", "not", "1"],
        ["0", "right"],
        ["2", "right"],
    ]
    assert page.locator("#one .tk-digits img").first.get_attribute("alt") == "image of 1"
    assert "1 of these 3 wrong" in page.inner_text("#one .tk-side")
    key(page, "Home")
    assert tiles.first.inner_text().split() == ["1", "right"]
    assert page.locator("#one .tk-wrong").count() == 0


def test_filters_are_pictures_that_change_with_t(page):
    pictures = page.locator("#one .tk-filters img")
    assert pictures.count() == 4
    at_middle = pictures.first.get_attribute("src")
    sizes = page.evaluate(
        "[...document.querySelectorAll('#one .tk-filters img')].map((p) => [p.naturalWidth, p.naturalHeight])"
    )
    assert sizes == [[8, 8]] * 4
    key(page, "ArrowRight")
    assert pictures.first.get_attribute("src") != at_middle


def test_marker_stands_on_the_curve(page):
    def distance():
        return page.evaluate(
            """() => {
                const svg = document.querySelector("#one .tk-chart");
                const point = svg.querySelector(".tk-point.tk-test").getBBox();
                const [x, y] = [point.x + point.width / 2, point.y + point.height / 2];
                const curve = svg.querySelector(".tk-curve.tk-test");
                let best = Infinity;
                for (let s = 0; s <= curve.getTotalLength(); s += 0.5) {
                    const p = curve.getPointAtLength(s);
                    best = Math.min(best, Math.hypot(p.x - x, p.y - y));
                }
                return best;
            }"""
        )

    for t in [0, 0.33, 0.5, 0.871, 1]:
        put(page, value=t)
        assert distance() < 1


def test_words_for_screen_readers(page):
    slider = page.locator("#one").get_by_role("slider")
    assert slider.get_attribute("aria-label") == "position t on the path from network A to network B"
    assert slider.get_attribute("aria-valuetext") == "t = 0.50"
    key(page, "End")
    assert slider.get_attribute("aria-valuetext") == "t = 1.00"
    page.wait_for_function(
        "document.querySelector('#one [aria-live=polite]').textContent.startsWith('t = 1.00 · test loss 0.20')"
    )


def test_metric_chooses_whose_barrier_is_drawn(page):
    choice = page.locator("#one").get_by_role("radio", name="Accuracy")
    choice.focus()
    page.keyboard.press("Space")
    assert page.inner_text("#one .tk-left h4 >> nth=0") == "Accuracy"
    assert page.inner_text("#one .tk-verdict") == "barrier 40.0 points at t = 0.50"
    assert saved(page) == [0.5, "path", "accuracy"]


def test_variants_can_be_switched_and_one_alone_shows_no_switch(host):
    page = host(CurveSlider(variants={"stale": path_data(), "refreshed": path_data(0.25)}, label="Statistics"))
    assert page.inner_text("#one .tk-verdict") == "barrier 1.00 at t = 0.50"
    page.locator("#one").get_by_role("group", name="Statistics").get_by_role("radio", name="refreshed").check()
    assert page.inner_text("#one .tk-verdict") == page.inner_text("#two .tk-verdict") == "barrier 0.25 at t = 0.50"
    assert "test loss 0.45" in page.inner_text("#one .tk-readout")
    assert saved(page)[1] == "refreshed"
    alone = host(CurveSlider(variants={"path": path_data()}))
    assert alone.locator("#one .tk-segments legend").all_inner_texts() == ["Barrier in"]


def switch(page, view: str = "#one") -> list[str]:
    """The words chosen, switch by switch."""
    return page.locator(f"{view} fieldset:not(:has([value=loss])) input:checked").evaluate_all(
        "inputs => inputs.map(({ value }) => value)"
    )


def test_each_switch_keeps_the_choices_of_the_others(host):
    page = host(with_switches())
    names = page.locator("#one .tk-segments legend").all_inner_texts()
    assert names == ["path", "neurons", "statistics", "Barrier in"]
    assert switch(page) == ["line", "unaligned", "refreshed"]
    steps = [("aligned", "0.80"), ("curve", "0.40"), ("stale", "0.30"), ("unaligned", "0.50"), ("line", "0.90")]
    for word, height in steps:
        page.locator("#one").get_by_role("radio", name=word, exact=True).click()
        assert page.inner_text("#one .tk-verdict") == f"barrier {height} at t = 0.50"
        assert page.inner_text("#two .tk-verdict") == page.inner_text("#one .tk-verdict")
        assert saved(page)[1] == " · ".join(switch(page)) == " · ".join(switch(page, "#two")) and word in switch(page)


def test_switches_are_moved_by_keys(host):
    page = host(with_switches())
    page.locator("#one input:checked").first.focus()
    for press, chosen in [
        ("ArrowRight", ["curve", "unaligned", "refreshed"]),
        ("Tab", ["curve", "unaligned", "refreshed"]),
        ("ArrowRight", ["curve", "aligned", "refreshed"]),
        ("Tab", ["curve", "aligned", "refreshed"]),
        ("ArrowLeft", ["curve", "aligned", "stale"]),
        ("Shift+Tab", ["curve", "aligned", "stale"]),
        ("ArrowLeft", ["curve", "unaligned", "stale"]),
    ]:
        page.keyboard.press(press)
        assert switch(page) == chosen and page.evaluate("model.get('variant')") == " · ".join(chosen)
    assert page.inner_text("#one .tk-verdict") == "barrier 0.50 at t = 0.50"


def test_switches_follow_the_model(host):
    page = host(with_switches())
    page.evaluate("model.set('variant', 'curve · aligned · stale')")
    assert switch(page) == switch(page, "#two") == ["curve", "aligned", "stale"]


def test_a_word_without_an_alternative_gets_no_switch(host):
    page = host(
        CurveSlider(variants={("line", "a"): path_data(), ("line", "b"): path_data(0.5)}, label=("path", "who"))
    )
    assert page.locator("#one .tk-segments legend").all_inner_texts() == ["who", "Barrier in"]
    page.locator("#one").get_by_role("radio", name="b", exact=True).check()
    assert page.inner_text("#one .tk-verdict") == "barrier 0.50 at t = 0.50" and saved(page)[1] == "line · b"


def test_digits_and_filters_are_those_of_the_variant_shown(host):
    one, other = path_data(), path_data(height=0.5)
    changed = replace(one, filters=one.filters[:, ::-1], predictions=np.full((POINTS, 3), 2))
    page = host(CurveSlider(variants={"one": one, "changed": changed, "stale": other}))

    def shown() -> list:
        pictures = page.locator("#one .tk-filters img").evaluate_all("all => all.map((image) => image.src)")
        return [page.locator("#one .tk-digits strong").all_inner_texts(), pictures]

    first = shown()
    page.locator("#one").get_by_role("radio", name="changed").check()
    digits, filters = shown()
    assert [said[-1] for said in digits] == ["2"] * 3 and filters == first[1][::-1] != first[1]
    page.locator("#one").get_by_role("radio", name="stale").check()
    assert shown() == first


def test_the_other_variants_stand_faintly_behind_the_upper_chart(host):
    page = host(with_switches(2))
    upper, lower = (page.locator("#one .tk-chart").nth(i) for i in (0, 1))
    assert upper.locator(".tk-ghost").count() == 3 and lower.locator(".tk-ghost").count() == 0
    assert page.inner_text("#one .tk-legend").split("\n")[-1] == "the others"

    def tops(kind: str) -> list[float]:
        return sorted(upper.locator(kind).evaluate_all("paths => paths.map((path) => path.getBBox().height)"))

    before, own = tops(".tk-ghost"), tops(".tk-curve.tk-test")
    assert max(before) < own[0]  # the variant shown has the highest barrier
    page.locator("#one").get_by_role("radio", name="curve").check()
    assert sorted(tops(".tk-ghost") + tops(".tk-curve.tk-test")) == pytest.approx(sorted(before + own), abs=0.2)
    assert tops(".tk-curve.tk-test") == pytest.approx([before[1]], abs=0.2)
    page.locator("#one").get_by_role("radio", name="Accuracy").check()
    assert upper.locator(".tk-ghost").count() == 3


@pytest.mark.parametrize(("variants", "drawn"), [(1, 0), (8, 7), (9, 0)])
def test_one_variant_has_no_others_and_nine_have_too_many(host, variants, drawn):
    page = host(CurveSlider(variants={str(i): path_data() for i in range(variants)}))
    assert page.locator("#one .tk-chart .tk-ghost").count() == drawn
    assert ("the others" in page.inner_text("#one .tk-legend")) == (drawn > 0)


def test_path_beyond_its_two_networks(host):
    t = np.linspace(-0.5, 1.5, 21)
    loss = 0.5 + (t - 0.5) ** 2
    page = host(CurveSlider(variants={"path": PathData(t, loss, loss, 0 * t, 0 * t, total=9)}))
    assert key(page, "Home") == -0.5 and key(page, "End") == 1.5
    page.locator("#one .tk-go-b").click()
    assert value(page) == 1
    assert page.locator("#one .tk-side").count() == 0
    resize(page, 1000)
    assert page.locator("#one .tk-left").bounding_box()["width"] > 900  # with nothing beside them, the charts are wide


def resize(page, width: int) -> None:
    """Give the first view a width and wait until it is laid out anew."""
    widen(page, width)
    page.wait_for_function(
        "+document.querySelector('#one .tk-chart').getAttribute('width') === "
        "document.querySelector('#one .tk-left').clientWidth"
    )


def two() -> CurveSlider:
    return CurveSlider(variants={"stale": path_data(), "refreshed": path_data(0.25)})


@pytest.mark.parametrize(
    "make",
    [two, with_map, with_switches, lambda: with_switches(map=flat())],
    ids=["plain", "map", "eight variants", "eight on a map"],
)
@pytest.mark.parametrize("width", [300, 400, 700, 1000])
def test_nothing_sticks_out_and_nothing_jumps(host, width, make):
    page = host(make())
    resize(page, width)
    height = page.locator("#one .tk").bounding_box()["height"]
    for t in [0, 0.123, 0.5, 1]:
        put(page, value=t)
        assert page.locator("#one .tk").bounding_box()["height"] == height
    assert sticking_out(page) == []
    over = page.locator("#one .tk-head").evaluate_all(
        "all => all.filter((e) => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight).length"
    )
    assert over == 0


@pytest.mark.parametrize("width", [300, 560, 1000])
def test_a_long_headline_takes_a_second_line(host, width):
    flat = {"train_ece": np.full(POINTS, 0.1), "test_ece": np.full(POINTS, 0.1)}
    page = host(CurveSlider(variants={"path": path_data(**flat)}))
    resize(page, width)
    page.evaluate("model.set('metric', 'ece')")
    verdict, box = (page.locator(f"#one {part}").first.bounding_box() for part in [".tk-verdict", ".tk-left"])
    assert page.inner_text("#one .tk-verdict") == "no barrier: never worse than the straight chord"
    assert verdict["x"] >= box["x"] and verdict["x"] + verdict["width"] <= box["x"] + box["width"] + 1
    choice, whole = (page.locator(f"#one {part}").last.bounding_box() for part in [".tk-segments label", ".tk"])
    assert choice["x"] + choice["width"] <= whole["x"] + whole["width"]


@pytest.mark.parametrize(("width", "columns"), [(300, 6), (399, 6), (400, 8), (700, 12), (1000, 8)])
def test_digits_stay_large_enough_to_read(host, width, columns):
    page = host(CurveSlider(variants={"path": path_data()}))
    resize(page, width)
    tracks = page.evaluate("getComputedStyle(document.querySelector('#one .tk-digits')).gridTemplateColumns")
    assert len(tracks.split()) == columns


# ---------------------------------------------------------------- the map


def on_map(page, xy) -> tuple[float, float]:
    """Where the point (x, y) of `with_map` lies on the page."""
    box = page.locator("#one .tk-map").bounding_box()
    x, y = map(float, xy)
    return box["x"] + (x + 1) / 6 * box["width"], box["y"] + (4 - y) / 5 * box["height"]


def centre(page, mark: str) -> tuple[float, float]:
    """The middle of a mark's shape, without its outline, on the page."""
    return page.evaluate(
        """mark => {
            const svg = document.querySelector("#one .tk-map").getBoundingClientRect();
            const box = document.querySelector(`#one ${mark}`).getBBox();
            return [svg.x + box.x + box.width / 2, svg.y + box.y + box.height / 2];
        }""",
        mark,
    )


def test_the_diamond_on_the_map_stands_where_the_path_is(host):
    page = host(with_map())
    measured = np.linspace(0, 1, POINTS)
    for name, path in [("line", LINE), ("curve", CURVE)]:
        put(page, variant=name)
        track = path.at(measured).numpy()
        for t in [0, 0.1, 0.37, 0.5, 0.871, 1]:
            put(page, value=t)
            place = [np.interp(t, measured, column) for column in track.T]
            assert centre(page, ".tk-map-point") == pytest.approx(on_map(page, place), abs=0.2)


def test_the_map_marks_a_b_and_c_and_draws_the_path_of_the_variant_shown(host):
    page = host(with_map())
    assert centre(page, ".tk-map-a") == pytest.approx(on_map(page, A), abs=0.2)
    assert centre(page, ".tk-map-b") == pytest.approx(on_map(page, B), abs=0.2)
    assert centre(page, ".tk-map-c") == pytest.approx(on_map(page, [2, 3.5]), abs=1.5)
    assert page.locator("#one .tk-map .tk-map-label").all_text_contents() == ["1", "A", "B", "C"]
    height = "document.querySelector('#one .tk-track-line').getBBox().height"
    assert page.evaluate(height) == 0
    page.locator("#one").get_by_role("radio", name="curve").check()
    top = float(CURVE.at(np.linspace(0, 1, POINTS))[:, 1].max())
    unit = page.locator("#one .tk-map").bounding_box()["height"] / 5
    assert page.evaluate(height) == pytest.approx(top * unit, abs=0.2)


def test_the_curve_on_the_map_goes_half_way_to_the_bend(host):
    bend = torch.tensor([2.0, 3.5])
    page = host(CurveSlider(variants={"curve": path_data(path=Bezier(A, bend, B))}, map=flat(third="bend")))
    assert page.locator("#one .tk-map .tk-map-label").all_text_contents() == ["1", "A", "B", "bend"]
    assert page.evaluate("getComputedStyle(document.querySelector('#one .tk-map-c')).fill") == "rgb(0, 158, 115)"
    page.locator("#one .tk-go-middle").click()
    assert centre(page, ".tk-map-point") == pytest.approx(on_map(page, [2, 1.75]), abs=0.2)
    assert centre(page, ".tk-map-c") == pytest.approx(on_map(page, bend), abs=1.5)


def test_a_polygonal_path_on_the_map_goes_through_the_bend(host):
    bend = torch.tensor([2.0, 3.5])
    page = host(CurveSlider(variants={"chain": path_data(path=PolyChain([A, bend, B]))}, map=flat(third="bend")))
    page.locator("#one .tk-go-middle").click()
    assert centre(page, ".tk-map-point") == pytest.approx(on_map(page, bend), abs=0.2)
    page.mouse.click(*on_map(page, [1, 1.75]))
    assert value(page) == pytest.approx(0.25, abs=0.003)


def test_distances_on_the_map_are_true_and_its_bar_says_how_long_one_is(host):
    page = host(with_map())
    box = page.locator("#one .tk-map").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(6 / 5, abs=0.01)
    bar = page.evaluate("document.querySelector('#one .tk-bar').getBBox().width")
    assert bar == pytest.approx(box["width"] / 6, abs=0.2)  # it says 1


def test_dragging_on_the_map_goes_to_the_nearest_place_on_the_path(host):
    page = host(with_map())
    page.mouse.move(*on_map(page, [1, 2]))
    page.mouse.down()
    assert value(page) == pytest.approx(0.25, abs=0.003)
    page.mouse.move(*on_map(page, [3.3, -0.5]), steps=5)
    assert value(page) == pytest.approx(3.3 / 4, abs=0.003)
    page.mouse.move(*on_map(page, [9, 0]), steps=5)
    page.mouse.up()
    assert value(page) == 1 and saved(page)[0] == 1
    page.locator("#one").get_by_role("radio", name="curve").check()
    page.mouse.click(*on_map(page, CURVE.at(0.3)))
    assert value(page) == pytest.approx(0.3, abs=0.003)
    page.mouse.move(*on_map(page, A))
    assert value(page) == pytest.approx(0.3, abs=0.003)


def test_a_path_that_leaves_the_picture_waits_hollow_at_its_edge(host):
    page = host(with_map(right=3))
    put(page, value=0.5)
    assert page.locator("#one .tk-map-point.tk-outside").count() == 0
    put(page, value=1)
    assert page.locator("#one .tk-map-point.tk-outside").count() == 1
    box = page.locator("#one .tk-map").bounding_box()
    assert centre(page, ".tk-map-point")[0] == pytest.approx(box["x"] + box["width"] - 8, abs=0.2)
    assert "the diamond waits at the edge, hollow." in page.inner_text("#one .tk-map-panel .tk-caption")


@pytest.mark.parametrize(("width", "beside"), [(400, False), (600, False), (700, True), (1000, True)])
def test_the_map_stands_beside_the_curves_or_above_them(host, width, beside):
    page = host(with_map())
    resize(page, width)
    place, curves = (page.locator(f"#one {part}").bounding_box() for part in [".tk-map-panel", ".tk-left"])
    if beside:
        assert place["x"] > curves["x"] + curves["width"] and place["y"] == curves["y"]
    else:
        assert place["y"] + place["height"] < curves["y"] and place["x"] == curves["x"]


def test_the_map_has_words(host):
    page = host(with_map())
    name = "map of the test loss, dark where it is low, with the path from A to B"
    assert page.locator("#one").get_by_role("img", name=name).is_visible()
    assert page.inner_text("#one .tk-map-panel h4") == "Map of the test loss"
    assert page.inner_text("#one .tk-map-panel .tk-caption").startswith("Dark is low test loss; the bar is a distance")


def test_no_map_no_panel(page):
    assert page.locator(".tk-map").count() == 0


# ---------------------------------------------------------------- living with others


def test_keys_pressed_in_the_widget_do_not_reach_the_notebook(page):
    for target in [".tk-range", ".tk-play", "input[type=number]", "input[type=radio]"]:
        page.locator(f"#one {target}").first.focus()
        for name in ["ArrowUp", "a", "x", "Enter"]:
            page.keyboard.press(name)
    assert page.evaluate("escaped") == []


def test_two_views_of_one_model_stay_in_step(page):
    key(page, "End")
    assert page.input_value("#two .tk-range") == "1"
    assert page.inner_text("#two .tk-readout") == page.inner_text("#one .tk-readout")
    assert page.evaluate("new Set([...document.querySelectorAll('linearGradient')].map((g) => g.id)).size") == 4
    assert page.evaluate("new Set([...document.querySelectorAll('.tk-segments input')].map((r) => r.name)).size") == 2


def test_clean_up_removes_listeners_and_elements(page):
    assert page.evaluate("model.listeners.length") == 6
    page.locator("#one .tk-play").click()
    page.evaluate("clean[0]()")
    assert page.evaluate("model.listeners.length") == 3
    assert page.locator("#one *").count() == 0
    stopped = value(page)
    page.wait_for_timeout(150)
    assert value(page) == stopped
    put(page, value=0.1)
    assert "t = 0.10" in page.inner_text("#two .tk-readout")
    page.evaluate("clean[1]()")
    assert page.evaluate("model.listeners.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_exported_page_works_from_disk_without_a_network(browser, tmp_path, scheme):
    file = CurveSlider(variants={"path": path_data()}).export_html(tmp_path / "slider.html")
    with exported(browser, file, ".tk-range", color_scheme=scheme) as page:
        page.locator(".tk-range").press("End")
        assert "t = 1.00 · test loss 0.20" in page.inner_text(".tk-readout")
        assert look(page, ".tk") == GROUNDS[scheme]
        assert look(page, ".tk", "color") == {"light": "rgb(33, 33, 33)", "dark": "rgb(255, 255, 255)"}[scheme]


def test_exported_switches_work_from_disk_by_keys_alone(browser, tmp_path):
    file = with_switches(map=flat()).export_html(tmp_path / "slider.html")
    with exported(browser, file, ".tk-range") as page:
        for name in ["Tab", "ArrowRight", "Tab", "ArrowRight", "Tab", "ArrowRight"]:
            page.keyboard.press(name)
        assert page.inner_text(".tk-verdict") == "barrier 0.30 at t = 0.50"
        assert switch(page, "") == ["curve", "aligned", "stale"]


def test_exported_map_works_from_disk_without_a_network(browser, tmp_path):
    file = with_map().export_html(tmp_path / "slider.html")
    with exported(browser, file, ".tk-range") as page:
        page.locator(".tk-range").press("End")
        point, b = (page.locator(f".tk-map-{name}").bounding_box() for name in ["point", "b"])
        assert point["x"] + point["width"] / 2 == pytest.approx(b["x"] + b["width"] / 2, abs=0.5)
        drawn = page.evaluate(
            """async () => {
                const ground = new Image();
                ground.src = document.querySelector(".tk-map image").getAttribute("href");
                await ground.decode();
                return [ground.naturalWidth, ground.naturalHeight];
            }"""
        )
        assert drawn == [640, 533]


def test_exported_page_without_scripts_still_says_what_it_shows(browser, tmp_path):
    slider = CurveSlider(variants={"path": path_data()})
    file = slider.export_html(tmp_path / "slider.html")
    with browser.new_context(java_script_enabled=False) as place:
        page = place.new_page()
        page.goto(file.as_uri())
        assert slider.alt in page.inner_text("body")
        assert page.get_by_role("img", name=slider.alt).is_visible()


# ---------------------------------------------------------------- JupyterLab

SMALL = """
import numpy as np
from toolkit.widgets import CurveSlider, PathData
t = np.linspace(0, 1, 11)
bump = 4 * t * (1 - t)
slider = CurveSlider(variants={"path": PathData(t, bump, bump, 1 - bump, 1 - bump, total=500)})
slider
"""
ALL = "__import__('ipywidgets').widgets.widget._instances.values()"
VALUES = f"[widget.value for widget in {ALL} if type(widget).__name__ == 'CurveSlider']"


lab = notebook_lab(SMALL, lessons=LESSONS)


def run_in_lab(lab, browser, notebook: str):
    """Run the notebook, move its first CurveSlider by keys and by mouse, and read the value in the kernel."""
    page = lab.open(browser, notebook)
    run_all(page)
    widget = page.locator(".tk-curve-slider").first
    bring(widget)
    range_input = widget.locator(".tk-range")

    def in_kernel(expected: float) -> list[float]:
        return kernel_has(page, VALUES, lambda found: any(abs(value - expected) < 0.02 for value in found))

    cells = page.locator(".jp-Notebook .jp-Cell").count()
    first, last = (float(range_input.get_attribute(name)) for name in ("min", "max"))
    range_input.press("End")
    assert f"t = {last:.2f}" in widget.locator(".tk-readout").inner_text()
    in_kernel(last)
    for name in ["Home", "a", "x", "ArrowUp"]:  # a and x would insert and cut cells, ArrowUp would leave the cell
        range_input.press(name)
    here = float(range_input.input_value())
    assert first < here <= first + 0.1
    in_kernel(here)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    drag(page, *(thumb(range_input, (t - first) / (last - first)) for t in (here, 0.7)), steps=6)
    assert float(range_input.input_value()) == pytest.approx(0.7, abs=0.02)
    in_kernel(0.7)
    assert page.errors == []
    return page


def test_slider_lives_in_jupyterlab(lab, browser):
    run_in_lab(lab, browser, "widget.ipynb").close()


@pytest.mark.parametrize("name", ["01_two_networks", "02_round_the_mountain", "03_rearranged", "04_whole_line"])
def test_lessons_run_in_jupyterlab_and_their_sliders_move(lab, browser, name):
    page = run_in_lab(lab, browser, f"lessons/{name}.ipynb")
    if name == "03_rearranged":
        move_permutation_slider(page)
    if name == "04_whole_line":
        move_simplex_explorer(page)
    assert page.errors == []
    page.close()


def test_lesson_05_runs_in_jupyterlab_and_its_widgets_move(lab, browser):
    page = lab.open(browser, "lessons/05_late_phase.ipynb")
    run_all(page)
    playground, panel = (
        page.locator(f".jp-OutputArea-output .{name}").first
        for name in ("tk-quadratic-playground", "tk-late-phase-panel")
    )
    bring(playground)
    rate = playground.get_by_role("slider", name="Learning rate η")
    before = playground.inner_text()
    rate.press("End")
    kernel_has(page, "playground.lr", lambda lr: lr > 0.5)
    assert playground.inner_text() != before

    bring(panel)
    noise = panel.get_by_role("slider", name="Noise σ₀")
    noise.press("End")
    _, *values = kernel_has(page, "[panel.noise, *panel.values.values()]", lambda found: found[0] == 2)
    assert f"{100 * min(values):.1f} %" in panel.inner_text()
    page.mouse.click(*thumb(noise, 0))
    kernel_has(page, "panel.noise", 0)
    assert page.errors == []
    page.close()


def test_lesson_06_runs_in_jupyterlab_and_its_dial_turns(lab, browser):
    page = lab.open(browser, "lessons/06_reconnect.ipynb")
    run_all(page)
    dial = page.locator(".jp-OutputArea-output .tk-reconnect-dial").first
    bring(dial)
    position_slider = dial.get_by_role("slider").first

    def accuracy_at(position) -> float:
        kernel_has(page, "dial.position", position)
        code = "print(evaluate(small, dial.network, digits, 'test_accuracy')['test_accuracy'].item())"
        return float(ask_kernel(page, code))

    position_slider.press("End")
    trained = accuracy_at(1)
    position_slider.press("Home")
    untrained = accuracy_at(0)
    assert untrained < 0.3 and trained > 0.8
    drag(page, thumb(position_slider, 0), thumb(position_slider, 0.5), steps=8)
    assert untrained < accuracy_at(pytest.approx(0.5, abs=0.1)) < trained
    assert page.errors == []
    page.close()


def test_lesson_07_runs_in_jupyterlab_and_its_widgets_move(lab, browser):
    page = lab.open(browser, "lessons/07_sparse.ipynb")
    run_all(page, patience=300)
    explorer, valley, probes = (
        page.locator(f".jp-OutputArea-output .{name}").first
        for name in ("tk-sparsity-explorer", "tk-landscape-explorer", "tk-probe-slider")
    )

    bring(explorer)
    rounds = explorer.get_by_role("slider", name="Round of pruning")
    rounds.press("End")
    kernel_has(page, "[explorer.round, int(explorer.mask[where].sum())]", [9, 593])
    kernel_has(page, "explorer.barrier", lambda own: own < 0.05)
    explorer.get_by_role("radio", name="real digits, shuffled", exact=True).check()
    kernel_has(page, "explorer.barrier", lambda shuffled: shuffled > 0.1)
    assert "unstable" in explorer.inner_text()

    bring(valley)
    valley.get_by_role("button", name="go to B").click()
    apart = "float((valley.network - whole[1]).norm() / whole[1].norm())"
    kernel_has(page, apart, lambda away: away < 0.01)
    low = float(ask_kernel(page, "print(valley.value)"))
    point = valley.get_by_label("point on the map")
    for _ in range(5):
        point.press("ArrowLeft")
    kernel_has(page, "valley.value", lambda value: value > low)

    bring(probes)
    probes.get_by_role("slider").first.press("End")
    kernel_has(page, "probes.probes", 1024)
    assert "1024 probes" in probes.inner_text().replace(",", "")
    assert page.errors == []
    page.close()


def move_permutation_slider(page) -> None:
    """Move the lesson's PermutationSlider by keys and by mouse; the kernel has the network it shows."""
    widget = page.locator(".jp-OutputArea-output .tk-permutation-slider").first
    bring(widget)
    swaps = widget.locator(".tkp-range")
    last = int(ask_kernel(page, "print(len(symmetry.steps(perms)))"))
    swaps.press("End")
    kernel_has(page, "slider.k", last)
    swaps.press("ArrowLeft")
    kernel_has(page, "slider.k", last - 1)
    swaps.press("Home")
    drag(page, thumb(swaps, 0), thumb(swaps, 0.5), steps=8)
    kernel_has(page, "slider.k", pytest.approx(last / 2, abs=2))
    change = "(space.logits(slider.network, digits.test_x) - space.logits(theta_b, digits.test_x)).abs().max().item()"
    assert 0 < float(ask_kernel(page, f"print({change})")) < 1e-3


def move_simplex_explorer(page) -> None:
    """Move the lesson's SimplexExplorer by keys and by mouse; the kernel has the weights it shows."""
    widget = page.locator(".jp-OutputArea-output .tk-simplex-explorer").first
    bring(widget)
    point = widget.locator(".tks-first")
    point.press("3")
    kernel_has(page, "explorer.value", [0, 0, 1])
    point.press("ArrowLeft")
    kernel_has(page, "explorer.value", pytest.approx([0.1, 0, 0.9]))
    x, y = thumb(point, 0.5)
    drag(page, (x, y), (x + 10, y + 90), steps=8)
    moved = kernel_has(page, "explorer.value", lambda weights: weights[2] < 0.85)
    assert sum(moved) == pytest.approx(1)
