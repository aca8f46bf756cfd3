"""Permutations that have not made up their mind: doubly stochastic matrices, whose rows and columns sum to 1.

A permutation p is the matrix with a 1 at (i, p[i]). In between, a unit of the new layer is a mixture of old units, and
the function does change: only the corners of the set, the permutations, leave it alone.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from toolkit.match.result import assign
from toolkit.symmetry import Symmetry

Matrices = dict[str, Tensor]


def matrix(perm: Tensor) -> Tensor:
    """Return the matrix [n, n] of a permutation [n].

    Example:
        >>> matrix(torch.tensor([1, 0]))
        tensor([[0., 1.],
                [1., 0.]])
    """
    return torch.eye(len(perm), device=perm.device)[perm]


def mix(symmetry: Symmetry, theta: Tensor, matrices: Mapping[str, Tensor]) -> Tensor:
    """Mix the units of a network: new unit i is sum_j M[i, j] times old unit j.

    With the matrices of permutations it does what `symmetry.apply` does.

    Args:
        symmetry: from `trace`.
        theta: the network [D].
        matrices: per group a matrix [n, n].

    Returns:
        The mixed network [D], differentiable in the matrices.
    """
    mixed = []
    for name, tensor in symmetry.space.unflatten(theta).items():
        for axis, segments in symmetry.axes.get(name, {}).items():
            pieces = tensor.movedim(axis, 0).split([size * block for _, size, block in segments])
            pieces = [
                torch.tensordot(matrices[group].to(piece), piece.unflatten(0, (size, block)), 1).flatten(0, 1)
                if group
                else piece
                for piece, (group, size, block) in zip(pieces, segments, strict=True)
            ]
            tensor = torch.cat(pieces).movedim(0, axis)
        mixed.append(tensor.reshape(-1))
    return torch.cat(mixed)


def project(values: Tensor, sweeps: int = 20) -> Tensor:
    """Return a doubly stochastic matrix near `values` [n, n].

    Each sweep drops what is negative, M <- max(M, 0), and takes off what rows and columns have too much:
    M <- M - (r 1^T + 1 c^T) / n + (sum(M) - n) / n^2, with r and c the row and column sums minus 1.

    Source: Tatro et al. 2020, as their code does it.

    Example:
        >>> project(torch.tensor([[3.0, 0.0], [0.0, 1.0]])).round().abs()
        tensor([[1., 0.],
                [0., 1.]])
    """
    n = len(values)
    for _ in range(sweeps):
        values = values.clamp(min=0)
        rows, columns = values.sum(1, keepdim=True) - 1, values.sum(0, keepdim=True) - 1
        values = values - (rows + columns) / n + (values.sum() - n) / n**2
    return values


def sinkhorn(logits: Tensor, sweeps: int = 20) -> Tensor:
    """Return the doubly stochastic matrix that comes of exp(logits) by dividing rows and columns by their sums in turn.

    Small differences in `logits` [n, n] give a matrix that is nearly flat; divided by a small temperature, nearly a
    permutation.

    Source: Sinkhorn and Knopp 1967.

    Example:
        >>> sinkhorn(torch.tensor([[9.0, 0.0], [0.0, 9.0]]) / 0.1).round()
        tensor([[1., 0.],
                [0., 1.]])
    """
    for _ in range(sweeps):
        logits = logits - logits.logsumexp(1, keepdim=True)
        logits = logits - logits.logsumexp(0, keepdim=True)
    return logits.exp()


def birkhoff(values: Tensor, terms: int = 11) -> list[tuple[float, Tensor]]:
    """Write a doubly stochastic matrix as a weighted mean of permutations, the first few of them.

    Every such matrix is one (Birkhoff). Again and again the permutation whose entries are largest is taken out, with
    its smallest entry as weight, until nothing is left or `terms` are found.

    Args:
        values: [n, n].
        terms: how many permutations at most.

    Returns:
        Weights and permutations [n]; the weights sum to at most 1.

    Example:
        >>> [(round(weight, 2), perm.tolist()) for weight, perm in birkhoff(torch.tensor([[0.7, 0.3], [0.3, 0.7]]))]
        [(0.7, [0, 1]), (0.3, [1, 0])]
    """
    left, found = values.detach().cpu().double().clamp(min=0), []
    rows = torch.arange(len(left))
    for _ in range(terms):
        perm = assign(torch.where(left > 1e-9, left, -len(left))).cpu()  # what is used up is the last resort
        weight = left[rows, perm].min().item()
        if weight <= 1e-9:
            break
        found.append((weight, perm))
        left[rows, perm] -= weight
    return found
