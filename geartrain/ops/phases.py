"""A transposed convolution with strides, as a convolution of the small input.

Of the places of the kernel only every `stride`-th meets an output: which ones says the output's
phase, its rest when divided by the stride. So all phases are filters of one convolution with a
kernel of `size / stride` places, and their results are interleaved:

    z[b, q, (r, f)] = sum over j, c of x[b, q - j, c] * kernel[r + j * stride, f, c]
    y[b, n, f]      = z[b, (n + start) // stride, ((n + start) % stride, f)]

No product with a zero between the elements of the input is ever computed.
"""

from __future__ import annotations

from typing import NamedTuple

from geartrain.graph.shapes import Shape
from geartrain.ops import views
from geartrain.ops.folds import contract
from geartrain.ops.operands import Tensor, extents_of, rank_of
from geartrain.ops.spatial import IN, Layout, Places, windows_of

Sizes = tuple[int, ...]


class Spread(NamedTuple):
    """Where a transposed convolution puts its sums, along each spatial axis.

    Attributes:
        sizes, strides, dilations: of the kernel.
        starts: which element of all that the kernel reaches is the first to keep.
        highs: how many places the result goes on behind the last element's first.
        lengths: the sizes of the result.
    """

    sizes: Sizes
    strides: Sizes
    dilations: Sizes
    starts: Sizes
    highs: Sizes
    lengths: Shape


def by_phases(x: Tensor, kernel: Tensor, spread: Spread) -> Tensor:
    """The transposed convolution of `x`, of shape (batch, *sizes, channels), without dilation."""
    strides, starts = spread.strides, spread.starts
    count, extents = len(strides), extents_of(x)
    filters = extents_of(kernel)[-2]
    turns = tuple(-(-size // stride) for size, stride in zip(spread.sizes, strides, strict=True))
    first = tuple(start // stride for start, stride in zip(starts, strides, strict=True))
    behind = tuple(high // stride for high, stride in zip(spread.highs, strides, strict=True))
    counts = tuple(
        extent + after - before
        for extent, after, before in zip(extents[1:-1], behind, first, strict=True)
    )
    layout = Layout(count, last=True)
    at = Places(
        sizes=turns, strides=(1,) * count, dilations=(1,) * count, counts=counts,
        low=tuple(turn - 1 - before for turn, before in zip(turns, first, strict=True)),
        high=behind,
    )  # fmt: skip
    spec = f"{layout.labels('c', True)},{IN[:count]}cf->{layout.labels('f', False)}"
    found = contract(windows_of(x, layout, at), _phases(kernel, strides, turns), spec=spec)

    apart = views.reshape(found, shape=(extents[0], *counts, *strides, filters))
    pairs = [axis for place in range(count) for axis in (1 + place, 1 + count + place)]
    mixed = views.permute(apart, order=(0, *pairs, 2 * count + 1))
    whole = [number * stride for number, stride in zip(counts, strides, strict=True)]
    joined = views.reshape(mixed, shape=(extents[0], *whole, filters))
    skipped = (start % stride for start, stride in zip(starts, strides, strict=True))
    return views.slice_(
        joined, start=(0, *skipped, 0), length=(extents[0], *spread.lengths, filters),
        step=(1,) * (count + 2),
    )  # fmt: skip


def _phases(kernel: Tensor, strides: Sizes, turns: Sizes) -> Tensor:
    """The kernel of that convolution, of shape (*turns, channels, phases * filters)."""
    *sizes, filters, channels = extents_of(kernel)
    count, rank = len(strides), rank_of(kernel)
    more = [turn * stride - size for turn, stride, size in zip(turns, strides, sizes, strict=True)]
    if any(more):
        kernel = views.pad(
            kernel, low=(0,) * rank, high=(*more, 0, 0), interior=(0,) * rank
        )  # fmt: skip
    pairs = [size for pair in zip(turns, strides, strict=True) for size in pair]
    apart = views.reshape(kernel, shape=(*pairs, filters, channels))
    apart = views.flip(apart, range(0, 2 * count, 2))
    order = (*range(0, 2 * count, 2), 2 * count + 1, *range(1, 2 * count, 2), 2 * count)
    phases = filters
    for stride in strides:
        phases = phases * stride
    return views.reshape(views.permute(apart, order=order), shape=(*turns, channels, phases))
