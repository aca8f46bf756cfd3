"""Lesson 05: the quiz and the predictions."""

from toolkit.exercises.parts import Prediction, Question

_CONTROL = Question(
    id="5.q1",
    text="A noisy quadratic with 50 directions. SGD has settled at a loss of 0.63. After 3000 more batches the average "
    "of ten late-phase members (gamma = 1 / 10) has 0.063, SGD with a tenth of the learning rate 0.057, and the mean "
    "of SGD's last 3000 iterates 0.008. What has averaging ten members bought here?",
    options={
        "a": "A loss ten times lower, which one network cannot reach with as many batches.",
        "b": "Nothing: with 0.063 against 0.057 the members only get in each other's way.",
        "c": "What a tenth of the learning rate buys; the mean of SGD's iterates buys more.",
        "d": "Speed: SGD with a tenth of the learning rate needs ten times as many batches.",
    },
    answer="c",
    feedback={
        "a": "That is how it looks if rounds are counted, and each of them costs ten batches. With as many batches, "
        "one network with a smaller learning rate does as well.",
        "b": "Compared with 0.63 it bought nearly all there is. It is only that it can be had for less.",
        "c": "Counted in batches, late-phase training of a quadratic is SGD with lr / K, and SWA is better still. So "
        "the quadratic explains why an average is quiet, and not why members should be late or few weights their own.",
        "d": "Both had 3000 batches, and both have settled.",
    },
)

_GAMMA = Question(
    id="5.q2",
    text="One direction, h = 1; the shared and the members' learning rate are 0.1 each, and gamma = 1. The average "
    "settles at 0.0050 with one member, at 0.0039 with five, at 0.0055 with ten, and with nineteen not at all. Why?",
    options={
        "a": "It moves with 0.1 + 0.1 K: quieter gradients, but longer steps, and at 2 / h none of them settles.",
        "b": "The noise of all K gradients adds up in the shared weights, and that is more with each new member.",
        "c": "Members drift apart the more of them there are, and the mean of far points has a higher loss.",
        "d": "A member sees one batch in K only, and with nineteen of them the batches are too few to settle.",
    },
    answer="a",
    feedback={
        "a": "0.1 + 0.1 · 19 = 2, which is 2 / h. The mean of the gradients, gamma = 1 / K, would keep the speed, and "
        "the loss would fall like 1 / K: that is the gamma of exercise 5.2.",
        "b": "The noise adds up, and so does the signal: relative to it, the sum of K gradients is quieter. What grows "
        "is the step.",
        "c": "On a quadratic the mean never has a higher loss than the members have on average, however far apart "
        "they lie. (Networks are another matter.)",
        "d": "More batches would not help: the loss given is the one after as many as you like.",
    },
)

_APART = Question(
    id="5.q3",
    text="40 % of the labels are noise, five members, σ₀ = 2: a member reads 76 % of the test digits, the network with "
    "their average weights 42 %, and the average of their predictions 91 %. Why are the two averages so different?",
    options={
        "a": "Five networks have more weights than one, and what fits into five of them does not fit into one.",
        "b": "The average was run with BatchNorm statistics of another network; its own would give 91 % too.",
        "c": "An average of weights is worse than its members: it blurs what each of them has learned by itself.",
        "d": "Predictions can be averaged wherever the networks lie; weights only where it is good in between.",
    },
    answer="d",
    feedback={
        "a": "With σ₀ = 0.5 one network holds the average of five very well. It is the distance between the members "
        "that has changed, not their number.",
        "b": "Its statistics were estimated anew, for its own weights. Do ask that first, though: forgotten "
        "statistics look much the same.",
        "c": "Not always: with σ₀ = 0.5 the members read 73.2 % and their average 74.5 %. They have to be near "
        "enough for that.",
        "d": "σ₀ = 2 throws the members out of the basin in which they were released, each to a side of its own. The "
        "further apart, the more they have to say together, as long as nobody asks for the network half way.",
    },
)

_BASE = Question(
    id="5.q4",
    text="The same labels, σ₀ = 1: a member reads 79 %, the average of five members 80 %, and one network trained as "
    "usual 70 %. A friend writes: averaging five members brings 10 points. What do you answer?",
    options={
        "a": "Good: data and batches were the same in both cases, so it can only be the averaging.",
        "b": "The members had these points before they were averaged; find out what gave them these.",
        "c": "Compare with five networks trained one by one: without an ensemble this shows nothing.",
        "d": "A difference of 10 points with five seeds is within the noise, so there is none to explain.",
    },
    answer="b",
    feedback={
        "a": "Between the two there is more than the average: noise at the release, and five times fewer steps "
        "of what is shared. Look at the members: they tell what it was not.",
        "b": "Averaging added less than a point to its members here. Nor does it take members: one network thrown off "
        "in the same way reads 75 %, one trained for half the epochs 78 %, one stopped where clean validation digits "
        "say so 90 %. Under label noise it helps to learn less by heart, whatever does it.",
        "c": "A fair rival for a row of the table, at five times the price. It cannot say what the averaging did: "
        "that can only be read from the members.",
        "d": "Between seeds these numbers scatter by one to three points. 10 is more than that.",
    },
)

