"""Markdown: from the text of a lesson to HTML, with anchors on its headings and links that stay inside the site."""

import base64
import html
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import mistune
from mistune.plugins.formatting import strikethrough
from mistune.plugins.table import table
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from toolkit.site.maths import mathml

FORMULA = r"\$\$(?P<block>[^$]+?)\$\$|\$(?![\s$])(?P<inline>[^$`]*?[^\s$`\\])\$(?!\d)(?P<tail>[.,;:!?)]*)"
EXERCISE = re.compile(r"<strong>Exercise (\d+\.\d+)\b(.*?)</strong>", re.DOTALL)


@dataclass(frozen=True)
class Heading:
    """A place on a page that can be found: its level (1 to 6; 3 for exercises), anchor and text."""

    level: int
    anchor: str
    text: str


def code(source: str, language: str = "python") -> str:
    """Return source code as a coloured `<pre>`; an unknown language stays plain.

    Example:
        >>> code("x = 1").startswith('<pre class="code">')
        True
    """
    try:
        lexer = get_lexer_by_name(language, stripnl=True)
    except ClassNotFound:
        return f'<pre class="code">{html.escape(source.strip(chr(10)))}</pre>\n'
    return f'<pre class="code">{highlight(source, lexer, HtmlFormatter(nowrap=True)).rstrip()}</pre>\n'


class Words(mistune.HTMLRenderer):
    r"""Renders the Markdown of one page; anchors are unique on it, and `headings` collects them.

    Args:
        resolve: turns the address of a link into the site's own, or into None where the site lacks the target;
            web addresses and anchors (`#…`) are passed as well.
        folder: where pictures named by a relative path lie; they are put into the page.

    Example:
        >>> words = Words(lambda address: None)
        >>> words("# All lessons\n\nSee [there](gone.ipynb), $x$.")[:38]
        '<h1 id="All-lessons">All lessons</h1>\n'
        >>> words.headings
        [Heading(level=1, anchor='All-lessons', text='All lessons')]
    """

    def __init__(self, resolve: Callable[[str], str | None], folder: Path | None = None) -> None:
        """Start a page."""
        super().__init__(escape=False)
        self.resolve, self.folder = resolve, folder
        self.headings: list[Heading] = []
        self._anchors: set[str] = set()
        self._markdown = mistune.Markdown(renderer=self)
        for plugin in (table, strikethrough, _formulas):
            plugin(self._markdown)

    def __call__(self, tokens, state=None) -> str:
        """Render a text, or, called by mistune, its tokens."""
        return self._markdown(tokens) if isinstance(tokens, str) else super().__call__(tokens, state)

    def anchor(self, text: str, level: int, name: str | None = None) -> str:
        """Register a heading and return its anchor, as Jupyter would make it: spaces become hyphens."""
        base = name or re.sub(r"\s+", "-", text)
        anchor, count = base, 2
        while anchor in self._anchors:
            anchor, count = f"{base}-{count}", count + 1
        self._anchors.add(anchor)
        self.headings.append(Heading(level, anchor, text))
        return anchor

    def heading(self, text: str, level: int, **attributes) -> str:
        """A heading with its anchor."""
        anchor = self.anchor(_plain(text), level)
        return f'<h{level} id="{html.escape(anchor)}">{text}</h{level}>\n'

    def paragraph(self, text: str) -> str:
        """A paragraph; the first line of an exercise gets an anchor."""
        found = EXERCISE.match(text)
        if not found:
            return f"<p>{text}</p>\n"
        anchor = self.anchor(_plain(found[0]), 3, f"exercise-{found[1]}")
        return f'<p class="exercise" id="{anchor}">{text}</p>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link, or its text alone where the site lacks the target."""
        target = self.resolve(url)
        if target is None:
            return text
        named = f' title="{html.escape(title)}"' if title else ""
        return f'<a href="{html.escape(self.sanitize_url(target))}"{named}>{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture, put into the page; one that is not there leaves its words."""
        alt = html.escape(_plain(text))
        path = self.folder / unquote(url) if self.folder and "://" not in url and not url.startswith("data:") else None
        if url.startswith("data:image/"):
            return f'<img src="{html.escape(url)}" alt="{alt}">'
        if path is None or not path.is_file():
            return alt
        kind = mimetypes.guess_type(path.name)[0] or "image/png"
        return f'<img src="data:{kind};base64,{base64.b64encode(path.read_bytes()).decode("ascii")}" alt="{alt}">'

    def block_code(self, text: str, info: str | None = None) -> str:
        """Code between fences."""
        return (
            code(text, info.split()[0]) if info and info.strip() else f'<pre class="code">{html.escape(text)}</pre>\n'
        )

    def table(self, text: str) -> str:
        """A table that scrolls by itself on a narrow screen."""
        return f'<div class="scroll"><table>\n{text}</table></div>\n'

    def formula(self, tex: str, block: bool, tail: str) -> str:
        """A formula, and on its line the punctuation that follows it."""
        made = mathml(tex, block)
        return f'<span class="whole">{made}{tail}</span>' if tail else made


def inside(pages: dict[str, str]) -> Callable[[str], str | None]:
    """Return the rule by which links stay inside the site.

    Args:
        pages: file name of a notebook → file name of its page.

    Returns:
        A function for `Words`: a link to one of the notebooks, from whatever folder, leads to its page, web addresses
        and anchors stay as they are, everything else has no place on the site.

    Example:
        >>> rule = inside({"01_a.ipynb": "01_a.html"})
        >>> rule("lessons/01_a.ipynb#4-·-Build-it"), rule("../toolkit/space.py"), rule("#top")
        ('01_a.html#4-%C2%B7-Build-it', None, '#top')
    """

    def rule(address: str) -> str | None:
        if re.match(r"(https?|mailto):", address):
            return address
        path, mark, anchor = address.partition("#")
        page = pages.get(Path(unquote(path)).name) if path else ""
        return None if page is None else page + mark + quote(unquote(anchor))

    return rule


def _plain(text: str) -> str:
    """HTML without its tags, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())


def _formulas(markdown: mistune.Markdown) -> None:
    """Teach mistune `$…$` and `$$…$$`."""

    def parse(inline, match, state) -> int:
        tex = match["block"] or match["inline"]
        kind = {"block": match["block"] is not None, "tail": match["tail"] or ""}
        state.append_token({"type": "formula", "raw": tex, "attrs": kind})
        return match.end()

    markdown.inline.register("formula", FORMULA, parse, before="escape")
