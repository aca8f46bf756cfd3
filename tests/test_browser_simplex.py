"""The SimplexExplorer in a browser: the module alone on a page with a stand-in for the model, and in JupyterLab."""

import numpy as np
import pytest
from browser import ask_kernel, bring, eventually, kernel_has, notebook_lab, run_all
from widget_page import GROUNDS, exported, lightness, look, one_view_closed, sticking_out, widen, widget_host
from widget_page import drag as drag_mouse

from toolkit import Simplex, WeightSpace, data, models
from toolkit.widgets import SimplexExplorer, measure_simplex
from toolkit.widgets.base import source
from toolkit.widgets.simplex_data import grid, neighbours

STEPS, IMAGES = 5, 12
MIDDLE = [1 / 3] * 3
host = widget_host(saves=["value", "second"])


def measured(scale: float):
    space, digits = WeightSpace(models.mlp(64, 12, 10)), data.load("digits").subset(80)
    return measure_simplex(space, Simplex([scale * space.init(seed) for seed in range(3)]), digits, STEPS, IMAGES)


@pytest.fixture(scope="module")
def records():
    return {"large": measured(3), "larger": measured(4)}


@pytest.fixture
def page(host, records):
    return host(SimplexExplorer(variants=records))


def get(page, name: str = "value"):
    return page.evaluate("name => model.get(name)", name)


def press(page, *names: str, point: str = "first") -> list[list[float]]:
    """Press keys on a point; its weights after each."""
    page.locator(f"#one .tks-{point}").focus()
    seen = []
    for name in names:
        page.keyboard.press(name)
        seen.append(get(page, "value" if point == "first" else "second"))
    return seen


def choose(page, name: str, view: str = "#one") -> None:
    page.locator(view).get_by_role("radio", name=name, exact=True).check(force=True)


def place(page, weights, view: str = "#one") -> tuple[float, float]:
    """Where on the page three weights lie, from the marks of the three corners."""
    box = page.locator(f"{view} .tks-map .tks-outline").bounding_box()
    corners = [(box["x"], box["y"] + box["height"]), (box["x"] + box["width"], box["y"] + box["height"])]
    corners.append((box["x"] + box["width"] / 2, box["y"]))
    return tuple(sum(w * corner[axis] for w, corner in zip(weights, corners, strict=True)) for axis in (0, 1))


def drag(page, *stops, view: str = "#one") -> None:
    """Drag a point from the weights where it is over others to the last."""
    drag_mouse(page, *(place(page, weights, view) for weights in stops))


def table(page, view: str = "#one") -> dict[str, list[str]]:
    rows = page.locator(f"{view} .tks-table tbody tr").all()
    texts = [row.locator("th, td").all_inner_texts() for row in rows]
    return {name.lstrip("◆◇●■▲"): cells for name, *cells in texts}


def readings(page, view: str = "#one") -> list[str]:
    return page.locator(f"{view} .tks-digits strong").all_inner_texts()


def expected(record, points) -> list[str]:
    answers = record.probabilities[points].mean(0).argmax(-1)
    return [f"{'' if said == label else '✗ '}{said}" for said, label in zip(answers, record.labels, strict=True)]


# ---------------------------------------------------------------- moving


