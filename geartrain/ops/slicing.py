"""Reading parts of a tensor by `x[...]`: integers, slices, None, Ellipsis, index arrays, masks.

The rules are NumPy's. An index is first spelled out, one entry an axis; runs of slices are views,
integer arrays are a gather of rows after the axes that they index were brought to the front.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain.errors import UnknownSize, shown
from geartrain.graph.dtypes import INTEGERS
from geartrain.graph.node import Node
from geartrain.graph.shapes import (
    Extent,
    Shape,
    apply,
    axis_index,
    broadcast,
    conflict,
    holds_dim,
    least,
    product,
    public,
)
from geartrain.ops import elementwise as primitive
from geartrain.ops import views
from geartrain.ops.arithmetic import add, multiply
from geartrain.ops.indexing import gather, whole_indices
from geartrain.ops.operands import (
    Tensor,
    dtype_of,
    extents_of,
    filled_like,
    indices_like,
    ladder,
    number_of,
    operand,
    rank_of,
    stretched,
    together,
)
from geartrain.ops.sizes import Size, extent_from

__all__ = ["get_item", "slice", "take", "take_along_axis"]

_REMEDY = "Use integers, slices, None, ... and integer arrays."


def get_item(x: Tensor, key: Any) -> Tensor:
    """`x[key]`, by NumPy's rules.

    Args:
        x: tensor of any shape.
        key: an integer, slice, None (a new axis), Ellipsis, array of integers, or array of
            booleans; or a tuple of these.

    Raises:
        ValueError: too many indices, or one outside its axis.
        TypeError: a key of another kind, or a symbolic mask (its result has no known shape; use
            `where`).

    >>> get_item([[1, 2, 3], [4, 5, 6]], (builtins.slice(None), -1))
    array([3, 6], dtype=int32)
    """
    x = operand(x)
    entries = _spelled_out(key, public(extents_of(x)))
    if any(isinstance(entry, np.ndarray | Node) for entry in entries):
        return _advanced(x, entries, "get_item")
    return _basic(x, entries)


def _spelled_out(key: Any, shape: tuple[int | None, ...]) -> list[Any]:
    """The key's entries, masks as indices and the Ellipsis as slices: one an axis, besides None."""
    entries: list[Any] = []
    for entry in key if isinstance(key, tuple) else (key,):
        entries.extend(_read(entry))
    used = len([e for e in entries if e is not None and e is not Ellipsis])
    dots = len([e for e in entries if e is Ellipsis])
    if used > len(shape) or dots > 1:
        raise ValueError(
            f"get_item: expected at most {len(shape)} indices and one ... for shape {shape}. "
            f"Received: {shown(key)}"
        )
    rest = [builtins.slice(None)] * (len(shape) - used)
    if not dots:
        return entries + rest
    place = next(i for i, e in enumerate(entries) if e is Ellipsis)
    return entries[:place] + rest + entries[place + 1 :]


def _read(entry: Any) -> list[Any]:
    """One part of a key as entries."""
    if entry is None or entry is Ellipsis or isinstance(entry, builtins.slice):
        return [entry]
    if isinstance(entry, int | np.integer) and not isinstance(entry, bool):
        return [int(entry)]
    if isinstance(entry, list | tuple | np.ndarray | Node | bool | np.bool_) or hasattr(
        entry, "__tensor__"
    ):
        index = operand(entry)
        if isinstance(index, np.ndarray) and dtype_of(index) == "bool" and index.ndim:
            return list(index.nonzero())
        if isinstance(index, np.ndarray) and not index.size:
            return [index.astype("int32")]
        if "int" in dtype_of(index):
            return [index]
        entry = f"a tensor of dtype {dtype_of(index)}"
    raise TypeError(f"get_item: expected an index. Received: {shown(entry)}. {_REMEDY}")


