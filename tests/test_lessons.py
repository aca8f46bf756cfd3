"""Every notebook in lessons/ keeps the rules; nbval runs them."""

import nbformat
import pytest

from toolkit.exercises.catalogue import EXERCISES, QUESTIONS
from toolkit.notebook_rules import problems
from toolkit.notebooks import FOLDER, LESSONS, execute

FILES = sorted(FOLDER.glob("*.ipynb"))
NUMBERED = [path for path in FILES if path.name != "template.ipynb"]  # the template borrows its exercise


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lesson_keeps_the_rules(path):
    assert problems(nbformat.read(path, as_version=4), path) == []


def test_every_notebook_is_a_lesson_of_the_course_or_the_template():
    known = {lesson.file for lesson in LESSONS} | {"template.ipynb"}
    assert [path.name for path in FILES if path.name not in known] == []


def cells(path, tag):
    """Cells of a lesson whose tags start with `tag`, by what follows: `{"1.1": cell}`."""
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for mark in cell.metadata.get("tags", []):
            if mark.startswith(tag):
                found[mark.removeprefix(tag)] = cell
    return found


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
def test_every_exercise_has_its_stub_and_the_catalogue_s_solution_in_a_fold(path):
    stubs, folds = cells(path, "exercise-"), cells(path, "solution-")
    number = str(int(path.name[:2]))
    assert set(stubs) == set(folds) == {id for id in EXERCISES if id.split(".")[0] == number}
    for id, stub in stubs.items():
        assert f"def {EXERCISES[id].name}(" in stub.source
        assert "raise NotImplementedError" in stub.source
        assert f"```python\n{EXERCISES[id].solution}\n```" in folds[id].source


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
def test_with_every_solution_filled_in_every_check_is_correct(path, tmp_path):
    nb = nbformat.read(path, as_version=4)
    folds = cells(path, "solution-")
    for cell in nb.cells:
        for mark in cell.metadata.get("tags", []):
            if mark.startswith("exercise-"):
                fold = folds[mark.removeprefix("exercise-")].source
                cell.source = fold.split("```python\n")[1].split("```")[0]
        if cell.source.startswith("quiz("):
            id = cell.source.split('"')[1]
            cell.source = f'quiz("{id}", "{QUESTIONS[id].answer}")'
    copy = tmp_path / path.name
    nbformat.write(nb, copy)
    printed = "\n".join(out.get("text", "") for cell in execute(copy).cells for out in cell.get("outputs", []))
    for id in [*folds, *(id for id in QUESTIONS if id.split(".")[0] == str(int(path.name[:2])))]:
        assert f"✓ {id} " in printed
    total = len(folds)
    assert f"{total} of {total} exercise" in printed and "used the reference" not in printed
