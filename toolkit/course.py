"""The list of lessons: what each is called, which question it answers, what it needs, and routes through them.

Navigation bars, lesson 00's table, map and routes, the site and the table in README all follow this list.
"""

from dataclasses import dataclass
from pathlib import Path

from toolkit import _expect

FOLDER = Path(__file__).resolve().parent.parent / "lessons"
REPOSITORY = ""  # owner/name of the public repository; while it is empty, lessons have no link to Binder or Colab
PAGES = ""  # address of the published site; while it is empty, lessons have no link to their page


@dataclass(frozen=True)
class Lesson:
    """One row of the course.

    Attributes:
        number: its place in the course.
        file: its name in `lessons/`.
        title: as its navigation bar says it.
        question: the one it answers.
        paper: the papers it is about; empty for none.
        minutes: that a learner needs.
        topics: what it is about, in the words that one searches for.
        needs: the numbers of the lessons that come before it, such as `("01", "02")`.
    """

    number: int
    file: str
    title: str
    question: str
    paper: str
    minutes: int
    topics: str
    needs: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Its number in two digits."""
        return f"{self.number:02d}"

    @property
    def exists(self) -> bool:
        """Whether the lesson has been written yet."""
        return (FOLDER / self.file).is_file()


LESSONS = (
    Lesson(
        0,
        "00_start_here.ipynb",
        "Start here",
        "How does a lesson work, and what is a point in weight space?",
        "",
        15,
        "points in weight space, the loss surface, saddle",
    ),
    Lesson(
        1,
        "01_two_networks.ipynb",
        "Two networks, one straight line",
        "What lies between two networks that are equally good?",
        "Frankle et al. 2020; Entezari et al. 2022",
        75,
        "linear interpolation, loss barriers, linear mode connectivity, instability analysis, siblings, BatchNorm",
        needs=("00",),
    ),
    Lesson(
        2,
        "02_round_the_mountain.ipynb",
        "Round the mountain",
        "Is there a way round, and how long is the detour?",
        "Garipov et al. 2018",
        75,
        "mode connectivity, Bezier curves, polygonal chains, Fast Geometric Ensembling (FGE), length of a path",
        needs=("01",),
    ),
    Lesson(
        3,
        "03_rearranged.ipynb",
        "The same network, rearranged",
        "Why is there a mountain at all?",
        "Tatro et al. 2020",
        120,
        "permutations, symmetries, alignment, Git Re-Basin, weight matching, Sinkhorn, PAM, adversarial robustness",
        needs=("01", "02"),
    ),
    Lesson(
        4,
        "04_whole_line.ipynb",
        "A whole line of networks in one run",
        "Can a whole line be trained at once, and is it the line that helps?",
        "Wortsman et al. 2021",
        120,
        "learned lines and simplexes, subspaces, label noise, SWA, learning rate, BatchNorm, ensembles, calibration",
        needs=("01", "02"),
    ),
    Lesson(
        5,
        "05_late_phase.ipynb",
        "Many heads late, one network at the end",
        "Can the calm of ten networks be had for the price of one?",
        "von Oswald et al. 2021",
        90,
        "late-phase weights, noisy quadratic, BatchEnsemble, hypernetworks, weight averaging, SWA, ensembles",
        needs=("01",),
    ),
    Lesson(
        6,
        "06_reconnect.ipynb",
        "Moving weights, never changing them",
        "Can a network learn if its weights may only swap places?",
        "Qiu & Suda 2020",
        75,
        "LaPerm, permutations of weights, reconnection, random weights, one shared value, synchronisation",
        needs=("01",),
    ),
    Lesson(
        7,
        "07_sparse.ipynb",
        "Sparse networks that stay connected",
        "Which weights can go, and is it this mask, or would any do?",
        "McDermott & Cummings 2023",
        90,
        "lottery tickets, pruning, masks, sparsity, rewinding, distilled data, Hessian, flatness",
        needs=("01",),
    ),
)


@dataclass(frozen=True)
class Route:
    """A way through the course for the time you have.

    Attributes:
        time: that it fits into, such as "two hours".
        lessons: the numbers of its lessons, in order.
        words: what to do with them.
    """

    time: str
    lessons: tuple[str, ...]
    words: str

    @property
    def minutes(self) -> int:
        """What its lessons take together."""
        return sum(find(label).minutes for label in self.lessons)


ROUTES = (
    Route("two hours", ("00", "01"), "then the slider and the results of one lesson you like"),
    Route("one day", ("00", "01", "02", "03"), "from the hill, round the hill, to no hill"),
    Route(
        "a week of self-study",
        tuple(lesson.label for lesson in LESSONS),
        "00 and 01 on the first day, then one a day; 06 and 07 may come at any time after 01",
    ),
)


def find(label: str) -> Lesson:
    """Return the lesson of a number in two digits.

    Args:
        label: such as `"03"`.

    Returns:
        The lesson, written or not.

    Raises:
        ValueError: if the course has no such lesson; the sentence lists those it has.

    Example:
        >>> find("03").needs
        ('01', '02')
    """
    return {lesson.label: lesson for lesson in LESSONS}[_expect.choice("label", label, [x.label for x in LESSONS])]


def named(path: str | Path) -> Lesson:
    """Return the lesson that a file holds.

    Args:
        path: the file; only its name counts.

    Returns:
        The lesson.

    Raises:
        ValueError: if the file is no lesson of the course; the sentence lists those that are.

    Example:
        >>> named("lessons/02_round_the_mountain.ipynb").title
        'Round the mountain'
    """
    files = {lesson.file: lesson for lesson in LESSONS}
    name = Path(path).name
    if name not in files:
        raise ValueError(f"path must name a lesson of the course, got {name!r}; the lessons are {', '.join(files)}.")
    return files[name]
