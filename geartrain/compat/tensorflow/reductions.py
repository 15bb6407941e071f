"""Folds: `tf.reduce_sum`, `tf.argmax`, `tf.math.segment_mean`, `tf.math.confusion_matrix`, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.shapes import axis_of, number
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.graph.dtypes import FLOATS
from geartrain.ops.operands import dtype_of, extents_of, operand


def _reduce(
    name: str, function: Callable[..., Any], about: str, keeps: bool = False
) -> Callable[..., Any]:
    """A fold along axes; with `keeps` of integers to integers of the same type."""

    def reduce(
        input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
    ) -> Any:
        if hasattr(input_tensor, "reduced"):
            return input_tensor.reduced(reduce, axis, keepdims)
        x, axes = operand(input_tensor), axis_of(axis)
        made = x if axes == () else function(x, axis=axes, keepdims=keepdims)
        kind = dtype_of(x)
        return ops.cast(made, kind) if keeps and kind not in FLOATS else made

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"{about} along axes, over all by default."
    return reduce


reduce_sum = _reduce("reduce_sum", ops.sum, "The sum", keeps=True)
reduce_mean = _reduce("reduce_mean", ops.mean, "The mean", keeps=True)
reduce_prod = _reduce("reduce_prod", ops.prod, "The product", keeps=True)
reduce_max = _reduce("reduce_max", ops.max, "The greatest element")
reduce_min = _reduce("reduce_min", ops.min, "The least element")
reduce_all = _reduce("reduce_all", ops.all, "Whether all elements are true,")
reduce_any = _reduce("reduce_any", ops.any, "Whether an element is true,")
reduce_std = _reduce("reduce_std", ops.std, "The standard deviation")
reduce_variance = _reduce("reduce_variance", ops.var, "The variance")
reduce_logsumexp = _reduce("reduce_logsumexp", ops.logsumexp, "The logarithm of the sum of exp")


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Any:
    """The square root of the sum of squares along axes."""
    return ops.sqrt(ops.sum(ops.square(input_tensor), axis=axis_of(axis), keepdims=keepdims))


def count_nonzero(
    input: Any, axis: Any = None, keepdims: Any = None, dtype: Any = "int64",
    name: str | None = None,
) -> Any:  # fmt: skip
    """How many elements are not zero, along axes."""
    if np.asarray(input).dtype.kind in "USO" and not hasattr(input, "extents"):
        found = np.count_nonzero(np.asarray(input) != "", axis=axis_of(axis))
        return tensor(np.asarray(found, as_dtype(dtype).name))
    marks = ops.cast(ops.not_equal(input, 0), as_dtype(dtype).name)
    return ops.sum(marks, axis=axis_of(axis), keepdims=bool(keepdims))


def argmax(
    input: Any,
    axis: Any = None,
    output_type: Any = "int64",
    name: str | None = None,
) -> Any:
    """Where the greatest element is along an axis, the first by default."""
    return ops.cast(ops.argmax(input, axis=axis_of(axis) or 0), as_dtype(output_type).name)


def argmin(
    input: Any,
    axis: Any = None,
    output_type: Any = "int64",
    name: str | None = None,
) -> Any:
    """Where the least element is along an axis, the first by default."""
    return ops.cast(ops.argmin(input, axis=axis_of(axis) or 0), as_dtype(output_type).name)


def _cumulative(name: str, function: Callable[..., Any], start: int) -> Callable[..., Any]:
    def cumulate(
        x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False,
        name: str | None = None,
    ) -> Any:  # fmt: skip
        value, place = operand(x), axis_of(axis) % len(extents_of(operand(x)))
        if reverse:
            value = ops.flip(value, place)
        made = function(value, axis=place)
        if exclusive:
            widths = [[0, 0]] * len(extents_of(value))
            widths[place] = [1, 0]
            cut = [slice(None)] * len(widths)
            cut[place] = slice(None, -1)
            made = ops.pad(made, widths, constant_values=start)[tuple(cut)]
        return ops.flip(made, place) if reverse else made

    cumulate.__name__ = cumulate.__qualname__ = name
    cumulate.__doc__ = "What was folded up to each place of an axis, with it or without."
    return cumulate


cumsum = _cumulative("cumsum", ops.cumsum, 0)
cumprod = _cumulative("cumprod", ops.cumprod, 1)


class TopK(NamedTuple):
    """The greatest elements of each row, and where they are."""

    values: Any
    indices: Any


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = "int32",
    name: str | None = None,
) -> Any:  # fmt: skip
    """The `k` greatest elements along the last axis, and where they are."""
    values, indices = ops.top_k(input, number(k), sorted)
    return TopK(values, ops.cast(indices, as_dtype(index_type).name))


def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Any:
    """For each row whether its target is among the `k` greatest predictions."""
    return ops.in_top_k(targets, predictions, k=number(k))


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None,
    dtype: Any = "int32", name: str | None = None, axis: Any = None, binary_output: bool = False,
) -> Any:  # fmt: skip
    """How often each whole number occurs."""
    values = np.asarray(arr)
    if axis is None:
        values = values.reshape(-1)
    size = int(values.max(initial=-1)) + 1
    size = max(size, number(minlength) or 0)
    size = size if maxlength is None else min(size, number(maxlength))
    scale = None if weights is None else np.asarray(operand(weights))
    kind = as_dtype(dtype).name if scale is None else scale.dtype
    rows = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(1, -1)
    made = np.zeros((len(rows), size), kind)
    scales = None if scale is None else scale.reshape(rows.shape)
    for place, row in enumerate(rows):
        fits = row < size
        chosen = None if scales is None else scales[place][fits]
        made[place] = np.bincount(row[fits], chosen, size)[:size]
    made = np.minimum(made, 1) if binary_output else made
    return tensor(made if values.ndim > 1 else made[0])


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None,
    dtype: Any = "int32", name: str | None = None,
) -> Any:  # fmt: skip
    """How often each class (the row) was predicted as each class (the column)."""
    rows, columns = (np.asarray(one).astype("int64").reshape(-1) for one in (labels, predictions))
    count = number(num_classes) or int(max(rows.max(initial=-1), columns.max(initial=-1))) + 1
    made = np.zeros((count, count), as_dtype(dtype).name)
    np.add.at(made, (rows, columns), 1 if weights is None else np.asarray(weights).reshape(-1))
    return tensor(made)


# -- segments -------------------------------------------------------------------------------------


def _segments(function: Callable[..., Any], empty: Any = None) -> Callable[..., Any]:
    def fold(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
        return function(data, segment_ids, number(num_segments))

    return fold


def _sorted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The fold where the ids are sorted: as many segments as the last id says."""

    def fold(data: Any, segment_ids: Any, name: str | None = None) -> Any:
        made = function(data, segment_ids, int(np.asarray(segment_ids).max(initial=-1)) + 1)
        if "float" not in dtype_of(operand(data)):
            return made
        return ops.where(ops.isfinite(made), made, ops.zeros_like(made))

    return fold


