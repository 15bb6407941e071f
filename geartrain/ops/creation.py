"""New tensors from a shape: zeros, ones, ranges, one-hot vectors.

A shape may hold sizes of `ops.shape` that are not known yet; the tensor is then symbolic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import UnknownSize, unknown_keywords
from geartrain.graph.budget import make_room
from geartrain.graph.dtypes import FLOATS, numpy_dtype, result_type, standardize_dtype
from geartrain.graph.node import Node
from geartrain.graph.shapes import Dim, Shape, apply, axis_index, product
from geartrain.ops.elementwise import (
    add,
    cast,
    divide,
    equal,
    floor,
    multiply,
    subtract,
    where,
)
from geartrain.ops.folds import max_
from geartrain.ops.operands import (
    Tensor,
    aligned,
    check_whole,
    counted,
    dtype_of,
    dtype_or,
    extents_of,
    filled_like,
    indices_like,
    ladder,
    number_of,
    operand,
    rank_of,
    stretched,
)
from geartrain.ops.sizes import Size, extent_from, extents_from, number_from
from geartrain.ops.views import reshape

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "multi_hot",
    "one_hot",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


def shape_of(value: Any, who: str) -> Shape:
    """A shape given by a user (a size, or several) as extents."""
    extents = extents_from(value, who)
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
    return _full("full", shape, fill_value, dtype)


def _full(who: str, shape: Any, fill_value: Tensor, dtype: Any) -> Tensor:
    extents = shape_of(shape, who)
    value = operand(fill_value, dtype_or(dtype, config.floatx()))
    if isinstance(value, np.ndarray) and not any(isinstance(size, Dim) for size in extents):
        sizes = [size for size in extents if isinstance(size, int)]
        make_room(who, *sizes)
        return np.full(sizes, value, value.dtype)
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
    return _full("zeros", shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of ones.

    Args:
        shape: the sizes of the axes.
        dtype: the dtype, `floatx()` if None.

    >>> ones(3)
    array([1., 1., 1.], dtype=float32)
    """
    return _full("ones", shape, 1, dtype)


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


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Evenly spaced numbers: start, start + step, ... up to but without stop.

    Args:
        start: the first number, or a size of `ops.shape`; with `stop=None` it is the stop, and 0
            the start.
        stop: the bound, a number or a size.
        step: the distance, 1 if None; negative to count down.
        dtype: the dtype, by default that of the arguments.

    >>> arange(3), arange(1, 2, 0.5)
    (array([0, 1, 2], dtype=int32), array([1. , 1.5], dtype=float32))
    """
    given = [value for value in (start, stop, step) if value is not None]
    if isinstance(step, int | float | np.generic) and step == 0:
        raise ValueError("arange: expected a step other than 0. Received: step=0")
    if start is None or any(isinstance(value, Node | Size) for value in given):
        return _arange_of_sizes(start, stop, step, dtype)
    types = [_type_in_range(value) for value in given]
    name = standardize_dtype(dtype) if dtype is not None else result_type(*types)
    first, last = (0, start) if stop is None else (start, stop)
    step = 1 if step is None else step
    make_room("arange", max(0, (float(last) - float(first)) / float(step)))
    numbers = np.arange(first, last, step)
    if numbers.dtype.kind == "i":
        check_whole(numbers, name, numbers)
    return np.asarray(numbers, numpy_dtype(name))


def _type_in_range(value: Any) -> Any:
    """The dtype that a bound of `arange` asks for; NumPy's 64-bit scalars count as Python's."""
    if isinstance(value, np.int64 | np.float64):
        return type(value.item())
    return standardize_dtype(value.dtype) if hasattr(value, "dtype") else type(value)


def _arange_of_sizes(start: Any, stop: Any, step: Any, dtype: Any) -> Node:
    """`arange` where a bound is a size that is not known yet."""
    given = (start, stop, step)
    if stop is None:
        start, stop = 0, start
    stride = 1 if step is None else step
    whole = all(isinstance(value, int | np.integer | Size | Node) for value in (start, stop))
    if not whole or not isinstance(stride, int | np.integer):
        raise UnknownSize(
            "arange: expected numbers, since they set a shape, and whole ones where a bound is a "
            f"size that is not known yet. Received: {', '.join(map(repr, given))}"
        )
    first, last = extent_from(start, "arange"), extent_from(stop, "arange")
    stride = int(stride)
    span = last - first if stride > 0 else first - last
    count = span if abs(stride) == 1 else apply("ceildiv", span, abs(stride))
    name = "int32" if dtype is None else standardize_dtype(dtype)
    numbers = ladder((apply("max", count, 0),), 0, symbolic=True)
    if stride != 1:
        numbers = multiply(numbers, filled_like(numbers, stride))
    if first != 0:
        numbers = add(numbers, stretched(number_of(first, "int32"), extents_of(numbers)))
    return operand(numbers, name)  # type: ignore[no-any-return]


def one_hot(
    x: Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """A vector for each integer: 1 at that index, 0 elsewhere.

    Args:
        x: class numbers, a tensor of any shape. What is not one of 0, 1, ... num_classes - 1
            gives zeros only.
        num_classes: the length of the vectors.
        axis: where the new axis goes in the result.
        dtype: the dtype, `floatx()` if None.
        sparse: there are only dense tensors here, so True is refused.

    Raises ValueError for sparse, and for an axis that is not there.

    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    if sparse:
        raise ValueError("one_hot: expected a dense result. Received: sparse=True")
    x = counted(x)
    if dtype_of(x) in FLOATS:  # 16 bits would not tell all classes apart
        x = operand(x, result_type(dtype_of(x), "float32"))
    extents = list(extents_of(x))
    place = axis_index(axis, len(extents) + 1, "one_hot")
    extents.insert(place, 1)
    x = reshape(x, shape=tuple(extents))
    extents[place] = extent_from(num_classes, "one_hot")
    x = stretched(x, tuple(extents))
    hits = equal(x, indices_like(x, place, dtype_of(x)))
    return cast(hits, dtype=dtype_or(dtype, config.floatx()))


