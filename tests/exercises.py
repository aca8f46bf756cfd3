"""What the tests of every lesson's exercises share: an attempt checked, what holds for every one of them."""

import itertools
import re
from typing import Any

import torch

from toolkit.exercises import check
from toolkit.exercises.catalogue import EXERCISES, QUESTIONS


def outcome(id, attempt, capsys) -> str:
    """Check an attempt and return the line printed, broken lines joined again."""
    check(id, attempt)
    return re.sub(r"\n +", " ", capsys.readouterr().out).strip()


def message(id, label) -> str:
    """Return the message of a catalogued wrong answer."""
    return next(wrong.message for wrong in EXERCISES[id].wrong if wrong.label == label)


def seeded(seed) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random(*shape, seed=0) -> torch.Tensor:
    return torch.randn(shape, generator=seeded(seed))


def same(one: Any, other: Any) -> bool:
    """Whether two results are alike: numbers and tensors up to 0.001, masks, words, dtypes exactly, entry by entry."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if any(isinstance(value, dict | tuple | list | str | None) for value in (one, other)):
        return type(one) is type(other) and one == other
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor) and one.dtype != other.dtype:
        return False
    one, other = torch.as_tensor(one), torch.as_tensor(other)
    if torch.bool in (one.dtype, other.dtype):
        return one.dtype == other.dtype and torch.equal(one, other)
    return one.shape == other.shape and torch.allclose(one.double(), other.double(), atol=1e-3, equal_nan=True)


def told_apart(id) -> list[int]:
    """Assert that each mistake is seen, as no other one; return the numbers of the cases where they are first seen."""
    exercise, seen = EXERCISES[id], []
    for wrong in exercise.wrong:
        for number, case in enumerate(exercise.cases):
            got = wrong.function(*case.inputs())
            if not same(got, exercise.reference(*case.inputs())):
                seen.append((wrong.label, number, got))
                break
    assert [label for label, _, _ in seen] == [wrong.label for wrong in exercise.wrong]
    for (label, number, one), (other_label, other_number, other) in itertools.combinations(seen, 2):
        assert number != other_number or not same(one, other), (label, other_label)
    return [number for _, number, _ in seen]


def right_when_filled(id, gaps, capsys, **names) -> None:
    """Assert that an exercise's skeleton with these gaps filled is correct; `names` is what it may use beside torch."""
    source = EXERCISES[id].skeleton
    assert source.count("...") == len(gaps)
    for gap in gaps:
        source = source.replace("...", gap, 1)
    namespace = {"torch": torch, **names}
    exec(source, namespace)
    check(id, namespace[EXERCISES[id].name], strict=True)
    assert capsys.readouterr().out.startswith(f"✓ {id} correct.")


def only_the_last_hint_tells(id, answer) -> None:
    *first, last = EXERCISES[id].hints
    assert answer in last and not any(answer in hint for hint in first)


def length_tells_nothing(id, spread=1.2, lead=1.05) -> None:
    """Assert that no option is `spread` times as long as another, the right one not `lead` times the second longest."""
    question = QUESTIONS[id]
    lengths = {letter: len(option) for letter, option in question.options.items()}
    assert set(question.options) == set(question.feedback) == set("abcd")
    assert max(lengths.values()) < spread * min(lengths.values())
    assert lengths[question.answer] < lead * sorted(lengths.values())[-2]


def letters_tell_nothing(quiz) -> None:
    """Assert that the right letters of a quiz are all four, none thrice, and seldom that of the longest option."""
    letters = [QUESTIONS[id].answer for id in quiz]
    assert set(letters) == set("abcd") and all(letters.count(letter) <= 2 for letter in letters)
    longest = [max(question.options, key=lambda k: len(question.options[k])) for question in map(QUESTIONS.get, quiz)]
    assert sum(letter == right for letter, right in zip(longest, letters, strict=True)) < len(quiz) / 2
