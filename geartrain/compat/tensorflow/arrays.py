"""Tensors in other shapes: `tf.reshape`, `tf.concat`, `tf.tile`, `tf.pad`, ..."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.shapes import Sizes, are_sizes, axis_of, number, shape_of
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.graph.node import Node
from geartrain.ops.operands import extents_of, operand


def plain(x: Any) -> np.ndarray | None:
    """Texts and complex numbers, with which NumPy computes; None for what ops compute with."""
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "OSUTc":
        return np.asarray(x)
    first = x
    while isinstance(first, list | tuple) and first:
        first = first[0]
    return np.asarray(x) if isinstance(first, str | bytes | builtins.complex) else None


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The same elements in another shape; one size may be -1."""
    return _either(tensor, ops.reshape, np.reshape, shape_of(shape))


def _either(x: Any, function: Any, of_numpy: Any, *args: Any) -> Any:
    """What ops compute of a tensor, or NumPy of texts and complex numbers."""
    array = plain(x)
    return function(x, *args) if array is None else tensor(of_numpy(array, *args))


def transpose(
    a: Any, perm: Any = None, conjugate: bool = False, name: str | None = "transpose"
) -> Any:
    """The axes in another order, backwards by default."""
    axes = None if perm is None else shape_of(perm)
    made = _either(a, ops.transpose, np.transpose, axes)
    return tensor(np.conj(made)) if conjugate and plain(made) is not None else made


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """The tensor with one more axis, of size 1."""
    if hasattr(input, "expanded"):
        return input.expanded(axis)
    return _either(input, ops.expand_dims, np.expand_dims, axis_of(axis))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """The tensor without axes of size 1: all, or those given."""
    axis = axis_of(axis)
    return _either(input, ops.squeeze, np.squeeze, None if axis in ((), None) else axis)


def concat(values: Any, axis: Any, name: str | None = "concat") -> Any:
    """Tensors side by side along an axis."""
    values = list(values)
    if any(isinstance(one, Sizes) for one in values):
        return Sizes(size for one in values for size in shape_of(one))
    ragged = next((one for one in values if hasattr(one, "row_splits")), None)
    if ragged is not None:
        return ragged.joined(values, axis)
    made = [convert_to_tensor(one) for one in values]
    if any(plain(one) is not None for one in made):
        return tensor(np.concatenate([np.asarray(one) for one in made], axis_of(axis)))
    return ops.concatenate(made, axis_of(axis))


def stack(values: Any, axis: Any = 0, name: str | None = "stack") -> Any:
    """Tensors of one shape along a new axis."""
    if isinstance(values, list | tuple) and are_sizes(values):
        return Sizes(map(number, values))
    made = [convert_to_tensor(one) for one in values]
    if any(plain(one) is not None for one in made):
        return tensor(np.stack([np.asarray(one) for one in made], axis_of(axis)))
    return ops.stack(made, axis_of(axis))


def parallel_stack(values: Any, name: str | None = "parallel_stack") -> Any:
    """Tensors of one shape along a new first axis."""
    return stack(values)


def unstack(value: Any, num: int | None = None, axis: Any = 0, name: str | None = "unstack") -> Any:
    """The parts of a tensor along an axis, which is left out: a list."""
    if isinstance(value, Sizes):
        return list(value)
    axis, array = axis_of(axis), plain(value)
    if array is not None:
        return [tensor(one) for one in np.moveaxis(array, axis, 0)]
    return list(ops.unstack(value, num, axis))


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str | None = "split"
) -> Any:
    """Parts along an axis: so many of equal sizes, or of given sizes, of which one may be -1."""
    axis = axis_of(axis)
    parts = num_or_size_splits
    if isinstance(parts, int) or np.ndim(parts) == 0:
        return list(ops.split(operand(value), number(parts), axis))
    sizes, whole = list(shape_of(parts)), extents_of(operand(value))[axis]
    if -1 in sizes:
        sizes[sizes.index(-1)] = whole - sum(size for size in sizes if size != -1)
    return list(ops.split(operand(value), np.cumsum(sizes)[:-1].tolist(), axis))


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """The tensor repeated as a whole, so often along each axis."""
    return _either(input, ops.tile, np.tile, shape_of(multiples))


def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Any:
    """Each element, or each part along an axis, repeated."""
    times = np.asarray(repeats) if not isinstance(repeats, Node) else repeats
    times = times.item() if isinstance(times, np.ndarray) and times.ndim == 0 else times
    return _either(input, ops.repeat, np.repeat, times, axis_of(axis))


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The tensor with more elements before and after along each axis."""
    widths = np.asarray(paddings).tolist()
    if mode.upper() == "CONSTANT":
        return ops.pad(tensor, widths, "constant", constant_values)
    return ops.pad(tensor, widths, mode.lower())


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """The tensor stretched to a shape."""
    return _either(input, ops.broadcast_to, np.broadcast_to, shape_of(shape))


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """The elements in the reverse order along axes."""
    axes = axis_of(axis)
    return _either(tensor, ops.flip, np.flip, axes)


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """For each sample the first so many items in the reverse order."""
    x, axis, batch = operand(input), seq_axis or 0, batch_axis or 0
    length = extents_of(x)[axis]
    places = ops.arange(length)
    ends = ops.expand_dims(ops.cast(seq_lengths, "int32"), -1)
    order = ops.where(places < ends, ends - 1 - places, places)
    if axis < batch:
        order = ops.transpose(order)
    others = [n for n in builtins.range(len(extents_of(x))) if n not in (axis, batch)]
    for other in others:
        order = ops.expand_dims(order, other)
    return ops.take_along_axis(x, ops.broadcast_to(order, ops.shape(x)), axis)


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """The elements moved along axes; those that leave come in at the other end."""
    return ops.roll(input, axis_of(shift), axis_of(axis))


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The tensor itself. Raises ValueError where its shape is another."""
    pairs = zip(tuple(x.shape), shape, strict=False)
    if len(tuple(x.shape)) != len(tuple(shape)) or any(
        a is not None and b is not None and a != b for a, b in pairs
    ):
        raise ValueError(
            f"tf.ensure_shape: expected shape {tuple(shape)}. Received: shape {tuple(x.shape)}"
        )
    return x


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """The part that begins at an index and has a size; -1 for all that is left."""
    x = convert_to_tensor(input_)
    key = tuple(
        builtins.slice(first, None if isinstance(count, int) and count == -1 else first + count)
        for first, count in zip(shape_of(begin), shape_of(size), strict=True)
    )
    return x[key]


def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The part from one index to another, by steps along each axis."""
    starts, ends = shape_of(begin), shape_of(end)
    steps = (1,) * len(starts) if strides is None else shape_of(strides)
    key: list[Any] = []
    for place, (first, last, step) in enumerate(zip(starts, ends, steps, strict=True)):
        bit = 1 << place
        if ellipsis_mask & bit:
            key.append(...)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(first)
        else:
            low, high = None if begin_mask & bit else first, None if end_mask & bit else last
            key.append(builtins.slice(low, high, step))
    return convert_to_tensor(input_)[tuple(key)]


__all__ = [
    "broadcast_to", "concat", "ensure_shape", "expand_dims", "pad", "parallel_stack", "repeat",
    "reshape", "reverse", "reverse_sequence", "roll", "slice", "split", "squeeze", "stack",
    "strided_slice", "tile", "transpose", "unstack",
]  # fmt: skip
