"""The kit for adding a paper: the template keeps the rules, and a tiny sixth paper takes the checklist's commands."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from toolkit.course import FOLDER, LESSONS
from toolkit.exercises.catalogue import EXERCISES
from toolkit.notebook_rules import problems

ROOT = Path(__file__).resolve().parent.parent
KIT = ROOT / "tests" / "kit"
TEMPLATE, LESSON = FOLDER / "template.ipynb", KIT / "99_soups.ipynb"
CHECKLIST = (FOLDER / "ADD_A_PAPER.md").read_text(encoding="utf-8")
ROW = """\
LESSONS = (*LESSONS, Lesson(99, "99_soups.ipynb", "One pot", "Why one?", "Soup 2022", 15, "soups", ("01",)))


"""


CLAIMS = "from toolkit.evidence import claims99\n\nMODULES = (*MODULES, claims99)\n"
TOLD = """\
from toolkit.evidence import claims
from toolkit.evidence.claim import reader
assert claims.MODULES[-1].__name__ == "toolkit.evidence.claims99"
read = reader(claims.FOLDER)
print(*claims.MODULES[-1].claims(read), *claims.MODULES[-1].rows(read), sep="\\n")
"""


def wire(folder: Path, file: str, before: str, line: str) -> None:
    """Put a line into a file of the copy, before a text that stands there once."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{file} has changed: {before!r} is not there once"
    path.write_text(text.replace(before, line + before), encoding="utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A copy of the toolkit with the sixth paper in its places, and its evidence measured."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "toolkit", folder / "toolkit", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("lessons", "tests"):
        (folder / name).mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for name in ("test_lessons.py", "test_exercises.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests")
    shutil.copy(KIT / "soups.py", folder / "toolkit")
    shutil.copy(KIT / "catalogue.py", folder / "toolkit" / "exercises" / "lesson99.py")
    shutil.copy(KIT / "evidence.py", folder / "toolkit" / "evidence" / "lesson99.py")
    shutil.copy(KIT / "claims.py", folder / "toolkit" / "evidence" / "claims99.py")
    shutil.copy(LESSON, folder / "lessons")
    joined = "from toolkit.exercises import lesson99\n\nLESSONS = (*LESSONS, lesson99)\n"
    wire(folder, "toolkit/exercises/catalogue.py", "EXERCISES: dict", joined)
    wire(folder, "toolkit/evidence/__init__.py", "\n\ndef load(", 'LESSONS = (*LESSONS, "99")\n')
    wire(folder, "toolkit/evidence/claims.py", "\n\ndef claims(", CLAIMS)
    wire(folder, "toolkit/course.py", "@dataclass(frozen=True)\nclass Route:", ROW)
    printed = python(folder, "-m", "toolkit.evidence", "99").stdout
    assert "siblings_and_strangers" in printed
    return folder


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the course's Python on the copy."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "TOOLKIT_QUIET": "1", "COLUMNS": "200"}
    result = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def headings(path: Path) -> list[str]:
    """The section titles of a notebook, without their numbers."""
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    return re.findall(r"^## (?:\d+ · )?(.+)$", text, flags=re.MULTILINE)


def sources(path: Path) -> list[str]:
    """What the author of a notebook wrote: all cells but the two that are generated."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if not {"navigation", "colab"} & set(cell.metadata.get("tags", []))]


def test_the_template_keeps_the_rules_and_is_no_lesson():
    assert problems(nbformat.read(TEMPLATE, as_version=4), TEMPLATE) == []
    assert TEMPLATE.name not in [lesson.file for lesson in LESSONS]


def test_the_template_has_the_sections_of_a_lesson_in_order():
    assert headings(TEMPLATE) == [
        "Predict first",
        "The idea in one picture",
        "The mathematics",
        "Build it",
        "See it",
        "Test the claim",
        "Break it",
        "Quiz",
        "What you learned",
        "Go further",
        "References and provenance",
    ]


def test_the_template_has_a_toy_exercise_a_figure_and_a_table():
    cells = nbformat.read(TEMPLATE, as_version=4).cells
    tagged = {tag: cell for cell in cells for tag in cell.metadata.get("tags", [])}
    assert f"def {EXERCISES['0.1'].name}(" in tagged["exercise-0.1"].source
    assert f"```python\n{EXERCISES['0.1'].solution}\n```" in tagged["solution-0.1"].source
    printed = "\n".join(out.get("text", "") for cell in cells for out in cell.get("outputs", []))
    assert "· 0.1 not attempted yet." in printed
    kinds = [kind for cell in cells for out in cell.get("outputs", []) for kind in out.get("data", {})]
    assert "image/png" in kinds and "text/markdown" in kinds


def test_the_worked_lesson_follows_the_template():
    order, mine = headings(TEMPLATE), headings(LESSON)
    assert len(mine) >= 4 and mine == [title for title in order if title in mine]
    assert not re.search("Author:", LESSON.read_text(encoding="utf-8"))


def test_its_method_and_exercises_pass_the_courses_own_tests(course):
    assert re.search(r"\b1 passed", python(course, "-m", "pytest", "--doctest-modules", "toolkit/soups.py").stdout)
    printed = python(course, "-m", "pytest", "-k", "99.", "tests/test_exercises.py").stdout
    assert int(re.search(r"(\d+) passed", printed)[1]) >= 5


def test_its_evidence_is_measured_into_the_copy_alone(course):
    record = json.loads((course / "lessons" / "evidence" / "99.json").read_text(encoding="utf-8"))
    found = record["claims"]["siblings_and_strangers"]
    assert found["config"]["seeds"] == 5 and all(len(values) == 5 for values in found["test_accuracy"].values())
    assert not (FOLDER / "evidence" / "99.json").exists()


def test_its_claim_is_told_from_what_was_measured(course):
    claim, row = python(course, "-c", TOLD).stdout.splitlines()
    found = json.loads((course / "lessons" / "evidence" / "99.json").read_text(encoding="utf-8"))["claims"]
    soup = 100 * np.array(found["siblings_and_strangers"]["test_accuracy"]["soup of siblings"])
    assert f"soup of siblings {soup.mean():.1f} ± {soup.std(ddof=1):.1f} %" in claim and "verdict='reproduced'" in claim
    assert row.startswith("Row(paper='Wortsman et al. 2022', ")


def test_its_lesson_runs_keeps_the_rules_and_turns_green_with_its_solutions(course):
    path = course / "lessons" / LESSON.name
    python(course, "-m", "toolkit.notebooks", "--navigation", str(path))
    python(course, "-m", "toolkit.notebooks", str(path))
    assert sources(path) == sources(LESSON)
    printed = python(course, "-m", "pytest", "-q", "tests/test_lessons.py").stdout
    assert re.search(r"\b4 passed", printed), printed


def test_the_grader_tells_its_stub_from_its_solution(course, tmp_path):
    pytest.importorskip("toolkit.grade")
    nb = nbformat.read(LESSON, as_version=4)
    stub = next(cell for cell in nb.cells if "exercise-99.1" in cell.metadata.get("tags", []))
    stub.source = "def soup(networks, chosen):\n    return networks[chosen].mean(0)"
    nbformat.write(nb, tmp_path / "right.ipynb")
    shutil.copy(LESSON, tmp_path / "stub.ipynb")
    table = tmp_path / "table.csv"
    python(course, "-m", "toolkit.grade", str(tmp_path), "--csv", str(table))
    lines = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()]
    found = {line[0]: line for line in lines if "99.1" in line}
    assert "right" in found["right"][1:] and "not attempted" in found["stub"]


def test_the_checklist_names_what_exists():
    for name in re.findall(r"`((?:toolkit|tests|lessons)/[\w./]+)`", CHECKLIST):
        if not re.search(r"08|soup", name):
            assert (ROOT / name).exists(), name
    for module in re.findall(r"python -m (toolkit[\w.]*)", CHECKLIST):
        path = ROOT / Path(*module.split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
