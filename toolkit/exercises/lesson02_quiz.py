"""Lesson 02: the quiz and the predictions."""

from toolkit.exercises.parts import Prediction, Question

_TRAINED = Question(
    id="2.q1",
    text="You train Bezier(a, bend, b, fixed=(0, 2)) in a space of D weights. Which numbers does training change?",
    options={
        "a": "The weights of many networks, one for each position t.",
        "b": "The 3 D weights of a, of the bend and of b together.",
        "c": "The D weights of the bend, as many as one network has.",
        "d": "A single number: how far the curve leans to the side.",
    },
    answer="c",
    feedback={
        "a": "The networks on the curve are not stored anywhere: each is computed from a, the bend and b when it is "
        "needed. Move the bend, and all of them move.",
        "b": "fixed=(0, 2) keeps the first and the last control point where they are. Otherwise you would join two "
        "other networks than the ones you were given.",
        "c": "One control point moves, and the whole curve with it. In memory it is like training one network.",
        "d": "How far it leans out is not all: there are D directions to lean to, and most do not lead round the "
        "mountain.",
    },
)

_HALF_WAY = Question(
    id="2.q2",
    text="Why does the curve reach only half way from the midpoint of a and b to the bend?",
    options={
        "a": "On the curve the bend is mixed with a and b; its weight is one half at most.",
        "b": "Training stopped too early: with more epochs the curve would reach its bend.",
        "c": "The L2 term keeps the curve short, and so it cannot reach its bend.",
        "d": "t is drawn at random for each batch, and t = 0.5 almost never comes up.",
    },
    answer="a",
    feedback={
        "a": "At t = 0.5 the weights are 1/4, 1/2, 1/4. So the bend is not on the curve and need not be a good "
        "network; only the points of the curve have to be.",
        "b": "It is so before the first step and after the last, wherever the bend lies: it follows from the formula.",
        "c": "L2 has a say in where the bend ends up. But for every bend, wherever it is, the curve turns round half "
        "way.",
        "d": "Drawing decides where the loss is measured in training, not what shape the curve has.",
    },
)

_DRAWN = Question(
    id="2.q3",
    text="Each step draws one t and uses the gradient of the loss at θ(t), with an L2 term on the weights θ(t). Why "
    "this way?",
    options={
        "a": "One t is the cheapest choice; L2 on θ(t) has the same effect as weight decay on the bend itself.",
        "b": "The random t shakes the bend out of bad places; how it is drawn (near the ends, say) does not matter.",
        "c": "One t gives the loss of the whole curve exactly, so that several of them would cost more for nothing.",
        "d": "One t estimates the mean over the curve at the price of one network; L2 is to act on networks we use.",
    },
    answer="d",
    feedback={
        "a": "Weight decay pulls the bend itself towards 0, and no network on the curve has its weights. L2 on θ(t) "
        "reaches it through the factor 2 t (1 - t), and a and b have a say in it.",
        "b": "How t is drawn decides which mean is trained. Drawn near 0 and 1 only, the middle of the curve would "
        "stay as it was.",
        "c": "One t says little about the rest of the curve: the steps are noisier than for a network. They are right "
        "on average, because every t gets its turn.",
        "d": "On average over many steps this is the mean loss along the curve, with uniform t. (Several positions a "
        "step, each with its share of the batch, make it less noisy: that is what samples does in fit.)",
    },
)

_SHOWN = Question(
    id="2.q4",
    text="You have trained a curve from A to B along which the loss stays low. What have you shown?",
    options={
        "a": "The mountain on the straight line was an error of measurement.",
        "b": "There is a way of low loss from A to B, namely this one.",
        "c": "A and B compute the same function, with other weights.",
        "d": "All the networks between the straight line and the curve are good.",
    },
    answer="b",
    feedback={
        "a": "The straight line has not changed, and its barrier is as high as before. Your curve avoids it.",
        "b": "One way is shown, and no more. It refutes what the flat map of lesson 01 suggests: that A and B "
        "lie in hollows without a way out.",
        "c": "A and B are the networks they were; training did not touch them. Where they disagreed about a digit, "
        "they still do.",
        "d": "The straight line itself bounds that region, and there the loss is high. A low curve says nothing about "
        "what lies beside it.",
    },
)

QUESTIONS = (_TRAINED, _HALF_WAY, _DRAWN, _SHOWN)

PREDICTIONS = (
    Prediction(
        id="2.0",
        text="the lowest test accuracy on the curve after its bend has been trained for 30 epochs (on the straight "
        "line it falls to about a quarter)",
        unit="%",
        low=0,
        high=100,
    ),
    Prediction(
        id="2.p2",
        text="how many times as long as the straight line the trained curve is",
        unit="times",
        low=1,
        high=10,
    ),
)
