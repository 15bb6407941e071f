"""Sliding windows, as views: what convolutions and pooling read.

A window view gives each spatial axis a second one behind it, the place inside the window:

    window    y[o, k] = x[o * stride + k * dilation]                 (.., H, ..) -> (.., O, K, ..)
    unwindow  x[h, k] = y[(h + start - k * dilation) / stride]       (.., O, ..) -> (.., H, K, ..)

where `unwindow` is 0 unless the quotient is whole and inside. Each is the other's transpose: the
gradient of one is the other, summed over k. With `paired`, the source has the axis k already.

A convolution is one contraction of a window view with a kernel. Its gradient is one too, by a rule
of `rules.py`: no column of windows is ever computed only to be summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from geartrain.graph.affine import Guard, Index, Reading
from geartrain.graph.node import Node
from geartrain.graph.op import Op, Sample, View
from geartrain.graph.shapes import Extent, Shape, Spec, apply
from geartrain.ops.folds import sum_
from geartrain.ops.views import flip, pad, reshape

Sizes = tuple[int, ...]


def _values(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def _resized(x: Spec, axes: Sizes, extents: Shape, sizes: Sizes, paired: bool) -> Spec:
    """The shape with `extents` along `axes`, and the sizes of windows behind each."""
    shape = list(x.shape)
    assert list(axes) == sorted(axes), axes
    for axis, extent, size in zip(axes, extents, sizes, strict=True):
        shape[axis] = extent
        if paired:
            assert shape[axis + 1] == size, "the source has the windows' axes"
        else:
            shape.insert(axis + 1, size)
    return Spec(tuple(shape), x.dtype)


def source_axes(axes: Sizes, paired: bool) -> Sizes:
    """Where `axes` of the result are in the source."""
    return axes if paired else tuple(axis - before for before, axis in enumerate(axes))


# -- window -----------------------------------------------------------------------------------


def _window_infer(
    x: Spec, axes: Sizes, counts: Shape, sizes: Sizes, strides: Sizes, dilations: Sizes,
    paired: bool,
) -> Spec:  # fmt: skip
    return _resized(x, axes, counts, sizes, paired)


def _window_reference(
    x: np.ndarray, axes: Sizes, counts: Sizes, sizes: Sizes, strides: Sizes, dilations: Sizes,
    paired: bool,
) -> np.ndarray:  # fmt: skip
    shape, steps = list(x.shape), list(x.strides)
    for axis, count, size, stride, dilation in zip(
        axes, counts, sizes, strides, dilations, strict=True
    ):
        assert 0 <= (count - 1) * stride + (size - 1) * dilation < shape[axis], "windows inside"
        if not paired:
            shape.insert(axis + 1, size)
            steps.insert(axis + 1, 0)
        shape[axis] = count
        steps[axis + 1] += steps[axis] * dilation
        steps[axis] *= stride
    return as_strided(x, shape, steps, writeable=False)


def _window_grad(
    g: Node, y: Node, x: Node, axes: Sizes, counts: Shape, sizes: Sizes, strides: Sizes,
    dilations: Sizes, paired: bool,
) -> tuple[Any]:  # fmt: skip
    lengths = tuple(x.extents[axis] for axis in source_axes(axes, paired))
    place = {"sizes": sizes, "strides": strides, "dilations": dilations}
    if not paired and side_by_side(**place):
        return (_laid(g, axes, lengths),)

    starts = (0,) * len(axes)
    wide = unwindow(g, axes=axes, lengths=lengths, starts=starts, **place, paired=True)
    return (wide if paired else sum_(wide, axes=tuple(axis + 1 for axis in axes)),)


def side_by_side(sizes: Sizes, strides: Sizes, dilations: Sizes) -> bool:
    """Whether no element is in two windows, nor is one left out in between."""
    return sizes == strides and all(
        dilation == 1 or size == 1 for size, dilation in zip(sizes, dilations, strict=True)
    )


def _laid(g: Any, axes: Sizes, lengths: Shape) -> Any:
    """Windows side by side as one tensor, with zeros behind the last ones."""
    shape = list(g.extents)
    high: list[Extent] = [0] * (g.ndim - len(axes))
    for axis in reversed(axes):
        shape[axis : axis + 2] = [shape[axis] * shape[axis + 1]]
    for source, length in zip(source_axes(axes, False), lengths, strict=True):
        high[source] = length - shape[source]
    whole = reshape(g, shape=tuple(shape))
    if all(extent == 0 for extent in high):
        return whole
    nothing = (0,) * len(high)
    return pad(whole, low=nothing, high=tuple(high), interior=nothing)


def _window_index(
    index: Index, x: Shape, axes: Sizes, counts: Shape, sizes: Sizes, strides: Sizes,
    dilations: Sizes, paired: bool,
) -> list[Reading]:  # fmt: skip
    place = list(index)
    for axis, stride, dilation in reversed([*zip(axes, strides, dilations, strict=True)]):
        place[axis] = index[axis] * stride + index[axis + 1] * dilation
        if not paired:
            del place[axis + 1]
    return [Reading(0, tuple(place))]


def _window_samples() -> Iterable[Sample]:
    flat = {"strides": (1,), "dilations": (1,), "paired": False}
    yield Sample((_values(2, 5),), {"axes": (1,), "counts": (3,), "sizes": (3,), **flat})
    image = {"axes": (1, 3), "counts": (2, 3), "sizes": (3, 2), "dilations": (1, 2)}
    yield Sample((_values(1, 6, 5, 2),), {**image, "strides": (2, 1), "paired": False})
    yield Sample((_values(1, 6, 3, 5, 2),), {**image, "strides": (2, 1), "paired": True})


window: Op = Op(
    "window", _window_infer, _window_reference, _window_grad, View(_window_index), _window_samples
)


# -- unwindow ---------------------------------------------------------------------------------


def _unwindow_infer(
    y: Spec, axes: Sizes, lengths: Shape, sizes: Sizes, strides: Sizes, dilations: Sizes,
    starts: Sizes, paired: bool,
) -> Spec:  # fmt: skip
    return _resized(y, axes, lengths, sizes, paired)


def _unwindow_reference(
    y: np.ndarray, axes: Sizes, lengths: Sizes, sizes: Sizes, strides: Sizes, dilations: Sizes,
    starts: Sizes, paired: bool,
) -> np.ndarray:  # fmt: skip
    """Zeros between and around the elements, then strides: backwards along the windows' axes."""
    low, high, interior = [[0] * y.ndim for _ in range(3)]
    every = [*zip(axes, lengths, sizes, strides, dilations, starts, strict=True)]
    for source, (_, length, size, stride, dilation, start) in zip(
        source_axes(axes, paired), every, strict=True
    ):
        spread = max(y.shape[source] - 1, 0) * stride + 1
        low[source], interior[source] = (size - 1) * dilation, stride - 1
        high[source] = max(0, start + length - spread)
    padded = pad.numpy(y, tuple(low), tuple(high), tuple(interior))
    shape, steps = list(padded.shape), list(padded.strides)
    corner: list[Any] = [slice(None)] * y.ndim
    for source, (axis, length, size, _, dilation, start) in zip(
        source_axes(axes, paired), every, strict=True
    ):
        corner[source] = slice(start + low[source], None)
        shape[axis] = length
        if not paired:
            shape.insert(axis + 1, size)
            steps.insert(axis + 1, 0)
        steps[axis + 1] -= steps[axis] * dilation
    return as_strided(padded[tuple(corner)], shape, steps, writeable=False)


