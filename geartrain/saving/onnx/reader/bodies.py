"""The body of a loop, rebuilt as a model of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import layers
from geartrain.graph.node import Node
from geartrain.graph.shapes import Dim, public
from geartrain.saving.onnx.reader.builder import Builder, functional
from geartrain.saving.onnx.reader.network import Network
from geartrain.saving.onnx.reader.values import Initial


class BodyBuilder(Builder):
    """Rebuilds a body, with what it takes from the graph around it as further inputs.

    Tensors of the file become weights in the body, unless other layers use them too: then one
    `Parameter` outside has them.

    Args:
        outer: the builder of the graph around it.
        body: the body.
        given: for each input of the body, a tensor outside and whether a turn gets an item of it.
    """

    def __init__(self, outer: Builder, body: Network, given: Sequence[tuple[Node, bool]]) -> None:
        self.outer = outer
        symbols = [_symbol(outer, node, "item" if part else "state", part) for node, part in given]
        super().__init__(body, symbols, outer.tied, outer.example)
        self.assignments, self.claims = outer.assignments, outer.claims
        self.found_tied, self._names = outer.found_tied, outer._names
        self.frozen = outer.frozen
        self.captured: dict[Node, Node] = {}
        for name in body.outside:
            value = outer.values[name]
            if isinstance(value, Node):
                self.keep(name, self._capture(value))
            else:
                self.values[name] = value

    def model(self) -> tuple[Any, list[Node]]:
        """The model of the body, and the values from outside that are its last inputs."""
        self.run()
        outputs = [self.output(name) for name in self.network.outputs]
        made = functional([*self.inputs, *self.captured.values()], outputs, self.unique("body"))
        return made, list(self.captured)

    def _capture(self, node: Node) -> Node:
        """The input of the body that stands for a tensor outside."""
        if node not in self.captured:
            self.captured[node] = _symbol(self.outer, node, "outside", part=False)
        return self.captured[node]

    def parameter(self, value: Initial) -> Node:
        """The tensor of a parameter: from outside, if other layers use it too."""
        if value.name in self.tied:
            return self._capture(self.outer.parameter(value))
        return super().parameter(value)

    def spend(self, elements: int) -> None:
        """Count elements with those outside."""
        self.outer.spend(elements)

    def place(self, size: Dim) -> tuple[Node, int] | None:
        """Where a size can be read off: a tensor here, or one outside."""
        found = super().place(size)
        if found is None and (outside := self.outer.place(size)) is not None:
            found = (self._capture(outside[0]), outside[1])
        return found


def _symbol(outer: Builder, node: Node, name: str, part: bool) -> Node:
    """An input of the body for a tensor, or for `part` of it: one item of its first axis."""
    sizes = public(node.extents[1:] if part else node.extents)
    made: Node = layers.Input(batch_shape=sizes, dtype=node.dtype, name=outer.unique(name))
    return made
