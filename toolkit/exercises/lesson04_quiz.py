"""Lesson 04: the quiz and the predictions."""

from toolkit.exercises.parts import Prediction, Question

_MIDPOINT = Question(
    id="4.q1",
    text="40 % of the training labels are noise. The network half way on a learned line reads 95 % of the test digits "
    "right, the one half way between two networks trained on their own 52 %. In both cases the ends began with "
    "different seeds. Why the difference?",
    options={
        "a": "The ends of the learned line have become the same network, so that averaging them changes nothing.",
        "b": "The ends of the learned line read more digits right, and a mean of better networks is a better one.",
        "c": "The learned line was paid for with twice the gradients, one for each of its ends in every batch.",
        "d": "In every batch the loss was measured at a mixture of both ends, so mixtures are what was trained.",
    },
    answer="d",
    feedback={
        "a": "They stand nearly at a right angle, cos² = 0.004, and disagree on some digits. They are different "
        "networks, trained so that what lies between them works.",
        "b": "The ends read 94 %, less than their midpoint. And lesson 01 had two networks of 97 % with a poor one "
        "half way: how good the ends are says nothing about the middle.",
        "c": "Each batch gave one gradient, at one network of the line, and both ends took their share of it. Only the "
        "mixing comes on top.",
        "d": "Two networks trained on their own never meet: each uses its units in an order of its own. Here both ends "
        "had to work together from the first batch on, at all proportions.",
    },
)

_CONTROL = Question(
    id="4.q2",
    text="Label noise again, learning rate 0.1 for both: one network reads 80.6 %, the midpoint of a line 95.2 %. "
    "Which control do you run before you praise the line?",
    options={
        "a": "One network with learning rate 0.05: a step moves the midpoint by only half of it.",
        "b": "One network for twice as many epochs, because a line has two networks to train.",
        "c": "Two networks with learning rate 0.1 and their ensemble: as many weights as a line.",
        "d": "None: the data, the epochs and the learning rate are equal, the line alone differs.",
    },
    answer="a",
    feedback={
        "a": "It reads 91.9 % (with twice the weight decay, which is not shared out): a smaller step alone learns less "
        "of the noise by heart, 3 points are left for the line, and one network with 0.025 reaches 94.7 %. The other "
        "fair pair: a line with 0.2, whose midpoint moves by 0.1, reads 93.6 %. It forgives a learning rate that is "
        "too large for one network.",
        "b": "A line is not trained longer: one gradient a batch, shared out. And under label noise more epochs make "
        "it worse, so such a control would flatter the line.",
        "c": "A fair rival at twice the price, worth its row in the table: it reads 82.1 %. But both of its members "
        "have the large step, so it cannot say what the smaller one does.",
        "d": "Equal settings are not equal training. The gradient is shared out between two ends, and the midpoint "
        "moves half as far as a network alone: that differs, too.",
    },
)

_BETA = Question(
    id="4.q3",
    text="With β = 1, cos² of the angle between the two ends is added to the loss. What does that do to a learned "
    "line?",
    options={
        "a": "It drives its ends in opposite directions, to cos = -1.",
        "b": "It turns its ends to a right angle; accuracy changes little.",
        "c": "It makes mixtures work; without it the midpoint fails.",
        "d": "It makes its ends disagree: a far better ensemble.",
    },
    answer="b",
    feedback={
        "a": "It is the square that is added: cos = -1 costs as much as cos = 1. The cheapest angle is a right one.",
        "b": "Without it the ends drift together (cos² = 0.28), with it they do not (0.004), and the line gets longer. "
        "What moves is the geometry; the accuracy at the midpoint went up by less than a point here.",
        "c": "Without it the midpoint is nearly as good. What makes mixtures work is that mixtures are drawn and "
        "trained, with β or without.",
        "d": "That is the hope. In our runs the two ends disagreed on no more digits than without β, 5 % in both "
        "cases: another direction in weight space is not yet another opinion.",
    },
)

_CLEAN = Question(
    id="4.q4",
    text="With clean labels one network reads 97.1 %, the midpoint of a line 96.6 %, which is lower in every seed. "
    "Their calibration error (ECE) is 1.9 % and 1.6 %: this difference is as small as between seeds. The paper reports "
    "gains in both. What do you write down?",
    options={
        "a": "The paper is wrong: a gain that turns into a small loss on the digits is no gain. It must be withdrawn.",
        "b": "No gain at this scale, rather a small loss. With 97 % there is little left to win; it does not refute "
        "the paper.",
        "c": "There must be a mistake in our code, since published gains can be reproduced. We look until we find it.",
        "d": "Nothing: so small a loss on so few digits is no result. The gain under label noise will do.",
    },
    answer="b",
    feedback={
        "a": "The paper's networks and data are far larger, and leave more to gain. One small setting can fail to show "
        "a claim; to refute it, you would have to look where it was made.",
        "b": "Say what you saw, the loss too, where, and how far it reaches. Small networks that already know the "
        "digits cannot show a gain of a point, whether or not it exists elsewhere.",
        "c": "Do look for mistakes. But the barrier, the learned midpoint and the repair of BatchNorm come out as "
        "they should; that one effect is missing here has a simpler reason.",
        "d": "Leaving out what did not work makes the rest look better than it is. The row belongs in the table, with "
        "the same number of seeds as the others.",
    },
)

_REPORT = Question(
    id="4.q5",
    text="Out of 20 networks from different seeds you chose five by how many validation digits their ensemble reads. "
    "It reads 98 % of them. Which number do you report?",
    options={
        "a": "98 %: no network was trained on the validation digits.",
        "b": "The accuracy of one network with their mean weights: it is cheaper.",
        "c": "The ensemble's accuracy on test digits, beside its members'.",
        "d": "The validation accuracy of the best of the five members.",
    },
    answer="c",
    feedback={
        "a": "Nothing was trained on them, but something was chosen by them. The best of many is good and lucky, and "
        "the luck does not come along to new digits.",
        "b": "Averaging predictions and averaging weights are two things. Predictions of any networks can be averaged; "
        "weights only where the networks in between are good, as on a learned line.",
        "c": "The test digits had no part in training or choosing. And the members say what the ensemble adds: an "
        "average can also hide one that is broken.",
        "d": "That one was chosen by the same digits, so its number is lucky as well, and it is not the ensemble's.",
    },
)

QUESTIONS = (_MIDPOINT, _CONTROL, _BETA, _CLEAN, _REPORT)

PREDICTIONS = (
    Prediction(
        id="4.0",
        text="the test accuracy of the network half way on a line that was learned, with 40 % of the training labels "
        "noisy (one network: about 80 %; the middle between two independent ones: about 50 %)",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="4.p2",
        text="the test accuracy of one network, trained as usual but at half the learning rate (at 0.1 it has about "
        "80 %)",
        unit="%",
        low=0,
        high=100,
    ),
)
