"""Lesson 04, exercise 4.2: one step of training a line, a triangle, or any mixture of networks."""

import torch

from toolkit.exercises.lesson02_bend import bowl_gradient, double_well_gradient
from toolkit.exercises.parts import Case, Exercise, Wrong


def subspace_step(points, alpha, gradient, lr):
    """Return the points [m, D] after one step of SGD at their mixture alpha [m]."""
    g = gradient(alpha @ points)
    return points - lr * alpha[:, None] * g


def _step(share):
    """Return a wrong answer that differs from the right one only in the share of g that moves each point."""
    return lambda points, alpha, gradient, lr: points - lr * share(alpha)[:, None] * gradient(alpha @ points)


def _step_from(weights):
    """Return a wrong answer that takes the gradient at another mixture."""
    return lambda points, alpha, gradient, lr: points - lr * alpha[:, None] * gradient(weights(alpha) @ points)


def _each(points, gradient):
    return torch.stack([gradient(point) for point in points])


def _middle(alpha):
    return torch.full_like(alpha, 1 / len(alpha))


def _largest(alpha):
    return torch.eye(len(alpha))[alpha.argmax()]


def _softmaxed(points, alpha, gradient, lr):
    return subspace_step(points, alpha.softmax(0), gradient, lr)


_TRIANGLE = torch.tensor([[-1.0, 4.0], [2.0, 1.0], [3.0, -2.0]])
_LINE = torch.tensor([[-1.0, 0.5], [1.5, -1.0]])

STEP = Exercise(
    id="4.2",
    title="Mix and step",
    difficulty=2,
    minutes=10,
    objective=1,
    reference=subspace_step,
    cases=(
        Case((_TRIANGLE, torch.tensor([0.5, 0.2, 0.3]), bowl_gradient, 0.3)),
        Case((_LINE, torch.tensor([0.75, 0.25]), double_well_gradient, 0.1)),
        Case((_TRIANGLE, torch.tensor([0.0, 1.0, 0.0]), bowl_gradient, 0.5)),
    ),
    wrong=(
        Wrong(
            "whole gradient to every point",
            _step(torch.ones_like),
            "you move every point by the whole gradient. A point is only part of the mixture: if it moves by 1, how "
            "far does θ move?",
        ),
        Wrong(
            "equal shares",
            _step(_middle),
            "you give every point the same share, 1 / m. That is right at the centroid only; here another mixture was "
            "drawn.",
        ),
        Wrong(
            "share squared",
            _step(lambda alpha: alpha**2),
            "you count each share twice: the gradient comes back with it once.",
        ),
        Wrong(
            "shares divided by their squares' sum",
            _step(lambda alpha: alpha / alpha.square().sum()),
            "you scale the shares so that θ itself makes a whole step. A plain step of gradient descent on the points "
            "does not: leave each share as it is.",
        ),
        Wrong(
            "share in reverse",
            _step(lambda alpha: 1 - alpha),
            "you move a point the more, the less it counts. The gradient comes back by the way the mixture was made.",
        ),
        Wrong(
            "only the nearest point",
            _step(_largest),
            "you move only the point that counts most. Every point with a share in θ has one in the gradient.",
        ),
        Wrong(
            "gradient at every point, shared",
            lambda points, alpha, gradient, lr: points - lr * alpha[:, None] * _each(points, gradient),
            "you ask for a gradient at each of the points. That costs m networks a step and says nothing about those "
            "in between. Ask once, at the network that was drawn.",
        ),
        Wrong(
            "gradient at every point",
            lambda points, alpha, gradient, lr: points - lr * _each(points, gradient),
            "you train the points as m networks of their own, which is an ordinary ensemble. It is the mixture that "
            "should be good.",
        ),
        Wrong(
            "gradient at the centroid",
            _step_from(_middle),
            "you ask for the gradient at the centroid in every batch. Ask at the mixture that was drawn, or the rest "
            "of the line or triangle is never trained.",
        ),
        Wrong(
            "gradient at the nearest point",
            _step_from(_largest),
            "you ask for the gradient at the point that counts most, which is not the network that was drawn.",
        ),
        Wrong(
            "gradient at the sum",
            _step_from(torch.ones_like),
            "you ask for the gradient at the sum of the points. The mixture weighs each by its coefficient.",
        ),
        Wrong(
            "gradient at the mean",
            _step_from(lambda alpha: alpha / len(alpha)),
            "you ask for the gradient at the mean of the weighted points. The α already sum to 1: sum, not mean.",
        ),
        Wrong(
            "softmax of alpha",
            _softmaxed,
            "you put alpha through a softmax. It sums to 1 already, and a softmax makes it another mixture, nearer to "
            "the centroid.",
        ),
        Wrong(
            "ascent",
            _step(lambda alpha: -alpha),
            "you walk uphill. The gradient points to where the loss grows: subtract it.",
        ),
        Wrong(
            "lr forgotten",
            lambda points, alpha, gradient, lr: points - alpha[:, None] * gradient(alpha @ points),
            "your step ignores lr, the learning rate.",
        ),
        Wrong(
            "only the mixture moved",
            lambda points, alpha, gradient, lr: alpha @ points - lr * gradient(alpha @ points),
            "you return θ after a step, a single network. θ is not stored anywhere: it is the points it was mixed from "
            "that have to move.",
        ),
        Wrong(
            "points replaced by the mixture",
            lambda points, alpha, gradient, lr: alpha @ points - lr * alpha[:, None] * gradient(alpha @ points),
            "every point of yours starts from θ. After one step they would all be the same network; each starts from "
            "where it is.",
        ),
        Wrong(
            "the gradients alone",
            lambda points, alpha, gradient, lr: alpha[:, None] * gradient(alpha @ points),
            "you return the gradients that reach the points. Now take a step with them.",
        ),
        Wrong(
            "the steps alone",
            lambda points, alpha, gradient, lr: -lr * alpha[:, None] * gradient(alpha @ points),
            "you return the steps. Add them to the points.",
        ),
    ),
    hints=(
        "Three lines: which network was drawn, what is the gradient there, how much of it reaches each point?",
        "θ = α₁ p₁ + … + α_m p_m, which is alpha @ points. Move p₁ by a small step: how far does θ move? The gradient "
        "comes back with the same factor.",
        "Row i of the result is p_i - lr α_i g. alpha[:, None] is a column [m, 1]; times g [D] it gives all m rows.",
    ),
    skeleton=(
        "def subspace_step(points, alpha, gradient, lr):\n"
        "    theta = ...\n"
        "    g = gradient(theta)\n"
        "    return points - lr * ... * g"
    ),
    praise="One gradient at one network, handed on by the shares of the mixture: m points for the price of one.",
    errors={
        r"gradient takes a network": "gradient takes one network, the one that was drawn: mix the points first.",
        r"size of tensor a \(\d+\) must match": "alpha has one entry a point [m], g one a weight [D]: a column times a "
        "row is a matrix [m, D].",
        r"size mismatch|cannot be multiplied": "The coefficients weigh the rows of points [m, D], one row a network.",
    },
)
