"""The average of the members' BatchNorm layers as they are run, which is not the average of their weights."""

import torch
from torch import Tensor

from toolkit.engine import Stats
from toolkit.space import WeightSpace


@torch.no_grad()
def fold(space: WeightSpace, thetas: Tensor, x: Tensor) -> tuple[Tensor, Stats]:
    """Average networks whose BatchNorm layers are first folded with their own statistics.

    In use, a BatchNorm layer is an affine map: slope a_k = gamma_k / sqrt(var_k + eps), offset beta_k - a_k mu_k. The
    folded average has the mean slope and the mean offset, which is what averaging the outputs of the K layers comes to.
    The other way, averaging gamma and beta and estimating new statistics (`late.average` and `space.refresh`), agrees
    with it only where the members' statistics agree.

    Args:
        space: the weight space, of a network with BatchNorm.
        thetas: the networks [N, D].
        x: inputs [B, ...] the statistics are estimated on.

    Returns:
        The network [D], and the statistics to run it with: means 0 and variances 1 - eps, which leave the slope and
        the offset as they are.

    Raises:
        ValueError: if `thetas` is not [N, D], or a BatchNorm layer is missing, or without weights.

    Example:
        >>> from toolkit import data, evaluate, models
        >>> digits, space = data.load("digits"), WeightSpace(models.cnn(width=4))
        >>> theta = space.init(0)
        >>> folded, stats = fold(space, theta[None], digits.train_x)
        >>> own = space.refresh(theta, digits.train_x)
        >>> x = digits.test_x[:5]
        >>> torch.allclose(space.logits(folded, x, stats), space.logits(theta, x, own), atol=1e-5)
        True
    """
    space.check(thetas)
    if thetas.dim() != 2:
        raise ValueError(f"thetas must be networks [N, {space.size}], got shape {list(thetas.shape)}.")
    stats = space.refresh(thetas, x)
    if not stats:
        raise ValueError("fold needs a network with BatchNorm layers, and this one has none.")
    theta, folded = thetas.mean(0), {}
    average, each, module = space.unflatten(theta), space.unflatten(thetas), space.module(theta)
    for layer in [name.removesuffix(".running_mean") for name in stats if name.endswith(".running_mean")]:
        if f"{layer}.weight" not in each:
            raise ValueError(f"fold writes slopes into BatchNorm's weights, and the layer {layer!r} has none.")
        mean, var = stats[f"{layer}.running_mean"], stats[f"{layer}.running_var"]
        eps = module.get_submodule(layer).eps
        slope = each[f"{layer}.weight"] / (var + eps).sqrt()
        average[f"{layer}.weight"].copy_(slope.mean(0))
        average[f"{layer}.bias"].copy_((each[f"{layer}.bias"] - slope * mean).mean(0))
        folded |= {
            f"{layer}.running_mean": torch.zeros_like(mean[0]),
            f"{layer}.running_var": torch.full_like(var[0], 1 - eps),
        }
    return theta, folded
