"""The ReconnectDial in a browser: the module alone on a page with a stand-in for the model, and in JupyterLab."""

import json

import numpy as np
import pytest
from browser import ask_kernel, bring, eventually, kernel_has, notebook_lab, run_all
from test_reconnect_dial import FIRST, RUNS, SECOND, shuffled
from widget_page import GROUNDS, drag, exported, look, one_view_closed, put, sticking_out, thumb, widen, widget_host

from toolkit import WeightSpace, data, models
from toolkit.reconnect import start
from toolkit.widgets import ReconnectDial
from toolkit.widgets.path_data import strongest
from toolkit.widgets.reconnect_data import STEPS
from toolkit.widgets.reconnect_words import story, verdict

TRAITS = ["position", "layer", "neuron", "column", "k"]
DIAL = "position between the start's arrangement and the trained one"
PERIOD = "Period k, free steps between two synchronisations"
host = widget_host(saves=TRAITS)


@pytest.fixture(scope="module")
def shared():
    space = WeightSpace(models.mlp(64, 6, 10))
    before = start(space, seed=0)
    after = shuffled(space, before, seed=1, share=1)
    return ReconnectDial(space, before, after, data.load("digits").subset(60), runs=RUNS)


@pytest.fixture
def dial(shared):
    """The Python side; tests set it to what the browser shows and compare the words."""
    shared.layer = FIRST
    shared.position, shared.neuron, shared.column, shared.k = 0, 0, 12, 20
    return shared


@pytest.fixture
def page(host, dial):
    return host(dial)


def settings(page) -> list:
    return page.evaluate("names => names.map(model.get)", TRAITS)


def same(dial, page) -> ReconnectDial:
    """Set the Python side to what the page shows."""
    found = dict(zip(TRAITS, settings(page), strict=True))
    dial.layer = found.pop("layer")
    for name, value in found.items():
        setattr(dial, name, value)
    return dial


def slider(page, view: str = "#one", name: str = DIAL):
    return page.locator(view).get_by_role("slider", name=name)


def caption(page, view: str = "#one") -> str:
    return page.text_content(f"{view} .tkr-caption")


def cell(page, row: int, column: int) -> tuple[float, float]:
    """Where the middle of a weight of the matrix is on the screen."""
    box = page.locator("#one .tkr-matrix .tkr-ink").bounding_box()
    layer = next(one for one in page.evaluate("model.get('_spec').layers") if one["name"] == settings(page)[1])
    x = box["x"] + (column + 0.5) / layer["n"] * box["width"]
    return x, box["y"] + (row + 0.5) / layer["rows"] * box["height"]


def colours(page, canvas: str, rows: int, n: int) -> np.ndarray:
    """The colours at the cells' upper left quarters, where no dot is: [rows, n, 3]."""
    return np.array(
        page.evaluate(
            """([name, rows, n]) => {
                const canvas = document.querySelector(`#one ${name}`);
                const context = canvas.getContext("2d");
                const at = (i, many, size) => Math.floor(((i + 0.2) / many) * size);
                return Array.from({ length: rows }, (_, r) => Array.from({ length: n }, (_, c) =>
                    [...context.getImageData(at(c, n, canvas.width), at(r, rows, canvas.height), 1, 1).data.slice(0, 3)]));
            }""",  # noqa: E501
            [canvas, rows, n],
        )
    )


def expected_colours(values: np.ndarray, limit: float) -> np.ndarray:
    """Brown for negative, white for 0, teal for positive, as `toolkit.style.SIGNED`."""
    ends = np.where(values[..., None] < 0, (140, 81, 10), (1, 102, 94))
    return 255 + np.minimum(1, np.abs(values)[..., None] / limit) * (ends - 255)


# ---------------------------------------------------------------- keys and mouse


def test_arrows_step_along_the_slider(page):
    slider(page).focus()
    seen = []
    for key in ["ArrowLeft", "ArrowRight", "ArrowUp", "End", "ArrowRight", "ArrowLeft", "Home"]:
        page.keyboard.press(key)
        seen.append(settings(page)[0])
    assert seen == [0, 1 / STEPS, 2 / STEPS, 1, 1, 39 / STEPS, 0]


