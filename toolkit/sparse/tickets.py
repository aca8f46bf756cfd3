"""Iterative magnitude pruning: train, drop the smallest weights, rewind, and again."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.progress import progress
from toolkit.space import WeightSpace
from toolkit.sparse.masked import Masked
from toolkit.sparse.masks import dead_layers, prunable, prune
from toolkit.train import fit


@dataclass(frozen=True)
class Tickets:
    """What iterative magnitude pruning found.

    Attributes:
        start: the weights every round was rewound to, [D] or [N, D], whole.
        masks: one for every round [rounds + 1, ...], the first one full; each is contained in the one before.
        trained: the weights [rounds, ...] at the end of the training under each mask but the last.
    """

    start: Tensor
    masks: Tensor
    trained: Tensor


def tickets(
    space: WeightSpace,
    theta: Tensor,
    dataset: Dataset,
    *,
    rounds: int = 7,
    fraction: float = 0.2,
    rewind: int = 0,
    exclude: Sequence[str] = (),
    **settings,
) -> Tickets:
    """Find lottery tickets by iterative magnitude pruning with rewinding.

    Round r trains the rewound weights under mask m_(r-1), and drops the fraction p of the weights alive that are
    smallest then, over all layers at once. The whole state is rewound, biases and norms included, and the optimiser
    begins anew.

    Args:
        space: the weight space.
        theta: a starting point [D], or N of them [N, D], pruned side by side, each by its own mask.
        dataset: the data trained on in the rounds; a distilled set makes this distilled pruning.
        rounds: R.
        fraction: p.
        rewind: the step that is rewound to; 0 is the start.
        exclude: names of layers or tensors left whole.
        **settings: as for `fit`.

    Returns:
        `Tickets`. An interrupt (Ctrl-C, or Jupyter's stop button) ends the search, says so, and returns the rounds that
        were whole; in the first round there is none yet, and it goes on as a `KeyboardInterrupt`.

    Raises:
        ValueError: if a number is out of range, or the step is never reached.

    Warns:
        UserWarning: if a layer has lost all its weights; the rounds go on, and nothing passes through that network.

    Example:
        >>> from toolkit import data, models
        >>> space = WeightSpace(models.mlp(64, 16, 10))
        >>> found = tickets(space, space.init(0), data.load("digits"), rounds=2, epochs=2)
        >>> found.masks[:, prunable(space)].sum(1).tolist()
        [1184, 947, 758]

    Source: Frankle and Carbin 2019; rewinding: Frankle et al. 2020; distilled: McDermott and Cummings 2023.
    """
    space.check(_expect.tensor("theta", theta))
    _expect.count("rounds", rounds)
    _expect.count("rewind", rewind, least=0)
    if _expect.number("fraction", fraction, 0, 1) == 1:
        raise ValueError("fraction must be below 1, got 1: nothing would be left.")
    where = prunable(space, exclude)
    start, masks, trained = theta.detach().clone(), [torch.ones_like(theta, dtype=torch.bool)], []
    for number in progress(range(1, rounds + 1), "rounds"):
        run = fit(space, Masked(start, masks[-1], rewind=rewind if number == 1 else None), dataset, **settings)
        if not run.finished:
            if number == 1:
                raise KeyboardInterrupt("tickets was interrupted in its first round; nothing is pruned yet.")
            print(f"Interrupted in round {number} of {rounds}: you get the {number - 1} before it.")
            break
        start = run.kept if number == 1 else start
        trained.append(run.theta)
        masks.append(prune(run.theta, masks[-1], fraction, where))
        _warn_of_new(dead_layers(space, masks[-1]), dead_layers(space, masks[-2]), number)
    return Tickets(start, torch.stack(masks), torch.stack(trained))


def _warn_of_new(dead: list[str], before: list[str], number: int) -> None:
    """Name the layers that lost their last weight in this round."""
    if new := [name for name in dead if name not in before]:
        warnings.warn(
            f"Round {number} pruned the last weight of {', '.join(new)}: nothing passes through such a network; "
            "take fewer rounds, a smaller fraction, or exclude the layer.",
            stacklevel=3,
        )
