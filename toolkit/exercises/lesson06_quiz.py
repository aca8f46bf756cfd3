"""Lesson 06: the quiz and the predictions."""

from toolkit.exercises.parts import Prediction, Question

_SCORED = Question(
    id="6.q1",
    text="Period 200, which is ten epochs: just before a synchronisation the network reads 98 % of the test digits, "
    "just after it 91 %. A report scores after every epoch and gives the best score, 98 %. Which network has this "
    "score?",
    options={
        "a": "One whose weights are an arrangement of the start, since every run ends with a synchronisation.",
        "b": "None at all: 98 % and 91 % belong to one network, and their mean would be its score.",
        "c": "One that Adam trained for some steps: its values are new, no order of the start has them.",
        "d": "The one after it: a synchronisation changes the order of weights only, and order costs nothing.",
    },
    answer="c",
    feedback={
        "a": "The last one is, and it reads less. The best of many scores was taken at another moment.",
        "b": "They are two networks: free weights, and the nearest arrangement of the start. Only the second is what "
        "the method promises.",
        "c": "Nine scores out of ten are of free weights. So toolkit.reconnect refuses to hand out weights that are no "
        "permutation of their start; what lies between is there to be looked at, as `free`.",
        "d": "It is the other way round: a synchronisation keeps the order of the weights, and gives them back their "
        "first values. That is what costs seven points here.",
    },
)

_PERIOD = Question(
    id="6.q2",
    text="600 steps with learning rate 0.001, test accuracy by period: 35 % for k = 1, 91 % for 5, 95 % for 20, 91 % "
    "for 200, 79 % for 600. Why does it fall off on both sides?",
    options={
        "a": "Too early, weights have hardly passed each other; too late, they rely on values they will lose.",
        "b": "Short periods cost time for sorting, and long ones leave too few synchronisations to be averaged.",
        "c": "Early on Adam has no momentum yet, and later its learning rate is too small to be synchronised.",
        "d": "A short period overfits the training digits; a long one has seen too few of them at the end.",
    },
    answer="a",
    feedback={
        "a": "In one step a weight passes a neighbour or two at best, and what it gained beyond that is taken back. In "
        "600 the weights have grown where they needed to, and one synchronisation undoes that in the end. Where the "
        "best period lies depends on the learning rate: what counts is how far weights get in between.",
        "b": "Sorting costs milliseconds and no accuracy, nothing is averaged: what counts is the last arrangement.",
        "c": "Adam keeps its moments through a synchronisation, and the learning rate is the same in all five runs.",
        "d": "All five saw the same 600 batches.",
    },
)

_SCALE = Question(
    id="6.q3",
    text="Three layers, ReLU, biases zero. With all weights of the start times 3, training by reconnecting reads 37 % "
    "where the usual start gives 95 %, learning rate and period being the same. Are there no good orders in a start "
    "that is too large?",
    options={
        "a": "None: values can never change, and a network of such large weights cannot read more than half.",
        "b": "Fewer: the wider the gaps between the values, the fewer are the orders in which they can stand.",
        "c": "As many, and they are found as often; a fall of this size is within the luck of a few seeds.",
        "d": "As many, and as good: they are harder to find with steps so small beside the gaps between values.",
    },
    answer="d",
    feedback={
        "a": "Multiply all weights of a good order by 3: the logits are multiplied by 27, all alike, and the largest "
        "stays the largest. It reads exactly what it read before.",
        "b": "A row of n different values has n! orders, whatever the values are.",
        "c": "Five seeds read 22 to 57 %, from the usual start 94 to 95 %.",
        "d": "Order decides which logit is the largest, and size does not: with learning rate 0.01 the large start "
        "reads 95 % too. But the size cannot be trained away, so everything else has to fit it: the learning rate to "
        "the gaps, and the loss to logits 27 times as large. (Adam by itself may change the values: 92 %.)",
    },
)

_GAP = Question(
    id="6.q4",
    text="All weights are 0 or 0.08, and Adam has the learning rate 0.001, so a weight moves by about 0.001 a step. "
    "With k = 20 the accuracy after 30 epochs is what it was before, to the last digit. What helps?",
    options={
        "a": "More epochs: in every period the weights come a little closer, until at last one of them passes.",
        "b": "k = 100: in 20 steps a 0 rises to 0.02 and a 0.08 falls to 0.06, so each goes back to its place.",
        "c": "Starting again with another seed: this one happens to have no gradients, and its weights stand still.",
        "d": "k = 5: synchronised more often, a network has more occasions on which its values can change places.",
    },
    answer="b",
    feedback={
        "a": "Each synchronisation puts every value back exactly where it was, so nothing adds up from one period to "
        "the next. (Adam's moments do, and they do not lengthen its steps.)",
        "b": "To pass each other, both have to move by more than 0.04: k · lr > v / 2, so k above 40. With 100, ten "
        "neurons that read nothing but pixels reach 68 %. A larger learning rate would do as well.",
        "c": "The weights do move, 0.02 in every period. They are only put back, whatever the seed.",
        "d": "With k = 5 they come no further than 0.005. What is needed is a longer way between two synchronisations.",
    },
)

