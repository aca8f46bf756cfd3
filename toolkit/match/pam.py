"""Proximal alternating minimisation (PAM): learn the permutation and the curve in turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.batches import endless
from toolkit.data import Dataset
from toolkit.landscape import evaluate
from toolkit.match import relaxed
from toolkit.match.learned import keep_on_interrupt
from toolkit.match.result import Match, assign, check_networks, check_units
from toolkit.progress import progress
from toolkit.subspaces import Bezier
from toolkit.symmetry import Permutations, Symmetry
from toolkit.train import fit

_JUDGED = (0.25, 0.5, 0.75)  # positions where a curve is judged


def pam(
    symmetry: Symmetry,
    a: Tensor,
    b: Tensor,
    dataset: Dataset,
    *,
    rounds: int = 1,
    epochs: int = 20,
    lr: float = 2.0,
    nu: float = 1e3,
    batch_size: int = 100,
    candidates: int = 32,
    seed: int = 0,
    curve: Mapping[str, Any] | None = None,
) -> Match:
    """Minimise the loss along a curve from A to P(B) over the permutations P, then over the curve, and again.

    The curve is Bezier's with the bend (A + P(B)) / 2 + d. While P is learned it is doubly stochastic: gradient steps,
    a pull back to where the round began (the proximal term, ||P - P_before||^2 / (2 nu)), and a projection. Then
    it is rounded: of several permutations nearby, and the one before, the one with the lowest training loss is taken.

    Start it from another match to see whether that is locally optimal: give `symmetry.apply(b, match.perms)` as b.

    Args:
        symmetry: from `trace`.
        a: network A [D].
        b: network B [D], to be renumbered.
        dataset: the data; only the training split is looked at.
        rounds: how often P and the curve take turns. The curve after the last round is yours to train, with `fit`.
        epochs: of learning P, in every round.
        lr: learning rate for P (plain SGD).
        nu: how weak the pull back to the round's start is.
        batch_size: examples in a step.
        candidates: permutations drawn near the learned P when it is rounded.
        seed: of the order of the examples, the positions and the candidates.
        curve: settings for `fit` when the curve has its turn, such as {"epochs": 10, "lr": 0.05}.

    Returns:
        A `Match`; `history` holds the training loss along the curve at the start and after every rounding.

    Raises:
        ValueError: if a network is not of this space, not finite or without hidden units, or a setting out of range.

    Source: Tatro et al. 2020; the learning rate of their code, 0.05, moves next to nothing at the size of the lessons.
    """
    check_networks(symmetry, a, b)
    check_units(symmetry)
    _expect.count("rounds", rounds)
    plan = _Plan(
        epochs=_expect.count("epochs", epochs),
        lr=_expect.number("lr", lr, 0),
        nu=_expect.number("nu", nu, 1e-9),
        batch_size=_expect.count("batch_size", batch_size),
        candidates=_expect.count("candidates", candidates, least=0),
    )
    state = _State(symmetry, a, b, dataset, seed)
    for number in range(rounds):
        if number:
            state.bend(fit(symmetry.space, state.curve(state.perms), dataset, **{"seed": seed} | dict(curve or {})))
        learned = state.learn(plan)
        state.round(learned, plan.candidates)
    return Match(state.perms, {}, {}, learned, tuple(state.history))


@dataclass(frozen=True)
class _Plan:
    """The settings of a round."""

    epochs: int
    lr: float
    nu: float
    batch_size: int
    candidates: int


class _State:
    """The permutations and the bend as they stand, and what each turn does to them."""

    def __init__(self, symmetry: Symmetry, a: Tensor, b: Tensor, dataset: Dataset, seed: int):
        self.symmetry, self.a, self.b, self.dataset = symmetry, a, b, dataset
        self.seed, self.generator = seed, torch.Generator().manual_seed(_expect.count("seed", seed, least=0))
        self.perms, self.offset = symmetry.identity(), torch.zeros_like(a)
        self.history = [self.loss(self.perms)]

    def curve(self, perms: Permutations) -> Bezier:
        """The curve from A to P(B) whose bend lies `offset` off the middle."""
        end = self.symmetry.apply(self.b, perms)
        return Bezier(self.a, (self.a + end) / 2 + self.offset, end, fixed=(0, 2))

    def bend(self, trained: Bezier) -> None:
        """Take over the bend of a trained curve."""
        start, bend, end = trained.points
        self.offset = bend - (start + end) / 2

    def loss(self, perms: Permutations) -> float:
        """Mean training loss at a few positions on the curve."""
        points = self.curve(perms).at(_JUDGED)
        return float(evaluate(self.symmetry.space, points, self.dataset, "train_loss")["train_loss"].mean())

    def learn(self, plan: _Plan) -> relaxed.Matrices:
        """The turn of P: doubly stochastic matrices that lower the loss along the curve."""
        before = {name: relaxed.matrix(perm) for name, perm in self.perms.items()}
        soft = {name: matrix.clone().requires_grad_() for name, matrix in before.items()}
        stream = endless(self.dataset, plan.batch_size, self.seed)
        steps = plan.epochs * max(1, len(self.dataset.train_x) // plan.batch_size)
        with keep_on_interrupt():
            for _ in progress(range(steps), "matching"):
                t = torch.rand((), generator=self.generator).item()
                end = relaxed.mix(self.symmetry, self.b, soft)
                # theta = (1-t)^2 A + 2t(1-t) ((A + P(B))/2 + d) + t^2 P(B), in which the weights of P(B) add up to t
                theta = (1 - t) * self.a + t * end.detach() + 2 * t * (1 - t) * self.offset
                _, g = self.symmetry.space.gradient(theta, *next(stream))
                grads = torch.autograd.grad(end, list(soft.values()), t * g)
                for (name, matrix), grad in zip(soft.items(), grads, strict=True):
                    pulled = (matrix.detach() - plan.lr * grad + plan.lr / plan.nu * before[name]) / (
                        1 + plan.lr / plan.nu
                    )
                    soft[name] = relaxed.project(pulled).requires_grad_()
        return {name: matrix.detach() for name, matrix in soft.items()}

    def round(self, learned: relaxed.Matrices, candidates: int) -> None:
        """From soft matrices to the best of some permutations near them, and the permutations of before."""
        offers = [self.perms, {name: assign(matrix) for name, matrix in learned.items()}]
        terms = {name: relaxed.birkhoff(matrix) for name, matrix in learned.items()}
        for _ in range(candidates):  # one term a group, drawn by its weight
            offers.append({name: self._draw(found).to(learned[name].device) for name, found in terms.items()})
        losses = [self.loss(perms) for perms in offers]
        best = min(range(len(offers)), key=losses.__getitem__)
        self.perms = offers[best]
        self.history.append(losses[best])

    def _draw(self, terms: list[tuple[float, Tensor]]) -> Tensor:
        weights = torch.tensor([weight for weight, _ in terms])
        return terms[int(torch.multinomial(weights, 1, generator=self.generator))][1]
