"""The front page: the promise and the pictures of README, the lessons as cards, the routes through them."""

import html
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from toolkit.course import FOLDER, LESSONS, ROUTES
from toolkit.course_map import route_words
from toolkit.site.cells import Article
from toolkit.site.page import COURSE, Page
from toolkit.site.words import Heading, Words, inside

README = FOLDER.parent / "README.md"
TRIED = "01_two_networks.ipynb"  # the lesson whose first widget stands on the front page
TRY = "Two networks read digits equally well. Drag from A to B, and every network on the way reads them for you."


def front(
    lessons: Sequence[tuple[str, Page]],
    has_claims: bool = False,
    readme: Path = README,
    shown: Article | None = None,
) -> Page:
    """Return the front page.

    Args:
        lessons: (name of the notebook, its page) of every lesson on the site, in order.
        has_claims: whether the site has a page of evidence.
        readme: the file whose words before the first section open the page; without it the title stands alone.
        shown: a widget to try at once.

    Returns:
        The page `index.html`.

    Example:
        >>> front([("00_start_here.ipynb", Page("00_start_here.html", "Start here", ""))]).title
        'The geometry of weight space'
    """
    text = readme.read_text(encoding="utf-8") if readme.is_file() else f"# {COURSE}\n"
    rule = inside({name: page.file for name, page in lessons})
    words = Words(lambda address: None if address.startswith("#") else rule(address), readme.parent)
    opening = words(_alone(re.split(r"^## ", text, maxsplit=1, flags=re.MULTILINE)[0]))
    parts = [opening.replace("<p>", '<p class="lede">', 1)]
    if lessons:
        parts.append(f'<a class="start" href="{quote(lessons[0][1].file)}">Begin with {_name(lessons[0])} →</a>')
    if shown is not None:
        parts += [f'<h2 id="{words.anchor("Try it", 2)}">Try it</h2>', f"<p>{TRY}</p>", shown.html]
    parts.append(f'<h2 id="{words.anchor("The lessons", 2)}">The lessons</h2>')
    parts.append(f'<ol class="cards">{"".join(_card(lesson) for lesson in lessons)}</ol>')
    parts += _routes(words)
    if has_claims:
        parts.append(f'<h2 id="{words.anchor("The evidence", 2)}">The evidence</h2>')
        parts.append(
            '<p><a href="evidence.html">Every claim of every paper</a>, with seeds, spread, control, verdict.</p>'
        )
    headings = [heading for heading in words.headings if heading.level > 1]
    headings += [
        Heading(3, f"lesson-{name[:2]}", f"{page.title}: {_topics(name)}") for name, page in lessons if _topics(name)
    ]
    live = {"style": shown.style, "data": shown.data} if shown is not None else {}
    return Page("index.html", COURSE, "\n".join(parts), headings=[Heading(1, "content", COURSE), *headings], **live)


def _alone(opening: str) -> str:
    """README's opening where README itself is not: a link to one of its sections says where that stands."""
    return re.sub(r"\[([^\]]*)\]\(#[^)]*\)", r"*\1* in the course's README", opening)


def _topics(name: str) -> str:
    """What the lesson of a notebook is about; nothing for one that is not of the course."""
    return next((lesson.topics for lesson in LESSONS if lesson.file == name), "")


def _name(lesson: tuple[str, Page]) -> str:
    number = re.match(r"\d+", lesson[0])
    return f"lesson {number[0]}" if number else html.escape(lesson[1].title)


def _card(lesson: tuple[str, Page]) -> str:
    """One lesson: number, title, the question it answers, paper and time."""
    name, page = lesson
    listed = next((entry for entry in LESSONS if entry.file == name), None)
    question = listed.question if listed else ""
    facts = [listed.paper, f"{listed.minutes} minutes"] if listed else []
    if listed and listed.needs:
        facts.append(f"after {' and '.join(listed.needs)}")
    number = re.match(r"\d+", name)
    topics = f'<p class="quiet">{html.escape(_topics(name))}</p>' if _topics(name) else ""
    anchor = f' id="lesson-{name[:2]}"' if topics else ""
    return (
        f'<li{anchor}><span class="number">{number[0] if number else ""}</span><div>'
        f'<h3><a href="{quote(page.file)}">{html.escape(re.sub(r"^[0-9]+ ", "", page.title))}</a></h3>'
        + (f"<p>{html.escape(question)}</p>" if question else "")
        + (f'<p class="quiet">{html.escape(" · ".join(filter(None, facts)))}</p>' if facts else "")
        + f"{topics}</div></li>"
    )


def _routes(words: Words) -> list[str]:
    """The routes through the course, each as one line."""
    lines = "\n".join(f"- {route_words(route)}" for route in ROUTES)
    return [f'<h2 id="{words.anchor("Routes", 2)}">Routes</h2>', words(lines)]
