"""Which axis of which weight belongs to which units, read off the operations of a module.

Every tensor on its way through the network has at most one axis of units. A layer that mixes (linear, convolution)
starts a new set of units on its output and ties the matching axis of its weight to the set it reads. Two sets that meet
in a sum become one (union-find). Every other operation is tried out: it passes units on if renumbering before and after
it comes to the same. What is not understood is frozen: it keeps its numbering, which is always right.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from toolkit import operations
from toolkit.segments import Axes, Segment


class Site(NamedTuple):
    """A tensor on its way into a layer that mixes: the node that makes it, its axis of units, their segments."""

    node: str
    dim: int
    segments: tuple[Segment, ...]


class Label(NamedTuple):
    """The units of a tensor: along `dim` lie, one after another, sets of units with `block` entries a unit."""

    dim: int
    parts: tuple[tuple[int, int], ...]  # (number of the set, block)


class Reader:
    """One pass over the graph of a module, from input to output."""

    def __init__(self, module: nn.Module, example: Tensor):
        """Trace `module` (in evaluation mode, on the CPU) and run it once on `example` to learn all shapes.

        Raises:
            ValueError: if the module cannot be traced, or cannot take the example.
        """
        self.graph_module = operations.traced(module)
        self.values = operations.values(self.graph_module, example)
        self.tensors = dict(module.named_parameters()) | dict(module.named_buffers())
        self.canonical = {id(tensor): name for name, tensor in self.tensors.items()}
        self.parents: list[int] = []
        self.sizes: list[int] = []
        self.names: list[str] = []
        self.frozen: set[int] = set()
        self.labels: dict[fx.Node, Label | None] = {}
        self.axes: dict[str, dict[int, Label]] = {}
        self.sites: list[tuple[str, Label]] = []
        for node in self.graph_module.graph.nodes:
            self.labels[node] = self._visit(node)

    def result(self) -> tuple[Axes, dict[str, tuple[Site, ...]]]:
        """Axes of weights and statistics, and per group the sites where its units appear."""
        axes = {
            name: {axis: self._segments(label) for axis, label in by_axis.items() if self._moves(label)}
            for name, by_axis in self.axes.items()
        }
        sites: dict[str, list[Site]] = {}
        for node, label in self.sites:
            site = Site(node, label.dim, self._segments(label))
            for group in dict.fromkeys(segment.group for segment in site.segments if segment.group):
                if site not in sites.setdefault(group, []):
                    sites[group].append(site)
        return {name: by for name, by in axes.items() if by}, {name: tuple(found) for name, found in sites.items()}

    # ------------------------------------------------------------------ sets of units

    def _new_set(self, size: int, name: str, frozen: bool = False) -> int:
        number = len(self.parents)
        self.parents.append(number)
        self.sizes.append(size)
        self.names.append(name)
        if frozen:
            self.frozen.add(number)
        return number

    def _find(self, i: int) -> int:
        """Number under which the set that i has become part of is known."""
        while self.parents[i] != i:
            i = self.parents[i]
        return i

    def _freeze(self, label: Label | None) -> None:
        self.frozen |= {self._find(i) for i, _ in label.parts} if label else set()

    def _unite(self, one: Label | None, other: Label | None) -> Label | None:
        """Make two labels one, or freeze both where they do not match."""
        if one and other and one.dim == other.dim and self._widths(one) == self._widths(other):
            for (i, _), (j, _) in zip(one.parts, other.parts, strict=True):
                i, j = sorted((self._find(i), self._find(j)))
                self.parents[j] = i
                if j in self.frozen:
                    self.frozen.add(i)
            return one
        self._freeze(one)
        self._freeze(other)
        return None

    def _tie(self, name: str, axis: int, label: Label | None) -> None:
        """Note that an axis of a weight or statistic goes with the units of a label, or with none: then it is fixed."""
        parts = label.parts if label else ((self._new_set(self.tensors[name].shape[axis], name, frozen=True), 1),)
        known = self.axes.setdefault(name, {}).setdefault(axis, Label(0, parts))
        self._unite(known, Label(0, parts))

    def _widths(self, label: Label) -> list[tuple[int, int]]:
        return [(self.sizes[i], block) for i, block in label.parts]

    def _segments(self, label: Label) -> tuple[Segment, ...]:
        roots = [(self._find(i), block) for i, block in label.parts]
        return tuple(Segment(None if i in self.frozen else self.names[i], self.sizes[i], b) for i, b in roots)

    def _moves(self, label: Label) -> bool:
        return any(self._find(i) not in self.frozen for i, _ in label.parts)

    # ------------------------------------------------------------------ operations

    def _visit(self, node: fx.Node) -> Label | None:
        """The units of what a node returns."""
        if node.op == "get_attr":  # a weight used by hand, not by its layer: no axis of it may move
            return self._fix(attrgetter(node.target)(self.graph_module))
        labelled = [n for n in node.all_input_nodes if self.labels[n]]
        if node.op == "output":
            return self._stop(labelled)
        if node.op == "call_module":
            layer = self.graph_module.get_submodule(node.target)
            if own := dict(layer.named_parameters()) | dict(layer.named_buffers()):
                return self._layer(node, layer, own)
        if not labelled or isinstance(self.values[node], torch.Size | int | torch.dtype | torch.device):
            return None
        if node.target in (torch.cat, torch.concat, torch.concatenate):
            return self._concatenate(node, labelled)
        return self._weightless(node, labelled)

    def _stop(self, nodes: list[fx.Node]) -> None:
        for node in nodes:
            self._freeze(self.labels[node])

    def _fix(self, tensor: Tensor) -> None:
        if name := self.canonical.get(id(tensor)):
            for axis in range(tensor.dim()):
                self._tie(name, axis, None)

    def _layer(self, node: fx.Node, layer: nn.Module, own: dict[str, Tensor]) -> Label | None:
        """A layer with weights or statistics of its own, named `own`."""
        if len(node.all_input_nodes) == 1 and own.keys() <= {"weight", "bias"}:
            source = node.all_input_nodes[0]
            last = self.values[source].dim() - 1
            if isinstance(layer, nn.Linear):
                return self._mixing(node, own, last, reads=1)
            if isinstance(layer, _ConvNd) and layer.groups == 1:
                return self._mixing(node, own, last - len(layer.kernel_size), reads=0 if layer.transposed else 1)
        return self._unit_by_unit(node, layer, own)

    def _mixing(self, node: fx.Node, own: dict[str, Tensor], dim: int, reads: int) -> Label:
        """A layer that reads one set of units, along axis `reads` of its weight, and makes another, along the other."""
        source = node.all_input_nodes[0]
        label = self.labels[source]
        if label and label.dim != dim:
            self._freeze(label)
            label = None
        weight = self.canonical[id(own["weight"])]
        self._tie(weight, reads, label)
        if label:
            self.sites.append((source.name, label))
        made = Label(dim, ((self._new_set(self.values[node].shape[dim], str(node.target)), 1),))
        self._tie(weight, 1 - reads, made)
        if "bias" in own:
            self._tie(self.canonical[id(own["bias"])], 0, made)
        return made

    def _unit_by_unit(self, node: fx.Node, layer: nn.Module, own: dict[str, Tensor]) -> Label | None:
        """A layer with one weight or statistic a unit, such as a norm or a depthwise convolution, passes units on."""
        label = self.labels[node.all_input_nodes[0]] if len(node.all_input_nodes) == 1 else None
        riders = self._riders(layer, own, label)
        made = None
        if label and isinstance(self.values[node], Tensor):
            inputs = operations.stand_ins({node.all_input_nodes[0]: self.values[node.all_input_nodes[0]]})
            weights = operations.stand_ins({p: t.to("meta") if t.is_floating_point() else t for p, t in own.items()})
            weights = {part: tensor.abs() for part, tensor in weights.items()}  # a variance is positive

            def operation(order: Tensor) -> Tensor:
                moved = {part: weights[part][order] for part in riders}
                x = [value.index_select(label.dim, order) for value in inputs.values()]
                return functional_call(layer, weights | moved, tuple(x))

            made = self._tried(label, operation)
        if made is None:
            self._stop([n for n in node.all_input_nodes if self.labels[n]])
        for part, tensor in own.items():
            if made and part in riders:
                self._tie(self.canonical[id(tensor)], 0, label)
            else:
                self._fix(tensor)
        return made

    def _riders(self, layer: nn.Module, own: dict[str, Tensor], label: Label | None) -> list[str]:
        """Weights and BatchNorm statistics with one row a unit; other statistics cannot be renumbered."""
        length = self._length(label) if label else None
        movable = {p: t for p, t in own.items() if isinstance(t, nn.Parameter) or isinstance(layer, _BatchNorm)}
        return [part for part, tensor in movable.items() if tensor.dim() and len(tensor) == length]

    def _concatenate(self, node: fx.Node, labelled: list[fx.Node]) -> Label | None:
        tensors = node.args[0] if node.args else node.kwargs["tensors"]
        dim = (node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)) % self.values[node].dim()
        if any(self.labels[n].dim != dim for n in labelled):
            return self._weightless(node, labelled)
        parts = []
        for n in tensors:
            label = self.labels[n]
            parts += label.parts if label else [(self._new_set(self.values[n].shape[dim], n.name, frozen=True), 1)]
        return Label(dim, tuple(parts))

    def _weightless(self, node: fx.Node, labelled: list[fx.Node]) -> Label | None:
        """Pass units on where the operation commutes with renumbering them; freeze them where not."""
        label = self.labels[labelled[0]]
        for other in labelled[1:]:
            label = self._unite(label, self.labels[other])
        if label is None or not isinstance(self.values[node], Tensor):
            return self._stop(labelled)
        inputs = operations.stand_ins({n: self.values[n] for n in node.all_input_nodes})

        def operation(order: Tensor) -> Tensor:
            moved = {n: inputs[n].index_select(label.dim, order) for n in labelled}
            return operations.run(self.graph_module, node, inputs | moved)

        return self._tried(label, operation) or self._stop(labelled)

    def _length(self, label: Label) -> int:
        return sum(self.sizes[i] * block for i, block in label.parts)

    def _tried(self, label: Label, operation: Callable[[Tensor], Tensor]) -> Label | None:
        found = operations.moved_along(operation, self._length(label), label.dim)
        return found and Label(found[0], tuple((i, block * found[1]) for i, block in label.parts))
