"""Symbolic calls: how `Input`, and calls of layers and ops on its results, are remembered.

Outside of a trace, a call on a symbolic tensor computes nothing. It makes new symbolic tensors,
and each knows the call that it came from: the operation (a layer, or an op such as `ops.add`), its
arguments, and its place among the results. `models` follows these histories back from a model's
outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from geartrain import ops, tree
from geartrain.errors import shown
from geartrain.graph.budget import current_budget
from geartrain.graph.dtypes import standardize_dtype
from geartrain.graph.node import Leaf, Node
from geartrain.graph.recording import recorders
from geartrain.graph.shapes import Shape, StandIn, from_public, public
from geartrain.layers.arguments import sizes_of
from geartrain.layers.trials import inferred
from geartrain.ops.sizes import Size, leaves_of
from geartrain.registry import automatic_name
from geartrain.runtime.variable import Trace, current_trace


class Call:
    """One symbolic call of an operation.

    Attributes:
        operation: the layer or other operation that is called.
        args, kwargs: its arguments; tensors in them are nodes, at any depth of lists and dicts.
        outputs: the tensors that came out, in the structure that the operation returned.
    """

    def __init__(self, operation: Any, args: Any, kwargs: Any) -> None:
        self.operation, self.args, self.kwargs = operation, args, kwargs
        self.outputs: Any = None

    @property
    def inputs(self) -> list[Node]:
        """The symbolic tensors among the arguments, or whose sizes are; an input layer has none."""
        found: list[Node] = []
        for value in leaves_of((self.args, self.kwargs)):
            if isinstance(value, Node):
                found.append(value)
            elif isinstance(value, Size):
                found.extend(value.sources)
        return found

    def finish(self, results: Any) -> Any:
        """Note what came out: tensors with a history, shaped like the nodes in `results`."""
        self.outputs = tree.map_structure(
            lambda x: KerasTensor.made_by(self, x.extents, x.dtype) if isinstance(x, Node) else x,
            results,
        )
        self.operation._calls.append(self)
        return self.outputs


class History(Leaf):
    """The identity of a symbolic tensor: the call that made it, None if there was none."""

    __slots__ = ("call", "kind")

    def __init__(self, name: str, call: Call | None, kind: str = "dense") -> None:
        super().__init__(name)
        self.call, self.kind = call, kind


class KerasHistory(NamedTuple):
    """Where a symbolic tensor is from, by Keras's names, which programs read.

    Attributes:
        operation: the layer or other operation that made it.
        node_index: at which of its calls.
        tensor_index: at which place among the results.
    """

    operation: Any
    node_index: int
    tensor_index: int


class KerasTensor(Node):
    """A symbolic tensor of a model under construction.

    Args:
        shape: its shape; None for an axis of unknown size.
        dtype: its dtype.
        sparse, ragged: noted; there are only dense tensors to compute with here.
        record_history: accepted as in Keras.
        name: its name.

    Raises ValueError for a tensor both sparse and ragged, or a shape that is none.

    >>> KerasTensor((None, 3))
    <KerasTensor shape=(None, 3), dtype=float32>
    """

    __slots__ = ()

    def __new__(
        cls,
        shape: Sequence[int | None],
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        call: Call | None = None,
    ) -> Any:
        """A new leaf with a history."""
        if sparse and ragged:
            raise ValueError(
                "KerasTensor: expected a tensor that is sparse or ragged. "
                "Received: sparse=True, ragged=True"
            )
        if not isinstance(shape, Iterable) or isinstance(shape, str):
            raise ValueError(f"KerasTensor: expected a shape. Received: {shown(shape)}")
        kind = "sparse" if sparse else "ragged" if ragged else "dense"
        extents = from_public(sizes_of("KerasTensor", tuple(shape)))
        name = name or automatic_name("keras_tensor")
        return cls._made(name, call, extents, standardize_dtype(dtype), kind)

    @classmethod
    def _made(
        cls, name: str, call: Call | None, extents: Shape, dtype: str, kind: str = "dense"
    ) -> Any:
        budget = current_budget()
        if budget is not None:
            budget.check_shape(getattr(call and call.operation, "name", name), extents)
        return cls.leaf_of(History(name, call, kind), extents, dtype)

    @property
    def name(self) -> str:
        """The tensor's name."""
        return self.leaf.name if self.leaf else "keras_tensor"

    @property
    def sparse(self) -> bool:
        """Whether it was said to be sparse."""
        return self._kind == "sparse"

    @property
    def ragged(self) -> bool:
        """Whether it was said to be ragged."""
        return self._kind == "ragged"

    @property
    def _kind(self) -> str:
        return self.leaf.kind if isinstance(self.leaf, History) else "dense"

    ragged_rank = row_splits_dtype = None

    @property
    def _keras_mask(self) -> Any:
        """The mask that the layers up to here leave with it, symbolic too; None without one."""
        call = self.call
        if call is None or not call.args or call.outputs is not self:
            return None
        if not getattr(call.operation, "supports_masking", False):
            return None
        before = tree.map_structure(lambda one: getattr(one, "_keras_mask", None), call.args[0])
        return call.operation.compute_mask(call.args[0], before)

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise ValueError(
            f"{self!r} is symbolic: it stands for a shape and a dtype, and has no values to make "
            "numbers or NumPy arrays of. Use the functions of keras.ops, or layers."
        )

    __int__ = __float__ = __array__ = _refuse

    def __iter__(self) -> Any:
        raise NotImplementedError(
            f"{self!r} is symbolic: it cannot be iterated over. Use ops.unstack(x), or x[0], x[1]."
        )

    def __ne__(self, other: Any) -> Any:
        return ops.not_equal(self, other)

    __hash__ = Node.__hash__

    def reshape(self, newshape: Any) -> Any:
        """The same elements in another shape: see `ops.reshape`.

        >>> KerasTensor((None, 6)).reshape((-1, 2, 3))
        <KerasTensor shape=(None, 2, 3), dtype=float32>
        """
        return ops.reshape(self, newshape)

    def squeeze(self, axis: Any = None) -> Any:
        """The tensor without axes of size 1: see `ops.squeeze`."""
        return ops.squeeze(self, axis)

    def __reduce__(self) -> Any:
        """Pickled and copied without its history."""
        kinds = self.sparse, self.ragged
        return KerasTensor, (self.shape, self.dtype, *kinds, True, self.name)

    @property
    def call(self) -> Call | None:
        """The call that made it."""
        return self.leaf.call if isinstance(self.leaf, History) else None

    @property
    def _keras_history(self) -> KerasHistory:
        call = self.call
        if call is None:
            raise AttributeError(f"{self!r} has no _keras_history: no operation made it")
        outputs = [output is self for output in tree.flatten(call.outputs)]
        number = next(n for n, one in enumerate(call.operation._calls) if one is call)
        return KerasHistory(call.operation, number, outputs.index(True))

    @classmethod
    def made_by(cls, call: Call, extents: Shape, dtype: str) -> Any:
        """The tensor that a call made."""
        return cls._made("keras_tensor", call, extents, dtype)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}>"


