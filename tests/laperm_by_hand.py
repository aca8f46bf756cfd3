"""Training by reconnecting as the paper writes it, and a plain torch loop, for the tests of LaPerm and Reconnect."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop
from zoo import ZOO

from toolkit import WeightSpace, data
from toolkit.reconnect import rows, sync

OPTIMIZERS = {
    "SGD": lambda p: SGD(p, 0.05, momentum=0.9),
    "Adam": lambda p: Adam(p, 0.01),
    "AdamW": lambda p: AdamW(p, 0.01),
    "RMSprop": lambda p: RMSprop(p, 0.003),
}
DIGITS = data.load("digits")


def network(name: str = "mlp", seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ZOO[name]()


def lose(net: nn.Module, step: int) -> Tensor:
    first = 40 * step % 960
    x = DIGITS.train_x[first : first + 40].to(next(net.parameters()).dtype)
    return cross_entropy(net(x), DIGITS.train_y[first : first + 40])


def train(net: nn.Module, optimizer: Optimizer, steps: range) -> None:
    for step in steps:
        optimizer.zero_grad()
        lose(net, step).backward()
        optimizer.step()


def weights(net: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in net.parameters()]


def values(w: Tensor) -> Tensor:
    return rows(w).sort(dim=1).values


def by_hand(net: nn.Module, optimizer: Optimizer, period: int, steps: int, vectors: bool = False) -> list[bool]:
    """The algorithm as the paper writes it: double argsort, row by row; returns which steps ended synchronised."""
    begun, ended = [values(w) for w in weights(net)], []
    for step in range(steps):
        train(net, optimizer, range(step, step + 1))
        ended.append((step + 1) % period == 0)
        if ended[-1]:
            for p, kept in zip(net.parameters(), begun, strict=True):
                if p.dim() > 1 or vectors:
                    for row, its in zip(rows(p.detach()), kept, strict=True):
                        row.copy_(its[row.argsort(stable=True).argsort()])
    return ended


def put_back(space: WeightSpace, before: Tensor, theta: Tensor, vectors: bool | None = False) -> Tensor:
    """Synchronise theta as a whole: what `Reconnect` would leave."""
    theta = theta.clone()
    old, new = space.unflatten(before), space.unflatten(theta)
    for name, w in new.items():
        if w.dim() > 1 or vectors:
            w.copy_(sync(rows(w), values(old[name])).view_as(w))
    return theta
