"""Choosing and placing elements: `tf.gather`, `tf.where`, `tf.scatter_nd`, `tf.one_hot`, ..."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geartrain import ops
from geartrain.compat.tensorflow.arrays import plain
from geartrain.compat.tensorflow.creation import convert_to_tensor
from geartrain.compat.tensorflow.dtypes import as_dtype
from geartrain.compat.tensorflow.shapes import Sizes, axis_of, number, shape_of
from geartrain.compat.tensorflow.tensor import tensor
from geartrain.ops.operands import dtype_of, extents_of, operand


def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None,
    batch_dims: int = 0, name: str | None = None,
) -> Any:  # fmt: skip
    """The parts of a tensor at indices along an axis; for each sample with `batch_dims`."""
    if hasattr(params, "row_splits"):
        return params[np.asarray(indices)]
    if isinstance(params, Sizes):
        return params[int(indices)]
    array = plain(params)
    axis = axis_of(axis) if axis is not None else batch_dims
    if array is not None:
        return tensor(np.take(array, np.asarray(indices), axis))
    x, places = operand(params), operand(indices)
    if not batch_dims:
        return ops.take(x, places, axis)
    axis = axis % len(extents_of(x))
    if axis != batch_dims:
        x = ops.moveaxis(x, axis, batch_dims)
    leading, rest = extents_of(x)[:batch_dims], extents_of(x)[batch_dims + 1 :]
    inner = extents_of(places)[batch_dims:]
    rows = ops.reshape(places, (*_sizes(places)[:batch_dims], -1, *[1] * len(rest)))
    count = _sizes(rows)[batch_dims]
    rows = ops.broadcast_to(rows, (*_sizes(x)[: len(leading)], count, *_sizes(x)[batch_dims + 1 :]))
    made = ops.take_along_axis(x, rows, batch_dims)
    shape = (*_sizes(x)[:batch_dims], *_sizes(places)[batch_dims:], *_sizes(x)[batch_dims + 1 :])
    made = ops.reshape(made, shape)
    if axis == batch_dims:
        return made
    for _ in inner:
        made = ops.moveaxis(made, batch_dims, axis + len(inner) - 1)
    return made


def _sizes(x: Any) -> tuple[Any, ...]:
    return tuple(ops.shape(x))


def gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None,
    bad_indices_policy: str = "",
) -> Any:  # fmt: skip
    """The elements or parts at points: the last axis of `indices` has their coordinates."""
    places = operand(indices)
    columns = [places[..., n] for n in range(int(places.shape[-1]))]
    if batch_dims:
        if batch_dims != 1:
            raise ValueError(f"tf.gather_nd: expected batch_dims 0 or 1. Received: {batch_dims}")
        rows = ops.arange(_sizes(places)[0])
        for _ in extents_of(columns[0])[1:]:
            rows = ops.expand_dims(rows, -1)
        columns = [ops.broadcast_to(rows, ops.shape(columns[0])), *columns]
    array = plain(params)
    if array is not None:
        return tensor(array[tuple(np.asarray(column) for column in columns)])
    return ops.get_item(params, tuple(columns))


def boolean_mask(
    tensor: Any, mask: Any, axis: Any = None, name: str | None = "boolean_mask"
) -> Any:
    """The elements where a mask is true."""
    first = axis_of(axis) or 0
    chosen = np.nonzero(np.asarray(mask))
    return convert_to_tensor(tensor)[(*[slice(None)] * first, *chosen)]


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """`x` where a condition is true, else `y`; without them the indices where it is true."""
    if x is None and y is None:
        return tensor(np.argwhere(np.asarray(condition)).astype("int64"))
    texts = plain(x), plain(y)
    if any(one is not None for one in texts):
        return tensor(np.where(np.asarray(condition), np.asarray(x), np.asarray(y)))
    return ops.where(condition, x, y)


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: Any = None,
    dtype: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """For each index a row with `on_value` there, and `off_value` elsewhere."""
    given = on_value if on_value is not None else off_value
    wanted = as_dtype(dtype or (np.asarray(operand(given)).dtype if given is not None else None)
                      or "float32").name  # fmt: skip
    made = ops.one_hot(indices, number(depth), -1 if axis is None else axis_of(axis), dtype="bool")
    high, low = 1 if on_value is None else on_value, 0 if off_value is None else off_value
    return ops.where(made, ops.cast(high, wanted), ops.cast(low, wanted))


def scatter_nd(
    indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """Zeros with values added at points."""
    return ops.scatter(indices, updates, shape_of(shape))


def _updated(reduction: str | None) -> Any:
    def update(
        tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "",
        name: str | None = None,
    ) -> Any:  # fmt: skip
        values = ops.cast(updates, dtype_of(operand(tensor)))
        return ops.scatter_update(tensor, indices, values, reduction=reduction)

    return update


tensor_scatter_nd_update = _updated(None)
tensor_scatter_nd_add = _updated("add")
tensor_scatter_nd_max = _updated("max")
tensor_scatter_nd_min = _updated("min")


def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A tensor with values subtracted at points."""
    return tensor_scatter_nd_add(tensor, indices, -operand(updates))


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """The elements in order along an axis."""
    array = plain(values)
    if array is not None:
        made = np.sort(array, axis)
        return tensor(np.flip(made, axis) if direction == "DESCENDING" else made)
    made = ops.sort(values, axis=axis)
    return ops.flip(made, axis) if direction == "DESCENDING" else made


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The indices that bring the elements in order along an axis."""
    x = operand(values)
    if direction == "DESCENDING":
        x = -x if "float" in dtype_of(x) else -ops.cast(x, "int64")
    return ops.cast(ops.argsort(x, axis=axis), "int32")


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = "int32",
    name: str | None = None,
) -> Any:  # fmt: skip
    """Where values would have to be put to keep a sequence in order."""
    line, places = operand(sorted_sequence), operand(values)
    if len(extents_of(line)) > 1:
        rows = [np.searchsorted(a, b, side) for a, b in zip(line, places, strict=True)]
        return tensor(np.asarray(rows, as_dtype(out_type).name))
    return ops.cast(ops.searchsorted(line, places, side), as_dtype(out_type).name)


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: str | None = None
) -> Any:
    """For each length a row with true for so many places."""
    ends = operand(lengths)
    if maxlen is None:
        maxlen = int(np.max(np.asarray(ends)))
    row = ops.arange(number(maxlen), dtype=dtype_of(ends))
    return ops.cast(row < ops.expand_dims(ends, -1), as_dtype(dtype).name)


class Unique(NamedTuple):
    """The values that occur, and for each element the place of its value."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """The values that occur, for each element the place of its value, and how often it occurs."""

    y: Any
    idx: Any
    count: Any


def unique_with_counts(x: Any, out_idx: Any = "int32", name: str | None = None) -> Any:
    """The values that occur, in the order of their first places."""
    found, first, places, counts = np.unique(
        np.asarray(convert_to_tensor(x)), return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    kind = as_dtype(out_idx).name
    return UniqueWithCounts(
        tensor(found[order]), tensor(rank[places].astype(kind)), tensor(counts[order].astype(kind))
    )


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> Any:
    """The values that occur, in the order of their first places, and the place of each element."""
    found = unique_with_counts(x, out_idx)
    return Unique(found.y, found.idx)


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> Any:
    """The rows of each part: `partitions` says for each row which one it is in."""
    parts = np.asarray(partitions)
    rows = convert_to_tensor(data)
    return [rows[np.nonzero(parts == n)] for n in range(num_partitions)]


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Any:
    """The rows of several tensors, put where the indices of each say."""
    places = np.concatenate([np.ravel(np.asarray(one)) for one in indices])
    rows = [ops.reshape(rows, (-1, *tuple(rows.shape)[np.ndim(one) :]))
            for one, rows in zip(indices, map(operand, data), strict=True)]  # fmt: skip
    last = {int(place): number for number, place in enumerate(places)}
    order = np.int32([last[place] for place in range(int(places.max()) + 1)])
    return ops.take(ops.concatenate(rows), order, axis=0)


def setdiff1d(x: Any, y: Any, index_dtype: Any = "int32", name: str | None = None) -> Any:
    """The values of `x` that are not in `y`, and their places."""
    keep = np.nonzero(~np.isin(np.asarray(x), np.asarray(y)))[0]
    return tensor(np.asarray(x)[keep]), tensor(keep.astype(as_dtype(index_dtype).name))


__all__ = [
    "argsort", "boolean_mask", "dynamic_partition", "dynamic_stitch", "gather", "gather_nd",
    "one_hot", "scatter_nd", "searchsorted", "sequence_mask", "setdiff1d", "sort",
    "tensor_scatter_nd_add", "tensor_scatter_nd_max", "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "unique", "unique_with_counts", "where",
]  # fmt: skip
