"""Distances, correlations, areas and counts of what tensors hold."""

from __future__ import annotations

import builtins
import math
from typing import Any

from geartrain.errors import shown
from geartrain.graph.shapes import axis_index, public
from geartrain.ops import elementwise as primitive
from geartrain.ops import views
from geartrain.ops.arithmetic import (
    add,
    clip,
    divide,
    floor_divide,
    mod,
    multiply,
    sqrt,
    square,
    subtract,
)
from geartrain.ops.creation import linspace
from geartrain.ops.indexing import scatter_add
from geartrain.ops.linear import matmul
from geartrain.ops.logic import greater_equal, less, less_equal, logical_and, where
from geartrain.ops.matrices import diagonal
from geartrain.ops.operands import (
    Tensor,
    as_float,
    dtype_of,
    extents_of,
    filled_like,
    operand,
    promoted,
    rank_of,
    together,
)
from geartrain.ops.reductions import known_size, max, mean, min, sum
from geartrain.ops.shaping import expand_dims, ravel, stack, transpose
from geartrain.ops.slicing import get_item
from geartrain.ops.transcendental import log10
from geartrain.ops.windows import window

__all__ = [
    "cdist",
    "corrcoef",
    "correlate",
    "histogram",
    "psnr",
    "ptp",
    "trapezoid",
    "unravel_index",
    "vander",
]


