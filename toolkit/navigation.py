"""The two cells that every lesson gets from the list of lessons: its navigation bar, and the one for Google Colab."""

import json
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from toolkit import course

NAVIGATION = "navigation"  # the tag of the cell that holds the navigation bar
COLAB = "colab"  # the tag of the cell that fetches the course on Google Colab
BINDER_ADDRESS = "https://mybinder.org/v2/gh"
COLAB_ADDRESS = "https://colab.research.google.com/github"
COLAB_LACKS = ("anywidget", "psygnal")  # all that lessons need and Colab does not ship; torch and numpy stay Colab's

_COLAB_CELL = """\
# Only for Google Colab: fetches the course. Anywhere else this cell does nothing.
import importlib.util
import os
import subprocess
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("toolkit") is None:
    {fetch}
    packages = {packages}
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", *packages])
    sys.path.insert(0, os.path.abspath("weight-space"))
"""
_CLONE = """\
if not os.path.isdir("weight-space"):
        source = "https://github.com/{repository}"
        subprocess.run(["git", "clone", "-q", "--depth=1", source, "weight-space"])"""
_UPLOAD = """\
if not os.path.isdir("weight-space/toolkit"):
        print(
            "Colab lacks the course: put its folder weight-space (with toolkit and lessons) into"
            " weight-space.zip, upload that with the folder icon on the left, run"
            " '!unzip -q weight-space.zip' in a new cell, then this cell again."
        )"""


def navigation(path: str | Path) -> str:
    """Return the navigation bar of a lesson as Markdown.

    Every lesson begins with it, so that you can walk the course without the file browser. Neighbours that
    are not written yet are left out.

    Args:
        path: the lesson's file; only its name counts.

    Returns:
        One line: previous lesson · all lessons · next lesson; Binder and Colab where the repository is known, and the
        lesson's page where the site is.

    Raises:
        ValueError: if the file is no lesson of the course.

    Example:
        >>> navigation("lessons/01_two_networks.ipynb").split(" · ")[0]
        '[← 00 Start here](00_start_here.ipynb)'
    """
    here = course.named(path)
    before = [lesson for lesson in course.LESSONS if lesson.number < here.number and lesson.exists]
    after = [lesson for lesson in course.LESSONS if lesson.number > here.number and lesson.exists]
    parts = [f"[← {before[-1].label} {before[-1].title}]({before[-1].file})"] if before else []
    parts.append("[All lessons](00_start_here.ipynb#All-lessons)" if here.number else "[All lessons](#All-lessons)")
    parts += [f"[{after[0].label} {after[0].title} →]({after[0].file})"] if after else []
    if course.REPOSITORY:
        target = quote(f"lab/tree/lessons/{here.file}", safe="")
        parts.append(f"[Open on Binder]({BINDER_ADDRESS}/{course.REPOSITORY}/HEAD?urlpath={target})")
        parts.append(f"[Open in Colab]({COLAB_ADDRESS}/{course.REPOSITORY}/blob/HEAD/lessons/{here.file})")
    if course.PAGES:
        parts.append(f"[Read as a page]({course.PAGES.rstrip('/')}/{Path(here.file).stem}.html)")
    return " · ".join(parts)


def colab() -> str:
    """Return the source of the cell that makes a lesson run on Google Colab; the same for every lesson.

    Colab opens a notebook alone, without the toolkit beside it. There the cell fetches the course and the few
    packages that Colab lacks, and leaves Colab's own torch and numpy as they are. The course is put on the path,
    not installed: Colab's ipywidgets is older than the one asked for here, and good enough.

    Returns:
        Python code that is silent, and quick, anywhere but on Colab.

    Example:
        >>> colab().splitlines()[0]
        '# Only for Google Colab: fetches the course. Anywhere else this cell does nothing.'
    """
    fetch = _CLONE.format(repository=course.REPOSITORY) if course.REPOSITORY else _UPLOAD
    return _COLAB_CELL.format(fetch=fetch, packages=json.dumps(COLAB_LACKS)).rstrip()


def refresh(nb: NotebookNode, path: str | Path) -> None:
    """Bring both cells of a lesson up to date, or put them in, without running anything.

    The bar stands first, the cell for Colab before all other code. What is there already keeps its place and id.

    Args:
        nb: the notebook; it is changed.
        path: the lesson's file; only its name counts.

    Raises:
        ValueError: if the file is no lesson of the course.

    Example:
        >>> nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import torch")])
        >>> refresh(nb, "lessons/05_late_phase.ipynb")
        >>> [cell.id for cell in nb.cells[:2]]
        ['l05-nav', 'l05-colab']
    """
    label = course.named(path).label
    bar, cell = _tagged(nb, NAVIGATION), _tagged(nb, COLAB)
    if bar is None:
        bar = nbformat.v4.new_markdown_cell(metadata={"tags": [NAVIGATION]}, id=f"l{label}-nav")
        nb.cells.insert(0, bar)
    bar.source = navigation(path)
    if cell is None:
        codes = [index for index, other in enumerate(nb.cells) if other.cell_type == "code"]
        first = codes[0] if codes else len(nb.cells)
        tidy = {"tags": [COLAB], "jupyter": {"source_hidden": True}}
        cell = nbformat.v4.new_code_cell(metadata=tidy, id=f"l{label}-colab")
        if codes:  # it is silent: where the next cell has been run, so, in effect, has this one
            cell.execution_count = nb.cells[first].execution_count
        nb.cells.insert(first, cell)
    cell.source = colab()


def _tagged(nb: NotebookNode, tag: str) -> NotebookNode | None:
    """Return the first cell with a tag, if there is one."""
    return next((cell for cell in nb.cells if tag in cell.metadata.get("tags", [])), None)
