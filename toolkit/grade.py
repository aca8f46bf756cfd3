"""Grade a class: a table of learners × exercises from their notebooks.

`python -m toolkit.grade FILE…`, where a file may also be a folder. Notebooks are read as text. Of each exercise, the
learner's function and what it names are judged in a process of their own, by the judge that `check` uses; what a
notebook prints, shows or claims counts for nothing. Files are not changed.

What this protects from: loops without end, exits, crashes, floods of output, memory and processes without bound (where
the platform has limits), a forged "correct" line, a redefined `check`, a replaced part of the toolkit. What it
does not protect from: a learner's function runs in the same process as the judge, so somebody who studies this code
can forge a verdict; it runs with your rights, so it can read and delete your files, end your processes and use the
network; and the solutions are in the lessons, so "right" may be copied. Grade strangers' notebooks in a container or
under another account, and use this table to see what a class has understood, not as an exam.
"""

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from toolkit import _expect
from toolkit.exercises.catalogue import EXERCISES
from toolkit.grading import answers, report
from toolkit.grading.notebook import Unreadable, find, read
from toolkit.grading.pick import Code
from toolkit.grading.pool import Job, Outcome, clean, judge_all
from toolkit.grading.report import Row
from toolkit.notebooks import LESSONS

_TAG = re.compile(r"exercise-(\d+)\.\d+$")
_KNOWN = {id.split(".")[0] for id in EXERCISES}


def grade(
    paths: Iterable[str | Path], seconds: float | None = None, jobs: int | None = None
) -> tuple[list[Row], list[str], list[str]]:
    """Judge every exercise in learners' notebooks.

    Args:
        paths: notebooks, and folders that are searched for them.
        seconds: time limit for one exercise; None for the exercise's own, which is 5 unless there is much to train.
        jobs: how many processes judge at a time; None for one a core.

    Returns:
        One row for each learner and lesson; a sentence for each file that could not be read; and one for each that
        could, but holds no exercise.

    Raises:
        ValueError: if seconds or jobs is no positive number.
    """
    if seconds is not None and _expect.number("seconds", seconds, 0) == 0:
        raise ValueError("seconds must be more than 0, got 0.")
    workers = (os.cpu_count() or 1) if jobs is None else _expect.count("jobs", jobs)
    files, problems = find(map(Path, paths))
    drafts, empty = [], []
    for learner, path in files:
        try:
            code = Code(read(path))
        except (OSError, Unreadable) as error:
            problems.append(clean(str(error) if isinstance(error, Unreadable) else f"{path}: {error.strerror}."))
            continue
        lessons = lessons_in(code, path)
        drafts += [_draft(learner, lesson, path, code, seconds) for lesson in lessons]
        empty += [] if lessons else [clean(f"{path}: holds no exercise of the course.")]
    judged = judge_all((job for _, found in drafts for job in found.values() if isinstance(job, Job)), workers)
    handed_in = Counter((row.learner, row.lesson) for row, _ in drafts)
    rows = []
    for row, found in drafts:
        name = row.learner if handed_in[row.learner, row.lesson] == 1 else f"{row.learner} ({row.file})"
        outcomes = {id: judged[job] if isinstance(job, Job) else job for id, job in found.items()}
        rows.append(replace(row, learner=clean(name), outcomes=outcomes))
    return rows, problems, empty


def lessons_in(code: Code, path: Path) -> list[str]:
    """Return the lessons that a notebook holds: the one its file is named after, else those of its exercises.

    Args:
        code: the notebook's code.
        path: its file.

    Returns:
        Numbers of lessons, such as ["1"].

    Example:
        >>> lessons_in(Code([]), Path("ada_01_two_networks.ipynb"))
        ['1']
    """
    named = [str(lesson.number) for lesson in LESSONS if Path(lesson.file).stem in path.stem.lower()]
    if named and named[0] in _KNOWN:
        return named[:1]
    tags = [_TAG.match(tag) for cell in code.cells for tag in cell.tags]
    found = {match[1] for match in tags if match}
    for call in code.calls("check", "quiz"):
        id = getattr(call.args[0], "value", None) if call.args else None
        found |= {id.split(".")[0]} if isinstance(id, str) else set()
    return sorted(found & _KNOWN, key=int)


def _draft(
    learner: str, lesson: str, path: Path, code: Code, seconds: float | None
) -> tuple[Row, dict[str, Job | Outcome]]:
    """Return a row without its outcomes, and what is to be judged for them."""
    exercises = {id: exercise for id, exercise in EXERCISES.items() if id.split(".")[0] == lesson}
    found = {}
    for id, exercise in exercises.items():
        given = {other.name for other in exercises.values()} - {exercise.name}
        pick = code.pick(id, exercise.name, given)
        if pick.source is not None:
            found[id] = Job(id, pick.name, pick.source, exercise.seconds if seconds is None else float(seconds))
        else:
            open = Outcome("–", f"{id} not attempted.")
            found[id] = Outcome("!", clean(f"{id} {pick.problem}")) if pick.problem else open
    return Row(learner, lesson, path, {}, answers.letters(code, lesson), answers.guesses(code, lesson)), found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 0, or 1 if a file could not be read or written."""
    parser = argparse.ArgumentParser(prog="python -m toolkit.grade", description="A table of learners and exercises.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE", help="notebooks, or folders of notebooks")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every outcome to a file for a spreadsheet")
    parser.add_argument("--details", action="store_true", help="tell each mistake, and the class's most frequent ones")
    parser.add_argument("--seconds", type=float, help="time limit for one exercise (the exercise's own, mostly 5)")
    parser.add_argument("--jobs", type=int, help="how many processes judge at a time (one a core)")
    options = parser.parse_args(arguments)
    if options.csv and not options.csv.resolve().parent.is_dir():
        parser.error(f"--csv must name a file in a folder that exists, got {str(options.csv)!r}.")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show
    try:
        rows, problems, empty = grade(options.paths, options.seconds, options.jobs)
    except ValueError as error:
        parser.error(str(error))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return 130
    if rows:
        print(report.table(rows))
    if rows and options.details:
        print(f"\n{report.details(rows)}")
    if options.csv:
        try:
            report.write_csv(rows, options.csv)
        except OSError as error:
            problems.append(f"{options.csv}: could not be written: {error.strerror}.")
    for line in [*empty, *problems]:
        print(line, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
