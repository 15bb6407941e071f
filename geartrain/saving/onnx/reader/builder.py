"""From the nodes of a file to calls of layers and operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from geartrain import layers, ops, tree
from geartrain.graph.dtypes import is_float
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.shapes import Dim, Extent, Shape, holds_dim
from geartrain.registry import snake_case
from geartrain.runtime.variable import Trace
from geartrain.saving.onnx.layers import Parameter, Sized
from geartrain.saving.onnx.reader.names import is_generated, name_of
from geartrain.saving.onnx.reader.network import Network, Use
from geartrain.saving.onnx.reader.place import Place
from geartrain.saving.onnx.reader.table import OPERATORS
from geartrain.saving.onnx.reader.values import Filled, Initial, Source, Value, holds_unknown
from geartrain.serialization.names import class_of

MOST_FOLDED = 1 << 22  # elements that may be computed while loading
MOST_WRITTEN = 1024  # elements of a constant in the config of an operation
_FUNCTIONAL = {
    "module": "keras.src.models.functional",
    "class_name": "Functional",
    "registered_name": "Functional",
}


@dataclass(frozen=True)
class Assignment:
    """A weight that the file has the values of.

    Attributes:
        layer: the layer.
        weight: the weight's attribute, or its place among the layer's weights.
        source: a value, and what makes the weight's values of it.
    """

    layer: Any
    weight: str
    source: Source

    def value(self) -> np.ndarray:
        """The values, as the weight wants them."""
        given, change = self.source
        array = given.array() if isinstance(given, Initial) else given
        return array if change is None else change(array)

    @property
    def variable(self) -> Any:
        """The weight, once the layer is built."""
        if self.weight.isdigit():
            return self.layer.weights[int(self.weight)]
        return getattr(self.layer, self.weight)


def functional(inputs: list[Node], outputs: list[Node], name: str) -> Any:
    """A model between symbolic tensors; several of them as a list.

    The dtype that inputs of floats have in common is the model's, which casts to it.
    """
    given, made = (x if len(x) > 1 else x[0] for x in (inputs, outputs))
    floats = {node.dtype for node in inputs if is_float(node.dtype)}
    dtype = floats.pop() if len(floats) == 1 else None
    return class_of(_FUNCTIONAL)(given, made, name=name, dtype=dtype)


class Builder:
    """Rebuilds a network: `values` by name, and the assignments that are left to do.

    Args:
        network: the network.
        inputs: its symbolic inputs.
        tied: names of weights that several layers use: these share one `Parameter`.
        example: the size of the batch in the file, if the batch axis is free here.
    """

    def __init__(
        self, network: Network, inputs: list[Node], tied: set[str], example: int | None = None
    ) -> None:
        self.network, self.inputs, self.tied, self.example = network, inputs, tied, example
        self.values: dict[str, Value] = {n: Initial.of(s) for n, s in network.stored.items()}
        self.assignments: list[Assignment] = []
        self.claims: dict[str, Any] = {}
        self.found_tied: set[str] = set()
        self.frozen = network.frozen
        self.folded = 0
        self.permuted: dict[Node, tuple[Node, tuple[int, ...]]] = {}
        self.reshaped: dict[Node, Node] = {}
        self._consumers: dict[str, list[Use]] = {}
        self._absorbed: set[int] = set()
        self._shared: dict[Any, Any] = {}
        self._parameters: dict[str, Node] = {}
        self._names: dict[str, int] = {}
        self._named: set[int] = set()
        self._places: dict[Dim, tuple[Node, int]] = {}
        for use in network.uses:
            for name in use.reads:
                self._consumers.setdefault(name, []).append(use)
        for declared, node in zip(network.inputs, inputs, strict=True):
            self._names[node.leaf.name] = 1
            self.keep(declared.name, node)

    def run(self) -> None:
        """Build every node."""
        for use in self.network.uses:
            if id(use) in self._absorbed:
                continue
            given = [self._given(name) for name in use.inputs]
            while given and given[-1] is None:
                given.pop()
            try:
                made = OPERATORS[use.operator](Place(self, use), *given, **use.attributes)
            except (ValueError, TypeError, LookupError, ArithmeticError, AssertionError) as error:
                raise ValueError(f"{use}: {error}") from error
            several = made if isinstance(made, tuple) else (made,)
            for name in use.outputs[len(several) :]:
                if name and self.consumers(name):
                    raise ValueError(
                        f"{use}: expected a use of its first {len(several)} outputs. Received: a "
                        f"use of {name!r}, which only training has."
                    )
            for name, value in zip(use.outputs, several, strict=False):
                if name:
                    self.keep(name, value)

    def _given(self, name: str) -> Any:
        """An input of a node: what cannot become a weight as an array."""
        value = self.values[name] if name else None
        if isinstance(value, Initial) and not is_float(value.dtype):
            value = self.values[name] = value.array()
        return value

    def keep(self, name: str, value: Value) -> None:
        """Note a value, and where its unknown sizes can be read off."""
        self.values[name] = value
        if isinstance(value, Node):
            self._name_operations(value)
            for axis, extent in enumerate(value.extents):
                if isinstance(extent, Dim):
                    self._places.setdefault(extent, (value, axis))

    def _name_operations(self, value: Node) -> None:
        """Give the operations that a tensor is newly made by names that no layer has."""
        stack = [value]
        while stack:
            call = getattr(stack.pop(), "call", None)
            if call is None or id(call) in self._named:
                continue
            self._named.add(id(call))
            stack.extend(call.inputs)
            if not isinstance(call.operation, layers.Layer):
                call.operation.name = self.unique(snake_case(type(call.operation).__name__))

    def consumers(self, name: str) -> list[Use]:
        """The nodes that read a value; the outputs of the network count as well."""
        outputs = [self.network.uses[0]] if name in self.network.outputs else []
        return [*self._consumers.get(name, []), *outputs]

    def absorb(self, use: Use, value: Node) -> None:
        """Take a node as done: its output is this value."""
        self._absorbed.add(id(use))
        self.keep(use.outputs[0], value)

    # -- layers -----------------------------------------------------------------------------------

    def layer(self, use: Use, kind: str, cls: Any, weights: dict[str, Source], config: Any) -> Any:
        """A new layer, or the one that has the same weights and arguments."""
        stored = {w: s[0] for w, s in weights.items() if isinstance(s[0], Initial)}
        names = {w: one.name for w, one in stored.items()}
        key = (cls, repr(sorted(config.items())), tuple(sorted(names.items())))
        if key in self._shared and any(not one.uniform for one in stored.values()):
            return self._shared[key]
        first = next((one for one in names.values() if not is_generated(one)), "")
        name = self.unique(name_of(kind or snake_case(cls.__name__), first, use.name))
        made = cls(**config, name=name)
        self._shared[key] = made
        trained = [one.name for one in stored.values() if one.trainable]
        if trained and self.frozen.issuperset(trained):
            made.trainable = False
        for weight, source in weights.items():
            self.assignments.append(Assignment(made, weight, source))
            if weight in stored:
                self.claim(stored[weight], made)
        return made

    def claim(self, value: Initial, layer: Any) -> None:
        """Note that a layer has this weight, and whether another has it too."""
        if self.claims.setdefault(value.name, layer) is not layer and not value.uniform:
            self.found_tied.add(value.name)

    def unique(self, name: str) -> str:
        """The name, with a number behind if it is taken."""
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return self.unique(f"{name}_{count}") if count else name

    # -- tensors ----------------------------------------------------------------------------------

    def operand(self, value: Any) -> Any:
        """A value as what operations take: a symbolic tensor or an array."""
        if isinstance(value, Initial):
            if self.is_weight(value):
                return self.parameter(value)
            value = value.array()
        if isinstance(value, Filled):
            number = {"number": value.number.item(), "number_dtype": value.number.dtype.name}
            return self.sized("full", [], value.shape, **number)
        if holds_unknown(value):
            flat = self.sized("sizes", [], tuple(value.reshape(-1)))
            return ops.reshape(flat, value.shape) if value.ndim != 1 else flat
        floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        if floats and (value.size > MOST_WRITTEN or not np.all(np.isfinite(value))):
            return self.kept_constant(value)
        return value

    def kept_constant(self, value: np.ndarray) -> Node:
        """A constant as a weight that is not trained: large or infinite ones suit no config."""
        name = self.unique("constant")
        made = Parameter(value.shape, trainable=False, dtype=value.dtype.name, name=name)
        node: Node = made(self.inputs[0])
        self.assignments.append(Assignment(made, "value", (value, None)))
        return node

    def is_weight(self, value: Any) -> bool:
        """Whether a value is a parameter that training should change."""
        return isinstance(value, Initial) and (value.trainable or value.name in self.tied)

    def parameter(self, value: Initial) -> Node:
        """The tensor of a parameter that no layer has a place for."""
        node = self._parameters.get(value.name)
        if node is None:
            stored = value.stored
            name = self.unique(name_of("parameter", f"{value.name}.", value.name))
            trained = value.name not in self.frozen and bool(
                np.all(np.isfinite(stored.array()))  # a mask of -inf is none to train
            )
            made = Parameter(stored.shape, trainable=trained, dtype=stored.dtype, name=name)
            node = made(self.inputs[0])
            self._parameters[value.name] = node
            self.claim(value, made)
            self.assignments.append(Assignment(made, "value", (Initial.of(stored), None)))
        order = value.order
        return node if order == tuple(range(len(order))) else ops.transpose(node, order)

    def compute(self, function: Callable[..., Any], *values: Any) -> Any:
        """`function` of the values: an operation, or done now if all are known."""
        if any(
            isinstance(v, Node | Filled) or self.is_weight(v) or holds_unknown(v) for v in values
        ):
            return function(*map(self.operand, values))
        return self._fold(function, [v.array() if isinstance(v, Initial) else v for v in values])

    def _fold(self, function: Callable[..., Any], arrays: list[Any]) -> Any:
        """The result for arrays, once it is known that it is not too large."""
        with Trace():
            made = function(*(a if a is None else Node.wrap(np.asarray(a)) for a in arrays))
            nodes = [Node.wrap(one) for one in tree.flatten(made)]
        self.spend(
            sum(prod(n.extents) for n in sorted_nodes(nodes) if n.op and not holds_dim(n.extents))
        )
        results = Plan(nodes).run({})
        return (
            tree.pack_sequence_as(made, results) if isinstance(made, list | tuple) else results[0]
        )

    def spend(self, elements: int) -> None:
        """Count elements that are computed while loading."""
        self.folded += elements
        if self.folded > MOST_FOLDED:
            raise ValueError(
                f"expected constants of at most {MOST_FOLDED:,} elements in all. Received: more. "
                "Export the model with constant folding."
            )

    def output(self, name: str) -> Node:
        """An output of the network."""
        value = self.values[name]
        if not isinstance(value, Node):
            value = self.operand(value)
        if not isinstance(value, Node):
            raise ValueError(
                f"output {name!r}: expected a tensor that depends on the inputs. "
                "Received: a constant"
            )
        if value in self.inputs:
            kept = value.dtype if is_float(value.dtype) else None
            made: Node = layers.Identity(name=self.unique("identity"), dtype=kept)(value)
            return made
        return value

    # -- sizes that are known at run time only ----------------------------------------------------

    def sized(self, operation: str, tensors: list[Node], sizes: Shape, **config: Any) -> Node:
        """A `Sized` layer that reads the sizes off other tensors."""
        references: list[Node] = []
        terms = [self._terms(size, references) for size in sizes]
        if not references:
            references.append(self.inputs[0])
        name = self.unique(f"{operation}_sized")
        made = Sized(operation, terms, len(tensors), **config, name=name)
        result: Node = made([*tensors, *references])
        return result

    def _terms(self, size: Extent, references: list[Node]) -> Any:
        """A size as a sum of products of axes of `references`, which may grow."""
        if isinstance(size, int | np.integer):
            return int(size)
        if self.place(size) is not None:
            return [[1, self._axis(size, references)]]
        return [
            [count, *(self._axis(Dim({(atom,): 1}), references) for atom in monomial)]
            for monomial, count in size.terms
        ]

    def place(self, size: Dim) -> tuple[Node, int] | None:
        """A tensor and its axis that has a size, if there is one."""
        return self._places.get(size)

    def _axis(self, size: Dim, references: list[Node]) -> list[int]:
        found = self.place(size)
        if found is None:
            raise ValueError(
                f"expected sizes that some tensor has. Received: {size}. Export the model with "
                "fixed sizes apart from the batch."
            )
        node, axis = found
        if node not in references:
            references.append(node)
        return [references.index(node), axis]
