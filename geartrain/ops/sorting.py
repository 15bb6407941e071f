"""Order: sorting, the greatest, ranks, quantiles."""

from __future__ import annotations

import builtins
import math
from typing import Any, NamedTuple

import numpy as np

from geartrain.errors import shown
from geartrain.graph.node import Node
from geartrain.graph.shapes import axis_index, public
from geartrain.ops import elementwise as primitive
from geartrain.ops import indexing, views
from geartrain.ops.arithmetic import add, multiply, subtract
from geartrain.ops.logic import less, less_equal, where
from geartrain.ops.operands import (
    Tensor,
    as_float,
    axes_of,
    extents_of,
    operand,
    promoted,
    rank_of,
)
from geartrain.ops.reductions import any, axes_last, kept, known_size, sum
from geartrain.ops.shaping import expand_dims, ravel, stack
from geartrain.ops.sizes import number_from
from geartrain.ops.slicing import take_along_axis

__all__ = [
    "argpartition",
    "argsort",
    "digitize",
    "in_top_k",
    "median",
    "percentile",
    "quantile",
    "searchsorted",
    "sort",
    "top_k",
]


def argsort(x: Tensor, axis: int | None = -1) -> Tensor:
    """The indices that would sort along an axis (the flattened x if None), as int32.

    Equal elements keep their order; NaN comes last.

    >>> argsort([30, 10, 20])
    array([1, 2, 0], dtype=int32)
    """
    x = operand(x)
    if axis is None or not rank_of(x):
        x, axis = ravel(x), 0
    return indexing.argsort(x, axis=axis_index(axis, rank_of(x), "argsort"))


def argpartition(x: Tensor, kth: int, axis: int | None = -1) -> Tensor:
    """Indices that put the element of rank `kth` at its place, lesser before, greater behind.

    Here they sort all, which is one way to do that.

    Args:
        x: tensor of at least one axis.
        kth: the rank: from 0, or from the end if negative.
        axis: the axis; None for the flattened x.

    Raises ValueError for a rank outside.

    >>> argpartition([30, 10, 20], 1)
    array([1, 2, 0], dtype=int32)
    """
    order = argsort(x, axis)
    size = extents_of(order)[-1 if axis is None else axis]
    if isinstance(size, int) and not -size <= kth < size:
        raise ValueError(
            f"argpartition: expected kth from {-size} to {size - 1}. Received: kth={kth}"
        )
    return order


def sort(x: Tensor, axis: int | None = -1) -> Tensor:
    """The elements along an axis (of the flattened x if None) from least to greatest, NaN last.

    >>> sort([[3, 1, 2], [9, 8, 7]])
    array([[1, 2, 3],
           [7, 8, 9]], dtype=int32)
    """
    x = operand(x)
    if axis is None:
        x, axis = ravel(x), 0
    return take_along_axis(x, argsort(x, axis), axis)


class TopK(NamedTuple):
    """What `top_k` returns."""

    values: Any
    indices: Any


def top_k(x: Tensor, k: int, sorted: bool = True) -> TopK:
    """The k greatest elements along the last axis, and their indices.

    Args:
        x: tensor of at least one axis.
        k: how many.
        sorted: accepted for Keras; the elements come from greatest to least in any case, equal
            ones in the order of their indices.

    Returns (values, indices), each of x's shape with k for the last axis; indices are int32.

    Raises ValueError unless k is from 0 to the size of the last axis.

    >>> values, indices = top_k([5, 2, 7, 1], k=2)
    >>> values, indices
    (array([7, 5], dtype=int32), array([2, 0], dtype=int32))
    """
    x = operand(x)
    k = number_from(k, "top_k")
    size = known_size(x, "top_k") if rank_of(x) else 0
    if not 0 <= k <= size:
        raise ValueError(
            f"top_k: expected k from 0 to {size}, the size of the last axis of shape "
            f"{public(extents_of(x))}. Received: k={k}"
        )
    last = rank_of(x) - 1
    rising = indexing.argsort(views.flip(x, [last]), axis=last)  # of equal ones the later first
    indices = subtract(size - 1, views.flip(rising, [last])[..., :k])
    return TopK(take_along_axis(x, indices, -1), indices)


def in_top_k(targets: Tensor, predictions: Tensor, k: int) -> Tensor:
    """Whether each target class is among the k with the greatest predictions.

    A class shares the rank of those that are equal to it; NaN counts as the least.

    Args:
        targets: class indices of shape (samples,).
        predictions: tensor of shape (samples, classes).
        k: how many.

    Returns booleans of shape (samples,).

    >>> in_top_k([2, 0], [[0.1, 0.2, 0.7], [0.2, 0.5, 0.3]], k=1)
    array([ True, False])
    """
    predictions = as_float(predictions)
    chosen = take_along_axis(predictions, expand_dims(operand(targets), -1), -1)
    chosen = where(primitive.isnan(chosen), -math.inf, chosen)
    return less(sum(less(chosen, predictions), axis=-1), k)


