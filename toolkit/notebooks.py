"""The lessons as files: how they are run and written, and the one normal form they are kept in.

`python -m toolkit.notebooks [FILE …]` runs lessons and writes them back; with `--check` it only looks, with
`--navigation` it brings the cells made from the list of lessons (`toolkit/course.py`) up to date and runs nothing.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.reader import NotJSONError
from nbformat.validator import iter_validate

from toolkit import course, navigation
from toolkit.course import FOLDER, LESSONS  # noqa: F401  (FOLDER and NAVIGATION are asked for here, too)
from toolkit.navigation import NAVIGATION  # noqa: F401
from toolkit.widgets.base import PORTABLE

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class LessonError(RuntimeError):
    """A lesson could not be read or did not run to its end; the message says in one sentence where and why."""


def read(path: str | Path) -> NotebookNode:
    """Read a notebook, of whatever format, as one of nbformat 4.

    Args:
        path: the notebook's file.

    Returns:
        The notebook.

    Raises:
        LessonError: if there is no such file, or if it is no notebook.
    """
    path = Path(path)
    try:
        nb = nbformat.read(path, as_version=4)  # which lets half a notebook pass
        wrong = [error.message for error in iter_validate(nb) if error.validator != "additionalProperties"]
        if not wrong:
            return nb
        why = textwrap.shorten(wrong[0], 120)
    except OSError as error:
        why = f"it cannot be read ({error.strerror or error})"
    except (NotJSONError, UnicodeDecodeError):
        why = "it does not hold JSON"
    except Exception:  # of many kinds: the reader asks the JSON for what it lacks
        why = "its JSON is not that of a notebook"
    raise LessonError(f"{path.name}: is no notebook, because {why}.")


def normalise(nb: NotebookNode, path: str | Path | None = None) -> NotebookNode:
    """Return a copy of a notebook in the course's normal form.

    Two runs of one lesson then differ only where its results differ, and a diff shows what changed.
    Executed cells are counted 1..n; cell ids and tags stay; timing, widget state, widget views and the
    versions of the language are dropped; the text and the picture that a widget leaves behind stay.

    Args:
        nb: a notebook of nbformat 4.
        path: the lesson's file, if its navigation bar and its cell for Colab are to be brought up to date as well.

    Returns:
        A new notebook; `nb` is unchanged.

    Raises:
        ValueError: if `path` is given and no lesson of the course.

    Example:
        >>> nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1", execution_count=7)])
        >>> normalise(nb).cells[0].execution_count
        1
    """
    nb = nbformat.from_dict(nb)
    if path is not None:
        navigation.refresh(nb, path)
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    count = 0
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("tags", "jupyter")})
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
        for kind in (WIDGET_VIEW, PORTABLE):
            output.data.pop(kind, None)
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
        LessonError: if the file is no notebook, a cell fails or takes too long, or the kernel dies.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    path = Path(path)
    nb = read(path)
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
        _in_a_thread(client, env={**os.environ, **quiet}, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        raise LessonError(f"{_cell(path, nb, cell_now[0])} stopped with {error.ename}: {error.evalue}") from None
    except CellTimeoutError:
        raise LessonError(f"{_cell(path, nb, cell_now[0])} took longer than {timeout:g} seconds.") from None
    except DeadKernelError:
        raise LessonError(f"{_cell(path, nb, cell_now[0])} ended the kernel; memory may have run out.") from None
    return nb


def _in_a_thread(client: Any, **settings: Any) -> None:
    """Execute where nbclient cannot take Ctrl-C for itself: it would only end the kernel, and call it dead."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.execute, **settings)
        try:
            running.result()
        except KeyboardInterrupt:
            if client.km is not None and client.km.has_kernel:
                client.km.provisioner.process.kill()
            raise


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
    """Run lessons and write them in normal form, or only check or link them; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m toolkit.notebooks", description="Run lessons, write normal form.")
    parser.add_argument("files", nargs="*", type=Path, help="notebooks (all lessons when none is named)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="run nothing, write nothing, only name what is wrong")
    mode.add_argument(
        "--navigation", action="store_true", help="run nothing; renew the navigation bars and the cells for Colab"
    )
    parser.add_argument("--timeout", type=float, default=180, help="seconds one cell may take (180)")
    options = parser.parse_args(arguments)
    found = []
    for path in options.files or [course.FOLDER / lesson.file for lesson in LESSONS if lesson.exists]:
        try:
            found += _linked(path) if options.navigation else _checked(path, options)
        except (LessonError, OSError) as error:
            found.append(str(error))
        except KeyboardInterrupt:
            print(f"Interrupted; {path.name} is as it was.", file=sys.stderr)
            return 130
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def _checked(path: Path, options: argparse.Namespace) -> list[str]:
    """Run a notebook and write it back, or only read it; return what is wrong with it."""
    from toolkit.notebook_rules import problems

    lesson = path if path.name in [lesson.file for lesson in LESSONS] else None
    nb = read(path) if options.check else execute(path, options.timeout)
    if not options.check:
        nb = normalise(nb, lesson)
        write(nb, path)
    return [f"{path.name}: {problem}" for problem in problems(nb, path)]


def _linked(path: Path) -> list[str]:
    """Bring the cells made from the list of lessons up to date, and leave all outputs as they are."""
    nb = read(path)
    try:
        new = normalise(nb, path)
    except ValueError as error:
        return [str(error)]
    if new != nb:
        write(new, path)
        print(f"{path.name}: links brought up to date.")
    return []


if __name__ == "__main__":
    sys.exit(main())
