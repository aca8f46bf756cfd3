"""The SparsityExplorer in a browser: the module alone on a page with a stand-in for the model, and an exported page."""

import numpy as np
import pytest
from test_sparsity_explorer import HEIGHTS, LAYERS, POINTS, ROUNDS, SPACE, made_up
from widget_page import drag, exported, look, one_view_closed, put, sticking_out, thumb, widen, widget_host

from toolkit.widgets import SparsityExplorer

TRAITS = ["source", "round", "layer"]
ALIVE, PRUNED, FELL = (33, 33, 33), (240, 240, 240), (199, 119, 0)
host = widget_host(saves=TRAITS)


@pytest.fixture
def explorer():
    """The Python side, to compare words and masks with."""
    return SparsityExplorer(SPACE, made_up())


@pytest.fixture
def page(host, explorer):
    return host(explorer)


def settings(page) -> list:
    return page.evaluate("names => names.map(model.get)", TRAITS)


def slider(page, view: str = "#one"):
    return page.locator(view).get_by_role("slider", name="Round of pruning")


def said(page, view: str = "#one") -> list[str]:
    return page.locator(f"{view} .tkm-said p").all_text_contents()


def words(explorer) -> dict:
    """What Python says of the present round."""
    chosen = next(one for one in explorer._spec["sources"] if one["name"] == explorer.source)
    return chosen["rounds"][explorer.round]


def everywhere(page, explorer):
    """Go through all sources and rounds on both sides."""
    for name in HEIGHTS:
        for at in range(ROUNDS + 1):
            explorer.source, explorer.round = name, at
            put(page, source=name, round=at)
            yield name, at


def cells(page, rows: int, n: int, at: tuple[float, float]) -> np.ndarray:
    """Colours [rows, n, 3] of the mask's canvas at a place inside every cell."""
    return np.array(
        page.evaluate(
            """([rows, n, across, down]) => {
                const canvas = document.querySelector("#one .tkm-ink");
                const context = canvas.getContext("2d");
                const place = (i, many, size, inside) => Math.floor(((i + inside) / many) * size);
                const colour = (r, c) => [...context.getImageData(place(c, n, canvas.width, across),
                    place(r, rows, canvas.height, down), 1, 1).data.slice(0, 3)];
                return Array.from({ length: rows }, (_, r) => Array.from({ length: n }, (_, c) => colour(r, c)));
            }""",
            [rows, n, *at],
        )
    )


def rules(page, chart: str) -> tuple[np.ndarray, np.ndarray]:
    """The labelled rules of a chart: percentages as fractions, and heights in pixels."""
    found = page.evaluate(
        """chart => [...document.querySelectorAll(`#one .${chart} .tkm-rule`)].map((rule) =>
            [parseFloat(rule.textContent) / 100, Number(rule.querySelector("line").getAttribute("y1"))])""",
        chart,
    )
    levels, heights = np.array(found).T
    return levels, heights


def path(page, selector: str) -> np.ndarray:
    """The points of a polyline."""
    return np.array([pair.split() for pair in page.get_attribute(selector, "d")[1:].split("L")], float)


# ---------------------------------------------------------------- keys and mouse


def test_arrows_step_through_the_rounds(page):
    slider(page).focus()
    seen = []
    for key in ["ArrowLeft", "ArrowRight", "ArrowUp", "End", "ArrowRight", "ArrowLeft", "Home"]:
        page.keyboard.press(key)
        seen.append(settings(page)[1])
    assert seen == [0, 1, 2, 3, 3, 2, 0]
    assert page.evaluate("saved.at(-1)") == settings(page)
    assert page.evaluate("escaped") == []


def test_everything_is_reached_and_done_by_keys_alone(page):
    page.locator("#one").get_by_role("radio", name="real digits").focus()
    page.keyboard.press("ArrowDown")
    assert settings(page)[0] == "shuffled"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert settings(page)[2] == "fc2.weight"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert settings(page) == ["shuffled", 1, "fc2.weight"]
    names = []
    for _ in range(3):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.ariaLabel"))
    assert names == ["Play", "one round back", "one round on"]
    page.keyboard.press("Enter")
    assert settings(page)[1] == 2
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert settings(page)[1] == 1 and page.evaluate("escaped") == []


