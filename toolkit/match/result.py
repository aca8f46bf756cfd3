"""What every matcher returns, and the assignment that most of them end in."""

from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from toolkit import _expect
from toolkit.device import device
from toolkit.symmetry import Permutations, Symmetry


@dataclass(frozen=True)
class Match:
    """What a matcher found.

    Attributes:
        perms: permutations to apply to B.
        objective: per group what was maximised, for the match that was found; empty for a matcher that goes by the
            loss, which stands in `history`.
        dead: per group two masks [n], of the units of A and of B that never change on the data, so that their partners
            are arbitrary; empty for a matcher that sees no data.
        score: per group the matrix [n, n] whose entry (i, j) says how well unit j of B fits unit i of A; empty where
            there is none.
        history: for a matcher that takes steps, the total objective (or the training loss) at the start and after each
            accepted step.
    """

    perms: Permutations
    objective: dict[str, float]
    dead: dict[str, tuple[Tensor, Tensor]]
    score: dict[str, Tensor]
    history: tuple[float, ...] = ()


def assign(score: Tensor) -> Tensor:
    """Return the permutation p [n] that maximises sum_i score[i, p[i]] (the Hungarian method).

    Args:
        score: [n, n].

    Returns:
        Index vector p, on `toolkit.device()`.

    Raises:
        ValueError: if `score` is not square or not finite.

    Example:
        >>> assign(torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 1.0], [1.0, 1.0, 0.0]])).tolist()
        [1, 0, 2]
    """
    _expect.tensor("score", score)
    if score.dim() != 2 or score.shape[0] != score.shape[1]:
        raise ValueError(f"score must be a square matrix, got shape {list(score.shape)}.")
    return torch.as_tensor(linear_sum_assignment(score.cpu().numpy(), maximize=True)[1], device=device())


def check_networks(symmetry: Symmetry, a: Tensor, b: Tensor) -> None:
    """Complain unless both are points of the space."""
    for name, theta in [("a", a), ("b", b)]:
        if list(_expect.tensor(name, theta).shape) != [symmetry.space.size]:
            raise ValueError(f"{name} must be a network [{symmetry.space.size}], got shape {list(theta.shape)}.")


def check_units(symmetry: Symmetry) -> None:
    """Complain if there is nothing to match."""
    if not symmetry.groups:
        raise ValueError("symmetry must have units that can be renumbered, got a network without any.")
