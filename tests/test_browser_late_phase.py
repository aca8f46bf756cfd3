"""The LatePhasePanel in a browser: the module alone on a page with a stand-in for the model, and in JupyterLab."""

import json

import numpy as np
import pytest
from browser import ask_kernel, bring, eventually, kernel_has, notebook_lab, run_all
from test_late_phase_panel import MEMBERS, NOISE, SEEDS, START, at, made_up, percent
from widget_page import GROUNDS, drag, exported, look, one_view_closed, put, sticking_out, thumb, widen, widget_host

from toolkit.widgets import LatePhasePanel
from toolkit.widgets.late_phase_data import SERIES, checked
from toolkit.widgets.late_phase_words import sentences

GRID = made_up()
REFERENCES = {"SWA": [0.71, 0.72, 0.70], "lr / 2": 0.735}
VALUES = {"noise": NOISE, "start": START, "members": MEMBERS}
SLIDERS = {"noise": "Noise σ₀", "start": "Release T₀", "members": "Members K"}

host = widget_host(saves=["noise", "start", "members", "over"])


@pytest.fixture
def page(host):
    return host(LatePhasePanel(GRID, REFERENCES))


def settings(page) -> list:
    return page.evaluate("['noise', 'start', 'members', 'over'].map(model.get)")


def slider(page, axis: str, view: str = "#one"):
    return page.locator(view).get_by_role("slider", name=SLIDERS[axis])


def press(page, axis: str, *names: str) -> list:
    """Press keys on a slider; its value after each."""
    slider(page, axis).focus()
    seen = []
    for name in names:
        page.keyboard.press(name)
        seen.append(page.evaluate("axis => model.get(axis)", axis))
    return seen


def numbers(page, view: str = "#one") -> list[str]:
    return page.locator(f"{view} .tkl-number").all_text_contents()


def said(page, view: str = "#one") -> list[str]:
    return page.locator(f"{view} .tkl-said p").all_text_contents()


def geometry(page, chart: str) -> dict:
    """What is drawn in a chart, with heights turned back into accuracies by means of its labelled rules."""
    found = page.evaluate(
        """chart => {
            const all = (name) => [...document.querySelectorAll(`#one .${chart} ${name}`)];
            const y = (node, name = "y1") => Number(node.getAttribute(name));
            const middle = (node) => { const box = node.getBBox(); return [box.x + box.width / 2, box.y + box.height / 2]; };
            return {
                rules: all(".tkl-rule").map((g) => [parseFloat(g.querySelector("text").textContent) / 100, y(g.querySelector("line"))]),
                base: all(".tkl-base").map((node) => y(node)),
                references: all(".tkl-reference").map((node) => y(node)),
                bars: all(".tkl-bar").map((node) => [y(node, "y"), y(node, "y") + y(node, "height")]),
                seeds: all(".tkl-column").map((g) => [...g.querySelectorAll(".tkl-seed")].map((node) => y(node, "cy"))),
                whiskers: all(".tkl-whisker").map((node) => { const b = node.getBBox(); return [b.y, b.y + b.height]; }),
                lines: all(".tkl-line").map((node) => [node.getAttribute("class").split("-").at(-1),
                    node.getAttribute("d").slice(1).split("L").map((pair) => pair.split(" ").map(Number))]),
                now: all(".tkl-mark.tkl-now").map((node) => [node.getAttribute("class").split(" ")[1].slice(4), ...middle(node)]),
                place: all(".tkl-place").map((node) => Number(node.getAttribute("x1"))),
                ticks: all(".tkl-tick").map((node) => [node.textContent, Number(node.getAttribute("x")), node.classList.contains("tkl-now")]),
            };
        }""",  # noqa: E501
        chart,
    )
    levels, heights = np.array(found["rules"]).T
    slope, offset = np.polyfit(heights, levels, 1)
    assert slope < 0 and np.allclose(slope * heights + offset, levels, atol=1e-9)
    found["level"] = lambda y: slope * np.asarray(y) + offset
    return found


# ---------------------------------------------------------------- keys and mouse


