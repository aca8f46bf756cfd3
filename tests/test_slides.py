"""Slides: nothing of a lesson is lost, each begins where it should, and they walk by keyboard with the network off."""

import base64
import errno
import re

import nbformat
import pytest
from browser import collect_errors, eventually
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from site_document import Document

from toolkit.notebooks import FOLDER, LessonError
from toolkit.site.cells import Article, article
from toolkit.site.words import Words
from toolkit.slides import deal, main, write
from toolkit.widgets import NoisyQuadraticPlayground
from toolkit.widgets.base import PORTABLE_WANTED


@pytest.fixture(scope="module")
def lesson() -> Article:
    """A lesson with sections, an exercise with its solution, a picture and two widgets; made without a kernel."""
    playground = NoisyQuadraticPlayground(members=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PORTABLE_WANTED, "1")
        shown = new_output("display_data", playground._repr_mimebundle_()[0])
    png = {"image/png": base64.b64encode(playground.picture()).decode("ascii")}
    picture = new_output("display_data", png, metadata={"image/png": {"alt": "a bowl"}})
    cells = [
        new_markdown_cell("# Bowls\n\nThe promise."),
        new_markdown_cell("## 1 · Look\n\nLook at $x$."),
        new_code_cell("picture()", outputs=[picture]),
        new_code_cell("playground", outputs=[shown]),
        new_markdown_cell("## 2 · Build\n\n**Exercise 9.1 · Fill** — easy\n\nFill it."),
        new_code_cell("def fill():\n    raise NotImplementedError"),
        new_markdown_cell("<details>\n<summary>Solution</summary>\n\n```python\nanswer = 42\n```\n\n</details>"),
        new_markdown_cell("## 3 · Again\n\nOnce more, [up](#1-·-Look)."),
        new_code_cell("playground", outputs=[shown]),
    ]
    return article(new_notebook(cells=cells), Words(lambda address: address))


def test_a_slide_begins_with_every_section_exercise_and_widget(lesson):
    found = [(slide.heading, slide.going_on) for slide in deal(lesson)]
    assert found == [
        ("", False),
        ("1 · Look", False),
        ("1 · Look", True),  # the widget
        ("Exercise 9.1 · Fill", False),  # the bare heading of its section stands above it
        ("3 · Again", False),
        ("3 · Again", True),
    ]
    assert "2 · Build" in deal(lesson)[3].html and "Solution" in deal(lesson)[3].html


def test_code_above_a_picture_is_folded_and_other_code_is_not(lesson):
    slides = deal(lesson)
    assert re.search(r"<details><summary>The code of this cell</summary>\s*<pre", slides[1].html)
    assert slides[3].html.count("<details") == 1


def test_what_does_not_fit_goes_on_under_the_same_heading():
    parts = [("text", "<h2 id='a'>Long &amp; wide</h2>"), *[("text", "<p>" + "word " * 170 + "</p>")] * 6]
    slides = deal(Article("Long", parts))
    assert len(slides) > 2 and all(slide.lines <= 22 for slide in slides)
    assert {slide.heading for slide in slides} == {"Long & wide"}
    assert '<p class="going-on">Long &amp; wide</p>' in slides[1].html


@pytest.mark.parametrize("path", sorted(FOLDER.glob("0[0-9]_*.ipynb")), ids=lambda path: path.stem[:2])
def test_nothing_of_a_lesson_is_lost(path):
    made = article(nbformat.read(path, as_version=4), Words(lambda address: None))
    whole, dealt = Document(made.html), Document("\n".join(slide.html for slide in deal(made)))
    for tag in ["pre", "img", "math", "table", "li", "h2", "summary"]:
        folded = "\n".join(slide.html for slide in deal(made)).count("<summary>The code of this cell</summary>")
        extra = folded - made.html.count("<summary>The code of this cell</summary>") if tag == "summary" else 0
        assert dealt.tags[tag] - extra == whole.tags[tag], tag
    assert dealt.ids == whole.ids


