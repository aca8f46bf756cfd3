"""All exercises, questions and predictions, by id. A new lesson adds one import and one name here."""

from typing import Any

from toolkit.exercises import lesson00, lesson01, lesson02, lesson03, lesson04, lesson05, lesson06, lesson07
from toolkit.exercises.parts import Exercise, Prediction, Question

LESSONS = (lesson00, lesson01, lesson02, lesson03, lesson04, lesson05, lesson06, lesson07)

EXERCISES: dict[str, Exercise] = {item.id: item for lesson in LESSONS for item in lesson.EXERCISES}
QUESTIONS: dict[str, Question] = {item.id: item for lesson in LESSONS for item in lesson.QUESTIONS}
PREDICTIONS: dict[str, Prediction] = {item.id: item for lesson in LESSONS for item in lesson.PREDICTIONS}


def find(id: str, *where: dict[str, Any]) -> Any:
    """Return the item called `id` from the first of the dicts `where` that has it.

    Args:
        id: such as "1.2".
        *where: some of EXERCISES, QUESTIONS, PREDICTIONS.

    Returns:
        The Exercise, Question or Prediction.

    Raises:
        ValueError: if there is none; the sentence lists the known ids.

    Example:
        >>> find("1.2", EXERCISES).title
        'Interpolate'
    """
    for items in where:
        if isinstance(id, str) and id in items:
            return items[id]
    known = ", ".join(repr(known_id) for items in where for known_id in items)
    raise ValueError(f"id must be one of {known}, got {id!r}.")