_PROFILES = Question(
    id="6.q5",
    text="You sort the weights of each neuron of a trained layer and draw the curves: they lie on top of each other, "
    "their mean correlation is 0.99. A friend concludes that training gives all neurons the same values. Your answer?",
    options={
        "a": "Yes: neurons that learned on their own agree, and that is why moving the values is enough.",
        "b": "Draw an untrained layer first: many numbers from one law, sorted, always lie on one curve.",
        "c": "No: 0.99 is far from 1, and with that many weights such a difference decides everything.",
        "d": "Only for the first layer; deeper down, the values of a trained network have to be different.",
    },
    answer="b",
    feedback={
        "a": "Moving values may well be enough, but these curves do not show it: they look the same before training.",
        "b": "Rows drawn from one law have nearly the same quantiles, trained or not: 0.99 before and after. What can "
        "be said is that training keeps the picture, not that it paints it.",
        "c": "How large is 0.99? That cannot be said without something to compare it with: the layer as it was drawn.",
        "d": "It can be seen in all layers, and in all of them before training as well.",
    },
)

_STRICTER = Question(
    id="6.q6",
    text="Rule 1 moves values within their neuron, 95 %. Rule 2 moves them through the whole layer, 98 %. Someone "
    "reports rule 2 as support for rule 1. What do you object?",
    options={
        "a": "Nothing: if values may move further, the near places are included, and so the result is too.",
        "b": "Rule 2 changes values, because a neuron then has some that it did not have at the beginning.",
        "c": "Rule 1 is the stricter one: it forbids most of what rule 2 may do, so it needs its own evidence.",
        "d": "Three points prove that rule 2 is the better one, so that it should be used for the claim.",
    },
    answer="c",
    feedback={
        "a": "Included in what may be found, not in what was found: rule 2 may have needed just the moves that rule 1 "
        "forbids.",
        "b": "The layer as a whole has exactly its old values under rule 2 as well. It is each neuron that changes.",
        "c": "Under rule 1 each row keeps its sum, so a grey image gets the same answer from each neuron of the first "
        "layer as at the start (exercise 6.5). Under rule 2 nothing of the kind holds. Rule 1 reads less and "
        "shows more.",
        "d": "A larger number for a weaker claim. The question was how much can be learned within a neuron.",
    },
)

_SAME = Question(
    id="6.q7",
    text="'Moving weights is as good as Adam': 98.0 % against 98.2 % on small digits. Biases were trained freely; "
    "learning rate and period are the best of nine on the test set. Which two runs do you ask for first?",
    options={
        "a": "Biases kept at zero throughout; and settings chosen on validation digits, tested with new seeds.",
        "b": "Ten times the epochs for both; and a larger network, where both may reach the same accuracy.",
        "c": "Adam without its momentum; and Adam with a synchronisation at each of its steps, that is k = 1.",
        "d": "Biases permuted as well, one row a layer; and the best epoch of every run, for both of the methods.",
    },
    answer="a",
    feedback={
        "a": "The first shows what moving does by itself: 97.7 % (lr 0.01, k = 20), where training nothing but biases "
        "reads 31 %. The second takes away the luck of nine tries. Then say what 'as good' is to mean: on these "
        "digits, within half a point, with so many seeds.",
        "b": "Perhaps both reach 99 % then. It would still not be known what the free biases did, nor how much was "
        "won by choosing.",
        "c": "Those are other methods. The doubt is about this one: what was free, and who chose the settings.",
        "d": "Permuted biases are a control (zeros stay zeros, so mind the start). But the best epoch on the test set "
        "is one more choice made by looking at the answer.",
    },
)

QUESTIONS = (_SCORED, _PERIOD, _SCALE, _GAP, _PROFILES, _STRICTER, _SAME)

PREDICTIONS = (
    Prediction(
        id="6.0",
        text="the test accuracy of a trained network (98 %) once the weights of every neuron have been shuffled among "
        "themselves: each neuron keeps all of its values, and loses their places",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="6.p2",
        text="the test accuracy of the values a network had before it was trained, those of each neuron put in the "
        "order of its trained weights (untrained: 10 %; trained: 98 %)",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="6.p3",
        text="the test accuracy of ten neurons that read the pixels, without biases, when every weight is either 0 or "
        "0.08 and all that is learned is which is where (guessing: 10 %)",
        unit="%",
        low=0,
        high=100,
    ),
)
