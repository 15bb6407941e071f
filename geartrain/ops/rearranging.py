"""Parts of tensors moved, repeated, padded and split."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import UnknownSize, shown
from geartrain.graph.budget import make_room
from geartrain.graph.node import Node
from geartrain.graph.shapes import (
    Dim,
    Extent,
    apply,
    axis_index,
    conflict,
    holds_dim,
    least,
    public,
)
from geartrain.ops import views
from geartrain.ops.arithmetic import mod, subtract
from geartrain.ops.logic import where
from geartrain.ops.operands import (
    Tensor,
    axes_of,
    extents_of,
    filled_like,
    ladder,
    number_of,
    operand,
    rank_of,
)
from geartrain.ops.shaping import expand_dims, ravel, swapaxes
from geartrain.ops.sizes import Size, extent_from, size_of
from geartrain.ops.slicing import get_item, take

__all__ = [
    "array_split",
    "flip",
    "fliplr",
    "flipud",
    "pad",
    "repeat",
    "roll",
    "rot90",
    "split",
    "tile",
]


def flip(x: Tensor, axis: Any = None) -> Tensor:
    """The order of the elements reversed along an axis, several, or (None) all.

    >>> flip([[1, 2], [3, 4]], axis=1)
    array([[2, 1],
           [4, 3]], dtype=int32)
    """
    x = operand(x)
    return views.flip(x, axes_of(axis, rank_of(x), "flip"))


def fliplr(x: Tensor) -> Tensor:
    """Left and right exchanged: reversed along axis 1.

    >>> fliplr([[1, 2], [3, 4]])
    array([[2, 1],
           [4, 3]], dtype=int32)
    """
    return flip(x, axis=1)


def flipud(x: Tensor) -> Tensor:
    """Up and down exchanged: reversed along axis 0.

    >>> flipud([[1, 2], [3, 4]])
    array([[3, 4],
           [1, 2]], dtype=int32)
    """
    return flip(x, axis=0)


def rot90(array: Tensor, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """A plane of the tensor turned by k quarters, from the first axis towards the second.

    Args:
        array: tensor of at least two axes.
        k: how many quarters; negative ones turn the other way.
        axes: the two axes of the plane.

    Raises ValueError unless the two axes differ.

    >>> rot90([[1, 2], [3, 4]])
    array([[2, 4],
           [1, 3]], dtype=int32)
    """
    x = operand(array)
    if len(axes) != 2 or len(axes_of(axes, rank_of(x), "rot90")) != 2:
        raise ValueError(f"rot90: expected two axes. Received: axes={axes}")
    first, second = axes
    quarters = k % 4
    if quarters == 0:
        return x
    if quarters == 2:
        return flip(x, axes)
    if quarters == 1:
        return swapaxes(flip(x, second), first, second)
    return flip(swapaxes(x, first, second), second)


def roll(x: Tensor, shift: Any, axis: Any = None) -> Tensor:
    """Elements shifted along an axis; those that fall off the end come back at the front.

    Args:
        x: tensor of any shape.
        shift: by how many places, or one number for each axis.
        axis: the axis or axes; of the flattened tensor if None.

    Raises ValueError if there are not as many shifts as axes.

    >>> roll([1, 2, 3, 4], 1)
    array([4, 1, 2, 3], dtype=int32)
    """
    x = operand(x)
    if axis is None:
        return views.reshape(roll(ravel(x), shift, 0), shape=extents_of(x))
    places = list(axis) if isinstance(axis, Sequence) else [axis]
    shifts = list(shift) if isinstance(shift, Sequence) else [shift] * len(places)
    if len(places) == 1 and len(shifts) > 1:
        places *= len(shifts)
    if len(shifts) != len(places):
        raise ValueError(f"roll: expected one shift an axis. Received: shift={shift}, axis={axis}")
    for count, place in zip(shifts, places, strict=True):
        x = _rolled(x, extent_from(count, "roll"), axis_index(int(place), rank_of(x), "roll"))
    return x


def _rolled(x: Tensor, shift: Extent, axis: int) -> Tensor:
    size = extents_of(x)[axis]
    before = (slice(None),) * axis
    if not isinstance(size, int) or not isinstance(shift, int):  # read each place by its index
        places = subtract(ladder((size,), 0, symbolic=True), number_of(shift, "int32"))
        return take(x, mod(places, number_of(size, "int32")), axis=axis)
    cut = -shift % size if size else 0
    if not cut:
        return x
    parts = get_item(x, (*before, slice(cut, None))), get_item(x, (*before, slice(None, cut)))
    return views.concatenate(*parts, axis=axis)


def repeat(x: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element repeated in place.

    Args:
        x: tensor of any shape.
        repeats: how often, or one number for each element along the axis.
        axis: the axis; of the flattened tensor if None.

    Raises ValueError for a wrong number of repeats.

    >>> repeat([1, 2], 2)
    array([1, 1, 2, 2], dtype=int32)
    """
    x = operand(x)
    if axis is None:
        x, axis = ravel(x), 0
    place = axis_index(axis, rank_of(x), "repeat")
    extents = extents_of(x)
    unknown = isinstance(repeats, Size | Node)
    counts = np.ones(1, "int32") if unknown else np.asarray(repeats)
    if (counts < 0).any():
        raise ValueError(f"repeat: expected repeats of 0 or more. Received: {shown(repeats)}")
    if counts.size == 1:
        wide = expand_dims(x, place + 1)
        times = extent_from(repeats if unknown else counts.reshape(()), "repeat")
        wide = Node.wrap(wide) if isinstance(times, Dim) else wide
        shape = (*extents[: place + 1], times, *extents[place + 1 :])
        joined = (*extents[:place], extents[place] * times, *extents[place + 1 :])
        return views.reshape(views.expand(wide, shape=shape), shape=joined)
    if counts.shape != (extents[place],):
        raise ValueError(
            f"repeat: expected one number, or {public(extents)[place]} of them for axis {axis}. "
            f"Received: repeats of shape {counts.shape}"
        )
    return take(x, np.repeat(np.arange(len(counts), dtype=np.int32), counts), axis=place)


