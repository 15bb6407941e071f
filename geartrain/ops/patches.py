"""Blocks of images: cut out, added back, moved into channels; axes rearranged by a pattern."""

from __future__ import annotations

import re
from typing import Any

from geartrain.graph.shapes import Extent, apply, divide, product, public
from geartrain.ops import views
from geartrain.ops.folds import sum_
from geartrain.ops.operands import Tensor, extents_of, operand, rank_of
from geartrain.ops.shaping import transpose
from geartrain.ops.sizes import extent_from
from geartrain.ops.spatial import layout_of, whole_numbers
from geartrain.ops.windows import unwindow, window

__all__ = ["depth_to_space", "fold", "rearrange", "space_to_depth", "unfold"]


def _blocks(who: str, x: Tensor, block_size: int, data_format: str) -> tuple[Tensor, int, bool]:
    x = operand(x)
    (block,) = whole_numbers(who, "block_size", block_size, 1)
    return x, block, layout_of(who, x, data_format, 2).last


def _multiple(who: str, x: Tensor, what: str, size: Extent, part: int) -> Extent:
    found = divide(size, part)
    if found is None:
        raise ValueError(
            f"{who}: expected {what} divisible by {part}. Received: shape {public(extents_of(x))}"
        )
    return found


def space_to_depth(x: Tensor, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Blocks of pixels as channels: (n, h, w, c) to (n, h / b, w / b, b * b * c).

    Args:
        x: images of rank 4.
        block_size: the blocks' side b.
        data_format: "channels_last", or "channels_first": (n, c, h, w) to (n, c * b * b, ...).

    Raises ValueError for sizes that b does not divide.

    >>> space_to_depth([[[[0], [1]], [[2], [3]]]], 2)
    array([[[[0, 1, 2, 3]]]], dtype=int32)
    """
    x, b, last = _blocks("space_to_depth", x, block_size, data_format)
    n, *sizes = extents_of(x)
    h, w, c = sizes if last else (*sizes[1:], sizes[0])
    rows, columns = (_multiple("space_to_depth", x, "sizes", size, b) for size in (h, w))
    if last:
        x = transpose(views.reshape(x, shape=(n, rows, b, columns, b, c)), (0, 1, 3, 2, 4, 5))
        return views.reshape(x, shape=(n, rows, columns, c * b * b))
    x = transpose(views.reshape(x, shape=(n, c, rows, b, columns, b)), (0, 1, 3, 5, 2, 4))
    return views.reshape(x, shape=(n, c * b * b, rows, columns))


def depth_to_space(x: Tensor, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Channels as blocks of pixels: (n, h, w, b * b * c) to (n, h * b, w * b, c).

    Args:
        x: images of rank 4.
        block_size: the blocks' side b.
        data_format: "channels_last", or "channels_first": (n, c * b * b, h, w) to (n, c, ...).

    Raises ValueError for channels that b * b does not divide.

    >>> depth_to_space([[[[0, 1, 2, 3]]]], 2)[0, :, :, 0]
    array([[0, 1],
           [2, 3]], dtype=int32)
    """
    x, b, last = _blocks("depth_to_space", x, block_size, data_format)
    n, *sizes = extents_of(x)
    h, w, c = sizes if last else (*sizes[1:], sizes[0])
    c = _multiple("depth_to_space", x, "channels", c, b * b)
    if last:
        x = transpose(views.reshape(x, shape=(n, h, w, b, b, c)), (0, 1, 3, 2, 4, 5))
        return views.reshape(x, shape=(n, h * b, w * b, c))
    x = transpose(views.reshape(x, shape=(n, c, b, b, h, w)), (0, 1, 4, 2, 5, 3))
    return views.reshape(x, shape=(n, c, h * b, w * b))


def _windows(
    who: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[tuple[int, ...], ...]:
    return (
        whole_numbers(who, "kernel_size", kernel_size, 2),
        whole_numbers(who, "dilation", dilation, 2),
        whole_numbers(who, "padding", padding, 2, least=0),
        whole_numbers(who, "stride", stride, 2),
    )


def _count(size: Extent, kernel: int, dilation: int, padding: int, stride: int) -> Extent:
    """How many windows there are along an axis."""
    return apply("floordiv", size + (2 * padding - dilation * (kernel - 1) - 1), stride) + 1


def unfold(
    x: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Windows of images as columns: (n, c, h, w) to (n, c * kh * kw, windows).

    Args:
        x: images with the channels first.
        kernel_size: the windows' sizes: one number or two, as all that follow.
        dilation: how far apart the elements of a window are.
        padding: zeros on all sides.
        stride: how far apart windows start.

    Raises ValueError for tensors of another rank, or other numbers.

    >>> unfold([[[[0, 1, 2], [3, 4, 5]]]], 2)[0]
    array([[0, 1],
           [1, 2],
           [3, 4],
           [4, 5]], dtype=int32)
    """
    x = operand(x)
    layout_of("unfold", x, "channels_first", 2)
    sizes, dilations, border, strides = _windows("unfold", kernel_size, dilation, padding, stride)
    counts = tuple(
        _count(*one)
        for one in zip(extents_of(x)[2:], sizes, dilations, border, strides, strict=True)
    )
    if any(isinstance(count, int) and count < 1 for count in counts):
        raise ValueError(
            f"unfold: expected images that hold windows of {sizes}, {dilations} apart. "
            f"Received: shape {public(extents_of(x))}, padding={padding}"
        )
    if any(border):
        edges = (0, 0, *border)
        x = views.pad(x, low=edges, high=edges, interior=(0, 0, 0, 0))
    n, c = extents_of(x)[:2]
    cut = window(
        x, axes=(2, 4), counts=counts, sizes=sizes, strides=strides, dilations=dilations,
        paired=False,
    )  # fmt: skip
    columns = transpose(cut, (0, 1, 3, 5, 2, 4))
    return views.reshape(columns, shape=(n, c * product(sizes), product(counts)))


def fold(
    x: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Columns back as windows of images, added up where they overlap: the transpose of `unfold`.

    Args:
        x: columns of shape (n, c * kh * kw, windows).
        output_size: the images' sizes: one number or two, as all that follow.
        kernel_size, dilation, padding, stride: as for `unfold`.

    Returns images of shape (n, c, *output_size).

    Raises ValueError for columns that do not fit.

    >>> fold([[[1, 1], [1, 1], [1, 1], [1, 1]]], (2, 3), 2)[0, 0]
    array([[1, 2, 1],
           [1, 2, 1]], dtype=int32)
    """
    x = operand(x)
    outer = whole_numbers("fold", "output_size", output_size, 2)
    sizes, dilations, border, strides = _windows("fold", kernel_size, dilation, padding, stride)
    counts = tuple(
        _count(*one) for one in zip(outer, sizes, dilations, border, strides, strict=True)
    )
    shape = extents_of(x)
    channels = divide(shape[1], product(sizes)) if len(shape) == 3 else None
    if channels is None or shape[2] != product(counts):
        raise ValueError(
            f"fold: expected x of shape (n, c * {product(sizes)}, {product(counts)}). "
            f"Received: shape {public(shape)}"
        )
    cut = views.reshape(x, shape=(shape[0], channels, *sizes, *counts))
    cut = transpose(cut, (0, 1, 4, 2, 5, 3))
    spread = unwindow(
        cut, axes=(2, 4), lengths=outer, sizes=sizes, strides=strides, dilations=dilations,
        starts=border, paired=True,
    )  # fmt: skip
    return sum_(spread, axes=(3, 5))


_GROUP = re.compile(r"\(([^()]*)\)|([^\s()]+)")


def _groups(pattern: str) -> list[list[str]]:
    """`"b (h w) c"` as [["b"], ["h", "w"], ["c"]]."""
    return [inner.split() if name == "" else [name] for inner, name in _GROUP.findall(pattern)]


def rearrange(tensor: Tensor, pattern: str, **axes_lengths: int) -> Tensor:
    """Axes split, moved and joined, by a pattern that names them before and after.

    Args:
        tensor: tensor of any shape.
        pattern: such as `"b (h w) c -> b c h w"`; axes in parentheses are one in the tensor.
        **axes_lengths: the sizes of axes in parentheses, but for one of each group.

    Raises ValueError for a pattern that does not fit the tensor, or names other axes after.

    >>> rearrange([[1, 2, 3, 4]], "a (b c) -> (b a) c", c=2)
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    x = operand(tensor)
    before, _, after = pattern.partition("->")
    groups, wanted = _groups(before), _groups(after)
    names, moved = [n for g in groups for n in g], [n for g in wanted for n in g]
    known = {name: extent_from(size, "rearrange") for name, size in axes_lengths.items()}
    if len(groups) != rank_of(x) or len(set(names)) != len(names) or sorted(names) != sorted(moved):
        raise ValueError(
            f"rearrange: expected a pattern 'axes -> axes' with {rank_of(x)} axes or groups of "
            f"them before, and the same names after. Received: {pattern!r} for a tensor of shape "
            f"{public(extents_of(x))}"
        )
    for group, size in zip(groups, extents_of(x), strict=True):
        open_ = [name for name in group if name not in known]
        rest = divide(size, product(known[name] for name in group if name in known))
        if len(open_) > 1 or rest is None or (not open_ and rest != 1):
            raise ValueError(
                f"rearrange: expected sizes whose product is {public((size,))[0]} for the axes "
                f"{group}, all but one of them as keywords. Received: {axes_lengths}"
            )
        known.update(dict.fromkeys(open_, rest))
    x = views.reshape(x, shape=tuple(known[name] for name in names))
    x = transpose(x, tuple(names.index(name) for name in moved))
    return views.reshape(x, shape=tuple(product(known[n] for n in group) for group in wanted))
