"""The switches of a CurveSlider: one for each word in the names of its variants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import traitlets

JOINT = " · "


def joined(name: str | tuple[str, ...]) -> str:
    """Write a variant's name as one string: `("curve", "aligned")` as `"curve · aligned"`."""
    return name if isinstance(name, str) else JOINT.join(name)


class VariantName(traitlets.Unicode):
    """A trait for the name of a variant; a tuple of words is joined when it is set."""

    def validate(self, obj: Any, value: Any) -> str:
        """Join the words, then check as any string."""
        return super().validate(obj, joined(value) if is_name(value) else value)


@dataclass(frozen=True)
class Switch:
    """One row of buttons: what it is called, and the words to choose from, in the order they were given."""

    label: str
    words: list[str]


def is_name(name: Any) -> bool:
    """Whether something can name a variant: a word, or a tuple of words."""
    words = (name,) if isinstance(name, str) else name
    return isinstance(words, tuple) and bool(words) and all(isinstance(word, str) for word in words)


def switches(names: Sequence[str | tuple[str, ...]], label: str | Sequence[str]) -> list[Switch]:
    """Lay out the switches that choose among variants.

    Args:
        names: of the variants, all of them words, or all of them tuples of as many words.
        label: what the switch is called, or what each of them is.

    Returns:
        One switch for each word of a name.

    Raises:
        ValueError: if the names have different lengths, `label` has another one, or a combination is missing.
    """
    tuples = [(name,) if isinstance(name, str) else name for name in names]
    for name, words in zip(names, tuples, strict=True):
        if len(words) != len(tuples[0]) or isinstance(name, str) != isinstance(names[0], str):
            raise ValueError(f"variants must be named by equally many words, but {names[0]!r} and {name!r} differ.")
        if len(words) > 1 and any(JOINT in word for word in words):
            raise ValueError(f"variants must be named by words without {JOINT!r}, got {name!r}.")
    labels = (label,) if isinstance(label, str) else label
    if not is_name(labels) or len(labels) != len(tuples[0]):
        raise ValueError(f"label must hold one word for each in {names[0]!r}, got {label!r}.")
    columns = [list(dict.fromkeys(column)) for column in zip(*tuples, strict=True)]
    for wanted in product(*columns):
        if wanted not in tuples:
            raise ValueError(f"variants must hold every combination of their words, but {wanted!r} is missing.")
    return [Switch(name, words) for name, words in zip(labels, columns, strict=True)]


def words_of(found: Sequence[Switch], name: str) -> list[str]:
    """Split a variant's name into its words, one for each switch."""
    return name.split(JOINT) if len(found) > 1 else [name]


def spoken(found: Sequence[Switch], name: str) -> str:
    """Say which variant is shown, `"path: curve, neurons: aligned"`; empty where there is nothing to choose."""
    chosen = zip(found, words_of(found, name), strict=True)
    return ", ".join(f"{switch.label}: {word}" for switch, word in chosen if len(switch.words) > 1)


def by_joined_name(variants: Mapping[str | tuple[str, ...], Any]) -> dict[str, Any]:
    """Return variants with every name written as one string."""
    return {joined(name): data for name, data in variants.items()}
