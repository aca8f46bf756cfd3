"""Lesson 01: the quiz and the predictions."""

from toolkit.exercises.parts import Prediction, Question

_MIDPOINT = Question(
    id="1.q1",
    text="Two networks from different seeds score about 97 % each, the one half way between them clearly less. Why?",
    options={
        "a": "Averaging makes all weights smaller, and small weights are bad weights.",
        "b": "The two networks do the same job with different units, so averaging coordinate by coordinate "
        "mixes units that have nothing to do with each other.",
        "c": "At least one of the two was not trained long enough.",
        "d": "The midpoint has never seen the training data, and a network only works on data it was trained on.",
    },
    answer="b",
    feedback={
        "a": "Averaging does shrink weights. But scaled to 0.7 of its length, about that of the midpoint, "
        "each network still reads 96 %. What is lost is which unit works with which.",
        "b": "Unit 7 of A and unit 7 of B learned different things; their average does neither job "
        "well. Lesson 03 looks for units that match before it averages.",
        "c": "More epochs do not help: two networks trained to the end from different seeds still have the "
        "hill between them.",
        "d": "A network that no optimiser visited can be good: the midpoint of two late-split siblings was "
        "not trained either, and it scores as well as they do.",
    },
)

_DEFINITIONS = Question(
    id="1.q2",
    text="One end has loss 0.1, the other 0.5; on the line between them the loss never rises above the "
    "chord. Which definition gives the larger barrier: (chord) max of L(t) - ((1 - t) L(0) + t L(1)), or "
    "(mean) max of L(t) minus the mean of the two ends?",
    options={
        "a": "They agree: both measure the height of the hill.",
        "b": "(chord): it gives 0.4.",
        "c": "(mean): it gives 0.2, although nothing rises above the chord.",
        "d": "(mean): it gives 0.4, the difference of the ends.",
    },
    answer="c",
    feedback={
        "a": "They agree whenever both ends have the same loss. Here the ends differ: the chord is tilted, "
        "the mean is flat.",
        "b": "The loss never rises above the chord, and at the ends it lies on it, so the chord definition gives 0.",
        "c": "The maximum is the worse end, 0.5, and the mean is 0.3. With unequal ends the mean definition "
        "is at least half their difference; the chord definition gives 0 here.",
        "d": "Right definition, wrong number: the maximum is 0.5, and 0.5 minus the mean of 0.1 and 0.5 is not 0.4.",
    },
)

_SIBLINGS = Question(
    id="1.q3",
    text="Two siblings share their training up to some epoch, then go on with different data orders. Split "
    "late, they have no barrier between them. What does this show?",
    options={
        "a": "After the split they stayed the same network.",
        "b": "From some point of training on, noise in the data order no longer changes which linearly "
        "connected region the network ends in.",
        "c": "Any two networks with the same starting weights are connected by a straight line of low loss.",
        "d": "The loss is convex.",
    },
    answer="b",
    feedback={
        "a": "They are two different points: measure the distance between them, it is not zero.",
        "b": "The siblings are different points, but the choice of region was made before they split.",
        "c": "Whether the same start is enough depends on network, learning rate and data. What the "
        "siblings share here is the start and the first part of the training.",
        "d": "A convex loss has no barrier between any two points. Two networks from different seeds have one.",
    },
)

_REFRESH = Question(
    id="1.q4",
    text="Why do you measure BatchNorm's mean and variance anew at every point of the line?",
    options={
        "a": "They belong to the weights: other weights give other activations, and their mean and variance "
        "are not the average of those at the two ends.",
        "b": "It trains the midpoint a little, so that its loss goes down.",
        "c": "Without it, end A would lose accuracy when scanned with its own stored statistics.",
        "d": "They are random, and measuring again averages the noise away.",
    },
    answer="a",
    feedback={
        "a": "Activations of mismatched units partly cancel at the midpoint, so their variance is smaller "
        "than at either end. Stale statistics rescale them wrongly, layer after layer.",
        "b": "Nothing is trained: no label is used and no weight changes. You only measure activations.",
        "c": "With its own statistics an end is fine. B fell far because it was given A's; between the ends "
        "nobody has stored any that fit.",
        "d": "Noise is not the point: over the whole training set they are exact numbers, and those of the "
        "ends are still wrong for the midpoint.",
    },
)

QUESTIONS = (_MIDPOINT, _DEFINITIONS, _SIBLINGS, _REFRESH)

PREDICTIONS = (
    Prediction(
        id="1.0",
        text="the test accuracy of the network exactly half way between two networks that each score about 97 %",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="1.p2",
        text="the number of epochs of shared training after which two siblings stay connected",
        unit="epochs",
        low=0,
        high=20,
    ),
)
