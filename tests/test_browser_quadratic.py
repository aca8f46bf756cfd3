"""The NoisyQuadraticPlayground in a browser: alone on a page with a stand-in for the model, and in JupyterLab."""

import math
import re

import pytest
from browser import ask_kernel, bring, eventually, notebook_lab, run_all
from widget_page import GROUNDS, drag, exported, look, one_view_closed, sticking_out, thumb, widen, widget_host
from widget_page import put as put_on_page

from toolkit.widgets import NoisyQuadraticPlayground
from toolkit.widgets.base import source
from toolkit.widgets.quadratic_setting import Setting, name_of, show, verdict

TRAITS = list(Setting.__dataclass_fields__)
SETTINGS = [
    {},
    {"axis": "minibatches"},
    {"condition": 1000, "lr": 1.95, "members": 20, "start": 0.9},
    {"condition": 1, "lr": 0.05, "members": 2, "start": 0, "axis": "minibatches"},
    {"late_share": 0, "members": 5, "start": 0.33, "budget": 2000},
    {"late_share": 1, "gamma": "sum", "members": 20, "axis": "minibatches", "budget": 2000},
    {"gamma": "sum", "members": 2, "condition": 37.5, "lr": 0.123},
    {"gamma": "sum"},
    {"gamma": "sum", "lr": 0.4},
    {"gamma": "sum", "lr": 1.5, "members": 20, "axis": "minibatches"},
    {"members": 1, "condition": 10},
    {"gamma": "sum", "members": 5},
]

host = widget_host(saves=TRAITS)


@pytest.fixture
def page(host):
    return host(NoisyQuadraticPlayground())


def get(page, *names: str) -> dict:
    return page.evaluate("names => Object.fromEntries(names.map((name) => [name, model.get(name)]))", names or TRAITS)


def put(page, **traits) -> NoisyQuadraticPlayground:
    """Set traits on the page, and make a playground in Python that has them too."""
    put_on_page(page, **traits)
    return NoisyQuadraticPlayground(**get(page))


def slider(page, label: str, view: str = "#one"):
    return page.locator(view).get_by_role("slider", name=label)


def choose(page, name: str, view: str = "#one") -> None:
    page.locator(view).get_by_role("radio", name=name, exact=True).check(force=True)


def shown(page, view: str = "#one") -> dict[str, str]:
    """Losses at the end as they stand beside the curves, by method."""
    nodes = page.locator(f"{view} [data-method]").all()
    return {node.get_attribute("data-method"): node.locator(".tkq-value").text_content() for node in nodes}


def readout(page, view: str = "#one") -> str:
    return page.locator(f"{view} .tkq-readout").text_content()


def said(playground) -> str:
    return " ".join(filter(None, verdict(playground.setting)))


# ---------------------------------------------------------------- the numbers


def test_the_page_computes_what_python_computes(browser):
    code = source("shared.js", "quadratic_state.js")
    page = browser.new_page()
    for changes in SETTINGS:
        widget = NoisyQuadraticPlayground(**changes)
        found = page.evaluate(
            f"""state => {{ {code}
                const setting = quadraticSetting({{ get: (name) => state[name] }});
                return {{ setting, curves: race(setting), words: verdict(setting, race(setting)) }}; }}""",
            widget.state(),
        )
        expected = widget.curves
        assert set(found["curves"]) == set(expected)
        for name, curve in expected.items():
            seen = found["curves"][name]
            assert seen["x"] == curve.x.tolist() and seen["cost"] == curve.cost
            assert seen["loss"] == pytest.approx(curve.loss.tolist(), rel=1e-6)
            assert seen["settled"] == pytest.approx(curve.settled, rel=1e-6)
        assert found["setting"]["diverging"] == len(widget.setting.diverging)
        assert found["words"] == verdict(widget.setting)
    page.close()


@pytest.mark.parametrize("changes", SETTINGS)
def test_what_is_shown_is_what_python_says(page, changes):
    widget = put(page, **changes)
    assert shown(page) == {name: show(loss) for name, loss in widget.losses.items()} == shown(page, "#two")
    assert readout(page) == said(widget)
    labels = page.locator("#one [data-method]").all_text_contents()
    for name, curve in widget.curves.items():
        cost = f"takes {curve.cost} minibatches" if curve.cost > widget.budget else ""
        assert f"{name_of(name, widget.members)} {show(curve.final)}{cost}" in labels
    assert page.locator("#one .tkq-chart .tkq-curve").count() == len(widget.curves)


