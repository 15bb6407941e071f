"""What convolutions and pooling share: their arguments checked, and where their windows lie.

A tensor of n spatial axes has rank n + 2: (batch, *sizes, channels), or (batch, channels, *sizes)
with the data format "channels_first". Along an axis of size H, a window of k elements, `dilation`
apart, covers e = (k - 1) * dilation + 1 of them. There are

    valid    (H - e) // stride + 1      windows, all inside
    same     ceil(H / stride)           windows, with zeros on both sides, one more behind if odd
    causal   ceil(H / stride)           windows, with e - 1 zeros in front: none sees the future
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from geartrain import config
from geartrain.errors import shown
from geartrain.graph.shapes import Extent, Shape, apply, public
from geartrain.ops import views
from geartrain.ops.elementwise import where
from geartrain.ops.operands import Tensor, extents_of, filled_like, rank_of
from geartrain.ops.windows import window

OUT, IN = "xyz", "pqr"  # labels of the spatial axes of results, and of places inside windows


class Layout(NamedTuple):
    """Which axes of a tensor are spatial.

    Attributes:
        spatial: how many there are.
        last: whether the channels are behind them.
        parts: how many axes the channels have: two where they are cut in groups.
    """

    spatial: int
    last: bool
    parts: int = 1

    @property
    def channels(self) -> int:
        """The axis of the channels."""
        return self.spatial + 1 if self.last else 1

    @property
    def axes(self) -> tuple[int, ...]:
        """The spatial axes."""
        first = 1 if self.last else 1 + self.parts
        return tuple(range(first, first + self.spatial))

    def labels(self, channels: str, windows: bool) -> str:
        """Labels for the axes: batch, spatial ones (with their windows'), channels."""
        pairs = zip(OUT[: self.spatial], IN[: self.spatial], strict=True)
        spatial = "".join(x + p if windows else x for x, p in pairs)
        return f"b{spatial}{channels}" if self.last else f"b{channels}{spatial}"


def layout_of(who: str, x: Tensor, data_format: str | None, spatial: int | None = None) -> Layout:
    """The layout of a tensor of rank 3, 4 or 5, or of one with so many spatial axes."""
    data_format = data_format or config.image_data_format()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{who}: expected data_format 'channels_last' or 'channels_first'. "
            f"Received: {data_format!r}"
        )
    rank = rank_of(x)
    if rank != spatial + 2 if spatial is not None else rank not in (3, 4, 5):
        expected = "3, 4 or 5" if spatial is None else spatial + 2
        raise ValueError(
            f"{who}: expected inputs of rank {expected}: (batch, *sizes, channels). Received "
            f"shape {public(extents_of(x))}. One sample needs a batch axis: x[None]; images "
            "without channels need one: x[..., None]."
        )
    return Layout(rank - 2, data_format == "channels_last")


def whole_numbers(who: str, name: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """`value` as `count` whole numbers, at least `least`; one number stands for all."""
    listed = isinstance(value, Sequence) or (isinstance(value, np.ndarray) and value.ndim == 1)
    several = tuple(value) if listed else (value,) * count
    wrong = [v for v in several if isinstance(v, bool) or not hasattr(v, "__index__") or v < least]
    if len(several) != count or wrong:
        raise ValueError(
            f"{who}: expected {name} as a whole number of at least {least}, or {count} of them. "
            f"Received: {shown(value)}"
        )
    return tuple(map(int, several))


def padding_of(who: str, padding: Any, allowed: Sequence[str] = ("valid", "same")) -> str:
    """The kind of padding, in lower case."""
    kind = padding.lower() if isinstance(padding, str) else padding
    if kind not in allowed:
        names = ", ".join(map(repr, allowed))
        raise ValueError(f"{who}: expected padding as one of {names}. Received: {shown(padding)}")
    return str(kind)


class Places(NamedTuple):
    """Where windows lie along each spatial axis.

    Attributes:
        sizes, strides, dilations: of the windows.
        low, high: elements to add before and after.
        counts: how many windows there are.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    low: Shape
    high: Shape
    counts: Shape


def places(
    who: str, x: Tensor, layout: Layout, sizes: tuple[int, ...], strides: Any, padding: Any,
    dilations: Any = 1,
) -> Places:  # fmt: skip
    """Where windows of these sizes lie; refuses an input too small for one."""
    strides = whole_numbers(who, "strides", strides, layout.spatial)
    dilations = whole_numbers(who, "dilation_rate", dilations, layout.spatial)
    padding = padding_of(who, padding, ("valid", "same", "causal"))
    low: list[Extent] = []
    high: list[Extent] = []
    counts: list[Extent] = []
    for axis, size, stride, dilation in zip(layout.axes, sizes, strides, dilations, strict=True):
        extent, covered = extents_of(x)[axis], (size - 1) * dilation + 1
        if padding == "valid":
            _check_covered(who, x, axis, size, covered)
            counts.append(_ceildiv(extent - (covered - 1), stride))
            low.append(0)
            high.append(0)
        else:
            counts.append(_ceildiv(extent, stride))
            total = apply("max", (counts[-1] - 1) * stride + covered - extent, 0)
            low.append(covered - 1 if padding == "causal" else _ceildiv(total - 1, 2))
            high.append(apply("max", total - low[-1], 0))
    return Places(sizes, strides, dilations, tuple(low), tuple(high), tuple(counts))


def _ceildiv(total: Extent, part: int) -> Extent:
    return total if part == 1 else apply("ceildiv", total, part)


def _check_covered(who: str, x: Tensor, axis: int, size: int, covered: int) -> None:
    extent = extents_of(x)[axis]
    if isinstance(extent, int) and extent < covered:
        window_is = f"a window of {size}" + (f", dilated to {covered}" if covered != size else "")
        raise ValueError(
            f"{who}: expected a size of at least {covered} along axis {axis}, for {window_is}. "
            f"Received shape {public(extents_of(x))}. Use padding='same', a smaller window, or "
            "fewer strides and pooling layers before this one."
        )


def windows_of(x: Tensor, layout: Layout, at: Places, fill: Any = 0) -> Tensor:
    """The windows of `x`, with `fill` around it: an axis for the places inside behind each axis."""
    if any(extent != 0 for extent in at.low + at.high):
        before: list[Extent] = [0] * rank_of(x)
        after = list(before)
        for axis, low, high in zip(layout.axes, at.low, at.high, strict=True):
            before[axis], after[axis] = low, high
        border = {"low": tuple(before), "high": tuple(after), "interior": (0,) * rank_of(x)}
        padded = views.pad(x, **border)
        if fill != 0:
            inside = views.pad(filled_like(x, True, "bool"), **border)
            padded = where(inside, padded, filled_like(padded, fill))
        x = padded
    axes = tuple(axis + number for number, axis in enumerate(layout.axes))
    return window(
        x, axes=axes, counts=at.counts, sizes=at.sizes, strides=at.strides,
        dilations=at.dilations, paired=False,
    )  # fmt: skip
