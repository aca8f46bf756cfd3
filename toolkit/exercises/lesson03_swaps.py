"""Lesson 03, exercise 3.4: how many swaps lead to a permutation."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def swaps_needed(p):
    """Return the least number of swaps of two units that lead from the identity to p: n minus its cycles."""
    seen, cycles = set(), 0
    for start in range(len(p)):
        cycles += start not in seen
        while start not in seen:
            seen.add(start)
            start = int(p[start])
    return len(p) - cycles


def _inversions(p):
    order = p.tolist()
    return sum(order[i] > order[k] for k in range(len(order)) for i in range(k))


def _displaced(p):
    return int((p != torch.arange(len(p))).sum())


def _cycles(p):
    return len(p) - swaps_needed(p)


def _ring(n):
    """One cycle through all units, in leaps."""
    places = torch.arange(n) * 5 % n
    return torch.empty_like(places).scatter_(0, places, places.roll(-1))


# Cycles of 5, 2, 2, 1 and 1 units: every known mistake gives another number.
_FIRST = torch.tensor([8, 1, 4, 7, 3, 5, 9, 10, 0, 6, 2])

SWAPS = Exercise(
    id="3.4",
    title="How many swaps",
    difficulty=3,
    minutes=12,
    objective=3,
    reference=swaps_needed,
    cases=(
        Case((_FIRST,)),
        Case((torch.arange(6),)),
        Case((torch.tensor([0, 3, 2, 1, 4]),)),
        Case((torch.tensor([1, 2, 3, 0]),)),
        Case((_ring(32),)),
    ),
    wrong=(
        Wrong(
            "units out of place",
            _displaced,
            "you count the units that are out of place. One swap can bring two of them home at once.",
        ),
        Wrong(
            "half the units out of place",
            lambda p: _displaced(p) / 2,
            "you halve the number of units out of place, as if every swap brought two home. Only two units that stand "
            "in each other's places are that lucky.",
        ),
        Wrong(
            "half the units out of place, rounded down",
            lambda p: _displaced(p) // 2,
            "you halve the number of units out of place. A swap that brings two home at once is rare: think of three "
            "units that each stand in the place of the next.",
        ),
        Wrong(
            "n - 1",
            lambda p: len(p) - 1,
            "n - 1 swaps are always enough, and seldom needed: whoever is home already needs none.",
        ),
        Wrong(
            "number of cycles",
            _cycles,
            "you return the number of cycles. With no swap at all there are n of them, each of one unit; every swap "
            "makes one cycle more or one less. How many are there to go?",
        ),
        Wrong(
            "number of cycles longer than 1",
            lambda p: _cycles(p) - int((p == torch.arange(len(p))).sum()),
            "you count the cycles of more than one unit. One swap sets right a cycle of two; a longer one takes more.",
        ),
        Wrong(
            "inversions",
            _inversions,
            "you count inversions. That is the number of swaps if only neighbours may swap; here any two units may.",
        ),
    ),
    hints=(
        "Take three units, each of which stands in the place of the next. Sort them by hand: how many swaps? (To let "
        "the computer sort, swap entries of p.tolist(), not of p: entries of a tensor are views.)",
        "Follow a unit: from i go to p[i], from there to p[p[i]], until you are back at i. That is a cycle. A cycle "
        "of k units takes k - 1 swaps.",
        "Go through all starts; where one has not been seen on an earlier walk, a new cycle begins. Add k - 1 for each "
        "cycle, or count the cycles and subtract at the end.",
    ),
    skeleton=(
        "def swaps_needed(p):\n"
        "    seen, cycles = set(), 0\n"
        "    for start in range(len(p)):\n"
        "        cycles += start not in seen\n"
        "        while start not in seen:\n"
        "            seen.add(start)\n"
        "            start = ...\n"
        "    return ..."
    ),
    praise="A cycle of k units takes k - 1 swaps, so p needs n minus the number of cycles.",
    errors={
        "timed out|0 elements|with size 0|is not in list": "If you swap entries of p: p[i], p[j] = p[j], p[i] goes "
        "wrong on a tensor, whose entries are views. Swap entries of p.tolist().",
    },
)
