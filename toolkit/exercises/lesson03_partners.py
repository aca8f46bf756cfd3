"""Lesson 03, exercise 3.3: who becomes whose partner."""

import torch

from toolkit.exercises.parts import Case, Exercise, Wrong


def partners(score):
    """Return p [n]: the one-to-one choice of a partner p[i] for every i with the largest sum of score[i, p[i]]."""
    from scipy.optimize import linear_sum_assignment

    return torch.as_tensor(linear_sum_assignment(score.cpu(), maximize=True)[1])


def _greedy(score):
    left, p = score.clone(), torch.zeros(len(score), dtype=torch.long)
    for _ in range(len(score)):
        i, j = divmod(int(left.argmax()), len(score))
        p[i] = j
        left[i, :] = left[:, j] = float("-inf")
    return p


def _row_by_row(score):
    left, chosen = score.clone(), []
    for row in left:  # a view: what is taken is taken for the rows below, too
        chosen.append(int(row.argmax()))
        left[:, chosen[-1]] = float("-inf")
    return torch.tensor(chosen)


# Rows 1 and 2 want the same column, the best single pair is a trap, and every known mistake gives another order.
_SCORE = torch.tensor([[0.3, 0.0, -0.4, 0.1], [-0.7, -0.3, -0.9, 0.6], [0.5, -0.5, -0.6, 0.8], [-0.1, 0.4, 0.6, -0.2]])

PARTNERS = Exercise(
    id="3.3",
    title="Match",
    difficulty=2,
    minutes=10,
    objective=2,
    reference=partners,
    cases=(
        Case((_SCORE,)),
        Case((torch.eye(5)[[3, 0, 4, 1, 2]],)),
        Case((torch.rand(32, 32, generator=torch.Generator().manual_seed(0)),)),
    ),
    wrong=(
        Wrong(
            "best of each row",
            lambda score: score.argmax(1),
            "you give every unit of A its favourite, and some share one. A partner can be taken once: this is "
            "no permutation, and a unit of B got lost.",
        ),
        Wrong(
            "best of each column",
            lambda score: score.argmax(0),
            "you let every column choose its favourite row. Some row is chosen twice then, and p[i] should be a column "
            "for row i.",
        ),
        Wrong(
            "greedy, best pair first",
            _greedy,
            "you take the best pair, then the best of what is left, and so on. A first choice can spoil two others: "
            "it is the sum over all pairs that should be largest.",
        ),
        Wrong(
            "greedy, row by row",
            _row_by_row,
            "you serve the rows in turn, so the last one gets what is left over. It is the sum over all pairs that "
            "should be largest, and the order of the rows means nothing.",
        ),
        Wrong(
            "smallest sum",
            lambda score: partners(-score),
            "you make the sum as small as it can be. The assignment of scipy minimises a cost unless told otherwise, "
            "and a correlation is no cost.",
        ),
        Wrong(
            "inverse",
            lambda score: partners(score).argsort(),
            "you have the right pairs and return them the other way round: for each unit of B its partner in A. B is "
            "to be renumbered, so p[i] says which unit of B goes to place i.",
        ),
        Wrong(
            "the rows of scipy's answer",
            lambda score: torch.arange(len(score)),
            "you return 0, 1, 2, …, which gives each unit the partner with its own number. scipy's answer has two "
            "parts: the rows in their order, and the columns chosen for them.",
        ),
        Wrong(
            "absolute values",
            lambda score: partners(score.abs()),
            "you go by the size of the score and ignore its sign. A correlation of -0.9 belongs to two units of which "
            "one falls silent when the other speaks: no permutation can turn a sign.",
        ),
    ),
    hints=(
        "The favourite of one row may be the favourite of another. You want the best plan for all rows together.",
        "32 units can be paired in 32! ways, too many to try. This is the assignment problem, and scipy.optimize "
        "solves it: linear_sum_assignment.",
        "It returns rows and columns; the rows are 0, 1, 2, …, the columns p. Tell it to maximise; make p a tensor.",
    ),
    skeleton=(
        "def partners(score):\n"
        "    from scipy.optimize import linear_sum_assignment\n\n"
        "    rows, columns = linear_sum_assignment(score.cpu(), maximize=...)\n"
        "    return torch.as_tensor(...)"
    ),
    praise="Every unit has one partner, none has two, and no other plan has a larger total.",
)