def test_mouse_on_radios_slider_buttons_and_layers(page):
    page.locator("#one label", has_text="shuffled").click()
    page.locator("#one select").select_option("fc2.weight")
    assert settings(page) == ["shuffled", 0, "fc2.weight"]
    drag(page, thumb(slider(page), 0), thumb(slider(page), 2 / 3))
    assert settings(page)[1] == 2
    page.locator("#one").get_by_role("button", name="one round on").click()
    assert settings(page)[1] == 3
    assert page.locator("#one").get_by_role("button", name="one round on").is_disabled()
    page.locator("#one").get_by_role("button", name="one round back").click()
    assert settings(page)[1] == 2


def test_the_chart_of_barriers_can_be_pressed_dragged_and_its_names_picked(page):
    chart = page.locator("#one .tkm-barriers")
    box = chart.bounding_box()
    xs = path(page, "#one .tkm-chosen-line")[:, 0] + box["x"]
    page.mouse.move(xs[3] + 2, box["y"] + 60)
    page.mouse.down()
    assert settings(page)[1] == 3
    page.mouse.move(xs[1] - 3, box["y"] + 60, steps=5)
    page.mouse.up()
    assert settings(page)[1] == 1
    page.mouse.move(xs[2], box["y"] + 60)  # no button held
    assert settings(page)[1] == 1
    page.locator("#one .tkm-name", has_text="shuffled").locator("text").click()
    assert settings(page)[:2] == ["shuffled", 1]
    assert page.locator("#one").get_by_role("radio", name="shuffled").is_checked()


def test_play_runs_to_the_last_round_and_stops_when_told(page):
    page.locator("#one").get_by_role("button", name="Play").click()
    page.wait_for_function("model.get('round') >= 1")
    page.locator("#one").get_by_role("button", name="Pause").click()
    stopped = settings(page)[1]
    page.wait_for_timeout(1200)
    assert settings(page)[1] == stopped < ROUNDS
    page.locator("#one").get_by_role("button", name="Play").click()
    page.wait_for_function(f"model.get('round') === {ROUNDS}")
    page.locator("#one").get_by_role("button", name="Play").wait_for()
    page.locator("#one").get_by_role("button", name="Play").click()  # at the end: from the start
    page.wait_for_function(f"model.get('round') < {ROUNDS}")
    slider(page).focus()
    page.keyboard.press("End")  # a hand on the slider stops the film
    page.locator("#one").get_by_role("button", name="Play").wait_for()


def test_both_views_follow_and_leave_nothing_behind(page):
    slider(page).focus()
    page.keyboard.press("End")
    page.locator("#two").get_by_role("radio", name="shuffled").check()
    assert said(page) == said(page, "#two") and slider(page, "#two").input_value() == str(ROUNDS)
    assert page.locator("#one").get_by_role("radio", name="shuffled").is_checked()
    with one_view_closed(page):
        slider(page, "#two").press("Home")
        assert settings(page)[1] == 0


# ---------------------------------------------------------------- what is shown


def test_the_canvas_shows_what_is_alive_pruned_and_falling(page, explorer):
    page.evaluate("document.getElementById('one').style.width = '1000px'")
    page.wait_for_function("document.querySelector('#one .tkm-ink').clientWidth > 64 * 6")
    for layer, (rows, n) in LAYERS.items():
        put(page, layer=layer)
        for name, at in everywhere(page, explorer):
            now = SPACE.unflatten(explorer.mask)[layer].numpy()
            explorer.round = max(0, at - 1)
            before = SPACE.unflatten(explorer.mask)[layer].numpy()
            expected = np.where(now[..., None], ALIVE, np.where(before[..., None], FELL, PRUNED))
            assert np.array_equal(cells(page, rows, n, (0.15, 0.15)), expected), (name, at)  # a ring's edge
            middles = np.where(now[..., None], ALIVE, PRUNED)  # and its middle
            assert np.array_equal(cells(page, rows, n, (0.45, 0.45)), middles), (name, at)


