"""A notebook's cells and outputs as HTML; widgets stand as pictures until the page mounts them."""

import base64
import hashlib
import html
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode

from toolkit.notebooks import NAVIGATION
from toolkit.site.words import Heading, Words, code
from toolkit.widgets.base import PORTABLE, as_json

COLAB = "colab"  # the tag of a cell that only Google Colab needs
SKIPPED = {NAVIGATION, COLAB}  # the site has bars of its own
STATIC = "This picture can be moved where scripts may run."


@dataclass
class Article:
    """One notebook as HTML.

    Attributes:
        title: of the notebook, its first heading.
        parts: (kind, HTML) of each cell in order; the kind is `"text"` or `"code"`.
        headings: where the page can be entered.
        modules: key → module of each widget class on the page, once.
        styles: key → style of each widget class, once.
        states: id → JSON of the state of each widget.
        figures: id → HTML of each widget's figure, which is in `parts` as well.
    """

    title: str
    parts: list[tuple[str, str]] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)
    styles: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)

    @property
    def html(self) -> str:
        """All cells, one after another."""
        return "\n".join(f'<div class="{kind}">\n{text}</div>' for kind, text in self.parts)

    @property
    def data(self) -> str:
        """What the widgets need, as script elements that do nothing by themselves."""
        modules = [_script("module", key, as_json(module)) for key, module in self.modules.items()]
        states = [_script("state", name, state) for name, state in self.states.items()]
        return "\n".join([*modules, *states])

    @property
    def first_widget(self) -> "Article | None":
        """An article that holds nothing but the first widget, or None if there is none."""
        if not self.figures:
            return None
        name, figure = next(iter(self.figures.items()))
        key = re.search(r'data-module="(\w+)"', figure)[1]
        modules, styles = {key: self.modules[key]}, {key: self.styles[key]}
        return Article(self.title, [("code", figure)], [], modules, styles, {name: self.states[name]}, {name: figure})

    @property
    def style(self) -> str:
        """The style of every widget class on the page."""
        return "\n".join(style.replace("</", "<\\/") for style in self.styles.values())


def article(nb: NotebookNode, words: Words) -> Article:
    r"""Turn an executed notebook into HTML.

    Args:
        nb: the notebook; widgets are live if it was executed with `TOOLKIT_SITE=1`, else pictures.
        words: renders its Markdown, and collects the headings.

    Returns:
        The article, with everything its widgets need.

    Example:
        >>> import nbformat
        >>> cell = nbformat.v4.new_markdown_cell("# Hills")
        >>> made = article(nbformat.v4.new_notebook(cells=[cell]), Words(lambda address: None))
        >>> made.title, made.parts
        ('Hills', [('text', '<h1 id="Hills">Hills</h1>\n')])
    """
    made = Article(title="")
    for cell in nb.cells:
        if SKIPPED & set(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type == "markdown":
            made.parts.append(("text", words(cell.source)))
        elif cell.cell_type == "code":
            made.parts.append(("code", _source(cell) + "".join(_outputs(cell, words, made))))
    made.headings = words.headings
    made.title = next((heading.text for heading in made.headings if heading.level == 1), "Untitled")
    return made


def _source(cell: NotebookNode) -> str:
    if not cell.source.strip():
        return ""
    text = code(cell.source)
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        return f"<details>\n<summary>The code of this cell</summary>\n{text}</details>\n"
    return text


def _outputs(cell: NotebookNode, words: Words, made: Article) -> Iterator[str]:
    """Every output of a cell, in the richest form a page can show."""
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            yield _printed(output.text)
        elif output.output_type == "error":
            yield _printed("\n".join(output.traceback))
        elif PORTABLE in data:
            yield _widget(data, made)
        elif "image/png" in data:
            yield f"<p>{_picture(data['image/png'], output.metadata.get('image/png', {}).get('alt', ''))}</p>\n"
        elif "text/markdown" in data:
            yield f'<div class="made">{words(data["text/markdown"])}</div>\n'
        elif "text/plain" in data:
            yield _printed(data["text/plain"])


def _printed(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).strip("\n")
    return f'<pre class="printed">{html.escape(text)}</pre>\n' if text else ""


def _picture(png: str, alt: str, style: str = "picture") -> str:
    """A picture inside the page, with its size, so that nothing jumps when it appears."""
    png = "".join(png.split())
    width, height = struct.unpack(">II", base64.b64decode(png[:48])[16:24])
    size = f'width="{width}" height="{height}"'
    return f'<img class="{style}" {size} alt="{html.escape(alt)}" src="data:image/png;base64,{png}">'


def _widget(data: NotebookNode, made: Article) -> str:
    """A widget's picture, and on the article what it takes to bring it to life."""
    widget = data[PORTABLE]
    key = hashlib.sha256((widget["module"] + widget["style"]).encode()).hexdigest()[:12]
    made.modules.setdefault(key, widget["module"])
    made.styles.setdefault(key, widget["style"])
    name = f"widget-{len(made.states) + 1}"
    made.states[name] = as_json(widget["state"])
    made.figures[name] = (
        f'<figure class="widget" id="{name}" data-module="{key}" data-class="{html.escape(widget["class"])}">\n'
        f"{_picture(data['image/png'], widget['alt'], 'picture still')}\n"
        f'<div class="live"></div>\n<noscript><p class="quiet">{STATIC}</p></noscript>\n</figure>\n'
    )
    return made.figures[name]


def _script(kind: str, name: str, content: str) -> str:
    return f'<script type="application/json" id="{kind}-{name}">{content}</script>'