unsorted_segment_sum = _segments(ops.segment_sum)
unsorted_segment_prod = _segments(ops.segment_prod)


def _limit(function: Callable[..., Any], largest: bool) -> Callable[..., Any]:
    """A segment without elements gets the least or the greatest number that the type has."""

    def fold(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
        x = operand(data)
        made = function(x, segment_ids, number(num_segments))
        kind = as_dtype(dtype_of(x))
        ones = ops.ones(extents_of(operand(segment_ids)), dtype="int32")
        counts = ops.segment_sum(ones, segment_ids, number(num_segments))
        for _ in extents_of(made)[1:]:
            counts = ops.expand_dims(counts, -1)
        bound = np.asarray(kind.limits[1 if largest else 0], kind.name)
        return ops.where(counts > 0, made, bound)

    return fold


unsorted_segment_max = _limit(ops.segment_max, False)
unsorted_segment_min = _limit(ops.segment_min, True)


def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The mean of the rows of each segment; 0 where there is none."""
    x = operand(data)
    totals = ops.segment_sum(x, segment_ids, number(num_segments))
    ones = ops.ones(extents_of(operand(segment_ids)), dtype=dtype_of(x))
    counts = ops.segment_sum(ones, segment_ids, number(num_segments))
    for _ in extents_of(totals)[1:]:
        counts = ops.expand_dims(counts, -1)
    return totals / ops.maximum(counts, 1)


segment_sum, segment_prod = _sorted(ops.segment_sum), _sorted(ops.segment_prod)
segment_max, segment_min = _sorted(ops.segment_max), _sorted(ops.segment_min)
segment_mean = _sorted(unsorted_segment_mean)

__all__ = [
    "argmax", "argmin", "bincount", "confusion_matrix", "count_nonzero", "cumprod", "cumsum",
    "in_top_k", "reduce_all", "reduce_any", "reduce_euclidean_norm", "reduce_logsumexp",
    "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_std", "reduce_sum",
    "reduce_variance", "segment_max", "segment_mean", "segment_min", "segment_prod",
    "segment_sum", "top_k", "unsorted_segment_max", "unsorted_segment_mean",
    "unsorted_segment_min", "unsorted_segment_prod", "unsorted_segment_sum",
]  # fmt: skip