def test_curves_are_drawn_where_their_losses_lie(page):
    """The ends of the drawn curves, read back through the tick labels of the logarithmic axis."""
    ticks = page.evaluate(
        """() => [...document.querySelectorAll("#one .tkq-tick")].map((tick) =>
            [Number(tick.querySelector("text").textContent), Number(tick.querySelector("line").getAttribute("y1"))])"""
    )
    (low, y_low), (high, y_high) = ticks[0], ticks[-1]
    for name, curve in NoisyQuadraticPlayground().curves.items():
        path = page.locator(f"#one .tkq-curve.tkq-{name} .tkq-line").get_attribute("d")
        end = float(path.rsplit(" ", 1)[1])
        loss = low * math.exp(math.log(high / low) * (end - y_low) / (y_high - y_low))
        assert loss == pytest.approx(curve.final, rel=0.01)
        dotted = page.locator(f"#one .tkq-curve.tkq-{name} .tkq-settled")
        y = float(dotted.get_attribute("y1"))
        assert y == float(dotted.get_attribute("y2"))
        settled = low * math.exp(math.log(high / low) * (y - y_low) / (y_high - y_low))
        assert settled == pytest.approx(curve.settled, rel=0.01)


def test_every_curve_has_a_colour_a_mark_and_a_pattern_of_its_own(page):
    looks = page.evaluate(
        """() => [...document.querySelectorAll("#one .tkq-curve")].map((curve) => {
            const style = getComputedStyle(curve.querySelector(".tkq-line"));
            const shape = curve.querySelector(".tkq-mark").getAttribute("d").replace(/[-\\d. ]+/g, "");
            return [style.stroke, style.strokeDasharray + style.strokeWidth, shape]; })"""
    )
    colours, patterns, _ = (set(column) for column in zip(*looks, strict=True))
    assert len(looks) == len(colours) == len(patterns) == 6


# ---------------------------------------------------------------- what the learner does


def test_the_axis_changes_the_order_of_the_winners(page):
    order = lambda: sorted(["average", "swa", "slow", "sgd"], key=lambda name: float(shown(page)[name]))  # noqa: E731
    assert order() == ["average", "swa", "slow", "sgd"]
    assert readout(page).startswith("Lowest of the single runs after 200 outer steps: late-phase average")
    choose(page, "minibatches")
    assert get(page, "axis") == {"axis": "minibatches"} and page.evaluate("saved.at(-1)[6]") == "minibatches"
    assert order() == ["swa", "slow", "average", "sgd"]
    assert readout(page).startswith("Lowest of the single runs after 200 minibatches: SWA")
    choose(page, "outer steps")
    assert order()[0] == "average"


@pytest.mark.parametrize(
    ("label", "trait", "keys", "values", "words"),
    [
        ("Condition number", "condition", ["ArrowRight", "End", "Home", "ArrowRight"], [200, 1000, 1, 2], "2"),
        ("Learning rate η", "lr", ["ArrowLeft", "Home", "ArrowUp", "End"], [0.45, 0.05, 0.1, 1.95], "1.95"),
        ("Late part of η", "late_share", ["ArrowUp", "Home", "End", "ArrowLeft"], [0.55, 0, 1, 0.95], "95 %"),
        ("Release T₀", "start", ["ArrowLeft", "Home", "End", "ArrowDown"], [0.4, 0, 0.9, 0.8], "80 %"),
    ],
)
def test_sliders_move_by_keys_and_say_their_value(page, label, trait, keys, values, words):
    one = slider(page, label)
    one.focus()
    for key, value in zip(keys, values, strict=True):
        page.keyboard.press(key)
        assert get(page, trait)[trait] == value == page.evaluate("i => saved.at(-1)[i]", TRAITS.index(trait))
    assert one.get_attribute("aria-valuetext") == words == slider(page, label, "#two").get_attribute("aria-valuetext")
    assert page.locator("#one output").all_text_contents().count(words) >= 1
    assert readout(page) == readout(page, "#two") == said(put(page))


def test_sliders_move_by_mouse(page):
    for label, trait, value in [("Condition number", "condition", 1000), ("Late part of η", "late_share", 1)]:
        drag(page, thumb(slider(page, label), 0.5), thumb(slider(page, label), 1.1))
        assert get(page, trait) == {trait: value}
    assert shown(page) == {name: show(loss) for name, loss in put(page).losses.items()}