def test_arrows_go_from_weight_to_weight(page, dial):
    page.locator("#one .tkr-matrix").focus()
    seen = []
    keys = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowUp", "End", "ArrowRight", "PageDown", "Home"]
    for key in keys:
        page.keyboard.press(key)
        seen.append(tuple(settings(page)[2:4]))
        assert caption(page) == f"{story(same(dial, page)._view())}."
    assert seen == [(0, 13), (1, 13), (1, 12), (0, 12), (0, 12), (0, 63), (0, 63), (5, 63), (5, 0)]
    assert page.evaluate("escaped") == []


def test_everything_is_reached_by_keys_alone(page):
    page.locator("#one select").focus()
    seen = []
    for _ in range(10):
        seen.append(page.evaluate("(document.activeElement.ariaLabel ?? document.activeElement.tagName).slice(0, 16)"))
        page.keyboard.press("Tab")
    buttons = ["Play", "one stop on", "go to the traine"]  # the others go nowhere from here
    assert seen == ["SELECT", "INPUT", "INPUT", DIAL[:16], *buttons, "weights of fc1.w", PERIOD[:16], "SELECT"]


def test_the_slider_and_the_curves_are_dragged_with_the_mouse(page):
    drag(page, thumb(slider(page), 0), thumb(slider(page), 0.5))
    assert settings(page)[0] == 0.5
    chart = page.locator("#one .tkr-curve").first.bounding_box()
    page.mouse.click(chart["x"] + chart["width"] - 58, chart["y"] + 60)
    assert settings(page)[0] == 1
    page.mouse.click(chart["x"] + 2, chart["y"] + 60)
    assert settings(page)[0] == 0


def test_hovering_shows_the_way_of_a_value_and_leaves_the_choice_alone(page, dial):
    put(page, position=0.5)
    before = settings(page)
    for row, column in [(0, 0), (3, 40), (5, 63)]:
        page.mouse.move(*cell(page, row, column))
        same(dial, page).neuron, dial.column = row, column
        assert caption(page) == f"{story(dial._view())}."
        assert page.locator("#one .tkr-matrix .tkr-here.tkr-hover").count() == 1
        dial.neuron, dial.column = before[2:4]
    assert settings(page) == before
    page.locator("#one .tkr-matrix").focus()
    page.keyboard.press("Home")  # keys take over from a pointer that rests on the matrix
    dial.column = 0
    assert caption(page) == f"{story(dial._view())}."
    page.mouse.move(*cell(page, 2, 30))
    assert caption(page).startswith("row 2: the value ")
    page.mouse.move(5, 5)
    assert caption(page) == f"{story(dial._view())}."
    page.mouse.click(*cell(page, 4, 33))
    assert settings(page)[2:4] == [4, 33]


def test_the_arrow_goes_from_where_a_value_began_to_where_it_ends(page, dial):
    layer = dial._data.layers[0]
    for at in (0, 20, STEPS):
        put(page, position=at / STEPS)
        for row, column in [(0, 12), (2, 50), (5, 7)]:
            put(page, neuron=row, column=column)
            origin = layer.origins(at)[row, column]
            goal = layer.to[row, origin]
            if goal == origin:
                continue
            ring = page.locator("#one .tkr-matrix .tkr-from")
            tip = page.get_attribute("#one .tkr-matrix .tkr-tip", "d")[1:].split("L")[0].split()
            box = page.locator("#one .tkr-matrix").bounding_box()
            assert float(ring.get_attribute("cx")) + box["x"] == pytest.approx(cell(page, row, origin)[0], abs=0.6)
            assert float(tip[0]) + box["x"] == pytest.approx(cell(page, row, goal)[0], abs=0.6)
            dashed = "tkr-coming" in page.get_attribute("#one .tkr-matrix .tkr-way", "class")
            assert dashed == (layer.step[row, origin] > at)


