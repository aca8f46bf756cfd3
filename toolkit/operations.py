"""The operations of a module, one by one: trace them, run one on stand-ins, see what renumbering does to it."""

import torch
from torch import Tensor, fx, nn

from toolkit.segments import stretch


def traced(module: nn.Module) -> fx.GraphModule:
    """Return the module as a list of its operations, sharing its weights.

    Raises:
        ValueError: if its forward branches or loops on values.
    """
    try:
        return fx.symbolic_trace(module)
    except Exception as error:  # fx runs the module's own code on stand-ins for tensors: anything can come out
        raise ValueError(
            f"The module cannot be traced, because its forward looks at values ({error}). Put what does so into a "
            "function outside the class and mark it with torch.fx.wrap: it is then kept as one step."
        ) from error


def values(graph_module: fx.GraphModule, example: Tensor) -> dict[fx.Node, object]:
    """Return what every node returns on the example; of floating-point tensors only shape and type (on "meta").

    Raises:
        ValueError: if the module cannot take the example.
    """
    try:
        with torch.no_grad():
            run = _Run(graph_module)
            run.run(example)
    except (RuntimeError, ValueError, IndexError) as error:
        found, reason = f"shape {list(example.shape)} of {example.dtype}", str(error).splitlines()[0]
        raise ValueError(f"example must be what the network takes, got {found}, and it says: {reason}") from error
    return run.seen


class _Run(fx.Interpreter):
    def run_node(self, node: fx.Node):
        value = super().run_node(node)
        self.seen = getattr(self, "seen", {})
        floating = isinstance(value, Tensor) and value.is_floating_point()
        self.seen[node] = value.to("meta") if floating else value
        return value


def stand_ins(seen: dict, seed: int = 0) -> dict:
    """Put random numbers where only shape and type are known; leave the rest as it is."""
    generator = torch.Generator().manual_seed(seed)
    return {
        key: torch.randn(value.shape, dtype=value.dtype, generator=generator)
        if isinstance(value, Tensor) and value.is_meta
        else value
        for key, value in seen.items()
    }


def run(graph_module: fx.GraphModule, node: fx.Node, inputs: dict[fx.Node, object]):
    """Run one operation on given inputs (on copies: it may work in place)."""
    copies = {n: v.clone() if isinstance(v, Tensor) else v for n, v in inputs.items()}
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), copies.__getitem__)
    if node.op == "call_module":
        return graph_module.get_submodule(node.target)(*args, **kwargs)
    if node.op == "call_method":
        return getattr(args[0], node.target)(*args[1:], **kwargs)
    return node.target(*args, **kwargs)


def moved_along(operation, length: int, dim: int) -> tuple[int, int] | None:
    """Find where an operation carries units: try it out on renumbered units.

    A swap of two units and a shift of all generate every renumbering, so two trials stand for all.

    Args:
        operation: from an order of the units to the output on inputs renumbered by it.
        length: number of units.
        dim: their axis on the way in, which is looked at first.

    Returns:
        Their axis in the output, and the neighbouring entries each has become; None if they are lost.
    """
    still = torch.arange(length)
    orders = torch.cat([still[:2].flip(0), still[2:]]), still.roll(1)
    try:
        plain, *moved = (operation(order) for order in (still, *orders))
    except (RuntimeError, ValueError, IndexError):  # an operation that does not take random numbers
        return None
    for after in sorted(range(plain.dim()), key=lambda after: after != dim):
        block, rest = divmod(plain.shape[after], length)
        pairs = zip(orders, moved, strict=True)
        if rest == 0 and all(_same(plain.index_select(after, stretch(order, block)), x) for order, x in pairs):
            return after, block
    return None


def _same(x: Tensor, y: Tensor) -> bool:
    x, y = x.double(), y.double()
    scale = x.nan_to_num(posinf=0, neginf=0).abs().amax().item()
    return torch.allclose(x, y, rtol=1e-4, atol=1e-5 * scale, equal_nan=True)
