"""Branches, loops and scopes: `tf.cond`, `tf.while_loop`, `tf.map_fn`, `tf.TensorArray`, ..."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from geartrain import ops, tree
from geartrain.compat.tensorflow import arrays
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.graph.node import Node
from geartrain.ops.operands import operand


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """What one of two functions returns: `true_fn()` where `pred` is true, else `false_fn()`."""
    return ops.cond(pred, true_fn, false_fn)


def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False,
    name: str = "case",
) -> Any:  # fmt: skip
    """What the function of the first true predicate returns; else what `default` does."""
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if not pairs:
        return default()
    (pred, function), *rest = pairs
    if not rest and default is None:
        return function()
    return ops.cond(pred, function, lambda: case(rest, default))


def switch_case(
    branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case"
) -> Any:
    """What the function at an index returns; what `default` does for other indices."""
    functions = dict(branch_fns) if isinstance(branch_fns, dict) else dict(enumerate(branch_fns))
    if not all(isinstance(key, int) for key in functions):
        functions = dict(branch_fns)
    last = default or functions[max(functions)]
    ordered = [functions.get(n, last) for n in range(max(functions) + 1)]
    index = operand(branch_index)
    inside = ops.logical_and(index >= 0, index < len(ordered))
    return ops.switch(ops.where(inside, index, len(ordered)), [*ordered, last])


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any,
    shape_invariants: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, maximum_iterations: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Repeat `loop_vars = body(*loop_vars)` while `cond(*loop_vars)`.

    With values the loop runs in Python, and the variables may change their shapes.
    """
    states, count = loop_vars, 0
    if not any(isinstance(one, Node) for one in tree.flatten(loop_vars)):
        states = tuple(map(_as_tensor, loop_vars))
        while maximum_iterations is None or count < int(maximum_iterations):
            more = cond(*states)
            if isinstance(operand(more), Node):
                break
            if not bool(more):
                return type(loop_vars)(states) if isinstance(loop_vars, list | tuple) else states
            made = body(*states)
            states = tuple(made) if isinstance(made, list | tuple) else (made,)
            count += 1
        else:
            return type(loop_vars)(states)
    most = None if maximum_iterations is None else int(maximum_iterations) - count
    made = ops.while_loop(cond, body, tuple(states), maximum_iterations=most)
    return list(made) if isinstance(loop_vars, list) else made


def _as_tensor(value: Any) -> Any:
    number = isinstance(value, int | float | list)
    return convert_to_tensor(value) if number else value


