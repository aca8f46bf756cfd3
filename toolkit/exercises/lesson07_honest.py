"""Lesson 07, exercise 7.3: a loop with three leaks, mended."""

import itertools

import torch

from toolkit.exercises.compare import SHOWN, difference, kind, show
from toolkit.exercises.lesson07_masks import accept, mask_problem
from toolkit.exercises.lesson07_train import drop_half, leaky_loop, train
from toolkit.exercises.parts import Case, Exercise, Wrong


def honest_loop(theta, is_weight, train, prune, rounds):
    """Return the mask that so many rounds find, and the middle of two siblings under it. Nothing leaks."""
    mask = torch.ones_like(is_weight)
    for _ in range(rounds):
        mask = prune(train(theta, mask, 0), mask, is_weight)  # of those alive, and theta is whole again
    one, other = train(theta, mask, 1), train(theta, mask, 2)
    return mask, mask * (one + other) / 2


def _with(
    rewind=lambda start, trained, mask, is_weight: start,
    alive=lambda trained, mask: mask,
    trained_under=lambda mask: mask,
    ranked=lambda start, trained: trained,
    prunable=lambda is_weight: is_weight,
    more=0,
    siblings=lambda train, start, theta, mask: (train(theta, mask, 1), train(theta, mask, 2)),
    middle=lambda one, other, mask, is_weight: mask * (one + other) / 2,
):
    """Return a loop that does one or more things in another way."""

    def attempt(theta, is_weight, train, prune, rounds):
        start, mask = theta, torch.ones_like(is_weight)
        for _ in range(rounds + more):
            trained = train(theta, trained_under(mask), 0)
            mask = prune(ranked(start, trained), alive(trained, mask), prunable(is_weight))
            theta = rewind(start, trained, mask, is_weight)
        one, other = siblings(train, start, theta, mask)
        return mask, middle(one, other, mask, is_weight)

    return attempt


_LEAKS = {
    "biases": {"rewind": lambda start, trained, mask, is_weight: torch.where(is_weight, start, trained)},
    "zeros": {"alive": lambda trained, mask: trained != 0},
    "middle": {"middle": lambda one, other, mask, is_weight: (one + other) / 2},
}
_ONE = {
    "biases": "biases are not rewound: only weights go back to their start. What biases have learned comes along into "
    "every round and into the siblings, and 'from the start' is no longer true. Rewind all of theta.",
    "zeros": "dead weights are ranked again, and some revive. train leaves a number in dead places, so trained != 0 "
    "is True there: zeros do not tell who is alive. Hand the mask itself on to prune.",
    "middle": "the middle of the siblings leaves the mask. In dead places both hold what stood there at the start; "
    "nobody uses it, but a mixture without the mask is another network. Multiply by the mask.",
}
_SHORT = {
    "biases": "biases come along instead of going back to the start",
    "zeros": "dead weights are ranked again",
    "middle": "the middle of the siblings leaves the mask",
}


def _two(first, second):
    return Wrong(
        f"{first} and {second}",
        _with(**_LEAKS[first], **_LEAKS[second]),
        f"one leak is closed, two are open: {_SHORT[first]}, and {_SHORT[second]}.",
    )


def _differ(got, right):
    """Say how a mask and a middle differ from the expected ones, or return None."""
    if not isinstance(got, tuple | list) or len(got) != 2:
        return f"expected two values (return mask, middle), got {kind(got)}"
    problem = mask_problem(got[0], right[0])
    if not problem and not torch.equal(got[0], right[0]):
        places = int((got[0] != right[0]).sum())
        counts = f"expected {int(right[0].sum())} alive, got {int(got[0].sum())}, and {places} places differ"
        small = len(right[0]) <= SHOWN
        problem = f"expected {show(right[0].int())}, got {show(got[0].int())}" if small else counts
    if problem:
        return f"value 1, the mask: {problem}"
    problem = difference(got[1], right[1])
    return f"value 2, the middle: {problem}" if problem else None


_THETA = torch.tensor([0.9, -0.5, 0.7, 1.2, -0.3, 0.4, -1.1, 0.6, 0.25, -0.8])
_IS_WEIGHT = torch.tensor([True, True, True, True, False, True, True, True, True, False])  # two layers, a bias each
_accept = accept(lambda: HONEST, _differ)


def _long(rounds):
    theta = torch.randn(60, generator=torch.Generator().manual_seed(rounds))
    return theta, torch.arange(60) % 6 != 5, train, drop_half, rounds


