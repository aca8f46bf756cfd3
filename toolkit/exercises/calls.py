"""What learners call in a notebook: check, quiz, hint, solution, tally.

Every call prints plain text and, whatever the learner wrote, lets the notebook go on. What has been answered
is kept in this kernel's memory only.
"""

import os
from collections.abc import Callable
from typing import Any

from toolkit.exercises.catalogue import EXERCISES, QUESTIONS, find
from toolkit.exercises.judge import Verdict, judge, judge_letter
from toolkit.exercises.parts import Question
from toolkit.exercises.say import say

_passed: dict[str, bool] = {}
_hints_shown: dict[str, int] = {}


def check(id: str, attempt: Any, *, strict: bool = False, seconds: float | None = None) -> Callable[..., Any] | None:
    """Judge your attempt at an exercise in one line, and hand back a function that works.

    You learn whether your function is right and, if not, what it did and what was expected. The notebook goes
    on in any case: with your function if it passed, with the reference otherwise.

    Args:
        id: the exercise, such as "1.2"; for a question, such as "1.q1", give the letter as the attempt.
        attempt: your function; None or ... for "not yet".
        strict: raise instead of printing where the attempt is not correct; the environment variable
            TOOLKIT_STRICT=1 does the same for teachers and tests.
        seconds: time limit for your function; None for the exercise's own, which is 5 unless there is much to train.

    Returns:
        Your function if it passed, else the reference; None for a question.

    Raises:
        AssertionError: only in strict mode, with the sentence that would have been printed.
        ValueError: if no exercise has this id; the sentence lists those that exist.

    Example:
        >>> walk = check("0.1", lambda a, b, t: (1 - t) * a + t * b)
        ✓ 0.1 correct. Your walk starts at a, ends at b and keeps to the straight line.
    """
    item = find(id, EXERCISES, QUESTIONS)
    if isinstance(item, Question):
        _announce(id, judge_letter(item, attempt), strict)
        return None
    verdict = judge(item, attempt, seconds)
    if attempt is item.reference:  # after a failed check, the name holds it: this says nothing about the learner
        _passed.setdefault(id, False)
        _tell(verdict, strict)
        return item.reference
    if verdict.passed:
        _announce(id, verdict, strict)
        return attempt
    helps = f' hint("{id}") helps.' if verdict.mark != "✗" else ""
    _announce(id, verdict, strict, f"{helps} The lesson goes on with the reference.")
    return item.reference


def quiz(id: str, answer: str | None = None, *, strict: bool = False) -> None:
    """Print a question with its options, and what your answer shows.

    Args:
        id: the question, such as "1.q1".
        answer: the letter of your option; None for "not yet".
        strict: as in `check`.

    Raises:
        AssertionError: only in strict mode, with the sentence that would have been printed.
        ValueError: if no question has this id.

    Example:
        >>> quiz("0.q1", "b")
        Question 0.q1. What is one point in weight space?
          a) One weight of a network.
          b) One image of the data set.
          c) One complete network: a value for each of its weights and biases.
          d) One neuron, with its incoming weights.
        ✗ 0.q1 b is not correct. Images live in input space. Weight space has one axis for each weight and
        bias of the network.
    """
    question = find(id, QUESTIONS)
    say(f"Question {id}. {question.text}")
    for letter, option in question.options.items():
        say(f"  {letter}) {option}", indent=5)
    _announce(id, judge_letter(question, answer), strict)


def hint(id: str) -> None:
    """Print the next hint for an exercise; after the last one, code with gaps.

    Args:
        id: the exercise, such as "1.2".

    Raises:
        ValueError: if no exercise has this id.

    Example:
        >>> hint("0.1")
        Hint 1 of 3 for 0.1: Say it in words first: at t = 0 you are at a, at t = 1 you are at b, and in
        between you are a mixture.
    """
    exercise = find(id, EXERCISES)
    hints = (*exercise.hints, f"fill the gaps.\n\n{exercise.skeleton}")
    shown = _hints_shown.get(id, 0)
    if shown == len(hints):
        say(f'That was the last hint for {id}. solution("{id}") shows one way to write it.')
        return
    _hints_shown[id] = shown + 1
    say(f"Hint {shown + 1} of {len(hints)} for {id}: {hints[shown]}")


def solution(id: str) -> None:
    """Print the reference solution of an exercise.

    Args:
        id: the exercise, such as "1.2".

    Raises:
        ValueError: if no exercise has this id.

    Example:
        >>> solution("0.1")  # doctest: +ELLIPSIS
        def walk(a, b, t):...return (1 - t) * a + t * b
    """
    print(find(id, EXERCISES).solution)


def tally(lesson: str | None = None) -> None:
    """Print in one line how much of a lesson is your own work.

    Args:
        lesson: its number, such as "1"; None for every lesson you have begun in this kernel.

    Raises:
        ValueError: if the lesson has no exercises; the sentence lists those that have.

    Example:
        >>> walk = check("0.1", None)
        · 0.1 not attempted yet. hint("0.1") helps. The lesson goes on with the reference.
        >>> tally("0")  # doctest: +ELLIPSIS
        0 of 1 exercise is your own; 0.1 used the reference. Quiz: ...
    """
    known = sorted({_lesson(id) for id in EXERCISES})
    if lesson is not None and lesson not in known:
        raise ValueError(f"lesson must be one of {', '.join(map(repr, known))}, got {lesson!r}.")
    wanted = [lesson] if lesson else {_lesson(id) for id in _passed}
    exercises = [id for id in EXERCISES if _lesson(id) in wanted]
    questions = [id for id in QUESTIONS if _lesson(id) in wanted]
    if not exercises:
        print("Nothing checked yet in this kernel.")
        return
    own = sum(_passed.get(id, False) for id in exercises)
    noun, verb = ("exercise" if len(exercises) == 1 else "exercises"), ("is" if 1 in (own, len(exercises)) else "are")
    line = f"{own} of {len(exercises)} {noun} {verb} your own"
    line += _others([id for id in exercises if id in _passed and not _passed[id]], "used the reference")
    line += _others([id for id in exercises if id not in _passed], "not checked yet")
    if questions:
        right = sum(_passed.get(id, False) for id in questions)
        line += f". Quiz: {right} of {len(questions)} right"
    say(line + ".")


def card(id: str) -> str:
    """Return the heading of an exercise as markdown, for authors of lessons.

    Args:
        id: the exercise, such as "1.2".

    Returns:
        One line of markdown.

    Raises:
        ValueError: if no exercise has this id.

    Example:
        >>> card("1.2")
        '**Exercise 1.2 · Interpolate** — difficulty 2 of 5 · 10 min · proves objective 2'
    """
    item = find(id, EXERCISES)
    facts = f"difficulty {item.difficulty} of 5 · {item.minutes} min · proves objective {item.objective}"
    return f"**Exercise {id} · {item.title}** — {facts}"


def _announce(id: str, verdict: Verdict, strict: bool, ending: str = "") -> None:
    """Remember the verdict and tell it."""
    _passed[id] = verdict.passed
    _tell(verdict, strict, ending)


def _tell(verdict: Verdict, strict: bool, ending: str = "") -> None:
    """Print the verdict, or raise it in strict mode."""
    if not verdict.passed and (strict or os.environ.get("TOOLKIT_STRICT") == "1"):
        raise AssertionError(f"{verdict}{ending}")
    say(f"{verdict}{ending}")


def _lesson(id: str) -> str:
    return id.split(".")[0]


def _others(ids: list[str], what: str) -> str:
    return f"; {', '.join(ids)} {what}" if ids else ""