def map_fn(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: Any = None,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True,
    name: str | None = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """What a function gives for each row of a tensor, or of several, stacked."""
    flat = tree.flatten(elems)
    if any(isinstance(one, Node) for one in flat):
        return ops.map(fn, elems)
    rows = len(flat[0])
    made = [
        fn(tree.map_structure(lambda one, n=n: convert_to_tensor(one)[n], elems))  # type: ignore[misc]
        for n in range(rows)
    ]
    if hasattr(fn_output_signature, "ragged_rank"):
        from geartrain.compat.tensorflow import ragged

        return ragged.stack(made)
    return tree.map_structure(lambda *rows: arrays.stack(list(rows)), *made)


def vectorized_map(
    fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """What a function gives for each row of a tensor, or of several, stacked."""
    return map_fn(fn, elems)


def scan(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True,
    reverse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """What `state = fn(state, row)` gives after each row, stacked."""
    flat = tree.flatten(elems)
    order = list(range(int(flat[0].shape[0])))
    order = order[::-1] if reverse else order

    def row(n: int) -> Any:
        return tree.map_structure(lambda one: convert_to_tensor(one)[n], elems)

    found, state = [], initializer
    if state is None:
        state = row(order[0])
        found.append(state)
        order = order[1:]
    for n in order:
        state = fn(state, row(n))
        found.append(state)
    found = found[::-1] if reverse else found
    return tree.map_structure(lambda *rows: arrays.stack(list(rows)), *found)


def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The last state of `state = fn(state, row)`, from the first row to the last."""
    return tree.map_structure(lambda one: one[-1], scan(fn, elems, initializer))


def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The last state of `state = fn(state, row)`, from the last row to the first."""
    return tree.map_structure(lambda one: one[0], scan(fn, elems, initializer, reverse=True))


class TensorArray:
    """A list of tensors that grows, and is stacked at the end.

    Args:
        dtype: of the tensors.
        size: how many there are.

    >>> array = TensorArray("float32", size=2)
    >>> array.write(0, [1.0]).write(1, [2.0]).stack().numpy().tolist()
    [[1.0], [2.0]]
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: Any = None, clear_after_read: Any = None,
        tensor_array_name: Any = None, handle: Any = None, flow: Any = None,
        infer_shape: bool = True, element_shape: Any = None,
        colocate_with_first_write_call: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        self.dtype, self.element_shape = as_dtype(dtype), element_shape
        self.dynamic_size = bool(dynamic_size)
        self._items: list[Any] = [None] * (0 if size is None else int(size))

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put a tensor at a place."""
        place = int(index)
        self._items.extend([None] * (place + 1 - len(self._items)))
        self._items[place] = convert_to_tensor(value, self.dtype)
        return self

    def read(self, index: Any, name: str | None = None) -> Any:
        """The tensor at a place."""
        return self._items[int(index)]

    def _filled(self) -> list[Any]:
        known = next((one for one in self._items if one is not None), None)
        empty = None if known is None else ops.zeros_like(known)
        return [empty if one is None else one for one in self._items]

    def stack(self, name: str | None = None) -> Any:
        """All tensors along a new first axis."""
        if not self._items:
            return tensor(np.zeros((0, *(self.element_shape or ())), self.dtype.numpy_dtype))
        return arrays.stack(self._filled())

    def concat(self, name: str | None = None) -> Any:
        """All tensors side by side along the first axis."""
        return arrays.concat(self._filled(), 0)

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The tensors at places, along a new first axis."""
        return arrays.stack([self._items[int(n)] for n in indices])

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Take the rows of a tensor in."""
        self._items = arrays.unstack(convert_to_tensor(value))
        return self

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Take parts of a tensor in, of these lengths."""
        self._items = arrays.split(value, lengths)
        return self

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put the rows of a tensor at places."""
        for place, row in zip(indices, arrays.unstack(convert_to_tensor(value)), strict=True):
            self.write(place, row)
        return self

    def identity(self) -> TensorArray:
        """The array itself."""
        return self

    def size(self, name: str | None = None) -> Any:
        """How many tensors there are."""
        return tensor(np.int32(len(self._items)))

    def close(self, name: str | None = None) -> None:
        """Do nothing."""


# -- scopes, which change nothing on one CPU ------------------------------------------------------


class name_scope:
    """A `with` block, or decorator, for names."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __enter__(self) -> str:
        return f"{self.name}/"

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, function: Any) -> Any:
        """As a decorator: the function itself."""
        return function


def device(device_name: Any) -> Any:
    """A `with` block for a device: there is the CPU alone."""
    return nullcontext(device_name)


def control_dependencies(control_inputs: Any) -> Any:
    """A `with` block: what is written first is done first in any case."""
    return nullcontext()


@contextmanager
def init_scope() -> Iterator[None]:
    """A `with` block in which variables have values even while a function is traced."""
    from geartrain.runtime.variable import concrete_scope

    with concrete_scope():
        yield


def group(*inputs: Any, **kwargs: Any) -> None:
    """Do nothing: what was called was done."""


def no_op(name: str | None = None) -> None:
    """Do nothing."""


def executing_eagerly() -> bool:
    """Whether tensors have values, as they have outside of functions that are traced."""
    from geartrain.runtime.variable import current_trace

    return current_trace() is None


def inside_function() -> bool:
    """Whether a function is being traced."""
    return not executing_eagerly()


def print(*inputs: Any, **kwargs: Any) -> None:
    """Print tensors; in a traced function only that they are symbolic."""
    stream = kwargs.get("output_stream", sys.stderr)
    text = kwargs.get("sep", " ").join(_shown(one) for one in inputs)
    stream = stream if hasattr(stream, "write") else sys.stderr
    stream.write(text + kwargs.get("end", "\n"))


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return str(np.asarray(value))
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(_shown, value))}]"
    return str(value.numpy()) if hasattr(value, "numpy") else str(value)


def numpy_function(
    func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None,
    stateful: bool = True, name: str | None = None,
) -> Any:  # fmt: skip
    """What a function of NumPy arrays gives, as tensors. It has no gradient."""
    return _called(func, [np.asarray(one) for one in inp or ()], Tout)


def py_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,
    name: str | None = None,
) -> Any:
    """What a function of tensors gives, run in Python."""
    return _called(func, [convert_to_tensor(one) for one in inp or ()], Tout)


def _called(function: Callable[..., Any], arguments: list[Any], kinds: Any) -> Any:
    if any(isinstance(one, Node) for one in arguments):  # then a tf.function runs step by step
        raise TypeError(
            "tf.py_function: expected tensors with values. Received a symbolic one, inside of a "
            "graph. Call it outside of compiled functions and of the call of layers."
        )
    made = function(*arguments)
    if kinds is None or (isinstance(kinds, list | tuple) and not kinds):
        return None if kinds is None else []
    if isinstance(kinds, list | tuple):
        return [convert_to_tensor(one, kind) for one, kind in zip(made, kinds, strict=True)]
    return convert_to_tensor(made, kinds)


__all__ = [
    "TensorArray", "case", "cond", "control_dependencies", "device", "executing_eagerly", "foldl",
    "foldr", "group", "init_scope", "inside_function", "map_fn", "name_scope", "no_op",
    "numpy_function", "print", "py_function", "scan", "switch_case", "vectorized_map",
    "while_loop",
]  # fmt: skip
