"""The grader against the whole catalogue: every stub, solution and catalogued wrong answer, from notebook to table."""

import csv
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from toolkit import grade
from toolkit.exercises.catalogue import EXERCISES, LESSONS, PREDICTIONS, QUESTIONS
from toolkit.grading import report
from toolkit.notebooks import FOLDER
from toolkit.notebooks import LESSONS as FILES

every_exercise = pytest.mark.parametrize("id", EXERCISES)
NUMBERS = [str(number) for number in range(len(LESSONS))]
STUB = "def {name}(*args):\n    raise NotImplementedError"
IMPORTS = "import torch\nfrom toolkit import *\nfrom toolkit import Bezier, fit\n"
WRONG = (  # a cell as a learner writes one, whose answer is the catalogued one
    "from toolkit.exercises.catalogue import EXERCISES\n\n"
    "def {name}(*args, **more):\n    return EXERCISES['{id}'].wrong[{number}].function(*args, **more)"
)


def lesson(number):
    """The lesson as learners get it; while it is not written, a notebook of its exercises alone."""
    path = FOLDER / FILES[int(number)].file
    if path.is_file():
        return nbformat.read(path, as_version=4)
    cells = [
        new_code_cell(STUB.format(name=e.name), metadata={"tags": [f"exercise-{e.id}"]})
        for e in EXERCISES.values()
        if e.id.split(".")[0] == number
    ]
    return new_notebook(cells=[new_code_cell(IMPORTS), *cells])


def answered(number, answer):
    """The lesson with `answer(exercise)` in each exercise's cell; None leaves the stub."""
    nb = lesson(number)
    for cell in nb.cells:
        for tag in cell.metadata.get("tags", []):
            if tag.startswith("exercise-"):
                source = answer(EXERCISES[tag.removeprefix("exercise-")])
                cell.source = cell.source if source is None else source
    return nb


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The table of a class in which somebody gives every answer that the catalogue knows."""
    folder = tmp_path_factory.mktemp("class")

    def wrong(number):
        def answer(exercise):
            if number < len(exercise.wrong):
                return WRONG.format(name=exercise.name, id=exercise.id, number=number)
            return None

        return answer

    learners = {"stub": lambda exercise: None, "right": lambda exercise: exercise.solution}
    most = max(len(exercise.wrong) for exercise in EXERCISES.values())
    learners |= {f"wrong {number}": wrong(number) for number in range(most)}
    for name, answer in learners.items():
        (folder / name).mkdir()
        for number in NUMBERS:
            nbformat.write(answered(number, answer), folder / name / FILES[int(number)].file)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found, problems, empty = grade.grade([folder], jobs=2)
    assert (problems, empty) == ([], [])
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return {(row.learner, row.lesson): row for row in found}


def outcome(rows, learner, id):
    return rows[learner, id.split(".")[0]].outcomes[id]


def test_every_learner_has_a_row_for_every_lesson(rows):
    assert {number for name, number in rows if name == "stub"} == set(NUMBERS)
    for number in NUMBERS:
        assert list(rows["stub", number].outcomes) == [id for id in EXERCISES if id.split(".")[0] == number]


@every_exercise
def test_a_stub_is_not_attempted(rows, id):
    assert outcome(rows, "stub", id) == ("–", f"{id} not attempted.")


@every_exercise
def test_the_solution_is_right(rows, id):
    assert outcome(rows, "right", id) == ("✓", f"{id} correct. {EXERCISES[id].praise}")


@every_exercise
def test_every_catalogued_wrong_answer_is_wrong_with_its_message(rows, id):
    for number, wrong in enumerate(EXERCISES[id].wrong):
        found = outcome(rows, f"wrong {number}", id)
        assert found.mark == "✗"
        assert found.sentence.startswith(f"{id} not correct: {wrong.message} For {EXERCISES[id].name}(")
        assert report.mistake(id, found) == wrong.label


def test_the_table_tells_them_apart(rows):
    text = report.table([rows["right", "1"], rows["stub", "1"], rows["wrong 0", "1"]])
    head, right, stub, wrong, _, legend = text.split("\n")
    assert head.split() == "learner lesson 1.1 1.2 1.3 1.4 quiz answered quiz right guesses done".split()
    assert re.split(r" {2,}", right) == ["right", "01", *["✓ right"] * 4, "0 of 4", "0", "0 of 2", "4 of 4"]
    assert re.split(r" {2,}", stub) == ["stub", "01", *["– open"] * 4, "0 of 4", "0", "0 of 2", "0 of 4"]
    assert re.split(r" {2,}", wrong) == ["wrong 0", "01", *["✗ wrong"] * 4, "0 of 4", "0", "0 of 2", "0 of 4"]
    assert head.index("1.2") == right.index("✓ right", right.index("✓") + 1) == stub.index("–", stub.index("–") + 1)
    assert all(mark in legend for mark in "✓✗–!")
    both = report.table([rows["stub", "2"], rows["stub", "1"]])
    assert both.index("1.1") < both.index("2.1") and report.table([]) == ""


def test_details_tell_the_most_frequent_mistake_first(rows):
    often, seldom = EXERCISES["1.2"].wrong[:2]
    text = report.details([rows[who, "1"] for who in ("wrong 1", "wrong 0", "wrong 0", "right")])
    learners, of_class = text.split("The class\n")
    assert f"✗ 1.2 not correct: {seldom.message} For" in learners
    lines = of_class.split("1.2 interpolate: 1 right, 3 wrong\n")[1].split("\n")
    assert lines[:2] == [f"  2 × {often.label}: {often.message}", f"  1 × {seldom.label}: {seldom.message}"]
    assert "right, lesson 1" not in learners
    assert "Nothing wrong in 1.1 (1 right of 2)" in report.details([rows["right", "1"], rows["stub", "1"]])


def test_a_csv_holds_every_outcome_and_no_formula(rows, tmp_path):
    row = rows["wrong 0", "1"]
    row = report.Row("=cmd()", "1", row.file, row.outcomes, row.letters, row.guesses)
    report.write_csv([row], tmp_path / "all.csv")
    text = (tmp_path / "all.csv").read_text(encoding="utf-8-sig")
    lines = list(csv.DictReader(text.splitlines()))
    mine = [id for id in (*EXERCISES, *QUESTIONS, *PREDICTIONS) if id.startswith("1.")]
    assert [line["item"] for line in lines] == mine
    assert {line["learner"] for line in lines} == {"'=cmd()"}
    first = EXERCISES["1.1"].wrong[0]
    assert (
        lines[0]["outcome"] == "wrong" and lines[0]["mistake"] == first.label and first.message in lines[0]["sentence"]
    )
    assert [line["outcome"] for line in lines if line["kind"] == "quiz"] == ["not answered"] * 4
    assert list(tmp_path.iterdir()) == [tmp_path / "all.csv"]
