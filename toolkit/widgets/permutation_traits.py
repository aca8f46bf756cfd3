"""What a PermutationSlider sends to the browser, and which swaps by hand it takes from there."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from toolkit import _expect
from toolkit.widgets.path_data import strongest
from toolkit.widgets.permutation_data import Arrangement, SwapData

FULL = 2**15 - 1  # a correlation of 1 as a whole number
SHOWN = 16  # filters in view


def encode(data: SwapData) -> dict[str, Any]:
    """Write everything measured as traits: a small description, and arrays as bytes."""
    names = list(data.groups)
    spec = {
        "groups": [_group(data, name) for name in names],
        "measured": data.measured.tolist(),
        "distance": [found.distance for found in data.arrangements],
        "change": [found.change for found in data.arrangements],
        "largest": data.largest,
        "filters": None,
    }
    swaps = np.array([(names.index(name), i, k) for name, i, k in data.swaps], np.int32)
    scores = np.concatenate([score.ravel() for score in data.score.values()])
    curves = np.array([(found.loss, found.accuracy) for found in data.arrangements], np.float32)
    traits = {
        "_spec": spec,
        "_t": data.t.astype(np.float32).tobytes(),
        "_swaps": swaps.tobytes(),
        "_scores": np.rint(FULL * np.clip(scores, -1, 1)).astype(np.int16).tobytes(),
        "_curves": curves.tobytes(),
    }
    if data.filters is not None:
        group, a, b = data.filters
        order = strongest_units(a)
        spec["filters"] = {"group": names.index(group), "order": order.tolist(), "size": list(a.shape[1:])}
        both = np.concatenate([a[order], b])
        scaled = np.clip(both / strongest(both), -1, 1)
        traits["_filters"] = np.rint(127 * scaled).astype(np.int8).tobytes()
    return traits


def _group(data: SwapData, name: str) -> dict[str, Any]:
    """A group in words and numbers; one that cannot be watched has no correlations."""
    dead = [np.flatnonzero(mask).tolist() for mask in data.dead.get(name, ())] or [[], []]
    watched = len(data.score[name]) > 0
    return {"name": name, "size": data.groups[name], "best": data.best[name], "watched": watched, "dead": dead}


def strongest_units(filters: np.ndarray) -> np.ndarray:
    """The units with the largest filters, largest first: those in view."""
    return np.argsort(-np.abs(filters).reshape(len(filters), -1).sum(axis=1), kind="stable")[:SHOWN]


def answer(k: int, by_hand: list, found: Arrangement) -> dict[str, Any]:
    """What the kernel sends back about an arrangement made by hand, and which arrangement it means."""
    curves = {name: getattr(found, name).astype(float).tolist() for name in ("loss", "accuracy")}
    return {"k": k, "swaps": by_hand, "distance": found.distance, "change": found.change, **curves}


def check_k(name: str, value: Any, last: int) -> int:
    """Return a number of swaps if it is one from 0 to `last`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= value <= last:
        raise ValueError(f"{name} must be a whole number of swaps from 0 to {last}, got {value!r}.")
    return int(value)


def check_swaps(swaps: Any, groups: dict[str, int]) -> list[list]:
    """Return swaps by hand as lists if each is a group and two different places in it."""
    return [_swap(swap, groups) for swap in swaps]


def _swap(swap: Any, groups: dict[str, int]) -> list:
    rule = "each of swaps_by_hand must be (group, place, place)"
    if not isinstance(swap, Sequence) or isinstance(swap, str) or len(swap) != 3:
        raise ValueError(f"{rule}, got {swap!r}.")
    name = _expect.choice("each group of swaps_by_hand", swap[0], groups)
    places = swap[1:]
    whole = all(isinstance(place, Integral) and not isinstance(place, bool) for place in places)
    if not whole or not all(0 <= place < groups[name] for place in places) or places[0] == places[1]:
        raise ValueError(f"{rule} with two different places from 0 to {groups[name] - 1}, got {tuple(swap)!r}.")
    return [name, *map(int, places)]