def test_arrows_step_towards_the_corners(page):
    seen = press(page, "Home", "ArrowLeft", "1", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowDown")
    assert seen[0] == pytest.approx(MIDDLE)
    assert seen[1] == pytest.approx([0.533, 0.233, 0.233], abs=2e-3)
    assert seen[2:5] == [[1, 0, 0], [0.8, 0.2, 0], [0.6, 0.4, 0]]
    assert seen[5:] == [[0.48, 0.32, 0.2], [0.6, 0.4, 0]]
    assert press(page, "2", "3", "Home", "ArrowDown")[:2] == [[0, 1, 0], [0, 0, 1]]
    assert press(page, "3", "ArrowDown", "Shift+ArrowUp")[1:] == [[0.1, 0.1, 0.8], [0.095, 0.095, 0.81]]
    assert all(sum(weights) == pytest.approx(1) and min(weights) >= 0 for weights in seen)
    assert page.evaluate("saved.at(-1)[0]") == [0.095, 0.095, 0.81]


def test_steps_end_at_the_corners(page):
    assert press(page, *["ArrowUp"] * 12)[-1] == [0, 0, 1]
    assert press(page, *["ArrowDown"] * 12)[-1] == pytest.approx([0.5, 0.5, 0])
    assert press(page, *["ArrowLeft"] * 12)[-1] == [1, 0, 0]


def test_keys_do_not_escape_and_combinations_are_left_alone(page):
    press(page, "a", "x", "ArrowLeft", "Home")
    assert page.evaluate("escaped") == []
    before = get(page)
    press(page, "Control+ArrowLeft", "Alt+1")
    assert get(page) == before


def test_dragging_moves_the_point_and_stays_in_the_triangle(page):
    drag(page, MIDDLE, [0.2, 0.5, 0.3])
    assert get(page) == pytest.approx([0.2, 0.5, 0.3], abs=0.01)
    drag(page, [0.2, 0.5, 0.3], [0.6, -0.2, 0.6])
    assert get(page) == pytest.approx([0.5, 0, 0.5], abs=0.01)
    drag(page, [0.5, 0, 0.5], [-0.1, -0.1, 1.2])
    assert get(page) == [0, 0, 1]
    page.mouse.click(*place(page, [0.6, 0.2, 0.2]))
    assert get(page) == pytest.approx([0.6, 0.2, 0.2], abs=0.01)
    page.mouse.move(*place(page, MIDDLE))  # no button held
    assert get(page) == pytest.approx([0.6, 0.2, 0.2], abs=0.01)


def test_both_views_follow(page):
    press(page, "1", "ArrowUp")
    first, second = (page.locator(f"{view} .tks-first") for view in ("#one", "#two"))
    assert first.get_attribute("transform") == second.get_attribute("transform")
    assert second.get_attribute("aria-valuetext") == "corner 1 0.80, corner 2 0.00, corner 3 0.20"
    assert table(page) == table(page, "#two")


def test_buttons_go_to_corners_and_middle(page):
    for name, weights in [
        ("go to corner 2", [0, 1, 0]),
        ("go to corner 3", [0, 0, 1]),
        ("go to corner 1", [1, 0, 0]),
        ("go to the middle", pytest.approx(MIDDLE)),
    ]:
        page.locator("#one").get_by_role("button", name=name).press("Enter")
        assert get(page) == weights


def test_a_typed_weight_rescales_the_others_and_an_impossible_one_is_put_right(page):
    press(page, "1", "ArrowRight", "ArrowUp")
    assert get(page) == [0.64, 0.16, 0.2]
    number = page.locator("#one").get_by_label("weight of corner 3")
    for typed, weights in [
        ("0.5", [0.4, 0.1, 0.5]),
        ("", [0.4, 0.1, 0.5]),
        ("7", [0, 0, 1]),
        ("0.4", [0.3, 0.3, 0.4]),
        ("-1", [0.5, 0.5, 0]),
    ]:
        number.fill(typed)
        number.press("Enter")
        number.blur()
        assert get(page) == weights and float(number.input_value()) == weights[2]


# ---------------------------------------------------------------- what is shown


def test_interpolation_agrees_with_python(page, records):
    record = records["large"]
    rng = np.random.default_rng(0)
    for at in [*rng.dirichlet([1, 1, 1], 20).round(3).tolist(), MIDDLE, [0.34, 0.33, 0.33], *grid(STEPS).tolist()[::3]]:
        page.evaluate("at => model.set('value', at)", at)
        about = "" if len(neighbours(STEPS, at)) == 1 else "≈ "
        accuracy = record.at("accuracy", at)
        shown = table(page)["point"]
        assert shown[0].startswith(about) and ("≈" in shown[0]) == bool(about)
        assert float(shown[0].strip("≈ %")) == pytest.approx(100 * accuracy, abs=0.0501)
        assert float(shown[1].strip("≈ ")) == pytest.approx(record.at("loss", at), abs=0.00501)
        assert abs(int(shown[2].strip("≈ ")) - (1 - accuracy) * record.total) <= 0.5001
        near = page.evaluate("near => near", record.nearest(at))
        assert readings(page) == expected(record, [near])


def test_corners_are_compared_with(page, records):
    record = records["large"]
    for number, index in enumerate(record.corners, 1):
        wrong = record.wrong[index, index]
        cells = [f"{100 * record.accuracy[index]:.1f} %", f"{record.loss[index]:.2f}", str(wrong)]
        assert table(page)[f"corner {number}"] == cells
        assert page.text_content("#one .tks-map").count(f"corner {number}: {cells[0]}") == 1


def test_two_points_are_an_ensemble_with_its_members_beside_it(page, records):
    record = records["large"]
    choose(page, "two: an ensemble")
    assert get(page, "second") == [0.8, 0.1, 0.1] and page.locator("#two .tks-second").is_visible()
    for value, second in [([1, 0, 0], [0, 0.2, 0.8]), (MIDDLE, [0.19, 0.22, 0.59]), ([0, 0.5, 0.5], [0.9, 0, 0.1])]:
        page.evaluate("([a, b]) => { model.set('value', a); model.set('second', b); }", [value, second])
        i, j = record.nearest(value), record.nearest(second)
        cells = {}
        for name, pair in [("first", (i, i)), ("second", (j, j)), ("ensemble", (i, j))]:
            cells[name] = [f"{100 * (1 - record.wrong[pair] / record.total):.1f} %", str(record.wrong[pair])]
        assert {name: row[1:] for name, row in table(page).items()} == cells
        assert table(page)["second"][0] == " ".join(f"{w:.2f}" for w in grid(STEPS)[j])
        differ = record.differ[i, j]
        assert f"They read {differ} of {record.total} test images differently" in page.inner_text("#one .tks-note")
        assert readings(page) == expected(record, [i, j])
        said = record.probabilities[[i, j]].argmax(-1).T
        assert page.locator("#one .tks-digits strong + small").count() == IMAGES
        members = page.locator("#one .tks-digits small:first-of-type").all_inner_texts()
        assert members == [f"◆ {a} ◇ {b}" for a, b in said]
    choose(page, "one")
    assert get(page, "second") == [] and page.locator("#one .tks-second").is_hidden()


def test_twice_the_same_network_is_no_ensemble(page):
    choose(page, "two: an ensemble")
    page.evaluate("model.set('second', model.get('value'))")
    assert "an ensemble of one" in page.inner_text("#one .tks-note")


def test_the_second_point_has_keys_mouse_buttons_and_numbers_of_its_own(page):
    choose(page, "two: an ensemble")
    before = get(page)
    assert press(page, "3", "ArrowLeft", point="second") == [[0, 0, 1], [0.2, 0, 0.8]]
    assert page.locator("#one").get_by_label("weight of corner 3").input_value() == "0.8"
    page.locator("#one").get_by_role("button", name="go to corner 2").click()
    assert get(page, "second") == [0, 1, 0]
    drag(page, [0, 1, 0], [0.1, 0.8, 0.1])
    assert get(page, "second") == pytest.approx([0.1, 0.8, 0.1], abs=0.01) and get(page) == before
    choose(page, "◆ first")
    page.locator("#one").get_by_role("button", name="go to corner 1").click()
    assert get(page) == [1, 0, 0] and get(page, "second") == pytest.approx([0.1, 0.8, 0.1], abs=0.01)
    drag(page, [1, 0, 0], [0.7, 0, 0.3])
    assert get(page) == pytest.approx([0.7, 0, 0.3], abs=0.01)


def test_every_part_can_be_reached_by_keys_alone(page):
    page.locator("#one").get_by_role("radio", name="two: an ensemble").focus()
    page.keyboard.press("Space")
    reached = set()
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.value"))
    wanted = {"first point", "second point", "weight of corner 1", "go to corner 3", "go to the middle"}
    assert wanted <= reached


def test_map_shows_accuracy_or_loss_in_colours_explained_by_words(page, records):
    grounds = set()

    def key() -> tuple[str, str]:
        grounds.add(page.locator("#one .tks-map image").get_attribute("href"))
        return page.inner_text("#one .tks-meaning"), page.inner_text("#one .tks-key")

    both = np.concatenate([record.loss for record in records.values()])
    assert key()[0] == "light is high"
    choose(page, "Loss")
    assert get(page, "metric") == "loss"
    words, ends = key()
    assert words == "dark is low" and ends.split() == [f"{both.min():.2f}", f"{both.max():.2f}"]
    choose(page, "this one's")
    own = records["large"].loss
    assert key()[1].split() == [f"{own.min():.2f}", f"{own.max():.2f}"] and get(page, "colours") == "own"
    choose(page, "larger")
    assert get(page, "variant") == "larger" and key()[1].split()[1] == f"{records['larger'].loss.max():.2f}"
    assert readings(page) == expected(records["larger"], [records["larger"].middle])
    assert len(grounds) == 4


def test_the_ground_is_dark_where_the_loss_is_low(page, records):
    choose(page, "Loss")
    light = lightness(page, "#one .tks-map image", [[w[1] + w[2] / 2, 1 - w[2]] for w in grid(STEPS).tolist()])
    loss = records["large"].loss
    assert np.corrcoef(light, loss)[0, 1] > 0.99
    assert page.locator("#one .tks-contour").count() > 2


def test_the_grid_is_that_of_python(browser):
    code = source("shared.js", "simplex_state.js")
    page = browser.new_page()
    places = np.random.default_rng(0).dirichlet([1, 1, 1], 100).tolist()
    for steps in (1, 2, 3, 4, 5, 10):
        found = page.evaluate(
            f"([n, size, places]) => {{ {code} return places.map((at) => neighbours({{ n, size }}, at)); }}",
            [steps, len(grid(steps)), [*places, *grid(steps).tolist()]],
        )
        for at, pairs in zip([*places, *grid(steps).tolist()], found, strict=True):
            assert dict(pairs) == pytest.approx(dict(neighbours(steps, at)))
    page.close()


def test_the_small_triangles_tile_the_large_one(browser):
    code = source("shared.js", "simplex_state.js", "simplex_map.js")
    page = browser.new_page()
    for steps in (1, 2, 3, 4, 5, 10):
        found = page.evaluate(
            f"""n => {{ {code}
                const size = ((n + 1) * (n + 2)) / 2 + (n % 3 ? 1 : 0);
                const data = {{ n, size, weights: latticeWeights(n, size) }};
                return [smallTriangles(data), data.weights]; }}""",
            steps,
        )
        weights = np.array(found[1])
        areas = [abs(np.linalg.det(weights[triangle])) for triangle in found[0]]
        assert weights == pytest.approx(grid(steps)) and sum(areas) == pytest.approx(1) and min(areas) > 0
        assert len(areas) == steps**2 + (2 if steps % 3 else 0)
    page.close()


def test_screen_readers_hear_where_the_point_is(page):
    press(page, "1")
    page.wait_for_function("document.querySelector('#one [role=status]').textContent.includes('1.00 0.00')")
    said = page.locator("#one [role=status]").inner_text()
    assert said.startswith("weights 1.00 0.00 0.00; point: accuracy ")
    choose(page, "two: an ensemble")
    page.wait_for_function("document.querySelector('#one [role=status]').textContent.includes('ensemble')")
    said = page.locator("#one [role=status]").inner_text()
    assert all(word in said for word in ("first:", "second:", "ensemble:", "differently"))
    help_text = page.locator("#one .tks-first").get_attribute("aria-describedby")
    assert "step towards corner 1, 2, 3" in page.locator(f"#{help_text}").inner_text()


def test_closing_a_view_leaves_no_listener(page):
    with one_view_closed(page):
        page.locator("#two .tks-first").press("1")
        assert get(page) == [1, 0, 0]


@pytest.mark.parametrize("width", [320, 480, 700, 1000])
def test_nothing_sticks_out(page, width):
    choose(page, "two: an ensemble")
    widen(page, width)
    assert sticking_out(page) == []


# ---------------------------------------------------------------- without a kernel


def test_exported_page_works_from_disk_in_both_themes(browser, records, tmp_path):
    file = SimplexExplorer(variants=records).export_html(tmp_path / "explorer.html")
    for scheme, ground in GROUNDS.items():
        with exported(browser, file, ".tks-first", color_scheme=scheme) as page:
            page.locator(".tks-first").press("1")
            corner = records["large"].corners[0]
            assert table(page, "body")["point"][0] == f"{100 * records['large'].accuracy[corner]:.1f} %"
            drag(page, [1, 0, 0], [0.5, 0.25, 0.25], view="body")
            assert table(page, "body")["point"][0].startswith("≈")
            choose(page, "two: an ensemble", "body")
            assert list(table(page, "body")) == ["first", "second", "ensemble"]
            assert look(page, ".tk") == ground


# ---------------------------------------------------------------- JupyterLab

CELL = """
from toolkit import Simplex, WeightSpace, data, models
from toolkit.widgets import SimplexExplorer
space = WeightSpace(models.mlp(64, 12, 10))
triangle = Simplex([3 * space.init(seed) for seed in range(3)])
explorer = SimplexExplorer(space, triangle, data.load("digits").subset(80), steps=5)
explorer
"""
ASK = "[explorer.value, explorer.second, explorer.metric, list(explorer.networks.shape)]"


lab = notebook_lab(CELL)


def test_explorer_lives_in_jupyterlab(lab, browser):
    page = lab.open(browser, "widget.ipynb")
    run_all(page)
    here = ".jp-OutputArea-output .tk-simplex-explorer"
    widget = page.locator(here).first
    bring(widget)
    drag(page, MIDDLE, [0.6, 0.1, 0.3], view=here)
    kernel_has(page, "explorer.value", pytest.approx([0.6, 0.1, 0.3], abs=0.01))
    _, second, _, shape = kernel_has(page, ASK, lambda found: found[-1][0] == 1)
    assert second == []
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for name in ["3", "ArrowLeft", "a", "x"]:  # a and x would insert and cut cells
        widget.locator(".tks-first").press(name)
    kernel_has(page, "explorer.value", [0.2, 0, 0.8])
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    choose(page, "two: an ensemble", here)
    widget.locator(".tks-second").press("2")
    choose(page, "Loss", here)
    number = widget.get_by_label("weight of corner 2")
    number.fill("0.5")
    number.press("Enter")
    kernel_has(page, ASK, [[0.2, 0, 0.8], [0.25, 0.5, 0.25], "loss", [2, shape[1]]])
    ask_kernel(page, "explorer.value = [0, 1, 0]")
    told = "corner 1 0.00, corner 2 1.00, corner 3 0.00"
    eventually(lambda: widget.locator(".tks-first").get_attribute("aria-valuetext"), told)
    assert page.errors == []
    page.close()
