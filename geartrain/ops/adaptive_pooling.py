"""Pooling to a given size, whatever the size of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from geartrain.graph.budget import make_room
from geartrain.graph.shapes import conflict, public
from geartrain.ops import views
from geartrain.ops.folds import contract
from geartrain.ops.operands import Tensor, as_float, dtype_of, extents_of, operand, together
from geartrain.ops.pooling import first_max
from geartrain.ops.spatial import OUT, layout_of, whole_numbers

__all__ = ["adaptive_average_pool", "adaptive_max_pool"]


def adaptive_average_pool(inputs: Tensor, output_size: Any, data_format: str | None = None) -> Any:
    """The means of as many windows as the output shall have elements.

    Window i of n along an axis of size H holds the elements from floor(i * H / n) up to
    ceil((i + 1) * H / n), so windows share elements where n does not divide H.

    Args:
        inputs: tensor of shape (batch, *sizes, channels), with 1, 2 or 3 sizes.
        output_size: the new sizes, or one for all.
        data_format: "channels_last", or "channels_first" for (batch, channels, *sizes).

    Returns a tensor of shape (batch, *output_size, channels).

    Raises ValueError for sizes that are not known yet.

    >>> adaptive_average_pool([[[1.0], [2.0], [6.0]]], 2)
    array([[[1.5],
            [4. ]]], dtype=float32)
    """
    return averages("adaptive_average_pool", inputs, output_size, data_format)


def adaptive_max_pool(inputs: Tensor, output_size: Any, data_format: str | None = None) -> Any:
    """The largest elements of as many windows as the output shall have elements.

    The windows are those of `adaptive_average_pool`.

    Args:
        inputs: tensor of shape (batch, *sizes, channels), with 1, 2 or 3 sizes.
        output_size: the new sizes, or one for all.
        data_format: "channels_last", or "channels_first" for (batch, channels, *sizes).

    Returns a tensor of shape (batch, *output_size, channels).

    Raises ValueError for sizes that are not known yet.

    >>> adaptive_max_pool([[[1.0], [2.0], [6.0]]], 2)
    array([[[2.],
            [6.]]], dtype=float32)
    """
    return maxima("adaptive_max_pool", inputs, output_size, data_format)


def averages(who: str, inputs: Tensor, output_size: Any, data_format: str | None) -> Tensor:
    """`adaptive_average_pool` on behalf of `who`, which may be a layer."""
    return _folded(who, _mean, as_float(inputs), output_size, data_format)


def maxima(who: str, inputs: Tensor, output_size: Any, data_format: str | None) -> Tensor:
    """`adaptive_max_pool` on behalf of `who`, which may be a layer."""
    return _folded(who, _maximum, operand(inputs), output_size, data_format)


def _folded(
    who: str, fold: Callable[[Tensor, int, int], Tensor], x: Tensor, output_size: Any,
    data_format: str | None,
) -> Tensor:  # fmt: skip
    """Axis after axis folded, the last first: so the first of several maxima stays the first."""
    layout = layout_of(who, x, data_format)
    counts = whole_numbers(who, "output_size", output_size, layout.spatial)
    for axis in layout.axes:
        if not isinstance(extents_of(x)[axis], int) or extents_of(x)[axis] == 0:
            raise conflict(
                f"{who}: expected a known size of at least 1 along axis {axis}. "
                f"Received shape {public(extents_of(x))}",
                (extents_of(x)[axis],),
            )
    for axis, count in reversed([*zip(layout.axes, counts, strict=True)]):
        x = fold(x, axis, count)
    return x


def _spans(size: int, count: int) -> Iterator[tuple[int, int]]:
    """Where each window starts and stops."""
    return ((i * size // count, -(-(i + 1) * size // count)) for i in range(count))


def _mean(x: Tensor, axis: int, count: int) -> Tensor:
    """One contraction, with the share that each element has in each window."""
    size = extents_of(x)[axis]
    assert isinstance(size, int)
    make_room("adaptive_average_pool", count, size)
    starts, stops = (np.array(ends)[:, None] for ends in zip(*_spans(size, count), strict=True))
    inside = (starts <= np.arange(size)) & (np.arange(size) < stops)
    weights = (inside / (stops - starts)).astype(dtype_of(x))
    labels = "abcde"[: len(extents_of(x))]
    new = labels.replace(labels[axis], OUT[0])
    x, weights = together(x, weights)
    return contract(x, weights, spec=f"{labels},{OUT[0]}{labels[axis]}->{new}")


def _maximum(x: Tensor, axis: int, count: int) -> Tensor:
    """Windows side by side, if the size is a multiple; else one after the other."""
    extents = extents_of(x)
    size = extents[axis]
    assert isinstance(size, int)
    if size % count == 0:
        apart = (*extents[:axis], count, size // count, *extents[axis + 1 :])
        return first_max(views.reshape(x, shape=apart), axes=(axis + 1,))
    pieces = []
    for start, stop in _spans(size, count):
        first = tuple(start if a == axis else 0 for a in range(len(extents)))
        length = (*extents[:axis], stop - start, *extents[axis + 1 :])
        piece = views.slice_(x, start=first, length=length, step=(1,) * len(extents))
        folded = first_max(piece, axes=(axis,))
        pieces.append(views.reshape(folded, shape=(*extents[:axis], 1, *extents[axis + 1 :])))
    return views.concatenate(*pieces, axis=axis)