def _basic(x: Tensor, entries: list[Any]) -> Tensor:
    """Integers, slices and None: a slice, then a reshape."""
    extents = extents_of(x)
    start: list[Extent] = []
    length: list[Extent] = []
    step: list[int] = []
    shape: list[Extent] = []
    axis = 0
    for entry in entries:
        if entry is None:
            shape.append(1)
            continue
        size = extents[axis]
        if isinstance(entry, builtins.slice):
            first, count, stride = bounds(entry, size)
            shape.append(count)
        else:
            first, count, stride = _inside(entry, size, axis, extents), 1, 1
        start.append(first)
        length.append(count)
        step.append(stride)
        axis += 1
    whole = tuple(length) == extents and set(step) <= {1}
    if not whole:
        x = views.slice_(x, start=tuple(start), length=tuple(length), step=tuple(step))
    return x if tuple(shape) == extents_of(x) else views.reshape(x, shape=tuple(shape))


def _inside(index: int, size: Extent, axis: int, shape: Shape) -> Extent:
    """An integer index counted from the front, refused where the axis has no such place."""
    if isinstance(size, int) and not -size <= index < size:
        raise ValueError(
            f"get_item: expected an index in [{-size}, {size - 1}] for axis {axis} of shape "
            f"{public(shape)}. Received: {index}"
        )
    return index if index >= 0 else size + index


def _number(part: Any) -> Any:
    """A bound that is an array of one whole number as that number."""
    whole = isinstance(part, np.ndarray) and part.ndim == 0 and dtype_of(part) in INTEGERS
    return int(part) if whole else part


def bounds(piece: builtins.slice, size: Extent) -> tuple[Extent, Extent, int]:
    """A slice of an axis as its first index, number of elements and step.

    >>> bounds(builtins.slice(None, None, -2), 5)
    (4, 3, -2)
    """
    piece = builtins.slice(*map(_number, (piece.start, piece.stop, piece.step)))
    for part in (piece.start, piece.stop, piece.step):
        if part is not None and not isinstance(part, int | np.integer | Size):
            raise TypeError(
                f"get_item: expected whole numbers in a slice. Received: {shown(part)}. For a "
                "start that is a tensor use ops.slice or ops.take."
            )
    step = 1 if piece.step is None else int(piece.step)
    if step == 0:
        raise ValueError("get_item: expected a step other than 0 in a slice. Received: 0")
    first, last = (
        None if part is None else extent_from(part, "get_item")
        for part in (piece.start, piece.stop)
    )
    if not holds_dim((size, first, last)):
        indices = range(*builtins.slice(first, last, step).indices(size))  # type: ignore[arg-type]
        return indices.start, len(indices), step
    low, high = (0, size) if step > 0 else (-1, size - 1)
    start = _edge(first, low if step > 0 else high, size, low, high)
    stop = _edge(last, high if step > 0 else low, size, low, high)
    if step == 1 and last is None and isinstance(first, int) and first >= 0:
        return start, apply("max", size - first, 0), 1
    span = stop - start if step > 0 else start - stop
    count = span if builtins.abs(step) == 1 else apply("ceildiv", span, builtins.abs(step))
    bare = first is None and last is None
    at_front = start == 0 and step == 1
    return start, count if bare or at_front else apply("max", count, 0), step


def _edge(place: Extent | None, default: Extent, size: Extent, low: Extent, high: Extent) -> Extent:
    """A bound of a slice as a place on the axis, where one of them is not known yet."""
    if place is None:
        return default
    if least(place, atom=1) >= 0:  # an axis without elements may make n - 1 negative
        return apply("min", place if least(place) >= 0 else apply("max", place, 0), high)
    if least(-place, atom=1) > 0:
        return apply("max", size + place, low)
    raise UnknownSize(
        f"get_item: expected bounds of a slice that count from one end. Received: {place}, which "
        "is negative for some sizes and not for others."
    )


