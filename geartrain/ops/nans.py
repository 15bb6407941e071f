"""Folds that leave NaN out.

In all of these `axis` is one axis, several, or None for all; the folded axes disappear, or stay
with size 1 if `keepdims`.
"""

from __future__ import annotations

import math
from typing import Any

from geartrain.graph.dtypes import FLOATS, result_type
from geartrain.ops import elementwise as primitive
from geartrain.ops import views
from geartrain.ops.arithmetic import add, divide, multiply, sqrt, square, subtract
from geartrain.ops.logic import where
from geartrain.ops.operands import (
    Tensor,
    as_float,
    axes_of,
    dtype_of,
    filled_like,
    operand,
    rank_of,
)
from geartrain.ops.reductions import all, argmax, argmin, axes_last, kept, max, min, prod, sum
from geartrain.ops.shaping import expand_dims, stack
from geartrain.ops.slicing import take_along_axis
from geartrain.ops.sorting import check_method, shares_of, sort
from geartrain.ops.statistics import cumprod, cumsum

__all__ = [
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmedian",
    "nanmin",
    "nanpercentile",
    "nanprod",
    "nanquantile",
    "nanstd",
    "nansum",
    "nanvar",
]


def _numbers_and_gaps(x: Tensor, stand_in: float) -> tuple[Tensor, Tensor]:
    """x with `stand_in` for NaN, and where the NaN are."""
    x = operand(x)
    if dtype_of(x) not in FLOATS:
        return x, filled_like(x, False, "bool")
    gaps = primitive.isnan(x)
    return where(gaps, stand_in, x), gaps