def test_small_cells_have_one_colour_each(host, explorer):
    page = host(explorer)
    page.evaluate("document.getElementById('one').style.width = '280px'")
    page.wait_for_function("document.querySelector('#one .tkm-ink').clientWidth < 64 * 4")
    put(page, source="shuffled", round=2)
    explorer.source, explorer.round = "shuffled", 2
    now = SPACE.unflatten(explorer.mask)["fc1.weight"].numpy()
    explorer.round = 1
    before = SPACE.unflatten(explorer.mask)["fc1.weight"].numpy()
    expected = np.where(now[..., None], ALIVE, np.where(before[..., None], FELL, PRUNED))
    assert np.array_equal(cells(page, 6, 64, (0.5, 0.5)), expected)


def test_words_are_those_of_python_everywhere(page, explorer):
    for _ in everywhere(page, explorer):
        expected = words(explorer)
        assert said(page) == expected["said"]
        assert page.text_content("#one .tkm-verdict") == expected["verdict"]
        rows = page.locator("#one .tkm-density li p").all_text_contents()
        titles = ["layer 1", "layer 2", "all layers"]
        assert rows == [f"{title}: {text}" for title, text in zip(titles, expected["density"], strict=True)]
        assert expected["density"][0] in page.get_attribute("#one .tkm-ink", "aria-label")
        assert expected["overall"] in slider(page).get_attribute("aria-valuetext")


def test_bars_are_as_long_as_the_densities_and_the_key_counts(page, explorer):
    for _, at in everywhere(page, explorer):
        now = explorer.mask
        explorer.round = max(0, at - 1)
        parts = [(SPACE.unflatten(now)[name], SPACE.unflatten(explorer.mask)[name]) for name in LAYERS]
        shares = page.evaluate(
            """[...document.querySelectorAll("#one .tkm-bar")].map((bar) => [...bar.children].map((one) => one.getBoundingClientRect().width / bar.clientWidth))"""  # noqa: E501
        )
        for (mask, before), drawn in zip(parts, shares, strict=False):
            expected = [mask.float().mean().item(), (before & ~mask).float().mean().item()]
            assert drawn == pytest.approx(expected, abs=0.005)
        mask, before = parts[0]
        counts = [int(mask.sum()), int((before & ~mask).sum()), int((~before).sum())]
        key = page.locator("#one .tkm-mask + .tkm-key span").all_text_contents()
        assert key == [
            f"{w}: {n}" for w, n in zip(["alive", "fell in this round", "pruned before"], counts, strict=True)
        ]


def test_pixels_count_the_neurons_that_still_look(page, explorer):
    for _ in everywhere(page, explorer):
        looking = SPACE.unflatten(explorer.mask)["fc1.weight"].sum(0)
        assert [int(text) for text in page.locator("#one .tkm-pixels text").all_text_contents()] == looking.tolist()
        opacity = page.evaluate(
            """[...document.querySelectorAll("#one .tkm-pixels rect")].map((r) => Number(r.style.fillOpacity))"""
        )
        assert opacity == pytest.approx((0.04 + 0.38 * looking / 6).tolist(), abs=1e-4)
    assert page.locator("#one .tkm-pixels").is_visible()
    before = page.locator("#one").bounding_box()["height"]
    put(page, layer="fc2.weight")
    assert page.locator("#one .tkm-pixels").is_hidden()
    assert page.locator("#one").bounding_box()["height"] == before  # nothing jumps