def _advanced(x: Tensor, entries: list[Any], who: str) -> Tensor:
    """Integer arrays (and integers beside them): a gather at their common place."""
    axis = 0
    arrays: list[Any] = []
    axes: list[int] = []
    place: list[int] = []
    plain: list[Any] = []
    for entry in entries:
        if entry is None or isinstance(entry, builtins.slice):
            plain.append(entry)
        else:
            place.append(len(plain) + len(arrays))
            arrays.append(entry)
            axes.append(axis)
        axis += entry is not None
    adjacent = place == list(range(place[0], place[0] + len(place)))
    rank = rank_of(x)
    others = [i for i in range(rank) if i not in axes]
    indexed = tuple(extents_of(x)[i] for i in axes)
    x = views.permute(x, order=(*axes, *others))
    x = views.reshape(x, shape=(product(indexed), *extents_of(x)[len(axes) :]))
    flat = flat_index(arrays, indexed, who)
    rows = gather(x, flat)
    width = rank_of(flat)
    rows = _basic(rows, [builtins.slice(None)] * width + plain)
    if not adjacent or not place[0]:
        return rows
    order = list(range(rank_of(rows)))
    front = [*order[width : width + place[0]], *order[:width], *order[width + place[0] :]]
    return views.permute(rows, order=tuple(front))


def flat_index(indices: list[Any], sizes: Shape, who: str) -> Tensor:
    """Indices along several axes as one index along all of them, row-major; negative ones wrap.

    An index outside its axis makes one outside of all: not that of some other element.
    """
    total: Any = None
    wrong: Any = None
    for index, size in zip(indices, sizes, strict=True):
        index = wrapped(operand(index), size, who)
        if isinstance(index, Node) and len(indices) > 1:
            outside = primitive.logical_or(
                primitive.less(index, filled_like(index, 0)),
                primitive.greater_equal(index, _filled(index, size)),
            )
            wrong = outside if wrong is None else primitive.logical_or(wrong, outside)
        total = index if total is None else add(multiply(total, number_of(size, "int32")), index)
    return total if wrong is None else primitive.where(wrong, _filled(total, product(sizes)), total)


def _filled(index: Tensor, size: Extent) -> Tensor:
    return stretched(number_of(size, dtype_of(index)), extents_of(index))


def wrapped(index: Tensor, size: Extent, who: str) -> Tensor:
    """Indices, as int32 or int64, with negative ones counted from the end."""
    if dtype_of(index) not in ("int32", "int64"):
        index = primitive.cast(index, dtype="int64" if dtype_of(index) == "uint64" else "int32")
    if isinstance(index, np.ndarray) and isinstance(size, int) and index.size:
        low, high = int(index.min()), int(index.max())
        if low < -size or high >= size:
            raise ValueError(
                f"{who}: expected indices in [{-size}, {size - 1}]. "
                f"Received: {low if low < -size else high}"
            )
        if low >= 0:
            return index
    behind = add(index, number_of(size, dtype_of(index)))
    return primitive.where(primitive.less(index, filled_like(index, 0)), behind, index)


