"""Many points into one: weights averaged into a single network."""

from math import cos, pi

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset
from toolkit.space import WeightSpace
from toolkit.train import fit

CYCLE = 3  # epochs, of the cyclic kind


def swa(
    space: WeightSpace,
    theta: Tensor,
    dataset: Dataset,
    *,
    epochs: int = 20,
    start: float = 0.75,
    rate: float = 0.5,
    cyclic: bool = False,
    **settings,
) -> Tensor:
    """Train with stochastic weight averaging: the mean of the networks passed on the last stretch of one run.

    The learning rate stays as it is for half of the way to `start`, falls in a straight line to `rate` times its value,
    and stays there (or, cyclic, falls from there to 0 every 3 epochs), so that the network keeps moving and there is
    something to average. From the epoch in which `start` falls, the network at the end of each epoch (or cycle) counts.

    Args:
        space: the weight space.
        theta: one starting point [D].
        dataset: the data.
        epochs: passes over the training split.
        start: the fraction of training after which averaging begins.
        rate: the learning rate of the last stretch, as a fraction of `lr`.
        cyclic: whether the learning rate of the last stretch goes down and up.
        **settings: as for `fit`, without `schedule` and `on_epoch`.

    Returns:
        The mean network [D]. With BatchNorm its statistics must be estimated anew, as at any point. An interrupt ends
        training early: then it is the mean so far or, before there is one, the network as it stands.

    Raises:
        TypeError: if `schedule` or `on_epoch` is given.
        ValueError: if an argument is out of range, or no epoch is left to average.

    Source: Izmailov et al. 2018.

    Example:
        >>> from toolkit import data, models
        >>> space = WeightSpace(models.mlp(64, 32, 10))
        >>> swa(space, space.init(0), data.load("digits"), epochs=8).shape
        torch.Size([2410])
    """
    space.check(theta, one=True)
    _expect.count("epochs", epochs)
    _expect.number("start", start, 0, 1)
    _expect.number("rate", rate, 0, 1)
    for name in {"schedule", "on_epoch"} & set(settings):
        raise TypeError(f"{name} must be left out: stochastic weight averaging has its own.")
    step = CYCLE if cyclic else 1
    begin = int(round(start * epochs, 9))  # epochs before the last stretch; 0.58 * 50 is a little less than 29
    if begin + step > epochs:
        raise ValueError(f"start must leave at least {step} of the {epochs} epochs to average, got {start:g}.")
    kept: list[Tensor] = []

    def factor(done: float) -> float:
        if cyclic and (since := round(done * epochs - begin, 9)) >= 0:
            return rate * (1 + cos(pi * (since % step) / step)) / 2
        if done >= start:
            return rate
        return 1 - (1 - rate) * min(1, max(0, (done - start / 2) / (0.4 * start)))

    def keep(epoch: int, loss: float, now: Tensor) -> None:
        if epoch > begin and (epoch - begin) % step == 0:
            kept.append(now)

    last = fit(space, theta, dataset, epochs=epochs, schedule=factor, on_epoch=keep, **settings)
    return torch.stack(kept).mean(0) if kept else last
