"""The page of evidence: what every paper says, what was seen here, and the verdict, one table a paper."""

import html
import re
from collections.abc import Sequence
from typing import Any

from toolkit.course import LESSONS
from toolkit.site.page import Page
from toolkit.site.words import Words, inside

COLUMNS = {
    "statement": "the paper says",
    "seen": "seen here",
    "control": "control",
    "seeds": "seeds",
    "verdict": "verdict",
}
NAMES = ["lesson", *COLUMNS.values()]


def claims(targets: dict[str, str], given: Sequence[Any] | None = None) -> Page | None:
    """Return the page of evidence.

    Args:
        targets: file name of a notebook → file name of its page.
        given: claims with the attributes paper, lesson, statement, seen, control, seeds and verdict (and why, if there
            is one); those of `toolkit.evidence.claims` when none are given.

    Returns:
        The page `evidence.html`, or None while there are no claims.

    Example:
        >>> claims({}, given=[]) is None
        True
    """
    given = _all() if given is None else given
    if not given:
        return None
    words = Words(inside(targets))
    parts = [
        words(
            "# The evidence\n\nWhat each paper says, what we saw at the scale of this course (mean ± standard deviation"
            " over the seeds), the control beside it, and a verdict. The code that measured it is `toolkit/evidence/`."
        )
    ]
    for paper in dict.fromkeys(claim.paper for claim in given):
        rows = [claim for claim in given if claim.paper == paper]
        parts.append(words(f"## {paper}"))
        head = "".join(f'<th scope="col">{title}</th>' for title in NAMES)
        body = "".join(_row(claim, words, targets) for claim in rows)
        parts.append(
            f'<div class="scroll claims"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        )
    return Page("evidence.html", "The evidence", "\n".join(parts), "wide", words.headings)


def _all() -> Sequence[Any]:
    """The claims of the toolkit, where they are written down."""
    try:
        from toolkit.evidence.claims import claims as written
    except ModuleNotFoundError as error:
        if error.name != "toolkit.evidence.claims":
            raise
        return []
    return written()


def _row(claim: Any, words: Words, targets: dict[str, str]) -> str:
    file = next((entry.file for entry in LESSONS if f"{entry.number}" == f"{claim.lesson}".lstrip("0")), "")
    number = html.escape(f"{claim.lesson}".zfill(2))
    cells = [f'<a href="{targets[file]}">{number}</a>' if file in targets else number]
    for name in COLUMNS:
        text = _inline(words, getattr(claim, name))
        if name == "verdict":
            why = getattr(claim, "why", "")
            text = f"<strong>{text}</strong>" + (f"<br>{_inline(words, why)}" if why else "")
        cells.append(text)
    return (
        "<tr>"
        + "".join(f'<td data-label="{name}">{cell}</td>' for name, cell in zip(NAMES, cells, strict=True))
        + "</tr>"
    )


def _inline(words: Words, text: Any) -> str:
    """A line of Markdown without its paragraph; a number stays with its spread and its percent sign."""
    text = re.sub(r" (?=%)| (?=±)|(?<=±) ", "\N{NO-BREAK SPACE}", str(text))
    return words(text).strip().removeprefix("<p>").removesuffix("</p>")
