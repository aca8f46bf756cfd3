"""What learners call in a notebook: check, quiz, predict, hint, solution, tally.

Every call prints plain text and, whatever the learner wrote, lets the notebook go on. What has been answered
is kept in this kernel's memory only.
"""

import os
from collections.abc import Callable
from textwrap import fill
from typing import Any

from toolkit.exercises.catalogue import EXERCISES, PREDICTIONS, QUESTIONS, find
from toolkit.exercises.compare import kind
from toolkit.exercises.judge import Verdict, judge
from toolkit.exercises.parts import Question

_passed: dict[str, bool] = {}
_hints_shown: dict[str, int] = {}


def check(id: str, attempt: Any, *, strict: bool = False, seconds: float = 5.0) -> Callable[..., Any] | None:
    """Judge your attempt at an exercise in one line, and hand back a function that works.

    You learn whether your function is right and, if not, what it did and what was expected. The notebook goes
    on in any case: with your function if it passed, with the reference otherwise.

    Args:
        id: the exercise, such as "1.2"; for a question, such as "1.q1", give the letter as the attempt.
        attempt: your function; None or ... for "not yet".
        strict: raise instead of printing where the attempt is not correct; the environment variable
            TOOLKIT_STRICT=1 does the same for teachers and tests.
        seconds: time limit for your function.

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
        _announce(id, _mark(item, attempt), strict)
        return None
    verdict = judge(item, attempt, seconds)
    if verdict.passed:
        _announce(id, verdict, strict)
        return attempt
    helps = f' hint("{id}") helps.' if verdict.mark == "·" else ""
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
    _say(f"Question {id}. {question.text}")
    for letter, option in question.options.items():
        _say(f"  {letter}) {option}", indent=5)
    _announce(id, _mark(question, answer), strict)


def predict(id: str, value: float | None = None) -> float | None:
    """Commit to a number before you see it: a wrong guess is what makes the right one stick.

    Args:
        id: the prediction, such as "1.0".
        value: your guess, in the unit that the question names; None for "not yet". Run it again to change it.

    Returns:
        Your guess for the plot to draw, or None.

    Raises:
        ValueError: if no prediction has this id.

    Example:
        >>> guess = predict("1.0", 60)
        Noted: you expect 60 %. We come back to it below.
    """
    asked = find(id, PREDICTIONS)
    if value is None or value is ...:
        _say(f"No guess yet: write a number from {asked.low:g} to {asked.high:g} for {asked.text}.")
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not asked.low <= value <= asked.high:
        bounds = f"from {asked.low:g} to {asked.high:g} {asked.unit}"
        _say(f"No guess noted: it must be a number {bounds}, got {value if is_number else kind(value)}.")
        return None
    fraction = asked.unit == "%" and 0 < value <= 1
    aside = f" (If you mean {100 * value:g} %, write {100 * value:g}.)" if fraction else ""
    _say(f"Noted: you expect {value:g} {asked.unit}.{aside} We come back to it below.")
    return float(value)


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
        _say(f'That was the last hint for {id}. solution("{id}") shows one way to write it.')
        return
    _hints_shown[id] = shown + 1
    _say(f"Hint {shown + 1} of {len(hints)} for {id}: {hints[shown]}")


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
        0 of 1 exercise are your own; 0.1 used the reference. Quiz: ...
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
    noun, verb = ("exercise" if len(exercises) == 1 else "exercises"), ("is" if own == 1 else "are")
    line = f"{own} of {len(exercises)} {noun} {verb} your own"
    line += _others([id for id in exercises if id in _passed and not _passed[id]], "used the reference")
    line += _others([id for id in exercises if id not in _passed], "not checked yet")
    if questions:
        right = sum(_passed.get(id, False) for id in questions)
        line += f". Quiz: {right} of {len(questions)} right"
    _say(line + ".")


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


def _mark(question: Question, answer: Any) -> Verdict:
    """Return the verdict on a letter."""
    letters = ", ".join(question.options)
    if answer is None or answer is ...:
        return Verdict("·", f"{question.id} not answered yet. Give one letter of {letters}.")
    letter = answer.strip().lower().rstrip(").") if isinstance(answer, str) else None
    if letter not in question.options:
        came = repr(answer) if isinstance(answer, str) else kind(answer)
        return Verdict("·", f"{question.id} not answered yet. Give one letter of {letters}; got {came}.")
    reason = question.feedback[letter]
    if letter == question.answer:
        return Verdict("✓", f"{question.id} {letter} is correct. {reason}", passed=True)
    return Verdict("✗", f"{question.id} {letter} is not correct. {reason}")


def _announce(id: str, verdict: Verdict, strict: bool, ending: str = "") -> None:
    """Remember the verdict and print it, or raise it in strict mode."""
    _passed[id] = verdict.passed
    if not verdict.passed and (strict or os.environ.get("TOOLKIT_STRICT") == "1"):
        raise AssertionError(f"{verdict}{ending}")
    _say(f"{verdict}{ending}")


def _say(text: str, indent: int = 2) -> None:
    """Print a text, its long lines broken between words."""
    for line in text.split("\n"):
        long = len(line) > 92
        print(fill(line, 92, subsequent_indent=" " * indent, break_long_words=False) if long else line)


def _lesson(id: str) -> str:
    return id.split(".")[0]


def _others(ids: list[str], what: str) -> str:
    return f"; {', '.join(ids)} {what}" if ids else ""
