"""Lesson 06, exercise 6.5: what no permutation can change, told from the start alone."""

import torch

from toolkit.exercises.compare import difference, show
from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong


def grey_response(start, grey):
    """Return what the rows of start [rows, n], permuted in whatever way, make of an image whose n pixels are all grey.

    With it come the least and the greatest that one row could make of it if values might move through the whole layer.
    """
    n = start.shape[1]
    values = start.flatten().sort().values
    return grey * start.sum(1), grey * values[:n].sum(), grey * values[-n:].sum()


def _flaw(got, start, grey):
    """Return what is wrong with the three values, and the mistake it is known from: by all of them, or by the first."""
    right = grey_response(start, grey)
    problem = difference(got, right)
    if not problem:
        return None
    inputs = [case.inputs() for case in GREY.cases]
    before = inputs[: next(i for i, (one, _) in enumerate(inputs) if torch.equal(one, start))]
    known = [(wrong.function(start, grey), wrong.message) for wrong in GREY.wrong if _right(wrong.function, before)]
    messages = [message for answer, message in known if not difference(got, answer)]
    if isinstance(got, tuple | list) and len(got) == 3:
        first = next(i for i in range(3) if difference(got[i], right[i]))
        messages += [
            message
            for answer, message in known
            if not difference(got[first], answer[first]) and not difference(answer[:first], right[:first])
        ]
    return Flaw(f"with start = {show(start)} and grey = {show(grey)}, {problem}", next(iter(messages), None))


def _right(function, inputs):
    return not any(difference(function(*one), grey_response(*one)) for one in inputs)


def _with(rows=None, least=None, greatest=None):
    """Return a wrong answer with other responses of the rows, or another least and greatest one."""

    def attempt(start, grey):
        right = grey_response(start, grey)
        return tuple(
            grey * wrong(start) if wrong else one for one, wrong in zip(right, (rows, least, greatest), strict=True)
        )

    return attempt


def _length(start):
    return start.shape[1]


_START = torch.tensor([[0.5, -1.0, 2.0], [3.0, 0.25, -0.5], [-2.0, 4.0, 1.0], [-3.0, -0.75, 6.0]])
_NEGATIVE = torch.tensor([[-1.0, -2.0, -4.0, -0.5], [-3.0, -6.0, -0.25, -5.0]])
_POSITIVE = torch.tensor([[1.0, 2.0, 4.0, 0.5], [3.0, 6.0, 0.25, 5.0]])

GREY = Exercise(
    id="6.5",
    title="A plain grey image",
    difficulty=3,
    minutes=12,
    objective=2,
    reference=grey_response,
    cases=tuple(
        Case((start, grey), accept=_flaw)
        for start, grey in [(_START, 0.5), (_NEGATIVE, 2.0), (_POSITIVE, 0.25), (_START[:1], 0.5), (_START[:2], 0.0)]
    ),
    wrong=(
        Wrong(
            "mean",
            _with(rows=lambda start: start.mean(1)),
            "value 1 has the mean of each row where its sum belongs: a neuron adds up weight times pixel.",
        ),
        Wrong(
            "nothing",
            _with(rows=lambda start: torch.zeros(len(start))),
            "value 1 is zero. Zero is the change: the response itself stays what it was at the start.",
        ),
        Wrong(
            "columns",
            _with(rows=lambda start: start.sum(0)),
            "value 1 adds up the columns, dim 0. A neuron adds up its own row.",
        ),
        Wrong(
            "all together",
            _with(rows=lambda start: start.sum()),
            "value 1 is one number for the whole layer. Each row has a response: start.sum(1).",
        ),
        Wrong(
            "number of pixels counted again",
            _with(rows=lambda start: start.sum(1) * _length(start)),
            "value 1 counts the n pixels twice: the sum over a row has them already.",
        ),
        Wrong(
            "rectified",
            _with(rows=lambda start: start.sum(1).relu()),
            "value 1 has gone through a ReLU. Asked for is what comes before it.",
        ),
        Wrong(
            "grey left out in value 1",
            lambda start, grey: (start.sum(1), *grey_response(start, grey)[1:]),
            "value 1 is the response to an image of ones. Every pixel is grey: times grey.",
        ),
        Wrong(
            "grey left out everywhere",
            lambda start, grey: grey_response(start, 1.0),
            "you answer for an image of ones. Every pixel is grey: times grey, in all three values.",
        ),
        Wrong(
            "grey left out in the bounds",
            lambda start, grey: (grey_response(start, grey)[0], *grey_response(start, 1.0)[1:]),
            "your bounds are those for an image of ones. Times grey.",
        ),
        Wrong(
            "rows as they are",
            _with(least=lambda start: start.sum(1).min(), greatest=lambda start: start.sum(1).max()),
            "your bounds are the least and the greatest of the rows as they are. If values may move through the whole "
            "layer, a row can collect the smallest of all, or the largest.",
        ),
        Wrong(
            "one value everywhere",
            _with(
                least=lambda start: _length(start) * start.min(), greatest=lambda start: _length(start) * start.max()
            ),
            "your bounds use the smallest and the largest value n times. Each is there once; a row needs n of them.",
        ),
        Wrong(
            "single values",
            _with(least=lambda start: start.min(), greatest=lambda start: start.max()),
            "your bounds are single values. A row holds n: add up the n smallest, and the n largest.",
        ),
        Wrong(
            "along the columns",
            _with(least=lambda start: start.min(0).values.sum(), greatest=lambda start: start.max(0).values.sum()),
            "your bounds let values move along their column only. Through the whole layer, any value may go anywhere.",
        ),
        Wrong(
            "all that are negative",
            _with(least=lambda start: start.clamp(max=0).sum(), greatest=lambda start: start.clamp(min=0).sum()),
            "your bounds add up all negative values, and all positive ones. A row has n places, no more and no fewer.",
        ),
        Wrong(
            "bounds swapped",
            lambda start, grey: tuple(grey_response(start, grey)[i] for i in (0, 2, 1)),
            "you return the greatest before the least.",
        ),
        Wrong(
            "as many as there are rows",
            _with(
                least=lambda start: start.flatten().sort().values[: len(start)].sum(),
                greatest=lambda start: start.flatten().sort().values[-len(start) :].sum(),
            ),
            "your bounds add up as many values as there are rows. A row holds n = start.shape[1].",
        ),
        Wrong(
            "bounds apart for each row",
            lambda start, grey: (*[grey_response(start, grey)[0]] * 3,),
            "your bounds keep every value in its row, where nothing can change. For them, let it move through the "
            "whole layer: one number each.",
        ),
    ),
    hints=(
        "Write the response of one neuron as a sum: Σ_i W[j, i] x[i]. All x[i] are the same number. What does the "
        "order of the weights do to it?",
        "Nothing: it is grey times the sum of the row, before training and after. For the bounds, think of all values "
        "of the layer in one bag: which n of them would you take for the least sum, which for the greatest?",
        "start.flatten().sort().values has the n smallest in front, values[:n], and the n largest at the end, "
        "values[-n:].",
    ),
    skeleton=(
        "def grey_response(start, grey):\n"
        "    n = start.shape[1]\n"
        "    values = start.flatten().sort().values\n"
        "    return grey * ..., grey * values[...].sum(), grey * values[...].sum()"
    ),
    praise="Each neuron answers a grey image in the end as it did at the start, whatever was learned.",
    errors={
        r"selected index k out of range|out of range": "topk and indices need the whole layer in one vector: "
        "start.flatten().",
        r"unsupported operand type\(s\) for \*: .*return_types|torch.return_types": "sort, min(0) and max(0) return "
        "values and places; take .values.",
    },
)
