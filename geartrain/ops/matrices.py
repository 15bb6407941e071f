"""Diagonals, traces and triangles of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import UnknownSize
from geartrain.graph.budget import make_room
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.op import Op
from geartrain.graph.shapes import axis_index, conflict, public
from geartrain.ops import elementwise as primitive
from geartrain.ops import views
from geartrain.ops.logic import where
from geartrain.ops.operands import (
    Tensor,
    dtype_or,
    extents_of,
    filled_like,
    indices_like,
    ladder,
    operand,
    rank_of,
)
from geartrain.ops.reductions import sum
from geartrain.ops.shaping import moveaxis, ravel
from geartrain.ops.sizes import extent_from

__all__ = ["diag", "diagflat", "diagonal", "eye", "identity", "trace", "tri", "tril", "triu"]


def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of the matrices in two axes, as the last axis: `x[i, i + offset]`.

    Args:
        x: tensor of at least two axes.
        offset: how far above the main diagonal; negative ones lie below.
        axis1, axis2: rows and columns of the matrices, of sizes known now.

    Raises ValueError if x has fewer axes, or the two are one.

    >>> diagonal([[1, 2], [3, 4]])
    array([1, 4], dtype=int32)
    """
    x = operand(x)
    rank = rank_of(x)
    if rank < 2 or axis_index(axis1, rank, "diagonal") == axis_index(axis2, rank, "diagonal"):
        raise ValueError(
            "diagonal: expected a tensor of rank 2 or more and two different axes. "
            f"Received: shape {x.shape}, axis1={axis1}, axis2={axis2}"
        )
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    *front, rows, columns = extents_of(x)
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise UnknownSize(
            "diagonal: expected axes of sizes known now. Received: "
            f"shape {public((*front, rows, columns))}, where None is not known yet."
        )
    count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    first = offset if offset >= 0 else -offset * columns
    return views.slice_(  # in the flattened matrix, each step is one row and one column
        views.reshape(x, shape=(*front, rows * columns)),
        start=(0,) * len(front) + (first if count else 0,),
        length=(*front, count),
        step=(1,) * len(front) + (columns + 1,),
    )


def diag(x: Tensor, k: int = 0) -> Tensor:
    """A vector as the diagonal of a matrix of zeros; of a matrix, its diagonal.

    Args:
        x: a vector or a matrix.
        k: how far above the main diagonal; negative ones lie below.

    Raises ValueError for a tensor of another rank.

    >>> diag([1, 2])
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    x = operand(x)
    if rank_of(x) == 2:
        return diagonal(x, k)
    if rank_of(x) != 1 or not isinstance(extents_of(x)[0], int):
        raise conflict(
            "diag: expected a vector or a matrix of a known shape. "
            f"Received: shape {public(extents_of(x))}",
            extents_of(x) if rank_of(x) == 1 else (),
        )
    (count,) = extents_of(x)
    side = count + abs(k)
    low = k if k >= 0 else -k * side
    span = (count - 1) * (side + 1) + 1 if count else 0
    row = views.pad(x, low=(low,), high=(side * side - low - span,), interior=(side,))
    return views.reshape(row, shape=(side, side))


def diagflat(x: Tensor, k: int = 0) -> Tensor:
    """The elements of a tensor, flattened, as the diagonal of a matrix of zeros.

    >>> diagflat([[1, 2]])
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    return diag(ravel(x), k)


def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of the diagonal of the matrices in two axes.

    >>> trace([[1, 2], [3, 4]])
    array(5, dtype=int32)
    """
    return sum(diagonal(x, offset, axis1, axis2), axis=-1)


def _triangle(who: str, x: Tensor, k: int, lower: bool) -> Tensor:
    x = operand(x)
    rank = rank_of(x)
    if rank < 2:
        raise ValueError(
            f"{who}: expected a tensor of rank 2 or more. Received: shape {public(extents_of(x))}"
        )
    rows, columns = indices_like(x, rank - 2), indices_like(x, rank - 1)
    ahead = primitive.subtract(columns, rows)
    kept = primitive.less_equal if lower else primitive.greater_equal
    return where(kept(ahead, filled_like(ahead, k)), x, filled_like(x, 0))


def tril(x: Tensor, k: int = 0) -> Tensor:
    """The lower triangle of the matrices in the last two axes; zeros above diagonal k.

    >>> tril([[1, 2], [3, 4]])
    array([[1, 0],
           [3, 4]], dtype=int32)
    """
    return _triangle("tril", x, k, lower=True)


def triu(x: Tensor, k: int = 0) -> Tensor:
    """The upper triangle of the matrices in the last two axes; zeros below diagonal k.

    >>> triu([[1, 2], [3, 4]])
    array([[1, 2],
           [0, 4]], dtype=int32)
    """
    return _triangle("triu", x, k, lower=False)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix of N rows and M columns (N if None): ones on diagonal k, zeros elsewhere.

    >>> eye(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return _of_ones("eye", np.eye, primitive.equal, N, M, k, dtype)


def _of_ones(
    who: str, known: Callable[..., Any], chosen: Op, n: Any, m: Any, k: int, dtype: Any
) -> Tensor:
    """A matrix of ones where `chosen` holds for the distance above the main diagonal and k.

    NumPy's function `known` makes it where both sizes are known.
    """
    name = dtype_or(dtype, config.floatx())
    rows, columns = extent_from(n, who), extent_from(n if m is None else m, who)
    if isinstance(rows, int) and isinstance(columns, int):
        make_room(who, rows, columns)
        return known(rows, columns, k, numpy_dtype(name))
    shape = (rows, columns)
    ahead = primitive.subtract(ladder(shape, 1, symbolic=True), ladder(shape, 0, symbolic=True))
    return primitive.cast(chosen(ahead, filled_like(ahead, k)), dtype=name)


def identity(n: int, dtype: Any = None) -> Tensor:
    """The identity matrix of n rows: ones on the diagonal, zeros elsewhere.

    >>> identity(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix of N rows and M columns (N if None): ones on and below diagonal k, zeros above.

    >>> tri(3)
    array([[1., 0., 0.],
           [1., 1., 0.],
           [1., 1., 1.]], dtype=float32)
    """
    return _of_ones("tri", np.tri, primitive.less_equal, N, M, k, dtype)
