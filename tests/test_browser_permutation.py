"""The PermutationSlider in a browser: the module alone on a page with a stand-in for the model, and in JupyterLab."""

import re

import numpy as np
import pytest
from browser import bring, eventually, kernel_has, notebook_lab, run_all
from widget_page import GROUNDS, drag, exported, look, put, sticking_out, thumb, widen, widget_host

from toolkit import WeightSpace, data, fit_many, models
from toolkit.widgets import PermutationSlider

POINTS = 5
GOAL = {"fc1": [3, 0, 1, 2, 5, 4], "fc2": [1, 0, 2, 3, 4]}  # 5 swaps in all
host = widget_host(saves=["k", "swaps_by_hand", "_past"], width=760)


def make(goal=GOAL, module=None, **settings) -> PermutationSlider:
    space = WeightSpace(module or models.mlp(64, 6, 5, 10))
    digits = data.load("digits").subset(80)
    a, b = fit_many(space, digits, seeds=[0, 1], epochs=20)
    return PermutationSlider(space, a, b, digits, goal, **{"points": POINTS} | settings)


@pytest.fixture(scope="module")
def five():
    """Five swaps, every one measured."""
    return make()


@pytest.fixture
def page(host, five):
    return host(five)


def state(page) -> list:
    """Number of swaps, swaps by hand."""
    return page.evaluate("[model.get('k'), model.get('swaps_by_hand')]")


def press(page, *names: str) -> list[int]:
    """Press keys on the range; the k after each."""
    page.locator("#one .tkp-range").focus()
    seen = []
    for name in names:
        page.keyboard.press(name)
        seen.append(state(page)[0])
    return seen


def button(page, name: str, view: str = "#one"):
    return page.locator(view).get_by_role("button", name=name, exact=True)


def facts(page, view: str = "#one") -> dict[str, list[str]]:
    """The numbers below the slider: value and what it is compared with, by name."""
    tiles = page.locator(f"{view} .tkp-facts > div").all()
    texts = [tile.locator("span, strong").all_inner_texts() for tile in tiles]
    return {name: [value, more] for name, value, more in texts}


def minus(number: float) -> str:
    """One digit, with a true minus sign."""
    return f"{number:.1f}".replace("-", "−")


def click_column(page, place: int, size: int, view: str = "#one") -> None:
    heat = page.locator(f"{view} .tkp-heat").bounding_box()
    page.mouse.click(heat["x"] + (place + 0.5) * heat["width"] / size, heat["y"] + heat["height"] / 2)


def message(page, view: str = "#one") -> str:
    return page.inner_text(f"{view} .tkp-message")


# ---------------------------------------------------------------- moving


def test_keys_move_the_slider(page):
    assert press(page, "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown") == [1, 2, 1, 0]
    assert press(page, "PageUp", "PageDown", "ArrowLeft", "End", "ArrowRight", "Home") == [5, 0, 0, 5, 5, 0]
    assert page.evaluate("saved.at(-1)[0]") == 0


def test_dragging_the_thumb_is_one_action(page):
    start, third, fourth = (thumb(page.locator("#one .tkp-range"), k / 5) for k in (0, 3, 4))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*third, steps=12)
    assert state(page)[0] == 3
    page.mouse.move(*fourth, steps=4)
    page.mouse.up()
    assert page.evaluate("saved.at(-1)") == [4, [], [[0, []]]]
    button(page, "Undo the last action").click()
    assert state(page)[0] == 0 and button(page, "Undo the last action").is_disabled()


def test_buttons_step_and_go_to_the_ends(page):
    for name, k in [
        ("one swap forward", 1),
        ("go to the aligned copy", 5),
        ("one swap back", 4),
        ("go to B as it was trained", 0),
    ]:
        button(page, name).click()
        assert state(page) == [k, []]
    assert button(page, "one swap back").is_disabled() and button(page, "Reset: no swaps at all").is_disabled()


def test_undo_goes_back_action_by_action(page):
    press(page, "ArrowRight", "End")
    click_column(page, 0, 6)
    click_column(page, 2, 6)
    assert state(page) == [5, [["fc1", 0, 2]]]
    for expected in [[5, []], [1, []], [0, []]]:
        button(page, "Undo the last action").click()
        assert state(page) == expected