def _unwindow_grad(
    g: Node, x: Node, y: Node, axes: Sizes, lengths: Shape, sizes: Sizes, strides: Sizes,
    dilations: Sizes, starts: Sizes, paired: bool,
) -> tuple[Any]:  # fmt: skip
    counts = tuple(y.extents[axis] for axis in source_axes(axes, paired))
    place = {"sizes": sizes, "strides": strides, "dilations": dilations}
    behind = []
    for length, size, stride, dilation, count, start in zip(
        lengths, sizes, strides, dilations, counts, starts, strict=True
    ):
        reach = (count - 1) * stride + (size - 1) * dilation + 1
        behind.append(apply("max", reach - start - length, 0))
    padded = padded_along(g, axes, starts, behind)
    wide = window(padded, axes=axes, counts=counts, **place, paired=True)
    return (wide if paired else sum_(wide, axes=tuple(axis + 1 for axis in axes)),)


def _unwindow_index(
    index: Index, y: Shape, axes: Sizes, lengths: Shape, sizes: Sizes, strides: Sizes,
    dilations: Sizes, starts: Sizes, paired: bool,
) -> list[Reading]:  # fmt: skip
    place, guards = list(index), []
    for axis, source, stride, dilation, start in reversed(
        [*zip(axes, source_axes(axes, paired), strides, dilations, starts, strict=True)]
    ):
        place[axis] = index[axis] + start - index[axis + 1] * dilation
        guards.append(Guard(place[axis], y[source], stride))
        if not paired:
            del place[axis + 1]
    return [Reading(0, tuple(place), tuple(guards[::-1]))]