def test_the_line_between_siblings_is_the_one_measured_with_ghosts_and_barrier(page, explorer):
    given = made_up()
    for name, at in everywhere(page, explorer):
        drawn = path(page, "#one .tkm-line")
        error = given[name]["error"]
        high = max(0.04, error.max())
        levels, heights = rules(page, "tkm-line-chart")
        slope, offset = np.polyfit(heights, levels, 1)
        assert slope < 0 and len(drawn) == POINTS
        assert slope * drawn[:, 1] + offset == pytest.approx(error[at], abs=0.001 * high)
        assert np.diff(drawn[:, 0]) == pytest.approx(np.full(POINTS - 1, (drawn[-1, 0] - drawn[0, 0]) / 4), abs=0.02)
        assert page.locator("#one .tkm-ghost").count() == ROUNDS
        mark = page.locator("#one .tkm-barrier")
        if HEIGHTS[name][at] < 0.001 * high:
            assert mark.count() == 0
            continue
        x, foot, top = (float(part) for part in mark.get_attribute("d")[1:].split("M")[0].replace("V", " ").split())
        assert x == pytest.approx(drawn[3, 0], abs=0.02)
        assert slope * (top - foot) == pytest.approx(HEIGHTS[name][at], abs=0.001 * high)


def test_barriers_of_all_sources_stand_over_the_square_root(page, explorer):
    for name, at in everywhere(page, explorer):
        [other] = set(HEIGHTS) - {name}
        drawn = {name: path(page, "#one .tkm-chosen-line"), other: path(page, "#one .tkm-other")}
        levels, heights = rules(page, "tkm-barriers")
        slope, offset = np.polyfit(heights, np.sqrt(levels), 1)
        assert np.allclose(slope * heights + offset, np.sqrt(levels), atol=1e-6) and {0, 0.02} <= set(levels)
        for one, line in drawn.items():
            assert slope * line[:, 1] + offset == pytest.approx(np.sqrt(HEIGHTS[one]), abs=1e-3)
        spot = page.get_attribute("#one .tkm-spot", "d")[1:].split("l")[0].split()
        assert [float(spot[0]), float(spot[1]) + 7] == pytest.approx(drawn[name][at], abs=0.01)
        assert page.text_content("#one .tkm-chosen text") == name
        assert page.locator("#one .tkm-barriers .tkm-now").text_content() == str(at)


def test_the_present_state_is_spoken(page, explorer):
    put(page, source="shuffled", round=3)
    explorer.source, explorer.round = "shuffled", 3
    expected = " ".join(words(explorer)["said"])
    page.wait_for_function(
        "text => document.querySelector('#one [role=status]').textContent.includes(text)", arg=expected
    )


@pytest.mark.parametrize("width", [300, 500, 700, 1000])
def test_nothing_sticks_out_at_any_width(host, explorer, width):
    page = host(explorer)
    widen(page, width)
    page.wait_for_function("width => document.querySelector('#one .tkm-chart').clientWidth <= width - 28", arg=width)
    put(page, source="shuffled", round=3)
    assert sticking_out(page, cut=4) == []  # a word stands upright, its letters are small


def test_in_the_dark_words_are_light_and_the_mask_turns_round(host, explorer):
    page = host(explorer)
    colours = []
    for light in ("true", "false"):
        page.evaluate("light => { document.body.dataset.jpThemeLight = light; }", light)
        colours.append(look(page, "#one .tkm-ink", "filter"))
    assert colours[0] == "none" and "invert" in colours[1]


# ---------------------------------------------------------------- without a kernel


def test_the_exported_page_works_from_disk_without_any_request(browser, explorer, tmp_path):
    explorer.round = 2
    file = explorer.export_html(tmp_path / "sparse.html")
    with exported(browser, file, ".tkm-mask", viewport={"width": 1000, "height": 900}) as page:
        page.get_by_role("slider", name="Round of pruning").focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("radio", name="shuffled").check()
        explorer.round, explorer.source = 3, "shuffled"
        page.wait_for_function(
            "text => document.querySelector('.tkm-said').textContent.includes(text)", arg=words(explorer)["said"][0]
        )
        assert page.locator(".tkm-verdict").text_content() == words(explorer)["verdict"]


def test_without_scripts_the_page_shows_picture_and_words(browser, explorer, tmp_path):
    file = explorer.export_html(tmp_path / "sparse.html")
    place = browser.new_context(java_script_enabled=False)
    page = place.new_page()
    page.goto(file.as_uri())
    assert page.locator("noscript p").text_content() == explorer.alt
    assert page.locator("noscript img").get_attribute("alt") == explorer.alt
    place.close()
