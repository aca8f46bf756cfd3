"""Which weights the members of a late phase have to themselves, and how these make a whole network.

A part splits theta into shared numbers and the numbers phi that every member gets a copy of. From both it makes the
weights w(shared, phi), and of a gradient g at w it gives both their share, by the chain rule.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from toolkit.layout import Slot
from toolkit.space import WeightSpace

KINDS = ("batchnorm", "last_layer", "full", "rank1", "hypernetwork")


class Part:
    """A way to split a network into shared numbers and a member's own.

    Attributes:
        sizes: how many numbers each tensor in phi has, one after another; noise is scaled tensor by tensor.
    """

    sizes: list[int]

    def split(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Return shared numbers and phi [P] of the network theta [D]."""
        raise NotImplementedError

    def weights(self, shared: Tensor, phi: Tensor) -> Tensor:
        """Return the weights [D] of the member with phi [P]."""
        raise NotImplementedError

    def share(self, shared: Tensor, phi: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of `shared` and of phi, where g [D] is the gradient of the weights."""
        raise NotImplementedError


class Replicated(Part):
    """The member's weights stand in the places that are late, the shared ones everywhere else."""

    def __init__(self, layout: list[Slot], names: set[str]):
        """Make the tensors in `names` late."""
        places = [(slot.name in names, torch.arange(slot.start, slot.stop)) for slot in layout]
        self.sizes = [len(where) for late, where in places if late]
        empty = torch.arange(0)
        self._late = torch.cat([empty, *(where for late, where in places if late)])
        self._shared = torch.cat([empty, *(where for late, where in places if not late)])

    def split(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Cut theta into the shared weights and the late ones."""
        self._late, self._shared = self._late.to(theta.device), self._shared.to(theta.device)
        return theta[self._shared], theta[self._late]

    def weights(self, shared: Tensor, phi: Tensor) -> Tensor:
        """Put both back into their places."""
        w = phi.new_empty(len(shared) + len(phi))
        return w.index_copy_(0, self._shared, shared).index_copy_(0, self._late, phi)

    def share(self, shared: Tensor, phi: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        """Cut the gradient as theta was cut."""
        return g.index_select(0, self._shared), g.index_select(0, self._late)


class Rank1(Part):
    """Every matrix is W = Theta o (u v^T) with the member's own vectors u and v, ones at the start.

    u has a number for each output and v one for each input of the layer; for a convolution all pixels of a filter share
    them. Biases and norms are shared. (BatchEnsemble's form: Wen, Tran, Ba 2020.)
    """

    def __init__(self, layout: list[Slot]):
        """Give every tensor of two dimensions or more its two vectors."""
        self._matrices = [slot for slot in layout if len(slot.shape) > 1]
        self.sizes = [size for slot in self._matrices for size in slot.shape[:2]]

    def split(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Everything is shared; phi starts at one."""
        return theta.clone(), theta.new_ones(sum(self.sizes))

    def weights(self, shared: Tensor, phi: Tensor) -> Tensor:
        """Multiply every matrix by its u v^T."""
        w = shared.clone()
        for slot, u, v in self.vectors(phi):
            _matrix(w, slot).mul_(u[:, None, None]).mul_(v[:, None])
        return w

    def share(self, shared: Tensor, phi: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        """Give Theta g o (u v^T), u the row sums of (g o Theta) v^T and v the column sums of u (g o Theta)."""
        to_shared, to_phi = g.clone(), []
        for slot, u, v in self.vectors(phi):
            both = (_matrix(g, slot) * _matrix(shared, slot)).sum(2)  # [out, in]
            to_phi += [both @ v, u @ both]
            _matrix(to_shared, slot).mul_(u[:, None, None]).mul_(v[:, None])
        return to_shared, torch.cat(to_phi)

    def vectors(self, phi: Tensor) -> list[tuple[Slot, Tensor, Tensor]]:
        """List the matrices with their u [out] and v [in]."""
        pieces = phi.split(self.sizes)
        return list(zip(self._matrices, pieces[::2], pieces[1::2], strict=True))


class Hypernetwork(Part):
    """Layers of one shape mix the same templates: W_l = sum_j phi_lj T_j with the member's own numbers phi.

    The templates lie where the layers lay, and phi starts at the identity: at first each layer is its own template.
    (Linear in phi; the paper follows Savarese and Maire 2019, whose banks have fewer templates than layers.)
    """

    def __init__(self, layout: list[Slot]):
        """Find the matrices that share their shape with another."""
        by_shape: dict[torch.Size, list[Slot]] = {}
        for slot in layout:
            if len(slot.shape) > 1:
                by_shape.setdefault(slot.shape, []).append(slot)
        self._banks = [bank for bank in by_shape.values() if len(bank) > 1]
        self.sizes = [len(bank) for bank in self._banks for _ in bank]

    def split(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Everything is shared; phi starts at the identity."""
        ones = [torch.eye(len(bank), dtype=theta.dtype, device=theta.device).flatten() for bank in self._banks]
        return theta.clone(), torch.cat(ones)

    def weights(self, shared: Tensor, phi: Tensor) -> Tensor:
        """Mix the templates of each bank."""
        w = shared.clone()
        for bank, mix in self._mixes(phi):
            _put(w, bank, mix @ _stack(shared, bank))
        return w

    def share(self, shared: Tensor, phi: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        """Give T_j sum_l phi_lj g_l, and phi_lj the inner product of g_l and T_j."""
        to_shared, to_phi = g.clone(), []
        for bank, mix in self._mixes(phi):
            rows = _stack(g, bank)
            _put(to_shared, bank, mix.T @ rows)
            to_phi.append((rows @ _stack(shared, bank).T).flatten())
        return to_shared, torch.cat(to_phi)

    def _mixes(self, phi: Tensor) -> list[tuple[list[Slot], Tensor]]:
        pieces = phi.split([len(bank) ** 2 for bank in self._banks])
        return [(bank, piece.view(len(bank), -1)) for bank, piece in zip(self._banks, pieces, strict=True)]


def part_of(space: WeightSpace, which: str | Sequence[str]) -> Part:
    """Find the weights that a name stands for in a network.

    Args:
        space: the weight space.
        which: `"batchnorm"`, `"last_layer"` (the last one in the module's order), `"full"`, `"rank1"`,
            `"hypernetwork"`, the name of a layer or tensor; or several of these, without the last two kinds.

    Returns:
        A `Part`.

    Raises:
        TypeError: if `which` is neither a name nor several names.
        ValueError: if the network has nothing of that name or kind, or kinds cannot go together.

    Example:
        >>> from toolkit import models
        >>> part_of(WeightSpace(models.cnn()), ["batchnorm", "last_layer"]).sizes
        [16, 16, 32, 32, 32, 32, 320, 10]
    """
    whole = {"rank1": Rank1, "hypernetwork": Hypernetwork}
    if isinstance(which, str) and which in whole:
        part = whole[which](space.layout)
        if not part.sizes:
            missing = "matrices" if which == "rank1" else "two layers of one shape"
            raise ValueError(f"which={which!r} needs a network with {missing}, and this one has none.")
        return part
    if not isinstance(which, str | Sequence) or not which or not all(isinstance(one, str) for one in which):
        raise TypeError(f"which must be a name or several names, got {which!r}.")
    names: set[str] = set()
    for one in [which] if isinstance(which, str) else which:
        if one in whole:
            raise ValueError(f"which={one!r} must stand alone, got {which!r}.")
        names |= _names(space, one)
    return Replicated(space.layout, names)


def _names(space: WeightSpace, which: str) -> set[str]:
    """Names of the tensors that a kind, a layer's name or a tensor's name stands for."""
    layer_of = {slot.name: slot.name.rpartition(".")[0] for slot in space.layout}
    if which == "full":
        return set(layer_of)
    if which == "batchnorm":
        layers = {
            name
            for name, layer in space.module(torch.zeros(space.size)).named_modules()
            if isinstance(layer, _BatchNorm)
        }
    elif which == "last_layer":
        layers = set([layer_of[slot.name] for slot in space.layout if len(slot.shape) > 1][-1:])
    else:
        layers = {which}
    found = {own for name, own in space.names.items() if name in layers or name.rpartition(".")[0] in layers}
    if not found and which in KINDS:
        raise ValueError(f"which={which!r} needs a network with such layers, and this one has none.")
    if not found:
        known = ", ".join(map(repr, [*KINDS, *dict.fromkeys(layer_of.values())]))
        raise ValueError(f"which must name weights of this network ({known}, or single tensors), got {which!r}.")
    return found


def _matrix(theta: Tensor, slot: Slot) -> Tensor:
    """A view [out, in, pixels] of one tensor in theta."""
    return theta[slot.start : slot.stop].view(*slot.shape[:2], -1)


def _stack(theta: Tensor, bank: list[Slot]) -> Tensor:
    return torch.stack([theta[slot.start : slot.stop] for slot in bank])


def _put(theta: Tensor, bank: list[Slot], rows: Tensor) -> None:
    for slot, row in zip(bank, rows, strict=True):
        theta[slot.start : slot.stop] = row