def test_arrows_step_along_the_grid_and_stop_at_its_ends(page):
    assert press(page, "noise", *["ArrowRight"] * 6, "ArrowLeft") == [0.25, 0.5, 1, 1.5, 2, 2, 1.5]
    assert press(page, "start", "ArrowLeft", "Home", "ArrowLeft", "End", "ArrowUp") == [0.3, 0, 0, 0.8, 0.8]
    assert press(page, "members", "ArrowUp", "End", "ArrowDown", "Home") == [10, 20, 10, 1]
    assert settings(page) == [1.5, 0.8, 1, "members"]
    assert page.evaluate("saved.at(-1)") == [1.5, 0.8, 1, "members"]


def test_keys_do_not_escape(page):
    press(page, "noise", "a", "x", "ArrowRight", "Home")
    assert page.evaluate("escaped") == []


def test_every_slider_is_reached_by_keys_alone(page):
    slider(page, "noise").focus()
    for axis in ("noise", "start", "members"):
        assert page.evaluate("document.activeElement.ariaLabel") == SLIDERS[axis]
        page.keyboard.press("End")
        page.keyboard.press("Tab")
    assert settings(page)[:3] == [2, 0.8, 20]
    assert numbers(page) == [percent(at(GRID, name, 20, 0.8, 2)) for name in SERIES]


def test_sliders_are_dragged_with_the_mouse(page):
    first, third, fifth = (thumb(slider(page, "noise"), i / (len(NOISE) - 1)) for i in (0, 2.1, 3.9))
    page.mouse.move(*first)
    page.mouse.down()
    page.mouse.move(*third, steps=5)
    assert settings(page)[0] == 0.5
    page.mouse.move(*fifth, steps=5)
    page.mouse.up()
    assert settings(page)[0] == 1.5 and said(page)[0].startswith("σ₀ = 1.5, T₀ = 60 %, K = 5: ")


def test_a_press_on_the_curves_goes_to_the_nearest_place(page):
    for over, values in VALUES.items():
        put(page, over=over)
        box = page.locator("#one .tkl-curves").bounding_box()
        places = {text: x for text, x, _ in geometry(page, "tkl-curves")["ticks"]}
        first, last = (f"{100 * v:g} %" if over == "start" else f"{v:g}" for v in (values[0], values[-1]))
        y = box["y"] + 100
        page.mouse.click(box["x"] + places[last] + 8, y)
        assert page.evaluate("over => model.get(over)", over) == values[-1]
        drag(page, (box["x"] + places[last], y), (box["x"] + places[first] - 30, y), steps=8)
        assert page.evaluate("over => model.get(over)", over) == values[0]
        page.mouse.move(box["x"] + places[last], y)  # no button held
        assert page.evaluate("over => model.get(over)", over) == values[0]
        assert settings(page)[3] == over


def test_both_views_follow(page):
    press(page, "noise", "End")
    press(page, "members", "End")
    assert numbers(page, "#two") == numbers(page) and said(page, "#two") == said(page)
    assert slider(page, "noise", "#two").input_value() == "5"
    assert slider(page, "noise", "#two").get_attribute("aria-valuetext") == "2 × the weights' own size"


# ---------------------------------------------------------------- what is shown


def test_numbers_and_words_are_those_of_the_grid_at_every_setting(page):
    record = checked(GRID, REFERENCES)
    for members in MEMBERS:
        for start in START:
            for noise in NOISE:
                put(page, members=members, start=start, noise=noise)
                assert numbers(page) == [percent(at(GRID, name, members, start, noise)) for name in SERIES]
                assert said(page) == sentences(record, {"members": members, "start": start, "noise": noise})


def test_bars_reach_from_the_base_to_the_means_with_seeds_and_deviations(page):
    base = np.mean(GRID["base"])
    for members, start, noise in [(5, 0.6, 1.5), (20, 0, 2), (1, 0.8, 0), (2, 0.3, 1)]:
        put(page, members=members, start=start, noise=noise)
        found = geometry(page, "tkl-bars")
        assert found["level"](found["base"]) == pytest.approx([base], abs=1e-6)
        assert found["level"](found["references"]) == pytest.approx([0.71, 0.735], abs=1e-6)
        for s, name in enumerate(SERIES):
            seeds = at(GRID, name, members, start, noise)
            mean, sd = seeds.mean(), seeds.std(ddof=1)
            ends = found["level"](found["bars"][s])
            assert sorted(ends) == pytest.approx(sorted([base, mean]), abs=1e-6)
            assert found["level"](found["seeds"][s]) == pytest.approx(seeds, abs=1e-6) and len(seeds) == SEEDS
            assert found["level"](found["whiskers"][s]) == pytest.approx([mean + sd, mean - sd], abs=1e-5)


