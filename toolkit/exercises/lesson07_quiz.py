"""Lesson 07: the quiz and the predictions."""

from toolkit.exercises.parts import Prediction, Question

_REWIND = Question(
    id="7.q1",
    text="After each round a script rewinds the weights of matrices, and leaves biases, scales and shifts of norms as "
    "they were trained. It reports tickets that are 'stable at initialisation'. What is wrong?",
    options={
        "a": "Nothing: biases and norms are few and are never pruned, so they are no part of the ticket.",
        "b": "Its siblings begin with trained norms and biases, so they do not begin at initialisation.",
        "c": "Biases and norms ought to be pruned as well, or the sparsity it reports is too high.",
        "d": "Matrices should stay trained too: rewinding throws away everything the rounds have learned.",
    },
    answer="b",
    feedback={
        "a": "They are few, but each shifts or scales a whole neuron, and with it all that the neuron sends on.",
        "b": "A part of training has taken place, on the data of the rounds, and siblings that part after some "
        "training tend to be stable anyway. So nobody knows whether it is the mask. Rewind all of it: "
        "weights, biases, norms, running statistics; and begin with a fresh optimiser.",
        "c": "Sparsity is counted among the weights that may be pruned; that biases may not is a convention, to be "
        "said once. The fault lies in what they carry along.",
        "d": "Pruning on from the trained weights is a good method, too. But then nothing is said about the start.",
    },
)

_SHUFFLE = Question(
    id="7.q2",
    text="Siblings under a ticket's mask are connected. Shuffle the mask within each layer, keep the start, train "
    "again: now there is a barrier between them. What did the shuffle keep, and what does that tell you?",
    options={
        "a": "Only the total: the barrier may come from a layer that has become far too thin.",
        "b": "Which weights are alive: the start is another one, and it is the start that decides.",
        "c": "How many weights each neuron reads: so only the connections between neurons matter.",
        "d": "How many are alive in each layer: so it matters which ones they are, not only how many.",
    },
    answer="d",
    feedback={
        "a": "That would be a shuffle across layers (exercise 7.4). Within each, every density stays what it was.",
        "b": "That is another control, the same mask with a fresh start. Here the start is kept and the places go.",
        "c": "Places are drawn from the whole layer, so the counts of the neurons change as well. To keep those you "
        "would shuffle within the rows, and ask a finer question.",
        "d": "Size, sparsity, density of each layer and start are the same; only the places are left to blame. One "
        "shuffle is one draw, though: take several, and several starts.",
    },
)

_EVERY = Question(
    id="7.q3",
    text="Between dense siblings the error rises by 40 points. Under a mask found on distilled data it rises by 2. "
    "Under masks from real data, shuffled ones and random ones it rises by 2 as well. What follows?",
    options={
        "a": "Nothing about distilled data: being sparse will do, perhaps as a smaller learning rate would.",
        "b": "Distilled data find stable subnetworks: 2 points in place of 40 leave no room for doubt.",
        "c": "Distilled data replace real ones: the masks of both are equally good, at a fraction of the cost.",
        "d": "Masks are of no use: when all of them do the same, the dense network will do it just as well.",
    },
    answer="a",
    feedback={
        "a": "A claim about where a mask comes from is read from its distance to the random and the shuffled one, and "
        "that is zero. Why being sparse helps is another question: section 11 finds that a smaller learning rate does "
        "the same to the dense network, and that smaller signals do not.",
        "b": "The 38 points are real. But a random mask has them too, and it has seen no data at all.",
        "c": "By the same reasoning a random mask replaces both, at no cost. Stable does not mean accurate, either: "
        "compare how well the networks read.",
        "d": "The dense network is the one with the barrier. Something about being sparse removes it; not what the "
        "mask was found on.",
    },
)

_BARRIERS = Question(
    id="7.q4",
    text="Along the line between two siblings the error is 2 % at one end, 5 % in the middle and 6 % at the other "
    "end. How high is the barrier against the chord, and how high against the mean of the ends?",
    options={
        "a": "1 point and 1 point: the two agree, since each looks at the middle of the line.",
        "b": "3 points and 1 point: the chord begins at the better end, and the mean lies above it.",
        "c": "1 point and 2 points: the worse end by itself lies 2 points above the mean of both.",
        "d": "0 points and 1 point: no place is higher than the worse end, so the chord sees nothing.",
    },
    answer="c",
    feedback={
        "a": "Each looks for the largest height, wherever that is. Against the mean it is at the worse end: 6 - 4.",
        "b": "The chord rises from 2 % to 6 %. In the middle it is at 4 %, so 1 point is left.",
        "c": "Chord: at the middle 5 - 4 = 1, at the ends 0. Mean: the highest point of the line is an end, 6 - 4 = 2. "
        "Unequal ends alone look like a barrier then, by half their difference. With equal ends both agree; say which "
        "one you took.",
        "d": "The chord is no level: it rises with the line. In the middle the error lies 1 point above it.",
    },
)

