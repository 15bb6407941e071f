"""The same values in another shape or order of axes; tensors joined end to end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from geartrain.graph.node import Node
from geartrain.graph.shapes import (
    Dim,
    Extent,
    Shape,
    axis_index,
    conflict,
    divide,
    fitting_product,
    product,
    public,
)
from geartrain.ops import views
from geartrain.ops.operands import (
    Tensor,
    axes_of,
    extents_of,
    operand,
    promoted,
    rank_of,
    stretched,
    together,
)
from geartrain.ops.sizes import Size, extent_from

__all__ = [
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "moveaxis",
    "ravel",
    "reshape",
    "squeeze",
    "stack",
    "swapaxes",
    "transpose",
    "unstack",
]


def _sizes(value: Any, who: str) -> tuple[Any, ...]:
    """Sizes that a user gave, as extents; None stays."""
    several = isinstance(value, Iterable) and not isinstance(value, Size | Node)
    return tuple(
        None if v is None else extent_from(v, who) for v in (value if several else (value,))
    )


def reshape(x: Tensor, newshape: Any) -> Tensor:
    """The same values, in the same order, under another shape.

    Args:
        x: tensor of any shape.
        newshape: the new sizes, as numbers or of `ops.shape`. One may be -1 (or None): whatever is
            left over.

    Raises ValueError if the new shape does not hold as many values.

    >>> reshape([1, 2, 3, 4, 5, 6], (2, -1))
    array([[1, 2, 3],
           [4, 5, 6]], dtype=int32)
    """
    x = operand(x)
    return views.reshape(x, shape=_resolved(extents_of(x), _sizes(newshape, "reshape")))


def _resolved(old: Shape, wanted: tuple[Any, ...]) -> Shape:
    """`wanted` with None and -1 replaced by extents, as the values of `old` demand."""
    if -1 not in wanted and wanted.count(None) == 1:
        wanted = tuple(-1 if size is None else size for size in wanted)
    new: Shape = tuple(
        old[i] if size is None and i < len(old) and isinstance(old[i], Dim)
        else extent_from(size, "reshape")
        for i, size in enumerate(wanted)
    )  # fmt: skip
    known = product(size for size in new if size != -1)
    left_over = divide(product(old), known) if -1 in new and known != 0 else 0
    fits = left_over is not None and new.count(-1) <= 1
    resolved: Shape = tuple(left_over if size == -1 else size for size in new) if fits else ()  # type: ignore[misc]
    if not fits or product(resolved) != product(old):
        count = product(old)
        hint = f" ({count},) would do." if isinstance(count, int) else ""
        raise conflict(
            f"reshape: expected a shape of {count} values, as shape {public(old)} has, with at "
            f"most one -1. Received: {public(wanted)}.{hint}",
            old,
            new,
            fitting=fitting_product(product(old), known, several=-1 in new),
        )
    return resolved


def ravel(x: Tensor) -> Tensor:
    """All values along one axis.

    >>> ravel([[1, 2], [3, 4]])
    array([1, 2, 3, 4], dtype=int32)
    """
    x = operand(x)
    return views.reshape(x, shape=(product(extents_of(x)),))


def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in another order.

    Args:
        x: tensor of any shape.
        axes: for each axis of the result, the axis of x; None reverses them (a matrix's rows
            become its columns).

    Raises ValueError unless `axes` names each axis once.

    >>> transpose([[1, 2, 3], [4, 5, 6]])
    array([[1, 4],
           [2, 5],
           [3, 6]], dtype=int32)
    """
    x = operand(x)
    rank = rank_of(x)
    if axes is None:
        order = tuple(range(rank))[::-1]
    else:
        order = tuple(axis_index(int(axis), rank, "transpose") for axis in axes)
    return views.permute(x, order=order)


def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged.

    >>> swapaxes([[[1, 2]], [[3, 4]]], 0, 2).shape
    (2, 1, 2)
    """
    x = operand(x)
    order = list(range(rank_of(x)))
    first = axis_index(axis1, len(order), "swapaxes")
    second = axis_index(axis2, len(order), "swapaxes")
    order[first], order[second] = second, first
    return views.permute(x, order=tuple(order))


def moveaxis(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Axes moved to other places; the rest keep their order.

    Args:
        x: tensor of any shape.
        source: the axis or axes to move.
        destination: where each goes in the result.

    Raises ValueError if the two differ in number or name an axis twice.

    >>> moveaxis([[[1, 2, 3]]], -1, 0).shape
    (3, 1, 1)
    """
    x = operand(x)
    rank = rank_of(x)
    origins, places = (
        [axis_index(int(axis), rank, "moveaxis") for axis in _sizes(axes, "moveaxis")]
        for axes in (source, destination)
    )
    if len(origins) != len(places) or len(set(origins)) + len(set(places)) != 2 * len(places):
        raise ValueError(
            "moveaxis: expected as many sources as destinations, each axis once. "
            f"Received: source={source}, destination={destination}"
        )
    order = [axis for axis in range(rank) if axis not in origins]
    for place, origin in sorted(zip(places, origins, strict=True)):
        order.insert(place, origin)
    return views.permute(x, order=tuple(order))