def test_the_command_writes_a_file_a_lesson_or_says_why_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("toolkit.site.builder.execute", lambda path, timeout: nbformat.read(path, as_version=4))
    assert main(["00", "--out", str(tmp_path)]) == 0
    target = tmp_path / "00_start_here.html"
    assert capsys.readouterr().out == f"{target}: arrow keys walk; print it for a slide a page.\n"
    before = target.read_bytes()

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        assert main(["00", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"The slides could not be written to {tmp_path}: No space left on device.\n"

    def stopped(path, timeout):
        raise LessonError("00_start_here.ipynb: cell 2 stopped with ValueError: no.")

    monkeypatch.setattr("toolkit.site.builder.execute", stopped)
    assert main(["00", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "00_start_here.ipynb: cell 2 stopped with ValueError: no.\n"
    assert main(["77"]) == 1 and "lessons must be numbers" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [target.name] and target.read_bytes() == before


@pytest.mark.parametrize("text", ["{}", "[]", "no json"])
def test_a_file_that_is_no_notebook_is_named(text, tmp_path, capsys):
    path = tmp_path / "mine.ipynb"
    path.write_text(text)
    assert main([str(path), "--out", str(tmp_path / "slides")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mine.ipynb: is no notebook, because ") and said.endswith(".\n") and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture(scope="module")
def page(lesson, browser, tmp_path_factory):
    """The slides in a browser without a network; at the end nothing may have been loaded but their own file."""
    path = tmp_path_factory.mktemp("slides") / "bowls.html"
    path.write_text(write(lesson), encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720})
    page, seen = context.new_page(), []
    page.set_default_timeout(8_000)
    page.on("request", lambda request: seen.append(request.url))
    errors = collect_errors(page)
    page.goto(path.as_uri())
    yield page
    assert errors == []
    assert {url.partition("#")[0] for url in seen if not url.startswith(("blob:", "data:"))} == {path.as_uri()}


def shown(page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.slide')].filter((s) => s.offsetParent).map((s) => s.id)")


def test_arrow_keys_walk_and_stop_at_the_ends(page):
    page.keyboard.press("Home")
    assert shown(page) == ["slide-1"]
    page.keyboard.press("ArrowLeft")
    assert shown(page) == ["slide-1"] and page.locator("#back").is_disabled()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageDown")
    assert shown(page) == ["slide-3"] and page.locator("#count").inner_text() == "3 of 6"
    page.keyboard.press("End")
    page.wait_for_selector("#widget-2[data-mounted=yes]")
    for _ in range(3):  # the widget, alive, is taller than the window
        page.keyboard.press(" ")
    settle(page)
    assert shown(page) == ["slide-6"] and page.url.endswith("#slide-6") and page.locator("#on").is_disabled()


def test_a_widget_on_a_slide_is_live_and_keeps_the_arrow_keys_to_itself(page):
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#widget-1[data-mounted=yes]")
    slider = page.locator("#widget-1 input[type=range]").first
    before = slider.input_value()
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() != before and shown(page) == ["slide-3"]
    page.evaluate("document.activeElement.blur()")


def test_a_link_leads_to_the_slide_that_holds_its_place(page):
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("link", name="up").click()
    page.wait_for_selector("#slide-2.shown")
    assert shown(page) == ["slide-2"]


def test_on_paper_every_slide_is_there_with_widgets_as_pictures_and_solutions_folded(page):
    page.emulate_media(media="print")
    assert len(shown(page)) == 6
    assert page.locator("#widget-1 .still").is_visible() and not page.locator(".steps").is_visible()
    assert not page.locator("#widget-1 .live").is_visible() and not page.get_by_text("answer = 42").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.slide')).breakAfter") == "page"
    page.emulate_media(media="screen")


@pytest.fixture
def tall(browser, tmp_path):
    """Three slides: one a little taller than the window, one that does not fit at any size, one that fits."""
    little = "<h1>Tall</h1>" + "<p>A line of text.</p>" * 14
    code = '<pre class="code">' + "\n".join(f"line_{n} = {n}" for n in range(60)) + "</pre>"
    endless = f"<h2 id='a'>Long</h2>{code}" + "<p>A line of text.</p>" * 20
    parts = [("text", little), ("text", endless), ("text", "<h2 id='b'>Last</h2>")]
    path = tmp_path / "tall.html"
    path.write_text(write(Article("Tall", parts)), encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    page = context.new_page()
    errors = collect_errors(page)
    page.goto(path.as_uri())
    yield page
    context.close()
    assert errors == []


def settle(page) -> tuple[float, float]:
    """Wait until a smooth scroll has come to rest; how far down the window is, and how far it can go."""
    page.evaluate("window.still = [-1, 0]")
    page.wait_for_function(
        "() => { still = [scrollY, still[0] === scrollY ? still[1] + 1 : 0]; return still[1] >= 4; }", polling=80
    )
    return tuple(page.evaluate("[scrollY, document.documentElement.scrollHeight - innerHeight]"))


def size(page) -> float:
    return float(page.evaluate("getComputedStyle(document.querySelector('.slide.shown')).zoom"))


def test_a_slide_that_is_a_little_too_tall_is_made_smaller(tall):
    assert 0.6 <= size(tall) < 1 and settle(tall) == (0, 0) and not tall.locator("#more").is_visible()
    tall.set_viewport_size({"width": 1280, "height": 1400})
    eventually(lambda: size(tall), 1)  # the page's content policy lets no wait evaluate a string again and again


@pytest.mark.parametrize("key, there", [("PageDown", "PageUp"), (" ", "Shift+ "), ("ArrowRight", "ArrowLeft")])
def test_nothing_of_a_slide_that_does_not_fit_is_skipped(tall, key, there):
    if key == "ArrowRight":  # with smooth scrolls; otherwise they are done at once
        tall.emulate_media(reduced_motion="no-preference")
    tall.keyboard.press(key)
    seen, (at, end) = [], settle(tall)
    assert shown(tall) == ["slide-2"] and end > 720 and tall.locator("#more").is_visible()
    while shown(tall) == ["slide-2"]:
        seen.append(at)
        assert tall.locator("#more").is_visible() == (at < end) and len(seen) < 20
        tall.keyboard.press(key)
        at = settle(tall)[0]
    assert seen[0] == 0 and abs(seen[-1] - end) <= 1
    assert all(0 < below - above <= 0.8 * 720 + 1 for above, below in zip(seen, seen[1:], strict=False))
    assert shown(tall) == ["slide-3"] and at == 0
    tall.keyboard.press(there)
    assert shown(tall) == ["slide-2"] and abs(settle(tall)[0] - end) <= 1
    tall.keyboard.press(there)
    tall.keyboard.press(there)  # pressed again while the first scroll is still under way
    assert shown(tall) == ["slide-2"] and settle(tall)[0] < end - 720


def test_the_sign_leads_down_and_paper_knows_no_sizes(tall):
    tall.keyboard.press("ArrowRight")
    tall.locator("#more").click()
    assert settle(tall)[0] > 300 and shown(tall) == ["slide-2"]
    tall.mouse.wheel(0, 10_000)
    tall.wait_for_selector("#more", state="hidden")
    tall.emulate_media(media="print")
    zooms = tall.evaluate("[...document.querySelectorAll('.slide')].map((slide) => getComputedStyle(slide).zoom)")
    assert zooms == ["1", "1", "1"] and not tall.locator("#more").is_visible()
