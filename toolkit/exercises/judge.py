"""Judge an attempt: call it on every case, compare with the reference, name the misconception; or read a letter."""

import copy
import inspect
import linecache
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np
import torch

from toolkit.exercises import timelimit
from toolkit.exercises.compare import NOTHING, difference, kind, show
from toolkit.exercises.parts import Case, Exercise, Flaw, Question


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check: one mark and one sentence, and whether the attempt passed."""

    mark: str
    sentence: str
    passed: bool = False

    def __str__(self) -> str:
        """Return the line that the learner reads."""
        return f"{self.mark} {self.sentence}"


def judge(exercise: Exercise, attempt: Any, seconds: float | None = None) -> Verdict:
    """Return the verdict on an attempt; never raises because of the attempt.

    Args:
        exercise: what was asked.
        attempt: the learner's function; None or ... stand for "not yet".
        seconds: time limit for all cases together; None for the exercise's own.

    Returns:
        Correct, not correct, not attempted (the reference is nobody's attempt), raised, or timed out; with
        the reason.

    Example:
        >>> from toolkit.exercises.lesson00 import EXERCISES
        >>> print(judge(EXERCISES[0], None))
        · 0.1 not attempted yet.
    """
    id = exercise.id
    if attempt is None or attempt is ...:
        return Verdict("·", f"{id} not attempted yet.")
    if attempt is exercise.reference:
        again = f"Run the cell that defines {exercise.name} again, then this one."
        return Verdict("·", f"{id} this is the reference, which stands in for your function. {again}")
    if not callable(attempt):
        what = f"give the function {exercise.name} itself, without calling it; got {kind(attempt)}."
        return Verdict("✗", f"{id} not correct: {what}")
    for case in exercise.cases:
        case.inputs()  # made, if need be, before the clock starts
    try:
        limit = exercise.seconds if seconds is None else seconds
        problem = timelimit.run(lambda: _first_problem(exercise, attempt), limit)
    except _Raised as wrapped:
        return _raised_verdict(exercise, attempt, wrapped)
    except TimeoutError as error:
        return Verdict("!", f"{id} {error}: is there a loop that never ends?{_advice(exercise, str(error))}")
    except Exception as error:  # a result of a kind that cannot be compared, such as a sparse tensor
        problem = f"your result cannot be compared with the expected one ({type(error).__name__})."
    if problem:
        return Verdict("✗", f"{id} not correct: {problem}")
    return Verdict("✓", f"{id} correct. {exercise.praise}", passed=True)


def judge_letter(question: Question, answer: Any) -> Verdict:
    """Return the verdict on the letter given as the answer to a quiz question.

    Args:
        question: what was asked.
        answer: the learner's letter, with or without a bracket; None or ... stand for "not yet".

    Returns:
        Correct, not correct, or not answered; with the reason.

    Example:
        >>> from toolkit.exercises.lesson00 import QUESTIONS
        >>> print(judge_letter(QUESTIONS[0], None))
        · 0.q1 not answered yet. Give one letter of a, b, c, d.
    """
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


class _Raised(Exception):
    """Carries what the learner's own code raised, and for which call."""

    def __init__(self, error: BaseException, call: str) -> None:
        super().__init__(str(error))
        self.error, self.call = error, call


# What Python and torch say where an operator is not what the learner meant, and the sentence that helps.
_ERRORS = {
    r"bitwise_xor|unsupported operand type\(s\) for \^": "In Python a power is written **.",
    r"'(int|float|Tensor)' object is not callable": "In Python a product needs its *, also before a bracket.",
}


def _raised_verdict(exercise: Exercise, attempt: Callable[..., Any], wrapped: _Raised) -> Verdict:
    id, error = exercise.id, wrapped.error
    text = " ".join(str(error).split())
    if type(error) is NotImplementedError and not text:  # with a text it is torch's, for one, and no stub
        return Verdict("·", f"{id} not attempted yet.")
    advice = _advice(exercise, text)
    text = text.removesuffix(".") if len(text) <= 200 else text[:200] + "…"
    name = type(error).__name__ + (f": {text}" if text else "")
    return Verdict("!", f"{id} your code raised {name}{_place(attempt, error)}, for {wrapped.call}.{advice}")


def _advice(exercise: Exercise, text: str) -> str:
    """Return the sentence that helps with an error of this text, with a space in front; empty where none is known."""
    known = {**_ERRORS, **exercise.errors}
    return next((f" {sentence}" for pattern, sentence in known.items() if re.search(pattern, text)), "")


def _place(attempt: Callable[..., Any], error: BaseException) -> str:
    """Say which line of the learner's own code raised, as far as it is known."""
    code = getattr(attempt, "__code__", None)
    own = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if code and frame.f_code.co_filename == code.co_filename
    ]
    if not own:
        return ""
    frame, line = own[-1]
    where = "your function" if frame.f_code is code else frame.f_code.co_name
    source = linecache.getline(code.co_filename, line).strip()
    number = line - frame.f_code.co_firstlineno + 1
    return f" (line {number} of {where}" + (f": `{source}`)" if source else ")")