def test_curves_run_over_the_slider_moved_last_with_the_place_marked(page):
    place = {"noise": 1, "start": 0.3, "members": 10}
    put(page, **place)
    for over, values in VALUES.items():
        slider(page, over).focus()
        index = values.index(place[over])
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        assert settings(page)[3] == over
        found = geometry(page, "tkl-curves")
        drawn = dict(found["lines"])
        for name in SERIES:
            means = [at(GRID, name, **{**place, over: value}).mean() for value in values]
            x, y = np.array(drawn[name]).T
            assert found["level"](y) == pytest.approx(means, abs=5e-4)
            where = np.log(values) if over == "members" else np.array(values)
            assert np.allclose((x - x[0]) / (x[-1] - x[0]), (where - where[0]) / (where[-1] - where[0]), atol=2e-3)
            [[mx, my]] = [centre for mark, *centre in found["now"] if mark == name]
            assert mx == pytest.approx(x[index], abs=0.1) and my == pytest.approx(y[index], abs=0.1)
        assert found["place"] == pytest.approx([x[index]], abs=0.06)
        [[text, at_x, _]] = [tick for tick in found["ticks"] if tick[2]]
        shown = f"{100 * place[over]:g} %" if over == "start" else f"{place[over]:g}"
        assert text == shown and at_x == pytest.approx(x[index], abs=0.06)
    others = page.text_content("#one .tkl-curves-panel .tkl-head")
    assert others == "Over Kat σ₀ = 1, T₀ = 30 %"


def test_both_charts_have_one_scale_that_stays(page):
    rules = geometry(page, "tkl-bars")["rules"]
    assert geometry(page, "tkl-curves")["rules"] == rules
    put(page, noise=2, members=20, over="members")
    assert geometry(page, "tkl-bars")["rules"] == rules == geometry(page, "tkl-curves")["rules"]


def test_the_price_is_named(page):
    def costs():
        return page.locator("#one .tkl-cost").all_text_contents()

    assert costs() == ["one of 5", "1 network", "5 networks"]
    put(page, members=1)
    assert costs() == ["1 network"] * 3


def test_the_lines_to_compare_with_have_names(page):
    labels = page.locator("#one .tkl-bars .tkl-label").all_text_contents()
    base = percent(np.array(GRID["base"]))
    assert [label.split()[0] for label in labels] == ["base", "SWA", "lr"]
    assert "Dotted: SWA 71.0 %, lr / 2 73.5 %." in page.text_content("#one .tk-caption")
    widen(page, 1000)
    page.wait_for_function("document.querySelector('#one .tkl-bars .tkl-label').textContent.includes('%')")
    assert page.locator("#one .tkl-bars .tkl-label").all_text_contents() == [
        f"base {base}",
        "SWA 71.0 %",
        "lr / 2 73.5 %",
    ]


def test_words_stand_beside_the_sliders(page):
    def words(axis):
        return page.locator("#one .tkl-slider", has=page.get_by_label(SLIDERS[axis])).inner_text().split("\n")[:2]

    assert words("noise") == ["Noise σ₀ = 0", "no noise at the release"]
    assert words("start") == ["Release T₀ = 60 %", "released at 60 % of training"]
    press(page, "noise", "ArrowRight")
    press(page, "start", "Home")
    press(page, "members", "Home")
    assert words("noise") == ["Noise σ₀ = 0.25", "0.25 × the weights' own size"]
    assert words("start") == ["Release T₀ = 0 %", "released from the first step"]
    assert words("members") == ["Members K = 1", "one network"]


def test_screen_readers_hear_the_setting_and_its_numbers(page):
    press(page, "noise", "End")
    page.wait_for_function("document.querySelector('#one [role=status]').textContent.startsWith('σ₀ = 2')")
    assert page.text_content("#one [role=status]") == " ".join(said(page))


def test_an_axis_with_one_value_cannot_be_moved(host):
    one = {**GRID, "members": [5]} | {name: GRID[name][2:3] for name in SERIES}
    page = host(LatePhasePanel(one))
    assert slider(page, "members").is_disabled() and not slider(page, "noise").is_disabled()
    put(page, over="members", noise=1.5)
    assert numbers(page) == [percent(at(GRID, name, 5, 0.6, 1.5)) for name in SERIES]
    page.locator("#one .tkl-curves").click()
    assert settings(page) == [1.5, 0.6, 5, "members"]


