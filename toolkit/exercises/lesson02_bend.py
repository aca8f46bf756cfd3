"""Lesson 02, exercise 2.2: one step of training the bend of a curve."""

import torch

from toolkit.exercises.compare import kind
from toolkit.exercises.lesson02_curve import bezier
from toolkit.exercises.parts import Case, Exercise, Wrong


def bend_step(a, bend, b, t, gradient, lr):
    """Return the bend [D] after one step of SGD at position t of the curve; a and b stay."""
    g = gradient(bezier(a, bend, b, t))
    return bend - lr * 2 * t * (1 - t) * g


def _network(theta):
    """Return theta if it is one network [D]."""
    if isinstance(theta, torch.Tensor) and theta.ndim == 1:
        return theta
    a_number = isinstance(theta, int | float) or (isinstance(theta, torch.Tensor) and not theta.ndim)
    raise TypeError(f"gradient takes a network [D], got {'a number' if a_number else kind(theta)}.")


def bowl_gradient(theta):
    """Return the gradient of the loss |theta|² / 2."""
    return _network(theta).clone()


def double_well_gradient(theta):
    """Return the gradient of the loss (x² - 1)² + y², at theta = (x, y)."""
    x, y = _network(theta)
    return torch.stack([4 * x * (x**2 - 1), 2 * y])


_A, _BEND, _B = torch.tensor([-1.0, 4.0]), torch.tensor([2.0, 1.0]), torch.tensor([3.0, -2.0])
_LEFT, _ABOVE, _RIGHT = torch.tensor([-1.0, 0.0]), torch.tensor([0.5, 1.0]), torch.tensor([1.0, 0.0])


def _step(share):
    """Return a wrong answer that differs from the right one only in the share of g that moves the bend."""
    return lambda a, bend, b, t, gradient, lr: bend - lr * share(t) * gradient(bezier(a, bend, b, t))


def _step_from(start):
    """Return a wrong answer that differs from the right one only in the network whose gradient it takes."""

    def step(a, bend, b, t, gradient, lr):
        return bend - lr * 2 * t * (1 - t) * gradient(start(a, bend, b, t))

    return step


def _all_three(a, bend, b, t, gradient, lr):
    g = lr * gradient(bezier(a, bend, b, t))
    return a - (1 - t) ** 2 * g, bend - 2 * t * (1 - t) * g, b - t**2 * g


