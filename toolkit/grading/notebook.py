"""Learners' notebooks as text: find them, name the learner, and read the code cells; nothing is run or changed."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.notebooks import LESSONS

_MOODLE = re.compile(r"_\d+_assignsubmission_file_?")
_COPY = re.compile(r"([-_ ]*copy\s*\d*|\s*\(\d+\)|-checkpoint)$", re.IGNORECASE)
_STEMS = [Path(lesson.file).stem for lesson in LESSONS]
_NO_NAMES = {"lessons", "notebooks", "submission", "submissions", "home", "work", "main"}  # folders, not learners
_NUMBERED = re.compile(r"(lesson|exercise|assignment|homework|notebook|untitled|week|group)s?[-_ ]*\d*", re.IGNORECASE)
_TEMPLATE = "template.ipynb"  # of a lesson still to be written: it comes with the course and is no learner's


class Unreadable(ValueError):
    """A file is no notebook; the message says in one sentence why."""


class Cell(NamedTuple):
    """One code cell: its source, its tags, and its number among the code cells, from 1."""

    source: str
    tags: tuple[str, ...]
    number: int


def read(path: Path) -> list[Cell]:
    """Return the code cells of a notebook, of format 3 or 4; cells that make no sense are left out.

    Args:
        path: the notebook's file; it is read, never written.

    Returns:
        The code cells, in their order.

    Raises:
        Unreadable: if the file is no notebook.
        OSError: if it cannot be read at all.
    """
    try:
        content = json.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):  # bytes that are no text are a ValueError, too
        raise Unreadable(f"{path}: is no notebook, because it does not hold JSON.") from None
    content = content if isinstance(content, dict) else {}
    sheets = content.get("worksheets")  # format 3
    cells = sheets[0].get("cells") if isinstance(sheets, list) and sheets and isinstance(sheets[0], dict) else None
    cells = content.get("cells", cells)
    if not isinstance(cells, list):
        raise Unreadable(f"{path}: is no notebook, because it has no list of cells.")
    code = [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    return [
        Cell(_text(cell.get("source", cell.get("input", ""))), _tags(cell), number)
        for number, cell in enumerate(code, 1)
    ]


def find(paths: Iterable[Path]) -> tuple[list[tuple[str, Path]], list[str]]:
    """Return the notebooks in files and folders, each with its learner, and one sentence for each path without any.

    Args:
        paths: files, and folders that are searched to any depth; what is hidden (`.ipynb_checkpoints`) and the
            course's template are passed over. In a folder, the first folder below it is the learner's.

    Returns:
        Pairs of learner and file, sorted; and what went wrong.
    """
    found, problems = {}, []
    for path in map(Path, paths):
        files = _inside(path) if path.is_dir() else [path]
        if not path.exists():
            problems.append(f"{path}: there is no such file or folder.")
        elif not files:
            problems.append(f"{path}: there is no notebook in this folder.")
        else:
            found |= {file.resolve(): (learner(file, path if path.is_dir() else None), file) for file in files}
    return sorted(found.values()), problems


def learner(path: Path, below: Path | None = None) -> str:
    """Return the learner whose notebook this is.

    That is the first folder below the one that was searched, unless it is a lesson's or a week's; else the file's name;
    else, where that is a lesson's too, the nearest folder.

    Args:
        path: such as `class/ada.ipynb`, `class/ada/01_two_networks.ipynb`, `class/ada_01_two_networks.ipynb`, or
            one of the names that Moodle gives.
        below: the folder in which it was found; None for a file of its own.

    Returns:
        The name.

    Example:
        >>> [learner(Path(name)) for name in ("in/ada.ipynb", "in/bo/lessons/01_two_networks-Copy1.ipynb")]
        ['ada', 'bo']
        >>> learner(Path("Ada Lovelace_123_assignsubmission_file_01_two_networks.ipynb"))
        'Ada Lovelace'
        >>> learner(Path("class/hal/lesson1.ipynb"), below=Path("class"))
        'hal'
    """
    first = path.relative_to(below).parts[0] if below else path.name
    if first != path.name and _names(first):
        return _MOODLE.sub("", first)
    stem = path.stem
    for lesson in _STEMS:
        at = stem.lower().find(lesson)
        stem = stem if at < 0 else stem[:at] + " " + stem[at + len(lesson) :]
    stem = _COPY.sub("", stem) if stem != path.stem else stem
    own = _MOODLE.sub("", stem).strip(" -_.")
    if own and not _NUMBERED.fullmatch(own):
        return own
    folders = [_MOODLE.sub("", part) for part in reversed(path.resolve().parent.parts) if _names(part)]
    return next(iter(folders), path.stem)


def _names(folder: str) -> bool:
    """Whether a folder may be called after a learner: not after a lesson, a week or what is in it."""
    name = folder.lower()
    return name.strip("/\\") != "" and not (name in _NO_NAMES or name in _STEMS or _NUMBERED.fullmatch(name))


def _inside(folder: Path) -> list[Path]:
    found = []
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        wanted = [name for name in files if name.lower().endswith(".ipynb") and name != _TEMPLATE]
        found += [Path(here, name) for name in wanted if not name.startswith(".")]
    return sorted(found)


def _text(source: Any) -> str:
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _tags(cell: dict[str, Any]) -> tuple[str, ...]:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tuple(tag.strip() for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
