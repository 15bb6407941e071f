"""An ONNX graph in the making.

A value is the name of a tensor that some node makes, or an array: a constant that is written to the
file when a node reads it. Nodes that nothing needs in the end are left out by `needed`.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Value: TypeAlias = "str | np.ndarray"

# The oldest version of ONNX's operators that is written: the first whose reductions all take their
# axes as an input. Operators that came later ask for the version that brought them.
OLDEST = 18
SINCE = {
    "Gelu": 20,
    "GroupNormalization": 21,
    "Attention": 23,
    "RMSNormalization": 23,
}
NEWEST = 24


class Unsupported(Exception):
    """Something that ONNX cannot say. `Exporter` adds which layer asked for it.

    Args:
        reason: why it cannot be exported.
        remedy: what the user can do.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason, self.remedy = reason, remedy


@dataclass(eq=False)
class OnnxNode:
    """One use of an operator.

    Attributes:
        name: its name, which no other node has.
        operator: the operator's name in ONNX.
        inputs, outputs: names of tensors; "" for an optional input that is not given.
        attributes: numbers, texts, lists of them, or a `Subgraph`.
        scope: the path of the layer that it belongs to.
    """

    name: str
    operator: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    scope: str

    def reads(self) -> Iterable[str]:
        """All tensors that it needs, those that its subgraph takes from outside included."""
        yield from self.inputs
        for value in self.attributes.values():
            if isinstance(value, Subgraph):
                yield from value.outputs
                for node in value.nodes:
                    yield from node.reads()

    def rename(self, renamed: dict[str, str]) -> None:
        """Give tensors other names."""
        self.inputs = [renamed.get(name, name) for name in self.inputs]
        self.outputs = [renamed.get(name, name) for name in self.outputs]
        for value in self.attributes.values():
            if isinstance(value, Subgraph):
                value.outputs = [renamed.get(name, name) for name in value.outputs]
                for node in value.nodes:
                    node.rename(renamed)

    def since(self) -> int:
        """The version of ONNX that it needs, its subgraph included."""
        bodies = [value for value in self.attributes.values() if isinstance(value, Subgraph)]
        inner = [node.since() for body in bodies for node in body.nodes]
        return max([SINCE.get(self.operator, OLDEST), *inner])


@dataclass(eq=False)
class Subgraph:
    """The body of a loop.

    Attributes:
        inputs: the names of what each turn gets, with dtypes and shapes.
        outputs: the names of what it gives.
        nodes: its nodes, in order.
    """

    inputs: list[tuple[str, str, tuple[Any, ...]]]
    outputs: list[str] = field(default_factory=list)
    nodes: list[OnnxNode] = field(default_factory=list)


