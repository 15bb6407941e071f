"""New tensors from a shape: zeros, ones, ranges, one-hot vectors.

A shape may hold None for the batch axis; the tensor is then symbolic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import config
from geartrain.graph.dtypes import numpy_dtype, result_type, standardize_dtype
from geartrain.graph.node import Node
from geartrain.graph.shapes import Dim, Shape, from_public
from geartrain.ops.elementwise import cast, equal
from geartrain.ops.operands import (
    Tensor,
    dtype_of,
    dtype_or,
    extents_of,
    operand,
    stretched,
    together,
)
from geartrain.ops.views import iota, reshape

__all__ = ["arange", "full", "full_like", "one_hot", "ones", "ones_like", "zeros", "zeros_like"]


def shape_of(value: Any, who: str) -> Shape:
    """A shape given by a user (a number, or numbers and None) as extents."""
    sizes = value if isinstance(value, Sequence | np.ndarray) else (value,)
    extents = from_public(
        [size if size is None or isinstance(size, Dim) else int(size) for size in sizes]
    )
    if any(isinstance(extent, int) and extent < 0 for extent in extents):
        raise ValueError(f"{who}: expected sizes of at least 0. Received: shape={value}")
    return extents


def full(shape: Any, fill_value: Tensor, dtype: Any = None) -> Tensor:
    """A tensor with `fill_value` at every position.

    Args:
        shape: the sizes of the axes.
        fill_value: a number, or a tensor that stretches to the shape.
        dtype: the dtype, `floatx()` if None.

    >>> full((2, 2), 7.0)
    array([[7., 7.],
           [7., 7.]], dtype=float32)
    """
    extents = shape_of(shape, "full")
    value = operand(fill_value, dtype_or(dtype, config.floatx()))
    if isinstance(value, np.ndarray) and not any(isinstance(size, Dim) for size in extents):
        return np.full(extents, value, value.dtype)  # type: ignore[arg-type]
    return stretched(Node.wrap(value), extents)


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of zeros.

    Args:
        shape: the sizes of the axes.
        dtype: the dtype, `floatx()` if None.

    >>> zeros((2, 3))
    array([[0., 0., 0.],
           [0., 0., 0.]], dtype=float32)
    """
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of ones.

    Args:
        shape: the sizes of the axes.
        dtype: the dtype, `floatx()` if None.

    >>> ones(3)
    array([1., 1., 1.], dtype=float32)
    """
    return full(shape, 1, dtype)


def full_like(x: Tensor, fill_value: Tensor, dtype: Any = None) -> Tensor:
    """A tensor of x's shape with `fill_value` at every position.

    Args:
        x: tensor whose shape (and dtype) to take.
        fill_value: a number, or a tensor that stretches to the shape.
        dtype: the dtype, x's if None.

    >>> full_like([1.0, 2.0], 7)
    array([7., 7.], dtype=float32)
    """
    x = operand(x)
    dtype = dtype_or(dtype, dtype_of(x))
    extents = extents_of(x)
    if isinstance(x, Node):
        return stretched(Node.wrap(operand(fill_value, dtype)), extents)
    return full(extents, fill_value, dtype)


def zeros_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Zeros in the shape of x (and its dtype, unless another is given).

    >>> zeros_like([1.0, 2.0])
    array([0., 0.], dtype=float32)
    """
    return full_like(x, 0, dtype)


def ones_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Ones in the shape of x (and its dtype, unless another is given).

    >>> ones_like([1.0, 2.0])
    array([1., 1.], dtype=float32)
    """
    return full_like(x, 1, dtype)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> np.ndarray:
    """Evenly spaced numbers: start, start + step, ... up to but without stop.

    Args:
        start: the first number; with `stop=None` it is the stop, and 0 the start.
        stop: the bound.
        step: the distance, 1 if None; negative to count down.
        dtype: the dtype, by default that of the arguments.

    >>> arange(3), arange(1, 2, 0.5)
    (array([0, 1, 2], dtype=int32), array([1. , 1.5], dtype=float32))
    """
    given = [value for value in (start, stop, step) if value is not None]
    if any(isinstance(value, Node) for value in given):
        raise TypeError(
            f"arange: expected numbers, since they set a shape. Received: {start!r}, {stop!r}, "
            f"{step!r}"
        )
    types = [value.dtype if hasattr(value, "dtype") else type(value) for value in given]
    name = standardize_dtype(dtype) if dtype is not None else result_type(*types)
    if step is not None and step == 0:
        raise ValueError("arange: expected a step other than 0. Received: step=0")
    first, last = (0, start) if stop is None else (start, stop)
    return np.arange(first, last, 1 if step is None else step, numpy_dtype(name))


def one_hot(
    x: Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """A vector for each integer: 1 at that index, 0 elsewhere.

    Args:
        x: integer tensor of any shape; numbers outside [0, num_classes) give zeros only.
        num_classes: the length of the vectors.
        axis: where the new axis goes in the result.
        dtype: the dtype, `floatx()` if None.
        sparse: there are only dense tensors here, so True is refused.

    Raises ValueError for sparse, for a float x, and for an axis that is not there.

    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    from geartrain.graph.shapes import axis_index

    if sparse:
        raise ValueError("one_hot: expected a dense result. Received: sparse=True")
    x = operand(x)
    if "int" not in dtype_of(x):
        raise ValueError(
            f"one_hot: expected integers. Received: dtype {dtype_of(x)}. Cast them to int32 first."
        )
    extents = list(extents_of(x))
    place = axis_index(axis, len(extents) + 1, "one_hot")
    widened = reshape(x, shape=(*extents[:place], 1, *extents[place:]))
    extents.insert(place, int(num_classes))
    shape = tuple(extents)
    (widened,) = together(widened)
    classes = _along(place, shape, dtype_of(x), isinstance(x, Node))
    return cast(equal(stretched(widened, shape), classes), dtype=dtype_or(dtype, config.floatx()))


def _along(axis: int, shape: Shape, dtype: str, symbolic: bool) -> Any:
    """The index along one axis, at every position."""
    if symbolic:
        return iota.node(shape=shape, axis=axis, dtype=dtype)
    return iota.run([], {"shape": shape, "axis": axis, "dtype": dtype}, None)
