"""What the lecturer reads: tables of learners and exercises, the class's frequent mistakes, and a file for a sheet."""

import csv
import io
import os
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.exercises.catalogue import EXERCISES, QUESTIONS
from toolkit.exercises.judge import Verdict
from toolkit.grading.pool import Outcome, clean

WORDS = {"✓": "right", "✗": "wrong", "–": "open", "!": "error"}
LEGEND = "✓ right   ✗ wrong   – open: not attempted   ! error: it cannot be read, raises, or does not end (--details)"
_CSV = {**WORDS, "–": "not attempted"}


@dataclass(frozen=True)
class Row:
    """One learner's work on one lesson.

    Attributes:
        learner: the name.
        lesson: the lesson's number, such as "1".
        file: the notebook.
        outcomes: outcome by exercise.
        letters: verdict and letter by question.
        guesses: by prediction, whether there is a guess.
    """

    learner: str
    lesson: str
    file: Path
    outcomes: dict[str, Outcome]
    letters: dict[str, tuple[Verdict, str | None]]
    guesses: dict[str, bool]


def table(rows: Sequence[Row]) -> str:
    """Return one table for each lesson, learners down and exercises across.

    Args:
        rows: the work of all learners.

    Returns:
        Text with aligned columns; empty where there are no rows.
    """
    parts = []
    for lesson in sorted({row.lesson for row in rows}, key=int):
        mine = [row for row in rows if row.lesson == lesson]
        lines = [
            ["learner", "lesson", *mine[0].outcomes, "quiz answered", "quiz right", "guesses", "done"],
            *map(_line, mine),
        ]
        parts.append(_aligned(lines))
    return "\n\n".join([*parts, LEGEND]) if parts else ""


def details(rows: Sequence[Row]) -> str:
    """Return each learner's mistakes in words, then those of the class, the most frequent first.

    Args:
        rows: the work of all learners.

    Returns:
        Text of several lines.
    """
    lines = []
    for row in rows:
        told = [f"  {o.mark} {o.sentence}" for o in row.outcomes.values() if o.mark in "✗!"]
        told += [f"  {v}" for v, _ in row.letters.values() if v.mark == "✗"]
        lines += ["", f"{row.learner}, lesson {row.lesson} ({clean(str(row.file))})", *told] if told else []
    lines += ["", "The class"]
    fine = []
    for id in [*EXERCISES, *QUESTIONS]:
        outcomes = [row.outcomes[id] for row in rows if id in row.outcomes]
        letters = [row.letters[id] for row in rows if id in row.letters]
        if any(o.mark in "✗!" for o in outcomes):
            lines += _of_exercise(id, outcomes)
        elif any(verdict.mark == "✗" for verdict, _ in letters):
            lines += _of_question(id, letters)
        elif outcomes or letters:
            right = sum(o.mark == "✓" for o in outcomes) + sum(verdict.passed for verdict, _ in letters)
            fine.append(f"{id} ({right} right of {len(outcomes or letters)})")
    lines += ["", f"Nothing wrong in {', '.join(fine)}."] if fine else []
    return "\n".join(lines).lstrip("\n")


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write one line for each learner and exercise, question or prediction; the file is whole, or as it was.

    Args:
        rows: the work of all learners.
        path: the file, for any spreadsheet.

    Raises:
        OSError: if it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["learner", "lesson", "item", "kind", "outcome", "mistake", "sentence", "file"])
    for row in rows:
        who, file = (_cell(row.learner), row.lesson), _cell(clean(str(row.file)))
        for id, o in row.outcomes.items():
            writer.writerow([*who, id, "exercise", _CSV[o.mark], mistake(id, o) or "", _cell(o.sentence), file])
        for id, (verdict, letter) in row.letters.items():
            outcome = "not answered" if letter is None else "right" if verdict.passed else "wrong"
            writer.writerow([*who, id, "quiz", outcome, letter or "", _cell(clean(verdict.sentence)), file])
        for id, given in row.guesses.items():
            writer.writerow([*who, id, "guess", "given" if given else "not given", "", "", file])
    handle, temporary = tempfile.mkstemp(dir=path.resolve().parent, prefix=".grades-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="", errors="replace") as out:  # Excel needs the mark
            out.write(text.getvalue())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def mistake(id: str, outcome: Outcome) -> str | None:
    """Return the label of the catalogued mistake that an outcome names, if it names one.

    Args:
        id: the exercise.
        outcome: what became of the answer.

    Returns:
        The label, for teachers; or None.

    Example:
        >>> mistake("0.1", Outcome("✗", f"0.1 not correct: {EXERCISES['0.1'].wrong[0].message} For walk(...): ..."))
        'ends swapped'
    """
    if outcome.mark != "✗":
        return None
    start = f"{id} not correct: "
    return next(
        (w.label for w in EXERCISES[id].wrong if outcome.sentence.startswith(start + clean(w.message) + " For ")), None
    )


def _line(row: Row) -> list[str]:
    """Return the cells of a learner's line."""
    right = sum(verdict.passed for verdict, _ in row.letters.values())
    answered = sum(letter is not None for _, letter in row.letters.values())
    done = sum(outcome.mark == "✓" for outcome in row.outcomes.values())
    return [
        clean(row.learner),
        f"{int(row.lesson):02d}",
        *(f"{outcome.mark} {WORDS[outcome.mark]}" for outcome in row.outcomes.values()),
        f"{answered} of {len(row.letters)}",
        str(right),
        f"{sum(row.guesses.values())} of {len(row.guesses)}",
        f"{done} of {len(row.outcomes)}",
    ]


def _of_exercise(id: str, outcomes: list[Outcome]) -> list[str]:
    marks = Counter(outcome.mark for outcome in outcomes)
    counts = ", ".join(f"{marks[mark]} {word}" for mark, word in _CSV.items() if marks[mark])
    lines = ["", f"{id} {EXERCISES[id].name}: {counts}"]
    wrong = Counter(mistake(id, outcome) or outcome.sentence for outcome in outcomes if outcome.mark in "✗!")
    messages = {w.label: w.message for w in EXERCISES[id].wrong}
    for what, count in wrong.most_common():
        lines.append(f"  {count} × {what}" + (f": {messages[what]}" if what in messages else ""))
    return lines


def _of_question(id: str, letters: list[tuple[Verdict, str | None]]) -> list[str]:
    question = QUESTIONS[id]
    given = Counter(letter for _, letter in letters if letter is not None)
    lines = ["", f"{id} {question.text}", f"  {given[question.answer]} of {sum(given.values())} answers are right"]
    wrong = [(letter, count) for letter, count in given.most_common() if letter != question.answer]
    return lines + [f"  {count} × {letter}) {question.options[letter]}" for letter, count in wrong]


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    padded = [[cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)] for line in lines]
    return "\n".join("  ".join(line).rstrip() for line in padded)


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
