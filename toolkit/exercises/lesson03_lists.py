"""Lists of tensors as arguments of an exercise: they can be compared and printed."""

import torch

from toolkit.exercises.compare import show


class Tensors(list):
    """A list of tensors, or of tuples of tensors.

    A check compares arguments before and after a call, and prints them; a plain list of tensors can do neither well.

    Example:
        >>> one = Tensors([(torch.zeros(9, 9), torch.ones(2))])
        >>> one, one == Tensors([(torch.zeros(9, 9), torch.zeros(2))])
        ([(a tensor of shape [9, 9], [1, 1])], False)
    """

    __hash__ = None

    def __eq__(self, other):
        """Compare entry by entry."""
        return _equal(self, other)

    def __ne__(self, other):
        """Differ in some entry."""
        return not self == other

    def __repr__(self):
        """Write entries as everywhere in the exercises: short ones in full, long ones by their shape."""
        return f"[{', '.join(map(_written, self))}]"


def _equal(one, other):
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    return isinstance(other, list | tuple) and len(one) == len(other) and all(map(_equal, one, other))


def _written(entry):
    return f"({', '.join(map(show, entry))})" if isinstance(entry, tuple) else show(entry)