def test_the_image_of_now_can_be_hovered_and_clicked(page, dial):
    box = page.locator("#one .tkr-now").bounding_box()
    x, y = box["x"] + 6.5 / 8 * box["width"], box["y"] + 2.5 / 8 * box["height"]  # pixel row 2, column 6
    page.mouse.move(x, y)
    dial.column = 22
    assert caption(page) == f"{story(dial._view())}."
    page.mouse.click(x, y)
    assert settings(page)[2:4] == [0, 22]


def test_layer_and_neuron_are_chosen_together(page):
    put(page, column=60)
    page.locator("#one select").select_option(SECOND)
    assert settings(page)[1:4] == [SECOND, 0, 5]
    box = page.locator("#one").get_by_role("spinbutton", name="Neuron")
    for typed, kept in [("9", 9), ("99", 9), ("-3", 0), ("", 0)]:
        box.fill(typed)
        box.press("Enter")
        box.blur()
        assert settings(page)[2] == kept and box.input_value() == str(kept)


def test_play_runs_to_the_end_and_stops_when_told(page):
    page.locator("#one").get_by_role("button", name="Play").click()
    page.wait_for_function("model.get('position') > 0.04")
    page.locator("#one").get_by_role("button", name="Pause").click()
    stopped = settings(page)[0]
    page.wait_for_timeout(500)
    assert settings(page)[0] == stopped < 1
    put(page, position=38 / STEPS)
    page.locator("#one").get_by_role("button", name="Play").click()
    page.wait_for_function("model.get('position') === 1")
    page.locator("#one").get_by_role("button", name="Play").wait_for()
    page.locator("#one").get_by_role("button", name="one stop back").click()
    assert settings(page)[0] == 39 / STEPS
    page.locator("#one").get_by_role("button", name="go to the start's arrangement").click()
    assert settings(page)[0] == 0


# ---------------------------------------------------------------- what is shown


@pytest.mark.parametrize("at", [0, 13, 26, STEPS])
def test_the_canvases_have_the_colours_of_the_weights(page, dial, at):
    for name, layer in zip([FIRST, SECOND], dial._data.layers, strict=True):
        put(page, position=at / STEPS, layer=name, neuron=1, column=0)
        limit = strongest(layer.before)
        now = layer.now(at)
        assert colours(page, ".tkr-matrix .tkr-ink", *now.shape) == pytest.approx(expected_colours(now, limit), abs=2)
        shape = (8, 8) if name == FIRST else (1, now.shape[1])
        for tile, stop in [("before", 0), ("now", at), ("after", STEPS)]:
            row = layer.now(stop)[1].reshape(shape)
            assert colours(page, f".tkr-{tile} .tkr-ink", *shape) == pytest.approx(expected_colours(row, limit), abs=2)


def test_dots_stand_on_the_places_that_hold_moved_values(page, dial):
    layer = dial._data.layers[1]
    put(page, layer=SECOND, position=0.5)
    moved = layer.origins(20) != np.arange(layer.before.shape[1])
    assert 0 < moved.sum() < moved.size

    def middles():
        return np.array(
            page.evaluate(
                """([rows, n]) => { const canvas = document.querySelector("#one .tkr-matrix .tkr-ink");
                    const context = canvas.getContext("2d");
                    return Array.from({ length: rows }, (_, r) => Array.from({ length: n }, (_, c) => [...context.getImageData(
                        Math.floor((c + 0.5) / n * canvas.width), Math.floor((r + 0.5) / rows * canvas.height), 1, 1).data.slice(0, 3)])); }""",  # noqa: E501
                list(layer.before.shape),
            )
        )

    plain = expected_colours(layer.now(20), strongest(layer.before))
    assert np.array_equal(np.abs(middles() - plain).max(-1) > 5, moved)
    page.locator("#one").get_by_label("mark what has moved").uncheck()
    assert np.abs(middles() - plain).max() <= 2


