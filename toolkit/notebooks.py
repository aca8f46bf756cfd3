"""The lessons as files: their list, their navigation bar, and the one normal form they are kept in.

`python -m toolkit.notebooks [FILE …]` runs lessons and writes them back; with `--check` it only looks.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent.parent / "lessons"
REPOSITORY = ""  # owner/name of the public repository; while it is empty, lessons carry no Binder link
NAVIGATION = "navigation"  # the tag of the cell that holds the navigation bar
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Lesson:
    """One row of the course: number, file, title, paper and the minutes a learner needs."""

    number: int
    file: str
    title: str
    paper: str
    minutes: int

    @property
    def exists(self) -> bool:
        """Whether the lesson has been written yet."""
        return (FOLDER / self.file).is_file()


LESSONS = (
    Lesson(0, "00_start_here.ipynb", "Start here", "", 15),
    Lesson(1, "01_two_networks.ipynb", "Two networks, one straight line", "Frankle et al. 2020", 75),
    Lesson(2, "02_round_the_mountain.ipynb", "Round the mountain", "Garipov et al. 2018", 75),
    Lesson(3, "03_rearranged.ipynb", "The same network, rearranged", "Tatro et al. 2020", 120),
    Lesson(4, "04_whole_line.ipynb", "A whole line of networks in one run", "Wortsman et al. 2021", 120),
    Lesson(5, "05_late_phase.ipynb", "Many heads late, one network at the end", "von Oswald et al. 2021", 90),
    Lesson(6, "06_reconnect.ipynb", "Moving weights, never changing them", "Qiu & Suda 2020", 75),
    Lesson(7, "07_sparse.ipynb", "Sparse networks that stay connected", "McDermott & Cummings 2023", 90),
    Lesson(8, "08_merging.ipynb", "Many points into one", "Ainsworth et al. 2023", 90),
)


class LessonError(RuntimeError):
    """A lesson did not run to its end; the message says in one sentence which cell and why."""


def navigation(path: str | Path) -> str:
    """Return the navigation bar of a lesson as Markdown.

    Every lesson begins with it, so that you can walk the course without the file browser. Neighbours that
    are not written yet are left out.

    Args:
        path: the lesson's file; only its name counts.

    Returns:
        One line: previous lesson · all lessons · next lesson, and Binder where the repository is known.

    Raises:
        ValueError: if the file is no lesson of the course.

    Example:
        >>> navigation("lessons/08_merging.ipynb").split(" · ")[-1]
        '[All lessons](00_start_here.ipynb#All-lessons)'
    """
    files = [lesson.file for lesson in LESSONS]
    name = Path(path).name
    if name not in files:
        raise ValueError(f"path must name a lesson of the course, got {name!r}; the lessons are {', '.join(files)}.")
    here = files.index(name)
    before = [lesson for lesson in LESSONS[:here] if lesson.exists]
    after = [lesson for lesson in LESSONS[here + 1 :] if lesson.exists]
    parts = [f"[← {before[-1].number:02d} {before[-1].title}]({before[-1].file})"] if before else []
    parts.append("[All lessons](00_start_here.ipynb#All-lessons)" if here else "[All lessons](#All-lessons)")
    parts += [f"[{after[0].number:02d} {after[0].title} →]({after[0].file})"] if after else []
    if REPOSITORY:
        target = quote(f"lab/tree/lessons/{name}", safe="")
        parts.append(f"[Open on Binder](https://mybinder.org/v2/gh/{REPOSITORY}/HEAD?urlpath={target})")
    return " · ".join(parts)


def contents() -> None:
    """Show the table of all lessons in a notebook, with a link to each that is written."""
    from toolkit.plots import table

    rows = [
        [
            f"{lesson.number:02d}",
            f"[{lesson.title}]({lesson.file})" if lesson.exists else f"{lesson.title} *(to come)*",
            lesson.paper,
            f"{lesson.minutes} min",
        ]
        for lesson in LESSONS
    ]
    table(["lesson", "title", "paper", "time"], rows)


def normalise(nb: NotebookNode, path: str | Path | None = None) -> NotebookNode:
    """Return a copy of a notebook in the course's normal form.

    Two runs of one lesson then differ only where its results differ, and a diff shows what changed.
    Executed cells are counted 1..n; cell ids and tags stay; timing, widget state, widget views and the
    versions of the language are dropped; the text and the picture that a widget leaves behind stay.

    Args:
        nb: a notebook of nbformat 4.
        path: the lesson's file, if its navigation bar is to be brought up to date as well.

    Returns:
        A new notebook; `nb` is unchanged.

    Example:
        >>> nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1", execution_count=7)])
        >>> normalise(nb).cells[0].execution_count
        1
    """
    nb = nbformat.from_dict(nb)
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    count = 0
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("tags", "jupyter")})
        if path is not None and NAVIGATION in cell.metadata.get("tags", []):
            cell.source = navigation(path)
        if cell.cell_type == "code" and cell.execution_count is not None:
            count += 1
            cell.execution_count = count
            cell.outputs = [_normal_output(output, count) for output in cell.outputs]
    return nb


def _normal_output(output: NotebookNode, count: int) -> NotebookNode:
    """Return one output of cell number `count` without what changes from run to run."""
    output = nbformat.from_dict(output)
    if output.output_type == "execute_result":
        output.execution_count = count
    if "data" in output:
        output.data.pop(WIDGET_VIEW, None)
        kept = {kind: note for kind, note in output.metadata.items() if kind in output.data and note}
        output.metadata = nbformat.from_dict(kept)
    return output


def execute(path: str | Path, timeout: float = 180) -> NotebookNode:
    """Run a lesson from top to bottom in a fresh kernel and return it executed.

    Args:
        path: the notebook's file; it is read, never written.
        timeout: seconds that one cell may take.

    Returns:
        The executed notebook, not yet in normal form.

    Raises:
        LessonError: if a cell fails or takes too long, or if the kernel dies.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    path = Path(path)
    nb = nbformat.read(path, as_version=4)
    cell_now = [0]
    client = NotebookClient(
        nb,
        timeout=timeout,
        kernel_name="python3",
        store_widget_state=False,
        coalesce_streams=True,  # text that arrives in pieces is one output
        resources={"metadata": {"path": str(path.resolve().parent)}},
        on_cell_start=lambda cell, cell_index: cell_now.__setitem__(0, cell_index),
    )
    quiet = {"TOOLKIT_QUIET": "1", "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    try:
        client.execute(env={**os.environ, **quiet}, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        raise LessonError(f"{_cell(path, nb, cell_now[0])} stopped with {error.ename}: {error.evalue}") from None
    except CellTimeoutError:
        raise LessonError(f"{_cell(path, nb, cell_now[0])} took longer than {timeout:g} seconds.") from None
    except DeadKernelError:
        raise LessonError(f"{_cell(path, nb, cell_now[0])} ended the kernel; memory may have run out.") from None
    return nb


def _cell(path: Path, nb: NotebookNode, index: int) -> str:
    """Name a cell so that a reader finds it: file, position, execution count and id."""
    count = sum(cell.cell_type == "code" for cell in nb.cells[: index + 1])
    return f"{path.name}: cell {index + 1} (code cell {count}, id {nb.cells[index].get('id', 'missing')!r})"


def write(nb: NotebookNode, path: str | Path) -> None:
    """Write a notebook in one step: whatever happens, the file is the old one or the new one, whole."""
    path = Path(path)
    text = nbformat.writes(nb).rstrip("\n") + "\n"
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main(arguments: Sequence[str] | None = None) -> int:
    """Run lessons and write them in normal form, or only check them; return the exit status."""
    from toolkit.notebook_rules import problems

    parser = argparse.ArgumentParser(prog="python -m toolkit.notebooks", description="Run lessons, write normal form.")
    parser.add_argument("files", nargs="*", type=Path, help="notebooks (all lessons when none is named)")
    parser.add_argument("--check", action="store_true", help="run nothing, write nothing, only name what is wrong")
    parser.add_argument("--timeout", type=float, default=180, help="seconds one cell may take (180)")
    options = parser.parse_args(arguments)
    found = []
    for path in options.files or [FOLDER / lesson.file for lesson in LESSONS if lesson.exists]:
        try:
            lesson = path if path.name in [lesson.file for lesson in LESSONS] else None
            nb = nbformat.read(path, as_version=4) if options.check else execute(path, options.timeout)
            if not options.check:
                nb = normalise(nb, lesson)
                write(nb, path)
            found += [f"{path.name}: {problem}" for problem in problems(nb, path)]
        except nbformat.reader.NotJSONError:
            found.append(f"{path.name}: is no notebook, because it does not hold JSON.")
        except (LessonError, OSError) as error:
            found.append(str(error))
        except KeyboardInterrupt:
            print(f"Interrupted; {path.name} is as it was.", file=sys.stderr)
            return 130
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
