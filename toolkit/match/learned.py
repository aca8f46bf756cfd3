"""Matching by the loss: the permutations are learned, so that the network half way to B is a good one."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.batches import endless
from toolkit.data import Dataset
from toolkit.device import device
from toolkit.landscape import evaluate
from toolkit.match import relaxed
from toolkit.match.result import Match, assign, check_networks, check_units
from toolkit.match.weights import by_weights
from toolkit.progress import progress
from toolkit.symmetry import Permutations, Symmetry


def straight_through(
    symmetry: Symmetry,
    a: Tensor,
    b: Tensor,
    dataset: Dataset,
    *,
    steps: int = 150,
    lr: float = 0.1,
    batch_size: int = 200,
    seed: int = 0,
) -> Match:
    """Learn a match by training a guide: a third network that B's units are matched to.

    The guide starts at A. Each step matches B to the guide by weights, takes the gradient of the loss half way between
    A and the renumbered B, and moves the guide by it, as if the guide stood where P(B) stands ("straight through").

    Args:
        symmetry: from `trace`.
        a: network A [D].
        b: network B [D], to be renumbered.
        dataset: the data; only the training split is looked at.
        steps: of the guide.
        lr: learning rate of the guide (SGD with momentum 0.9).
        batch_size: examples in a step.
        seed: of the order of the examples.

    Returns:
        The `Match` with the lowest training loss half way that was met; `history` holds these losses.

    Raises:
        ValueError: if a network is not of this space or not finite.

    Source: Ainsworth et al. 2023, section 3.3.
    """
    check_networks(symmetry, a, b)
    stream = endless(dataset, batch_size, seed)
    guide = a.clone().requires_grad_()
    mover = torch.optim.SGD([guide], _expect.number("lr", lr, 0), momentum=0.9)
    best = _Best(symmetry, a, b, dataset)
    perms = best.perms
    _expect.count("steps", steps)
    with keep_on_interrupt():
        for _ in progress(range(steps), "matching"):
            moved = symmetry.apply(b, perms)
            perms = symmetry.compose(perms, by_weights(symmetry, guide.detach(), moved).perms)
            best.offer(perms)
            _, g = symmetry.space.gradient((a + symmetry.apply(b, perms)) / 2, *next(stream))
            guide.grad = g / 2
            mover.step()
    return best.match()


def by_sinkhorn(
    symmetry: Symmetry,
    a: Tensor,
    b: Tensor,
    dataset: Dataset,
    *,
    steps: int = 150,
    lr: float = 0.1,
    temperature: float = 1.0,
    batch_size: int = 200,
    seed: int = 0,
) -> Match:
    """Learn a match through soft permutations, Sinkhorn's matrices.

    Each group has free numbers X [n, n] and the matrix P = sinkhorn(X / temperature). The loss half way between A and
    the mixed B is differentiable in X; after each step P is rounded to the nearest permutation, which is tried.

    Args:
        symmetry: from `trace`.
        a: network A [D].
        b: network B [D], to be renumbered.
        dataset: the data; only the training split is looked at.
        steps: of training.
        lr: learning rate (AdamW).
        temperature: how soft; small is nearly hard.
        batch_size: examples in a step.
        seed: of the start of X and the order of the examples.

    Returns:
        The `Match` with the lowest training loss half way that was met; `history` holds these losses.

    Raises:
        ValueError: if a network is not of this space or not finite, or has no units to renumber.

    Source: Peña et al. 2023.
    """
    check_networks(symmetry, a, b)
    check_units(symmetry)
    _expect.number("temperature", temperature, 1e-6)
    stream = endless(dataset, batch_size, seed)
    noise = torch.Generator().manual_seed(_expect.count("seed", seed, least=0))
    free = {n: torch.eye(k) + 0.1 * torch.randn(k, k, generator=noise) for n, k in symmetry.groups.items()}
    free = {name: start.to(device()).requires_grad_() for name, start in free.items()}
    mover = torch.optim.AdamW(free.values(), _expect.number("lr", lr, 0))
    best = _Best(symmetry, a, b, dataset)
    _expect.count("steps", steps)
    with keep_on_interrupt():
        for _ in progress(range(steps), "matching"):
            soft = {name: relaxed.sinkhorn(x / temperature) for name, x in free.items()}
            mixed = relaxed.mix(symmetry, b, soft)
            _, g = symmetry.space.gradient((a + mixed.detach()) / 2, *next(stream))
            mover.zero_grad()
            mixed.backward(g / 2)
            mover.step()
            best.offer({name: assign(p.detach()) for name, p in soft.items()})
    return best.match()


class _Best:
    """The best permutations met so far, by the training loss half way between A and the renumbered B."""

    def __init__(self, symmetry: Symmetry, a: Tensor, b: Tensor, dataset: Dataset):
        self.symmetry, self.a, self.b, self.dataset = symmetry, a, b, dataset
        self.perms = self.seen = symmetry.identity()
        self.losses = [self.loss(self.perms)]

    def loss(self, perms: Permutations) -> float:
        half_way = (self.a + self.symmetry.apply(self.b, perms)) / 2
        return float(evaluate(self.symmetry.space, half_way, self.dataset, "train_loss")["train_loss"])

    def offer(self, perms: Permutations) -> None:
        """Keep permutations if they are new and better."""
        if all(torch.equal(perms[name], self.seen[name]) for name in perms):
            return
        self.seen = perms
        if (loss := self.loss(perms)) < self.losses[-1]:
            self.perms = perms
            self.losses.append(loss)

    def match(self) -> Match:
        return Match(self.perms, {}, {}, {}, tuple(self.losses))


@contextmanager
def keep_on_interrupt() -> Iterator[None]:
    """Let an interrupt (Ctrl-C, or Jupyter's stop button) end a search with what it has found."""
    try:
        yield
    except KeyboardInterrupt:
        print("Interrupted: you get the best match so far.")
