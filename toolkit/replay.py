"""A function of tensors written down once, as the operations it comes to, and replayed from then on.

For many small networks the way to the arithmetic (`vmap`, autograd, the dispatch of every view) costs more than the
arithmetic. Written down, what changes nothing can be struck out, and the rest is called directly; every number stays.
"""

from collections.abc import Callable

import torch
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.passes.shape_prop import ShapeProp

_aten = torch.ops.aten
_VIEWS = {_aten.view.default, _aten._unsafe_view.default, _aten.expand.default, _aten.detach.default}
_METHODS = {
    _aten.view.default: "view",
    _aten._unsafe_view.default: "view",
    _aten.expand.default: "expand",
    _aten.transpose.int: "transpose",
    _aten.permute.default: "permute",
    _aten.unsqueeze.default: "unsqueeze",
}
_FUNCTIONS = {
    _aten.bmm.default: torch.bmm,
    _aten.mm.default: torch.mm,
    _aten.add.Tensor: torch.add,
    _aten.sub.Tensor: torch.sub,
    _aten.mul.Tensor: torch.mul,
    _aten.div.Tensor: torch.div,
    _aten.cat.default: torch.cat,
    _aten.relu.default: torch.relu,
    _aten.sum.dim_IntList: torch.sum,
}


def written_down(function: Callable, *example: torch.Tensor) -> Callable:
    """Return the operations of `function`, for tensors shaped as in `example`, without what changes nothing.

    Example:
        >>> double = written_down(lambda x: x.view(3).expand(3) + x, torch.ones(3))
        >>> double(torch.tensor([1.0, 2.0, 3.0]))
        tensor([2., 4., 6.])
    """
    graph = make_fx(function)(*example)
    ShapeProp(graph).propagate(*example)
    _strike_out_views(graph)
    _strike_out_repetitions(graph)
    graph.graph.eliminate_dead_code()
    for node in _calls(graph):  # a Python binding is called several times as fast as the operator it stands for
        if node.target in _METHODS:
            node.op, node.target = "call_method", _METHODS[node.target]
        elif node.target in _FUNCTIONS:
            node.target = _FUNCTIONS[node.target]
    graph.recompile()
    return graph


def _strike_out_views(graph: GraphModule) -> None:
    """Replace every view that has the shape and the strides of what it looks at by that itself."""
    for node in _calls(graph):
        if node.target in _VIEWS:
            now, before = node.meta.get("tensor_meta"), node.args[0].meta.get("tensor_meta")
            if now and before and (now.shape, now.stride) == (before.shape, before.stride):
                _replace(graph, node, node.args[0])


def _strike_out_repetitions(graph: GraphModule) -> None:
    """Replace a view or a permutation of axes that was taken before by the earlier one."""
    seen: dict[tuple, Node] = {}
    for node in _calls(graph):
        if node.target in _METHODS and not node.kwargs:
            key = (node.target, str(node.args))
            if key in seen:
                _replace(graph, node, seen[key])
            seen.setdefault(key, node)


def _replace(graph: GraphModule, node: Node, other: Node) -> None:
    node.replace_all_uses_with(other)
    graph.graph.erase_node(node)


def _calls(graph: GraphModule) -> list[Node]:
    return [node for node in graph.graph.nodes if node.op == "call_function"]
