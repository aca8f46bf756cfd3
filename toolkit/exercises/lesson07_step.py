"""Lesson 07, exercise 7.2: a step of SGD with momentum that revives nothing."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def masked_step(theta, velocity, gradient, mask, lr, momentum):
    """Return theta and velocity after one step of SGD with momentum, both exactly 0 where the mask is False."""
    velocity = mask * (momentum * velocity + gradient)
    return mask * (theta - lr * velocity), velocity


def _with(velocity=None, theta=None):
    """Return a wrong answer with another new velocity(v, g, mask, momentum), or theta(theta, v, mask, lr)."""

    def attempt(old, v, g, mask, lr, momentum):
        right = mask * (momentum * v + g)
        v = velocity(v, g, mask, momentum) if velocity else right
        return theta(old, v, mask, lr) if theta else mask * (old - lr * v), v

    return attempt


def _step(theta, v, mask, lr):
    return theta - lr * v


def _plain(v, g, mask, momentum):
    return momentum * v + g


def _cleaned_late(theta, v, g, mask, lr, momentum):
    v = momentum * v + g
    return theta - lr * v, mask * v


def _old_velocity(theta, v, g, mask, lr, momentum):
    return mask * (theta - lr * v), mask * (momentum * v + g)


def _lookahead(theta, v, g, mask, lr, momentum):
    new = mask * (momentum * v + g)
    return mask * (theta - lr * (g + momentum * new)), new


def _velocity_with_lr(theta, v, g, mask, lr, momentum):
    new = mask * (momentum * v - lr * g)
    return mask * (theta + new), new


def _right(theta, v, g, mask, lr, momentum):
    return masked_step(theta, v, g, mask, lr, momentum)


_MASK = torch.tensor([True, False, True, False, True])
_THETA = torch.tensor([1.0, 0.5, -2.0, 0.0, 0.25])  # the second one has just been pruned
_VELOCITY = torch.tensor([0.5, 2.0, -1.0, 4.0, 1.5])  # both still hold what they were doing
_GRADIENT = torch.tensor([2.0, -1.0, 0.5, 3.0, -1.25])
_ARGS = (_THETA, _VELOCITY, _GRADIENT, _MASK, 0.5, 0.75)


def _next(args, gradient, momentum):
    """Return the arguments of the next step, from where the one before leads."""
    theta, velocity = masked_step(*args)
    return theta, velocity, torch.tensor(gradient), args[3], args[4], momentum


_SECOND = _next(_ARGS, [-1.0, 2.5, 0.75, -2.0, 1.0], 0.9)


def _random():
    generator = torch.Generator().manual_seed(0)
    theta, velocity, gradient = torch.randn(3, 6, 8, generator=generator)
    return theta, velocity, gradient, torch.rand(6, 8, generator=generator) < 0.3, 0.1, 0.9


STEP = Exercise(
    id="7.2",
    title="Dead stays dead",
    difficulty=2,
    minutes=10,
    objective=1,
    reference=masked_step,
    cases=(
        Case(_ARGS),
        Case(_SECOND),
        Case(_random),
        Case((_THETA, _VELOCITY, _GRADIENT, torch.ones(5, dtype=torch.bool), 0.5, 0.0)),
    ),
    wrong=(
        Wrong(
            "only the gradient masked",
            _with(lambda v, g, mask, momentum: momentum * v + mask * g, _step),
            "you mask the gradient and nothing else. A weight that is pruned while it moves keeps moving: its velocity "
            "is not zero, and momentum revives it.",
        ),
        Wrong(
            "gradient and theta masked",
            _with(lambda v, g, mask, momentum: momentum * v + mask * g),
            "your theta is right. The old velocity of dead weights is still in your velocity, though, and the next "
            "step that forgets to mask theta revives them: mask the whole of it, not the gradient alone.",
        ),
        Wrong(
            "only theta masked",
            _with(_plain),
            "your theta is right, but your velocity gathers the gradients of dead weights. It is state as well, and "
            "leaves with you: zero where the mask is False.",
        ),
        Wrong(
            "only the velocity masked",
            _with(theta=_step),
            "your velocity is right, so no dead weight moves. But one that was pruned a moment ago still has its "
            "value, and keeps it: mask theta too.",
        ),
        Wrong(
            "only the old theta masked",
            _with(_plain, lambda theta, v, mask, lr: mask * theta - lr * v),
            "you mask theta before the step, and the step itself revives what you had put to zero.",
        ),
        Wrong(
            "theta masked before, velocity after",
            lambda theta, v, g, mask, lr, momentum: _cleaned_late(mask * theta, v, g, mask, lr, momentum),
            "you mask theta before the step and the velocity after it. In between the whole velocity moves theta: mask "
            "it first.",
        ),
        Wrong(
            "velocity masked after the step",
            _cleaned_late,
            "your velocity is masked too late: it has moved theta already, dead weights included.",
        ),
        Wrong(
            "old velocity masked",
            _with(lambda v, g, mask, momentum: momentum * mask * v + g, _step),
            "you mask the old velocity only. The new gradient is not zero for dead weights, and revives them.",
        ),
        Wrong(
            "nothing masked",
            _with(_plain, _step),
            "your step does not use the mask.",
        ),
        Wrong(
            "mask inverted",
            lambda theta, v, g, mask, lr, momentum: masked_step(theta, v, g, ~mask, lr, momentum),
            "your mask is inverted: True stands for alive.",
        ),
        Wrong(
            "momentum forgotten",
            _with(lambda v, g, mask, momentum: mask * g),
            "you forget momentum: the velocity is the old one times momentum, plus the gradient.",
        ),
        Wrong(
            "velocity not damped",
            _with(lambda v, g, mask, momentum: mask * (v + g)),
            "your velocity keeps all of the old one. Times momentum, or it never forgets.",
        ),
        Wrong(
            "gradient damped",
            _with(lambda v, g, mask, momentum: mask * (momentum * v + (1 - momentum) * g)),
            "your velocity is a running mean, with 1 - momentum before the gradient. SGD with momentum, as torch has "
            "it, adds the whole gradient.",
        ),
        Wrong(
            "step along the old velocity",
            _old_velocity,
            "you step along the old velocity. The new one comes first, then theta moves along it.",
        ),
        Wrong(
            "step along the gradient",
            lambda theta, v, g, mask, lr, momentum: (mask * (theta - lr * g), mask * (momentum * v + g)),
            "theta moves along the gradient alone, and the velocity has no say.",
        ),
        Wrong(
            "looking ahead",
            _lookahead,
            "that is Nesterov's step, which looks ahead. Plain momentum: theta - lr * velocity.",
        ),
        Wrong(
            "lr in the velocity",
            _velocity_with_lr,
            "lr is inside your velocity. Keep it outside, velocity = momentum · velocity + gradient, and it scales the "
            "step only.",
        ),
        Wrong(
            "lr forgotten",
            _with(theta=lambda theta, v, mask, lr: mask * (theta - v)),
            "your step ignores lr, the learning rate.",
        ),
        Wrong(
            "uphill",
            _with(theta=lambda theta, v, mask, lr: mask * (theta + lr * v)),
            "you walk uphill. The gradient points to where the loss grows: subtract.",
        ),
        Wrong(
            "divided by the density",
            _with(lambda v, g, mask, momentum: mask * (momentum * v + g) / mask.float().mean()),
            "you divide by the density, as dropout does to keep its mean. A mask stays the same for all of training, "
            "and nothing needs to be made up for.",
        ),
        Wrong(
            "old velocity returned",
            lambda theta, v, *rest: (masked_step(theta, v, *rest)[0], v),
            "your theta is right. You return the velocity that you were given, so the next step would forget this one.",
        ),
        Wrong(
            "velocity first",
            lambda *args: masked_step(*args)[::-1],
            "you return the velocity first. The order asked for is theta, velocity.",
        ),
        Wrong(
            "theta alone",
            lambda *args: masked_step(*args)[0],
            "you return theta alone. The next step needs the velocity, too.",
        ),
    ),
    hints=(
        "Without a mask it is two lines: the new velocity, then theta moves along it. Three things carry a value for a "
        "dead weight: its gradient, its velocity, and theta itself if it was alive a moment ago.",
        "velocity = momentum · velocity + gradient; theta = theta - lr · velocity. What comes out must be 0 where the "
        "mask is False, in both. Where does one product with the mask do for gradient and old velocity together?",
        "mask * (momentum * velocity + gradient) is clean, whatever came in. theta needs a product of its own: no step "
        "takes away the value of a weight that was pruned just now.",
    ),
    skeleton=(
        "def masked_step(theta, velocity, gradient, mask, lr, momentum):\n"
        "    velocity = mask * (...)\n"
        "    return mask * (...), velocity"
    ),
    praise="Whatever the velocity held, a dead weight is 0 after this step, and the next one finds nothing to revive.",
    errors={
        r"with a bool tensor": "A mask of True and False is turned round by ~mask, and it multiplies as it is.",
        r"must match the size|shape mismatch": "x[mask] picks out some weights and loses the shape; mask * x keeps it.",
    },
)