# Functions whose arguments are functions: what these use of the model is no argument.
WITH_FUNCTIONS = {
    "associative_scan", "cond", "custom_gradient", "fori_loop", "jvp", "map", "remat", "scan",
    "switch", "vectorize", "vectorized_map", "while_loop",
}  # fmt: skip


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is a symbolic tensor."""
    return isinstance(x, Node)


def record_call(operation: Any, args: Any, kwargs: Any, run: Callable[[Any, Any], Any]) -> Any:
    """Run an operation symbolically to learn its outputs' shapes; tensors with history."""
    with Trace():
        results = inferred(run, args, kwargs)
    return Call(operation, args, kwargs).finish(results)


def _record_function(function: Callable[..., Any], args: Any, kwargs: Any, result: Any) -> Any:
    """What a public function returns: see `graph.recording`."""
    if current_trace() or not any(isinstance(x, Node) for x in tree.flatten(result)):
        return result
    from geartrain.layers.function_calls import graph_call, recorded_call

    if function.__name__ in WITH_FUNCTIONS:
        return graph_call(function.__name__, result)
    if not of_model(args, kwargs):
        return result
    return recorded_call(function, args, kwargs, result)


def _try_function(function: Callable[..., Any], args: Any, kwargs: Any, error: Exception) -> Any:
    """What a public function that must know sizes as numbers would return: see `trials`."""
    if current_trace() or not of_model(args, kwargs):
        raise error
    with Trace():
        return inferred(lambda args, kwargs: function(*args, **kwargs), args, kwargs)


