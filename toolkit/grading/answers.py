"""Quiz letters and guesses, read from the source of a notebook; nothing is run."""

import ast
from typing import Any

from toolkit.exercises.catalogue import PREDICTIONS, QUESTIONS
from toolkit.exercises.judge import Verdict, judge_letter
from toolkit.grading.pick import Code


def letters(code: Code, lesson: str) -> dict[str, tuple[Verdict, str | None]]:
    """Return for each question of a lesson the verdict on the learner's letter, and the letter.

    Args:
        code: the notebook's code. Of several calls for one question, the last with an answer counts.
        lesson: its number, such as "1".

    Returns:
        Verdict and letter by question; the letter is None where no option was named.

    Example:
        >>> from toolkit.grading.notebook import Cell
        >>> letters(Code([Cell('quiz("0.q1", "C")', (), 1)]), "0")["0.q1"][1]
        'c'
    """
    given = _given(code, "quiz", "check")
    found = {}
    for id, question in QUESTIONS.items():
        if id.split(".")[0] == lesson:
            verdict = judge_letter(question, given.get(id))
            answered = verdict.mark != "·"
            found[id] = verdict, given[id].strip().lower().rstrip(").") if answered else None
    return found


def guesses(code: Code, lesson: str) -> dict[str, bool]:
    """Return for each prediction of a lesson whether the learner committed to a number that can be.

    Args:
        code: the notebook's code.
        lesson: its number, such as "1".

    Returns:
        True or False by prediction.
    """
    given = _given(code, "predict")
    found = {}
    for id, asked in PREDICTIONS.items():
        if id.split(".")[0] == lesson:
            value = given.get(id)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            found[id] = is_number and asked.low <= value <= asked.high
    return found


def _given(code: Code, *functions: str) -> dict[str, Any]:
    """Return the last answer to each id, where it is written as a plain value."""
    given = {}
    for call in code.calls(*functions):
        arguments = [*call.args, *(word.value for word in call.keywords if word.arg in ("answer", "value", "attempt"))]
        values = [_plain(argument) for argument in arguments[:2]]
        if len(values) == 2 and isinstance(values[0], str) and values[1] not in (None, ...):
            given[values[0]] = values[1]
    return given


def _plain(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, str | int | float) else None
