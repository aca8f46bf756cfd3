"""Lesson 03: the quiz and the predictions."""

from toolkit.exercises.parts import Prediction, Question

_COPIES = Question(
    id="3.q1",
    text="Hidden layers of 16 and 8 units. Two units of the first are copies of each other: the same weights come in "
    "and the same go out. No other two are alike. How many points of weight space are this network, with its units in "
    "some order?",
    options={
        "a": "16! · 8! ≈ 8 · 10^17: any order of the first layer with any order of the second.",
        "b": "16! · 8! / 2 ≈ 4 · 10^17: the orders combine, and each point comes up twice.",
        "c": "24! / 2 ≈ 3 · 10^23: any order of all hidden units, each point comes up twice.",
        "d": "16! / 2 + 8! ≈ 10^13: the points of the first layer and those of the second.",
    },
    answer="b",
    feedback={
        "a": "That counts orders. When the two copies change places, every weight stays what it was: two orders, one "
        "point.",
        "b": "Each order of one layer goes with each of the other, so they multiply. Exchange the two copies and no "
        "weight changes: it takes two orders to make one point.",
        "c": "A unit cannot move to another layer: it reads other inputs there. Only units of one layer may change "
        "places with each other.",
        "d": "Choices that can be combined multiply: each order of the first layer goes with each of the second.",
    },
)

_CORRELATION = Question(
    id="3.q2",
    text="A unit of A and a unit of B respond to the same digits, but B's answers three times as loudly. Why do you "
    "look for partners by correlation, and not by the smallest difference of the activations?",
    options={
        "a": "Correlation is cheaper: one pass over the data is enough, where differences need one for each pair.",
        "b": "Correlation asks whether they rise and fall together; for loudness the next layer can make up.",
        "c": "A permutation brings the scale of the activations into line, so the difference would be 0 anyway.",
        "d": "Partners by correlation compute the same function, so exchanging the two changes no output.",
    },
    answer="b",
    feedback={
        "a": "One pass over the data is enough for either. The reason is what they call similar.",
        "b": "The loud unit with small outgoing weights does what the quiet one does with large ones. By differences, "
        "a loud unit would look unlike all quiet ones, and silence would look like a good partner for many.",
        "c": "A permutation changes which unit stands where, and no number inside a unit: its scale stays as it was.",
        "d": "Renumbering B changes none of its outputs, whichever partners you choose. And units of A and B that "
        "correlate at 0.7 are alike, not the same.",
    },
)

_DEAD = Question(
    id="3.q3",
    text="A unit of B outputs 0 on every training image. The matching gives it a partner in A all the same. What can "
    "you read from that pair?",
    options={
        "a": "The partner is dead, too: dead units find each other, for both are always 0.",
        "b": "The pair does similar work, only more weakly: B's unit would speak on other images.",
        "c": "Something went wrong: renumbering a network with dead units changes its function.",
        "d": "Nothing: its score counts as 0 with every unit, so any partner left over will do.",
    },
    answer="d",
    feedback={
        "a": "Two units that are always 0 agree perfectly, but there is nothing to correlate: 0 divided by 0. Counted "
        "as 0, a dead partner is worth no more than a live one.",
        "b": "Its score is 0, whoever the partner is. The matching must give everyone someone, and says so in `dead`.",
        "c": "Renumbering never changes the function. Dead units only make the permutation ambiguous: several are "
        "equally good.",
        "d": "The live units choose, the dead take what is left. So do not count such pairs when you ask how alike "
        "two matches are, or whether a planted order was found again.",
    },
)

_BUYS = Question(
    id="3.q4",
    text="Take the networks of this lesson, three hidden layers of 32 units. What did aligning B to A buy?",
    options={
        "a": "A better B: with its units beside their partners, some of its test errors are gone.",
        "b": "A straight line nearly without a hill, and a curve that is good after fewer epochs.",
        "c": "A path where there was none: to B as it comes, no curve of low loss can be trained.",
        "d": "One network instead of two: up to rounding, A and B are now the same point.",
    },
    answer="b",
    feedback={
        "a": "Renumbered, B gives the very same answers, right and wrong. What changed is where it lies.",
        "b": "We measured the lowest accuracy on the curve: 89 % to B as it comes and 96 % to B aligned after 5 epochs "
        "of training the bend, 96 and 97 % after 100. At this size, what alignment buys is mostly epochs.",
        "c": "Lesson 02 found such curves between networks as they come. The bend only has to be trained for longer.",
        "d": "Their units are alike, not equal: they still stand at different points, and disagree on some digits.",
    },
)

_LOCALLY_OPTIMAL = Question(
    id="3.q5",
    text="PAM searches for a permutation that lowers the loss along the curve. Started from the aligned B with a "
    "small step, 0.05, it kept every unit in place in four of five pairs. What does that show?",
    options={
        "a": "Of all (32!)^3 arrangements of B's units, the aligned one is the best for the curve.",
        "b": "Matching the activations is the same as making the loss along the curve smallest.",
        "c": "Within reach of this search there is nothing better; how far is that? Ask a control.",
        "d": "The two networks now agree on every digit, so on the curve there is nothing to gain.",
    },
    answer="c",
    feedback={
        "a": "A search that stays where it starts has seen the neighbourhood only. Locally optimal is the word for "
        "that, and it says nothing about the rest of the arrangements.",
        "b": "Matching never looks at the loss; that it comes out low is an observation. With a larger step PAM even "
        "lowered it a little further.",
        "c": "And the control is sobering: from B as it comes, the same step moves 3 to 8 of 96 units and leaves "
        "most of the hill. A step of 2 flattens the hill from there, and finds a slightly lower loss from the "
        "aligned B. So this is a good arrangement, and not the last word.",
        "d": "PAM goes by the training loss along the curve, which is small and not 0. It does not compare the two "
        "networks' answers.",
    },
)

QUESTIONS = (_COPIES, _CORRELATION, _DEAD, _BUYS, _LOCALLY_OPTIMAL)

PREDICTIONS = (
    Prediction(
        id="3.0",
        text="the part of the barrier that goes away when the units of B are renumbered, and nothing else",
        unit="% of the barrier",
        low=0,
        high=100,
    ),
    Prediction(
        id="3.p2",
        text="the number of digits of a whole number: how many points of weight space are this very network, with "
        "three hidden layers of 32 units",
        unit="digits",
        low=0,
        high=1000,
    ),
)
