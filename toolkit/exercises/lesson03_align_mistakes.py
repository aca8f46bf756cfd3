"""Lesson 03, exercise 3.5: the wrong answers that learners are known to give, and the descent they are made of."""

import torch

from toolkit.exercises.lesson03_partners import partners
from toolkit.exercises.parts import Wrong


def score(a, b, perms, layer):
    """Score matrix of a layer, the other one as it is."""
    p1, p2 = perms
    if layer == 0:
        return a[0] @ b[0].T + a[1].T @ b[1][p2]
    return a[1] @ b[1][:, p1].T + a[2].T @ b[2]


def settled(a, b, order):
    """Coordinate descent from the identity that visits the layers in this order, again and again."""
    return _visits(a, b, order * 20)


def _identity(b):
    return [torch.arange(len(b[0])), torch.arange(len(b[1]))]


def _visits(a, b, layers, choose=partners):
    """Visit some layers once each, in this order, from the identity."""
    perms = _identity(b)
    for layer in layers:
        perms[layer] = choose(score(a, b, perms, layer))
    return perms


def _both_at_once(a, b, times):
    """Each layer gets the best answer to what the other one was a sweep ago."""
    perms = _identity(b)
    for _ in range(times):
        perms = [partners(score(a, b, perms, layer)) for layer in (0, 1)]
    return perms


def _neighbour_undone(a, b, layers):
    """Coordinate descent that applies the inverse of the neighbour's permutation where it scores these layers."""
    perms = _identity(b)
    for layer in (0, 1) * 100:
        seen = [perm.argsort() for perm in perms] if layer in layers else perms
        perms[layer] = partners(score(a, b, seen, layer))
    return perms


def _composed_backwards(a, b):
    """Renumber b at every step, and put the steps together the wrong way round."""
    perms, (w1, w2, w3) = _identity(b), b
    for _ in range(20):
        step = partners(a[0] @ w1.T + a[1].T @ w2)
        w1, w2, perms[0] = w1[step], w2[:, step], step[perms[0]]
        step = partners(a[1] @ w2.T + a[2].T @ w3)
        w2, w3, perms[1] = w2[step], w3[:, step], step[perms[1]]
    return perms


def _incoming_only(a, b):
    p1 = partners(a[0] @ b[0].T)
    return [p1, partners(a[1] @ b[1][:, p1].T)]


def _outgoing_only(a, b):
    p2 = partners(a[2].T @ b[2])
    return [partners(a[1].T @ b[1][p2]), p2]


MISTAKES = (
    Wrong(
        "identity",
        lambda a, b: _identity(b),
        "you return the identity. Either nothing was renumbered, or you renumber b as you go and return only the last "
        "step, which has nothing left to do: compose the steps (p = p[step]), or leave b as it is.",
    ),
    Wrong(
        "inverse",
        lambda a, b: [perm.argsort() for perm in settled(a, b, (0, 1))],
        "your pairs are right and point the wrong way: they would renumber a. They are to be applied to b, so p[i] "
        "is the unit of b that goes to place i.",
    ),
    Wrong(
        "smallest total",
        lambda a, b: _visits(a, b, (0, 1) * 20, choose=lambda matrix: partners(-matrix)),
        "you make the total as small as you can, which sends b away from a. The assignment has to maximise.",
    ),
    Wrong(
        "one sweep only",
        lambda a, b: _visits(a, b, (0, 1)),
        "you visit each layer once. When p1 was chosen, p2 was still the identity; now that it has changed, p1 "
        "may be able to do better. Return to it, until nothing changes.",
    ),
    Wrong(
        "one sweep only, the second layer first",
        lambda a, b: _visits(a, b, (1, 0)),
        "you visit each layer once, the second one first. It was given its p2 while p1 was still the identity: "
        "return to it, until nothing changes.",
    ),
    Wrong(
        "the neighbour's permutation forgotten",
        lambda a, b: _both_at_once(a, b, 1),
        "you score each layer as if the other one were never renumbered. W2 lies between the two: its columns "
        "follow p1 and its rows follow p2 before you compare them with those of a.",
    ),
    Wrong(
        "both at once",
        lambda a, b: _both_at_once(a, b, 100),
        "you choose p1 and p2 at the same time, each for the other's old value, and the two chase each other for ever. "
        "Take turns: the p2 of a sweep is to see the p1 of the same sweep.",
    ),
    Wrong(
        "both at once, an odd number of times",
        lambda a, b: _both_at_once(a, b, 101),
        "you choose p1 and p2 at the same time. Each answers the other's old value, so they go round in a circle. Take "
        "turns: use the new p1 as soon as you have it.",
    ),
    Wrong(
        "the neighbour's inverse",
        lambda a, b: _neighbour_undone(a, b, (0, 1)),
        "you renumber W2 by the inverse (argsort) of the neighbour's permutation before you score it. W2 is renumbered "
        "as b will be: b[1][p2] and b[1][:, p1].",
    ),
    Wrong(
        "the neighbour's inverse, in the first layer only",
        lambda a, b: _neighbour_undone(a, b, (0,)),
        "you score the first layer with the rows of W2 renumbered by the inverse (argsort) of p2. They are renumbered "
        "as b will be: b[1][p2].",
    ),
    Wrong(
        "composed the wrong way round",
        _composed_backwards,
        "you renumber b as you go, and put the steps together the wrong way round. b[p] renumbered by a step is "
        "b[p][step], that is b[p[step]]: p = p[step].",
    ),
    Wrong(
        "incoming weights only",
        _incoming_only,
        "you compare only the weights that come into a unit. Those that go out of it, its column in the next "
        "matrix, change places with it and belong into its score.",
    ),
    Wrong(
        "outgoing weights only",
        _outgoing_only,
        "you compare only the weights that go out of a unit. Those that come into it, its row, belong into its "
        "score as well.",
    ),
)
