"""Tensors themselves: conversion, dtype, shape, and where gradients stop."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.graph.dtypes import FLOATS, limits, numpy_dtype, standardize_dtype
from geartrain.graph.node import Node
from geartrain.graph.shapes import product
from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import clip
from geartrain.ops.operands import (
    Tensor,
    counted,
    dtype_of,
    extents_of,
    number_of,
    operand,
    rank_of,
)
from geartrain.ops.sizes import size_of

__all__ = [
    "array",
    "cast",
    "convert_to_numpy",
    "convert_to_tensor",
    "copy",
    "dtype",
    "is_tensor",
    "ndim",
    "saturate_cast",
    "shape",
    "size",
    "stop_gradient",
]


def cast(x: Tensor, dtype: Any) -> Tensor:
    """`x` with its elements converted to `dtype`; floats become integers by dropping fractions.

    Args:
        x: tensor of any shape.
        dtype: a name such as `"float32"`, or a NumPy dtype.

    >>> cast([1.7, -1.7], "int32")
    array([ 1, -1], dtype=int32)
    """
    return operand(x, standardize_dtype(dtype))


def saturate_cast(x: Tensor, dtype: Any) -> Tensor:
    """`x` held within the numbers that `dtype` has, then cast to it: nothing wraps around.

    >>> saturate_cast([-3.0, 7.5, 300.0], "uint8")
    array([  0,   7, 255], dtype=uint8)
    """
    x, name = counted(x), standardize_dtype(dtype)
    own = dtype_of(x)
    low = max(limits(own)[0], limits(name)[0])
    high = min(limits(own)[1], limits(name)[1])
    kind = numpy_dtype(own).type
    if own in FLOATS and int(kind(high)) > high:  # rounded up: only the float below it fits
        high = np.nextafter(kind(high), kind(0))
    return operand(clip(x, kind(low), kind(high)), name)


def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """`x` as a tensor: an array, or itself if it is symbolic.

    Args:
        x: array, number, nested list, variable or symbolic tensor.
        dtype: the tensor's dtype. If None, arrays keep theirs, Python's floats become
            `floatx()` and its integers int32.
        sparse: whether a sparse tensor stays one; there are only dense ones here, which stay.
        ragged: likewise; but rows of unequal lengths have no dense form, so True is refused.

    Raises:
        ValueError: for ragged tensors, or lists of unequal lengths.
        TypeError: for strings and other objects.

    >>> convert_to_tensor([[1, 2], [3, 4]])
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    if ragged:
        raise ValueError(
            "convert_to_tensor: expected a dense tensor. Received: ragged=True. Bring the rows to "
            "one length first: keras.utils.pad_sequences."
        )
    return operand(x, None if dtype is None else standardize_dtype(dtype))


def array(x: Any, dtype: Any = None) -> Tensor:
    """`x` as a tensor: the same as `convert_to_tensor`.

    >>> array([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Tensor) -> np.ndarray:
    """`x` as a NumPy array.

    Raises ValueError for a symbolic tensor, which has no values yet.

    >>> convert_to_numpy([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    x = operand(x)
    if isinstance(x, Node):
        raise ValueError(
            f"convert_to_numpy: expected a tensor with values. Received: {x!r}, which has none "
            "yet. Compute with it by the functions of ops."
        )
    return np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor, concrete or symbolic, rather than a number or a list.

    >>> is_tensor(np.zeros(3)), is_tensor([0.0])
    (True, False)
    """
    return isinstance(x, Node | np.ndarray)


def dtype(x: Tensor) -> str:
    """The name of the dtype.

    >>> dtype([1.0, 2.0])
    'float32'
    """
    return dtype_of(operand(x))


def shape(x: Tensor) -> tuple[Any, ...]:
    """The sizes of the axes: numbers, and where one is not known yet, a size that computes.

    Such sizes can be added, multiplied and compared, with each other and with numbers, and be given
    as shapes, counts and bounds; in other functions they are scalars of int32. (`x.shape` has None
    there.)

    >>> shape([[1, 2, 3], [4, 5, 6]])
    (2, 3)
    """
    x = operand(x)
    sources = (x,) if isinstance(x, Node) else ()
    return tuple(size_of(extent, sources) for extent in extents_of(x))


def ndim(x: Tensor) -> int:
    """The number of axes, also called the rank.

    >>> ndim([[1, 2, 3], [4, 5, 6]])
    2
    """
    return rank_of(operand(x))


def size(x: Tensor) -> Any:
    """The number of elements: an int, or a symbolic int32 if it is not known yet.

    >>> size([[1, 2, 3], [4, 5, 6]])
    6
    """
    total = product(extents_of(operand(x)))
    return total if isinstance(total, int) else number_of(total, "int32")


def copy(x: Tensor) -> Tensor:
    """A new array with the same values. (A symbolic tensor is immutable, hence its own copy.)

    >>> copy([1, 2])
    array([1, 2], dtype=int32)
    """
    x = operand(x)
    return x.copy() if type(x) is np.ndarray else x


def stop_gradient(variable: Tensor) -> Tensor:
    """The same values, as a constant: no gradient flows to `variable`.

    >>> stop_gradient([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    return primitive.stop_gradient(operand(variable))