def quantile(
    x: Tensor, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The value below which a share `q` of the elements along axes lies; NaN if there is a NaN.

    Args:
        x: tensor of any shape.
        q: a share from 0 to 1, or a vector of them (numbers, since they set what is read).
        axis: the axis or axes; None for all.
        method: between two elements: "linear" interpolates, "lower" and "higher" take one of
            them, "nearest" the nearest, "midpoint" their mean.
        keepdims: whether the axes stay, with size 1.

    Returns a tensor without the axes; with a vector q, its axis in front.

    Raises ValueError for a share outside [0, 1], another method, or an axis of size 0.

    >>> quantile([1.0, 2.0, 3.0, 4.0], [0.5, 1.0])
    array([2.5, 4. ], dtype=float32)
    """
    return _quantile("quantile", x, q, 1.0, axis, method, keepdims)


def percentile(
    x: Tensor, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`quantile` with the share `q` in hundredths, from 0 to 100.

    >>> percentile([1.0, 2.0, 3.0], 50)
    array(2., dtype=float32)
    """
    return _quantile("percentile", x, q, 100.0, axis, method, keepdims)


def median(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The middle element along axes, or the mean of the two middle ones; NaN if there is a NaN.

    >>> median([3.0, 1.0, 2.0, 10.0])
    array(2.5, dtype=float32)
    """
    return _quantile("median", x, 0.5, 1.0, axis, "midpoint", keepdims)


def _quantile(
    who: str, x: Tensor, q: Any, whole: float, axis: Any, method: str, keepdims: bool
) -> Tensor:
    x = as_float(x)
    axes = axes_of(axis, rank_of(x), who)
    row, left = axes_last(x, axes)
    size = known_size(row, who)
    shares = shares_of(who, q, whole)
    check_method(who, method, row)
    row = sort(row)
    shape = kept(x, axes) if keepdims else left
    gaps = any(primitive.isnan(row), axis=-1)
    values = [
        views.reshape(where(gaps, math.nan, _between(row, share * (size - 1), method)), shape=shape)
        for share in shares.ravel().tolist()
    ]
    return stack(values) if shares.ndim else values[0]


def check_method(who: str, method: str, row: Tensor) -> None:
    """Refuse a way to read between two elements that is none, and a row of none."""
    methods = ("linear", "lower", "higher", "nearest", "midpoint")
    if method not in methods or not known_size(row, who):
        raise ValueError(
            f"{who}: expected one of the methods {methods}, and at least one element. "
            f"Received: method={method!r}, rows of shape {public(extents_of(row))}"
        )


def shares_of(who: str, q: Any, whole: float) -> np.ndarray:
    """The shares as an array of at most one axis."""
    if isinstance(q, Node):
        raise TypeError(f"{who}: expected numbers for q, as they set what is read. Received: {q}")
    shares = np.asarray(q, np.float64) / whole
    if shares.ndim > 1 or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(
            f"{who}: expected q as a number or vector of numbers from 0 to {whole:g}. "
            f"Received: {shown(q)}"
        )
    return shares


def _between(row: Tensor, place: float, method: str) -> Tensor:
    """The sorted row read at a place that need not be whole."""
    low, high = math.floor(place), math.ceil(place)
    if method == "nearest":
        low = high = builtins.round(place)
    if low == high or method == "lower":
        return row[..., low]
    if method == "higher":
        return row[..., high]
    weight = 0.5 if method == "midpoint" else place - low
    return add(multiply(row[..., low], 1 - weight), multiply(row[..., high], weight))


def searchsorted(sorted_sequence: Tensor, values: Tensor, side: str = "left") -> Tensor:
    """Where each value would go in a sorted vector to keep it sorted, as int32.

    Args:
        sorted_sequence: vector of rising numbers.
        values: tensor of any shape.
        side: before ("left") or behind ("right") equal elements.

    Raises ValueError for a tensor of another rank, or another side.

    >>> searchsorted([1, 3, 5], [0, 3, 9])
    array([0, 1, 3], dtype=int32)
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: expected side 'left' or 'right'. Received: {side!r}")
    sequence, values = promoted(sorted_sequence, values)
    if rank_of(sequence) != 1:
        raise ValueError(
            "searchsorted: expected a sorted vector. "
            f"Received: shape {public(extents_of(sequence))}"
        )
    before = less if side == "left" else less_equal
    return sum(before(sequence, expand_dims(values, -1)), axis=-1)


def digitize(x: Tensor, bins: Tensor) -> Tensor:
    """The bin of each element, as int32: the number of edges that are not above it.

    Args:
        x: tensor of any shape.
        bins: vector of rising edges; bin i reaches from edge i - 1 up to but without edge i.

    >>> digitize([0.0, 1.0, 2.5], [1.0, 2.0])
    array([0, 1, 2], dtype=int32)
    """
    return searchsorted(bins, x, side="right")
