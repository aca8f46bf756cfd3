"""Weight space: a network is a point theta in R^D.

`WeightSpace(module)` is the map between the two. It knows where each weight of the module lies in the vector, how the
module behaves at any theta, and how to bring a gradient back. Any `nn.Module` with an ordinary forward works unchanged.
"""

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from toolkit import _expect
from toolkit.device import device, seeded
from toolkit.engine import Engine, Stats, check_rows, of_network
from toolkit.layout import layers, matrices, names, reset, slots


class WeightSpace:
    """The weight space R^D of a module, and the ways between its points and the network's behaviour.

    Attributes:
        size: D, the number of weights.
        layout: one `Slot` per parameter, in the module's order; a tied weight counts once.
        names: every name that a parameter goes by, and its name in `layout`.

    Example:
        >>> from toolkit.models import mlp
        >>> space = WeightSpace(mlp(64, 32, 10))
        >>> space.size
        2410
        >>> theta = space.init(seed=0)
        >>> space.unflatten(theta)["fc2.weight"].shape
        torch.Size([10, 32])
        >>> space.logits(theta, torch.rand(5, 64)).shape
        torch.Size([5, 10])
    """

    def __init__(self, module: nn.Module, init: Callable[[], nn.Module] | None = None):
        """Look at `module`; it is copied, never changed.

        Args:
            module: any network from a batch of inputs [B, ...] to logits [B, C].
            init: how `init(seed)` builds a fresh network, such as `lambda: resnet18()`. By default every layer's own
                `reset_parameters` is called.

        Raises:
            TypeError: if `module` is no module.
            ValueError: if it has no parameters, or parameters of more than one kind of number.
        """
        if not isinstance(module, nn.Module):
            raise TypeError(f"module must be a torch.nn.Module, got {type(module).__name__}.")
        kinds = {parameter.dtype for parameter in module.parameters()}
        if len(kinds) != 1 or not next(iter(kinds)).is_floating_point:
            found = ", ".join(sorted(map(str, kinds))) or "none"
            raise ValueError(f"module must have parameters of one floating-point type, got {found}.")
        self._template = copy.deepcopy(module).cpu()
        self._build = init
        self._engine = Engine(module)
        self.layout, self.names = slots(module), names(module)
        self.size = self.layout[-1].stop

    def __reduce__(self):
        """Copy and pickle by building anew: the engine's parameters share memory that no copy would share."""
        return WeightSpace, (self._template, self._build)

    def __repr__(self) -> str:
        """Name the space by its dimension."""
        return f"WeightSpace(R^{self.size}, {len(self.layout)} tensors)"

    # ------------------------------------------------------------------ points

    def init(self, seed: int) -> Tensor:
        """Draw a starting point theta [D], the same on every device; torch's global random state stays as it was.

        Args:
            seed: a whole number of at least 0.

        Raises:
            ValueError: if a parameter belongs to a layer that cannot be re-initialised; pass `init=` then.
        """
        with seeded(_expect.count("seed", seed, least=0)):
            return self.flatten(self._build() if self._build else reset(copy.deepcopy(self._template)))

    def flatten(self, weights: nn.Module | Mapping[str, Tensor]) -> Tensor:
        """Write a module's parameters, or tensors by name, one after another into a vector theta [D].

        Args:
            weights: a module of this architecture, or a mapping with the names and shapes of `layout`.

        Raises:
            ValueError: if a name is missing or unknown, or a shape is not the space's.
        """
        tensors = dict(weights.named_parameters() if isinstance(weights, nn.Module) else weights)
        odd = sorted({slot.name for slot in self.layout} ^ set(tensors))
        if odd:
            raise ValueError(
                f"weights must name this space's {len(self.layout)} tensors; {odd[0]!r} is missing or unknown."
            )
        for name, shape, _, _ in self.layout:
            if tensors[name].shape != shape:
                raise ValueError(f"weights[{name!r}] must have shape {list(shape)}, got {list(tensors[name].shape)}.")
        return torch.cat([tensors[slot.name].detach().reshape(-1).to(device()) for slot in self.layout])

    def unflatten(self, theta: Tensor) -> dict[str, Tensor]:
        """Name the parts of a vector: views of the same memory, so that writing to a part writes to theta.

        Args:
            theta: one point [D] or N points [N, D].

        Returns:
            Tensors by name, shaped like the module's parameters, with a leading N for N points.

        Raises:
            ValueError: if theta has another size.
        """
        self.check(theta)
        lead = theta.shape[:-1]
        return {slot.name: theta[..., slot.start : slot.stop].view((*lead, *slot.shape)) for slot in self.layout}

    def matrices(self) -> Tensor:
        """Mask [D] of the weights of matrices and convolutions: of all tensors of two dimensions or more."""
        return matrices(self.layout).to(device())

    def layers(self) -> Tensor:
        """Number of the layer [D] that each weight belongs to, counted from 0 in the module's order."""
        return layers(self.layout).to(device())

    def module(self, theta: Tensor, stats: Stats | None = None) -> nn.Module:
        """Return an ordinary module, a copy on the CPU, at theta [D], with BatchNorm statistics if you give them."""
        self.check(theta, one=True)
        stats = self._engine.complete(stats) if stats else {}
        module = copy.deepcopy(self._template).eval()
        module.load_state_dict({**self.unflatten(theta.detach()), **stats}, strict=False)
        return module

    # ------------------------------------------------------------------ behaviour

    def logits(self, theta: Tensor, x: Tensor, stats: Stats | None = None) -> Tensor:
        """Run the network at theta, in evaluation mode; differentiable in theta and x.

        Args:
            theta: one point [D] or N points [N, D].
            x: inputs [B, ...].
            stats: BatchNorm statistics, from `refresh` for the same theta, or of one point for all N; left out, those
                the module came with.

        Returns:
            Logits [B, C] or [N, B, C].

        Raises:
            ValueError: if theta or `stats` does not fit, the network cannot take x, or it has BatchNorm layers that
                have never seen data and `stats` is left out.
        """
        self.check(theta)
        _expect.tensor("x", x, floating=False)
        if theta.dim() == 1:
            return self._engine.logits(theta, self.unflatten(theta), x, stats)
        check_rows(stats, len(theta))
        rows = [
            self._engine.logits(point, self.unflatten(point), x, of_network(stats, i)) for i, point in enumerate(theta)
        ]
        return torch.stack(rows)

    def refresh(self, theta: Tensor, x: Tensor) -> Stats:
        """Estimate the BatchNorm statistics that belong to theta: mean and variance of every unit over all of x.

        A point between two networks has other activations than either, so it needs statistics of its own.
        Nothing is remembered from earlier: the result depends on theta and x alone.

        Args:
            theta: one point [D] or N points [N, D].
            x: inputs [B, ...], as a rule the training inputs. A very large set goes through in equal parts whose means
                and (unbiased) variances are averaged, as `torch.optim.swa_utils.update_bn` does.

        Returns:
            Statistics by buffer name, [units] or [N, units] each; empty for a network without BatchNorm.

        Raises:
            ValueError: if theta has another size or the network cannot take x.
        """
        self.check(theta)
        _expect.tensor("x", x, floating=False)
        if theta.dim() == 1:
            return self._engine.refresh(theta, x)
        rows = [self._engine.refresh(point, x) for point in theta]
        return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}

    def gradient(
        self, theta: Tensor, x: Tensor, y: Tensor, loss: Callable = nn.functional.cross_entropy
    ) -> tuple[Tensor, Tensor]:
        """Loss of a training batch, and its gradient g with respect to theta: the engine of `train.fit`.

        What theta was made of gets its share of g: on a line, (1 - t) g for one end and t g for the other. If you made
        theta with autograd, `theta.backward(g)` does the same.

        Args:
            theta: one point [D], or N points [N, D].
            x: a batch [B, ...], or for N points a batch each, [N, B, ...].
            y: classes [B], or [N, B].
            loss: from logits [B, C] and y [B] to a scalar, the mean over the batch.

        Returns:
            The loss, a scalar or [N], and g, shaped like theta. For one point, g is overwritten by the next call.

        Raises:
            ValueError: if theta has another size, the network cannot take x, or y holds a class it has no logit for.
        """
        self.check(theta)
        if theta.dim() == 1:
            return self._engine.gradient(theta, x, y, loss)
        if self._engine.stacks:
            try:
                return self._engine.stacked_gradient(theta, self.unflatten, x, y, loss)
            except RuntimeError:
                pass  # a forward that looks at numbers cannot be stacked: see whether one after another goes
        values, g = theta.new_empty(len(theta)), torch.empty_like(theta)
        for i, point in enumerate(theta):
            values[i], g[i] = self._engine.gradient(point, x[i], y[i], loss)
        self._engine.stacks = False  # it does
        return values, g

    def input_gradient(
        self, theta: Tensor, x: Tensor, y: Tensor, loss: Callable = nn.functional.cross_entropy, stats=None
    ) -> Tensor:
        """Gradient of the loss with respect to the inputs: which way to push each pixel to hurt the network most.

        Args:
            theta: one point [D].
            x: a batch [B, ...].
            y: classes [B].
            loss: from logits [B, C] and y [B] to a scalar.
            stats: BatchNorm statistics for evaluation mode ({} for a network without BatchNorm); left out, training
                mode, with those of the batch.

        Returns:
            A tensor shaped like x.

        Raises:
            ValueError: if theta has another size, or the network cannot take x.
        """
        self.check(theta, one=True)
        _expect.tensor("x", x)
        return self._engine.input_gradient(theta, x, y, loss, stats)

    def check(self, theta: Tensor, one: bool = False) -> None:
        """Complain unless theta is a point [D] of this space or, if not `one`, points [N, D]."""
        _expect.tensor("theta", theta, floating=False)
        if theta.dim() not in ((1,) if one else (1, 2)) or theta.shape[-1] != self.size or not len(theta):
            shapes = f"[{self.size}]" if one else f"[{self.size}] or [N, {self.size}]"
            raise ValueError(f"theta must have shape {shapes}, got {list(theta.shape)}.")
