"""Rows of weights, and the one operation of the method: put a row's own values in the order its weights now have."""

import torch
from torch import Tensor

from toolkit import _expect


def rows(w: Tensor) -> Tensor:
    """Return the weights of a layer with one row for each output unit: [out, in ...] becomes [out, in x ...].

    A linear layer's matrix stays as it is, a filter of a convolution becomes one row, and a vector (biases, norms) or a
    single number is a single row.

    Args:
        w: weights of a layer.

    Returns:
        A view [rows, values].

    Raises:
        TypeError: if `w` is no tensor of floating-point numbers.
        ValueError: if it is empty.

    Example:
        >>> rows(torch.zeros(16, 3, 5, 5)).shape
        torch.Size([16, 75])
    """
    if not isinstance(w, Tensor) or not w.is_floating_point():
        raise TypeError(f"w must be a tensor of floating-point numbers, got {getattr(w, 'dtype', type(w).__name__)}.")
    if not w.numel():
        raise ValueError(f"w must hold the weights of a layer, got shape {list(w.shape)}.")
    return w.reshape(len(w), -1) if w.dim() > 1 else w.reshape(1, -1)


@torch.no_grad()
def sync(theta: Tensor, sorted_rows: Tensor) -> Tensor:
    """Give every row its own values back, in the order its weights now have.

    The smallest weight of a row gets the smallest value, the next one the next, and so on: of all arrangements of the
    values this is the nearest to theta (the rearrangement inequality). Equal weights keep their order.

    Args:
        theta: weights [..., rows, n].
        sorted_rows: the values of each row in ascending order, same shape.

    Returns:
        The synchronised weights, same shape.

    Raises:
        TypeError: if an argument is no tensor of floating-point numbers.
        ValueError: if the shapes differ, theta holds NaN or infinite numbers, or a row of values is not sorted.

    Example:
        >>> sync(torch.tensor([[0.3, -1.0, 9.0]]), torch.tensor([[1.0, 2.0, 3.0]]))
        tensor([[2., 1., 3.]])

    Source: Qiu and Suda 2020, algorithm 1.
    """
    _expect.tensor("theta", theta)
    _expect.tensor("sorted_rows", sorted_rows)
    if theta.shape != sorted_rows.shape or theta.dim() < 2:
        raise ValueError(
            f"theta and sorted_rows must have one shape [..., rows, n], got {list(theta.shape)} and "
            f"{list(sorted_rows.shape)}."
        )
    if (sorted_rows.diff(dim=-1) < 0).any():
        raise ValueError("sorted_rows must be in ascending order along the last dimension, got rows that are not.")
    return arranged(theta, sorted_rows)


def arranged(theta: Tensor, sorted_rows: Tensor) -> Tensor:
    """`sync` without its checks: one sort and one scatter for all rows."""
    return torch.empty_like(sorted_rows).scatter_(-1, _order(theta.detach()), sorted_rows)


def _order(w: Tensor) -> Tensor:
    """The stable argsort of each row; on a CPU by sorting whole numbers, which is several times as fast.

    The bits of a float, read as a whole number, are in the order of the floats if those of negative ones are turned
    round. With the place in the lower half of a longer number, no two are equal, and equal floats keep their order.
    """
    if w.dtype != torch.float32 or w.device.type != "cpu":
        return w.argsort(dim=-1, stable=True)
    bits = (w + 0.0).contiguous().view(torch.int32)  # + 0.0 makes -0 a 0
    bits = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    keys = (bits.long() << 32) | torch.arange(w.shape[-1])
    keys.numpy().sort(axis=-1)
    return keys & 0xFFFFFFFF