def test_closing_a_view_leaves_no_listener(page):
    with one_view_closed(page):
        slider(page, "noise", "#two").press("End")
        assert settings(page)[0] == 2


# ---------------------------------------------------------------- room


@pytest.mark.parametrize("width", [320, 480, 590, 700, 1000])
def test_nothing_sticks_out_or_overlaps(host, width):
    page = host(LatePhasePanel(GRID, {**REFERENCES, "a method with a rather long name": 0.72}))
    widen(page, width)
    for setting in [{"noise": 0}, {"noise": 2, "members": 20}, {"over": "start"}, {"noise": 0.5, "over": "members"}]:
        put(page, **setting)
        assert sticking_out(page) == []
        over = page.evaluate(
            """() => { const box = (node) => node.getBoundingClientRect();
                const clash = (nodes) => nodes.flatMap((a, i) => nodes.slice(i + 1).filter((b) =>
                    box(a).left < box(b).right && box(b).left < box(a).right &&
                    box(a).top + 2 < box(b).bottom && box(b).top + 2 < box(a).bottom));
                const over = ['.tkl-bars .tkl-name', '.tkl-bars .tkl-cost', '.tkl-bars .tkl-label text', '.tkl-number',
                    '.tkl-curves .tkl-label text', '.tkl-tick'].flatMap((name) =>
                    clash([...document.querySelectorAll(`#one ${name}`)]));
                return over.map((node) => `${node.getAttribute('class')}: ${node.textContent}`); }"""
        )
        assert over == []


@pytest.mark.parametrize("width", [700, 1000])
def test_moving_a_slider_moves_nothing_below(page, width):
    widen(page, width)
    heights = set()
    for members in MEMBERS:
        for noise in NOISE:
            put(page, members=members, noise=noise)
            heights.add(page.locator("#one .tk").bounding_box()["height"])
    assert len(heights) == 1


# ---------------------------------------------------------------- without a kernel


def test_exported_page_works_from_disk_in_both_themes(browser, tmp_path):
    panel = LatePhasePanel(GRID, REFERENCES)
    panel.noise = 1.5
    file = panel.export_html(tmp_path / "panel.html")
    for scheme, ground in GROUNDS.items():
        with exported(browser, file, ".tkl-number", color_scheme=scheme) as page:
            assert numbers(page, "body") == [percent(at(GRID, name, 5, 0.6, 1.5)) for name in SERIES]
            slider(page, "noise", "body").press("ArrowRight")
            slider(page, "members", "body").press("End")
            assert numbers(page, "body") == [percent(at(GRID, name, 20, 0.6, 2)) for name in SERIES]
            assert page.inner_text("body .tkl-curves-panel h4") == "Over K"
            assert look(page, ".tk") == ground
            average = look(page, ".tkl-line.tkl-average", "stroke")
            assert average == {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[scheme]


# ---------------------------------------------------------------- JupyterLab

CELL = """
import json
from toolkit.widgets import LatePhasePanel
panel = LatePhasePanel(json.loads({grid!r}))
panel
"""
ASK = "[panel.noise, panel.start, panel.members, panel.over, panel.values]"


lab = notebook_lab(CELL.format(grid=json.dumps(GRID)))


def test_panel_lives_in_jupyterlab(lab, browser):
    page = lab.open(browser, "widget.ipynb")
    run_all(page)
    here = ".jp-OutputArea-output .tk-late-phase-panel"
    bring(page.locator(here).first)

    def means(members, start, noise) -> dict:
        return {name: pytest.approx(at(GRID, name, members, start, noise).mean()) for name in SERIES}

    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ["End", "ArrowLeft", "a", "x"]:  # a and x would insert and cut cells
        slider(page, "noise", here).press(key)
    kernel_has(page, ASK, [1.5, 0.6, 5, "noise", means(5, 0.6, 1.5)])
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    slider(page, "members", here).press("End")
    kernel_has(page, ASK, [1.5, 0.6, 20, "members", means(20, 0.6, 1.5)])
    ask_kernel(page, "panel.start = 0; panel.noise = 0.5")
    eventually(lambda: numbers(page, here), [percent(at(GRID, name, 20, 0, 0.5)) for name in SERIES])
    assert slider(page, "start", here).get_attribute("aria-valuetext") == "released from the first step"
    assert page.errors == []
    page.close()