def ptp(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The range along axes: the greatest element less the least ("peak to peak").

    >>> ptp([[1, 5], [3, 2]], axis=1)
    array([4, 1], dtype=int32)
    """
    x = operand(x)
    if dtype_of(x) == "bool":
        raise TypeError("ptp: expected numbers. Received: booleans. Cast them first.")
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


def cdist(x: Tensor, y: Tensor) -> Tensor:
    """The Euclidean distances between the rows of two matrices.

    Args:
        x, y: tensors of shapes (..., n, size) and (..., m, size).

    Returns distances of shape (..., n, m).

    Raises ValueError for tensors that are no such matrices.

    >>> cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    array([[5., 1.]], dtype=float32)
    """
    x, y = promoted(x, y, floats=True)
    shapes = (extents_of(x), extents_of(y))
    if builtins.min(map(len, shapes)) < 2 or shapes[0][-1] != shapes[1][-1]:
        raise ValueError(
            "cdist: expected matrices whose rows have one size. "
            f"Received: shapes {public(shapes[0])} and {public(shapes[1])}"
        )
    apart = subtract(expand_dims(x, -2), expand_dims(y, -3))
    return sqrt(sum(multiply(apart, apart), axis=-1))


def psnr(x1: Tensor, x2: Tensor, max_val: Any) -> Tensor:
    """The peak signal-to-noise ratio in decibels: `20 log10(max_val) - 10 log10(mean square)`.

    Args:
        x1, x2: tensors of one shape; the mean is of the squared differences of all elements.
        max_val: the greatest value that a signal can have.

    Raises ValueError for tensors of two shapes.

    >>> round(float(psnr([0.0, 1.0], [0.0, 0.0], 1.0)), 4)
    3.0103
    """
    x1, x2 = promoted(x1, x2, floats=True)
    if extents_of(x1) != extents_of(x2):
        raise ValueError(
            "psnr: expected tensors of one shape. "
            f"Received: shapes {public(extents_of(x1))} and {public(extents_of(x2))}"
        )
    error = mean(square(subtract(x1, x2)))
    peak = log10(operand(max_val, dtype_of(error)))
    return subtract(multiply(peak, 20), multiply(log10(error), 10))


def corrcoef(x: Tensor) -> Tensor:
    """Pearson's correlation between each two rows of a matrix: `cov(a, b) / (std(a) std(b))`.

    Args:
        x: matrix with a variable in each row, or a vector of one variable.

    Raises ValueError for tensors of more than two axes.

    >>> corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """
    x = as_float(x)
    if rank_of(x) not in (1, 2):
        raise ValueError(
            f"corrcoef: expected a vector or a matrix. Received: shape {public(extents_of(x))}"
        )
    single = rank_of(x) == 1
    rows = expand_dims(x, 0) if single else x
    rows = subtract(rows, mean(rows, axis=1, keepdims=True))
    products = matmul(rows, transpose(rows))
    size = sqrt(diagonal(products))
    found = divide(divide(products, expand_dims(size, 0)), expand_dims(size, 1))
    found = clip(found, -1, 1)
    return views.reshape(found, shape=()) if single else found


def trapezoid(y: Tensor, x: Tensor = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """The area under points, by trapezoids: the sum of `(y[i] + y[i + 1]) / 2 * dx`.

    Args:
        y: the heights along an axis.
        x: where they are: a vector, or a tensor that stretches to y's shape; None for places `dx`
            apart.
        dx: the distance of places.
        axis: the axis.

    >>> trapezoid([1.0, 2.0, 4.0]), trapezoid([1.0, 2.0, 4.0], x=[0.0, 2.0, 3.0])
    (array(4.5, dtype=float32), array(6., dtype=float32))
    """
    y = as_float(y)
    place = axis_index(axis, rank_of(y), "trapezoid")

    def pair(tensor: Tensor, at: int) -> tuple[Tensor, Tensor]:
        before = (slice(None),) * at
        later = get_item(tensor, (*before, slice(1, None)))
        return later, get_item(tensor, (*before, slice(-1)))

    if x is not None:
        y, x = promoted(y, x)
        dx = subtract(*pair(x, 0 if rank_of(x) == 1 else place))
        if rank_of(x) == 1:
            dx = views.reshape(dx, shape=(*extents_of(dx), *(1,) * (rank_of(y) - place - 1)))
    return multiply(sum(multiply(add(*pair(y, place)), dx), axis=place), 0.5)


def correlate(x1: Tensor, x2: Tensor, mode: str = "valid") -> Tensor:
    """The cross-correlation of two vectors: `y[k] = sum(x1[n + k] * x2[n])`.

    Args:
        x1, x2: vectors.
        mode: "valid" where one covers the other, "same" as long as the longer one, "full"
            wherever they overlap.

    Raises ValueError for other tensors, or another mode.

    >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5])
    array([3.5], dtype=float32)
    """
    x1, x2 = promoted(x1, x2, floats=True)
    modes = ("valid", "same", "full")
    if mode not in modes or rank_of(x1) != 1 or rank_of(x2) != 1:
        raise ValueError(
            f"correlate: expected two vectors, and one of the modes {modes}. Received: shapes "
            f"{public(extents_of(x1))} and {public(extents_of(x2))}, mode={mode!r}"
        )
    first, second = known_size(x1, "correlate"), known_size(x2, "correlate")
    if first < second:  # the same from the other side
        return views.flip(correlate(x2, x1, mode), [0])
    total, edge = first + second - 1, second - 1
    padded = views.pad(x1, low=(edge,), high=(edge,), interior=(0,))
    stretches = window(
        padded, axes=(0,), counts=(total,), sizes=(second,), strides=(1,), dilations=(1,),
        paired=False,
    )  # fmt: skip
    found = matmul(stretches, x2)
    if mode == "full":
        return found
    if mode == "valid":
        return found[edge : total - edge]
    start = (total - first) // 2
    return found[start : start + first]


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde's matrix: the powers of each element of a vector, in a row.

    Args:
        x: vector.
        N: how many powers; as many as elements if None.
        increasing: whether the powers rise from 0; else they fall to 0.

    Raises ValueError for tensors that are no vectors, and a negative N.

    >>> vander([1, 2, 3])
    array([[1, 1, 1],
           [4, 2, 1],
           [9, 3, 1]], dtype=int32)
    """
    x = operand(x)
    if rank_of(x) != 1 or dtype_of(x) == "bool":
        raise (TypeError if rank_of(x) == 1 else ValueError)(
            f"vander: expected a vector of numbers. Received: {dtype_of(x)} of shape "
            f"{public(extents_of(x))}"
        )
    count = known_size(x, "vander") if N is None else N
    if count < 0:
        raise ValueError(f"vander: expected N of at least 0. Received: N={N}")
    if count == 0:
        return views.slice_(
            expand_dims(x, 1), start=(0, 0), length=(extents_of(x)[0], 0), step=(1, 1)
        )
    columns = [filled_like(x, 1)]
    for _ in range(count - 1):
        columns.append(multiply(columns[-1], x))
    return stack(columns if increasing else columns[::-1], axis=1)


