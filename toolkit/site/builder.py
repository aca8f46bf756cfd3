"""The whole site in one step: run the lessons, write the pages beside the old site, then swap.

What else lies in the folder (a `CNAME`, a `.nojekyll`, a `.git`) is copied beside the pages, so that it is there
afterwards, and never lost on the way.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toolkit.course import FOLDER, LESSONS
from toolkit.notebooks import LessonError, execute
from toolkit.site.cells import Article, article
from toolkit.site.claims import claims
from toolkit.site.front import TRIED, front
from toolkit.site.page import GENERATOR, Page, index, write
from toolkit.site.words import Words, inside
from toolkit.widgets.base import PORTABLE_WANTED

RESERVED = {"index", "evidence"}


class SiteError(RuntimeError):
    """The site could not be written; the message says in one sentence why. The old site is whole."""


def build(
    out: str | Path,
    lessons: Sequence[str | Path] = (),
    timeout: float = 180,
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write the site.

    Every lesson is run in a fresh kernel, so that its widgets can be put into the page as they are in the lesson. A
    failed or interrupted build leaves the site that was there before.

    Args:
        out: the folder of the site. Of an older site, pages are replaced or removed, and all other files and folders
            stay; a folder that is no site of ours is refused, and so is one with a file of yours under a page's name.
        lessons: numbers, file names or notebooks of your own; all lessons when none is named.
        timeout: seconds that one cell may take.
        tell: called with a line for each lesson that is done.

    Returns:
        The folder.

    Raises:
        SiteError: if a lesson is not there or does not run, if `out` is not ours to replace, or if the disk is full.
    """
    out, paths = Path(out).resolve(), [find(lesson) for lesson in lessons] or _written()
    names = [path.stem for path in paths]
    for name in names:
        if name in RESERVED or names.count(name) > 1:
            raise SiteError(
                f"lessons must be notebooks of different names, none of them index or evidence, got {name!r}."
            )
    _ours(out, {f"{name}.html" for name in [*names, *RESERVED]})
    pages = _pages(paths, timeout, tell)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
            fresh, entries = Path(temporary) / "new", index(pages)
            _carry(out, fresh)
            for page in pages:
                (fresh / page.file).write_text(write(page, pages, entries), encoding="utf-8", newline="\n")
            _swap(fresh, out, Path(temporary) / "old")
    except OSError as error:
        raise SiteError(
            f"The site could not be written to {out}: {error.strerror or error}. The old one is whole."
        ) from None
    return out


def find(lesson: str | Path) -> Path:
    """Return the file of a lesson, named by its number, its file or a path.

    Raises:
        SiteError: if there is no such notebook.

    Example:
        >>> find("1").name
        '01_two_networks.ipynb'
    """
    text = str(lesson)
    if re.fullmatch(r"\d{1,2}", text):
        named = [FOLDER / entry.file for entry in LESSONS if entry.number == int(text)]
    else:
        named = [Path(lesson), FOLDER / text]
    for path in named:
        if path.is_file() and path.suffix == ".ipynb":
            return path
    raise SiteError(f"lessons must be numbers or notebooks that exist, got {text!r}.")


def run(path: Path, targets: dict[str, str], timeout: float = 180) -> Article:
    """Run a lesson and return it as HTML.

    Args:
        path: the notebook.
        targets: file name of a notebook → file name of its page; links to others become words.
        timeout: seconds that one cell may take.

    Raises:
        SiteError: if the lesson does not run, or holds a formula that cannot be shown.
    """
    try:
        with _site_wanted():
            nb = execute(path, timeout)
        return article(nb, Words(inside(targets), path.parent))
    except LessonError as error:
        raise SiteError(str(error)) from None
    except (ValueError, ImportError) as error:
        raise SiteError(f"{path.name}: {error}") from None


def _written() -> list[Path]:
    return [FOLDER / lesson.file for lesson in LESSONS if lesson.exists]


def _pages(paths: Sequence[Path], timeout: float, tell: Callable[[str], None]) -> list[Page]:
    """Run the notebooks and render every page."""
    targets, lessons, shown = {path.name: f"{path.stem}.html" for path in paths}, [], None
    for path in paths:
        made = run(path, targets, timeout)
        lessons.append((path.name, _page(made, path, targets[path.name])))
        shown = made.first_widget if path.name == TRIED else shown
        tell(f"{lessons[-1][1].title} ({len(lessons)} of {len(paths)})")
    try:
        extra = [page for page in [claims(targets)] if page is not None]
    except (ValueError, OSError) as error:
        raise SiteError(f"The page of evidence could not be made: {error}") from None
    return [front(lessons, bool(extra), shown=shown), *(page for _, page in lessons), *extra]


def _page(made: Article, path: Path, file: str) -> Page:
    number = re.match(r"\d+", path.name)
    title = f"{number[0]} {made.title}" if number else made.title
    return Page(file, title, made.html, "lesson", made.headings, made.style, made.data)


@contextmanager
def _site_wanted() -> Iterator[None]:
    """Ask the widgets of the kernels started meanwhile for all that a page needs."""
    before = os.environ.get(PORTABLE_WANTED)
    os.environ[PORTABLE_WANTED] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[PORTABLE_WANTED]
        else:
            os.environ[PORTABLE_WANTED] = before


def _ours(out: Path, files: Collection[str]) -> None:
    """Refuse a folder that is no site of ours, and one where a file that we did not write has the name of a page."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not _is_page(out / "index.html"):
        raise SiteError(
            f"out must be a new folder, an empty one or an older site, got {str(out)!r}, which holds other things."
        )
    for name in sorted(files):
        if os.path.lexists(out / name) and not _is_page(out / name):
            raise SiteError(f"out must hold no file of yours with the name of a page, got {str(out / name)!r}.")


def _is_page(path: Path) -> bool:
    """Whether a file is one that we wrote, and so may replace."""
    if path.suffix != ".html" or path.is_symlink() or not path.is_file():
        return False
    return f'content="{GENERATOR}"' in path.read_text(encoding="utf-8", errors="replace")


def _carry(out: Path, fresh: Path) -> None:
    """Make the new folder, with a copy of what is in the old one and no page of ours."""
    if not out.exists():
        fresh.mkdir()
        return

    def pages(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder) == out and _is_page(out / name)]

    try:
        shutil.copytree(out, fresh, symlinks=True, ignore=pages)
    except shutil.Error as error:  # a list of all that could not be copied
        raise OSError(error.args[0][0][-1]) from None


def _swap(fresh: Path, out: Path, old: Path) -> None:
    """Put the new folder in the place of the old one; if that fails, the old one comes back."""
    try:
        if out.exists():
            out.rename(old)
        fresh.rename(out)
    except BaseException:
        if old.exists():
            if out.exists():
                out.rename(old.with_name("aside"))
            old.rename(out)
        raise
