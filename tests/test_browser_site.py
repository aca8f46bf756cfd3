"""The site in a browser, opened from disk with the network off: live, searched, printed, small, without scripts."""

import nbformat
import pytest
from browser import collect_errors
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from toolkit.site import build


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of two pages: lesson 00, and a small one with two live playgrounds, a fold and a formula."""
    folder = tmp_path_factory.mktemp("site")
    widget = "from toolkit.widgets import NoisyQuadraticPlayground\nNoisyQuadraticPlayground(members=5)"
    cells = [
        new_markdown_cell("# A bowl\n\n[first](00_start_here.ipynb#All-lessons), [web](https://example.org/)"),
        new_markdown_cell("## Shaken\n\n$$\\max_t \\tfrac12 h w^2$$"),
        new_code_cell(widget),
        new_markdown_cell("Filler.\n\n" * 60 + "## Far below"),
        new_code_cell("NoisyQuadraticPlayground(members=2)"),
        new_markdown_cell("<details>\n<summary>Solution</summary>\n\n```python\nanswer = 42\n```\n\n</details>"),
    ]
    nbformat.write(new_notebook(cells=cells), folder / "50_bowl.ipynb")
    return build(folder / "site", ["00", folder / "50_bowl.ipynb"])


@pytest.fixture
def opened(browser, site):
    """Open a page of the site; at the end nothing but files of the site may have been asked for, without an error."""
    contexts, seen = [], []

    def start(file="50_bowl.html", **settings):
        context = browser.new_context(offline=True, **{"viewport": {"width": 1300, "height": 800}, **settings})
        page = context.new_page()
        page.set_default_timeout(8_000)
        page.on("request", lambda request: seen.append(request.url))
        page.errors = collect_errors(page)
        contexts.append((context, page))
        page.goto((site / file).as_uri())
        return page

    yield start
    for context, page in contexts:
        assert page.errors == []
        context.close()
    files = {path.as_uri() for path in site.iterdir()}
    outside = [url for url in seen if url.partition("#")[0] not in files and not url.startswith(("data:", "blob:"))]
    assert seen and outside == []


def live(page, name):
    page.locator(f"#{name}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#{name}[data-mounted=yes]")
    return page.locator(f"#{name} .live")


def test_a_slider_moves_without_kernel_and_network(opened):
    page = opened()
    box = live(page, "widget-1")
    slider = box.locator("input[type=range]").first
    readout, before = box.inner_text(), slider.input_value()
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert slider.input_value() != before and box.inner_text() != readout
    assert not page.locator("#widget-1 .still").is_visible()


def test_a_widget_far_below_waits_until_the_reader_comes_and_has_its_own_state(opened):
    page = opened()
    live(page, "widget-1")
    assert page.evaluate("document.getElementById('widget-2').dataset.mounted") is None
    assert page.locator("#widget-2 .still").count() == 1
    live(page, "widget-2")
    members = [
        page.evaluate("name => document.getElementById(name).model.get('members')", f"widget-{n}") for n in (1, 2)
    ]
    assert members == [5, 2]


def test_search_by_keyboard_leads_to_a_heading_of_another_page(opened):
    page = opened()
    page.keyboard.press("/")
    page.keyboard.type("all less")
    found = page.locator("#found li")
    assert found.first.inner_text().splitlines() == ["00 Start here", "All lessons"]
    assert page.locator("#query").get_attribute("aria-activedescendant") == "found-0"
    page.keyboard.press("Enter")
    page.wait_for_url("**/00_start_here.html#All-lessons")
    assert page.locator("#All-lessons").is_visible()


def test_search_chooses_with_arrows_says_when_nothing_is_there_and_closes(opened):
    page = opened()
    page.locator("#find").click()
    page.keyboard.type("a")
    chosen = "document.querySelector('#found [aria-selected=true]').id"
    assert page.evaluate(chosen) == "found-0"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(chosen) == "found-1"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(chosen) == f"found-{page.locator('#found li').count() - 1}"
    page.locator("#query").fill("xyzzy")
    said = page.locator("#count").inner_text()
    assert said.startswith("Nothing found in the headings and topics;") and "Ctrl-F" in said
    assert page.locator("#found li").count() == 0
    page.keyboard.press("Escape")
    assert not page.locator("#search").is_visible()


def test_search_finds_what_a_lesson_is_about(opened):
    page = opened()
    page.keyboard.press("/")
    page.keyboard.type("saddle")
    assert "saddle" in page.locator("#found li").first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/index.html#lesson-00")


def test_a_slash_inside_a_widget_is_the_widgets(opened):
    page = opened()
    live(page, "widget-1").locator("input[type=range]").first.focus()
    page.keyboard.press("/")
    assert not page.locator("#search").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_systems_until_the_reader_says_otherwise(opened, scheme):
    page = opened(color_scheme=scheme)
    live(page, "widget-1")
    other = {"light": "dark", "dark": "light"}[scheme]
    ground = "selector => getComputedStyle(document.querySelector(selector)).backgroundColor"
    colours = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}
    assert page.evaluate(ground, "body") == page.evaluate(ground, ".tk") == colours[scheme]
    page.locator("#theme").click()
    assert page.evaluate(ground, "body") == page.evaluate(ground, ".tk") == colours[other]
    assert page.locator("#theme").get_attribute("aria-pressed") == str(other == "dark").lower()
    page.reload()
    assert page.evaluate(ground, "body") == colours[other]


def test_on_paper_there_are_no_bars_the_folds_are_open_and_widgets_are_pictures(opened):
    page = opened(color_scheme="dark")
    live(page, "widget-1")
    assert not page.get_by_text("answer = 42").is_visible()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    shown = {name: page.locator(name).first.is_visible() for name in [".bar", ".walk", ".contents", "#widget-1 .live"]}
    assert not any(shown.values()), shown
    assert page.locator("#widget-1 .still").is_visible() and page.locator("#widget-2 .still").is_visible()
    assert page.get_by_text("answer = 42").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert not page.get_by_text("answer = 42").is_visible() and page.locator("#widget-1 .live").is_visible()


@pytest.mark.parametrize("file", ["index.html", "00_start_here.html", "50_bowl.html"])
def test_nothing_is_wider_than_a_phone(opened, file):
    page = opened(file, viewport={"width": 400, "height": 800})
    for name in [figure.get_attribute("id") for figure in page.query_selector_all("figure.widget")]:
        live(page, name)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.locator("nav.contents").count() == 0 or not page.locator("nav.contents").is_visible()


def test_the_first_tab_skips_to_the_content_and_focus_can_be_seen(opened):
    page = opened()
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert page.evaluate("document.activeElement.className") == "skip" and skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.locator("#find").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_without_scripts_everything_can_be_read(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("#widget-1 .still").is_visible() and page.locator("#widget-2 .still").is_visible()
    assert "bowl" in page.locator("h1").inner_text() and not page.locator("#find").is_visible()
    page.locator("summary", has_text="Solution").click()
    assert page.get_by_text("answer = 42").is_visible()
    page.locator("article a", has_text="first").click()
    page.wait_for_url("**/00_start_here.html#All-lessons")
