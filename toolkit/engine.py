"""How a module is run at a point of its weight space, fast.

The module's parameters are views of one flat vector, their gradients views of another. Running at theta is then one
copy into the vector, and the module's own forward and backward; the gradient comes out as one vector.
"""

import copy
from collections.abc import Callable
from math import ceil

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.modules.batchnorm import _BatchNorm

from toolkit.device import device

Stats = dict[str, Tensor]
Losses = tuple[Tensor, Tensor]

# Layers whose training steps are faster for many networks at once on a CPU. Convolutions are not among them:
# stacked, they become grouped convolutions, which a CPU runs slower than one network after another.
_STACKING = (nn.Linear, nn.LayerNorm, nn.Embedding, _BatchNorm)
_NUMBERS_AT_ONCE = 2**20


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
        self.stacks = device().type != "cpu" or all(isinstance(m, _STACKING) for m in weighted)

    def logits(self, theta: Tensor, weights: dict[str, Tensor], x: Tensor, stats: Stats | None) -> Tensor:
        """Logits [B, C] at theta [D], whose named views are `weights`."""
        stats = self._complete(stats)
        self._mode(train=False)
        differentiable = torch.is_grad_enabled() and (theta.requires_grad or x.requires_grad)
        try:
            if differentiable:
                return functional_call(self.module, {**weights, **stats}, (x,))
            with torch.no_grad():
                self._weights.copy_(theta)
                self._put_statistics(stats)
                return torch.cat([self.module(part) for part in _parts(x)])
        except RuntimeError as error:
            raise ValueError(f"The network cannot take x of shape {list(x.shape)}: {error}") from error

    @torch.no_grad()
    def refresh(self, theta: Tensor, x: Tensor) -> Stats:
        """BatchNorm statistics at theta [D]: averages over the parts of x, each weighted by its size."""
        if not self.norms:
            return {}
        self._mode(train=False)
        self._weights.copy_(theta)
        stats = {
            f"{name}.{kind}": theta.new_zeros(norm.num_features)
            for name, norm in self.norms.items()
            for kind in ("running_mean", "running_var")
        }
        self._put_statistics(stats)
        seen = 0
        try:
            for part in _parts(x):
                seen += len(part)
                for norm in self.norms.values():
                    norm.training, norm.track_running_stats, norm.momentum = True, True, len(part) / seen
                self.module(part)
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"The network cannot take x of shape {list(x.shape)}: {error}") from error
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
        value = loss(self.module(x), y)
        value.backward()
        return value.detach(), self._gradient

    def stacked_gradient(self, theta: Tensor, views: Callable, x: Tensor, y: Tensor, loss: Callable) -> Losses:
        """Training losses [N] and gradients [N, D] of N networks at theta [N, D], each on its own batch.

        The step is written down once, as the tensor operations it comes to, and replayed from then on: for many small
        networks the way there (`vmap`, autograd) costs more than the arithmetic.

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
        key = (theta.shape, x.shape, loss)
        with torch.no_grad():
            if key not in self._replays:
                self._replays[key] = make_fx(all_of_them)(theta, x, y)
            return self._replays[key](theta, x, y)

    def _mode(self, train: bool) -> None:
        if self.module.training != train:
            self.module.train(train)

    def _complete(self, stats: Stats | None) -> Stats:
        if not self.norms:
            return {}
        stats = stats or self.own_stats
        if not stats:
            raise ValueError(
                "This network has BatchNorm layers whose statistics belong to theta: "
                "pass stats=space.refresh(theta, train_x)."
            )
        return stats

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


def _keeps_statistics(module: nn.Module) -> bool:
    return isinstance(module, _BatchNorm) and module.track_running_stats


def _parts(x: Tensor) -> tuple[Tensor, ...]:
    """Split x into equal parts that fit the memory of a laptop."""
    if not isinstance(x, Tensor) or not x.numel():
        found = f"shape {list(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be a tensor with at least one example, got {found}.")
    return x.chunk(ceil(x.numel() / _NUMBERS_AT_ONCE))
