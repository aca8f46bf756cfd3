"""One widget on a page of its own: twice beside a stand-in for the model, and as the page it exports.

A test module that has `host = widget_host(saves=[...])` can open any widget with `host(widget)`. On that page `model`
is the stand-in, `saved` what was saved so far, `escaped` the keys that left the widget, `clean` what ends either view.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import collect_errors

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>widget</title><style>{css}</style></head>
<body><div id="one" style="width: {width}px"></div><div id="two" style="width: {width}px"></div>
<script>
{stub}
window.model = stubModel({state});
window.saved = [];
window.escaped = [];
model.save_changes = () => saved.push({saves}.map(model.get));
document.addEventListener("keydown", (event) => escaped.push(event.key));
window.ready = import(URL.createObjectURL(new Blob([{module}], {{ type: "text/javascript" }}))).then((module) => {{
  window.clean = ["one", "two"].map((id) => module.default.render({{ model, el: document.getElementById(id) }}));
}});
</script></body></html>"""
GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 17)"}  # of a widget alone on an exported page
PATIENCE = 60_000  # milliseconds; a machine may be slow
STICKING_OUT = """([skip, margin, cut]) => {
    const all = (root, what) => [...root.querySelectorAll(what)];
    const box = (node) => node.getBoundingClientRect();
    const out = (a, b, margin) => a.left < b.left - margin || a.right > b.right + margin;
    const above = (a, b, margin) => a.top < b.top - margin || a.bottom > b.bottom + margin;
    const counts = (node) => node.getClientRects().length && !node.closest(skip);
    const root = document.querySelector("#one .tk");
    const nodes = all(root, "*").filter((node) => counts(node) && out(box(node), box(root), margin));
    const words = all(root, "svg").flatMap((picture) => all(picture, "text").filter((text) =>
        counts(text) && (out(box(text), box(picture), cut) || above(box(text), box(picture), cut))));
    const name = (node) => `${node.tagName} ${node.getAttribute("class")}: ${node.textContent}`;
    return [...nodes, ...words].map(name); }"""


def widget_host(saves: list[str], width: int = 700):
    """A fixture: a function that opens a page with two views of a widget; at the end no error may have been reported.

    Args:
        saves: Names of the traits that are noted in `saved` whenever the widget saves.
        width: Of either view, in pixels.
    """

    @pytest.fixture
    def host(browser, tmp_path) -> Iterator[Callable]:
        from toolkit.widgets.base import as_json, source

        opened = []

        def open_page(widget, state: dict | None = None, **settings):
            """Open the page, with other values for some traits and settings for the browser."""
            parts = {"css": str(widget._css), "stub": source("stub_model.js"), "saves": json.dumps(saves)}
            parts |= {
                "state": as_json(widget.state() | (state or {})),
                "module": as_json(str(widget._esm)),
                "width": width,
            }
            file = tmp_path / "page.html"
            file.write_text(PAGE.format(**parts), encoding="utf-8")
            place = browser.new_context(viewport={"width": width + 60, "height": 1000}, offline=True, **settings)
            page = place.new_page()
            page.set_default_timeout(PATIENCE)
            opened.append((place, collect_errors(page)))
            page.goto(file.as_uri())
            page.evaluate("window.ready")
            page.locator("#two .tk").wait_for()
            return page

        yield open_page
        for place, errors in opened:
            place.close()
            assert errors == []

    return host


@contextmanager
def exported(browser, file: Path, wait: str = ".tk", **settings) -> Iterator:
    """An exported page, opened from disk without a network, once `wait` is there; no request, no error to the end."""
    place = browser.new_context(**{"offline": True, **settings})
    page = place.new_page()
    page.set_default_timeout(PATIENCE)
    errors, asked = collect_errors(page), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.locator(wait).first.wait_for()  # the module is imported after the page has loaded
    yield page
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == [] == errors
    place.close()


@contextmanager
def one_view_closed(page) -> Iterator[None]:
    """Close the first view, then, after what the test does to the other, that one too; no listener may be left."""
    page.evaluate("window.clean[0]()")
    assert page.locator("#one *").count() == 0
    yield
    page.evaluate("window.clean[1]()")
    assert page.evaluate("model.listeners.length") == 0 and page.locator(".tk").count() == 0


def put(page, **traits) -> None:
    """Set traits, as a cell would, and wait for what is drawn in their wake."""
    page.evaluate("async traits => { for (const [k, v] of Object.entries(traits)) model.set(k, v); }", traits)


def widen(page, width: int) -> None:
    """Give the first view a width and the window a little more, and wait until all is laid out anew."""
    page.set_viewport_size({"width": width + 60, "height": 1000})
    page.evaluate("width => { document.getElementById('one').style.width = `${width}px`; }", width)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_timeout(200)


def sticking_out(page, skip: str = ".tk-spoken", margin: float = 0.5, cut: float = 0.5) -> list[str]:
    """What stands out of the first view to the left or right, and the words that stand out of a picture in it.

    Args:
        page: A page of `widget_host`.
        skip: Selector of what does not count, with all in it.
        margin: Pixels by which a part may stand out of the view; below zero, how far it must stay inside.
        cut: Pixels by which a word's line, which is higher than its letters, may stand out of a picture.
    """
    return page.evaluate(STICKING_OUT, [skip, margin, cut])


def look(page, selector: str, name: str = "backgroundColor") -> str:
    """A style of the first element found, as it is shown."""
    return page.evaluate(
        "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]", [selector, name]
    )


def lightness(page, selector: str, places: list[list[float]]) -> list[float]:
    """Red, green and blue together at places of a picture in an SVG, in parts of its width and height from above."""
    return page.evaluate(
        """async ([selector, places]) => {
            const image = new Image();
            image.src = document.querySelector(selector).getAttribute("href");
            await image.decode();
            const { width, height } = image;
            const canvas = Object.assign(document.createElement("canvas"), { width, height });
            const context = canvas.getContext("2d", { willReadFrequently: true });
            context.drawImage(image, 0, 0);
            const at = (part, size) => Math.min(size - 1, Math.floor(part * size));
            const pixel = ([x, y]) => context.getImageData(at(x, width), at(y, height), 1, 1).data;
            return places.map((place) => pixel(place).slice(0, 3).reduce((a, b) => a + b));
        }""",
        [selector, places],
    )


def thumb(slider, share: float) -> tuple[float, float]:
    """Where on the page the middle of a slider's thumb is after `share` of its way."""
    box = slider.bounding_box()
    return box["x"] + 9 + share * (box["width"] - 18), box["y"] + box["height"] / 2


def drag(page, start, *stops, steps: int = 5) -> None:
    """Press the mouse at a point of the page, move it from stop to stop, and let go."""
    page.mouse.move(*start)
    page.mouse.down()
    for stop in stops:
        page.mouse.move(*stop, steps=steps)
    page.mouse.up()
