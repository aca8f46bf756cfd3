"""The course at a glance, for lesson 00: the table of lessons, which needs which, and routes through them."""

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from toolkit import course
from toolkit.course import LESSONS, ROUTES, Lesson
from toolkit.style import figure, show, table

BOX = (1.7, 0.64)  # width and height of a lesson on the map, in units of its grid


def contents() -> None:
    """Show the table of all lessons in a notebook, with a link to each that is written."""
    header = ["lesson", "title", "the question it answers", "paper", "time", "needs"]
    rows = [
        [
            lesson.label,
            f"[{lesson.title}]({lesson.file})" if lesson.exists else f"{lesson.title} *(to come)*",
            lesson.question,
            lesson.paper,
            f"{lesson.minutes} min",
            ", ".join(lesson.needs),
        ]
        for lesson in LESSONS
    ]
    table(header, rows)


def routes() -> None:
    """Show the routes through the course in a notebook, with a link to each lesson that is written."""
    from IPython.display import Markdown, display

    display(Markdown("\n".join(f"- {route_words(route)}" for route in ROUTES)))


def route_words(route: course.Route) -> str:
    """Return a route as one line of Markdown.

    Args:
        route: one of `course.ROUTES`.

    Returns:
        Its time, its lessons with links, the hours they take, and what to do with them.

    Example:
        >>> route_words(ROUTES[0]).split(": ")[0]
        '*two hours*'
    """
    lessons = [course.find(label) for label in route.lessons]
    names = [f"[{lesson.label}]({lesson.file})" if lesson.exists else lesson.label for lesson in lessons]
    return f"*{route.time}*: {', '.join(names)} ({route.minutes / 60:.1f} hours of lessons): {route.words}."


def prerequisites() -> None:
    """Show which lesson needs which in a notebook, as a map read from left to right."""
    show(drawing(), alt=f"A map of the lessons with arrows to each from those it needs. {needs_words()}", says=SAYS)


SAYS = "Read from left to right: an arrow leads to a lesson from each one it needs. What no arrow joins may be swapped."


def needs_words() -> str:
    """Return what every lesson needs, in words.

    Returns:
        A sentence a lesson that needs any.

    Example:
        >>> needs_words().split(". ")[2]
        'Lesson 03 needs 01 and 02'
    """
    return " ".join(f"Lesson {lesson.label} needs {' and '.join(lesson.needs)}." for lesson in LESSONS if lesson.needs)


def places() -> dict[str, tuple[int, float]]:
    """Return where each lesson stands on the map: to the right of all it needs, later ones lower.

    Returns:
        Number in two digits → (column, row), rows centred on 0.

    Example:
        >>> places()["00"], places()["01"]
        ((0, 0.0), (1, 0.0))
    """
    column = {}
    for lesson in LESSONS:
        column[lesson.label] = 1 + max((column[label] for label in lesson.needs), default=-1)
    columns = [[label for label in column if column[label] == place] for place in range(max(column.values()) + 1)]
    return {
        label: (place, (len(labels) - 1) / 2 - row)
        for place, labels in enumerate(columns)
        for row, label in enumerate(labels)
    }


def drawing() -> Figure:
    """Draw the map of lessons: a box each, an arrow from every lesson it needs directly.

    Returns:
        The figure. What is needed by way of another lesson has no arrow of its own.
    """
    at = places()
    fig, ax = figure(height=3.0)
    for lesson in LESSONS:
        for label in direct(lesson):
            _arrow(ax, at[label], at[lesson.label])
        _box(ax, lesson, at[lesson.label])
    rows = [row for _, row in at.values()]
    ax.set(xlim=(-0.95, 2 * max(column for column, _ in at.values()) + 0.95), ylim=(min(rows) - 0.45, max(rows) + 0.45))
    ax.axis("off")
    return fig


def direct(lesson: Lesson) -> list[str]:
    """Return what a lesson needs that none of its other needs brings along.

    Args:
        lesson: one of the course.

    Returns:
        Numbers in two digits.

    Example:
        >>> direct(course.find("03"))
        ['02']
    """
    brought = {label for other in lesson.needs for label in _all_needs(course.find(other))}
    return [label for label in lesson.needs if label not in brought]


def _all_needs(lesson: Lesson) -> set[str]:
    return set(lesson.needs).union(*(_all_needs(course.find(label)) for label in lesson.needs))


def _box(ax, lesson: Lesson, place: tuple[int, float]) -> None:
    """Draw one lesson: its number, and its title in two lines."""
    x, y = 2 * place[0], place[1]
    width, height = BOX
    corner = (x - width / 2, y - height / 2)
    look = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "#f4f4f4", "edgecolor": "#444444"}
    ax.add_patch(FancyBboxPatch(corner, width, height, linewidth=1.1, linestyle="-" if lesson.exists else "--", **look))
    ax.text(x, y + 0.17, lesson.label, ha="center", va="center", weight="bold", fontsize=9)
    ax.text(x, y - 0.11, _two_lines(lesson.title), ha="center", va="center", fontsize=7.2, linespacing=1.1)


def _arrow(ax, start: tuple[int, float], end: tuple[int, float]) -> None:
    """Draw an arrow from the right side of one lesson to the left side of another."""
    half = BOX[0] / 2
    tail, head = (2 * start[0] + half, start[1]), (2 * end[0] - half, end[1])
    ax.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "color": "#444444", "linewidth": 1.3, "shrinkA": 0})


def _two_lines(title: str) -> str:
    """Break a title where its halves come closest to one length."""
    words = title.split()
    breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return "\n".join(min(breaks, key=lambda halves: abs(len(halves[0]) - len(halves[1]))))
