"""The primitive op of loops whose turns are not counted before: a graph, while another says so.

The results are what the states are after the last turn; those of one dtype are one flat tensor.
NumPy runs it, inside of compiled programs as well. For its gradient it runs once more, keeps the
states of every turn, and goes back over them: so there is one, however many turns it takes, but no
second derivative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np

from geartrain.graph.dtypes import is_float, numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Node, placeholder, sorted_nodes
from geartrain.graph.op import Op, Opaque
from geartrain.graph.shapes import Extent, Spec
from geartrain.ops.bodies import batch_if_needed, flat_size, flattened, is_symbolic, parted
from geartrain.ops.elementwise import constant_like
from geartrain.ops.rules import gradients

Values = Mapping[Any, np.ndarray]


@dataclass(frozen=True, eq=False)
class Repeated:
    """One turn of a loop, and whether there is one.

    Attributes:
        states: placeholders of what is handed from turn to turn.
        captured: placeholders of the values from outside.
        condition: of the states: a scalar, whether there is another turn.
        outputs: the new states.
        most: no more turns than that; None for no bound.
    """

    states: tuple[Node, ...]
    captured: tuple[Node, ...]
    condition: Node
    outputs: tuple[Node, ...]
    most: int | None

    @cached_property
    def _asked(self) -> Plan:
        return Plan([self.condition])

    @cached_property
    def _made(self) -> Plan:
        return Plan(self.outputs)

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The states and what is captured: the sources of the op."""
        return (*self.states, *self.captured)

    @cached_property
    def wrt(self) -> list[Node]:
        """The inputs that can have a gradient."""
        return [node for node in self.inputs if is_float(node.dtype)]

    @cached_property
    def seeds(self) -> list[Node]:
        """For each state with a gradient, the placeholder of the one that enters a turn."""
        return [placeholder(n.extents, n.dtype, "slope") for n in self.states if n in set(self.wrt)]

    @cached_property
    def backward(self) -> Plan:
        """The gradient of a turn with respect to `wrt`."""
        outputs = [made for made in self.outputs if is_float(made.dtype)]
        slopes = gradients(outputs, self.wrt, self.seeds)
        return Plan(
            [
                constant_like(node, 0.0) if slope is None else slope
                for node, slope in zip(self.wrt, slopes, strict=True)
            ]
        )

    def of_type(self, dtype: str) -> list[Node]:
        """The states of a dtype."""
        return [state for state in self.states if state.dtype == dtype]

    def turns(self, arrays: Sequence[np.ndarray], batch: int) -> Iterator[list[np.ndarray]]:
        """The states at the start, and after every turn."""
        values = {node.leaf: array for node, array in zip(self.inputs, arrays, strict=True)}
        states = list(arrays[: len(self.states)])
        turn = 0
        yield states
        while turn != self.most and bool(self._asked.run(values, batch)[0]):
            states = self._made.run(values, batch)
            values.update(zip((node.leaf for node in self.states), states, strict=True))
            turn += 1
            yield states


def _infer(*specs: Spec, body: Repeated, dtype: str, batch: Extent) -> Spec:
    return Spec((flat_size(body.of_type(dtype)),), dtype)


def _reference(*arrays: np.ndarray, body: Repeated, dtype: str, batch: int) -> np.ndarray:
    for states in body.turns(arrays, batch):
        last = states
    kept = [array for node, array in zip(body.states, last, strict=True) if node.dtype == dtype]
    return flattened(kept, numpy_dtype(dtype))


def _grad(
    g: Node, y: Node, *sources: Node, body: Repeated, dtype: str, batch: Extent
) -> tuple[Any, ...]:
    found: dict[Node, Any] = {}
    for into in dict.fromkeys(node.dtype for node in body.wrt):
        nodes = [node for node in body.wrt if node.dtype == into]
        flat = repeat_gradient.node(g, *sources, body=body, dtype=dtype, into=into, batch=batch)
        found.update(zip(nodes, parted(flat, [node.extents for node in nodes]), strict=True))
    return tuple(found.get(node) for node in body.inputs)


