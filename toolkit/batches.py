"""Which examples a step sees: shuffled by random sources of their own, one for each purpose."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.data import Dataset


class Batches:
    """Which examples each step sees: shuffled anew every epoch, by a generator of its own per network."""

    def __init__(self, n: int, batch_size: int, networks: int | None, seed, fork):
        """Plan for n examples; `networks`, `seed` and `fork` are those of `fit`, None for a single network."""
        self.n, self.size, self.networks = n, min(batch_size, n), networks
        count = networks or 1
        self.seeds = list(seed) if networks and isinstance(seed, Iterable) else [seed] * count
        for one in self.seeds:
            _expect.count("seed", one, least=0)
        if len(self.seeds) != count:
            raise ValueError(f"seed must be one number, or one for each of {count} networks, got {len(self.seeds)}.")
        self.orders = [generator(one, stream=0) for one in self.seeds]
        self.forks = []
        if not isinstance(fork, Sequence | None):
            raise ValueError(f"fork must hold pairs (step, seed), got {fork!r}.")
        for pair in fork or []:
            if not isinstance(pair, Sequence) or len(pair) != 2:
                raise ValueError(f"fork must hold pairs (step, seed), got {pair!r}.")
            step, other = _expect.count("fork's step", pair[0], least=0), pair[1]
            self.forks.append((step, generator(other, stream=0)))
        if fork is not None and len(self.forks) != (networks or 0):
            raise ValueError(f"fork must give a step and a seed for each of {networks or 0} networks, got {len(fork)}.")

    @property
    def per_epoch(self) -> int:
        """Steps in an epoch."""
        return self.n // self.size

    def epoch(self, epoch: int, epochs: int) -> Iterator[tuple[float, Tensor]]:
        """Yield the fraction of training done and the examples [B] or [N, B] of each step of an epoch (from 1)."""
        per_epoch = self.per_epoch
        first = (epoch - 1) * per_epoch
        rows = [self._shuffled(order, per_epoch) for order in self.orders]
        for row, (step, order) in zip(rows, self.forks, strict=False):
            other = self._shuffled(order, per_epoch)
            since = max(0, step - first)
            row[since:] = other[since:]
        index = torch.stack(rows, dim=1) if self.networks else rows[0]
        for i in range(per_epoch):
            yield (first + i) / (per_epoch * epochs), index[i]

    def _shuffled(self, order: torch.Generator, per_epoch: int) -> Tensor:
        return torch.randperm(self.n, generator=order)[: per_epoch * self.size].view(per_epoch, self.size)


def generator(seed: int, stream: int) -> torch.Generator:
    """A random source for one purpose: the same seed gives unrelated numbers in another stream."""
    pair, which = divmod(stream, 2)
    number = _expect.count("seed", seed, least=0) * 2 + which + 1_000_003
    return torch.Generator().manual_seed(number + pair * 2**31)  # a generator looks at 32 bits only


def rows(values: Tensor, index: Tensor) -> Tensor:
    """Return values[index], for index [B] or [N, B]; `index_select` copies whole rows and is faster."""
    rows = values.index_select(0, index.flatten().to(values.device))
    return rows.view(*index.shape, *values.shape[1:])


def endless(dataset: Dataset, batch_size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield training batches for ever, shuffled anew each time all have been seen."""
    size = min(_expect.count("batch_size", batch_size), len(dataset.train_x))
    order = torch.Generator().manual_seed(_expect.count("seed", seed, least=0))
    while True:
        for index in torch.randperm(len(dataset.train_x), generator=order).split(size):
            if len(index) == size:
                yield dataset.train_x[index], dataset.train_y[index]