def test_the_sorted_profile_stays_where_it_is(page, dial):
    put(page, neuron=3)
    drawn = set()
    for at in range(0, STEPS + 1, 4):
        put(page, position=at / STEPS)
        line = page.get_attribute("#one .tkr-profile .tkr-line", "d")
        assert line == page.get_attribute("#one .tkr-profile .tkr-band", "d")
        drawn.add(line)
        assert page.text_content("#one .tkr-profile p") == (
            "The same at every position: the 64 values only change places. "
            "Largest difference from the start's profile: 0."
        )
    assert len(drawn) == 1
    heights = np.array([pair.split() for pair in drawn.pop()[1:].split("L")], float)[:, 1]
    values = np.sort(dial._data.layers[0].before[3])
    slope, offset = np.polyfit(heights, values, 1)
    assert slope < 0 and np.allclose(slope * heights + offset, values, atol=5e-3)


def test_curves_numbers_and_words_are_those_measured(page, dial):
    put(page, position=0.625)
    known = dial._data
    shown = [f"{100 * known.accuracy[25]:.1f} %", f"{known.loss[25]:.2f} nats"]
    assert page.locator("#one .tkr-value").all_text_contents() == shown
    assert page.text_content("#one .tk-readout") == (
        f"62.5 % of the way: {known.moved(25)} of the {known.moved(STEPS)} values that move have moved; "
        f"test accuracy {shown[0]}, test loss {shown[1]}."
    )
    for i, values in enumerate([known.accuracy, known.loss]):
        path = page.locator("#one .tkr-curve .tkr-line").nth(i).get_attribute("d")
        x, y = np.array([pair.split() for pair in path[1:].split("L")], float).T
        slope, offset = np.polyfit(y, values, 1)
        assert slope < 0 and np.allclose(slope * y + offset, values, atol=1e-3)
        place = float(page.locator("#one .tkr-curve .tkr-place").nth(i).get_attribute("x1"))
        assert place == pytest.approx(x[25], abs=0.02)


def test_the_k_slider_shows_each_run(page, dial):
    for key, k in [("Home", 1), ("ArrowRight", 20), ("ArrowRight", 600), ("ArrowRight", 600)]:
        slider(page, name=PERIOD).press(key)
        assert settings(page)[4] == k
        assert page.text_content("#one .tkr-verdict") == verdict(dial._cached, k)
        index = RUNS["period"].index(k)
        free, synced = (
            np.array([pair.split() for pair in page.get_attribute(name, "d")[1:].split("L")], float)
            for name in ("#one .tkr-line-free", "#one .tkr-line-synced")
        )
        y, values = np.r_[free[:, 1], synced[:, 1]], np.r_[RUNS["before"][index], RUNS["after"][index]]
        slope, offset = np.polyfit(y, values, 1)
        assert slope < 0 and np.allclose(slope * y + offset, values, atol=1e-3)
        x = free[:, 0]
        assert (x[1] - x[0]) / (x[2] - x[0]) == pytest.approx(1 / 4, abs=1e-3)  # epochs 1, 2, 5
    assert slider(page, name=PERIOD).get_attribute("aria-valuetext") == "k = 600"


def test_without_runs_there_is_no_second_panel(host):
    space = WeightSpace(models.mlp(64, 3, 10))
    before = start(space, 0)
    after = before.clone()
    after[~space.matrices()] += 1
    page = host(ReconnectDial(space, before, after, data.load("digits").subset(20)))
    assert page.locator("#one .tkr-runs").count() == 0
    assert page.text_content("#one .tk-readout").endswith("Biases and norms are the start's (they change at 50 %).")
    put(page, position=0.5)
    assert "0 of the 0 values" in page.text_content("#one .tk-readout")
    assert page.text_content("#one .tk-readout").endswith(
        "Biases and norms are the trained ones (they changed at 50 %)."
    )
    assert "stays at column" in caption(page) and page.locator("#one .tkr-tip").count() == 0


def test_screen_readers_hear_the_position_and_the_weight(page, dial):
    slider(page).press("End")
    page.wait_for_function("document.querySelector('#one [role=status]').textContent.startsWith('100 % of the way')")
    page.locator("#one .tkr-matrix").press("ArrowRight")
    words = story(same(dial, page)._view())
    page.wait_for_function("w => document.querySelector('#one [role=status]').textContent === w", arg=f"{words}.")
    assert page.get_attribute("#one .tkr-matrix", "aria-label").endswith(words)