def histogram(
    x: Tensor, bins: int = 10, range: tuple[float, float] | None = None
) -> tuple[Tensor, Tensor]:
    """How many elements lie in each of equal bins, and the edges of these.

    Args:
        x: a vector. Elements outside the range, and NaN, are not counted.
        bins: how many.
        range: the least and the greatest edge; those of x if None. The last bin includes it.

    Returns the counts, and the `bins + 1` edges.

    Raises:
        TypeError: for bins that are no whole number.
        ValueError: for negative bins, a range that is no rising pair, or a tensor that is no
            vector.

    >>> histogram([1.0, 2.0, 2.5, 4.0], bins=3)
    (array([1., 2., 1.], dtype=float32), array([1., 2., 3., 4.], dtype=float32))
    """
    if not isinstance(bins, int) or isinstance(bins, bool):
        raise TypeError(f"histogram: expected bins as a whole number. Received: {shown(bins)}")
    pair = not range or (
        isinstance(range, tuple | list) and len(range) == 2 and range[0] <= range[1]
    )
    if bins < 0 or not pair:
        raise ValueError(
            "histogram: expected bins of at least 0, and range as a rising pair or None. "
            f"Received: bins={bins}, range={range!r}"
        )
    x = operand(x)
    if rank_of(x) > 1:
        raise ValueError(
            f"histogram: expected a vector. Received: shape {public(extents_of(x))}. "
            "Flatten it first: ops.ravel(x)."
        )
    x = ravel(as_float(x))
    empty = extents_of(x)[0] == 0
    if range:
        low, high = (operand(edge, dtype_of(x)) for edge in range)
    elif empty:
        low, high = (operand(edge, dtype_of(x)) for edge in (0.0, 1.0))
    else:
        low, high = min(x), max(x)
    x, low, high = together(x, low, high)
    flat = primitive.equal(low, high)  # of one value: half a unit to both sides
    low, high = where(flat, subtract(low, 0.5), low), where(flat, add(high, 0.5), high)
    edges = linspace(low, high, bins + 1)
    if bins == 0:
        return filled_like(x[:0], 0), edges
    inside = logical_and(greater_equal(x, low), less_equal(x, high))
    above = sum(operand(greater_equal(expand_dims(x, 1), edges), "int32"), axis=1)
    place = where(inside, clip(subtract(above, 1), 0, bins - 1), bins)
    counts = scatter_add(place, filled_like(x, 1), size=bins + 1)
    return counts[:bins], edges


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Indices into a flattened tensor as indices into its axes, one tensor for each axis.

    Args:
        indices: integers; negative ones count from the end, others outside are held inside.
        shape: the sizes of the axes.

    Raises ValueError for a shape of other than whole numbers.

    >>> unravel_index([4, 5], (2, 3))
    (array([1, 1], dtype=int32), array([1, 2], dtype=int32))
    """
    flat = operand(indices)
    sizes = [int(size) for size in (shape if isinstance(shape, list | tuple) else (shape,))]
    total = math.prod(sizes)
    flat = where(less(flat, 0), add(flat, total), flat)
    flat = clip(flat, 0, builtins.max(total - 1, 0))
    places = []
    for size in reversed(sizes):
        places.append(mod(flat, size))
        flat = floor_divide(flat, size)
    return tuple(places[::-1])
