"""How a module is run at a point of its weight space, fast.

The module's parameters are views of one flat vector, their gradients views of another. Running at theta is then one
copy into the vector, and the module's own forward and backward; the gradient comes out as one vector.
"""

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from toolkit import _expect
from toolkit.device import device, seeded
from toolkit.replay import written_down

Stats = dict[str, Tensor]
Losses = tuple[Tensor, Tensor]

# Layers whose training steps are faster for many networks at once on a CPU. Convolutions are not among them:
# stacked, they become grouped convolutions, which a CPU runs slower than one network after another.
_STACKING = (nn.Linear, nn.LayerNorm, nn.Embedding)
# Stacked, BatchNorm runs over the units of all networks in one row. Only where each has whole vectors of it do two
# networks that are alike stay alike to the last bit.
_UNITS_IN_A_VECTOR = 32
_NUMBERS_AT_ONCE = 2**17


class Engine:
    """A private copy of a module that can be put anywhere in its weight space.

    BatchNorm is explicit here: the copy's layers never keep running statistics of their own. Training uses those of
    the batch; evaluation uses the `stats` it is given.

    Attributes:
        stacks: whether training steps of N networks are run together (`vmap`) or one after another.
    """

    def __init__(self, module: nn.Module):
        """Copy `module` to the device and lay its parameters out in one vector."""
        self.module = copy.deepcopy(module).to(device()).eval()
        self.norms = {name: m for name, m in self.module.named_modules() if _keeps_statistics(m)}
        self.own_stats = self._take_statistics()
        self._share_memory()
        self._replays: dict[tuple, Callable] = {}
        weighted = [m for m in self.module.modules() if any(True for _ in m.parameters(recurse=False))]
        self.stacks = device().type != "cpu" or all(_stacks(m) for m in weighted)

    def logits(self, theta: Tensor, weights: dict[str, Tensor], x: Tensor, stats: Stats | None) -> Tensor:
        """Logits [B, C] at theta [D], whose named views are `weights`."""
        stats, parts = self.complete(stats), _parts(x)
        self._mode(train=False)
        if torch.is_grad_enabled() and (theta.requires_grad or x.requires_grad):
            with _understandable(x):
                return functional_call(self.module, {**weights, **stats}, (x,))
        with torch.no_grad(), _understandable(x):
            self._weights.copy_(theta)
            self._put_statistics(stats)
            return torch.cat([self.module(part) for part in parts])

    @torch.no_grad()
    def refresh(self, theta: Tensor, x: Tensor) -> Stats:
        """BatchNorm statistics at theta [D]: averages over the parts of x, each weighted by its size."""
        if not self.norms:
            return {}
        self._mode(train=False)
        self._weights.copy_(theta)
        stats = {name: theta.new_zeros(self.module.get_buffer(name).shape) for name in self.own_names()}
        self._put_statistics(stats)
        seen = 0
        try:
            for part in _parts(x):
                seen += len(part)
                for norm in self.norms.values():
                    norm.training, norm.track_running_stats, norm.momentum = True, True, len(part) / seen
                with _understandable(x):
                    self.module(part)
        finally:
            for norm in self.norms.values():
                norm.training, norm.track_running_stats = False, False
        return stats

    def gradient(self, theta: Tensor, x: Tensor, y: Tensor, loss: Callable) -> Losses:
        """Training loss at theta [D] and its gradient [D], in memory that the next call overwrites."""
        self._mode(train=True)
        with torch.no_grad():
            self._weights.copy_(theta)
            self._gradient.zero_()
        value = self._loss(x, y, loss)
        value.backward()
        return value.detach(), self._gradient

    def input_gradient(self, theta: Tensor, x: Tensor, y: Tensor, loss: Callable, stats: Stats | None) -> Tensor:
        """Gradient of the loss at theta [D] with respect to the inputs x [B, ...]."""
        self._mode(train=stats is None)
        with torch.no_grad():
            self._weights.copy_(theta)
        if stats is not None:
            self._put_statistics(self.complete(stats))
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            return torch.autograd.grad(self._loss(x, y, loss), x)[0]

    def stacked_gradient(self, theta: Tensor, views: Callable, x: Tensor, y: Tensor, loss: Callable) -> Losses:
        """Training losses [N] and gradients [N, D] of N networks at theta [N, D], each on its own batch.

        With the usual loss the step is written down once, as the tensor operations it comes to, and replayed from then
        on: for many small networks the way there (`vmap`, autograd) costs more than the arithmetic. A loss of your own
        or a forward that draws from Python's `random` may change from step to step, and is gone through every time.

        Args:
            theta: [N, D].
            views: from theta [N, D] to named weights [N, ...].
            x: [N, B, ...].
            y: [N, B].
            loss: from logits and y of one network to a scalar.
        """

        def one(weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            return loss(functional_call(self.module, weights, (x,)), y)

        def all_of_them(theta: Tensor, x: Tensor, y: Tensor) -> Losses:
            g, values = vmap(grad_and_value(one), randomness="different")(views(theta), x, y)
            return values, torch.cat([part.flatten(1) for part in g.values()], dim=1)

        self._mode(train=True)
        key = (theta.shape, x.shape)
        with torch.no_grad():
            if loss is not cross_entropy:
                return all_of_them(theta, x, y)
            if key not in self._replays:
                dice = random.getstate()
                with seeded(0):  # writing the step down takes a step, dropout and all, that must leave no trace
                    replay = written_down(all_of_them, theta, x, y)
                # A forward that asks Python's dice which layers to use goes another way in every step.
                self._replays[key] = replay if random.getstate() == dice else all_of_them
                random.setstate(dice)
            return self._replays[key](theta, x, y)

    def _loss(self, x: Tensor, y: Tensor, loss: Callable) -> Tensor:
        """The loss of a batch at the weights that are in place."""
        with _understandable(x):
            logits = self.module(x)
        try:
            return loss(logits, y)
        except IndexError as error:
            odd = y[(y < 0) | (y >= logits.shape[-1])]
            if not len(odd):
                raise
            raise ValueError(f"y must hold classes from 0 to {logits.shape[-1] - 1}, got {int(odd[0])}.") from error

    def _mode(self, train: bool) -> None:
        if self.module.training != train:
            self.module.train(train)

    def complete(self, stats: Stats | None) -> Stats:
        """`stats` if they fit; left out, those the module came with; none for a network without BatchNorm."""
        if not self.norms:
            return {}
        stats = stats or self.own_stats
        if not stats:
            raise ValueError(
                "This network has BatchNorm layers whose statistics belong to theta: "
                "pass stats=space.refresh(theta, train_x)."
            )
        for name in self.own_names():
            if name not in stats:
                raise ValueError(
                    f"stats must hold {name!r} and the others that space.refresh returns, got {list(stats)}."
                )
            found = list(_expect.tensor(f"stats[{name!r}]", stats[name], floating=False).shape)
            if found != (units := list(self.module.get_buffer(name).shape)):
                raise ValueError(f"stats[{name!r}] must have shape {units}, got {found}.")
        return stats

    def own_names(self) -> list[str]:
        """Names of the statistics this network has."""
        return [f"{name}.{kind}" for name in self.norms for kind in ("running_mean", "running_var")]

    def _put_statistics(self, stats: Stats) -> None:
        for name, norm in self.norms.items():
            norm.running_mean, norm.running_var = stats[f"{name}.running_mean"], stats[f"{name}.running_var"]

    def _take_statistics(self) -> Stats:
        """Take the statistics the module came with, if it has seen data, and switch off the keeping of any."""
        seen_data = all(norm.num_batches_tracked > 0 for norm in self.norms.values())
        own = {}
        for name, norm in self.norms.items():
            own |= {f"{name}.running_mean": norm.running_mean, f"{name}.running_var": norm.running_var}
            norm.track_running_stats, norm.num_batches_tracked = False, None
        return own if seen_data else {}

    def _share_memory(self) -> None:
        parameters = [parameter.requires_grad_() for parameter in self.module.parameters()]
        self._weights = torch.cat([parameter.detach().reshape(-1) for parameter in parameters])
        self._gradient = torch.zeros_like(self._weights)
        start = 0
        for parameter in parameters:
            stop = start + parameter.numel()
            parameter.data = self._weights[start:stop].view_as(parameter)
            parameter.grad = self._gradient[start:stop].view_as(parameter)
            start = stop


def of_network(stats: Stats | None, i: int) -> Stats | None:
    """The statistics of network i: its row where they are [N, units], the shared ones where they are [units]."""
    return stats and {name: value[i] if value.dim() == 2 else value for name, value in stats.items()}


def rows_of(stats: Stats | None, start: int, stop: int) -> Stats | None:
    """The statistics of networks start to stop: their rows where they are [N, units], the shared ones otherwise."""
    return stats and {name: value[start:stop] if value.dim() == 2 else value for name, value in stats.items()}


def check_rows(stats: Stats | None, networks: int) -> None:
    """Complain if statistics are given row by row, but not one row per network."""
    for name, value in (stats or {}).items():
        _expect.tensor(f"stats[{name!r}]", value, floating=False)
        if value.dim() == 2 and len(value) != networks:
            raise ValueError(f"stats must have one row for each of {networks} networks, got {len(value)} in {name!r}.")


@contextmanager
def _understandable(x: Tensor) -> Iterator[None]:
    """Put torch's complaint about an input into a sentence that names it."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"x must be what the network takes, got shape {list(x.shape)} of {x.dtype}, and it says: {error}"
        ) from error


def _stacks(module: nn.Module) -> bool:
    """Whether training steps of a module with weights of its own are run together on a CPU."""
    if isinstance(module, _BatchNorm):
        return module.num_features % _UNITS_IN_A_VECTOR == 0
    return isinstance(module, _STACKING)


def _keeps_statistics(module: nn.Module) -> bool:
    return isinstance(module, _BatchNorm) and module.track_running_stats


def _parts(x: Tensor) -> tuple[Tensor, ...]:
    """Split x into parts of nearly equal size that fit the memory of a laptop."""
    if not x.numel():
        raise ValueError(f"x must hold at least one example, got shape {list(x.shape)}.")
    return x.tensor_split(ceil(x.numel() / _NUMBERS_AT_ONCE))