def _unwindow_samples() -> Iterable[Sample]:
    flat = {"axes": (1,), "sizes": (3,), "dilations": (1,), "paired": False}
    yield Sample((_values(2, 3),), {**flat, "strides": (1,), "lengths": (5,), "starts": (0,)})
    yield Sample((_values(2, 3),), {**flat, "strides": (2,), "lengths": (6,), "starts": (1,)})
    image = {"axes": (1, 3), "sizes": (3, 2), "dilations": (1, 2), "strides": (2, 1)}
    further = {"lengths": (6, 4), "starts": (0, 1), "paired": True}
    yield Sample((_values(1, 2, 3, 3, 2),), {**image, **further})
    yield Sample((_values(1, 2, 3, 2),), {**image, **further, "paired": False})


unwindow: Op = Op(
    "unwindow", _unwindow_infer, _unwindow_reference, _unwindow_grad, View(_unwindow_index),
    _unwindow_samples,
)  # fmt: skip


def padded_along(x: Any, axes: Sizes, low: Sequence[Extent], high: Sequence[Extent]) -> Any:
    """`x` with so many zeros before and behind it along some axes."""
    before: list[Extent] = [0] * x.ndim
    behind = list(before)
    for axis, first, last in zip(axes, low, high, strict=True):
        before[axis], behind[axis] = first, last
    if not any(extent != 0 for extent in before + behind):
        return x
    return pad(x, low=tuple(before), high=tuple(behind), interior=(0,) * x.ndim)


def spread(
    y: Any, axes: Sizes, lengths: Shape, sizes: Sizes, strides: Sizes, dilations: Sizes
) -> Any:
    """`unwindow` of `y`, from 0, as a backward window over `y` with zeros between and around.

    The zeros are put into memory once, and what is left is plain index arithmetic: the right form
    for an operand of a contraction, which reads every element many times.
    """
    low: list[Extent] = [0] * y.ndim
    high, interior = list(low), [0] * y.ndim
    for source, length, size, stride, dilation in zip(
        source_axes(axes, False), lengths, sizes, strides, dilations, strict=True
    ):
        low[source], interior[source] = (size - 1) * dilation, stride - 1
        reach = (y.extents[source] - 1) * stride + 1
        high[source] = apply("max", length - reach, 0)
    padded = pad(y, low=tuple(low), high=tuple(high), interior=tuple(interior))
    ones = (1,) * len(axes)
    place = {"sizes": sizes, "strides": ones, "dilations": dilations, "paired": False}
    view = window(padded, axes=axes, counts=lengths, **place)
    return flip(view, [axis + 1 for axis in axes])