class OnnxGraph:
    """Nodes and constants, with names that are used once.

    Args:
        opset: the version of ONNX's operators to keep to; None for the oldest that serves.
        newest: the newest version that there is.

    >>> graph = OnnxGraph()
    >>> y = graph.node("Relu", graph.node("Neg", "x"))
    >>> [node.operator for node in graph.needed([y])]
    ['Neg', 'Relu']
    """

    def __init__(self, opset: int | None = None, newest: int = NEWEST) -> None:
        self.limit = newest if opset is None else opset
        self.opset = OLDEST if opset is None else opset
        self.nodes: list[OnnxNode] = []
        self.constants: dict[str, np.ndarray] = {}
        self.scope = ""
        self._names: set[str] = {""}
        self._makers: dict[str, OnnxNode] = {}
        self._known: dict[Any, str] = {}
        self._open: list[Subgraph] = []

    # -- names and constants ----------------------------------------------------------------------

    def name(self, wanted: str) -> str:
        """A name that nothing has yet: the one that is wanted, or with a number behind it."""
        numbered = (f"{wanted}_{number}" for number in itertools.count(1))
        found = next(one for one in itertools.chain([wanted], numbered) if one not in self._names)
        self._names.add(found)
        return found

    def constant(self, array: np.ndarray, name: str | None = None) -> str:
        """The name of a constant; equal small ones are kept once."""
        array = np.asarray(array)
        key = (array.dtype.name, array.shape, array.tobytes()) if array.size <= 64 else None
        if name is None and key in self._known:
            return self._known[key]
        made = self.name(name or f"{self.scope or 'ops'}/constant")
        self.constants[made] = array
        if name is None and key is not None:
            self._known[key] = made
        return made

    def named(self, value: Value) -> str:
        """The name of a value: a constant gets one."""
        return value if isinstance(value, str) else self.constant(value)

    # -- nodes ------------------------------------------------------------------------------------

    def allows(self, operator: str) -> bool:
        """Whether the operator is in the version of ONNX that was asked for."""
        return SINCE.get(operator, OLDEST) <= self.limit

    def node(self, operator: str, *inputs: Value | None, **attributes: Any) -> str:
        """The only output of a new node."""
        return self.several(operator, 1, *inputs, **attributes)[0]

    def several(
        self, operator: str, outputs: int, *inputs: Value | None, **attributes: Any
    ) -> list[str]:
        """All outputs of a new node."""
        assert self.allows(operator), operator
        names = ["" if value is None else self.named(value) for value in inputs]
        while names and not names[-1]:
            names.pop()
        stem = f"{self.scope or 'ops'}/{operator}"
        made = [self.name(stem if n == 0 else f"{stem}:{n}") for n in range(outputs)]
        node = OnnxNode(made[0], operator, names, made, attributes, self.scope)
        (self._open[-1].nodes if self._open else self.nodes).append(node)
        if not self._open:
            self._makers.update(dict.fromkeys(made, node))
        return made

    def maker(self, value: Value) -> OnnxNode | None:
        """The node of the main graph that makes a value, if one does."""
        return self._makers.get(value) if isinstance(value, str) else None

    def begin(self, body: Subgraph) -> None:
        """From here on, nodes go into the body of a loop."""
        self._open.append(body)

    def end(self) -> None:
        """The body is finished: what its outputs do not need is left out."""
        body = self._open.pop()
        body.nodes, _ = _needed(body.nodes, body.outputs)

    @contextlib.contextmanager
    def outside(self, scope: str) -> Iterator[None]:
        """A `with` block for nodes of another scope that go before all open loops."""
        held, before = self._open, self.scope
        self._open, self.scope = [], scope
        try:
            yield
        finally:
            self._open, self.scope = held, before

    # -- axes -------------------------------------------------------------------------------------

    def transpose(self, value: Value, order: Iterable[int]) -> Value:
        """A value with its axes in another order; an order that undoes the one before is none."""
        order = [int(axis) for axis in order]
        if not isinstance(value, str):
            return np.transpose(value, order)
        maker = self.maker(value)
        if maker is not None and maker.operator == "Transpose" and not self._open:
            value = maker.inputs[0]
            order = [maker.attributes["perm"][axis] for axis in order]
        if order == sorted(order):
            return value
        return self.node("Transpose", value, perm=order)

    def pointwise(self, operator: str, *values: Value, **attributes: Any) -> str:
        """A function of each element, moved before a change of axes, so that two can meet."""
        before = self._transposed(values)
        if before is None:
            return self.node(operator, *values, **attributes)
        sources, order = before
        return self.named(self.transpose(self.node(operator, *sources, **attributes), order))

    def concatenated(self, values: Sequence[Value], axis: int) -> str:
        """The values one after the other, before a change of axes that all have in common."""
        before = self._transposed(values)
        if before is None:
            return self.node("Concat", *values, axis=axis)
        sources, order = before
        made = self.node("Concat", *sources, axis=order[axis])
        return self.named(self.transpose(made, order))

    def _transposed(self, values: Sequence[Value]) -> tuple[list[Value], list[int]] | None:
        """What the values were before a change of axes, if it is one and the same for all.

        Single numbers may be among them, which no order of axes changes.
        """
        if self._open:
            return None
        sources: list[Value] = []
        orders: list[list[int]] = []
        for value in values:
            maker = self.maker(value)
            if maker is not None and maker.operator == "Transpose":
                sources.append(maker.inputs[0])
                orders.append(maker.attributes["perm"])
            elif not isinstance(value, str) and value.ndim == 0:
                sources.append(value)
            else:
                return None
        alike = orders and all(order == orders[0] for order in orders)
        return (sources, orders[0]) if alike else None

    # -- the end ----------------------------------------------------------------------------------

    def deliver(self, values: Sequence[Value], names: Sequence[str]) -> list[str]:
        """Make the values the model's outputs, and return their names: those wanted, if free."""
        found = []
        renamed: dict[str, str] = {}
        for value, wanted in zip(values, names, strict=True):
            name = self.name(wanted)
            found.append(name)
            if isinstance(value, str) and value in self._makers and value not in renamed:
                renamed[value] = name
            else:
                made = OnnxNode(name, "Identity", [self.named(value)], [name], {}, "")
                self.nodes.append(made)
        for node in self.nodes:
            node.rename(renamed)
        return found

    def needed(self, outputs: Iterable[str]) -> list[OnnxNode]:
        """The nodes that the outputs need, in order; constants that nothing reads are dropped."""
        kept, wanted = _needed(self.nodes, outputs)
        self.constants = {name: a for name, a in self.constants.items() if name in wanted}
        self.opset = max([self.opset, *(node.since() for node in kept)])
        return kept


def _needed(nodes: list[OnnxNode], outputs: Iterable[str]) -> tuple[list[OnnxNode], set[str]]:
    """The nodes that the outputs need, and all tensors that these read."""
    wanted = set(outputs)
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs):
            kept.append(node)
            wanted.update(node.reads())
    return kept[::-1], wanted
