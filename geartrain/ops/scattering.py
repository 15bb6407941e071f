"""Writing at indices: scatter, updates of parts, and folds over segments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from geartrain.graph.dtypes import FLOATS, limits
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, Shape, conflict, product, public
from geartrain.ops import elementwise as primitive
from geartrain.ops import folds, indexing, views
from geartrain.ops.arithmetic import add, clip, maximum, minimum, multiply, subtract
from geartrain.ops.creation import shape_of
from geartrain.ops.logic import equal, greater_equal, less, logical_and, not_equal, where
from geartrain.ops.operands import (
    Tensor,
    dtype_of,
    extents_of,
    filled_like,
    ladder,
    number_of,
    operand,
    rank_of,
    stretched,
    together,
)
from geartrain.ops.reductions import prod
from geartrain.ops.sizes import extent_from
from geartrain.ops.slicing import check_block, flat_index, starts_of, take

__all__ = [
    "scatter",
    "scatter_update",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "slice_update",
]


def slice_update(inputs: Tensor, start_indices: Any, updates: Tensor) -> Tensor:
    """A copy of a tensor with a block replaced.

    Args:
        inputs: tensor of any shape.
        start_indices: where the block starts: one number an axis, or a vector of integers.
        updates: the new block, of the rank of the inputs.

    Raises ValueError for a block that does not lie within the tensor.

    >>> slice_update([1, 2, 3, 4], [1], [9, 9])
    array([1, 9, 9, 4], dtype=int32)
    """
    x = operand(inputs)
    x, block = together(x, operand(updates, dtype_of(x)))
    starts = starts_of("slice_update", start_indices, x)
    sizes, extents = extents_of(block), extents_of(x)
    known = [0 if isinstance(start, Node) else start for start in starts]
    check_block("slice_update", extents, known, sizes, named="updates of shape ")
    if not any(isinstance(start, Node) for start in starts):
        high = tuple(n - a - size for n, a, size in zip(extents, starts, sizes, strict=True))
        place = {"low": tuple(starts), "high": high, "interior": (0,) * len(sizes)}
        inside = views.pad(filled_like(block, True, "bool"), **place)
        return primitive.where(inside, views.pad(block, **place), x)
    inside = filled_like(x, True, "bool")
    for axis, (start, n) in enumerate(zip(starts, extents, strict=True)):
        first = start if isinstance(start, Node) else number_of(start, "int32")
        offset = subtract(ladder((n,), 0, isinstance(x, Node)), first)
        held = clip(offset, 0, sizes[axis] - 1)  # the place in the block, if it is inside
        within = views.reshape(equal(offset, held), shape=(n,) + (1,) * (len(starts) - axis - 1))
        inside = logical_and(inside, within)
        block = take(block, held, axis)
    return primitive.where(inside, block, x)


def _flat(who: str, indices: Tensor, shape: Shape) -> tuple[Tensor, Shape, Shape]:
    """Index vectors (..., k) as indices into the first k axes made one; these axes, the others."""
    index = indexing.whole_indices(indices)
    depth = extents_of(index)[-1] if rank_of(index) else 0
    if "int" not in dtype_of(index) or not isinstance(depth, int) or not 1 <= depth <= len(shape):
        raise ValueError(
            f"{who}: expected integer indices of shape (..., k), k from 1 to {len(shape)}. "
            f"Received: dtype {dtype_of(index)}, shape {public(extents_of(index))}"
        )
    parts = [index[..., i] for i in range(depth)]
    return flat_index(parts, shape[:depth], who), shape[:depth], shape[depth:]


def scatter(indices: Tensor, values: Tensor, shape: Any) -> Tensor:
    """A tensor of zeros to which values are added at indices: `z[indices[i]] += values[i]`.

    Args:
        indices: integers of shape (..., k), each vector an index into the first k axes.
        values: tensor of shape (...) + the other axes.
        shape: the shape of the result.

    Raises ValueError for indices or values that do not fit, or an index outside.

    >>> scatter([[0], [2], [0]], [1.0, 2.0, 10.0], (4,))
    array([11.,  0.,  2.,  0.], dtype=float32)
    """
    extents = shape_of(shape, "scatter")
    flat, indexed, others = _flat("scatter", indices, extents)
    flat, rows = together(flat, operand(values))
    rows = stretched(rows, extents_of(flat) + others, "scatter")
    return views.reshape(indexing.scatter_add(flat, rows, size=product(indexed)), shape=extents)


def scatter_update(
    inputs: Tensor, indices: Tensor, updates: Tensor, reduction: str | None = None
) -> Tensor:
    """A copy of a tensor with values written at indices: `z[indices[i]] = updates[i]`.

    Args:
        inputs: tensor of any shape.
        indices: integers of shape (n, k), each vector an index into the first k axes.
        updates: tensor of shape (n,) + the other axes.
        reduction: what joins an update with the value there: None replaces it (of several for one
            index the last counts), "add", "max", "min" or "mul".

    Raises ValueError for another reduction, tensors that do not fit, or an index outside.

    >>> scatter_update([0, 0, 0], [[2], [0]], [5, 7])
    array([7, 0, 5], dtype=int32)
    """
    joins = {"add": add, "max": maximum, "min": minimum, "mul": multiply}
    if reduction is not None and reduction not in joins:
        raise ValueError(
            f"scatter_update: expected a reduction of {[None, *joins]}. Received: {reduction!r}"
        )
    x = operand(inputs)
    flat, indexed, others = _flat("scatter_update", indices, extents_of(x))
    x, flat, rows = together(x, flat, operand(updates, dtype_of(x)))
    rows = stretched(rows, extents_of(flat) + others, "scatter_update")
    count, size = product(extents_of(flat)), product(indexed)
    flat = views.reshape(flat, shape=(count,))
    rows = views.reshape(rows, shape=(count, *others))
    if reduction is None:
        joined = _last_written(views.reshape(x, shape=(size, *others)), flat, rows)
        return views.reshape(joined, shape=extents_of(x))
    flat = indexing.gather(ladder((size,), 0, isinstance(flat, Node), dtype_of(flat)), flat)
    fold = {"add": segment_sum, "max": segment_max, "min": segment_min, "mul": segment_prod}
    joined = fold[reduction](rows, flat, size)
    return joins[reduction](x, views.reshape(joined, shape=extents_of(x)))


def _last_written(x: Tensor, flat: Tensor, rows: Tensor) -> Tensor:
    """x with rows replaced; of several rows for one index the last."""
    size = extents_of(x)[0]
    order = indexing.argsort(flat, axis=0)  # stable: of equal indices the last written comes last
    flat, rows = indexing.gather(flat, order), indexing.gather(rows, order)
    none = views.reshape(filled_like(flat[:1], -1), shape=extents_of(flat[:1]))
    last = not_equal(flat, views.concatenate(flat[1:], none, axis=0))
    lying = (*extents_of(last), *(1,) * (rank_of(rows) - 1))
    rows = where(views.reshape(last, shape=lying), rows, 0)
    written = indexing.scatter_add(flat, filled_like(flat, 1), size=size)
    hit = views.reshape(not_equal(written, 0), shape=(size, *(1,) * (rank_of(rows) - 1)))
    return where(hit, indexing.scatter_add(flat, rows, size=size), x)


def _segments(
    who: str, data: Tensor, segment_ids: Tensor, num_segments: Extent | None
) -> tuple[Tensor, Tensor, Extent]:
    """The data and their segments, checked, and the number of segments."""
    ids = operand(segment_ids)
    if rank_of(ids) != 1 or "int" not in dtype_of(ids):
        raise ValueError(
            f"{who}: expected segment_ids as a vector of integers. "
            f"Received: dtype {dtype_of(ids)}, shape {public(extents_of(ids))}"
        )
    if num_segments is None:
        if isinstance(ids, Node):
            raise ValueError(
                f"{who}: expected num_segments, since symbolic segment_ids have no values yet. "
                "Received: None"
            )
        num_segments = int(ids.max()) + 1 if ids.size else 0
    num_segments = extent_from(num_segments, who)
    data, ids = together(operand(data), ids)
    if extents_of(data)[:1] != extents_of(ids):
        raise conflict(
            f"{who}: expected a segment for each row of the data. Received: data of shape "
            f"{public(extents_of(data))}, segment_ids of shape {public(extents_of(ids))}",
            extents_of(data)[:1],
            extents_of(ids),
        )
    return data, ids, num_segments


def segment_sum(
    data: Tensor, segment_ids: Tensor, num_segments: Any = None, sorted: bool = False
) -> Tensor:
    """The sum of the rows of each segment.

    Args:
        data: tensor of shape (rows, ...).
        segment_ids: for each row the number of its segment, integers of shape (rows,). A row whose
            number is none of a segment, such as -1, is left out, by all folds over segments.
        num_segments: how many segments; if None the greatest id + 1, which an array must tell.
        sorted: whether the ids are sorted; nothing depends on it here.

    Returns a tensor of shape (num_segments, ...); a segment without rows has sum 0.

    >>> segment_sum([1.0, 2.0, 10.0], [0, 0, 2])
    array([ 3.,  0., 10.], dtype=float32)
    """
    data, ids, count = _segments("segment_sum", data, segment_ids, num_segments)
    end = number_of(count, dtype_of(ids))
    inside = logical_and(greater_equal(ids, 0), less(ids, end))
    lying = (*extents_of(ids), *(1,) * (rank_of(data) - 1))
    rows = where(views.reshape(inside, shape=lying), data, filled_like(data, 0))
    return indexing.scatter_add(where(inside, ids, filled_like(ids, 0)), rows, size=count)


def _by_membership(
    who: str, data: Tensor, segment_ids: Tensor, num_segments: Extent | None, nothing: float,
    fold: Callable[[Tensor], Tensor],
) -> Tensor:  # fmt: skip
    """A fold over rows (axis 1), in which the rows of other segments count as `nothing`."""
    data, ids, count = _segments(who, data, segment_ids, num_segments)
    shape = (count, *extents_of(data))
    segment = ladder((count, *extents_of(ids)), 0, isinstance(data, Node), dtype_of(ids))
    member = equal(ids, segment)
    member = views.reshape(member, shape=extents_of(member) + (1,) * (rank_of(data) - 1))
    return fold(where(stretched(member, shape), data, nothing))


def segment_max(
    data: Tensor, segment_ids: Tensor, num_segments: Any = None, sorted: bool = False
) -> Tensor:
    """The greatest element of each segment, column by column; see `segment_sum`.

    A segment without rows has the least number of the dtype: -inf for floats.

    >>> segment_max([1.0, 2.0, 10.0], [0, 0, 1])
    array([ 2., 10.], dtype=float32)
    """
    least = _edge(data, -1)
    return _by_membership(
        "segment_max", data, segment_ids, num_segments, least, lambda x: folds.max_(x, axes=(1,))
    )


def segment_min(
    data: Tensor, segment_ids: Tensor, num_segments: Any = None, sorted: bool = False
) -> Tensor:
    """The least element of each segment, column by column; see `segment_sum`.

    A segment without rows has the greatest number of the dtype: inf for floats.

    >>> segment_min([1.0, 2.0, 10.0], [0, 0, 1])
    array([ 1., 10.], dtype=float32)
    """
    greatest = _edge(data, 1)
    return _by_membership(
        "segment_min", data, segment_ids, num_segments, greatest, lambda x: folds.min_(x, axes=(1,))
    )


def segment_prod(
    data: Tensor, segment_ids: Tensor, num_segments: Any = None, sorted: bool = False
) -> Tensor:
    """The product of the rows of each segment; see `segment_sum`.

    A segment without rows has product 1.

    >>> segment_prod([3.0, 2.0, 10.0], [0, 0, 1])
    array([ 6., 10.], dtype=float32)
    """
    return _by_membership(
        "segment_prod", data, segment_ids, num_segments, 1,
        lambda x: prod(x, axis=1, dtype=dtype_of(x)),
    )  # fmt: skip


def _edge(data: Tensor, side: int) -> float:
    """What the rows of no segment give: the least (-1) or the greatest (1) number of the dtype."""
    dtype = dtype_of(operand(data))
    return side * math.inf if dtype in FLOATS else limits(dtype)[0 if side < 0 else 1]