def multi_hot(
    inputs: Tensor, num_classes: int | None = None, axis: int = -1, dtype: Any = None,
    sparse: bool = False, **kwargs: Any,
) -> Tensor:  # fmt: skip
    """One vector for each row of integers: 1 at every index that the row holds, 0 elsewhere.

    Args:
        inputs: integers of shape (size,) or (samples, size).
        num_classes: the length of the vectors.
        axis: where the one-hot axis goes before the rows' vectors are joined.
        dtype: the dtype, `floatx()` if None.
        sparse: there are only dense tensors here, so True is refused.
        **kwargs: `num_tokens`, the older name of `num_classes`.

    Raises ValueError without num_classes, and TypeError for other keywords.

    >>> multi_hot([0, 2], num_classes=4)
    array([1., 0., 1., 0.], dtype=float32)
    """
    if num_classes is None:
        num_classes = kwargs.pop("num_tokens", None)
    if kwargs:
        raise unknown_keywords("multi_hot", kwargs, ["inputs", "num_classes", "axis", "dtype"])
    if num_classes is None:
        raise ValueError("multi_hot: expected num_classes, the vectors' length. Received: None")
    x = operand(inputs, "int32")
    vectors = one_hot(x, num_classes, axis, dtype, sparse)
    return max_(vectors, axes=(1 if rank_of(x) > 1 else 0,))


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor whose values do not matter (here: zeros).

    >>> empty((2, 3)).shape
    (2, 3)
    """
    return zeros(shape, dtype)


def empty_like(x: Tensor, dtype: Any = None) -> Tensor:
    """A tensor of x's shape whose values do not matter (here: zeros).

    >>> empty_like([1.0, 2.0]).shape
    (2,)
    """
    return zeros_like(x, dtype)


def linspace(
    start: Tensor, stop: Tensor, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    """`num` numbers from start to stop at equal distances.

    Args:
        start, stop: the first and the last number, or tensors of them.
        num: how many numbers, at least 0.
        endpoint: whether stop is the last; if not, it would be the next.
        retstep: whether to return the distance too, as (numbers, distance).
        dtype: the dtype, that of start and stop as floats if None.
        axis: where the new axis goes.

    >>> linspace(0.0, 1.0, 5)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    num = number_from(num, "linspace")
    if num < 0:
        raise ValueError(f"linspace: expected num of at least 0. Received: {num}")
    start, stop = aligned(start, stop, floats=True, who="linspace")
    made = dtype_or(dtype, dtype_of(start))
    if not isinstance(start, Node):  # rounded once, at the end
        start, stop = operand(start, "float64"), operand(stop, "float64")
    gaps = num - 1 if endpoint else num
    span = subtract(stop, start)
    step = divide(span, filled_like(span, gaps)) if gaps > 0 else filled_like(span, np.nan)
    place = axis_index(axis, rank_of(start) + 1, "linspace")
    shape = list(extents_of(start))
    ones = (*shape[:place], 1, *shape[place:])
    wide = (*shape[:place], num, *shape[place:])
    first, last, gap = (stretched(reshape(x, shape=ones), wide) for x in (start, stop, step))
    index = indices_like(first, place)
    numbers = add(first, multiply(cast(index, dtype=dtype_of(first)), gap)) if gaps > 0 else first
    if endpoint and num > 1:
        numbers = where(equal(index, filled_like(index, num - 1)), last, numbers)
    if made not in FLOATS:
        numbers = floor(numbers)
    numbers = operand(numbers, made)
    return (numbers, operand(step, made)) if retstep else numbers


def meshgrid(*x: Tensor, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of a grid: one tensor an axis, each with the shape of the whole grid.

    Args:
        *x: the vectors of coordinates along each axis.
        indexing: "xy" puts the first vector along the columns (axis 1), as in a plot; "ij" along
            the rows (axis 0), as in a matrix.

    Raises ValueError for another indexing, or tensors that are not vectors.

    >>> meshgrid([1, 2], [3, 4, 5])[0]
    array([[1, 2],
           [1, 2],
           [1, 2]], dtype=int32)
    """
    vectors = [operand(one) for one in x]
    ranks = [rank_of(one) for one in vectors]
    if indexing not in ("xy", "ij") or not set(ranks) <= {0, 1}:
        raise ValueError(
            "meshgrid: expected vectors, and indexing 'xy' or 'ij'. "
            f"Received: tensors of ranks {ranks}, indexing={indexing!r}"
        )
    order = list(range(len(vectors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = [1, 0]
    sizes = [product(extents_of(one)) for one in vectors]
    shape = tuple(sizes[i] for i in order)
    lying = [tuple(sizes[i] if i == own else 1 for i in order) for own in range(len(vectors))]
    return [
        stretched(reshape(one, shape=ones), shape) for one, ones in zip(vectors, lying, strict=True)
    ]
