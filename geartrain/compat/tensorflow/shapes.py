"""Shapes, axes and sizes as TensorFlow's functions take them, made those of `geartrain.ops`."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.graph.node import Node
from geartrain.ops.operands import extents_of, operand
from geartrain.ops.sizes import Size


class Sizes(tuple[Any, ...]):
    """What `tf.shape` gives where a size is not known yet: numbers and sizes that compute."""

    __slots__ = ()

    def __tensor__(self) -> Any:
        return ops.stack([operand(one, "int32") for one in self])

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return Sizes(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Any:
        return ops.add(self.__tensor__(), other)

    def __mul__(self, other: Any) -> Any:
        return ops.multiply(self.__tensor__(), other)

    __radd__, __rmul__ = __add__, __mul__

    def __floordiv__(self, other: Any) -> Any:
        return ops.floor_divide(self.__tensor__(), other)


def number(value: Any) -> Any:
    """A size or axis as a number, where it is known."""
    if value is None or isinstance(value, int | Node | Size):
        return value
    return int(value)


def shape_of(shape: Any) -> tuple[Any, ...]:
    """A shape, given as a number, a list, a tensor or what `tf.shape` gave."""
    if isinstance(shape, Sizes):
        return tuple(shape)
    if isinstance(shape, Node):
        return tuple(shape[index] for index in range(len(shape)))
    if isinstance(shape, np.ndarray):
        return tuple(np.asarray(shape).reshape(-1).tolist())
    return tuple(map(number, shape)) if isinstance(shape, list | tuple) else (number(shape),)


def axis_of(axis: Any) -> Any:
    """An axis or several, given as numbers or as a tensor."""
    if isinstance(axis, np.ndarray) and axis.ndim:
        return tuple(axis.tolist())
    return tuple(map(number, axis)) if isinstance(axis, list | tuple) else number(axis)


def are_sizes(values: Any) -> bool:
    """Whether these are whole numbers, of which some are sizes that are not known yet."""
    return any(isinstance(one, Size) for one in values) and all(
        isinstance(one, int | np.integer | Size) or getattr(one, "shape", None) == ()
        for one in values
    )


def shape(input: Any, out_type: Any = "int32", name: str | None = None) -> Any:
    """The sizes of the axes: a tensor; where one is not known yet, sizes that compute."""
    if hasattr(input, "bounding_shape"):
        return input.bounding_shape()
    if isinstance(input, Sizes):
        return tensor(np.int32([len(input)]))
    if isinstance(input, np.ndarray):
        return tensor(np.array(np.shape(input), out_type))
    found = ops.shape(input)
    if all(isinstance(one, int) for one in found):
        return tensor(np.array(found, out_type))
    return Sizes(found)


def shape_n(input: Any, out_type: Any = "int32", name: str | None = None) -> Any:
    """The shapes of several tensors."""
    return [shape(one, out_type) for one in input]


def size(input: Any, out_type: Any = "int32", name: str | None = None) -> Any:
    """The number of elements."""
    if isinstance(input, Node):
        return ops.cast(ops.size(input), out_type)
    return tensor(np.array(np.size(input), out_type))


def rank(input: Any, name: str | None = None) -> Any:
    """The number of axes."""
    return tensor(
        np.int32(len(extents_of(input if isinstance(input, Node) else np.asarray(input))))
    )


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape that tensors of two shapes have together."""
    from geartrain.compat.tensorflow.tensor import TensorShape

    return TensorShape(np.broadcast_shapes(tuple(shape_x), tuple(shape_y)))


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape that tensors of two shapes have together, as a tensor."""
    return tensor(np.int32(np.broadcast_shapes(shape_of(shape_x), shape_of(shape_y))))


__all__ = ["broadcast_dynamic_shape", "broadcast_static_shape", "rank", "shape", "shape_n", "size"]
