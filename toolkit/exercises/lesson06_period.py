"""Lesson 06, exercise 6.4: how long to wait before a synchronisation can move anything."""

import math

from toolkit.exercises.parts import Case, Exercise, Wrong


def smallest_period(v, step):
    """Return the smallest k such that, after k steps of length step, a weight 0 can have passed a weight v."""
    return int(v / (2 * step)) + 1


PERIOD = Exercise(
    id="6.4",
    title="Across the gap",
    difficulty=2,
    minutes=8,
    objective=4,
    reference=smallest_period,
    cases=(
        Case((1.0, 0.011), exact=True),
        Case((1.0, 0.125), exact=True),  # after 4 steps they meet exactly
        Case((2.0, 0.03), exact=True),
        Case((0.3, 0.2), exact=True),
    ),
    wrong=(
        Wrong(
            "one of them stands still",
            lambda v, step: int(v / step) + 1,
            "you let one of them go all the way. Both move, the 0 up and the v down, and the gap closes by two steps "
            "at a time.",
        ),
        Wrong(
            "rounded down",
            lambda v, step: int(v / (2 * step)),
            "after so many steps the 0 is still below the v, or level with it. Take one step more.",
        ),
        Wrong(
            "rounded up",
            lambda v, step: math.ceil(v / (2 * step)),
            "here the two just meet, at v / 2, and rounding up leaves it at that. One passes the other with the next "
            "step: strictly more than v / (2 step).",
        ),
        Wrong(
            "not rounded",
            lambda v, step: v / (2 * step),
            "steps are counted: the first whole number above v / (2 step).",
        ),
        Wrong(
            "one too many",
            lambda v, step: int(v / (2 * step)) + 2,
            "one step fewer will do: try it.",
        ),
        Wrong(
            "half the distance to half the gap",
            lambda v, step: int(v / (4 * step)) + 1,
            "you halve the gap twice. Each of the two has to move by v / 2.",
        ),
        Wrong(
            "brackets, or the other way up",
            lambda v, step: int(v / 2 * step) + 1,
            "one small step does not close the gap; the smaller the step, the longer it takes. Is your quotient upside "
            "down, or without its brackets? v / 2 * step is (v / 2) · step for Python.",
        ),
        Wrong(
            "v left out",
            lambda v, step: int(1 / (2 * step)) + 1,
            "you leave out v. A gap twice as wide takes twice as long.",
        ),
    ),
    hints=(
        "Draw a line with a dot at 0 and one at v. The 0 goes up by step, the v goes down by step, again and again. "
        "Where do they meet?",
        "They meet at v / 2, after v / (2 step) steps. To change places they have to be past that point, and steps are "
        "whole.",
        "The first whole number strictly above v / (2 step): round down and add 1. (Rounding up is the same, except "
        "where they meet exactly.) A loop that moves both dots is a right answer as well.",
    ),
    skeleton="def smallest_period(v, step):\n    meet = v / ...  # steps until they meet\n    return int(meet) + ...",
    praise="k · step > v / 2, or nothing moves, ever: the synchronisation puts every value back where it was.",
    errors={
        r"timed out": "Does your loop move both of them, and end once the 0 is above the v?",
        r"ceil\(\): argument 'input'|floor\(\): argument 'input'": "torch.floor takes a tensor, math.floor and int a "
        "number.",
    },
)