def _first_problem(exercise: Exercise, attempt: Callable[..., Any]) -> str | None:
    """Return what is wrong in the first case that fails, None if none does."""
    for number, case in enumerate(exercise.cases):
        call, args = _call(exercise, case), copy.deepcopy(case.inputs())
        try:
            got = attempt(*args)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise _Raised(error, call) from error
        changed = _changed(exercise, case, args)
        if changed:
            return f"your function overwrites its input {changed}."
        flaw = _flaw(exercise, number, got)
        if flaw:
            return f"{flaw.message} For {call}: {flaw.seen}." if flaw.message else f"for {call}: {flaw.seen}."
    return None


def _call(exercise: Exercise, case: Case) -> str:
    """Write the call with its values; with names alone where the arguments are not to be compared by eye."""
    shown = inspect.signature(exercise.reference).parameters if case.accept else map(show, case.inputs())
    return f"{exercise.name}({', '.join(shown)})"


def _flaw(exercise: Exercise, number: int, got: Any) -> Flaw | None:
    """Return what is wrong with the result `got` of one case, which the reference or the case itself decides."""
    case = exercise.cases[number]
    if case.accept:
        return Flaw(NOTHING) if got is None else case.accept(got, *copy.deepcopy(case.inputs()))
    problem = difference(got, _answer(exercise.reference, case), case.exact)
    return Flaw(problem, _misconception(exercise, number, got)) if problem else None


def _misconception(exercise: Exercise, number: int, got: Any) -> str | None:
    """Return the message of the wrong answer that passes all cases before `number` and gives `got` there."""
    *passed, failed = exercise.cases[: number + 1]
    right = _answer(exercise.reference, failed)
    for wrong in exercise.wrong:
        try:
            passes = all(_gives(wrong.function, case, _answer(exercise.reference, case)) for case in passed)
            answer = _answer(wrong.function, failed)
            fails = difference(answer, right, failed.exact)
            if passes and fails and not difference(got, answer):  # up to rounding, even where the case is exact
                return wrong.message
        except Exception:  # this wrong answer cannot handle these arguments, so the attempt is not it
            continue
    return None


def _gives(function: Callable[..., Any], case: Case, result: Any) -> bool:
    return difference(result, _answer(function, case), case.exact) is None


def _answer(function: Callable[..., Any], case: Case) -> Any:
    return function(*copy.deepcopy(case.inputs()))


def _changed(exercise: Exercise, case: Case, args: tuple[Any, ...]) -> str | None:
    """Return the name of the first argument that was changed in place, with what does that and what to do instead."""
    names = inspect.signature(exercise.reference).parameters
    for name, before, after in zip(names, case.inputs(), args, strict=True):
        if not _same(before, after):
            return f"{name} {_ways(name, before)}"
    return None


def _ways(name: str, value: Any) -> str:
    """Say how an argument of this kind gets overwritten, and what to do instead."""
    kinds = {dict: ("name", "dict"), list: ("i", "list"), torch.Tensor: ("i", "tensor")}
    index, new = next((words for kind, words in kinds.items() if isinstance(value, kind)), ("", "one"))
    assigned = f"{name}[{index}] = …, " if index else ""
    return f"({assigned}+= and methods ending in _ do that); build a new {new} instead"


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, dict):
        return list(before) == list(after) and all(_same(before[name], after[name]) for name in before)
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after)
    if isinstance(before, torch.Tensor):
        return torch.equal(before, after)
    if is_dataclass(before):
        return _same(vars(before), vars(after))
    return type(before).__eq__ is object.__eq__ or before == after  # such as a function: it has no parts to compare