_STATISTICS = Question(
    id="5.q5",
    text="Every member has BatchNorm scales, shifts and statistics of its own. You average scales and shifts. Which "
    "means and variances does the averaged network run with?",
    options={
        "a": "With the mean of the members' means and variances: what is good for weights is good for these.",
        "b": "With those of any member: all began with the same ones when they were released, and stay close.",
        "c": "With new ones: training images go through the averaged network, and its activations are measured.",
        "d": "With those from before the release: there the members were one network, as they are again now.",
    },
    answer="c",
    feedback={
        "a": "A variance is not linear in the weights: what the averaged network does to an image is not the mean of "
        "what its members do. While they are close it hardly shows; with σ₀ = 1 the average reads 77 % with these and "
        "80 % with its own.",
        "b": "They have weights of their own since then, and the average is none of the members. With σ₀ = 1 it reads "
        "75 % with the statistics of one of them, and 80 % with its own.",
        "c": "As everywhere in this course: statistics belong to the weights they were measured with. (You can also "
        "fold each member's statistics into its scales and shifts, and average those. That is another average, and "
        "the same one only where the members' statistics agree.)",
        "d": "The shared weights have moved since, and so has the mean of the others.",
    },
)

_COVARIANCE = Question(
    id="5.q6",
    text="Rank-1 members, one input, one output, W = 1. Member 1 has u = v = 1.5, member 2 has u = v = 0.5. What is "
    "the mean of their two weights, and what is the weight made of mean u and mean v?",
    options={
        "a": "1.25 and 1: what is missing is the covariance of u and v over the members.",
        "b": "1 and 1: averages are linear, so it does not matter what is averaged first.",
        "c": "1 and 1.25: the mean of the weights loses what the two vectors still hold.",
        "d": "1.25 and 1.25: both are averages of the same two networks, so they agree.",
    },
    answer="a",
    feedback={
        "a": "(2.25 + 0.25) / 2 = 1.25, and 1 · 1 = 1. In a larger layer it is the same for each entry; in general "
        "the mean of K matrices of rank 1 has a higher rank: no single u and v can hold it.",
        "b": "The mean is linear, the product u v is not: 1.5² and 0.5² do not average to 1².",
        "c": "The other way round: 1.5 · 1.5 = 2.25 and 0.5 · 0.5 = 0.25, and the mean of these is 1.25.",
        "d": "They agree for scales, shifts and last layers, which enter a network's weights once. u and v are "
        "multiplied with each other.",
    },
)

_EXTRA_STEP = Question(
    id="5.q7",
    text="SGD with momentum 0.9 and weight decay. In the turn of member 0 the fault of exercise 5.5 lets member 3 step "
    "as well, with all of its gradients set to zero. What does this step do to member 3?",
    options={
        "a": "Nothing: what SGD subtracts is lr times the gradient, and here that is zero.",
        "b": "It goes on in the direction of its last steps, and its weights shrink again.",
        "c": "It takes the step of member 0, and after many rounds they are all the same.",
        "d": "It undoes its last step: a gradient of zero makes the momentum turn around.",
    },
    answer="b",
    feedback={
        "a": "Without momentum and weight decay you would be right, and the fault would stay hidden. With them, a step "
        "does more than follow its gradient.",
        "b": "Momentum remembers, decay needs no gradient at all: two steps a round for all members but the first. "
        "(Gradients that are None, not zero, make torch pass over a weight. So what this fault does depends on how the "
        "gradients are cleared, and no error ever tells you.)",
        "c": "Every optimiser knows the gradients of its own weights only, and those of member 3 are zero in this "
        "turn.",
        "d": "A gradient of zero leaves nine tenths of the momentum, in the direction it had.",
    },
)

QUESTIONS = (_CONTROL, _GAMMA, _APART, _BASE, _STATISTICS, _COVARIANCE, _EXTRA_STEP)

PREDICTIONS = (
    Prediction(
        id="5.0",
        text="the loss that plain SGD settles at with a tenth of the learning rate (with the whole one: 100 %; the "
        "average of ten members: 10 %)",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="5.p2",
        text="the test accuracy of the one network made of the average weights of five members that were thrown far "
        "apart at their release, with 40 % of the training labels noisy (one network trained as usual: 70 %; such a "
        "member: 76 %)",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="5.p3",
        text="the test accuracy of the same five members when their predictions are averaged instead of their weights",
        unit="%",
        low=0,
        high=100,
    ),
)
