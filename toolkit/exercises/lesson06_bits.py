"""Lesson 06, exercise 6.3: how many bits an arrangement can hold."""

import math

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def bits(shape):
    """Return how many bits the order of a layer's weights [out, in, ...] can hold; every row has its own."""
    out, n = shape[0], torch.Size(shape[1:]).numel()
    return out * torch.arange(1, n + 1, dtype=torch.double).log2().sum()


def _with(count):
    """Return a wrong answer from the number of rows and the length of a row."""
    return lambda shape: count(shape[0], math.prod(shape[1:]))


def _log2_factorial(n):
    return math.lgamma(n + 1) / math.log(2)


def _int64_product(n):
    product = torch.arange(1, n + 1).prod()  # wraps around beyond 20!
    return float(product.double().log2())


def _stirling(out, n):
    return out * (n * math.log2(n) - n / math.log(2)) if n > 1 else 0.0


BITS = Exercise(
    id="6.3",
    title="What an order can say",
    difficulty=3,
    minutes=12,
    objective=3,
    reference=bits,
    cases=(
        Case(((3, 5),)),
        Case(((128, 256),)),
        Case(((4, 2, 3, 3),)),
        Case(((7, 1),)),
        Case(((2, 5000),)),
    ),
    wrong=(
        Wrong(
            "with repetition",
            _with(lambda out, n: out * n * math.log2(n)),
            "you let every place choose among all n values, n^n ways. A value that is taken is gone: n choices for the "
            "first place, n - 1 for the second.",
        ),
        Wrong(
            "whole layer",
            _with(lambda out, n: _log2_factorial(out * n)),
            "you count the orders of the whole layer, (out · n)!. Values stay in their row: count one row's orders, "
            "and put the rows together.",
        ),
        Wrong(
            "natural logarithm",
            _with(lambda out, n: out * math.lgamma(n + 1)),
            "your logarithm is the natural one (lgamma's too). A bit is a choice between two: log2, or divide by "
            "log(2).",
        ),
        Wrong(
            "logarithm to base 10",
            _with(lambda out, n: out * _log2_factorial(n) * math.log10(2)),
            "your logarithm has base 10, which counts decimal digits. Bits are counted to base 2.",
        ),
        Wrong(
            "one row",
            _with(lambda out, n: _log2_factorial(n)),
            "you count the bits of one row. A layer has out of them.",
        ),
        Wrong(
            "out and in swapped",
            _with(lambda out, n: n * _log2_factorial(out)),
            "you have rows and their length swapped: there are out rows, and each has an order of all it reads.",
        ),
        Wrong(
            "rows change places too",
            _with(lambda out, n: out * _log2_factorial(n) + _log2_factorial(out)),
            "you let the rows change places as well. Nothing moves between neurons here.",
        ),
        Wrong(
            "out added, not multiplied",
            _with(lambda out, n: math.log2(out) + _log2_factorial(n)),
            "you count out · n! arrangements. Every row goes with every other: n! to the power of out, so the bits of "
            "a row count out times.",
        ),
        Wrong(
            "one choice a row",
            _with(lambda out, n: out * math.log2(n)),
            "you count one choice among n for each row. That says where one of its values goes; the others have to go "
            "somewhere as well.",
        ),
        Wrong(
            "factorial outside",
            _with(lambda out, n: out * math.gamma(math.log2(n) + 1)),
            "you take the factorial of log2(n). It is the other way round: the logarithm of n!.",
        ),
        Wrong(
            "number of orders",
            _with(lambda out, n: float(out * math.factorial(n)) if n < 150 else math.inf),
            "you return a number of orders. Bits are its logarithm: each more doubles what can be told apart.",
        ),
        Wrong(
            "one factor short",
            _with(lambda out, n: out * (_log2_factorial(n) - math.log2(n))),
            "you count (n - 1)!: range and arange stop before their end, and lgamma(n) is log((n - 1)!).",
        ),
        Wrong(
            "one factor too many",
            _with(lambda out, n: out * _log2_factorial(n + 1)),
            "you count (n + 1)!. lgamma(n + 1) is log(n!) already.",
        ),
        Wrong(
            "Stirling's rule",
            _with(_stirling),
            "n log2(n) - n log2(e) is a rule of thumb that leaves out half of log2(2 π n). Add up the logarithms "
            "instead: it is exact, and as short.",
        ),
        Wrong(
            "whole bits",
            _with(lambda out, n: out * math.ceil(_log2_factorial(n))),
            "you round each row up to whole bits. As a measure of what can be told apart, bits need not be whole.",
        ),
        Wrong(
            "bits of the numbers",
            _with(lambda out, n: 32.0 * out * n),
            "those are the bits of the numbers themselves, 32 each. Asked for is what their order can say.",
        ),
        Wrong(
            "bytes",
            _with(lambda out, n: out * _log2_factorial(n) / 8),
            "you return bytes. Leave out the division by 8.",
        ),
        Wrong(
            "overflow to infinity",
            _with(lambda out, n: out * (_log2_factorial(n) if n < 171 else math.inf)),
            "your formula is right, but n! is too large for a float. Never build it: log2(n!) = log2(1) + … + log2(n).",
        ),
        Wrong(
            "overflow to zero",
            _with(lambda out, n: out * _int64_product(n)),
            "your formula is right, but the product of whole numbers has run over 64 bits and come out as zero. Never "
            "build it: log2(n!) = log2(1) + … + log2(n).",
        ),
        Wrong(
            "a row per kernel",
            lambda shape: math.prod(shape[:2]) * _log2_factorial(math.prod(shape[2:])) if shape[2:] else bits(shape),
            "you make a row of every kernel. A filter is one row: in · height · width values.",
        ),
        Wrong(
            "input channels only",
            lambda shape: shape[0] * _log2_factorial(shape[1]),
            "for filters you count the input channels only. A filter is one row: in · height · width values.",
        ),
        Wrong(
            "last dimension only",
            lambda shape: shape[0] * _log2_factorial(shape[-1]),
            "for filters you count the last dimension only. A filter is one row: in · height · width values.",
        ),
    ),
    hints=(
        "Three values can stand in 6 orders. How many orders has a row of n values, how many have two such rows "
        "together, and how many yes-or-no questions tell so many apart?",
        "n! orders a row, (n!)^out for the layer; log2 makes bits of that: out · log2(n!). For a filter n is in · "
        "height · width. But 256! has 507 digits, so take the logarithm before you multiply.",
        "log2(n!) = log2(1) + log2(2) + … + log2(n): a sum over torch.arange(1, n + 1). (torch.lgamma(n + 1) is the "
        "natural logarithm of n! in one call.)",
    ),
    skeleton=(
        "def bits(shape):\n"
        "    out, n = shape[0], torch.Size(shape[1:]).numel()\n"
        "    a_row = ...  # log2(n!) as a sum\n"
        "    return ... * a_row"
    ),
    praise="64-256-128-10 in order: 298,488 bits. Its numbers take 1,613,824, so an order is worth 5.9 bits a weight.",
    errors={
        r"int too large to convert to float|[Oo]verflow|Result too large|out of range|math range error": "n! has "
        "hundreds of digits: add up logarithms in place of building it.",
        r"too many values to unpack|not enough values to unpack": "A filter bank is [out, in, height, width]: the "
        "first number counts the rows, the product of the others is n.",
        r"must be Tensor, not (int|float)": "torch's functions take tensors: torch.tensor(n + 1.0), or use math.",
    },
)
