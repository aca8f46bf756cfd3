"""All members of a rank-1 late phase in one pass, without writing any of their matrices down."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from toolkit import _expect
from toolkit.latephase.members import LatePhase
from toolkit.latephase.parts import Rank1
from toolkit.space import WeightSpace

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@torch.no_grad()
def batch_ensemble(space: WeightSpace, late: LatePhase, x: Tensor) -> Tensor:
    """Run all K members at once by the BatchEnsemble trick: (W o u v^T) x = u o (W (v o x)).

    The batch is repeated K times; every layer multiplies the copy of member k by v_k before and by u_k after its own,
    shared matrix. The result is that of `space.logits(late.members, x)`, to rounding.

    Args:
        space: the weight space.
        late: members with rank-1 weights.
        x: inputs [B, ...].

    Returns:
        Logits [K, B, C].

    Raises:
        TypeError: if a matrix belongs to another layer than a linear map or a convolution, to two layers, or to one
            that the network does not call, or the first axis of what a layer gets is not the batch.
        ValueError: if the members' weights are not of rank 1, or the network has BatchNorm, whose statistics would have
            to differ between members.

    Example:
        >>> from toolkit import models
        >>> space = WeightSpace(models.mlp(64, 32, 10))
        >>> late = LatePhase(space, space.init(0), "rank1", members=3)
        >>> x = torch.rand(5, 64)
        >>> torch.allclose(batch_ensemble(space, late, x), space.logits(late.members, x), atol=1e-6)
        True

    Source: Wen, Tran, Ba 2020, "BatchEnsemble".
    """
    if not isinstance(late.part, Rank1):
        raise ValueError(f"late must have rank-1 weights, got {type(late.part).__name__}.")
    _expect.tensor("x", x)
    module = space.module(late.leaves()[0].detach()).to(x.device)
    if any(isinstance(layer, _BatchNorm) for layer in module.modules()):
        raise ValueError("batch_ensemble needs a network without BatchNorm, whose statistics differ between members.")
    if len(dict(module.named_parameters(remove_duplicate=False))) > len(space.layout):
        raise TypeError("batch_ensemble needs a matrix for every layer, and this network has layers that share one.")
    called: set[str] = set()
    matrices = list(zip(*(late.part.vectors(phi) for phi in late.own), strict=True))
    for same in matrices:  # one matrix, and the u and v of each member
        name = same[0][0].name
        layer = module.get_submodule(name.rpartition(".")[0])
        if not isinstance(layer, _LAYERS) or getattr(layer, "groups", 1) > 1:
            raise TypeError(f"batch_ensemble knows linear layers and convolutions, and {name!r} belongs to neither.")
        layer.register_forward_pre_hook(
            lambda layer, inputs, name=name: _check_batch(inputs[0], late.count * len(x), name)
        )
        _wrap(layer, torch.stack([u for _, u, _ in same]), torch.stack([v for _, _, v in same]))
        layer.register_forward_hook(lambda layer, inputs, y, name=name: called.add(name))
    logits = module(x.repeat(late.count, *[1] * (x.dim() - 1))).unflatten(0, (late.count, len(x)))
    if idle := [same[0][0].name for same in matrices if same[0][0].name not in called]:
        raise TypeError(f"batch_ensemble follows the calls of layers, and the one of {idle[0]!r} is never called.")
    return logits


def _check_batch(x: Tensor, size: int, name: str) -> None:
    if len(x) != size:
        raise TypeError(
            f"batch_ensemble needs the batch, {size} examples, along the first axis of what a layer gets, and "
            f"{name!r} got shape {list(x.shape)}."
        )


def _wrap(layer: nn.Module, u: Tensor, v: Tensor) -> None:
    """Let a layer multiply its inputs by v [K, in] and its outputs, but for the bias, by u [K, out]."""
    bias, layer.bias = layer.bias, None
    axis = -1 if isinstance(layer, nn.Linear) else 1

    def times(x: Tensor, vectors: Tensor) -> Tensor:
        return (x.unflatten(0, (len(vectors), -1)) * _along(vectors, x, axis).unsqueeze(1)).flatten(0, 1)

    def after(layer: nn.Module, inputs: tuple[Tensor, ...], y: Tensor) -> Tensor:
        y = times(y, u)
        return y if bias is None else y + _along(bias[None], y, axis)

    layer.register_forward_pre_hook(lambda layer, inputs: (times(inputs[0], v),))
    layer.register_forward_hook(after)


def _along(vectors: Tensor, x: Tensor, axis: int) -> Tensor:
    """View vectors [K, n] so that n lies along one axis of x, and K along the first."""
    shape = [1] * x.dim()
    shape[axis] = vectors.shape[1]
    shape[0] = len(vectors)
    return vectors.view(shape)
