"""Lesson 04, exercise 4.3: how fast a line or triangle of networks learns."""

from toolkit.exercises.parts import Case, Exercise, Wrong


def step_sizes(m, lr):
    """Return how far one step moves the centroid of m points and, on average, the network drawn: in units of g."""
    return lr / m, 2 * lr / (m + 1)


SPEED = Exercise(
    id="4.3",
    title="How fast",
    difficulty=3,
    minutes=12,
    objective=2,
    reference=step_sizes,
    cases=(Case((5, 0.6)), Case((2, 0.1)), Case((3, 0.2)), Case((1, 0.1))),
    wrong=(
        Wrong(
            "a whole step for both",
            lambda m, lr: (lr, lr),
            "those are steps of a network that is trained alone. Here the gradient is shared out among m points, and "
            "no point gets all of it.",
        ),
        Wrong(
            "lr / m for both",
            lambda m, lr: (lr / m, lr / m),
            "your first value is right, and the network drawn moves further than that: the points that count most in "
            "it are the ones that moved most. Add up share times step.",
        ),
        Wrong(
            "a whole step for the network drawn",
            lambda m, lr: (lr / m, lr),
            "your first value is right. The network drawn would make a whole step if it were a point itself; as a "
            "mixture it adds up steps that are each only a share of lr, weighted by the share once more.",
        ),
        Wrong(
            "a whole step for the centroid",
            lambda m, lr: (lr, 2 * lr / (m + 1)),
            "your second value is right. The steps of all points add up to lr g, but the centroid is not their sum.",
        ),
        Wrong(
            "swapped",
            lambda m, lr: (2 * lr / (m + 1), lr / m),
            "both values are right, and in the wrong order: first the centroid, then the network drawn.",
        ),
        Wrong(
            "lr / (m + 1) for the network drawn",
            lambda m, lr: (lr / m, lr / (m + 1)),
            "your first value is right, your second too small. Try m = 1: a single network draws itself and should "
            "make a whole step.",
        ),
        Wrong(
            "the mean square of one coefficient",
            lambda m, lr: (lr / m, 2 * lr / (m * (m + 1))),
            "your first value is right; in your second you count one coefficient's square. All m points carry the "
            "network drawn along.",
        ),
        Wrong(
            "divided by m twice",
            lambda m, lr: (lr / m**2, 2 * lr / (m + 1)),
            "your second value is right. For the first you divide by m twice: on average a point moves by lr / m, but "
            "the mean of m such steps is not m times smaller still.",
        ),
        Wrong(
            "one half for the network drawn",
            lambda m, lr: (lr / m, lr / 2),
            "your first value is right. The second gets smaller with m as well: the more points there are, the smaller "
            "the shares.",
        ),
        Wrong(
            "for a line only",
            lambda m, lr: (lr / 2, 2 * lr / 3),
            "you answer for a line; m may be any number.",
        ),
        Wrong(
            "multiplied by m",
            lambda m, lr: (lr * m, 2 * lr / (m + 1)),
            "your second value is right. In your first you multiply by m. The shares sum to 1, so all m points "
            "together move by lr; the centroid is their mean.",
        ),
        Wrong(
            "multiplied by m, and a whole step",
            lambda m, lr: (lr * m, lr),
            "your first value is lr times m, as if every point made a whole step and the centroid were their sum; your "
            "second is a whole step. Each point moves by its share of lr only.",
        ),
        Wrong(
            "multiplied by m for both",
            lambda m, lr: (lr * m, lr * m),
            "you multiply by m. The gradient is shared out among m points, so a step gets smaller with m.",
        ),
        Wrong(
            "lr forgotten in the second",
            lambda m, lr: (lr / m, 2 / (m + 1)),
            "your first value is right; your second value forgets lr.",
        ),
        Wrong(
            "lr forgotten",
            lambda m, lr: (1 / m, 2 / (m + 1)),
            "you return fractions of a step. Multiply them by lr.",
        ),
        Wrong(
            "negative",
            lambda m, lr: (-lr / m, -2 * lr / (m + 1)),
            "both are right but for the sign. Asked for is how far, not which way.",
        ),
    ),
    hints=(
        "In exercise 4.2 point i moves by lr α_i g, against the gradient. What does that do to the mean of the points?",
        "The centroid moves by (1/m) Σ lr α_i g, and the α_i sum to 1. The network drawn, with its α held fixed, moves "
        "by Σ α_i (lr α_i g): there is a square in it.",
        "So the network drawn moves by lr Σ α_i². The mean of Σ α_i² over uniform draws is given in the text of this "
        "exercise; check your formula at m = 1.",
    ),
    skeleton=(
        "def step_sizes(m, lr):\n"
        "    centroid = ...\n"
        "    drawn = lr * ...  # lr times the mean of the sum of squared coefficients\n"
        "    return centroid, drawn"
    ),
    praise="The same lr is a smaller step here. A fair control is one network with lr / m, or a line with m times lr.",
)
