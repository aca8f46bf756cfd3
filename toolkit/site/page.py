"""The frame around every page of the site: bar, contents, way on, search. One page is one file and needs no other."""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from toolkit.site.words import Heading
from toolkit.widgets.base import source

FOLDER = Path(__file__).parent
GENERATOR = "toolkit.site"  # how a folder is known to be a site of ours, which may be replaced
COURSE = "The geometry of weight space"


@dataclass(frozen=True)
class Page:
    """One page of the site.

    Attributes:
        file: its name in the site's folder.
        title: shown in the browser's tab and in search results.
        body: HTML of the article.
        kind: `"lesson"` (with contents at the side), `"wide"` or `"plain"`.
        headings: where it can be entered.
        style: what its widgets add to the style.
        data: script elements that hold what its widgets need.
    """

    file: str
    title: str
    body: str
    kind: str = "plain"
    headings: Sequence[Heading] = ()
    style: str = ""
    data: str = ""


def index(pages: Sequence[Page]) -> str:
    """Return what the search of every page looks through, as JSON: all headings of all pages.

    Example:
        >>> index([Page("a.html", "Hills", "", headings=[Heading(2, "So-high", "So high")])])
        '[{"page": "Hills", "text": "So high", "href": "a.html#So-high", "level": 2}]'
    """
    entries = [
        {
            "page": page.title,
            "text": heading.text,
            "href": f"{page.file}#{quote(heading.anchor)}",
            "level": heading.level,
        }
        for page in pages
        for heading in page.headings
    ]
    return json.dumps(entries, ensure_ascii=False).replace("<", "\\u003c")


def write(page: Page, pages: Sequence[Page], entries: str | None = None) -> str:
    """Return a page as the text of one HTML file.

    Args:
        page: one of `pages`.
        pages: all of the site, in the order in which they are read.
        entries: `index(pages)`, if it is at hand.

    Returns:
        A whole document: style, scripts, pictures and widgets inside, nothing outside.
    """
    parts = {
        "GENERATOR": GENERATOR,
        "DESCRIPTION": html.escape(f"{page.title}: part of a hands-on course, {COURSE}."),
        "TITLE": html.escape(page.title if page.title == COURSE else f"{page.title} · {COURSE}"),
        "STYLE": text("site.css") + page.style,
        "COURSE": html.escape(COURSE),
        "KIND": page.kind,
        "CONTENTS": _contents(page.headings) if page.kind == "lesson" else "",
        "WALK": _walk(page, pages),
        "ARTICLE": page.body,
        "FOOTER": "Text and figures CC BY 4.0, code MIT. This page works offline; nothing is loaded from elsewhere.",
        "INDEX": index(pages) if entries is None else entries,
        "DATA": page.data,
        "SCRIPT": script("theme.js", "site.js", widgets=bool(page.data)),
    }
    return filled("page.html", parts)


def filled(name: str, parts: dict[str, str]) -> str:
    """Return a template of this folder with its `@PARTS@` put in."""
    return re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], text(name))


@cache
def text(*names: str) -> str:
    """Return files of this folder, joined."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def script(*names: str, widgets: bool = False) -> str:
    """Return scripts of this folder in a scope of their own; with `widgets`, what brings these to life as well."""
    parts = [text(*names)] + ([source("stub_model.js"), text("widgets.js")] if widgets else [])
    return "(() => {\n" + "\n".join(parts).replace("</", "<\\/") + "\n})();"


def _walk(page: Page, pages: Sequence[Page]) -> str:
    """Previous page, contents, next page."""
    if page.kind != "lesson":
        return ""
    here, lessons = page.file, [other for other in pages if other.kind == "lesson"]
    at = [other.file for other in lessons].index(here)
    links = (
        [f'<a href="{quote(lessons[at - 1].file)}" rel="prev">← {html.escape(lessons[at - 1].title)}</a>'] if at else []
    )
    links.append('<a href="index.html">All lessons</a>')
    if at + 1 < len(lessons):
        links.append(f'<a href="{quote(lessons[at + 1].file)}" rel="next">{html.escape(lessons[at + 1].title)} →</a>')
    return f'<nav class="walk" aria-label="Lessons">{" ".join(links)}</nav>'


def _contents(headings: Sequence[Heading]) -> str:
    """The sections and exercises of a page: at the side where there is room, else in a fold."""
    items = "".join(
        f'<li class="level{heading.level}"><a href="#{quote(heading.anchor)}">{html.escape(heading.text)}</a></li>'
        for heading in headings
        if heading.level in (2, 3)
    )
    if not items:
        return ""
    return (
        f'<nav class="contents" aria-label="On this page"><ul>{items}</ul></nav>\n'
        f'<details class="contents"><summary>On this page</summary><ul>{items}</ul></details>'
    )
