"""Lesson 04, exercise 4.5: choose the members of an ensemble."""

from itertools import combinations

import torch

from toolkit.exercises.compare import SHOWN, kind, show
from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong


def choose(probabilities, y, size):
    """Return the indices of `size` networks, each the one that helps the ensemble of those before it most."""

    def right(members):
        return int((probabilities[members].mean(0).argmax(1) == y).sum())

    chosen = []
    for _ in range(size):
        left = [i for i in range(len(probabilities)) if i not in chosen]
        chosen.append(max(left, key=lambda i: right([*chosen, i])))  # of equal ones, max takes the first
    return chosen


def _right(p, y, members):
    return int((p[members].mean(0).argmax(1) == y).sum())


def _greedy(score, again=False, last=False, start=()):
    """Return a wrong answer that adds members one at a time, by another score or another rule."""

    def attempt(p, y, size):
        chosen = list(start)
        while len(chosen) < size:
            left = [i for i in range(len(p)) if again or i not in chosen]
            chosen.append(max(reversed(left) if last else left, key=lambda i: score(p, y, [*chosen, i])))
        return chosen

    return attempt


def _votes(p, y, members):
    """Count the examples on which the most common label is right."""
    labels = torch.nn.functional.one_hot(p[members].argmax(-1), p.shape[-1])
    return int((labels.sum(0).argmax(1) == y).sum())


def _product(p, y, members):
    return int((p[members].log().sum(0).argmax(1) == y).sum())


def _likelihood(p, y, members):
    return float(p[members].mean(0)[torch.arange(len(y)), y].log().mean())


def _any(p, y, members):
    return int((p[members].argmax(-1) == y).any(0).sum())


def _different(p, y, members):
    """Rank the first member by accuracy, a new one by the number of labels on which it differs from the others."""
    labels = p[members].argmax(-1)
    return _right(p, y, members) if len(members) == 1 else int((labels[-1] != labels[:-1]).sum())


def _best_single(p, y, size):
    return sorted(range(len(p)), key=lambda i: -_right(p, y, [i]))[:size]


def _drop(p, y, size):
    kept = list(range(len(p)))
    while len(kept) > size:
        kept.remove(max(kept, key=lambda i: _right(p, y, [k for k in kept if k != i])))
    return kept


def _stops(p, y, size):
    chosen = []
    for i in choose(p, y, size):
        if chosen and _right(p, y, [*chosen, i]) <= _right(p, y, chosen):
            break
        chosen.append(i)
    return chosen


def _best_set(p, y, size):
    return list(max(combinations(range(len(p)), size), key=lambda members: _right(p, y, list(members))))


