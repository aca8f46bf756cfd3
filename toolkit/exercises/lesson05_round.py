"""Lesson 05, exercise 5.3: one round of late-phase training."""

import torch

from toolkit.exercises.lesson05_gradients import product_gradient, readings, unit_gradient
from toolkit.exercises.parts import Case, Exercise, Wrong


def late_round(shared, own, gradient, batches, lr, gamma):
    """Return the shared weights [S] and the members' own [K, P] after one round: one batch for each member."""
    total, moved = torch.zeros_like(shared), []
    for k, batch in enumerate(batches):
        g_shared, g_own = gradient(shared, own[k], batch)
        moved.append(own[k] - lr * g_own)
        total = total + g_shared
    return shared - lr * gamma * total, torch.stack(moved)


def _gradients(shared, own, gradient, batches):
    """Return all gradients of a round: of the shared weights [K, S] and of the members' own [K, P]."""
    each = [gradient(shared, phi, batch) for phi, batch in zip(own, batches, strict=True)]
    return tuple(map(torch.stack, zip(*each, strict=True)))


def _with(to_shared=None, to_own=None, batch=None):
    """Return a wrong answer that makes another step of the gradients [K, S] and [K, P], or takes another batch."""

    def attempt(shared, own, gradient, batches, lr, gamma):
        used = batches if batch is None else [batches[batch]] * len(own)
        g_shared, g_own = _gradients(shared, own, gradient, used)
        step = to_shared(g_shared, gamma) if to_shared else gamma * g_shared.sum(0)
        return shared - lr * step, own - lr * (to_own(g_own, gamma) if to_own else g_own)

    return attempt


def _shared_inside(shared, own, gradient, batches, lr, gamma):
    moved = []
    for k, batch in enumerate(batches):
        g_shared, g_own = gradient(shared, own[k], batch)
        moved.append(own[k] - lr * g_own)
        shared = shared - lr * gamma * g_shared
    return shared, torch.stack(moved)


def _after_the_members(shared, own, gradient, batches, lr, gamma):
    _, moved = late_round(shared, own, gradient, batches, lr, gamma)
    g_shared, _ = _gradients(shared, moved, gradient, batches)
    return shared - lr * gamma * g_shared.sum(0), moved


def _after_the_shared(shared, own, gradient, batches, lr, gamma):
    moved, _ = late_round(shared, own, gradient, batches, lr, gamma)
    _, g_own = _gradients(moved, own, gradient, batches)
    return moved, own - lr * g_own


def _swapped(shared, own, gradient, batches, lr, gamma):
    g_shared, g_own = _gradients(shared, own, gradient, batches)
    return shared - lr * gamma * g_own.sum(0), own - lr * g_shared


def _averaged(shared, own, gradient, batches, lr, gamma):
    shared, own = late_round(shared, own, gradient, batches, lr, gamma)
    return shared, own.mean(0).expand_as(own)


def _only(rows):
    """Keep the gradients of some members, and 0 for the others."""

    def keep(g):
        kept = torch.zeros_like(g)
        kept[rows] = g[rows]
        return kept

    return keep


_REST = slice(1, None)
_OWN = torch.tensor([[1.0, 1.0], [2.0, 0.5], [-1.0, 3.0]])
_BATCHES = torch.tensor([[2.0, 4.0], [1.0, -1.0], [3.0, 2.0]])
_SCALES = torch.tensor([[1.0], [0.5], [2.0], [-1.0]])