HONEST = Exercise(
    id="7.3",
    title="Three leaks",
    difficulty=4,
    minutes=20,
    objective=2,
    reference=honest_loop,
    cases=(
        Case((_THETA, _IS_WEIGHT, train, drop_half, 2), accept=_accept),
        Case(lambda: _long(1), accept=_accept),
        Case(lambda: _long(3), accept=_accept),
    ),
    wrong=(
        Wrong("all three", leaky_loop, "all three leaks are open: this is the loop as you were given it."),
        *(Wrong(leak, _with(**_LEAKS[leak]), _ONE[leak]) for leak in _LEAKS),
        *(_two(*pair) for pair in itertools.combinations(_LEAKS, 2)),
        Wrong(
            "not rewound",
            _with(rewind=lambda start, trained, mask, is_weight: trained),
            "you go on from the trained weights. That prunes a network as it learns; a ticket is what could have been "
            "trained from the start, so every round begins there.",
        ),
        Wrong(
            "siblings not rewound",
            _with(
                rewind=lambda start, trained, mask, is_weight: start,
                siblings=lambda train, start, theta, mask: (
                    train(train(theta, mask, 0), mask, 1),
                    train(train(theta, mask, 0), mask, 2),
                ),
            ),
            "your siblings begin where a training has ended. They part at the start, or nothing is known of it.",
        ),
        Wrong(
            "trained without the mask",
            _with(trained_under=torch.ones_like),
            "your rounds train without the mask, so dead weights take part again. Each round trains what the rounds "
            "before have left.",
        ),
        Wrong(
            "ranked at the start",
            _with(ranked=lambda start, trained: start),
            "you rank the weights as they were at the start. Training shows which of them are needed: rank the trained "
            "ones. (At the start it is a control of its own.)",
        ),
        Wrong(
            "biases pruned",
            _with(prunable=torch.ones_like),
            "you prune biases, too. prune takes is_weight to be told which places it may drop.",
        ),
        Wrong("one round too many", _with(more=1), "you make one round too many."),
        Wrong("one round too few", _with(more=-1), "you make one round too few."),
        Wrong(
            "one order of the data",
            _with(siblings=lambda train, start, theta, mask: (train(theta, mask, 1), train(theta, mask, 1))),
            "your middle is a sibling itself. Did both see the data in the same order, or did you leave out one of "
            "them? Two seeds, 1 and 2, and the mean of both.",
        ),
        Wrong(
            "siblings without the mask",
            _with(
                siblings=lambda train, start, theta, mask: tuple(
                    train(theta, torch.ones_like(mask), seed) for seed in (1, 2)
                )
            ),
            "your siblings are trained without the mask: they are dense networks, whatever is multiplied by it later.",
        ),
        Wrong(
            "biases masked away",
            _with(middle=lambda one, other, mask, is_weight: (mask & is_weight) * (one + other) / 2),
            "your middle has no biases. They are never pruned: the mask is True for them, and it alone will do.",
        ),
        Wrong(
            "the sum",
            _with(middle=lambda one, other, mask, is_weight: mask * (one + other)),
            "you return the sum of the siblings. Their middle is half of it.",
        ),
        Wrong("middle first", lambda *args: honest_loop(*args)[::-1], "you return the middle first: mask, middle."),
        Wrong("the middle alone", lambda *args: honest_loop(*args)[1], "you return the middle alone: mask, middle."),
    ),
    hints=(
        "Ask three questions of the loop. What does each training begin from, biases included? Who counts as alive "
        "when prune ranks? Which network is the middle, if dead places hold numbers?",
        "1. theta[~is_weight] after the first round: is it the start's? 2. train leaves a number in dead places, so "
        "trained != 0 is True there. 3. one and other hold such numbers, and so does their mean.",
        "Never assign to theta: every round trains theta, whole. Give prune the mask, not trained != 0. Multiply the "
        "middle by the mask.",
    ),
    skeleton=(
        "def honest_loop(theta, is_weight, train, prune, rounds):\n"
        "    mask = torch.ones_like(is_weight)\n"
        "    for _ in range(rounds):\n"
        "        trained = train(..., mask, 0)\n"
        "        mask = prune(trained, ..., is_weight)\n"
        "    one, other = train(..., mask, 1), train(..., mask, 2)\n"
        "    return mask, ..."
    ),
    praise="Rewound whole, counted by the mask, mixed inside the mask: now a ticket is what it is said to be.",
    errors={
        r"^train and prune take a network": "train(theta, mask, seed) and prune(trained, mask, is_weight): one network "
        "[D] comes first.",
        r"^train and prune take a mask": "The mask comes second, True where alive: train(theta, mask, seed), "
        "prune(trained, mask, is_weight).",
        r"with a bool tensor": "A mask of True and False is turned round by ~mask, and it multiplies as it is.",
    },
)
