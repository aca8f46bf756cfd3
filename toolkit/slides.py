"""Slides from a lesson: `python -m toolkit.slides LESSON …` writes one file each; widgets are live, nothing is loaded.

The same text, pictures and widgets as on the site, a slide a section: arrow keys walk, the printer gets a slide a page.
"""

import argparse
import html
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.site.builder import SiteError, find, run
from toolkit.site.cells import Article
from toolkit.site.page import filled, script, text

START = r'(?=<h2 |<p class="exercise")'  # where a slide begins
LINES = 22  # of text and code on a slide; what does not fit goes on, on the next
BARE = 2  # a slide with fewer lines shows nothing but its heading
LETTERS = 85  # in a line of text


@dataclass
class Slide:
    """One slide: the heading of its section, whether it goes on from the slide before, and what it shows."""

    heading: str
    going_on: bool = False
    blocks: list[str] = field(default_factory=list)
    lines: float = 0

    @property
    def html(self) -> str:
        """Its content, after its section's heading where that stands on an earlier slide."""
        again = f'<p class="going-on">{html.escape(self.heading)}</p>\n' if self.going_on and self.heading else ""
        return again + "\n".join(self.blocks)


def deal(made: Article) -> list[Slide]:
    """Deal a lesson out to slides.

    A slide begins with every section and exercise, with every widget, and where the slide before is full. The code
    above a widget or a picture is folded: on a slide one looks at what it shows.

    Args:
        made: the lesson as HTML.

    Returns:
        The slides, in order; nothing of the lesson is lost.

    Example:
        >>> made = Article("Hills", [("text", "<h1>Hills</h1>"), ("text", "<h2 id='a'>Up</h2><p>Go.</p>")])
        >>> [(slide.heading, slide.going_on) for slide in deal(made)]
        [('', False), ('Up', False)]
    """
    slides = [Slide("")]
    for kind, whole in made.parts:
        for piece in re.split(START, whole) if kind == "text" else [_folded(whole)]:
            if not piece.strip():
                continue
            heading = re.match(r'<h2[^>]*>(.*?)</h2>|<p class="exercise"[^>]*><strong>(.*?)</strong>', piece, re.DOTALL)
            lines, widget = _lines(piece), '<figure class="widget"' in piece
            if heading:
                name = _plain(heading[1] or heading[2])
                if heading[2] and slides[-1].lines < BARE:  # the section begins with this exercise
                    slides[-1].heading = name
                else:
                    slides.append(Slide(name))
            elif slides[-1].lines and (widget or slides[-1].lines + lines > LINES):
                slides.append(Slide(slides[-1].heading, going_on=True))
            slides[-1].blocks.append(f'<div class="{kind}">\n{piece}</div>')
            slides[-1].lines += lines
    return [slide for slide in slides if slide.blocks]


def write(made: Article) -> str:
    """Return the slides of a lesson as the text of one HTML file that needs no other.

    Args:
        made: the lesson as HTML.
    """
    slides = "\n".join(
        f'<section class="slide" id="slide-{number}" aria-label="Slide {number}">\n{slide.html}\n</section>'
        for number, slide in enumerate(deal(made), start=1)
    )
    parts = {"TITLE": html.escape(made.title), "STYLE": text("site.css", "slides.css") + made.style, "SLIDES": slides}
    parts |= {"DATA": made.data, "SCRIPT": script("theme.js", "slides.js", widgets=bool(made.data))}
    return filled("slides.html", parts)


def save(made: Article, path: Path) -> None:
    """Write the slides in one step: whatever happens, the file is the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(write(made))
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _folded(code: str) -> str:
    """A code cell whose source is folded, if it shows a widget or a picture."""
    if code.startswith('<pre class="code">') and ("<figure" in code or "<img" in code):
        return re.sub(
            r"^(<pre.*?</pre>)",
            r"<details><summary>The code of this cell</summary>\n\1</details>",
            code,
            count=1,
            flags=re.S,
        )
    return code


def _lines(piece: str) -> float:
    """About how many lines of a slide a piece takes."""
    seen = re.sub(r"<details.*?</details>", "\n", piece, flags=re.DOTALL)
    code = sum(block.count("\n") + 2 for block in re.findall(r"<pre.*?</pre>", seen, re.DOTALL))
    prose = re.sub(r"<pre.*?</pre>", "", seen, flags=re.DOTALL)
    blocks = len(re.findall(r"<(?:p|li|tr|h\d)\b", prose))
    return 0.8 * code + len(_plain(prose)) / LETTERS + 0.8 * blocks + 10 * prose.count("<img")


def _plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the slides of the lessons named, and say where they are; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m toolkit.slides", description="Write slides from lessons.")
    parser.add_argument("lessons", nargs="+", metavar="LESSON", help="numbers or notebooks")
    parser.add_argument("--out", type=Path, default=Path("build/slides"), help="folder to write to (build/slides)")
    parser.add_argument("--timeout", type=float, default=180, help="seconds one cell may take (180)")
    options = parser.parse_args(arguments)
    try:
        for path in [find(lesson) for lesson in options.lessons]:
            target = options.out / f"{path.stem}.html"
            save(run(path, {}, options.timeout), target)
            print(f"{target}: arrow keys walk; print it for a slide a page.")
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The slides could not be written to {options.out}: {error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; slides that were there are as they were.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