def nansum(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Sum along axes of the elements that are not NaN.

    >>> nansum([1.0, float("nan"), 2.0])
    array(3., dtype=float32)
    """
    return sum(_numbers_and_gaps(x, 0.0)[0], axis, keepdims)


def nanprod(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Product along axes of the elements that are not NaN.

    >>> nanprod([3.0, float("nan"), 2.0])
    array(6., dtype=float32)
    """
    return prod(_numbers_and_gaps(x, 1.0)[0], axis, keepdims)


def nanmax(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The greatest element along axes that is not NaN; NaN if all are.

    >>> nanmax([1.0, float("nan"), 2.0])
    array(2., dtype=float32)
    """
    numbers, gaps = _numbers_and_gaps(x, -math.inf)
    return _unless_all(gaps, max(numbers, axis, keepdims), axis, keepdims)


def nanmin(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The least element along axes that is not NaN; NaN if all are.

    >>> nanmin([1.0, float("nan"), 2.0])
    array(1., dtype=float32)
    """
    numbers, gaps = _numbers_and_gaps(x, math.inf)
    return _unless_all(gaps, min(numbers, axis, keepdims), axis, keepdims)


def _unless_all(gaps: Tensor, result: Tensor, axis: Any, keepdims: bool) -> Tensor:
    if dtype_of(result) not in FLOATS:
        return result
    return where(all(gaps, axis, keepdims), math.nan, result)


def nanmean(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Mean along axes of the elements that are not NaN; NaN if all are.

    >>> nanmean([1.0, float("nan"), 2.0])
    array(1.5, dtype=float32)
    """
    numbers, gaps = _numbers_and_gaps(x, 0.0)
    own = result_type(dtype_of(numbers), float)
    wide = result_type(own, "float32")
    count = sum(operand(primitive.logical_not(gaps), wide), axis, keepdims)
    return operand(divide(sum(operand(numbers, wide), axis, keepdims), count), own)


def nanvar(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Variance along axes of the elements that are not NaN; NaN if all are.

    >>> nanvar([1.0, float("nan"), 3.0])
    array(1., dtype=float32)
    """
    x = operand(x)
    own = result_type(dtype_of(x), float)
    wide = operand(x, result_type(own, "float32"))
    deviation = subtract(wide, nanmean(wide, axis, keepdims=True))
    return operand(nanmean(square(deviation), axis, keepdims), own)


def nanstd(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Standard deviation along axes of the elements that are not NaN; NaN if all are.

    >>> nanstd([1.0, float("nan"), 3.0])
    array(1., dtype=float32)
    """
    return sqrt(nanvar(x, axis, keepdims))


def nanargmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the greatest element along an axis that is not NaN; -1 if all are.

    >>> nanargmax([1.0, float("nan"), 2.0])
    array(2, dtype=int32)
    """
    numbers, gaps = _numbers_and_gaps(x, -math.inf)
    return _unless_none(gaps, argmax(numbers, axis, keepdims), axis, keepdims)


def nanargmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the least element along an axis that is not NaN; -1 if all are.

    >>> nanargmin([1.0, float("nan"), 2.0])
    array(0, dtype=int32)
    """
    numbers, gaps = _numbers_and_gaps(x, math.inf)
    return _unless_none(gaps, argmin(numbers, axis, keepdims), axis, keepdims)


def _unless_none(gaps: Tensor, place: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    return where(all(gaps, axis, keepdims), filled_like(place, -1), place)


def nancumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running sum along an axis (of the flattened x if None), with NaN as 0.

    >>> nancumsum([1.0, float("nan"), 2.0])
    array([1., 1., 3.], dtype=float32)
    """
    return cumsum(_numbers_and_gaps(x, 0.0)[0], axis, dtype)


def nancumprod(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running product along an axis (of the flattened x if None), with NaN as 1.

    >>> nancumprod([3.0, float("nan"), 2.0])
    array([3., 3., 6.], dtype=float32)
    """
    return cumprod(_numbers_and_gaps(x, 1.0)[0], axis, dtype)


def nanquantile(
    x: Tensor, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The value below which a share `q` of the elements that are not NaN lies; NaN if all are.

    Args:
        x: tensor of any shape.
        q: a share from 0 to 1, or a vector of them (numbers, since they set what is read).
        axis: the axis or axes; None for all.
        method: between two elements: "linear" interpolates, "lower" and "higher" take one of
            them, "nearest" the nearest, "midpoint" their mean.
        keepdims: whether the axes stay, with size 1.

    Raises ValueError for a share outside [0, 1], another method, or an axis of size 0.

    >>> nanquantile([1.0, float("nan"), 3.0], 0.5)
    array(2., dtype=float32)
    """
    return _quantile("nanquantile", x, q, 1.0, axis, method, keepdims)


def nanpercentile(
    x: Tensor, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`nanquantile` with the share `q` in hundredths, from 0 to 100.

    >>> nanpercentile([1.0, float("nan"), 3.0], 100)
    array(3., dtype=float32)
    """
    return _quantile("nanpercentile", x, q, 100.0, axis, method, keepdims)


def nanmedian(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The middle one of the elements that are not NaN, or the mean of the two; NaN if all are.

    >>> nanmedian([1.0, float("nan"), 4.0])
    array(2.5, dtype=float32)
    """
    return _quantile("nanmedian", x, 0.5, 1.0, axis, "midpoint", keepdims)


def _quantile(
    who: str, x: Tensor, q: Any, whole: float, axis: Any, method: str, keepdims: bool
) -> Tensor:
    x = as_float(x)
    axes = axes_of(axis, rank_of(x), who)
    row, left = axes_last(x, axes)
    check_method(who, method, row)
    shares = shares_of(who, q, whole)
    there = primitive.logical_not(primitive.isnan(row))
    last = subtract(sum(operand(there, "float64"), axis=-1), 1.0)
    last = where(primitive.less(last, filled_like(last, 0)), 0.0, last)
    row = sort(row)  # NaN come last
    shape = kept(x, axes) if keepdims else left
    values = [
        views.reshape(_between(row, multiply(last, share), method), shape=shape)
        for share in shares.ravel().tolist()
    ]
    return stack(values) if shares.ndim else values[0]


def _between(row: Tensor, place: Tensor, method: str) -> Tensor:
    """The sorted rows, each read at a place of its own that need not be whole."""
    low, high = primitive.floor(place), primitive.ceil(place)
    if method == "nearest":
        low = high = primitive.round_(place)

    def read(index: Tensor) -> Tensor:
        return take_along_axis(row, expand_dims(operand(index, "int32"), -1), -1)[..., 0]

    if method in ("lower", "nearest"):
        return read(low)
    if method == "higher":
        return read(high)
    weight = operand(subtract(place, low), dtype_of(row))
    if method == "midpoint":
        weight = where(primitive.equal(low, high), 0.0, filled_like(weight, 0.5))
    below, above = read(low), read(high)
    return add(multiply(below, subtract(1.0, weight)), multiply(above, weight))