_PLANE = Question(
    id="7.q5",
    text="You draw the loss around a ticket that keeps 13 % of its weights, in two random directions with the length "
    "of the ticket's filters. All entries of the directions are drawn. What does the picture show?",
    options={
        "a": "The dense network around the ticket: a step along them gives values to what was pruned.",
        "b": "Nothing: two random directions are not quite at right angles, so its distances mean nothing.",
        "c": "The ticket, if they are scaled by the dense network's filters: those are the longer ones.",
        "d": "The ticket, as it is: directions of the right length keep to its mask by themselves.",
    },
    answer="a",
    feedback={
        "a": "Seven of eight entries point out of the subnetwork, where training never goes. Multiply the direction by "
        "the mask first, and give each filter its length afterwards, or it comes out too short.",
        "b": "In thousands of dimensions they are so nearly at right angles that the eye cannot tell. That is the "
        "smaller fault by far.",
        "c": "Length is not the problem, and the ticket's own is right for the ticket. The problem is where they "
        "point.",
        "d": "A length is one number for a filter. Which of its entries are zero, it does not say.",
    },
)

_HESSIAN = Question(
    id="7.q6",
    text="The Hessian of ticket A has the trace 0.5, that of ticket B 1.6. 'A lies in a flatter place, and therefore "
    "its siblings stay connected.' What is the objection?",
    options={
        "a": "The trace of a sparse network cannot be estimated: pruned weights have no second derivative.",
        "b": "A trace is an average: it is the largest eigenvalue that tells whether siblings stay connected.",
        "c": "It is the other way round: in a flat place siblings drift apart, and so a barrier comes up.",
        "d": "Curvature at one network is not the road between two, and they may differ in training loss.",
    },
    answer="d",
    feedback={
        "a": "Along pruned weights it is exactly 0, and probes that stay in the mask see just that. What is left "
        "to estimate is less.",
        "b": "The largest eigenvalue belongs to one point as well. The objection stays the same.",
        "c": "That may happen, too. Curvature alone does not say which of the two will.",
        "d": "Siblings end far from each other, and a Hessian sees the nearest neighbourhood of one. Besides, it tends "
        "to shrink with the training loss: who fits more closely looks flatter. Compare at equal loss, or say that "
        "they differ; and measure the line itself.",
    },
)

_STABLE = Question(
    id="7.q7",
    text="'This subnetwork is stable at initialisation.' What has been measured?",
    options={
        "a": "One start, one run: its weights end up so close to where they began that no barrier fits between.",
        "b": "Two starts, one mask: trained on the same order of the data, the two networks are connected.",
        "c": "One start, one mask, two orders of the data: between the trained networks the error hardly rises.",
        "d": "One start, two masks: trained under either of them, the networks read about the same number right.",
    },
    answer="c",
    feedback={
        "a": "Weights may go far. What counts is where two runs arrive, and what lies between these places.",
        "b": "Two starts are two networks from the beginning. Here both runs share all weights, and part before the "
        "first step.",
        "c": "They part at step k = 0, as whole starts; below 2 points of error it is usually called stable. It says "
        "nothing on accuracy, and one pair is one sample: which starts, how many pairs, which barrier?",
        "d": "That compares accuracies, and no line has been walked.",
    },
)

QUESTIONS = (_REWIND, _SHUFFLE, _EVERY, _BARRIERS, _PLANE, _HESSIAN, _STABLE)

PREDICTIONS = (
    Prediction(
        id="7.0",
        text="the test accuracy of a trained network (98 %) once the smallest 59 % of its weights have been set to "
        "zero, with no training afterwards (guessing: 10 %)",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="7.p2",
        text="the test accuracy of a ticket after nine rounds of train, prune, rewind: it has 13 % of the weights, at "
        "their values of the start, and is then trained (the whole network: 98 %)",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="7.p3",
        text="the barrier between two siblings of the same start under that ticket's mask, shuffled within each layer: "
        "by how much the training error rises between them (unshuffled: by about one point)",
        unit="points",
        low=0,
        high=90,
    ),
)