def tile(x: Tensor, repeats: Any) -> Tensor:
    """Copies of the whole tensor side by side.

    Args:
        x: tensor of any shape.
        repeats: how many along each axis, aligned at the last; one number is for the last axis.

    >>> tile([[1, 2]], (2, 2))
    array([[1, 2, 1, 2],
           [1, 2, 1, 2]], dtype=int32)
    """
    x = operand(x)
    times = list(repeats) if isinstance(repeats, Sequence | np.ndarray) else [repeats]
    rank = builtins.max(len(times), rank_of(x))
    times = [1] * (rank - len(times)) + [extent_from(count, "tile") for count in times]
    x = Node.wrap(x) if holds_dim(tuple(times)) else x
    extents = (1,) * (rank - rank_of(x)) + extents_of(x)
    pairs = list(zip(times, extents, strict=True))
    x = views.reshape(x, shape=tuple(size for _, extent in pairs for size in (1, extent)))
    x = views.expand(x, shape=tuple(size for pair in pairs for size in pair))
    return views.reshape(x, shape=tuple(extent * count for count, extent in pairs))


def pad(x: Tensor, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """A border around a tensor.

    Args:
        x: tensor of any shape.
        pad_width: elements before and after, for each axis: ((1, 2), (0, 1)); or one pair, or one
            number, for all axes.
        mode: "constant"; or "edge", "reflect", "symmetric", "wrap", as in NumPy, which take the
            border from the tensor.
        constant_values: the border's value if the mode is "constant"; None for 0.

    Raises ValueError for another mode, and for a constant in a mode that has none.

    >>> pad([1, 2, 3], 1)
    array([0, 1, 2, 3, 0], dtype=int32)
    >>> pad([1, 2, 3], (2, 0), mode="reflect")
    array([3, 2, 1, 2, 3], dtype=int32)
    """
    x = operand(x)
    modes = ("constant", "edge", "reflect", "symmetric", "wrap")
    if mode not in modes or (constant_values is not None and mode != "constant"):
        raise ValueError(
            f"pad: expected one of the modes {modes}, and constant_values with 'constant' only. "
            f"Received: mode={mode!r}, constant_values={constant_values}"
        )
    widths = _widths(pad_width, rank_of(x))
    if mode == "constant":
        return _bordered(x, widths, 0 if constant_values is None else constant_values)
    for axis, (low, high) in enumerate(widths):
        size = extents_of(x)[axis]
        if low != 0 or high != 0:
            if not (isinstance(size, int) and isinstance(low, int) and isinstance(high, int)):
                raise UnknownSize(
                    f"pad: expected mode 'constant' for the axes whose sizes are not known yet. "
                    f"Received: mode={mode!r}, axis {axis} of shape {public(extents_of(x))}"
                )
            make_room("pad", low + size + high)
            source = np.pad(np.arange(size, dtype=np.int32), (low, high), mode=mode)  # type: ignore[call-overload]
            x = take(x, source, axis=axis)
    return x


def _widths(pad_width: Any, rank: int) -> list[tuple[Extent, Extent]]:
    """The padding before and after each axis."""
    plain = pad_width.tolist() if isinstance(pad_width, np.ndarray) else pad_width
    given = tree.map_structure(lambda width: extent_from(width, "pad"), plain)
    try:
        widths = np.broadcast_to(np.asarray(given, object), (rank, 2)).tolist()
    except ValueError:
        widths = [(-1, -1)]
    if any(least(width) < 0 for pair in widths for width in pair):
        raise conflict(
            f"pad: expected pad_width as one number, a pair, or {rank} pairs, of at least 0. "
            f"Received: {shown(pad_width)}",
            *widths,
        )
    return [(low, high) for low, high in widths]


def _bordered(x: Tensor, widths: list[tuple[Extent, Extent]], value: Any) -> Tensor:
    low, high = tuple(zip(*widths, strict=True)) or ((), ())
    place = {"low": low, "high": high, "interior": (0,) * len(widths)}
    padded = views.pad(x, **place)
    if isinstance(value, int | float) and value == 0:
        return padded
    inside = views.pad(filled_like(x, True, "bool"), **place)
    return where(inside, padded, value)


def _pieces(who: str, x: Tensor, cuts: Any, axis: int, even: bool) -> list[Tensor]:
    x = operand(x)
    place = axis_index(axis, rank_of(x), who)
    size = extents_of(x)[place]
    if isinstance(cuts, int | np.integer):
        parts = int(cuts)
        rest = apply("mod", size, parts) if parts > 0 else -1
        if not isinstance(rest, int) or rest < 0 or (even and rest):
            raise conflict(
                f"{who}: expected at least 1 part of an axis of known size"
                f"{', all of one size' if even else ''}. "
                f"Received: {parts} parts of axis {axis} of shape {public(extents_of(x))}",
                (rest,),
            )
        least_size = apply("floordiv", size, parts)
        edges: list[Any] = [index * least_size + min(index, rest) for index in range(parts + 1)]
        edges = [size_of(edge) for edge in edges]
    else:
        edges = [0, *(size_of(extent_from(cut, who)) for cut in cuts), None]
    before = (slice(None),) * place
    return [get_item(x, (*before, slice(a, b))) for a, b in pairwise(edges)]


def split(x: Tensor, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """A tensor cut into parts along an axis.

    Args:
        x: tensor of at least one axis.
        indices_or_sections: the number of equal parts; or the indices to cut at.
        axis: the axis to cut.

    Raises ValueError for a number of parts that does not divide the axis.

    >>> split([1, 2, 3, 4], 2)
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    return _pieces("split", x, indices_or_sections, axis, even=True)


def array_split(x: Tensor, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """A tensor cut into parts along an axis, the first ones larger if the size does not divide.

    Args:
        x: tensor of at least one axis.
        indices_or_sections: the number of parts; or the indices to cut at.
        axis: the axis to cut.

    >>> array_split([1, 2, 3], 2)
    [array([1, 2], dtype=int32), array([3], dtype=int32)]
    """
    return _pieces("array_split", x, indices_or_sections, axis, even=False)