ROUND = Exercise(
    id="5.3",
    title="One round",
    difficulty=3,
    minutes=15,
    objective=2,
    reference=late_round,
    cases=(
        Case((torch.tensor([1.0, 2.0]), _OWN, product_gradient, _BATCHES, 0.1, 0.5)),
        Case((torch.tensor([0.5, -1.0]), _SCALES, unit_gradient, readings(0, 8, 8, 8, 5), 0.2, 0.25)),
        Case((torch.tensor([1.0, -1.0]), _SCALES[:1], unit_gradient, readings(1, 6), 0.5, 1.0)),
    ),
    wrong=(
        Wrong(
            "one batch for all",
            _with(batch=0),
            "all your members see the first batch. Each needs a fresh one: the same noise for all would not average "
            "out.",
        ),
        Wrong(
            "the last batch for all",
            _with(batch=-1),
            "all your members see the last batch. Each has one of its own: batches[k] for member k.",
        ),
        Wrong(
            "shared moved in the inner loop",
            _shared_inside,
            "your shared weights move inside the loop, so later members get their gradient at weights that have moved. "
            "They wait until all members have had their turn, and then take one step.",
        ),
        Wrong(
            "mean instead of sum",
            _with(to_shared=lambda g, gamma: gamma * g.mean(0)),
            "you multiply the mean of the gradients by gamma. gamma stands before their sum; with gamma = 1 / K you "
            "would divide twice.",
        ),
        Wrong(
            "mean without gamma",
            _with(to_shared=lambda g, gamma: g.mean(0)),
            "you take the mean of the gradients. That is gamma = 1 / K; here gamma may be any number, before the sum.",
        ),
        Wrong(
            "gamma forgotten",
            _with(to_shared=lambda g, gamma: g.sum(0)),
            "your shared step ignores gamma, the factor on the sum of the gradients.",
        ),
        Wrong(
            "gamma for the members too",
            _with(to_own=lambda g, gamma: gamma * g),
            "you multiply the members' own steps by gamma, too. It scales the sum for the shared weights only.",
        ),
        Wrong(
            "gamma K times",
            _with(to_shared=lambda g, gamma: (gamma ** torch.arange(len(g), 0, -1.0)) @ g),
            "you multiply the running sum by gamma in every turn, so early members count less. Once, at the end.",
        ),
        Wrong(
            "the last gradient only",
            _with(to_shared=lambda g, gamma: gamma * g[-1]),
            "your shared step knows the last gradient only: each turn overwrites the one before. Add them up.",
        ),
        Wrong(
            "gradients swapped",
            _swapped,
            "your members get the gradient of the shared weights, and the other way round. The order is shared, own "
            "both times: gradient(shared, own[k], batch) returns g_shared, g_own.",
        ),
        Wrong(
            "member 0 does not move",
            _with(to_own=lambda g, gamma: _only(_REST)(g)),
            "your member 0 stays where it is. Is there an `if k:` in your loop? It is not true for 0.",
        ),
        Wrong(
            "member 0 not counted",
            _with(to_shared=lambda g, gamma: gamma * g[1:].sum(0)),
            "the gradient of member 0 is missing in the shared step. Is the sum begun anew after its turn, or only "
            "added to `if k:`?",
        ),
        Wrong(
            "member 0 left out",
            _with(lambda g, gamma: gamma * g[1:].sum(0), lambda g, gamma: _only(_REST)(g)),
            "member 0 has no turn at all. Counting begins at 0, and all K members have a batch.",
        ),
        Wrong(
            "only the last member moves",
            _with(to_own=lambda g, gamma: _only(slice(-1, None))(g)),
            "only your last member moves. Each makes its own step, in its own turn.",
        ),
        Wrong(
            "members stay",
            _with(to_own=lambda g, gamma: 0 * g),
            "your members do not move. Each takes a step of its own, with the gradient of its own weights.",
        ),
        Wrong(
            "shared stays",
            _with(to_shared=lambda g, gamma: 0 * g[0]),
            "your shared weights do not move. When all members have had their turn, they take one step.",
        ),
        Wrong(
            "every member by the sum",
            _with(to_own=lambda g, gamma: g.sum(0)),
            "your members all make the same step, along the sum of their gradients. They would never come apart: each "
            "follows its own.",
        ),
        Wrong(
            "every member by the mean",
            _with(to_own=lambda g, gamma: g.mean(0)),
            "your members all make the same step, along the mean of their gradients. They would never come apart: each "
            "follows its own.",
        ),
        Wrong(
            "members averaged",
            _averaged,
            "you average the members after the round. They stay apart to the end of training, and are averaged once.",
        ),
        Wrong(
            "shared gradient at the moved member",
            _after_the_members,
            "you ask for the shared gradient after the member has moved. One call gives both gradients, at the same "
            "network.",
        ),
        Wrong(
            "own gradient at the moved shared weights",
            _after_the_shared,
            "your members move after the shared weights, with gradients taken there. It is the other way round: "
            "members at once, shared weights last.",
        ),
        Wrong(
            "uphill",
            lambda shared, own, gradient, batches, lr, gamma: late_round(shared, own, gradient, batches, -lr, gamma),
            "you walk uphill. The gradient points to where the loss grows: subtract it.",
        ),
        Wrong(
            "lr forgotten",
            lambda shared, own, gradient, batches, lr, gamma: late_round(shared, own, gradient, batches, 1, gamma),
            "your steps ignore lr, the learning rate.",
        ),
        Wrong(
            "members first",
            lambda *args: late_round(*args)[::-1],
            "you return the members first. The order asked for is shared, own.",
        ),
    ),
    hints=(
        "Two loops: the inner one goes over the members, and what it leaves behind for the outer one is a sum.",
        "In turn k: both gradients at (shared, own[k]) on batches[k]; member k makes its step; the shared gradient is "
        "added to the sum. `shared` itself is not touched inside the loop.",
        "Afterwards: shared - lr * gamma * total. Collect the moved members in a list, and torch.stack makes them "
        "[K, P] again: own itself stays as it was.",
    ),
    skeleton=(
        "def late_round(shared, own, gradient, batches, lr, gamma):\n"
        "    total, moved = torch.zeros_like(shared), []\n"
        "    for k, batch in enumerate(batches):\n"
        "        g_shared, g_own = gradient(...)\n"
        "        moved.append(...)\n"
        "        total = ...\n"
        "    return shared - ..., torch.stack(moved)"
    ),
    praise="K batches, K steps of a member, one step of what they share: that is a round of late-phase training.",
    errors={
        r"gradient takes the weights of one member": "Go through the members one by one: own[k] is a vector [P].",
        r"gradient takes one batch": "Each member has one batch: batches[k].",
    },
)
