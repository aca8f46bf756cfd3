"""Exercises of lesson 99: what goes into a soup."""

import torch

from toolkit.exercises.parts import Case, Exercise, Prediction, Question, Wrong


def soup(networks, chosen):
    """Return the mean of the chosen networks: [D] from networks [N, D] and a list of row numbers."""
    return networks[chosen].mean(0)


_NETWORKS = torch.tensor([[1.0, 2.0, 9.0], [3.0, 6.0, 0.0], [8.0, 1.0, 3.0]])

_SOUP = Exercise(
    id="99.1",
    title="Soup",
    difficulty=1,
    minutes=5,
    objective=1,
    reference=soup,
    cases=(Case((_NETWORKS, [0, 2])), Case((_NETWORKS, [1])), Case((_NETWORKS, [0, 1, 2]))),
    wrong=(
        Wrong(
            "everything in the pot",
            lambda networks, chosen: networks.mean(0),
            "you average all networks. Only the chosen rows go into the soup.",
        ),
        Wrong(
            "sum",
            lambda networks, chosen: networks[chosen].sum(0),
            "you add the networks up. A sum of two good networks is far from both; divide by how many there are.",
        ),
        Wrong(
            "divided by N",
            lambda networks, chosen: networks[chosen].sum(0) / len(networks),
            "you divide by the number of all networks. Divide by the number of those chosen.",
        ),
        Wrong(
            "mean over coordinates",
            lambda networks, chosen: networks[chosen].mean(1),
            "you average the coordinates of each network. Average the networks, coordinate by coordinate.",
        ),
    ),
    hints=("A list of row numbers selects rows: networks[chosen].", "Average over dimension 0, the networks."),
    skeleton="def soup(networks, chosen):\n    return networks[...].mean(...)",
    praise="One network from many, coordinate by coordinate.",
)

_COST = Question(
    id="99.q1",
    text="What does a soup of ten networks cost when you use it?",
    options={"a": "As much as ten networks.", "b": "As much as one network.", "c": "Nothing."},
    answer="b",
    feedback={
        "a": "That is an ensemble: it averages ten predictions. A soup averages weights, before anything is predicted.",
        "b": "The soup is one point in weight space: one network.",
        "c": "Averaging costs next to nothing, but a prediction still takes one network.",
    },
)

EXERCISES: tuple[Exercise, ...] = (_SOUP,)
QUESTIONS: tuple[Question, ...] = (_COST,)
PREDICTIONS: tuple[Prediction, ...] = ()
