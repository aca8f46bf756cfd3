"""Late-phase training written out once more: autograd instead of the chain rule, and an optimiser for each part."""

import torch
from torch.nn.functional import cross_entropy
from zoo import ZOO

from toolkit import WeightSpace, models
from toolkit.batches import generator
from toolkit.latephase import part_of

LR = 0.05
BRIEF = {"epochs": 3, "batch_size": 16}  # of 100 examples: 6 steps an epoch, 18 in all
KINDS = ["batchnorm", ("batchnorm", "last_layer"), "fc2.weight", "full", "rank1", "hypernetwork"]


ALIKE = {  # networks with several layers of one shape, as a hypernetwork needs
    "two banks": lambda: models.mlp(64, 6, 6, 6, 6, 5, 5, 5, 10),
    "resnet": lambda: models.resnet(width=2),
}


def unfused(leaves, lr):
    """SGD that rounds a number the same way wherever it lies."""
    return torch.optim.SGD(leaves, lr, momentum=0.9, weight_decay=1e-3, foreach=False)


class Watching(torch.optim.SGD):
    """An optimiser that notes which leaves hold a gradient, and which have moved."""

    def __init__(self, leaves, lr):
        super().__init__(leaves, lr, momentum=0.9, weight_decay=0.01)
        self.given, self.moved = [], []
        Watching.last = self

    def step(self):
        leaves = self.param_groups[0]["params"]
        before = [leaf.detach().clone() for leaf in leaves]
        self.given.append([i for i, leaf in enumerate(leaves) if leaf.grad is not None])
        super().step()
        self.moved.append([i for i, leaf in enumerate(leaves) if not torch.equal(leaf, before[i])])


class ByHand:
    """The members of a perceptron with BatchNorm, whose weights autograd can follow, and their training."""

    def __init__(self, space, which):
        self.space, self.which = space, which
        names = {which} if "." in which else set()
        for kind in [which] if isinstance(which, str) else which:
            start = {"batchnorm": "bn", "last_layer": "fc4", "full": ""}.get(kind, "none")
            names |= {slot.name for slot in space.layout if slot.name.startswith(start)}
        self.late = [slot for slot in space.layout if slot.name in names]

    def split(self, theta):
        if self.which == "rank1":
            return theta, torch.ones(sum(sum(s.shape) for s in self.space.layout if len(s.shape) > 1)).double()
        if self.which == "hypernetwork":
            return theta, torch.eye(2).double().flatten()
        return theta, torch.cat([theta[slot.start : slot.stop] for slot in self.late])

    def sizes(self):
        if self.which == "rank1":
            return [size for slot in self.space.layout if len(slot.shape) > 1 for size in slot.shape]
        return [2, 2] if self.which == "hypernetwork" else [slot.stop - slot.start for slot in self.late]

    def weights(self, shared, phi):
        w, pieces = dict(self.space.unflatten(shared)), iter(phi.split(self.sizes()))
        if self.which == "rank1":
            w = {name: torch.outer(next(pieces), next(pieces)) * x if x.dim() > 1 else x for name, x in w.items()}
        elif self.which == "hypernetwork":
            one, two = w["fc2.weight"], w["fc3.weight"]
            w |= {name: a * one + b * two for (a, b), name in zip(pieces, ["fc2.weight", "fc3.weight"], strict=True)}
        else:
            w |= {slot.name: next(pieces).view(slot.shape) for slot in self.late}
        return torch.cat([w[slot.name].flatten() for slot in self.space.layout])

    def train(self, shared, phis, batches, release, gamma, noise, factor, l2=0.0):
        """Members [K, D] after these batches; until the release all members take the steps of the first."""
        dice, k = generator(0, stream=1), len(phis)
        shared, phis = shared.clone().requires_grad_(), [phi.clone().requires_grad_() for phi in phis]
        optimizers = [unfused([leaf], LR) for leaf in (shared, *phis)]
        for step, (x, y) in enumerate(batches):
            if step == release:
                for phi in phis:
                    for piece in phi.detach().split(self.sizes()) if noise else []:
                        rms = piece.square().mean().sqrt()
                        piece += noise * rms * torch.randn(len(piece), generator=dice, dtype=piece.dtype)
            turn = (step - release) % k if step >= release else 0
            for optimizer in optimizers:
                optimizer.param_groups[0]["lr"] = LR * factor(step / len(batches))
            w = self.weights(shared, phis[turn])
            loss = cross_entropy(torch.func.functional_call(*self.network(w), (x,)), y) + l2 / 2 * w.square().sum()
            to_shared, to_phi = torch.autograd.grad(loss, [shared, phis[turn]], allow_unused=True)
            to_shared = torch.zeros_like(shared) if to_shared is None else to_shared
            if turn == 0:
                shared.grad = torch.zeros_like(shared)
            shared.grad += to_shared if step < release else gamma * to_shared
            for i in range(k) if step < release else [turn]:
                phis[i].grad = to_phi
                optimizers[1 + i].step()
            if step < release or turn == k - 1:
                optimizers[0].step()
        return torch.stack([self.weights(shared, phi).detach() for phi in phis])

    def network(self, w):
        return self.space.module(w.detach()).train(), self.space.unflatten(w)


def made(name, kind):
    """A network in double precision, its late part, shared numbers and a phi that are those of no network."""
    space = WeightSpace((ZOO | ALIKE)[name]().double())
    if kind == "stage2block1":
        kind = [slot.name for slot in space.layout if slot.name.startswith(kind)]
    part = part_of(space, kind)
    shared, phi = part.split(space.init(0))
    dice = torch.Generator().manual_seed(3)
    noise = [torch.randn(len(x), generator=dice, dtype=x.dtype) for x in (shared, phi)]
    return space, part, shared + 0.3 * noise[0], phi + 0.3 * noise[1]