def test_every_part_can_be_reached_and_used_by_keys_alone(page):
    page.locator("#one").get_by_role("radio", name="outer steps").focus()
    page.keyboard.press("ArrowRight")
    assert get(page, "axis") == {"axis": "minibatches"}
    reached = []
    for _ in range(7):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.labels[0].textContent"))
    assert reached == ["200", "10", "mean (1/K)", "Condition number", "Learning rate η", "Late part of η", "Release T₀"]
    page.locator("#one").get_by_role("radio", name="10", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.locator("#one").get_by_role("radio", name="200", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert get(page, "members", "gamma", "budget") == {"members": 5, "gamma": "sum", "budget": 2000}


def test_keys_do_not_escape(page):
    slider(page, "Learning rate η").focus()
    for key in ["a", "x", "ArrowLeft", "Home"]:
        page.keyboard.press(key)
    assert page.evaluate("escaped") == []


def test_a_value_off_the_sliders_steps_is_shown_as_it_is(page):
    put(page, lr=0.123, condition=37.5, start=0.33, late_share=0.777)
    sliders = ["Condition number", "Learning rate η", "Late part of η", "Release T₀"]
    spoken = [slider(page, label).get_attribute("aria-valuetext") for label in sliders]
    assert spoken == ["37.5", "0.123", "77.7 %", "30 %"]
    assert get(page, "lr", "condition") == {"lr": 0.123, "condition": 37.5}


# ---------------------------------------------------------------- divergence


def test_divergence_is_said_and_nothing_of_it_is_drawn(page):
    choose(page, "sum (1)")
    assert readout(page).startswith("The late phase diverges in directions 1 and 2 (h = 1 to 0.785)")
    assert "T₀ = 100: late phase diverges" in page.locator("#one .tkq-chart").text_content()
    assert set(shown(page)) == {"sgd", "slow", "swa", "runs"} and page.locator("#one .tkq-warns").count() == 1
    slider(page, "Learning rate η").press("Home")
    words = page.locator("#one").text_content  # with what is spoken, which may lag behind
    eventually(words, lambda told: "diverges" not in told.replace("SGD diverges at 2", ""))
    assert "average" in shown(page) and page.locator("#one .tkq-warns").count() == 0


# ---------------------------------------------------------------- a page like others


def test_screen_readers_hear_the_verdict_and_the_chart(page):
    choose(page, "minibatches")
    page.wait_for_function("document.querySelector('#one [role=status]').textContent.includes('minibatches: SWA')")
    assert page.locator("#one [role=status]").text_content() == said(put(page))
    name = page.locator("#one .tkq-chart").get_attribute("aria-label")
    assert name.startswith("SGD 0.692, SGD at η/10 0.163, SWA 0.104, late-phase average 0.170,")


def test_closing_a_view_leaves_no_listener(page):
    with one_view_closed(page):
        choose(page, "minibatches", "#two")
        assert shown(page, "#two")["average"] == "0.170"


@pytest.mark.parametrize("width", [320, 480, 560, 700, 1000])
@pytest.mark.parametrize("changes", [{}, {"budget": 2000, "members": 20}, {"gamma": "sum", "lr": 1.5, "members": 20}])
def test_nothing_sticks_out_and_no_names_overlap(page, width, changes):
    put(page, **changes)
    widen(page, width)
    assert sticking_out(page, ".tk-spoken, clipPath, .tkq-line", margin=-4) == []
    boxes = [node.bounding_box() for node in page.locator("#one .tkq-label text").all()]
    boxes.sort(key=lambda box: box["y"])
    assert all(a["y"] + a["height"] <= b["y"] + 4 for a, b in zip(boxes, boxes[1:], strict=False))
    cut = page.evaluate(
        "[...document.querySelectorAll('#one small')].filter((node) => node.scrollWidth > node.clientWidth + 1).length"
    )
    assert cut == 0
    assert len(shown(page)) == len(put(page).curves)


def test_exported_page_works_from_disk_in_both_themes(browser, tmp_path):
    file = NoisyQuadraticPlayground().export_html(tmp_path / "playground.html")
    for scheme, ground in GROUNDS.items():
        with exported(browser, file, ".tkq-chart", color_scheme=scheme) as page:
            slider(page, "Condition number", "body").press("End")
            choose(page, "minibatches", "body")
            expected = NoisyQuadraticPlayground(condition=1000, axis="minibatches")
            assert shown(page, "body") == {name: show(loss) for name, loss in expected.losses.items()}
            assert look(page, ".tk") == ground


# ---------------------------------------------------------------- JupyterLab

CELL = "from toolkit.widgets import NoisyQuadraticPlayground\nplayground = NoisyQuadraticPlayground()\nplayground"


lab = notebook_lab(CELL)


def test_playground_lives_in_jupyterlab(lab, browser):
    page = lab.open(browser, "widget.ipynb")
    run_all(page)
    here = ".jp-OutputArea-output .tk-quadratic-playground"
    bring(page.locator(here).first)
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ["End", "ArrowLeft", "a", "x"]:  # a and x would insert and cut cells
        slider(page, "Condition number", here).press(key)
    choose(page, "minibatches", here)
    choose(page, "5", here)
    slider(page, "Learning rate η", here).press("ArrowRight")
    eventually(
        lambda: ask_kernel(page, "print(playground)"),
        "NoisyQuadraticPlayground(condition=500, lr=0.55, late_share=0.5, members=5, gamma='mean', start=0.5, "
        "axis='minibatches', budget=200)",
    )
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    ask_kernel(page, "playground.gamma, playground.late_share = 'sum', 0.25")
    told = ask_kernel(page, "print(' '.join(f'{name}={loss:.3g}' for name, loss in playground.losses.items()))")
    losses = {name: show(float(loss)) for name, loss in re.findall(r"(\w+)=(\S+)", told)}
    assert "average" not in losses
    eventually(lambda: shown(page, here), losses)
    assert slider(page, "Late part of η", here).get_attribute("aria-valuetext") == "25 %"
    assert page.errors == []
    page.close()