def _networks(seed, networks, examples, classes):
    """Probabilities of mediocre networks, and the true classes."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(classes, (examples,), generator=generator)
    noise = torch.randn(networks, examples, classes, generator=generator)
    return (2 * noise + 1.2 * torch.nn.functional.one_hot(y, classes)).softmax(-1), y


def _flaw(got, p, y, size):
    """Return what is wrong with a choice; its order counts."""
    if isinstance(got, torch.Tensor) and got.ndim == 1:
        got = got.tolist()
    if not isinstance(got, list | tuple) or not all(_is_index(i, len(p)) for i in got):
        came = _listed(got) if isinstance(got, list | tuple) else kind(got)
        return Flaw(f"expected a list of {size} indices from 0 to {len(p) - 1}, got {came}")
    got, expected = [int(i) for i in got], choose(p, y, size)
    if len(got) != size:
        return Flaw(f"with size = {size}, expected {size} indices, got {_listed(got)}")
    return None if got == expected else Flaw(f"with size = {size}, expected {expected}, got {got}")


def _listed(items):
    """Show the items that came, the first of them where there are many."""
    return "[" + ", ".join([*map(show, items[:SHOWN]), *["…"] * (len(items) > SHOWN)]) + "]"


def _is_index(value, networks):
    try:
        return not isinstance(value, bool) and int(value) == value and 0 <= value < networks
    except (TypeError, ValueError, RuntimeError):
        return False


def _flaw_of_first(got, p, y, size):
    """As `_flaw`, with the misconception: in this case every known mistake chooses other networks."""
    flaw = _flaw(got, p, y, size)
    if flaw is None or not flaw.seen.startswith("with"):
        return flaw
    got = [int(i) for i in got]
    known = (wrong.message for wrong in CHOOSE.wrong if [*wrong.function(p, y, size)] == got)
    return Flaw(flaw.seen, next(known, None))


CHOOSE = Exercise(
    id="4.5",
    title="Choose",
    difficulty=4,
    minutes=20,
    objective=4,
    reference=choose,
    cases=(
        Case((*_networks(2594, 8, 12, 3), 4), accept=_flaw_of_first),
        Case((*_networks(0, 10, 40, 5), 3), accept=_flaw),
        Case((*_networks(1, 6, 30, 4), 1), accept=_flaw),
        Case((*_networks(2, 5, 20, 3), 5), accept=_flaw),
    ),
    wrong=(
        Wrong(
            "the best single networks",
            _best_single,
            "you take the networks that are best alone. They may all fail on the same examples; ask of each candidate "
            "what it adds to those you have.",
        ),
        Wrong(
            "majority vote",
            _greedy(_votes),
            "you count labels. A network that is nearly sure then weighs no more than one that guesses: average the "
            "probabilities, and decide after that.",
        ),
        Wrong(
            "product of probabilities",
            _greedy(_product),
            "you multiply probabilities (or add logarithms, or logits). One member that calls a class impossible then "
            "has a veto. Asked for is their mean.",
        ),
        Wrong(
            "with replacement",
            _greedy(_right, again=True),
            "you choose a network twice. That gives it double weight, and is one member fewer than asked for.",
        ),
        Wrong(
            "ties to the later",
            _greedy(_right, last=True),
            "where two networks help equally, you take the later one. Asked for is the one with the lower index, so "
            "that the choice can be repeated.",
        ),
        Wrong(
            "starting from all",
            _drop,
            "you start with all networks and drop one at a time. That is another search, with another result. Start "
            "with the best single network, and add.",
        ),
        Wrong(
            "starting with network 0",
            _greedy(_right, start=(0,)),
            "you start with network 0. Start with the network that is best alone.",
        ),
        Wrong(
            "stopping early",
            _stops,
            "you stop where nobody raises the accuracy any more. Asked for are `size` members: the next may make no "
            "difference, or even cost something.",
        ),
        Wrong(
            "the best set of all",
            _best_set,
            "you try every set of networks. That is the best on these examples, and the more sets you try, the more of "
            "it is luck. Asked for is one member at a time.",
        ),
        Wrong(
            "log likelihood",
            _greedy(_likelihood),
            "you go by the loss of the ensemble. That is a sensible score, but the one asked for is accuracy: how many "
            "examples are right.",
        ),
        Wrong(
            "one member right is enough",
            _greedy(_any),
            "you count an example as right if any member is. In use nobody tells you which member to believe: average "
            "first, then compare with y.",
        ),
        Wrong(
            "most different",
            _greedy(_different),
            "you add the network that differs most from those you have. It may differ by being wrong; what counts is "
            "what it does for the accuracy of the ensemble.",
        ),
        Wrong(
            "the worst",
            _greedy(lambda p, y, members: -_right(p, y, members)),
            "you add the network that leaves the fewest examples right. Look for the largest accuracy.",
        ),
        Wrong(
            "sorted",
            lambda p, y, size: sorted(choose(p, y, size)),
            "these are the right networks, but sorted. Leave them in the order in which they were chosen: it says who "
            "came first, and why.",
        ),
    ),
    hints=(
        "Write the score first: given a list of members, how many examples does their mean probability get right?",
        "Go round `size` times. Among the networks not yet chosen, which makes the score of [*chosen, i] largest? With "
        "an empty list to begin with, the first round finds the best single network by itself.",
        "probabilities[members] has shape [n, B, C] for a list of n indices; mean(0) averages the members. "
        "max(left, key=...) returns the first of the largest, so a tie goes to the lower index.",
    ),
    skeleton=(
        "def choose(probabilities, y, size):\n"
        "    def right(members):\n"
        "        return int((probabilities[members].mean(0).argmax(1) == ...).sum())\n\n"
        "    chosen = []\n"
        "    for _ in range(size):\n"
        "        left = [i for i in range(len(probabilities)) if ...]\n"
        "        chosen.append(max(left, key=lambda i: right(...)))\n"
        "    return chosen"
    ),
    praise=(
        "Each member is there for what it adds to the others. Chosen on these examples, the ensemble must be judged on "
        "others."
    ),
)