def take(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Parts of x at given indices along an axis.

    Args:
        x: tensor of any shape.
        indices: integers of any shape; negative ones count from the end.
        axis: the axis that they index; of the flattened tensor if None.

    Returns a tensor of x's shape with that axis replaced by the shape of `indices`.

    Raises ValueError for an index outside the axis.

    >>> take([[1, 2, 3], [4, 5, 6]], [2, 0], axis=1)
    array([[3, 1],
           [6, 4]], dtype=int32)
    """
    x = operand(x)
    if axis is None:
        x, axis = views.reshape(x, shape=(product(extents_of(x)),)), 0
    place = axis_index(axis, rank_of(x), "take")
    index = operand(indices)
    if "int" not in dtype_of(index):
        raise ValueError(
            f"take: expected integer indices. Received: dtype {dtype_of(index)}. Cast them first."
        )
    entries: list[Any] = [builtins.slice(None)] * rank_of(x)
    entries[place] = index
    return _advanced(x, entries, "take")


def take_along_axis(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """One element of x for each index along an axis: `z[i, j] = x[i, indices[i, j]]` for axis 1.

    Args:
        x: tensor of any shape.
        indices: integers of x's rank, whose other axes stretch to x's (or x's to theirs);
            negative ones count from the end.
        axis: the axis that they index; x and indices are flattened first if None.

    Returns a tensor of the shape of the indices.

    Raises ValueError for another rank, or an index outside the axis.

    >>> take_along_axis([[10, 30, 20], [60, 40, 50]], [[1], [0]], axis=1)
    array([[30],
           [60]], dtype=int32)
    """
    x, index = operand(x), operand(indices)
    if axis is None:
        x, axis = views.reshape(x, shape=(product(extents_of(x)),)), 0
        index = views.reshape(index, shape=(product(extents_of(index)),))
    place = axis_index(axis, rank_of(x), "take_along_axis")
    if rank_of(index) != rank_of(x) or "int" not in dtype_of(index):
        raise ValueError(
            f"take_along_axis: expected integer indices of rank {rank_of(x)}. Received: dtype "
            f"{dtype_of(index)}, shape {public(extents_of(index))} for x of shape "
            f"{public(extents_of(x))}"
        )
    sizes = extents_of(x)
    index = wrapped(index, sizes[place], "take_along_axis")
    one = (*sizes[:place], 1, *sizes[place + 1 :])
    (index,) = together(index, x)[:1]
    index = stretched(index, broadcast(one, extents_of(index), who="take_along_axis"))
    places = [
        index if i == place else indices_like(index, i, dtype_of(index)) if size != 1 else None
        for i, size in enumerate(sizes)
    ]
    used = [i for i, one in enumerate(places) if one is not None]
    flat = flat_index([places[i] for i in used], tuple(sizes[i] for i in used), "take_along_axis")
    return gather(views.reshape(x, shape=(product(sizes),)), flat)


def slice(inputs: Tensor, start_indices: Any, shape: Any) -> Tensor:
    """A block of a tensor, `inputs[start:start + size]` along each axis.

    Args:
        inputs: tensor of any shape.
        start_indices: where the block starts: one number an axis, or a vector of integers.
        shape: the sizes of the block; -1 for all that is left (if the start is a number).

    Raises ValueError for a block that does not lie within the tensor.

    >>> slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2))
    array([[2, 3],
           [5, 6]], dtype=int32)
    """
    x = operand(inputs)
    starts = starts_of("slice", start_indices, x)
    if len(shape) != len(starts):
        raise ValueError(
            f"slice: expected one size for each axis of shape {public(extents_of(x))}. "
            f"Received: shape={tuple(shape)}"
        )
    given = [-1 if size is None else extent_from(size, "slice") for size in shape]
    sizes = [
        extent - start if size == -1 else size
        for extent, start, size in zip(extents_of(x), starts, given, strict=True)
    ]
    if not any(isinstance(start, Node) for start in starts):
        check_block("slice", extents_of(x), starts, sizes)
        return views.slice_(x, start=tuple(starts), length=tuple(sizes), step=(1,) * len(sizes))
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        if extents_of(x)[axis] != size:
            first = start if isinstance(start, Node) else number_of(start, "int32")
            x = take(x, add(ladder((size,), 0, symbolic=True), first), axis=axis)
    return x


def check_block(
    who: str, shape: Shape, starts: list[Any], sizes: Sequence[Extent], named: str = "shape="
) -> None:
    """Refuse a block that does not lie within a tensor, or may not."""
    fits = len(sizes) == len(shape) and all(
        min(least(start, atom=1), least(size), least(extent - start - size, atom=1)) >= 0
        for extent, start, size in zip(shape, starts, sizes, strict=True)
    )
    if not fits:
        raise conflict(
            f"{who}: expected a block within shape {public(shape)}. Received: start_indices="
            f"{tuple(starts)}, {named}{tuple(sizes)}",
            shape,
            starts,
            sizes,
        )


def starts_of(who: str, start_indices: Any, x: Tensor) -> list[Any]:
    """The starts of a block along each axis: ints if known now, else scalar tensors."""
    rank = rank_of(x)
    if isinstance(start_indices, Node):
        start_indices = whole_indices(start_indices)
        starts = [start_indices[i] for i in range(rank)] if start_indices.shape == (rank,) else []
    else:
        starts = [one if isinstance(one, Node) else extent_from(one, who) for one in start_indices]
    if len(starts) != rank:
        raise ValueError(
            f"{who}: expected one start for each axis of shape {public(extents_of(x))}. "
            f"Received: {shown(start_indices)}"
        )
    return starts
