"""Spread, weighted and running folds, norms.

In all of these `axis` is one axis, several, or None for all; the folded axes disappear, or stay
with size 1 if `keepdims`.
"""

from __future__ import annotations

import math
from typing import Any

from geartrain import config
from geartrain.graph.dtypes import limits, result_type
from geartrain.graph.shapes import axis_index, product
from geartrain.ops import elementwise as primitive
from geartrain.ops import indexing, views
from geartrain.ops.arithmetic import (
    absolute,
    add,
    clip,
    divide,
    maximum,
    multiply,
    power,
    rsqrt,
    sqrt,
    square,
    subtract,
)
from geartrain.ops.factorizations import singular_values
from geartrain.ops.logic import not_equal, where
from geartrain.ops.operands import (
    Tensor,
    as_float,
    axes_of,
    counted,
    dtype_of,
    dtype_or,
    extents_of,
    filled_like,
    operand,
    rank_of,
    stretched,
)
from geartrain.ops.reductions import known_size, max, mean, min, sum
from geartrain.ops.shaping import expand_dims, moveaxis
from geartrain.ops.slicing import get_item

__all__ = [
    "average",
    "cumprod",
    "cumsum",
    "diff",
    "logsumexp",
    "moments",
    "norm",
    "normalize",
    "std",
    "var",
]


