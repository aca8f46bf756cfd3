"""What a lesson's file must satisfy, one small rule each: `problems` names every breach in a sentence."""

import base64
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from toolkit.course import LESSONS
from toolkit.navigation import COLAB, NAVIGATION, colab, navigation
from toolkit.notebooks import KERNELSPEC, WIDGET_VIEW, normalise

FILE_KB = 400
IMAGE_KB = 40
WORDS = 3500
LINK = "run python -m toolkit.notebooks --navigation"
FORBIDDEN_CODE = {
    r"\binteract(ive|_manual|ive_output)?\s*\(": "uses interact; show a widget of the toolkit instead",
    r"\bOutput\s*\(": "uses an Output widget; show a widget of the toolkit instead",
    r"^\s*%matplotlib\s+(widget|notebook|ipympl)": "switches matplotlib to a widget",
}
FORBIDDEN_ANYWHERE = {
    r"\b(pip|conda|mamba) install\b": "installs packages; the environment files do that",
    r"(?<![\w./:~-])/(home|Users|root|tmp|work|mnt|opt|var|usr)/\w": "holds an absolute path",
    r"(?<!\w)[A-Za-z]:\\\w": "holds an absolute path",
    r" at 0x[0-9a-f]{6,}": "shows a memory address, which differs in every run",
}


def problems(nb: NotebookNode, path: str | Path) -> list[str]:
    """Return what keeps a notebook from being a lesson of this course.

    Authors see it after every `make lessons`; the tests hold each lesson to an empty list.

    Args:
        nb: the notebook, executed.
        path: its file; the name decides whether it is a lesson of the course, the size is taken from disk.

    Returns:
        One sentence for each breach; empty when all is well.

    Example:
        >>> problems(nbformat.v4.new_notebook(), "empty.ipynb")[0]
        'must have exactly one title (a line that starts with "# "), found 0.'
    """
    path = Path(path)
    found = [*_validity(nb), *_whole(nb, path), *_form(nb, path)]
    for position, cell in enumerate(nb.cells, start=1):
        rules = _code_cell if cell.cell_type == "code" else _text_cell
        found += [f"cell {position} {breach}." for breach in rules(cell)]
    return found


def _validity(nb: NotebookNode) -> Iterator[str]:
    try:
        with warnings.catch_warnings(action="ignore"):  # a missing or doubled id warns before it fails
            nbformat.validate(nbformat.from_dict(nb))
    except nbformat.ValidationError as error:
        yield f"is not valid nbformat: {str(error).splitlines()[0]}."
    ids = [cell.get("id") for cell in nb.cells]
    if len(set(ids)) < len(ids):
        yield "has two cells with the same id."


def _whole(nb: NotebookNode, path: Path) -> Iterator[str]:
    text = "\n".join(_outside_fences(cell.source) for cell in nb.cells if cell.cell_type == "markdown")
    titles = len(re.findall(r"^# \S", text, flags=re.MULTILINE))
    if titles != 1:
        yield f'must have exactly one title (a line that starts with "# "), found {titles}.'
    words = len(
        re.findall(r"\w[\w'’-]*", re.sub(r"<[^>]*>|\]\([^)]*\)|\$\$.*?\$\$|\$[^$]*\$", " ", text, flags=re.DOTALL))
    )
    if words > WORDS and not path.name.startswith("00"):
        yield f"has {words:,} words of text; at most {WORDS:,} fit into the time of a lesson."
    size = path.stat().st_size if path.is_file() else len(json.dumps(nb))
    if size > FILE_KB * 1024:
        yield f"is {size / 1024:.0f} KB large; at most {FILE_KB} KB."


def _form(nb: NotebookNode, path: Path) -> Iterator[str]:
    if nb.metadata.get("kernelspec", {}).get("name") != KERNELSPEC["name"]:
        yield f"must name the kernel {KERNELSPEC['name']!r}."
    if "widgets" in nb.metadata:
        yield "stores the state of its widgets."
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield f"must have been run from top to bottom in one go (execution counts 1 to {len(code)})."
    if path.name in [lesson.file for lesson in LESSONS]:
        if _tagged(nb.cells, NAVIGATION) != [navigation(path)]:
            yield f"must have one cell tagged {NAVIGATION!r} with the current navigation bar; {LINK}."
        if _tagged(nb.cells, COLAB) != [colab()] or _tagged(code[:1], COLAB) != [colab()]:
            yield f"must have the current cell tagged {COLAB!r}, once and before all other code; {LINK}."
    if normalise(nb) != nb:
        yield "is not in normal form: run make lessons."


def _tagged(cells: list[NotebookNode], tag: str) -> list[str]:
    """The sources of the cells with a tag."""
    return [cell.source for cell in cells if tag in cell.metadata.get("tags", [])]


def _code_cell(cell: NotebookNode) -> Iterator[str]:
    if not cell.source.strip():
        yield "is empty"
    if re.sub(r"#[^\n]*$", "", cell.source.rstrip()).rstrip().endswith(";"):
        yield "ends in a semicolon; write _ = … to hide a value"
    for pattern, breach in FORBIDDEN_CODE.items():
        if re.search(pattern, cell.source, flags=re.MULTILINE):
            yield breach
    if cell.execution_count is None and cell.metadata.get("tags") and "nbval-check-output" in cell.metadata.tags:
        yield "is tagged nbval-check-output but was never run"
    yield from _anywhere("\n".join([cell.source, *_printed(cell)]))
    for output in cell.outputs:
        yield from _picture(output)


def _picture(output: NotebookNode) -> Iterator[str]:
    data = output.get("data", {})
    if WIDGET_VIEW in data:
        yield "stores a widget view"
    if "image/png" not in data:
        return
    size = len(base64.b64decode(data["image/png"]))
    if size > IMAGE_KB * 1024:
        yield f"has a picture of {size / 1024:.0f} KB; at most {IMAGE_KB} KB"
    if not str(output.metadata.get("image/png", {}).get("alt", "")).strip():
        yield "has a picture without alt text; show figures with plots.show(fig, alt=…)"


def _text_cell(cell: NotebookNode) -> Iterator[str]:
    yield from _anywhere(cell.source)
    if re.search(r"</summary>(?![ \t]*\n[ \t]*\n)", cell.source):
        yield "needs a blank line after </summary>, or the fold shows raw Markdown"


def _anywhere(text: str) -> Iterator[str]:
    for pattern, breach in FORBIDDEN_ANYWHERE.items():
        if re.search(pattern, text):
            yield breach


def _printed(cell: NotebookNode) -> Iterator[str]:
    """Every text a reader sees below a code cell."""
    for output in cell.outputs:
        yield output.get("text", "")
        yield "\n".join(output.get("traceback", []))
        yield from (str(text) for kind, text in output.get("data", {}).items() if kind.startswith("text/"))


def _outside_fences(markdown: str) -> str:
    """Markdown without its fenced code, whose lines may start with a # of their own."""
    return re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