def test_an_exact_k_can_be_typed_and_an_impossible_one_is_put_right(page):
    number = page.locator("#one").get_by_label("exact number of swaps")
    for typed, k in [("3", 3), ("77", 5), ("", 5), ("-2", 0), ("1.6", 2)]:
        number.fill(typed)
        number.press("Enter")
        number.blur()
        assert state(page)[0] == k and number.input_value() == str(k)


def test_play_runs_to_the_end_pauses_and_is_one_action(page):
    play = page.locator("#one .tkp-play")
    play.focus()
    page.keyboard.press("Space")
    page.wait_for_function("model.get('k') >= 1")
    assert play.inner_text() == "Pause"
    page.keyboard.press("Space")
    paused = state(page)[0]
    page.wait_for_timeout(900)
    assert state(page)[0] == paused < 5 and play.inner_text() == "Play"
    play.click()
    page.wait_for_function("model.get('k') === 5")
    assert play.inner_text() == "Play"
    assert page.evaluate("model.get('_past').map(([k]) => k)") == [0, paused]
    play.click()  # at the end it starts again
    page.wait_for_function("model.get('k') < 5")


def test_play_jumps_in_still_pictures_where_motion_is_unwelcome(host):
    page = host(make(None, models.mlp(64, 24, 10)), reduced_motion="reduce")
    last = page.evaluate("Number(document.querySelector('.tkp-range').max)")
    assert last > 10
    page.evaluate("window.seen = []; model.on('change:k', () => seen.push(model.get('k')))")
    page.locator("#one .tkp-play").click()
    page.wait_for_function("new Set(seen).size >= 2")
    assert page.evaluate("seen.filter((k) => k > 0)[0]") == -(-last // 10)
    assert page.evaluate("getComputedStyle(document.querySelector('.tkp-of-b')).transitionDuration") == "0s"


def test_moving_by_hand_ends_the_film(page):
    page.locator("#one .tkp-play").click()
    assert press(page, "Home") == [0]
    page.wait_for_timeout(1000)
    assert state(page)[0] == 0


# ---------------------------------------------------------------- what is shown


def test_the_numbers_agree_with_python(page, five):
    known = five._data
    for k in range(6):
        put(page, k=k)
        five.k = k
        found = known.arrangements[k]
        total = sum(known.totals({name: perm.numpy() for name, perm in five.perms.items()}).values())
        shown = facts(page)
        assert shown["swaps"] == [f"{k} of 5", "none by hand"]
        assert shown["barrier"][0] == f"{known.barrier(found.loss)[1]:.2f} nats"
        assert shown["score"] == [minus(total), f"of {sum(known.best.values()):.1f} possible"]
        assert shown["distance ‖A − P(B)‖"][0] == f"{found.distance:.1f}"
        change = shown["largest change of f"][0]
        assert float(change) == pytest.approx(found.change, rel=0.5)
    five.k = 0


def test_the_matrix_has_the_units_in_their_present_order(page, five):
    score = five._data.score["fc1"]
    for k in (0, 5):
        put(page, k=k)
        perm = np.arange(6) if k == 0 else np.array(GOAL["fc1"])
        pixels = page.evaluate(
            """async () => {
                const picture = new Image();
                picture.src = document.querySelector("#one .tkp-heat").getAttribute("href");
                await picture.decode();
                const canvas = Object.assign(document.createElement("canvas"), { width: 6, height: 6 });
                const context = canvas.getContext("2d");
                context.drawImage(picture, 0, 0);
                return [...context.getImageData(0, 0, 6, 6).data];
            }"""
        )
        red = np.array(pixels).reshape(6, 6, 4)[..., 0]
        dead = np.add.outer(
            *(mask.astype(int) for mask in (five._data.dead["fc1"][0], five._data.dead["fc1"][1][perm]))
        )
        now = score[:, perm]
        expected = np.where(now < 0, 255 + now * 115, 255 - now * 254)
        assert np.abs(red - np.where(dead > 0, 189, expected)).max() <= 1


def test_the_radio_buttons_choose_the_layer_and_tell_its_score(page, five):
    radios = page.locator("#one").get_by_role("group", name="Layer").get_by_role("radio")
    radios.nth(1).check()
    assert page.evaluate("model.get('group')") == "fc2"
    assert (
        page.inner_text("#one .tkp-matrix-panel h4")
        == page.inner_text("#two .tkp-matrix-panel h4")
        == "Correlation in fc2"
    )
    five.k = 0
    totals = five._data.totals({name: perm.numpy() for name, perm in five.perms.items()})
    labels = page.locator("#one .tk-segments label").all_inner_texts()
    assert labels == [f"{name} {minus(totals[name])} of {five._data.best[name]:.1f}" for name in ("fc1", "fc2")]


def test_the_last_swap_is_framed_and_told_in_words(page, five):
    for k in range(1, 6):
        put(page, k=k)
        name, i, j = five._data.swaps[k - 1]
        away = "" if name == "fc1" else " (not shown)"
        assert page.inner_text("#one .tkp-caption") == f"Last swap: places {i} and {j} of {name}{away}."
        framed = page.locator("#one .tkp-last text").all_text_contents()
        assert framed == ([str(i), str(j)] if name == "fc1" else [])
        assert page.locator("#one .tkp-last").count() == len(framed)


def test_filters_of_b_walk_below_those_of_a(page, five):
    def standing() -> list[int]:
        rows = page.locator("#one .tkp-of-b")
        found = sorted((rows.nth(unit).bounding_box()["x"], unit) for unit in range(6))
        return [unit for _, unit in found]

    order = five._spec["filters"]["order"]
    eventually(standing, order)
    press(page, "End")
    eventually(standing, [GOAL["fc1"][place] for place in order])
    assert page.locator("#one .tkp-of-b small").all_inner_texts() == [f"{unit} ✓" for unit in range(6)]
    assert "✓ in its final place: 6 of 6" in page.inner_text("#one .tkp-side-note")


def test_the_curve_stands_over_the_ghost_of_the_first(page):
    line, ghost = (page.locator(f"#one .tkp-{name}").first for name in ("line", "ghost"))
    assert line.get_attribute("d") == ghost.get_attribute("d")
    first = ghost.get_attribute("d")
    press(page, "End")
    assert page.locator("#one .tkp-ghost").first.get_attribute("d") == first != line.get_attribute("d")


def test_between_measured_swaps_numbers_are_about(host):
    page = host(make(measured=2))
    assert facts(page)["barrier"][0].startswith("≈") is False
    press(page, "ArrowRight")
    low, high = (make(measured=2)._spec["distance"][i] for i in (0, 1))
    shown = facts(page)
    assert shown["distance ‖A − P(B)‖"][0] == f"≈ {0.8 * low + 0.2 * high:.1f}" and shown["barrier"][0].startswith("≈ ")
    assert "≈" in page.inner_text("#one .tkp-verdict")
    press(page, "End")
    assert "≈" not in facts(page)["barrier"][0]


def test_words_for_screen_readers(page):
    slider = page.locator("#one").get_by_role("slider")
    assert slider.get_attribute("aria-label").startswith("number of swaps done")
    press(page, "End")
    assert slider.get_attribute("aria-valuetext") == "swap 5 of 5"
    page.wait_for_function("document.querySelector('#one .tk-spoken').textContent.startsWith('swap 5 of 5 · barrier')")
    described = page.locator("#one .tkp-matrix").get_attribute("aria-label")
    assert described.endswith(page.inner_text("#one .tkp-caption")) and described.startswith(
        "correlations of A's units"
    )


def test_without_a_swap_to_do_the_slider_rests(host):
    page = host(make({}))
    assert button(page, "Play").is_disabled() and press(page, "End", "ArrowRight") == [0, 0]
    assert facts(page)["swaps"][0] == "0 of 0"


@pytest.mark.parametrize(("width", "beside"), [(400, False), (560, True), (700, True), (1000, True)])
def test_the_line_stands_beside_the_matrix_or_below_it(host, five, width, beside):
    page = host(five)
    widen(page, width)
    matrix, line = (page.locator(f"#one .tkp-{part}-panel").bounding_box() for part in ("matrix", "line"))
    assert (line["x"] > matrix["x"] + matrix["width"]) is beside
    assert sticking_out(page, ".tkp-row, .tk-spoken", cut=4) == []  # a word stands upright, its letters are small


@pytest.mark.parametrize("width", [380, 480, 560, 660, 960])
def test_matrix_slider_and_numbers_are_seen_together_and_the_filters_come_last(host, five, width):
    page = host(five)
    widen(page, width)
    root, matrix, line, hand, slider, numbers, filters = (
        page.locator(f"#one .{part}").first.bounding_box()
        for part in (
            "tk-permutation-slider",
            "tkp-heat",
            "tkp-line-panel",
            "tkp-by-hand",
            "tkp-range",
            "tkp-facts",
            "tkp-filters",
        )
    )
    bottom = lambda box: box["y"] + box["height"]  # noqa: E731
    assert matrix["width"] <= (260 if width < 620 else 320)
    assert bottom(matrix) < hand["y"] or width > 700
    assert bottom(hand) < slider["y"] < numbers["y"] < filters["y"] and bottom(line) <= numbers["y"]
    assert bottom(slider) - matrix["y"] < 550
    if width > 520:  # two columns
        assert bottom(numbers) - root["y"] < 780
    order = ["first place to swap", "second place to swap", "number of swaps done"]
    page.locator("#one").get_by_label(order[0]).focus()
    for name in [order[1], "Swap the units", order[2]]:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(name)


# ---------------------------------------------------------------- by hand


def test_two_clicked_columns_are_swapped_and_the_score_follows_at_once(page, five):
    click_column(page, 1, 6)
    assert page.locator("#one .tkp-picked text").text_content() == "1" and "Place 1 is chosen" in message(page)
    click_column(page, 4, 6)
    assert state(page) == [0, [["fc1", 1, 4]]]
    score = five._data.score["fc1"]
    gain = score[1, 4] + score[4, 1] - score[1, 1] - score[4, 4]
    sign = "−" if gain < 0 else "+"
    assert message(page) == f"Places 1 and 4 of fc1 swapped: score {sign}{abs(gain):.2f}."
    total = sum(np.trace(part) for part in five._data.score.values()) + gain
    assert facts(page)["score"][0] == minus(total) and facts(page)["swaps"] == ["0 of 5", "and 1 by hand"]
    assert page.inner_text("#one .tkp-caption") == "Last swap, by hand: places 1 and 4 of fc1."


def test_the_same_column_twice_lets_go(page):
    click_column(page, 2, 6)
    click_column(page, 2, 6)
    assert state(page) == [0, []] and page.locator("#one .tkp-picked").count() == 0


def test_two_places_can_be_typed_and_swapped_by_keys_alone(page):
    first = page.locator("#one").get_by_label("first place to swap")
    first.focus()
    page.keyboard.type("0")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert state(page) == [0, [["fc1", 0, 5]]]
    assert first.input_value() == ""


@pytest.mark.parametrize("places", [("0", "6"), ("3", "3"), ("", "2"), ("-1", "2"), ("1.5", "2")])
def test_impossible_places_are_refused_in_words(page, places):
    for which, place in zip(("first", "second"), places, strict=True):
        page.locator("#one").get_by_label(f"{which} place to swap").fill(place)
    page.locator("#one .tkp-swap").click()
    assert message(page) == "Two different places from 0 to 5 can be swapped." and state(page) == [0, []]


def swap_by_hand(page) -> None:
    click_column(page, 1, 6)
    click_column(page, 4, 6)


def test_without_a_kernel_the_page_says_so_and_keeps_the_last_curve_in_grey(page):
    last = page.locator("#one .tkp-line").first.get_attribute("d")
    swap_by_hand(page)
    assert page.inner_text("#one .tkp-veil") == (
        "The curve of an arrangement made by hand needs a kernel; grey is the last one measured."
    )
    assert page.locator("#one .tkp-stale").count() == 2
    assert page.locator("#one .tkp-line").first.get_attribute("d") == last
    assert page.inner_text("#one .tkp-verdict") == "not measured" and facts(page)["barrier"][0] == "–"
    button(page, "Undo the last action").click()
    assert page.locator("#one .tkp-veil").is_hidden() and page.locator("#one .tkp-stale").count() == 0


def test_the_kernels_answer_is_drawn_if_it_is_about_this_arrangement(host, five):
    page = host(five, state={"_live": True})
    start = facts(page)["barrier"][0].removesuffix(" nats")
    swap_by_hand(page)
    words = message(page).removesuffix(".")
    assert page.inner_text("#one .tkp-veil").startswith("The kernel is measuring this arrangement")
    answer = {"k": 0, "swaps": [["fc1", 1, 4]], "distance": 7.25, "change": 2e-6, "accuracy": [1, 0.5, 0.5, 0.5, 1]}
    answer["loss"] = [0.5, 1, 4, 1, 0.5]
    page.evaluate("a => model.set('_answer', { ...a, swaps: [['fc1', 1, 3]] })", answer)
    assert page.locator("#one .tkp-stale").count() == 2 and message(page) == f"{words}."
    page.evaluate("a => model.set('_answer', a)", answer)
    assert page.locator("#one .tkp-stale").count() == 0 and page.locator("#one .tkp-veil").is_hidden()
    shown = facts(page)
    assert shown["barrier"][0] == "3.50 nats" and shown["distance ‖A − P(B)‖"][0] == "7.3"
    assert shown["largest change of f"][0] == "2e-6"
    assert message(page) == f"{words}, barrier {start} → 3.50."
    assert message(page, "#two").startswith("Click two columns")  # the other view was not asked


def test_the_barrier_is_told_without_a_start_that_nobody_measured_and_not_over_other_words(host, five):
    page = host(five, state={"_live": True})
    answer = {"k": 0, "distance": 7.25, "change": 2e-6, "accuracy": [1] * POINTS, "loss": [0.5, 1, 4, 1, 0.5]}
    swaps = [["fc1", 1, 4], ["fc1", 0, 2], ["fc1", 3, 5]]
    click_column(page, 1, 6)
    click_column(page, 4, 6)
    click_column(page, 0, 6)
    click_column(page, 2, 6)
    page.evaluate("a => model.set('_answer', a)", answer | {"swaps": swaps[:2]})
    assert re.fullmatch(r"Places 0 and 2 of fc1 swapped: score [+−]\d\.\d\d, barrier 3\.50\.", message(page))
    click_column(page, 3, 6)
    click_column(page, 5, 6)
    button(page, "Undo the last action").click()
    page.evaluate("a => model.set('_answer', a)", answer | {"swaps": swaps[:2]})
    assert message(page) == "The last action is taken back."
    click_column(page, 3, 6)
    click_column(page, 5, 6)
    page.evaluate("model.set('k', 2), model.set('swaps_by_hand', [])")  # by the notebook
    assert message(page).startswith("Places 3 and 5 of fc1 swapped: score ") and "barrier" not in message(page)


def test_a_barrier_between_measured_ones_is_about(host):
    page = host(make(measured=2), state={"_live": True})
    press(page, "ArrowRight")
    start = facts(page)["barrier"][0].removesuffix(" nats")
    assert start.startswith("≈ ")
    swap_by_hand(page)
    answer = {"k": 1, "swaps": [["fc1", 1, 4]], "distance": 7, "change": 0, "accuracy": [1] * POINTS}
    page.evaluate("a => model.set('_answer', a)", answer | {"loss": [0.5, 1, 4, 1, 0.5]})
    assert message(page).endswith(f", barrier {start} → 3.50.")


def test_moving_the_slider_sets_swaps_by_hand_aside_and_undo_brings_them_back(page):
    press(page, "ArrowRight")
    swap_by_hand(page)
    press(page, "ArrowRight")
    assert state(page) == [2, []]
    assert message(page) == "Your 1 swap by hand is set aside: the slider shows its own way. Undo brings them back."
    button(page, "Undo the last action").click()
    assert state(page) == [1, [["fc1", 1, 4]]]
    button(page, "Reset: no swaps at all").click()
    assert state(page) == [0, []]
    button(page, "Undo the last action").click()
    assert state(page) == [1, [["fc1", 1, 4]]]


# ---------------------------------------------------------------- living with others


def test_keys_pressed_in_the_widget_do_not_reach_the_notebook(page):
    for target in [".tkp-range", ".tkp-play", "input[type=number]", "input[type=radio]"]:
        page.locator(f"#one {target}").first.focus()
        for name in ["ArrowUp", "a", "x", "Enter"]:
            page.keyboard.press(name)
    assert page.evaluate("escaped") == []


def test_two_views_of_one_model_stay_in_step_and_share_undo(page):
    press(page, "End")
    assert facts(page, "#two") == facts(page) and page.input_value("#two .tkp-range") == "5"
    button(page, "Undo the last action", "#two").click()
    assert facts(page)["swaps"][0] == "0 of 5"
    assert page.evaluate("new Set([...document.querySelectorAll('.tk-segments input')].map((r) => r.name)).size") == 2


def test_clean_up_removes_listeners_and_elements(page):
    assert page.evaluate("model.listeners.length") == 10
    page.locator("#one .tkp-play").click()
    page.evaluate("clean[0]()")
    assert page.evaluate("model.listeners.length") == 5 and page.locator("#one *").count() == 0
    page.evaluate("model.set('k', 1)")
    page.wait_for_timeout(1000)
    assert facts(page, "#two")["swaps"][0] == "1 of 5"
    page.evaluate("clean[1]()")
    assert page.evaluate("model.listeners.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_exported_page_works_from_disk_without_a_network(browser, tmp_path, five, scheme):
    file = five.export_html(tmp_path / "slider.html")
    with exported(browser, file, ".tkp-range", color_scheme=scheme) as page:
        page.locator(".tkp-range").press("End")
        assert facts(page, "body")["swaps"][0] == "5 of 5"
        page.locator(".tkp-play").click()
        page.wait_for_function("['1', '2', '3', '4'].includes(document.querySelector('.tkp-range').value)")
        click_column(page, 0, 6, "body")
        click_column(page, 3, 6, "body")
        assert "needs a kernel" in page.inner_text(".tkp-veil")
        assert look(page, ".tk") == GROUNDS[scheme]


# ---------------------------------------------------------------- JupyterLab

CELL = """
from toolkit import WeightSpace, data, models
from toolkit.widgets import PermutationSlider
space = WeightSpace(models.mlp(64, 6, 5, 10))
goal = {"fc1": [3, 0, 1, 2, 5, 4], "fc2": [1, 0, 2, 3, 4]}
digits = data.load("digits").subset(80)
slider = PermutationSlider(space, 3 * space.init(0), 3 * space.init(1), digits, goal, points=5)
slider
"""


lab = notebook_lab(CELL)


def test_slider_lives_in_jupyterlab(lab, browser):
    page = lab.open(browser, "widget.ipynb")
    run_all(page)
    widget = page.locator(".tk-permutation-slider").first
    bring(widget)
    here = ".jp-OutputArea-output .tk-permutation-slider"
    drag(page, *(thumb(widget.locator(".tkp-range"), k / 5) for k in (0, 3)), steps=8)
    kernel_has(page, "[slider.k, slider.swaps_by_hand]", [3, []])
    click_column(page, 0, 6, here)
    click_column(page, 5, 6, here)
    words = r"Places 0 and 5 of fc1 swapped: score [+−]\d+\.\d\d, barrier \d\.\d\d → \d\.\d\d\."
    eventually(lambda: message(page, here), lambda told: re.fullmatch(words, told))
    assert widget.locator(".tkp-veil").is_hidden() and facts(page, here)["barrier"][0].endswith("nats")
    kernel_has(page, "[slider.k, slider.swaps_by_hand, len(slider._answer['loss'])]", [3, [["fc1", 0, 5]], 5])
    widget.locator(".tkp-range").press("End")
    kernel_has(page, "[slider.k, slider.perms['fc1'].tolist()]", [5, GOAL["fc1"]])
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    first = widget.get_by_label("first place to swap")
    first.press("1")
    widget.get_by_label("second place to swap").press("2")
    widget.get_by_label("second place to swap").press("Enter")
    for name in ["a", "x"]:  # would insert and cut cells
        widget.locator(".tkp-range").press(name)
    kernel_has(page, "[slider.k, slider.swaps_by_hand]", [5, [["fc1", 1, 2]]])
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    widget.get_by_role("button", name="Undo the last action").press("Enter")
    kernel_has(page, "[slider.k, slider.swaps_by_hand]", [5, []])
    assert page.errors == []
    page.close()
