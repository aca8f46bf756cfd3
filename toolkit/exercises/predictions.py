"""A learner's guess, noted before the experiment shows the number."""

import contextlib
from typing import Any

from toolkit.exercises.catalogue import PREDICTIONS, find
from toolkit.exercises.compare import kind
from toolkit.exercises.parts import Prediction
from toolkit.exercises.say import say


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
        say(f"No guess yet: write a number from {asked.low:g} to {asked.high:g} for {asked.text}.")
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not asked.low <= value <= asked.high:
        bounds = f"from {asked.low:g} to {asked.high:g} {asked.unit}"
        came = value if is_number else f"{kind(value)}{_unquoted(value, asked)}"
        say(f"No guess noted: it must be a number {bounds}, got {came}.")
        return None
    fraction = asked.unit == "%" and 0 < value <= 1
    aside = f" (If you mean {100 * value:g} %, write {100 * value:g}.)" if fraction else ""
    say(f"Noted: you expect {value:g} {asked.unit}.{aside} We come back to it below.")
    return float(value)


def recall(id: str, guess: float | None, of: str = "") -> None:
    """Say what you expected, now that the number is there.

    Args:
        id: the prediction, such as "1.0".
        guess: what `predict` returned.
        of: what it was a guess of, where a cell shows several numbers.

    Raises:
        ValueError: if no prediction has this id.

    Example:
        >>> recall("1.0", 60.0)
        You expected 60 %.
        >>> recall("1.0", None, of="the middle")
        You had made no guess for the middle.
    """
    asked = find(id, PREDICTIONS)
    if guess is None:
        say(f"You had made no guess{f' for {of}' if of else ''}.")
    else:
        say(f"You expected {guess:g} {asked.unit}{f' of {of}' if of else ''}.")


def _unquoted(value: Any, asked: Prediction) -> str:
    """Return the advice for a good number that came as text."""
    with contextlib.suppress(ValueError):
        if isinstance(value, str) and asked.low <= float(value) <= asked.high:
            return f"; write {value.strip()} without quotation marks"
    return ""