def _gradient_infer(
    g: Spec, *specs: Spec, body: Repeated, dtype: str, into: str, batch: Extent
) -> Spec:
    return Spec((flat_size(node for node in body.wrt if node.dtype == into),), into)


def _gradient_reference(
    g: np.ndarray, *arrays: np.ndarray, body: Repeated, dtype: str, into: str, batch: int
) -> np.ndarray:
    """Forward once more, then back over the turns: the last first."""
    history = list(body.turns(arrays, batch))
    handed, start = [], 0
    for state, array in zip(body.states, history[0], strict=True):
        if state.dtype == dtype:
            handed.append(g[start : start + array.size].reshape(array.shape))
            start += array.size
        elif is_float(state.dtype):
            handed.append(np.zeros_like(array))
    count = len(handed)
    values = {node.leaf: array for node, array in zip(body.inputs, arrays, strict=True)}
    sums = [np.zeros_like(values[node.leaf]) for node in body.wrt[count:]]
    for states in reversed(history[:-1]):
        values.update(zip((node.leaf for node in body.states), states, strict=True))
        values.update(zip((node.leaf for node in body.seeds), handed, strict=True))
        slopes = body.backward.run(values, batch)
        handed = slopes[:count]
        sums = [total + slope for total, slope in zip(sums, slopes[count:], strict=True)]
    passed = zip(body.wrt, [*handed, *sums], strict=True)
    return flattened([slope for node, slope in passed if node.dtype == into], numpy_dtype(into))


def _no_second(g: Node, y: Node, *sources: Node, **params: Any) -> NoReturn:
    raise TypeError(
        "while_loop: expected at most one derivative of a loop whose number of turns is known at "
        "run time only. Received: a second one. Use ops.fori_loop or ops.scan, whose turns are "
        "counted before."
    )


repeat: Op = Op("repeat", _infer, _reference, _grad, Opaque())
repeat_gradient: Op = Op(
    "repeat_gradient", _gradient_infer, _gradient_reference, _no_second, Opaque()
)


def repeated(body: Repeated, sources: Sequence[Any]) -> list[Any]:
    """The states after the last turn.

    Args:
        body: the turn.
        sources: the states at the start, and the values from outside.

    States of several dtypes come from several nodes; those that nobody reads are not computed.
    """
    batch = batch_if_needed([body.condition], body.outputs)
    made: dict[Node, Any] = {}
    for dtype in dict.fromkeys(state.dtype for state in body.states):
        states = body.of_type(dtype)
        flat = repeat.node(*sources, body=body, dtype=dtype, batch=batch)
        made.update(zip(states, parted(flat, [s.extents for s in states]), strict=True))
    return [made[state] for state in body.states]


def turns_known(body: Repeated, sources: Sequence[Any], limit: int) -> int | None:
    """How many turns the loop takes, if that depends on nothing that is known at run time only.

    Args:
        body: the turn.
        sources: as for `repeated`.
        limit: of turns that are counted; beyond it the answer is None.
    """
    new = dict(zip(body.states, body.outputs, strict=True))
    read: set[Node] = set()
    stack = [body.condition]
    while stack:
        for node in sorted_nodes([stack.pop()]):
            if node in new and node not in read:
                read.add(node)
                stack.append(new[node])
            elif node.op is None:
                read.add(node)
    states = [state for state in body.states if state in read]
    values: dict[Any, Any] = {}
    for node, value in zip(body.inputs, sources, strict=True):
        if node in read:
            leaf = value.leaf if isinstance(value, Node) else None
            values[node.leaf] = leaf.value if isinstance(leaf, Constant) else value
    asked, made = [body.condition], [new[state] for state in states]
    if is_symbolic(list(values.values())) or batch_if_needed(asked, made) != 0:
        return None
    most = limit if body.most is None else min(body.most, limit)
    whether, turned, turn = Plan(asked), Plan(made), 0
    while turn < most and bool(whether.run(values)[0]):
        values.update(zip((s.leaf for s in states), turned.run(values), strict=True))
        turn += 1
    return None if turn == limit != body.most else turn