BEND_STEP = Exercise(
    id="2.2",
    title="What the bend feels",
    difficulty=3,
    minutes=12,
    objective=2,
    reference=bend_step,
    cases=(
        Case((_A, _BEND, _B, 0.2, bowl_gradient, 0.3)),
        Case((_A, _BEND, _B, 0.5, bowl_gradient, 0.1)),
        Case((_LEFT, _ABOVE, _RIGHT, 0.7, double_well_gradient, 0.1)),
        Case((_A, _BEND, _B, 0.0, bowl_gradient, 0.5)),
    ),
    wrong=(
        Wrong(
            "whole gradient",
            _step(lambda t: 1),
            "you move the bend by the whole gradient, as if it were the network at θ(t). It is only part of that "
            "network: how far does θ(t) move when the bend moves by 1?",
        ),
        Wrong(
            "factor 2 forgotten",
            _step(lambda t: t * (1 - t)),
            "half of the bend's share is missing. Its weight on the curve is not t (1 - t).",
        ),
        Wrong(
            "share squared",
            _step(lambda t: (2 * t * (1 - t)) ** 2),
            "you count the bend's share twice: the gradient comes back with it once.",
        ),
        Wrong(
            "divided by the share",
            lambda a, bend, b, t, gradient, lr: bend - lr * gradient(bezier(a, bend, b, t)) / (2 * t * (1 - t)),
            "you divide by the bend's share. Where the bend has little say in θ(t), it should move little: multiply.",
        ),
        Wrong(
            "share fixed at one half",
            _step(lambda t: 0.5),
            "you give the bend one half of the gradient at every t. That is its share half way; elsewhere it is less.",
        ),
        Wrong("share of b", _step(lambda t: t**2), "t² is the share of the end b. The bend has a weight of its own."),
        Wrong(
            "share of a",
            _step(lambda t: (1 - t) ** 2),
            "(1 - t)² is the share of the end a. The bend has a weight of its own.",
        ),
        Wrong(
            "share of an end of the line",
            _step(lambda t: t),
            "t is the share of b on a straight line. On this curve the bend has a weight of its own, and it vanishes "
            "at both ends.",
        ),
        Wrong(
            "gradient at the bend",
            _step_from(lambda a, bend, b, t: bend),
            "you ask for the gradient at the bend. The bend is not on the curve; the loss is measured at θ(t), the "
            "network that was drawn.",
        ),
        Wrong(
            "gradient at the bend, whole",
            lambda a, bend, b, t, gradient, lr: bend - lr * gradient(bend),
            "you train the bend as a network of its own. The curve never passes through it: take the gradient at "
            "θ(t), and give the bend its share.",
        ),
        Wrong(
            "gradient half way",
            _step_from(lambda a, bend, b, t: bezier(a, bend, b, 0.5)),
            "you ask for the gradient half way, at θ(0.5). Take it at θ(t), the network that was drawn.",
        ),
        Wrong(
            "gradient on the straight line",
            _step_from(lambda a, bend, b, t: (1 - t) * a + t * b),
            "you ask for the gradient on the straight line from a to b, which knows no bend. Take it on the curve.",
        ),
        Wrong(
            "gradient on the straight line, whole",
            lambda a, bend, b, t, gradient, lr: bend - lr * gradient((1 - t) * a + t * b),
            "you take the whole gradient of a network on the straight line, which knows no bend. Take it on the curve, "
            "at θ(t), and give the bend its share.",
        ),
        Wrong(
            "ascent, whole gradient",
            _step(lambda t: -1),
            "you walk uphill, and by the whole gradient. Subtract it, and only the bend's share of it.",
        ),
        Wrong(
            "ascent",
            _step(lambda t: -2 * t * (1 - t)),
            "you walk uphill. The gradient points to where the loss grows: subtract it.",
        ),
        Wrong(
            "lr forgotten",
            lambda a, bend, b, t, gradient, lr: bend - 2 * t * (1 - t) * gradient(bezier(a, bend, b, t)),
            "your step ignores lr, the learning rate.",
        ),
        Wrong(
            "the curve's point moved",
            lambda a, bend, b, t, gradient, lr: (
                bezier(a, bend, b, t) - lr * 2 * t * (1 - t) * gradient(bezier(a, bend, b, t))
            ),
            "you return θ(t) after a step. What is trained is the bend; θ(t) only lends it the gradient.",
        ),
        Wrong(
            "the step alone",
            lambda a, bend, b, t, gradient, lr: -lr * 2 * t * (1 - t) * gradient(bezier(a, bend, b, t)),
            "you return the step. Add it to the bend.",
        ),
        Wrong(
            "the gradient alone",
            lambda a, bend, b, t, gradient, lr: 2 * t * (1 - t) * gradient(bezier(a, bend, b, t)),
            "you return the gradient that reaches the bend. Now take a step with it.",
        ),
        Wrong(
            "all three points",
            _all_three,
            "you move all three points. The ends are trained networks and stay where they are; return the bend alone.",
        ),
    ),
    hints=(
        "Three lines: where on the curve are you, what is the gradient there, how much of it reaches the bend?",
        "If the bend moves by a small step while a and b stay, how far does θ(t) move? The curve's formula says it. "
        "The gradient comes back with the same factor.",
        "The chain rule: dL/dβ = 2 t (1 - t) dL/dθ(t). SGD takes the old value minus lr times the gradient that "
        "reaches it. At t = 0 nothing reaches the bend.",
    ),
    skeleton="def bend_step(a, bend, b, t, gradient, lr):\n    g = gradient(...)\n    share = ...\n"
    "    return bend - lr * share * g",
    praise="The loss is felt at θ(t), and the bend takes its share: most half way, nothing at the ends.",
)
