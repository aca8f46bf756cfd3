"""Lesson 05, exercise 5.2: how many members a target needs, and the gamma that keeps the speed."""

import math

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def choose(target, h, s, lr):
    """Return the fewest members K whose average settles at a loss of at most target, and the gamma that keeps lr."""
    alone = (lr * s**2 / (2 * (2 - lr * h))).sum()  # K = 1: plain SGD
    members = int(torch.ceil(alone / target))
    return members, 1 / members


def _loss(h, s, lr):
    """Expected loss of plain SGD once it has settled."""
    return float((lr * s**2 / (2 * (2 - lr * h))).sum())


def _by_ratio(count, loss=_loss):
    """Return a wrong answer that gets K in another way from the loss of one network over the target."""

    def attempt(target, h, s, lr):
        members = count(loss(h, s, lr) / target)
        return members, 1 / members

    return attempt


def _with_gamma(gamma):
    """Return a wrong answer with the right K and another gamma."""

    def attempt(target, h, s, lr):
        members, _ = choose(target, h, s, lr)
        return members, gamma(members, lr)

    return attempt


def _sum_of_gradients(target, h, s, lr):
    """Search with gamma = 1, past the point where nothing settles any more."""
    members = 1
    while _loss(h, s, lr / 2 * (1 + members)) / members > target:
        members += 1
    return members, 1.0


def _up(ratio):
    return math.ceil(ratio)


_H, _S = torch.tensor([1.0, 0.25]), torch.tensor([1.0, 2.0])

CHOOSE = Exercise(
    id="5.2",
    title="How many",
    difficulty=3,
    minutes=12,
    objective=1,
    reference=choose,
    cases=(
        Case((0.195, _H, _S, 1.0)),
        Case((0.125, torch.ones(1), torch.ones(1), 1.0)),  # K = 4 hits the target exactly
        Case((0.01, torch.tensor([1.0, 0.5, 0.1]), torch.tensor([0.3, 0.6, 0.5]), 0.2)),
        Case((3.0, _H, _S, 1.0)),  # one network is good enough
    ),
    wrong=(
        Wrong(
            "rounded down",
            _by_ratio(lambda ratio: max(1, math.floor(ratio))),
            "your K is one too small: its loss is still above the target. Round up.",
        ),
        Wrong(
            "one too many",
            _by_ratio(lambda ratio: math.ceil(ratio) + 1),
            "your K is one too large: with one member fewer the loss is at most the target already.",
        ),
        Wrong(
            "one too many where it fits",
            _by_ratio(lambda ratio: math.floor(ratio) + 1),
            "here K members meet the target exactly, and you take one more. At most the target means that equal will "
            "do.",
        ),
        Wrong(
            "not rounded",
            _by_ratio(lambda ratio: ratio),
            "your K is no whole number. Members can only be counted: the fewest that will do.",
        ),
        Wrong(
            "at least two",
            _by_ratio(lambda ratio: max(2, math.ceil(ratio))),
            "one network meets this target by itself. Then K = 1.",
        ),
        Wrong(
            "as if the loss fell with K squared",
            _by_ratio(lambda ratio: math.ceil(math.sqrt(ratio))),
            "you let the loss fall like 1 / K². It is the noise variance that is divided by K, and by K once.",
        ),
        Wrong(
            "half of the learning rate",
            _by_ratio(_up, lambda h, s, lr: _loss(h, s, lr / 2)),
            "you count one half of lr. Both parts move the average, each with lr / 2: together that is lr.",
        ),
        Wrong(
            "twice the loss",
            _by_ratio(_up, lambda h, s, lr: 2 * _loss(h, s, lr)),
            "your loss is twice too large: 1/2 h times the variance.",
        ),
        Wrong(
            "the variance",
            _by_ratio(_up, lambda h, s, lr: float((lr * s**2 / (h * (2 - lr * h))).sum())),
            "you compare the variance with the target. The target is a loss: 1/2 h times the variance.",
        ),
        Wrong(
            "mean over directions",
            _by_ratio(_up, lambda h, s, lr: _loss(h, s, lr) / len(h)),
            "you take the mean over directions. Their losses add up.",
        ),
        Wrong(
            "steps taken as small",
            _by_ratio(_up, lambda h, s, lr: float((lr * s**2 / 4).sum())),
            "you take 2 - lr h for 2. With steps as large as these, that is a K too few.",
        ),
        Wrong(
            "searched with gamma = 1",
            _sum_of_gradients,
            "you search with gamma = 1. The average then moves with lr / 2 (1 + K), faster with every member, until "
            "nothing settles: beyond lr h = 2 the formula is negative, and no loss is. Which gamma keeps its speed?",
        ),
        Wrong(
            "gamma = 1",
            _with_gamma(lambda members, lr: 1.0),
            "your K is right for an average that moves with lr. With gamma = 1 it moves faster, the more members there "
            "are: the shared part takes a step along the sum of K gradients.",
        ),
        Wrong(
            "gamma = K",
            _with_gamma(lambda members, lr: float(members)),
            "your K is right. With gamma = K the shared part makes a step K² times as long as one gradient asks for: "
            "gamma has to undo the sum.",
        ),
        Wrong(
            "gamma = 1 / K squared",
            _with_gamma(lambda members, lr: 1 / members**2),
            "your K is right. Your gamma divides by K twice: the sum of K gradients is K times their mean, so one "
            "division keeps the speed.",
        ),
        Wrong(
            "gamma = 2 / K",
            _with_gamma(lambda members, lr: 2 / members),
            "your K is right. With your gamma the shared part alone moves by lr; the members' own part moves as well.",
        ),
        Wrong(
            "gamma = lr / K",
            _with_gamma(lambda members, lr: lr / (2 * members)),
            "your K is right. Your gamma has a learning rate in it; gamma comes on top of lr / 2, which is there "
            "already.",
        ),
        Wrong(
            "gamma first",
            lambda target, h, s, lr: choose(target, h, s, lr)[::-1],
            "you return gamma first. The order asked for is K, gamma.",
        ),
    ),
    hints=(
        "Begin with gamma. In exercise 5.1 the average moves with lr_late + gamma K lr_shared; both rates are lr / 2. "
        "For which gamma is that lr, whatever K is?",
        "With that gamma only the noise depends on K: the loss is that of one network divided by K. How often does the "
        "target go into it?",
        "K is that quotient, rounded up: torch.ceil. A loop that tries K = 1, 2, 3 … will do as well.",
    ),
    skeleton=(
        "def choose(target, h, s, lr):\n"
        "    alone = ...  # the loss of one network that moves with lr\n"
        "    members = int(torch.ceil(...))\n"
        "    gamma = ...\n"
        "    return members, gamma"
    ),
    praise="The mean of K gradients keeps the speed, and K members leave 1 / K of the loss. A round costs K batches.",
    errors={
        r"timed out": "As K grows, the loss comes down only if the average does not speed up: mind gamma.",
        r"ceil\(\): argument 'input'": "torch.ceil takes a tensor, math.ceil a number.",
    },
)