def var(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Variance along axes: the mean of the squared deviations from the mean.

    >>> var([[1.0, 3.0], [2.0, 6.0]], axis=1)
    array([1., 4.], dtype=float32)
    """
    x = operand(x)
    own = dtype_of(x)
    wide = operand(x, result_type(own, "float32"))  # squares overflow in 16-bit floats
    deviation = subtract(wide, mean(wide, axis, keepdims=True))
    return operand(mean(square(deviation), axis, keepdims), result_type(own, float))


def std(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Standard deviation along axes: the square root of the variance.

    >>> std([[1.0, 3.0], [2.0, 6.0]], axis=1)
    array([1., 2.], dtype=float32)
    """
    return sqrt(var(x, axis, keepdims))


def moments(
    x: Tensor, axes: Any, keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean and variance along axes. In float16 both are clipped to its range.

    Args:
        x: tensor of any shape.
        axes: the axes to fold.
        keepdims: whether they stay, with size 1.
        synchronized: statistics over several devices; there is one, so True is refused.

    >>> moments([[1.0, 3.0], [2.0, 6.0]], axes=[1])
    (array([2., 4.], dtype=float32), array([1., 4.], dtype=float32))
    """
    if synchronized:
        raise ValueError("moments: expected statistics of one device. Received: synchronized=True")
    x = operand(x)
    own = result_type(dtype_of(x), float)
    wide = operand(x, result_type(own, "float32"))
    results = mean(wide, axes, keepdims), var(wide, axes, keepdims)
    if own == "float16":
        results = clip(results[0], *limits(own)), clip(results[1], *limits(own))
    return operand(results[0], own), operand(results[1], own)


def average(x: Tensor, axis: Any = None, weights: Tensor = None) -> Tensor:
    """Weighted mean along axes: `sum(weights * x) / sum(weights)`.

    Args:
        x: tensor of any shape.
        axis: the axis or axes to fold.
        weights: of x's shape, or a vector as long as the one axis. None weighs all alike.

    Raises ValueError for weights of another shape.

    >>> average([1.0, 2.0, 6.0], weights=[3.0, 1.0, 0.0])
    array(1.25, dtype=float32)
    """
    x = operand(x)
    if weights is None:
        return mean(as_float(x), axis)
    weights = operand(weights)
    dtype = result_type(dtype_of(x), dtype_of(weights), float)
    x, weights = operand(x, dtype), operand(weights, dtype)
    axes = axes_of(axis, rank_of(x), "average")
    shape, received = extents_of(x), extents_of(weights)
    if received != shape:
        if len(axes) != 1 or received != (shape[axes[0]],):
            raise ValueError(
                f"average: expected weights of x's shape {x.shape}, or of the size of one axis. "
                f"Received: shape {weights.shape}, axis={axis}"
            )
        place = tuple(size if i in axes else 1 for i, size in enumerate(shape))
        weights = stretched(views.reshape(weights, shape=place), shape)
    return divide(sum(multiply(x, weights), axis), sum(weights, axis))


def logsumexp(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`log(sum(exp(x)))` along axes, without overflow.

    >>> logsumexp([[0.0, 0.0], [1000.0, 0.0]], axis=1).round(4)
    array([6.931e-01, 1.000e+03], dtype=float32)
    """
    x = as_float(x)
    if 0 in (extents_of(x)[i] for i in axes_of(axis, rank_of(x), "logsumexp")):
        return primitive.log(sum(x, axis, keepdims))  # the sum of no terms: log(0)
    shift = primitive.stop_gradient(max(x, axis, keepdims=True))
    shift = where(primitive.isfinite(shift), shift, 0.0)
    total = primitive.log(sum(primitive.exp(subtract(x, shift)), axis, keepdims))
    return add(total, shift if keepdims else views.reshape(shift, shape=extents_of(total)))


def _running(x: Tensor, axis: Any, dtype: Any, who: str) -> tuple[Tensor, int]:
    x = counted(x)
    x = operand(x, dtype_or(dtype, dtype_of(x)))
    if axis is None:
        return views.reshape(x, shape=(product(extents_of(x)),)), 0
    return x, axis_index(axis, rank_of(x), who)


def cumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running sum: each element plus all before it along the axis (of the flattened x if None).

    >>> cumsum([[1, 2, 3], [4, 5, 6]], axis=1)
    array([[ 1,  3,  6],
           [ 4,  9, 15]], dtype=int32)
    """
    x, place = _running(x, axis, dtype, "cumsum")
    return indexing.cumsum(x, axis=place)


def diff(a: Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along an axis, `a[i + 1] - a[i]`, taken n times.

    Args:
        a: tensor of at least one axis; of booleans the result tells whether neighbours differ.
        n: how many times; each time the axis is one shorter.
        axis: the axis.

    Raises ValueError for a negative n.

    >>> diff([1, 2, 4, 7])
    array([1, 2, 3], dtype=int32)
    """
    x = operand(a)
    if n < 0:
        raise ValueError(f"diff: expected n of at least 0. Received: {n}")
    before = (slice(None),) * axis_index(axis, rank_of(x), "diff")
    for _ in range(n):
        later, earlier = get_item(x, (*before, slice(1, None))), get_item(x, (*before, slice(-1)))
        x = (not_equal if dtype_of(x) == "bool" else subtract)(later, earlier)
    return x


def cumprod(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running product: each element times all before it along the axis.

    With `axis=None` x is flattened first. After the first step each position holds the product
    of 2 elements, then of 4, 8, ...

    Raises ValueError for an axis whose size is known at run time only.

    >>> cumprod([1, 2, 3, 4])
    array([ 1,  2,  6, 24], dtype=int32)
    """
    x, place = _running(x, axis, dtype, "cumprod")
    order = [i for i in range(rank_of(x)) if i != place] + [place]
    result = views.permute(x, order=tuple(order))
    size, reach = known_size(result, "cumprod"), 1
    while reach < size:
        longer = multiply(result[..., reach:], result[..., :-reach])
        result = views.concatenate(result[..., :reach], longer, axis=rank_of(x) - 1)
        reach *= 2
    return views.permute(result, order=views.inverse_order(tuple(order)))


def norm(
    x: Tensor, ord: int | float | str | None = None, axis: Any = None, keepdims: bool = False
) -> Tensor:
    """Length of vectors, or size of matrices.

    Args:
        x: tensor of any shape.
        ord: of vectors: None or 2 for `sqrt(sum(x**2))`, 1 for `sum(|x|)`, inf and -inf for the
            greatest and the least |x|, 0 for the count of nonzero elements, any other p for
            `sum(|x|**p) ** (1/p)`. Of matrices: None or "fro" for `sqrt(sum(x**2))`, 1 and -1 for
            the greatest and least sum of |x| down a column, inf and -inf along a row; 2, -2 and
            "nuc" for the greatest, the least and the sum of the singular values.
        axis: one axis for vectors, two (rows, columns) for matrices. None: all of x as one vector
            if `ord` is None too, else x must be a vector or a matrix.
        keepdims: whether the axes stay, with size 1.

    Raises ValueError for another `ord` or number of axes.

    >>> norm([3.0, 4.0])
    array(5., dtype=float32)
    """
    x = as_float(x)
    axes = axis if isinstance(axis, list | tuple) else None if axis is None else (axis,)
    if axes is None:
        axes = tuple(range(rank_of(x)))
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        return sqrt(sum(square(x), axes, keepdims))
    if len(axes) == 1 and not isinstance(ord, str):
        return _vector_norm(absolute(x), float(ord), axes[0], keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        rows, columns = (axis_index(int(i), rank_of(x), "norm") for i in axes)
        added, chosen = (rows, columns) if ord in (1, -1) else (columns, rows)
        extreme = max if float(ord) > 0 else min
        result = extreme(sum(absolute(x), added, keepdims=True), chosen, keepdims=True)
        return result if keepdims else sum(result, (rows, columns))
    if len(axes) == 2 and ord in (2, -2, "nuc"):
        places = [axis_index(int(i), rank_of(x), "norm") for i in axes]
        values = singular_values(moveaxis(x, places, (-2, -1)))
        result = {2: max, -2: min, "nuc": sum}[ord](values, axis=-1)
        return expand_dims(result, sorted(places)) if keepdims else result
    raise ValueError(
        "norm: expected one axis with a number as ord, or two axes with ord None, 'fro', 'nuc', "
        f"1, -1, 2, -2, inf or -inf. Received: ord={ord!r}, axis={axis} of shape {x.shape}"
    )


def _vector_norm(size: Tensor, order: float, axis: int, keepdims: bool) -> Tensor:
    if math.isinf(order):
        return (max if order > 0 else min)(size, axis, keepdims)
    if order == 0:
        return sum(
            operand(primitive.not_equal(size, filled_like(size, 0)), dtype_of(size)), axis, keepdims
        )
    if order == 1:
        return sum(size, axis, keepdims)
    return power(sum(power(size, order), axis, keepdims), 1 / order)


def normalize(x: Tensor, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """Vectors scaled to length 1: `x / max(norm(x), epsilon)`.

    Args:
        x: tensor of any shape.
        axis: the axis along which the vectors lie.
        order: which norm, a whole number of at least 1; 2 is the Euclidean length.
        epsilon: the least length to divide by, `config.epsilon()` if None; so zeros stay zeros.

    Raises ValueError for another order.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"normalize: expected order to be an int >= 1. Received: order={order!r}")
    x = as_float(x)
    if not rank_of(x):
        x = views.reshape(x, shape=(1,))
    least = config.epsilon() if epsilon is None else epsilon
    if order == 2:  # bounded before the root, whose gradient at 0 is not finite
        return multiply(x, rsqrt(maximum(sum(square(x), axis, keepdims=True), least**2)))
    return divide(x, maximum(norm(x, order, axis, keepdims=True), least))
