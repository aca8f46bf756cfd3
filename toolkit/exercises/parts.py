"""What a catalogue is made of: exercises, questions and predictions."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Flaw(NamedTuple):
    """What is wrong with a result.

    Attributes:
        seen: what was seen and what was expected, such as "expected 2, got 3".
        message: the sentence that names the misconception, where it is known.
    """

    seen: str
    message: str | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """One call of the learner's function: its result must equal the reference's, or be acceptable.

    Attributes:
        args: the arguments, each call gets its own copy; or a function that makes them when first needed.
        exact: equal to the last bit, instead of up to rounding.
        accept: for a task with many right answers, in place of the comparison: called as accept(result, *args), it
            returns a `Flaw`, or None where the result will do.
    """

    args: tuple[Any, ...] | Callable[[], tuple[Any, ...]]
    exact: bool = False
    accept: Callable[..., Flaw | None] | None = None

    def inputs(self) -> tuple[Any, ...]:
        """Return the arguments themselves; copy them before you hand them on."""
        return self.args() if callable(self.args) else self.args


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that learners are known to give.

    Attributes:
        label: the mistake in a few words, for teachers.
        function: the wrong answer itself; an attempt that returns the same is recognised by it (or by the case's
            `accept`, where there is one).
        message: the sentence the learner reads; it names the misconception.
    """

    label: str
    function: Callable[..., Any]
    message: str


@dataclass(frozen=True, eq=False)
class Exercise:
    """A function to write, and everything needed to judge it and to help.

    Attributes:
        id: lesson and number, such as "1.2".
        title: a word or two.
        difficulty: 1 (a line you have just read) to 5 (an afternoon).
        minutes: time most learners need.
        objective: number of the lesson's objective that this exercise proves.
        reference: the right answer; its source text is the solution shown to learners.
        cases: the calls compared with the reference, the most telling one first.
        wrong: catalogued wrong answers, at least two.
        hints: from a nudge to nearly everything.
        skeleton: code with gaps, shown after the last hint.
        praise: what a correct answer has shown.
        seconds: time limit for all cases together.
        errors: advice on what an attempt may raise: a pattern of the error's text, and the sentence that helps.
    """

    id: str
    title: str
    difficulty: int
    minutes: int
    objective: int
    reference: Callable[..., Any]
    cases: tuple[Case, ...]
    wrong: tuple[Wrong, ...]
    hints: tuple[str, ...]
    skeleton: str
    praise: str
    seconds: float = 5.0
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the function to write."""
        return self.reference.__name__

    @property
    def solution(self) -> str:
        """Source text of the reference: the one place where the solution is written."""
        return inspect.getsource(self.reference).strip()


@dataclass(frozen=True)
class Question:
    """A quiz question with reasoned feedback for every option.

    Attributes:
        id: lesson and number, such as "1.q2".
        text: the question.
        options: letter to option, in the order shown.
        answer: letter of the right option.
        feedback: letter to the reason why that option is right or wrong.
    """

    id: str
    text: str
    options: dict[str, str]
    answer: str
    feedback: dict[str, str]


@dataclass(frozen=True)
class Prediction:
    """A number to commit to before the experiment shows it.

    Attributes:
        id: lesson and number, such as "1.p2".
        text: what is to be guessed, as a noun phrase.
        unit: of the number, as printed behind it.
        low: the smallest sensible guess.
        high: the largest sensible guess.
    """

    id: str
    text: str
    unit: str
    low: float
    high: float
