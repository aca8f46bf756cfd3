"""The teaching pack agrees with the lessons: times add up, what it names exists, its numbers and keys are right."""

import json
import re
from pathlib import Path

import pytest

from toolkit.exercises.catalogue import EXERCISES, QUESTIONS
from toolkit.notebooks import LESSONS as COURSE

LESSONS = Path(__file__).resolve().parent.parent / "lessons"
TEACHING = LESSONS / "teaching"
NOTES = sorted(path for path in TEACHING.glob("[0-9][0-9]_*.md") if (LESSONS / f"{path.stem}.ipynb").exists())
CHAPTERS = ["What it is for", "60 minutes", "90 minutes", "Board sketch", "Discussion", "Expected wrong answers"]
CHAPTERS += ["Exam items"]
# Numbers of ours in plans, sketches and discussions: examples on the board, sums and rounded values.
EXAMPLES = {
    "03": {"0.9", "0.8", "0.7", "0.1", "1.0", "1.5"},
    "06": {"0.3", "0.5", "0.1"},
}
notes = pytest.mark.parametrize("note", NOTES, ids=lambda note: note.stem[:2])


def read(path):
    return path.read_text(encoding="utf-8")


def cells(number):
    (notebook,) = LESSONS.glob(f"{number}_*.ipynb")
    return json.loads(read(notebook))["cells"]


