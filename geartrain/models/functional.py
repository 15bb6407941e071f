"""Models made by connecting calls of layers: `Model(inputs, outputs)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Node, sorted_nodes
from geartrain.graph.rewrite import substitute
from geartrain.layers.symbolic import Call, History
from geartrain.ops.operands import extents_of
from geartrain.runtime.variable import Variable


class CallGraph:
    """The layer calls between some inputs and some outputs, in an order that can be run.

    Args:
        inputs: nested symbolic tensors, as `Input` returns them.
        outputs: nested symbolic tensors that depend on them.

    Raises:
        ValueError: an output that needs an input which is not listed.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.input_nodes: list[Node] = tree.flatten(inputs)
        for node in [*self.input_nodes, *tree.flatten(outputs)]:
            if not isinstance(node, Node):
                raise ValueError(
                    "Model: expected symbolic tensors as inputs and outputs, made by keras.Input "
                    f"and by calling layers on them. Received: {node!r:.80}"
                )
        self.calls = self._ordered()
        self._plans: dict[Node, Plan] = {}

    def _ordered(self) -> list[Call]:
        ordered: list[Call] = []
        done: set[int] = set()
        known = set(self.input_nodes)
        stack: list[tuple[Any, bool]] = [(x, False) for x in reversed(tree.flatten(self.outputs))]
        while stack:
            item, finished = stack.pop()
            if isinstance(item, Call):
                if finished:
                    ordered.append(item)
                elif id(item) not in done:
                    done.add(id(item))
                    stack.append((item, True))
                    stack.extend((x, False) for x in reversed(item.inputs))
                continue
            for leaf in sorted_nodes([item]):
                if leaf in known or not isinstance(leaf.leaf, History):
                    continue
                if leaf.leaf.call is None or not leaf.leaf.call.inputs:
                    raise ValueError(
                        f"Model: the outputs depend on the input {leaf.leaf.name!r}, which is not "
                        f"among the inputs {[node.leaf.name for node in self.input_nodes]}. "
                        "Add it to Model(inputs=...)."
                    )
                stack.append((leaf.leaf.call, False))
        return ordered

    @property
    def layers(self) -> list[Any]:
        """The layers that are called, inputs first, each once."""
        made = [node.leaf.call.layer for node in self.input_nodes if node.leaf.call]
        return list(dict.fromkeys([*made, *(call.layer for call in self.calls)]))

    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [node.leaf.name if node.leaf else "" for node in self.input_nodes]

    def arranged(self, given: Any) -> list[Any]:
        """The tensors given for the inputs, in the inputs' order."""
        if isinstance(given, dict) and not isinstance(self.inputs, dict):
            names = self.input_names()
            missing = [name for name in names if name not in given]
            if missing:
                raise ValueError(
                    f"Model: expected x with the inputs {', '.join(names)}. "
                    f"Received: a dict with {', '.join(map(str, given))}"
                )
            return [given[name] for name in names]
        if isinstance(given, dict) and isinstance(self.inputs, dict):
            missing = [name for name in self.inputs if name not in given]
            if missing:
                raise ValueError(
                    f"Model: expected inputs {sorted(self.inputs)}. Received: {sorted(given)}"
                )
            given = {name: given[name] for name in self.inputs}
        flat = tree.flatten(given)
        if len(flat) != len(self.input_nodes):
            raise ValueError(
                f"Model: expected {len(self.input_nodes)} inputs ({', '.join(self.input_names())})."
                f" Received: {len(flat)}"
            )
        return flat

    def run(self, given: Any, call_layer: Callable[[Call, Any, Any], Any]) -> Any:
        """The outputs for other inputs: each layer called again, in order."""
        values: dict[Node, Any] = {
            node: _fitted(tensor, node)
            for node, tensor in zip(self.input_nodes, self.arranged(given), strict=True)
        }
        first = next(iter(values.values()))
        batch = extents_of(first)[0] if len(extents_of(first)) else None

        def value_of(argument: Any) -> Any:
            if not isinstance(argument, Node):
                return argument
            return (
                values[argument] if argument in values else self._compute(argument, values, batch)
            )

        for call in self.calls:
            args, kwargs = tree.map_structure(value_of, (call.args, call.kwargs))
            results = tree.flatten(call_layer(call, args, kwargs))
            values.update(zip(tree.flatten(call.outputs), results, strict=True))
        return tree.map_structure(value_of, self.outputs)

    def _compute(self, node: Node, values: dict[Node, Any], batch: Any) -> Any:
        """The value of ops between layers."""
        order = sorted_nodes([node])
        leaves = [n for n in order if n.leaf is not None and not isinstance(n.leaf, Constant)]
        size = batch if isinstance(batch, int) else None
        needed = {leaf: values[leaf] for leaf in leaves if leaf in values}
        if any(isinstance(value, Node) for value in needed.values()):
            replaced = {leaf: Node.wrap(value) for leaf, value in needed.items()}
            for leaf in leaves:
                if isinstance(leaf.leaf, Variable):
                    replaced[leaf] = Node.wrap(leaf.leaf.__tensor__())
            return substitute([node], replaced, size)[0]
        plan = self._plans.setdefault(node, Plan([node]))
        arrays = {leaf.leaf: np.asarray(value) for leaf, value in needed.items()}
        arrays.update(
            (leaf.leaf, leaf.leaf.array) for leaf in leaves if isinstance(leaf.leaf, Variable)
        )
        return plan.run(arrays, size)[0]


def _fitted(tensor: Any, node: Node) -> Any:
    """The tensor with a last axis of size 1 added or dropped, where the input has it so."""
    extents, wanted = extents_of(tensor), node.extents
    if len(extents) == len(wanted) - 1 and wanted[-1] == 1:
        return tensor[..., None]
    if len(extents) == len(wanted) + 1 and extents[-1] == 1:
        return tensor[..., 0]
    return tensor
