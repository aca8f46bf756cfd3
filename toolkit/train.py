"""One training loop for everything that can be trained: a point, many points at once, a line, a curve, a simplex.

A step draws theta from what is trained, asks the space for the gradient g there, and gives g back to what theta was
made of: for a line that is (1 - t) g and t g. Methods differ in how they draw and give, and in nothing else.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import cos, pi
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from toolkit import _expect
from toolkit.batches import Batches, generator, rows
from toolkit.data import Dataset
from toolkit.device import seeded
from toolkit.progress import progress
from toolkit.space import WeightSpace
from toolkit.subspaces import Point, Subspace
from toolkit.trainable import Trainable

What = TypeVar("What", Tensor, Trainable)
Attack = Callable[[WeightSpace, Tensor, Tensor, Tensor, torch.Generator], Tensor]
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "cosine": lambda done: (1 + cos(pi * done)) / 2,
    "linear": lambda done: 1 - 0.99 * min(1.0, max(0.0, (done - 0.5) / 0.4)),
    "step": lambda done: 0.2 ** ((done >= 2 / 3) + (done >= 5 / 6)),
}


def fit(
    space: WeightSpace,
    what: What,
    dataset: Dataset,
    *,
    epochs: int = 20,
    batch_size: int = 64,
    lr: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    schedule: str | Callable[[float], float] = "cosine",
    optimizer: Callable[[list[Tensor], float], torch.optim.Optimizer] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    l2: float = 0.0,
    samples: int = 1,
    attack: Attack | None = None,
    seed: int | Sequence[int] = 0,
    fork: Sequence[tuple[int, int]] | None = None,
    on_epoch: Callable[[int, float, What], None] | None = None,
) -> What:
    """Train a copy of `what` on the training split and return it; `what` itself stays as it was.

    Args:
        space: the weight space.
        what: a point theta [D], N points [N, D] trained side by side, a subspace such as `Line(a, b)`, or another
            `Trainable` such as `LatePhase(space, theta)`.
        dataset: the data; only `train_x` and `train_y` are looked at.
        epochs: passes over the training split. The examples left over from whole batches sit an epoch out.
        batch_size: examples in a step.
        lr: learning rate at the start.
        momentum: of the default optimiser, SGD.
        weight_decay: of the default optimiser; on a subspace it acts on every control point.
        schedule: factor on `lr` as a function of the fraction done: `"constant"`, `"cosine"` (to 0), `"linear"`
            (constant for half of the way, then straight down to 1/100 at nine tenths), `"step"` (x 0.2 at 2/3 and
            5/6), or your own function from [0, 1) to a factor.
        optimizer: from leaf tensors and learning rate to an optimiser, such as `torch.optim.Adam`.
        loss: from logits [B, C] and classes [B] to a scalar.
        l2: adds l2 / 2 ||theta||^2 to the loss. On a subspace it acts on the network drawn, so that it keeps the whole
            curve short, where `weight_decay` pulls at the control points.
        samples: networks drawn from a subspace in a step, each seeing its share of the batch; on a path one from each
            of so many equal parts. The gradient is less noisy, for the same arithmetic.
        attack: changes the inputs of a step against the network that is about to see them, such as `robust.PGD`;
            called as attack(space, theta, x, y, generator).
        seed: of the data order (and of the positions drawn from a subspace); for N points one seed for all or N.
        fork: for N points, a step of this training and a seed each: from that step on the data order follows the new
            seed.
        on_epoch: called after each epoch with its number from 1, its mean loss (without L2), and a copy of what is
            being trained.

    Returns:
        What was trained, of the kind that came in. An interrupt (Ctrl-C, or Jupyter's stop button) ends training early,
        says so, and returns what was trained so far.

    Raises:
        ValueError: if an argument is out of range or does not fit the others.
        FloatingPointError: if the loss becomes NaN or infinite; the sentence names step and learning rate.

    Example:
        >>> from toolkit import data, models
        >>> digits, space = data.load("digits"), WeightSpace(models.mlp(64, 32, 10))
        >>> theta = fit(space, space.init(0), digits, epochs=5)
        >>> bool((space.logits(theta, digits.test_x).argmax(1) == digits.test_y).float().mean() > 0.85)
        True
    """
    _check_settings(epochs, batch_size, lr, momentum, weight_decay, l2, samples, attack)
    factor = schedule if callable(schedule) else SCHEDULES[_expect.choice("schedule", schedule, SCHEDULES)]
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a toolkit.Dataset, got {type(dataset).__name__}.")
    trained = _trainable(what)
    networks = trained.networks
    batches = Batches(len(dataset.train_x), batch_size, networks, seed, fork)
    if samples > 1 and (not isinstance(trained, Subspace) or batches.size % samples):
        what = f"to divide the batch of {batches.size}" if isinstance(trained, Subspace) else "a subspace to draw from"
        raise ValueError(f"samples above 1 need {what}, got samples={samples}.")
    steps = epochs * batches.per_epoch
    if late := [step for step, _ in batches.forks if step > steps]:
        raise ValueError(f"fork's step must be one of this training's, from 0 to {steps}, got {late[0]}.")
    trained.begin(steps)
    positions = generator(batches.seeds[0], stream=1)
    pairs = generator(batches.seeds[0], stream=3)
    gradient = _Gradient(space, dataset, loss, l2, attack, generator(batches.seeds[0], stream=2))
    leaves = [leaf.requires_grad_() for leaf in trained.leaves()]
    # One pass over the memory a step; not for N points, whose rows it would round differently in the last digit.
    fused = networks is None and leaves[0].device.type in ("cpu", "cuda")
    mover = optimizer(leaves, lr) if optimizer else SGD(leaves, lr, momentum, weight_decay=weight_decay, fused=fused)
    epoch, trained.interrupted = 0, False
    try:
        with seeded(batches.seeds[0]):
            for epoch in progress(range(1, epochs + 1), "training"):
                values = []
                for done, index in batches.epoch(epoch, epochs):
                    for group in mover.param_groups:
                        group["lr"] = lr * factor(done)
                    values.append(_step(trained, gradient, index, samples, positions, pairs, mover))
                mean = _finite(torch.stack(values), epoch, lr)
                if on_epoch:
                    on_epoch(epoch, mean, _result(trained))
    except KeyboardInterrupt:
        trained.interrupted = True
        print(f"Interrupted in epoch {epoch} of {epochs}: you get what was trained so far.")
    return _result(trained)


def fit_many(space: WeightSpace, dataset: Dataset, seeds: Sequence[int], **settings) -> Tensor:
    """Train one network per seed, side by side; each equals the one `fit` gives for its seed.

    Equal to rounding, that is, and only where nothing but start and data order is random: dropout falls differently,
    and what a forward draws from Python's `random` is drawn once for all networks.

    Args:
        space: the weight space.
        dataset: the data.
        seeds: a seed per network, for its start and its data order.
        **settings: as for `fit`.

    Returns:
        The trained networks [N, D].

    Raises:
        ValueError: if there are no seeds, or as for `fit`.

    Example:
        >>> from toolkit import data, models
        >>> space = WeightSpace(models.mlp(64, 16, 10))
        >>> fit_many(space, data.load("digits"), seeds=[0, 1, 2], epochs=1).shape
        torch.Size([3, 1210])
    """
    if not isinstance(seeds, Iterable) or not (seeds := list(seeds)):
        raise ValueError(f"seeds must name at least one seed, got {seeds!r}.")
    return fit(space, torch.stack([space.init(seed) for seed in seeds]), dataset, seed=seeds, **settings)


@dataclass(frozen=True)
class _Gradient:
    """The loss of some training examples at theta, and its gradient there: attacked first, with L2, if asked for."""

    space: WeightSpace
    dataset: Dataset
    loss: Callable[[Tensor, Tensor], Tensor]
    l2: float
    attack: Attack | None
    noise: torch.Generator

    def __call__(self, theta: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        x, y = rows(self.dataset.train_x, index), rows(self.dataset.train_y, index)
        if self.attack:
            x = self.attack(self.space, theta, x, y, self.noise)
        value, g = self.space.gradient(theta, x, y, self.loss)
        return value, g.add_(theta, alpha=self.l2) if self.l2 else g


def _step(trained, gradient: _Gradient, index: Tensor, samples: int, positions, pairs, mover) -> Tensor:
    """One step: draw theta, take the gradient there, give it to the leaves, move them; return the loss."""
    values = []
    for part, examples in enumerate(index.chunk(samples) if samples > 1 else [index]):
        theta = trained.sample(positions, part, samples)
        value, g = gradient(theta, examples)
        trained.give(g)
        values.append(value)
    if (extra := trained.penalty(pairs)) is not None:
        extra.backward()
    mover.step()
    trained.after_step()
    return torch.stack(values).mean(0) if samples > 1 else value


def _trainable(what: What) -> Trainable:
    if isinstance(what, Tensor):
        return Point(what)
    if isinstance(what, Trainable):
        return copy.deepcopy(what)
    raise TypeError(
        f"what must be a point theta or a subspace such as Line(a, b), got {type(what).__name__}; "
        "space.flatten(module) turns a module into a point."
    )


def _result(trained: Trainable) -> Tensor | Trainable:
    """What is being trained as it stands, in memory of its own."""
    if isinstance(trained, Point):
        return trained.theta.detach().clone()
    copied = copy.deepcopy(trained)
    for leaf in copied.leaves():
        leaf.requires_grad_(False).grad = None
    return copied


def _check_settings(epochs, batch_size, lr, momentum, weight_decay, l2, samples, attack) -> None:
    _expect.count("epochs", epochs)
    _expect.count("batch_size", batch_size)
    _expect.number("lr", lr, 0)
    _expect.number("momentum", momentum, 0, 1)
    _expect.number("weight_decay", weight_decay, 0)
    _expect.number("l2", l2, 0)
    _expect.count("samples", samples)
    if attack is not None:
        _expect.function("attack", attack, "PGD(eps=0.1)")


def _finite(values: Tensor, epoch: int, lr: float) -> float:
    """Return the mean loss of an epoch whose step losses are `values` [steps] or [steps, N]."""
    bad = ~torch.isfinite(values)
    if bad.any():
        where = bad.nonzero()[0].tolist()
        who = f" of network {where[1]}" if len(where) == 2 else ""
        raise FloatingPointError(
            f"The loss{who} became {values[tuple(where)].item()} at step {(epoch - 1) * len(values) + where[0]} "
            f"(epoch {epoch}) with lr={lr:g}; try a learning rate ten times smaller."
        )
    return values.mean().item()
