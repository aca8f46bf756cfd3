"""The LandscapeExplorer and the ProbeSlider in a browser: keys, mouse, what is shown, and pages without a kernel."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_landscape_explorer import SPACE, D, flat, slanted, tilted, unit
from test_probe_slider import PROBES, curvature, made_up
from widget_page import (
    GROUNDS,
    exported,
    lightness,
    look,
    one_view_closed,
    put,
    sticking_out,
    thumb,
    widen,
    widget_host,
)
from widget_page import drag as drag_mouse

from toolkit.widgets import LandscapeExplorer, ProbeSlider
from toolkit.widgets.base import source
from toolkit.widgets.landscape_data import place
from toolkit.widgets.landscape_words import show
from toolkit.widgets.probe_data import powers, scaled
from toolkit.widgets.probe_words import percent

NBSP = "\u00a0"

host = widget_host(saves=["x", "y"])


def landscape() -> LandscapeExplorer:
    away = torch.ones(D) + 2 * unit(0) + 2 * unit(1) + 6 * unit(7)
    return LandscapeExplorer(SPACE, {"one": flat(), "two": slanted()}, marks={"one": {"D": away}})


def get(page, *names: str) -> list:
    return page.evaluate("names => names.map(model.get)", list(names))


# ---------------------------------------------------------------- LandscapeExplorer


@pytest.fixture
def explorer():
    return landscape()


@pytest.fixture
def page(host, explorer):
    return host(explorer)


def press(page, *names: str, view: str = "#one") -> list:
    """Press keys on the point; its coordinates after each."""
    page.locator(f"{view} .tke-point").focus()
    seen = []
    for name in names:
        page.keyboard.press(name)
        seen.append(tuple(get(page, "x", "y")))
    return seen


def readout(page, view: str = "#one") -> str:
    return page.inner_text(f"{view} .tk-readout") + " " + page.inner_text(f"{view} .tke-more")


def table(page, view: str = "#one") -> dict[str, list[str]]:
    rows = page.locator(f"{view} .tke-table tbody tr").all()
    return {name: cells for name, *cells in (row.locator("th, td").all_inner_texts() for row in rows)}


def on_page(page, x: float, y: float, view: str = "#one") -> tuple[float, float]:
    """Where on the page a point of the first surface lies."""
    box = page.locator(f"{view} .tke-map image").bounding_box()
    return box["x"] + (x + 1) / 6 * box["width"], box["y"] + (4 - y) / 5 * box["height"]


def drag(page, *stops, view: str = "#one") -> None:
    """Drag the point from where it is over places of the first surface."""
    drag_mouse(page, *(on_page(page, *stop, view) for stop in stops))


def test_arrows_go_from_grid_line_to_grid_line_and_stop_at_the_edge(page):
    assert press(page, "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown") == [(3, 0), (3, 1), (2, 1), (2, 0)]
    put(page, x=2.5, y=0.25)
    assert press(page, "ArrowRight", "ArrowUp") == [(3, 0.25), (3, 1)]
    put(page, x=2.5)
    assert press(page, "ArrowLeft") == [(2, 1)]
    assert press(page, *["ArrowRight"] * 5)[-1] == (5, 1) and press(page, *["ArrowDown"] * 4)[-1] == (5, -1)


def test_shift_makes_small_steps(page):
    seen = press(page, "Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowLeft", "Shift+ArrowDown")
    assert np.allclose(seen, [(2.1, 0), (2.1, 0.1), (2, 0.1), (2, 0)])
    put(page, x=4.95)
    assert press(page, "Shift+ArrowRight")[0][0] == 5


def test_keys_go_to_networks(page):
    assert press(page, "1", "2", "3", "4", "5") == [(0, 0), (4, 0), (1, 3), (2, 2), (2, 2)]
    put(page, x=3.5, y=0.5)
    assert press(page, "Home") == [(4, 0)]
    assert press(page, "Control+1") == [(4, 0)]


def test_keys_do_not_escape(page):
    press(page, "a", "x", "ArrowRight", "Home", "1")
    assert page.evaluate("escaped") == [] and page.evaluate("saved.length") >= 3


def test_every_part_is_reached_by_keys_alone(page):
    page.locator("#one").get_by_role("radio", name="one", exact=True).focus()
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.value"))
    assert reached[:7] == ["point on the map", "coordinate x", "coordinate y", *(f"go to {n}" for n in "ABCD")]
    assert reached[7] == "nearest"
    page.locator("#one").get_by_role("radio", name="one", exact=True).press("ArrowRight")
    assert get(page, "surface") == ["two"]


def test_the_point_is_dragged_with_the_mouse_and_stays_on_the_map(page):
    drag(page, (2, 0), (3, 1), (4.2, 2.6))
    assert get(page, "x", "y") == pytest.approx([4.2, 2.6], abs=0.02)
    assert page.evaluate("document.activeElement.ariaLabel") == "point on the map"
    drag(page, (0.5, 3), (0.5, 3))
    assert get(page, "x", "y") == pytest.approx([0.5, 3], abs=0.02)
    drag(page, (0.5, 3), (-2, 6))
    assert get(page, "x", "y") == [-1, 4]
    page.mouse.move(*on_page(page, 2, 2))
    assert get(page, "x", "y") == [-1, 4]


def test_coordinates_can_be_typed(page):
    box = page.locator("#one").get_by_label("coordinate x")
    box.fill("3.25")
    box.press("Enter")
    other = page.locator("#one").get_by_label("coordinate y")
    other.fill("99")
    other.press("Enter")
    assert get(page, "x", "y") == [3.25, 4] and other.input_value() == "4"
    box.fill("")
    box.press("Tab")
    assert get(page, "x") == [3.25] and box.input_value() == "3.25"


def test_buttons_go_to_networks_and_keep_the_focus(page):
    page.locator("#one").get_by_role("button", name="go to C").press("Enter")
    assert get(page, "x", "y") == [1, 3]
    assert page.evaluate("document.activeElement.ariaLabel") == "go to C"
    assert "x = 1.00, y = 3.00" in readout(page)


def test_values_and_distances_are_those_of_python(page, explorer):
    for x, y in [(2, 0), (3.5, 2.25), (-1, 4), (0.1, 0.2), (5, -1)]:
        put(page, x=x, y=y)
        explorer.x, explorer.y = x, y
        sign = "" if float(x).is_integer() and float(y).is_integer() else "≈ "
        assert f"x = {x:.2f}, y = {y:.2f}: test loss {sign}{show('test_loss', tilted(x, y))}, " in readout(page)
        found = table(page)
        for name, far in explorer.distances.items():
            assert found[name][1] == f"{far:.2f}"
        near = min(explorer.distances, key=explorer.distances.get)
        assert f"Nearest is {near}, {explorer.distances[near]:.2f} away" in readout(page)
        assert [name for name, cells in found.items() if "nearest" in cells[2]] == [near]
    assert found["D"][0] == "not measured" and "6.00 off the plane" in found["D"][2]
    assert found["A"][0] == show("test_loss", tilted(0, 0))


def test_the_line_is_that_of_python(page, explorer):
    surface = explorer._surfaces["one"]
    for line, x, y in [("nearest", 3, 1), ("A", 3.3, 1.7), ("C", 0, -0.5), ("D", 4, 2), ("B", 4, 0), ("A", 5, 2)]:
        put(page, line=line, x=x, y=y)
        start = surface.start(line, x, y)
        away, values, here = surface.along(start, x, y)
        d, box = page.evaluate(
            """() => [document.querySelector('#one .tke-curve').getAttribute('d'),
                ['x1', 'x2', 'y1'].map((n) => Number(document.querySelector('#one .tke-floor').getAttribute(n)))]"""
        )
        xs, ys = np.array([pair.split(" ") for pair in d[1:].split("L")], float).T
        left, right, floor = box
        assert (xs - left) / (right - left) * away[-1] == pytest.approx(away, abs=0.02)
        low, high = explorer._scale.low, explorer._scale.high
        top = floor - (floor - ys[0]) / ((values[0] - low) / (high - low)) if values[0] > low else 12
        assert low + (floor - ys) / (floor - top) * (high - low) == pytest.approx(values, abs=0.02)
        at = float(page.locator("#one .tke-place").get_attribute("x1"))
        assert (at - left) / (right - left) * away[-1] == pytest.approx(here, abs=0.02)
        note = page.inner_text("#one .tke-line-panel .tk-caption")
        assert f"Highest on it: {show('test_loss', values.max())}" in note
        assert page.inner_text("#one .tke-line-panel h4") == f"From {start.name} through the point"


def test_the_line_can_begin_at_a_chosen_network(page):
    page.locator("#one").get_by_role("radio", name="C", exact=True).check(force=True)
    assert get(page, "line") == ["C"] and page.inner_text("#one .tke-line-panel h4") == "From C through the point"
    page.locator("#one").get_by_role("radio", name="two", exact=True).check(force=True)
    assert get(page, "surface", "line", "x", "y") == ["two", "nearest", 1, 0]
    assert page.locator("#one .tke-line-choice").is_hidden() and list(table(page)) == ["centre"]


def test_between_planes_the_point_is_carried_as_python_does(host):
    other = replace(flat(), corners=np.array([[0.0, 0], [2, 0], [1.5, 2]]))
    explorer = LandscapeExplorer(SPACE, {"one": flat(), "other": other})
    page = host(explorer)
    for x, y in [(2, 0), (1.7, 2.1), (-0.5, 0.3), (5, 4)]:
        put(page, surface="one", x=x, y=y)
        explorer.surface = "one"
        explorer.x, explorer.y = x, y
        page.locator("#one").get_by_role("radio", name="other", exact=True).check(force=True)
        explorer.surface = "other"
        assert get(page, "surface", "x", "y") == ["other", pytest.approx(explorer.x), pytest.approx(explorer.y)]


def test_distances_on_slanted_axes_are_those_of_python(page, explorer):
    explorer.surface = "two"
    explorer.x, explorer.y = 0.4, -0.7
    put(page, surface="two", x=0.4, y=-0.7)
    far = f"{explorer.distances['centre']:.2f}"
    assert table(page)["centre"][1] == far and f"Nearest is centre, {far} away" in readout(page)
    assert "The axes meet at" in page.inner_text("#one .tke-map-panel .tk-caption")


def test_a_point_outside_another_surface_is_shown_at_its_edge(page):
    put(page, x=4, y=3)
    put(page, surface="two")
    assert "two, x = 1.00, y = 1.00" in readout(page)


def test_marks_stand_at_their_places(page, explorer):
    shapes = page.locator("#one .tke-map > .tke-mark")
    for index, one in enumerate(explorer._surfaces["one"].networks):
        box = shapes.nth(index).bounding_box()
        x, y = on_page(page, one.x, one.y)
        assert abs(box["x"] + box["width"] / 2 - x) < 2 and abs(box["y"] + box["height"] / 2 - y) < 3
    assert page.locator("#one .tke-map .tke-shadow").count() == 1
    assert page.locator("#one .tke-map > .tke-label").all_text_contents() == ["A", "B", "C", "D"]


def test_colours_and_contours_follow_the_measure(page):
    places = [(x, y) for x in (-0.9, 1, 2.2, 4, 4.9) for y in (-0.9, 0.5, 2.2, 3.9)]
    light = lightness(page, "#one .tke-map image", [((x + 1) / 6, (4 - y) / 5) for x, y in places])
    assert np.corrcoef(light, [tilted(x, y) for x, y in places])[0, 1] > 0.99
    spec = page.evaluate("model.get('_spec')")
    ends = page.inner_text("#one .tke-key").split()
    assert ends == [show("test_loss", spec["low"]), show("test_loss", spec["high"])]
    image = page.locator("#one .tke-map image").bounding_box()
    figure = page.locator("#one .tke-map").bounding_box()
    lines = page.evaluate(
        "[...document.querySelectorAll('#one .tke-contour:not(.tke-under)')].map((n) => n.getAttribute('d'))"
    )
    assert len(lines) == len(spec["levels"]) >= 3
    for d, level in zip(lines, spec["levels"], strict=True):
        ends = np.array([pair.split(" ") for piece in d[1:].split("M") for pair in piece.split("L")], float)
        x = (ends[:, 0] - (image["x"] - figure["x"])) / image["width"] * 6 - 1
        y = 4 - (ends[:, 1] - (image["y"] - figure["y"])) / image["height"] * 5
        assert tilted(x, y) == pytest.approx(level, abs=0.02)


def test_screen_readers_hear_place_value_and_networks(page):
    press(page, "2")
    page.wait_for_function("document.querySelector('#one [role=status]').textContent.includes('x = 4.00')")
    said = page.inner_text("#one [role=status]")
    assert said == readout(page) and "measured at this grid point" in said
    point = page.locator("#one .tke-point")
    assert point.get_attribute("aria-valuetext") == "x 4.00, y 0.00, test loss 4.00, nearest B"
    assert "arrows go to the next grid line" in page.inner_text(f"#{point.get_attribute('aria-describedby')}")


def test_both_views_follow(page):
    press(page, "3")
    assert readout(page, "#two") == readout(page) and table(page, "#two") == table(page)


def test_closing_a_view_leaves_no_listener(page):
    with one_view_closed(page):
        assert press(page, "2", view="#two") == [(4, 0)]


@pytest.mark.parametrize("width", [320, 480, 650, 700, 1000])
def test_nothing_of_the_landscape_sticks_out(page, width):
    widen(page, width)
    for setting in [{"x": -1, "y": 4}, {"x": 5, "y": -1, "line": "D"}, {"surface": "two"}]:
        put(page, **setting)
        assert sticking_out(page) == []


def test_landscape_page_works_from_disk_in_both_themes(browser, explorer, tmp_path):
    file = explorer.export_html(tmp_path / "landscape.html")
    for scheme, ground in GROUNDS.items():
        with exported(browser, file, ".tke-point", color_scheme=scheme) as page:
            page.locator(".tke-point").press("2")
            assert "x = 4.00, y = 0.00: test loss 4.00" in readout(page, "body")
            drag(page, (4, 0), (3, 1.5), view="body")
            assert table(page, "body")["B"][1].startswith("1.8")
            page.get_by_role("radio", name="two", exact=True).check(force=True)
            assert list(table(page, "body")) == ["centre"]
            assert look(page, ".tk") == ground


# ---------------------------------------------------------------- ProbeSlider


@pytest.fixture
def slider():
    return ProbeSlider(*made_up())


@pytest.fixture
def probes(host, slider):
    return host(slider)


def stops(page, view: str = "#one"):
    return page.locator(view).get_by_role("slider", name="Probes M")


def said(page, view: str = "#one") -> list[str]:
    return [text.replace(NBSP, " ") for text in page.locator(f"{view} .tkh-said p").all_text_contents()]


def test_arrows_step_from_estimate_to_estimate(probes):
    stops(probes).focus()
    seen = []
    for key in ["ArrowRight", "ArrowRight", "Home", "ArrowLeft", "ArrowUp", "End", "a"]:
        probes.keyboard.press(key)
        seen += get(probes, "probes")
    assert seen == [16, 16, 2, 2, 4, 16, 16]
    assert probes.evaluate("escaped") == [] and probes.evaluate("saved.length") > 0


def test_the_slider_is_dragged_with_the_mouse(probes):
    middle, left, right = (thumb(stops(probes), share) for share in (2 / 3, 0.01, 0.99))
    probes.mouse.move(*middle)
    probes.mouse.down()
    probes.mouse.move(*left, steps=5)
    assert get(probes, "probes") == [2]
    probes.mouse.move(*right, steps=5)
    probes.mouse.up()
    assert get(probes, "probes") == [16]


def test_a_press_on_the_errors_goes_to_the_nearest_estimate(probes):
    box = probes.locator("#one .tkh-errors").bounding_box()
    probes.mouse.click(box["x"] + box["width"] - 20, box["y"] + 80)
    assert get(probes, "probes") == [16]
    probes.mouse.move(box["x"] + box["width"] - 20, box["y"] + 80)
    probes.mouse.down()
    probes.mouse.move(box["x"] + 62, box["y"] + 90, steps=6)
    probes.mouse.up()
    probes.mouse.move(box["x"] + box["width"] - 20, box["y"] + 80)
    assert get(probes, "probes") == [2]


def test_words_are_those_of_python_for_every_estimate(probes, slider):
    for i, number in enumerate(PROBES):
        put(probes, probes=number)
        assert said(probes) == slider._spec["said"][i] == said(probes, "#two")
        assert stops(probes).get_attribute("aria-valuetext") == f"{number} probes"
        assert probes.inner_text("#one .tkl-slider b") == f"M = {number}"
        assert probes.inner_text("#one .tkh-head h4 >> nth=0") == f"Estimate from {number} probes"


def points(page) -> np.ndarray:
    """Where the points inside the frame stand."""
    return np.array(
        page.evaluate(
            "[...document.querySelectorAll('#one .tkh-points circle')]"
            ".map((n) => [n.cx, n.cy].map((v) => v.baseVal.value))"
        )
    )


def triangles(page) -> int:
    return (page.locator("#one .tkh-beyond").get_attribute("d") or "").count("M")


def test_points_stand_at_exact_and_estimate(probes, slider):
    exact, *rough = slider._data.drawn
    power = slider._data.power
    left, right, low, high = slider._data.frame
    first, last = scaled([left, right], power)
    for i, number in enumerate(PROBES):
        put(probes, probes=number)
        inside = (rough[i] >= low) & (rough[i] <= high)
        drawn = points(probes)
        line = [float(probes.locator("#one .tkh-equal").get_attribute(name)) for name in ("x1", "y1", "x2", "y2")]
        x = first + (drawn[:, 0] - line[0]) / (line[2] - line[0]) * (last - first)
        y = first + (drawn[:, 1] - line[1]) / (line[3] - line[1]) * (last - first)  # by the line of equality
        near = {"atol": 2e-3 * (last - first)}
        assert np.allclose(x, scaled(exact[inside], power), **near)
        assert np.allclose(y, scaled(rough[i][inside], power), **near)
        assert triangles(probes) == (~inside).sum()


def test_points_beyond_the_frame_are_triangles_at_its_edge(host):
    page = host(ProbeSlider(curvature([0.0, 1.0, 2.0], 0), [curvature([9, -9, 2], 2)]))
    assert len(points(page)) == 1 and triangles(page) == 2
    assert said(page)[2].startswith("2 of the 3 points lie beyond the frame")


def test_ticks_of_the_points_stand_where_python_says(probes, slider):
    left, right, low, high = slider._data.frame
    line = [float(probes.locator("#one .tkh-equal").get_attribute(name)) for name in ("x1", "y1", "x2", "y2")]
    first, last = scaled([left, right], slider._data.power)
    rules = [
        ([float(rule.locator("line").get_attribute(name)) for name in ("x1", "y1", "x2", "y2")], rule.text_content())
        for rule in probes.locator("#one .tkh-scatter .tkh-rule").all()
    ]
    for at, ends in [(0, (left, right)), (1, (low, high))]:
        wanted = {text: float(scaled(value, slider._data.power)) for value, text in powers(*ends, slider._data.power)}
        shown = {text: place[at] for place, text in rules if place[at] == place[at + 2]}
        assert "0" in shown and len(shown) >= 3 and set(shown) <= set(wanted)
        for text, here in shown.items():
            along = (here - line[at]) / (line[at + 2] - line[at])
            assert first + along * (last - first) == pytest.approx(wanted[text], abs=1e-6)


def test_the_words_of_the_points_say_how_the_axes_run(probes, slider):
    said = "both axes are linear within ±1, logarithmic beyond"
    assert slider._data.scale == said
    assert f"the estimate is exact; {said}. Points:" in probes.inner_text("#one .tkh-scatter + p")
    name = probes.locator("#one .tkh-scatter").get_attribute("aria-label")
    assert name == f"scatter of the diagonal estimated from 8 probes against the exact one; {said}"


def test_where_points_overlap_it_is_darker(host):
    entries = [0.5] * 30 + [2.0]
    page = host(ProbeSlider(curvature(entries, 0), [curvature(entries, 2)]))
    assert len(points(page)) == 31 and float(look(page, ".tkh-points", "fillOpacity")) < 0.5


def test_the_axes_of_the_browser_are_those_of_python_everywhere(browser):
    """A formula that is written twice: places, ticks and their numbers, at random numbers of any size."""
    code = source("probe_state.js")
    page = browser.new_page()
    dice = np.random.default_rng(3)
    for power in (-9, -3, -1, 0, 2, 5):
        numbers = dice.normal(size=200) * 10 ** dice.uniform(power - 3, power + 6, 200)
        numbers = [0.0, 10.0**power, -(10.0**power), *numbers.tolist()]
        found = page.evaluate(
            f"([numbers, power]) => {{ {code} return numbers.map((v) => scaled(v, power)); }}", [numbers, power]
        )
        assert found == pytest.approx(scaled(numbers, power).tolist(), rel=1e-12, abs=1e-12)
        for low, high in np.sort(dice.choice(numbers, (30, 2))).tolist():
            for room in (0.3, 1, 1.4, 3):
                found = page.evaluate(f"given => {{ {code} return powers(...given); }}", [low, high, power, room])
                assert [(one["value"], one["text"]) for one in found] == powers(low, high, power, room)
    page.close()


def test_errors_are_drawn_on_logarithmic_axes_beside_a_guide_of_slope_one_half(probes, slider):
    def line(name: str) -> np.ndarray:
        d = probes.locator(f"#one .tkh-line.tkh-{name}").get_attribute("d")
        return np.array([pair.split(" ") for pair in d[1:].split("L")], float)

    rules = probes.locator("#one .tkh-errors .tkh-rule")
    heights = [float(rules.nth(i).locator("line").get_attribute("y1")) for i in range(rules.count())]
    levels = [
        float(rules.nth(i).locator("text").text_content().rstrip(" %").replace(",", "")) for i in range(len(heights))
    ]
    assert len(levels) >= 2
    slope, offset = np.polyfit(heights, np.log(np.array(levels) / 100), 1)
    for name, wanted in [("measured", slider._spec["measured"]), ("predicted", slider._spec["predicted"])]:
        assert np.exp(slope * line(name)[:, 1] + offset) == pytest.approx(wanted, rel=0.02)
    xs = line("measured")[:, 0]
    assert np.allclose((xs - xs[0]) / (xs[-1] - xs[0]), np.log2(PROBES) / 3 - 1 / 3, atol=1e-3)
    fall = np.diff(slope * line("guide")[:, 1]) / np.diff(np.log(PROBES))
    assert fall == pytest.approx([-0.5] * 3, abs=0.01)
    for i, number in enumerate(PROBES):
        put(probes, probes=number)
        assert float(probes.locator("#one .tkh-place").get_attribute("x1")) == pytest.approx(xs[i], abs=0.06)
        box = probes.locator("#one .tkh-spot").evaluate("n => { const b = n.getBBox(); return b.y + b.height / 2; }")
        assert box == pytest.approx(line("measured")[i, 1], abs=0.1)


def test_errors_that_cannot_be_drawn_are_left_out(host):
    exact = curvature([3.0, 4.0], 0)
    page = host(ProbeSlider(exact, [curvature([3, 9], 1, float("inf")), curvature([3, 4], 2)]))
    assert page.locator("#one .tkh-dot").count() == 1 and page.locator("#one .tkh-guess").count() == 0
    assert page.locator("#one .tkh-spot").count() == 0 and said(page)[0].startswith("2 probes: relative error")
    stops(page).press("Home")
    assert "too few probes to predict it" in said(page)[0] and page.locator("#one .tkh-spot").count() == 1


def test_one_estimate_cannot_be_moved(host):
    page = host(ProbeSlider(curvature([3.0, 4.0], 0), [curvature([3, 9], 2)]))
    assert stops(page).is_disabled() and page.locator("#one .tkh-spot").count() == 1


def test_percents_are_written_as_in_python(browser):
    page = browser.new_page()
    values = [0.0004, 0.0234, 0.0994, 0.0996, 0.456, 1, 6.1197, 12.3456]
    code = source("probe_state.js")
    found = page.evaluate(f"values => {{ {code} return values.map(errorText); }}", values)
    assert found == [percent(value) for value in values]
    page.close()


def test_screen_readers_hear_the_errors(probes, slider):
    stops(probes).press("End")
    probes.wait_for_function("document.querySelector('#one [role=status]').textContent.startsWith('16 probes')")
    assert probes.text_content("#one [role=status]") == " ".join(slider._spec["said"][3])


def test_closing_a_probe_view_leaves_no_listener(probes):
    with one_view_closed(probes):
        stops(probes, "#two").press("End")
        assert get(probes, "probes") == [16]


@pytest.mark.parametrize("width", [320, 480, 610, 700, 1000])
def test_nothing_of_the_probes_sticks_out_or_jumps(probes, width):
    widen(probes, width)
    heights = set()
    for number in PROBES:
        put(probes, probes=number)
        assert sticking_out(probes) == []
        heights.add(probes.locator("#one .tk").bounding_box()["height"])
    assert len(heights) == 1


@pytest.mark.parametrize("size", [1e-11, 1e-6, 1e5, 1e9])
def test_numbers_of_any_size_find_room_beside_the_axes(host, size):
    exact, rough = (size * one for one in (torch.logspace(-6, 0, 60), torch.linspace(-1, 1, 60)))
    page = host(ProbeSlider(curvature(exact, 0), [curvature(rough, 2)]))
    for width in (320, 700):
        widen(page, width)
        assert sticking_out(page) == []
        boxes = [one.bounding_box() for one in page.locator("#one .tkh-scatter .tkh-rule text").all()]
        apart = [
            a["x"] + a["width"] < b["x"] or b["x"] + b["width"] < a["x"] or a["y"] + 9 < b["y"] or b["y"] + 9 < a["y"]
            for i, a in enumerate(boxes)
            for b in boxes[:i]
        ]
        assert len(boxes) >= 6 and all(apart)


def test_probe_page_works_from_disk_in_both_themes(browser, slider, tmp_path):
    file = slider.export_html(tmp_path / "probes.html")
    for scheme, ground in GROUNDS.items():
        with exported(browser, file, ".tkh-points", color_scheme=scheme) as page:
            assert said(page, "body") == slider._spec["said"][2]
            stops(page, "body").press("Home")
            assert said(page, "body") == slider._spec["said"][0]
            assert look(page, ".tk") == ground
            line = look(page, ".tkh-measured", "stroke")
            assert line == {"light": "rgb(33, 33, 33)", "dark": "rgb(255, 255, 255)"}[scheme]


def test_a_line_of_the_browser_is_that_of_python_everywhere(browser):
    """The one formula that is written twice, at random places of both kinds of surface."""
    code = source("shared.js", "landscape_state.js")
    page = browser.new_page()
    dice = np.random.default_rng(5)
    mark = torch.ones(D) + 0.3 * unit(0) + 0.6 * unit(1) + 2 * unit(3)
    explorer = LandscapeExplorer(SPACE, {"one": flat(), "two": slanted()}, marks={"E": mark})
    for surface in explorer._surfaces.values():
        assert place(surface, mark)[2] == pytest.approx(2, rel=1e-5)
        left, right, low, high = surface.frame
        cut = surface.cut
        sent = {
            "xs": cut.x.tolist(),
            "ys": cut.y.tolist(),
            "values": cut.values.ravel().tolist(),
            "frame": surface.frame,
            "gram": surface.gram,
        }
        for network in surface.networks:
            for x, y in [*dice.uniform([left, low], [right, high], (10, 2)).tolist(), [network.x, network.y]]:
                found = page.evaluate(
                    f"([s, n, at]) => {{ {code} return lineThrough(s, n, at); }}", [sent, vars(network), [x, y]]
                )
                away, values, here = surface.along(network, x, y)
                assert found["away"] == pytest.approx(away) and found["values"] == pytest.approx(values)
                assert found["here"] == pytest.approx(here)
    page.close()