def test_both_views_follow_and_closing_leaves_no_listener(page):
    slider(page).press("End")
    assert page.text_content("#two .tk-readout").startswith("100 % of the way")
    with one_view_closed(page):
        slider(page, "#two").press("Home")
        assert settings(page)[0] == 0


@pytest.mark.parametrize("width", [320, 480, 640, 700, 1000])
def test_nothing_sticks_out_and_nothing_jumps(page, width):
    widen(page, width)
    for name in (FIRST, SECOND):
        put(page, layer=name, neuron=0, column=3)
        heights = set()
        for at in (0, 10, 27, STEPS):
            put(page, position=at / STEPS)
            heights.add(page.locator("#one .tk").bounding_box()["height"])
            assert sticking_out(page, ".tk-spoken, option", cut=1.5) == []
        assert len(heights) == 1


# ---------------------------------------------------------------- large nets, no kernel, JupyterLab


def test_exported_page_of_a_large_net_works_from_disk_in_both_themes(browser, tmp_path):
    space = WeightSpace(models.mlp(64, 256, 128, 10))
    before = start(space, 0)
    dial = ReconnectDial(space, before, shuffled(space, before, 1, share=1), data.load("digits").subset(20))
    file = dial.export_html(tmp_path / "dial.html")
    for scheme, ground in GROUNDS.items():
        with exported(browser, file, ".tkr-ink", color_scheme=scheme) as page:
            slider(page, "body").press("End")
            moving = f"{dial._data.moved(STEPS):,}"
            assert page.text_content(".tk-readout").startswith(f"100 % of the way: {moving} of the {moving} values")
            page.locator(".tkr-matrix").press("ArrowDown")
            assert caption(page, "body").startswith("row 1: the value ") and "pale: not moved" in page.inner_text(
                ".tkr-key"
            )
            assert look(page, ".tk") == ground


CELL = """
import json, torch
from toolkit import WeightSpace, data, models
from toolkit.reconnect import start
from toolkit.widgets import ReconnectDial
space = WeightSpace(models.mlp(64, 6, 10))
before = start(space, seed=0)
after = before.clone()
for slot in space.layout:
    if len(slot.shape) > 1:
        after[slot.start : slot.stop] = before[slot.start : slot.stop].view(slot.shape).flip(1).flatten()
dial = ReconnectDial(space, before, after, data.load("digits").subset(60), runs=json.loads({runs!r}))
dial
"""
ASK = "[dial.position, dial.layer, dial.neuron, dial.column, dial.k, torch.equal(dial.network, after)]"


lab = notebook_lab(CELL.format(runs=json.dumps(RUNS)))


def test_dial_lives_in_jupyterlab(lab, browser):
    page = lab.open(browser, "widget.ipynb")
    run_all(page)
    here = ".jp-OutputArea-output .tk-reconnect-dial"
    bring(page.locator(here).first)
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ["End", "a", "x"]:  # a and x would insert and cut cells
        slider(page, here).press(key)
    kernel_has(page, f"{ASK}[::5]", [1, True])
    page.locator(f"{here} select").select_option(SECOND)
    page.locator(f"{here} .tkr-matrix").press("ArrowDown")
    page.locator(f"{here} .tkr-matrix").press("Home")
    page.locator(f"{here} .tkr-matrix").press("x")
    slider(page, here, PERIOD).press("End")
    kernel_has(page, ASK, [1, SECOND, 1, 0, 600, True])
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    ask_kernel(page, "dial.layer = 'fc1.weight'; dial.position = 0; dial.neuron = 2; dial.column = 5; dial.k = 1")
    eventually(lambda: page.text_content(f"{here} .tkr-verdict"), lambda words: "Trained with k = 1," in words)
    assert page.text_content(f"{here} .tk-readout").startswith("0 % of the way")
    assert "row 2: the value" in caption(page, here) and "goes to 58 at" in caption(page, here)
    assert page.errors == []
    page.close()
