"""Lesson 05, exercise 5.1: the loss that the average of late-phase members settles at."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def late_phase_loss(h, s, lr_shared, lr_late, members, gamma):
    """Return the expected loss of the members' average once it has settled; h and s are vectors [d]."""
    lr = lr_late + gamma * members * lr_shared
    variance = lr * (s**2 / members) / (h * (2 - lr * h))
    return (h * variance / 2).sum()


def _with(rate=None, noise=None, loss=None):
    """Return a wrong answer with another learning rate, noise variance, or way from variances to a loss."""

    def attempt(h, s, lr_shared, lr_late, members, gamma):
        lr = rate(lr_shared, lr_late, members, gamma) if rate else lr_late + gamma * members * lr_shared
        power = noise(s, members) if noise else s**2 / members
        variance = lr * power / (h * (2 - lr * h))
        return loss(h, variance) if loss else (h * variance / 2).sum()

    return attempt


def _member(h, s, lr_shared, lr_late, members, gamma):
    around = lr_late * s**2 * (1 - 1 / members) / (h * (2 - lr_late * h))
    return late_phase_loss(h, s, lr_shared, lr_late, members, gamma) + (h * around / 2).sum()


def _small_steps(h, s, lr_shared, lr_late, members, gamma):
    return ((lr_late + gamma * members * lr_shared) * s**2 / (4 * members)).sum()


_H, _S = torch.tensor([1.0, 0.2]), torch.tensor([2.0, 2.5])

LOSS = Exercise(
    id="5.1",
    title="What is left",
    difficulty=3,
    minutes=12,
    objective=1,
    reference=late_phase_loss,
    cases=(
        Case((_H, _S, 0.18, 0.05, 4, 0.4)),
        Case((_H, _S, 0.1, 0.3, 4, 0.25)),
        Case((torch.ones(1), torch.ones(1), 0.1, 0.1, 10, 1.0)),
        Case((torch.tensor([1.0, 0.5, 0.2]), torch.tensor([1.0, 0.0, 3.0]), 0.0, 0.5, 3, 1.0)),
        Case((_H, _S, 0.2, 0.3, 1, 1.0)),
    ),
    wrong=(
        Wrong(
            "noise of one batch",
            _with(noise=lambda s, members: s**2),
            "you keep all of the noise. The average has seen K batches where SGD sees one: what is the variance of a "
            "mean of K independent numbers?",
        ),
        Wrong(
            "noise divided by K twice",
            _with(noise=lambda s, members: s**2 / members**2),
            "you divide by K twice. A mean of K independent numbers has 1 / K of their variance, and s² is a variance "
            "already.",
        ),
        Wrong(
            "standard deviation",
            _with(noise=lambda s, members: s / members),
            "s is a standard deviation; what enters the variance is its square.",
        ),
        Wrong(
            "rate without K",
            _with(rate=lambda shared, late, members, gamma: late + gamma * shared),
            "your learning rate counts the gradient of one member for the shared part. It moves along the sum of all "
            "K.",
        ),
        Wrong(
            "rate without gamma",
            _with(rate=lambda shared, late, members, gamma: late + members * shared),
            "your learning rate forgets gamma, the factor on the sum of the K gradients.",
        ),
        Wrong(
            "both rates added up",
            _with(rate=lambda shared, late, members, gamma: late + shared),
            "you add up the two learning rates. That is right where gamma = 1 / K; here gamma may be any number.",
        ),
        Wrong(
            "K for both rates",
            _with(rate=lambda shared, late, members, gamma: members * (late + gamma * shared)),
            "you multiply both rates by K. All K gradients reach the shared part, but a member's own part moves by its "
            "own gradient alone, and the mean of K such moves is one move.",
        ),
        Wrong(
            "gamma and K for both rates",
            _with(rate=lambda shared, late, members, gamma: gamma * members * (late + shared)),
            "you multiply both rates by gamma K. Only the shared part waits for the sum; the members move on their own "
            "at once, by lr_late.",
        ),
        Wrong(
            "rates swapped",
            _with(rate=lambda shared, late, members, gamma: shared + gamma * members * late),
            "you have the two rates swapped: gamma and K belong to the shared part.",
        ),
        Wrong(
            "late rate alone",
            _with(rate=lambda shared, late, members, gamma: late),
            "you leave the shared part where it is. It moves all members, so it moves their average as well.",
        ),
        Wrong(
            "shared rate alone",
            _with(rate=lambda shared, late, members, gamma: gamma * members * shared),
            "you leave out the members' own moves. Their mean is part of the average, and it moves by lr_late.",
        ),
        Wrong(
            "rate divided by K",
            _with(rate=lambda shared, late, members, gamma: (late + gamma * members * shared) / members),
            "you divide the learning rate by K as well. Averaging takes away noise; the mean of the members moves as "
            "fast as they do.",
        ),
        Wrong(
            "a member instead of the average",
            _member,
            "that is the loss of one member: it lies around the average, and that distance costs something. Asked for "
            "is the average.",
        ),
        Wrong(
            "steps taken as small",
            _small_steps,
            "you take 2 - lr h for 2. That is nearly right for small steps; keep the whole formula.",
        ),
        Wrong(
            "the variance",
            _with(loss=lambda h, variance: variance.sum()),
            "you return the variance. A direction of curvature h costs 1/2 h times its variance.",
        ),
        Wrong(
            "h forgotten",
            _with(loss=lambda h, variance: variance.sum() / 2),
            "you weigh all directions alike. In a steep one the same distance costs more: times h.",
        ),
        Wrong(
            "one half forgotten",
            _with(loss=lambda h, variance: (h * variance).sum()),
            "you return twice the loss: it is 1/2 h e² in each direction.",
        ),
        Wrong(
            "mean over directions",
            _with(loss=lambda h, variance: (h * variance / 2).mean()),
            "you take the mean over directions. Their losses add up.",
        ),
        Wrong(
            "one loss a direction",
            _with(loss=lambda h, variance: h * variance / 2),
            "that is one loss a direction. They add up to the loss of the network.",
        ),
    ),
    hints=(
        "The average of the members is itself a point that makes steps. How far does it move for a gradient g, and how "
        "noisy is the gradient it follows?",
        "Add up both parts: the mean of the members' own moves is lr_late times the mean gradient, the shared part "
        "moves by lr_shared gamma times the sum of the gradients, which is K times their mean.",
        "So it is plain SGD with lr = lr_late + gamma K lr_shared and noise variance s² / K. SGD settles at the "
        "variance lr s² / (h (2 - lr h)), and the loss is the sum of 1/2 h times the variance.",
    ),
    skeleton=(
        "def late_phase_loss(h, s, lr_shared, lr_late, members, gamma):\n"
        "    lr = lr_late + ...  # of the average\n"
        "    variance = lr * ... / (h * (2 - lr * h))\n"
        "    return (h * variance / 2).sum()"
    ),
    praise="The average is plain SGD in disguise: a learning rate of its own, and K times less noise variance.",
    errors={r"has no attribute 'sum'": "h and s are vectors [d], one entry a direction; add up over them at the end."},
)
