"""What NumPy computes before a compiled program: texts, and whatever else is no arithmetic.

The compiler knows numbers only. A layer for texts calls `on_host` with the function that computes
with arrays. While a step is traced, the call is noted in the `Stage` of the step, and what comes
out of it is an input of the program. So the stage runs first, on the arrays of a batch, and the
program on what it gave:

    words -> lookup -> embedding -> dense        the model
    words -> lookup                              the stage: NumPy
             numbers -> embedding -> dense       the program: machine code
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Constant, Node, placeholder
from geartrain.graph.shapes import Dim, Extent
from geartrain.runtime.variable import Variable, current_trace

STRING = "string"
_current: ContextVar[Stage | None] = ContextVar("stage", default=None)


class HostCall(NamedTuple):
    """A call that NumPy computes.

    Attributes:
        function: takes arrays and returns one.
        plan: what computes these arrays.
        output: the node that stands for the result.
        keeps_shape: whether the shape of the result depends on the number of rows alone.
    """

    function: Callable[..., np.ndarray]
    plan: Plan
    output: Node
    keeps_shape: bool


class Stage:
    """The host's calls of a step, noted in a `with` block in which the step is traced.

    Args:
        inputs: the step's placeholders.
        arrays: the arrays of one batch, by which the shapes of results are found.
    """

    def __init__(self, inputs: Sequence[Node], arrays: Sequence[np.ndarray]) -> None:
        self.inputs = list(inputs)
        self.calls: list[HostCall] = []
        self._values = self._given(arrays)
        self._batch = _rows_of(arrays)

    def __enter__(self) -> Stage:
        self._token = _current.set(self)
        return self

    def __exit__(self, *exception: object) -> None:
        _current.reset(self._token)
        self._values = {}

    @property
    def keeps_shapes(self) -> bool:
        """Whether the shapes of all results depend on the number of rows alone."""
        return all(call.keeps_shape for call in self.calls)

    def knows(self, nodes: Sequence[Node]) -> bool:
        """Whether these can be computed from the placeholders."""
        leaves = (node.leaf for node in Plan(nodes).leaves)
        return all(isinstance(x, Constant | Variable) or x in self._values for x in leaves)

    def call(
        self, function: Callable[..., np.ndarray], sources: Sequence[Node], keeps_shape: bool
    ) -> Node:
        """Note a call; the node of its result, whose shape is that for the batch."""
        plan = Plan(sources)
        arrays = _computed(plan, self._values, self._batch)
        result = function(*arrays)
        shape = tuple(
            _extent(axis, size, sources, arrays) for axis, size in enumerate(result.shape)
        )
        output = placeholder(shape, dtype_of_data(result), "host")
        self.calls.append(HostCall(function, plan, output, keeps_shape))
        self._values[output.leaf] = result
        return output

    def run(self, arrays: Sequence[np.ndarray]) -> dict[Node, np.ndarray]:
        """The array of each placeholder and each result, for the arrays of a batch."""
        values, batch = self._given(arrays), _rows_of(arrays)
        for call in self.calls:
            result = call.function(*_computed(call.plan, values, batch))
            values[call.output.leaf] = result
        nodes = [*self.inputs, *(call.output for call in self.calls)]
        return {node: values[node.leaf] for node in nodes}

    def _given(self, arrays: Sequence[np.ndarray]) -> dict[Any, np.ndarray]:
        return {node.leaf: x for node, x in zip(self.inputs, arrays, strict=True)}


def _rows_of(arrays: Sequence[np.ndarray]) -> int | None:
    return next((len(array) for array in arrays if array.ndim), None)


def _computed(plan: Plan, values: dict[Any, np.ndarray], batch: int | None) -> list[np.ndarray]:
    for node in plan.leaves:
        if isinstance(node.leaf, Variable):
            values[node.leaf] = node.leaf.array
    return plan.run(values, batch)


def _extent(axis: int, size: int, sources: Sequence[Node], arrays: list[np.ndarray]) -> Extent:
    """The size of an axis of a result: that of a source, where it is not known and agrees."""
    for node, array in zip(sources, arrays, strict=True):
        if axis < node.ndim and isinstance(node.extents[axis], Dim) and array.shape[axis] == size:
            return node.extents[axis]
    return size


def dtype_of_data(array: Any) -> str:
    """The dtype of an array or node; arrays of Python's strings are tensors of strings.

    >>> dtype_of_data(np.array(["a"], object)), dtype_of_data(np.zeros(1))
    ('string', 'float64')
    """
    if isinstance(array.dtype, str):  # of a node or a variable
        return str(array.dtype)
    return STRING if array.dtype.kind in "OUST" else str(array.dtype.name)


def _constant(value: Any) -> Node:
    array = np.asarray(value)
    return Node.leaf_of(Constant(array), array.shape, dtype_of_data(array))


def on_host(
    function: Callable[..., np.ndarray], tensors: Sequence[Any], symbol: Callable[[], Node],
    keeps_shape: bool = True,
) -> Any:  # fmt: skip
    """`function` of arrays at once; of symbolic tensors a node that stands for the result.

    Args:
        function: takes arrays and returns one.
        tensors: its arguments.
        symbol: makes a node of the result's shape and dtype, where there is no batch to tell.
        keeps_shape: see `HostCall`.
    """
    if not any(isinstance(tensor, Node) for tensor in tensors):
        return function(*(np.asarray(tensor) for tensor in tensors))
    stage = _current.get()
    nodes = [tensor if isinstance(tensor, Node) else _constant(tensor) for tensor in tensors]
    if stage is not None and current_trace() is not None and stage.knows(nodes):
        return stage.call(function, nodes, keeps_shape)
    return symbol()
