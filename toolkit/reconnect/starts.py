"""Values worth moving: the starting points of training by reconnecting, which can never be changed afterwards."""

from collections.abc import Mapping
from math import sqrt

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.batches import generator
from toolkit.space import WeightSpace

LAWS = ("uniform", "normal", "sign", "constant")


def start(space: WeightSpace, seed: int, law: str = "uniform", scale: float = 1.0) -> Tensor:
    """Draw a starting point: weights by a law, biases and norms as in a fresh network but for biases, which are zero.

    Args:
        space: the weight space.
        seed: of the draw.
        law: `"uniform"`, He et al.'s U(-l, l) with l = sqrt(6 / inputs); `"normal"`, N(0, 2 / inputs); `"sign"`,
            plus or minus sqrt(2 / inputs) by a fair coin; `"constant"`, every weight is 1 (times `scale`).
        scale: factor on all weights of matrices and filters; training can never change it.

    Returns:
        A point [D].

    Raises:
        ValueError: if the law is unknown, or `scale` is not positive.

    Example:
        >>> from toolkit import models
        >>> space = WeightSpace(models.mlp(64, 32, 10))
        >>> bool(space.unflatten(start(space, seed=0))["fc1.weight"].abs().max() <= sqrt(6 / 64))
        True
    """
    _expect.choice("law", law, LAWS)
    if not _expect.number("scale", scale, 0):
        raise ValueError("scale must be above 0, got 0.")
    draws = generator(_expect.count("seed", seed, least=0), stream=4)
    theta = space.init(seed).cpu()
    for slot in space.layout:
        weights = theta[slot.start : slot.stop]
        inputs = slot.shape[1:].numel()
        if len(slot.shape) < 2:
            if "bias" in slot.name.rpartition(".")[2]:
                weights.zero_()
        elif law == "uniform":
            weights.uniform_(-scale * sqrt(6 / inputs), scale * sqrt(6 / inputs), generator=draws)
        elif law == "normal":
            weights.normal_(0, scale * sqrt(2 / inputs), generator=draws)
        elif law == "sign":
            coins = torch.randint(2, weights.shape, generator=draws)
            weights.copy_((2 * coins - 1) * scale * sqrt(2 / inputs))
        else:
            weights.fill_(scale)
    return theta.to(space.matrices().device)


def sparse(space: WeightSpace, theta: Tensor, keep: float | Mapping[str, float], seed: int = 0) -> Tensor:
    """Set weights to zero at random, each by itself; where the zeros stand is then learned like everything else.

    Args:
        space: the weight space.
        theta: a point [D].
        keep: fraction of the weights of every matrix that is kept, in (0, 1]; or one by name, such as
            `{"fc1.weight": 0.3}`, the others being kept whole.
        seed: of the draw.

    Returns:
        A new point [D].

    Raises:
        ValueError: if a fraction is outside (0, 1], or a name is no matrix of the network.

    Example:
        >>> from toolkit import models
        >>> space = WeightSpace(models.mlp(64, 32, 10))
        >>> theta = sparse(space, start(space, 0, "constant", 0.08), keep=4 / 7)
        >>> len(space.unflatten(theta)["fc1.weight"].unique())
        2
    """
    space.check(_expect.tensor("theta", theta), one=True)
    matrices = [slot for slot in space.layout if len(slot.shape) > 1]
    fractions = dict(keep) if isinstance(keep, Mapping) else {slot.name: keep for slot in matrices}
    for name, fraction in fractions.items():
        _expect.choice("each name in keep", name, [slot.name for slot in matrices])
        if not _expect.number("keep", fraction, 0, 1):
            raise ValueError(f"keep must be above 0, got {fraction!r} for {name!r}.")
    draws = generator(_expect.count("seed", seed, least=0), stream=5)  # what is kept must not depend on its value
    theta = theta.clone()
    for slot in matrices:
        kept = torch.rand(slot.stop - slot.start, generator=draws) < fractions.get(slot.name, 1)
        theta[slot.start : slot.stop].masked_fill_(~kept.to(theta.device), 0)
    return theta