def seen(number):
    """All that a reader of the lesson sees: sources, printed text, tables and descriptions."""
    texts = []
    for cell in cells(number):
        texts.append("".join(cell["source"]))
        for output in cell.get("outputs", []):
            texts.append("".join(output.get("text", "")))
            texts += ["".join(value) for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
            texts += [str(picture) for picture in output.get("metadata", {}).values()]
    return "\n".join(texts)


def sections(number):
    text = "\n".join("".join(cell["source"]) for cell in cells(number) if cell["cell_type"] == "markdown")
    return {int(found) for found in re.findall(r"^## (\d+) ·", text, flags=re.M)}


def chapter(note, title):
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", read(note), flags=re.M | re.S)
    assert found, f"{note.name} lacks the chapter {title!r}"
    return found[1]


def rows(text):
    """The cells of a Markdown table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_every_lesson_has_its_file_and_no_file_lacks_a_lesson():
    files = {path.stem for path in TEACHING.glob("[0-9][0-9]_*.md")}
    assert {path.stem for path in LESSONS.glob("[0-9][0-9]_*.ipynb")} <= files
    assert files <= {Path(lesson.file).stem for lesson in COURSE}
    assert files == set(re.findall(r"\((\d\d_\w+)\.md\)", read(TEACHING / "README.md")))


@notes
def test_the_chapters_are_those_of_every_file_and_few_enough_lines_for_a_train(note):
    assert re.findall(r"^## (.*)$", read(note), flags=re.M) == CHAPTERS
    assert len(read(note).splitlines()) <= 180


@notes
@pytest.mark.parametrize("length", [60, 90])
def test_a_plan_is_without_gaps_and_ends_on_time(note, length):
    plan = rows(chapter(note, f"{length} minutes"))
    now = 0
    for row in plan:
        assert len(row) == 4 and all(row), f"a cell is missing or empty in {row}"
        begin, end = map(int, row[0].split("–"))
        assert begin == now < end, f"after minute {now} comes {row[0]}"
        now = end
    assert now == length


def homework(text):
    """The exercises and sections that a text leaves to do at home; `sections 8 to 10` are three."""
    found = set(re.findall(r"\b\d\.\d\b", text))
    for first, rest in re.findall(r"sections? (\d+)((?:(?:, | and | to )\d+\b(?!\.\d))*)", text):
        named = [int(first), *map(int, re.findall(r"\d+", rest))]
        found |= set(range(named[0], named[1] + 1) if "to" in rest else named)
    return found


@notes
def test_a_plan_promises_the_homework_and_the_exercises_that_its_table_has(note):
    text = " ".join(chapter(note, "60 minutes").partition("\n|")[0].split())
    plan = rows(chapter(note, "60 minutes"))
    promised = [part for part in re.split(r"; |\. ", text) if "homework" in part]
    given = plan[-1][3].partition("homework: ")[2]
    assert homework(" ".join(promised)) == homework(given), f"{note.name}: {promised} but {given!r}"
    here, there = text.partition(" in the room")[:2]
    assert not there or {f"exercise {id}" for id in re.findall(r"\d\.\d", here)} <= {
        found for row in plan for found in re.findall(r"exercise \d\.\d", row[1])
    }


def test_homework_is_read_with_its_ranges():
    assert homework("4.4, 4.5 and sections 8 to 10") == homework("homework: 4.4, 4.5, sections 8, 9 and 10")
    assert homework("2.3, section 11, 2.4") == {"2.3", "2.4", 11} and homework("what to run") == set()


@notes
def test_sections_cells_exercises_questions_and_widgets_exist(note):
    own, text = note.stem[:2], read(note)
    for lesson, first, last in re.findall(r"(?:lesson (\d\d), )?sections? (\d+)(?:(?: to | and )(\d+))?", text):
        for number in filter(None, (first, last)):
            assert int(number) in sections(lesson or own), f"{note.name}: no section {number} in lesson {lesson or own}"
    for name in re.findall(r"`(l\d\d-[a-z0-9-]+)`", text):
        assert name in {cell["id"] for cell in cells(name[1:3])}, f"{note.name}: no cell {name}"
    assert set(re.findall(r"\b\d\.q\d\b", text)) <= set(QUESTIONS)
    assert set(re.findall(r"exercises? (\d\.\d)\b", text, flags=re.I)) <= set(EXERCISES)
    for widget in set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", text)) - {"BatchNorm"}:
        assert widget in seen(own), f"{note.name}: {widget} is not in the lesson"


@notes
def test_every_exercise_has_wrong_answers_and_each_is_a_catalogued_one(note):
    own = {id for id in EXERCISES if id.startswith(f"{int(note.stem[:2])}.")}
    found = rows(chapter(note, "Expected wrong answers"))
    assert {row[0] for row in found} == own
    assert 3 <= len(found) <= 14
    for id, label, reveals, ask in found:
        known = {wrong.label for wrong in EXERCISES[id].wrong}
        assert label.replace("\\", "").strip("*") in known, f"{id} has no wrong answer {label}"
        assert reveals and ask


@notes
def test_discussion_and_exam_are_whole(note):
    questions = re.findall(r"^\d\. \*(.+?)\*", chapter(note, "Discussion"), flags=re.M)
    assert 5 <= len(questions) <= 6
    items = re.split(r"^(?=\d\. )", chapter(note, "Exam items"), flags=re.M)[1:]
    assert 4 <= len(items) <= 6
    for item in items:
        head = re.match(r"\d\. \*\*\((\d) points, (short answer|computation|judge a claim)\)\*\*", item)
        assert head and "*Key:*" in item, item
        shares = [int(share) for share in re.findall(r"\((\d)(?: for [^)]*)?\)", item.split("*Key:*")[1])]
        assert sum(shares) in (0, int(head[1])), f"the shares of the key give {sum(shares)} points: {item}"
    assert {"computation", "judge a claim"} <= set(re.findall(r"points, ([a-z ]+)\)", "".join(items)))


def numbers(text):
    """The decimal numbers of a text; with their spread, where they have one."""
    return set(re.findall(r"(?<!\w)(?<!\d\.)\d+\.\d+(?: ± \d+\.\d+)?(?!\w|\.\d)", text))


@notes
def test_measured_numbers_are_those_of_the_lesson(note):
    number = note.stem[:2]
    if not any(cell.get("outputs") for cell in cells(number)):
        pytest.skip("the lesson has not been run yet")
    lesson = seen(number)
    known = numbers(lesson) | numbers(re.sub(r" ± [\d.]+", "", lesson)) | EXAMPLES.get(number, set()) | set(EXERCISES)
    for title in ("60 minutes", "90 minutes", "Board sketch", "Discussion"):
        unknown = numbers(chapter(note, title)) - known
        assert not unknown, f"{note.name}, {title}: {unknown} are not in the lesson"
    for spread in re.findall(r"\d+(?:\.\d+)? ± \d+(?:\.\d+)?", read(note)):
        assert spread in lesson, f"{note.name}: {spread} is not in the lesson"


@pytest.mark.parametrize("path", sorted(TEACHING.glob("*.md")), ids=lambda path: path.stem)
def test_links_resolve_and_nothing_of_a_machine_is_named(path):
    text = read(path)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        coming = Path(target).name in {lesson.file for lesson in COURSE}  # a lesson of the list, still being written
        assert coming or target.startswith("http") or (path.parent / target).exists(), f"{path.name} links to {target}"
    assert not re.search(r"(?<![\w.])/(home|work|tmp|root|opt|usr|Users)/|[A-Z]:\\\\|localhost|127\.0\.0\.1", text)
    assert not re.search(r"\b(issue|session) ?#?\d", text, flags=re.I)
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        heads = [
            re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-")
            for head in re.findall(r"^#+ (.*)$", text, flags=re.M)
        ]
        assert anchor in heads, f"{path.name} has no heading #{anchor}"
