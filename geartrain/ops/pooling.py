"""Pooling: each window of a channel folded to its maximum, or its mean."""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import Any

import numpy as np

from geartrain.graph.dtypes import FLOATS, limits
from geartrain.graph.node import Node
from geartrain.graph.op import Op
from geartrain.graph.shapes import Shape, product
from geartrain.ops.arithmetic import true_divide
from geartrain.ops.elementwise import equal, less, where
from geartrain.ops.folds import fold, min_, sum_
from geartrain.ops.operands import (
    Tensor,
    as_float,
    dtype_of,
    extents_of,
    filled_like,
    ladder,
    operand,
    stretched,
)
from geartrain.ops.spatial import Layout, Places, layout_of, places, whole_numbers, windows_of
from geartrain.ops.views import expand, reshape

__all__ = ["average_pool", "max_pool"]


# -- the maximum whose gradient goes to one element -------------------------------------------


def _largest(x: np.ndarray, axis: tuple[int, ...]) -> Any:
    """Slice by slice, as windows are small: NumPy's own fold of short axes is far slower."""
    moved = np.moveaxis(x, axis, range(len(axis)))
    if prod(moved.shape[: len(axis)]) > 64:
        return np.max(x, axis=axis)
    return reduce(np.maximum, (moved[place] for place in np.ndindex(moved.shape[: len(axis)])))


def _first_max_grad(g: Node, y: Node, x: Node, axes: tuple[int, ...]) -> tuple[Any]:
    """All to the first of the largest elements: to the one whose place is the smallest.

    The place is compared, not an index followed, so each element of `x` finds by itself whether
    it is chosen.
    """

    if not axes:
        return (g,)

    def unfolded(folded: Any) -> Any:
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(x.extents))
        return expand(reshape(folded, shape=kept), shape=x.extents)

    window = tuple(size if axis in axes else 1 for axis, size in enumerate(x.extents))
    place, count = expand(_numbered(window), shape=x.extents), product(window)
    largest = where(less(x, unfolded(y)), filled_like(place, count), place)  # NaN is not less
    chosen = equal(place, unfolded(min_(largest, axes=axes)))
    return (where(chosen, unfolded(g), filled_like(x, 0)),)


def _numbered(shape: Shape) -> Any:
    """The number of each element, in order; constants, if they are few and the sizes known."""
    count = product(shape)
    if isinstance(count, int) and count <= 1024:
        return Node.wrap(np.arange(count, dtype="int32").reshape(shape))
    place: Any = ladder(shape, len(shape) - 1, symbolic=True)
    for axis in range(len(shape) - 1):
        place = place + ladder(shape, axis, symbolic=True) * product(shape[axis + 1 :])
    return place


first_max: Op = fold(
    "first_max", _largest, _first_max_grad, nonempty=True,
    identity=lambda dtype: limits(dtype)[0] if dtype not in FLOATS else -np.inf,
    combine=lambda b, x, y: b.maximum(x, y), join=np.maximum,
)  # fmt: skip


# -- the functions ------------------------------------------------------------------------------


def max_pool(
    inputs: Tensor, pool_size: Any, strides: Any = None, padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """The largest element of each window, channel by channel.

    `y[b, i, c] = max over k of x[b, i * stride + k, c]`. The gradient goes to the largest
    element; to the first of several.

    Args:
        inputs: tensor of shape (batch, *sizes, channels), with 1, 2 or 3 sizes.
        pool_size: the window's sizes, or one for all.
        strides: the step from window to window; None for windows side by side.
        padding: "valid" for windows inside alone; "same" for windows over the edge as well.
        data_format: "channels_last", or "channels_first" for (batch, channels, *sizes).

    Returns a tensor of shape (batch, *new_sizes, channels).

    Raises ValueError for inputs smaller than a window.

    >>> max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2)
    array([[[3.],
            [2.]]], dtype=float32)
    """
    return pooled_max("max_pool", inputs, pool_size, strides, padding, data_format)


def pooled_max(
    who: str, inputs: Tensor, pool_size: Any, strides: Any, padding: str, data_format: str | None
) -> Tensor:
    """`max_pool` on behalf of `who`, which may be a layer."""
    x = operand(inputs)
    layout, at = _placed(who, x, pool_size, strides, padding, data_format)
    dtype = dtype_of(x)
    lowest = -np.inf if dtype in FLOATS else limits(dtype)[0]
    return first_max(windows_of(x, layout, at, lowest), axes=_inside(layout))


def average_pool(
    inputs: Tensor, pool_size: Any, strides: Any = None, padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window, channel by channel.

    `y[b, i, c] = mean over k of x[b, i * stride + k, c]`, of those elements that exist where a
    window reaches over the edge.

    Args:
        inputs: tensor of shape (batch, *sizes, channels), with 1, 2 or 3 sizes.
        pool_size: the window's sizes, or one for all.
        strides: the step from window to window; None for windows side by side.
        padding: "valid" for windows inside alone; "same" for windows over the edge as well.
        data_format: "channels_last", or "channels_first" for (batch, channels, *sizes).

    Returns a tensor of shape (batch, *new_sizes, channels).

    Raises ValueError for inputs smaller than a window.

    >>> average_pool([[[1.0], [3.0], [2.0]]], 2, padding="same")
    array([[[2.],
            [2.]]], dtype=float32)
    """
    return pooled_average("average_pool", inputs, pool_size, strides, padding, data_format)


def pooled_average(
    who: str, inputs: Tensor, pool_size: Any, strides: Any, padding: str, data_format: str | None
) -> Tensor:
    """`average_pool` on behalf of `who`, which may be a layer."""
    x = as_float(inputs)
    layout, at = _placed(who, x, pool_size, strides, padding, data_format)
    total = sum_(windows_of(x, layout, at), axes=_inside(layout))
    if all(extent == 0 for extent in at.low + at.high):
        return true_divide(total, filled_like(total, prod(at.sizes)))
    return true_divide(total, stretched(_counted(x, layout, at), extents_of(total)))


def _counted(x: Tensor, layout: Layout, at: Places) -> Tensor:
    """How many elements of each window exist: numbers, if the sizes are known."""
    shape: Shape = tuple(
        size if axis in layout.axes else 1 for axis, size in enumerate(extents_of(x))
    )
    known = all(isinstance(size, int) for size in shape)
    one: Any = np.ones((1,) * len(shape), dtype_of(x))
    ones = stretched(one if known else Node.wrap(one), shape)
    return sum_(windows_of(ones, layout, at), axes=_inside(layout))


def _inside(layout: Layout) -> tuple[int, ...]:
    """The axes of the places inside of windows."""
    return tuple(axis + number + 1 for number, axis in enumerate(layout.axes))


def _placed(
    who: str, x: Tensor, pool_size: Any, strides: Any, padding: str, data_format: str | None
) -> tuple[Layout, Places]:
    layout = layout_of(who, x, data_format)
    sizes = whole_numbers(who, "pool_size", pool_size, layout.spatial)
    at = places(who, x, layout, sizes, sizes if strides is None else strides, padding)
    return layout, at