def of_model(*arguments: Any) -> bool:
    """Whether a symbolic tensor of a model under construction, or a size of one, is among these."""
    return any(
        any(isinstance(source, KerasTensor) for source in value.sources)
        if isinstance(value, Size)
        else isinstance(value, KerasTensor)
        for value in leaves_of(arguments)
    )


recorders.append((_record_function, _try_function))


def get_source_inputs(tensor: Any) -> list[Any]:
    """The inputs of a model that a symbolic tensor is computed from.

    >>> from geartrain import Input, ops
    >>> x, y = Input((2,)), Input((2,))
    >>> get_source_inputs(ops.exp(x) + y) == [x, y]
    True
    """
    found: dict[Any, None] = {}
    seen, stack = set(), [tensor]
    while stack:
        one = stack.pop()
        if one in seen:
            continue
        seen.add(one)
        inputs = one.call.inputs if isinstance(one, KerasTensor) and one.call else []
        if not inputs:
            found[one] = None
        stack.extend(reversed(inputs))
    return list(found)


def shapes_of(argument: Any) -> Any:
    """The public shapes of an argument's tensors, in its structure; None for anything else."""
    if hasattr(argument, "extents"):
        return tuple(None if type(n) is StandIn else n for n in public(argument.extents))
    if hasattr(argument, "shape"):
        return tuple(argument.shape)
    if tree.is_nested(argument) and tree.flatten(argument):
        return tree.map_structure(shapes_of, argument)
    return None


def tree_of_shapes(shape: Any) -> Any:
    """Shapes that were read from JSON, where a tuple is a list: one, or a nested structure.

    >>> tree_of_shapes({"query": [None, 3], "states": [[None, 4], [None, 4]]})
    {'query': (None, 3), 'states': [(None, 4), (None, 4)]}
    """
    if isinstance(shape, dict):
        return {name: tree_of_shapes(one) for name, one in shape.items()}
    if not isinstance(shape, list | tuple):
        return shape
    if all(size is None or isinstance(size, int) for size in shape):
        return tuple(shape)
    return [tree_of_shapes(one) for one in shape]


def tree_of_tensors(shape: Any, dtype: str) -> Any:
    """Symbolic tensors for a shape, or for each shape of a nested structure; None for None."""
    if shape is None:
        return None
    if isinstance(shape, dict):
        return {name: tree_of_tensors(one, dtype) for name, one in shape.items()}
    if all(size is None or isinstance(size, int) for size in shape):
        return KerasTensor(tuple(shape), dtype)
    return [tree_of_tensors(one, dtype) for one in shape]


def tensors_of(who: str, shape: Any, dtype: str) -> Any:
    """Symbolic tensors for what a `compute_output_shape` gave: a shape, or nested ones."""
    if isinstance(shape, list) and shape and all(n is None or isinstance(n, int) for n in shape):
        shape = tuple(shape)
    if not tree.is_nested(shape):
        raise ValueError(
            f"{who}: expected a shape, or nested shapes, from compute_output_shape. "
            f"Received: {shown(shape)}"
        )
    return tree.map_shape_structure(lambda one: KerasTensor(one, dtype), shape)