def expand_dims(x: Tensor, axis: int | Sequence[int]) -> Tensor:
    """New axes of size 1.

    Args:
        x: tensor of any shape.
        axis: where the new axis (or axes) go in the result.

    >>> expand_dims([1, 2, 3], 0)
    array([[1, 2, 3]], dtype=int32)
    """
    x = operand(x)
    several = _sizes(axis, "expand_dims")
    new = axes_of(several, rank_of(x) + len(several), "expand_dims")
    extents = list(extents_of(x))
    for place in new:
        extents.insert(place, 1)
    return views.reshape(x, shape=tuple(extents))


def squeeze(x: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Axes of size 1 left out.

    Args:
        x: tensor of any shape.
        axis: the axis or axes to leave out; all of size 1 if None.

    Raises ValueError if one of them is not of size 1.

    >>> squeeze([[[1], [2]]])
    array([1, 2], dtype=int32)
    """
    x = operand(x)
    extents = extents_of(x)
    if axis is None:
        gone = tuple(i for i, size in enumerate(extents) if size == 1)
    else:
        gone = axes_of(_sizes(axis, "squeeze"), len(extents), "squeeze")
    if any(extents[i] != 1 for i in gone):
        raise conflict(
            f"squeeze: expected axes of size 1. Received: axis={axis} of shape {public(extents)}",
            [extents[i] for i in gone],
        )
    return views.reshape(x, shape=tuple(n for i, n in enumerate(extents) if i not in gone))


def broadcast_to(x: Tensor, shape: Any) -> Tensor:
    """`x` stretched: repeated along new axes at the front, and along axes of size 1.

    Args:
        x: tensor of any shape.
        shape: the new sizes, as numbers or of `ops.shape`. -1 keeps the size of that axis, and so
            does None where it is not known yet.

    Raises ValueError if another axis would have to change its size.

    >>> broadcast_to([1, 2, 3], (2, 3))
    array([[1, 2, 3],
           [1, 2, 3]], dtype=int32)
    """
    x = operand(x)
    extents = extents_of(x)
    wanted = _sizes(shape, "broadcast_to")
    missing = len(wanted) - len(extents)
    sizes: list[Any] = []
    for i, size in enumerate(wanted):
        own: Extent | None = extents[i - missing] if i >= missing else None
        keeps = size == -1 or (size is None and isinstance(own, Dim))
        sizes.append(own if keeps and own is not None else extent_from(size, "broadcast_to"))
    new = tuple(sizes)
    if any(isinstance(size, Dim) for size in new):
        x = Node.wrap(x)
    return stretched(x, new)


def concatenate(xs: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Tensors joined end to end along an axis that they have.

    Args:
        xs: tensors of one shape but for that axis; they are cast to their common dtype.
        axis: the axis to join along.

    Raises ValueError for no tensors, or tensors that differ in another axis.

    >>> concatenate([[[1, 2]], [[3, 4], [5, 6]]])
    array([[1, 2],
           [3, 4],
           [5, 6]], dtype=int32)
    """
    tensors = _joined("concatenate", xs)
    place = axis_index(axis, rank_of(tensors[0]), "concatenate")
    return tensors[0] if len(tensors) == 1 else views.concatenate(*tensors, axis=place)


def _joined(who: str, values: Sequence[Tensor]) -> list[Tensor]:
    """The tensors to join, of one dtype."""
    tensors = [operand(value) for value in values]
    if not tensors:
        raise ValueError(f"{who}: expected at least one tensor. Received: none.")
    return together(*promoted(*tensors))


def stack(x: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis.

    Args:
        x: the tensors; they are cast to their common dtype.
        axis: where the new axis goes in the result.

    Raises ValueError for no tensors, or different shapes.

    >>> stack([[1, 2], [3, 4]], axis=1)
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    tensors = _joined("stack", x)
    shapes = [extents_of(tensor) for tensor in tensors]
    if any(shape != shapes[0] for shape in shapes):
        shown = ", ".join(str(public(shape)) for shape in shapes)
        raise conflict(f"stack: expected tensors of one shape. Received shapes: {shown}", *shapes)
    place = axis_index(axis, len(shapes[0]) + 1, "stack")
    widened = [expand_dims(tensor, place) for tensor in tensors]
    return widened[0] if len(widened) == 1 else views.concatenate(*widened, axis=place)


def unstack(x: Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The parts of a tensor along one axis, without that axis.

    Args:
        x: tensor of at least one axis.
        num: how many parts there must be; None for as many as there are. Of an axis whose size is
            not known yet, so many are taken.
        axis: the axis to take apart.

    Raises ValueError if the axis is of another size than `num`, or not known without it.

    >>> unstack([[1, 2], [3, 4]])
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    x = operand(x)
    extents = extents_of(x)
    place = axis_index(axis, len(extents), "unstack")
    count = extents[place]
    if not isinstance(count, int) and num is not None:
        count = num
    if not isinstance(count, int) or num not in (None, count):
        raise conflict(
            f"unstack: expected an axis of a known size{f' {num}' if num is not None else ''}. "
            f"Received: axis {axis} of shape {public(extents)}",
            (count,),
        )
    length = (*extents[:place], 1, *extents[place + 1 :])
    rest = extents[:place] + extents[place + 1 :]
    steps = (1,) * len(extents)
    parts = []
    for index in range(count):
        start = (0,) * place + (index,) + (0,) * len(rest[place:])
        part = views.slice_(x, start=start, length=length, step=steps)
        parts.append(views.reshape(part, shape=rest))
    return parts
