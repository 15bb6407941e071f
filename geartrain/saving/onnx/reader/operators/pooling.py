"""Maxima and means of windows, and of all that there is."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers, ops
from geartrain.graph.node import Node
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.saving.onnx.reader.builder import Place, policy
from geartrain.saving.onnx.reader.operators.convolution import (
    FIRST,
    Pairs,
    is_same,
    padded,
    pads_of,
    per_axis,
    spatial_axes,
)
from geartrain.saving.onnx.reader.table import operator

MAXIMA = {1: layers.MaxPooling1D, 2: layers.MaxPooling2D, 3: layers.MaxPooling3D}
MEANS = {1: layers.AveragePooling1D, 2: layers.AveragePooling2D, 3: layers.AveragePooling3D}
GLOBAL_MAXIMA = {
    1: layers.GlobalMaxPooling1D, 2: layers.GlobalMaxPooling2D, 3: layers.GlobalMaxPooling3D,
}  # fmt: skip
GLOBAL_MEANS = {
    1: layers.GlobalAveragePooling1D,
    2: layers.GlobalAveragePooling2D,
    3: layers.GlobalAveragePooling3D,
}


def _windows(
    x: Node, kernel: list[int], strides: Any, dilations: Any, pads: Any, auto_pad: str, ceil: int
) -> tuple[tuple[int, ...], tuple[int, ...], Pairs, Pairs]:
    """Sizes and steps of windows, the pads, and what rounding up adds behind."""
    axes = spatial_axes(x)
    sizes, steps = per_axis(kernel, axes, "sizes"), per_axis(strides, axes, "strides")
    gaps = per_axis(dilations, axes, "dilations")
    if max(gaps) > 1:
        raise ValueError(f"expected windows without gaps. Received: dilations={list(gaps)}")
    around = pads_of(x, pads, auto_pad, sizes, steps, gaps)
    extra = [(0, 0)] * axes
    if ceil:
        extra = [
            (0, _beyond(size, width, step, *pad))
            for size, width, step, pad in zip(extents_of(x)[2:], sizes, steps, around, strict=True)
        ]
    return sizes, steps, around, extra


def _beyond(size: Any, width: int, step: int, before: int, behind: int) -> int:
    """How far the last window of `ceil_mode` reaches beyond the pads."""
    if not isinstance(size, int):
        raise ValueError("expected known sizes with ceil_mode=1. Received: sizes of run time")
    total = size + before + behind
    count = -(-(total - width) // step) + 1
    if (count - 1) * step >= size + before:  # it would begin in the pads behind
        count -= 1
    return max(0, (count - 1) * step + width - total)


def _summed(pads: Pairs, extra: Pairs) -> Pairs:
    return [(a + c, b + d) for (a, b), (c, d) in zip(pads, extra, strict=True)]


@operator("MaxPool")
def max_pool(
    at: Place, x: Any, *, auto_pad: str = "NOTSET", ceil_mode: int = 0,
    dilations: list | None = None, kernel_shape: list, pads: list | None = None,
    storage_order: int = 0, strides: list | None = None,
) -> Any:  # fmt: skip
    """The layer, of a tensor that -inf lies around."""
    x = at.tensor(x)
    if at.wanted(1):
        raise ValueError("expected the maxima alone. Received: a use of their indices too.")
    sizes, steps, pads_, extra = _windows(
        x, kernel_shape, strides, dilations, pads, auto_pad, ceil_mode
    )
    around, padding = _summed(pads_, extra), "valid"
    if any(map(any, around)):
        if is_same(around, sizes, steps, (1,) * len(sizes)):
            padding = "same"
        else:
            low = -np.inf if policy(x) else np.iinfo(dtype_of(x)).min
            x = ops.pad(x, ((0, 0), (0, 0), *around), constant_values=low)
    cls = MAXIMA[len(sizes)]
    made = at.layer(cls, pool_size=sizes, strides=steps, padding=padding, dtype=policy(x), **FIRST)
    return made(x)


@operator("AveragePool")
def average_pool(
    at: Place, x: Any, *, auto_pad: str = "NOTSET", ceil_mode: int = 0,
    count_include_pad: int = 0, dilations: list | None = None, kernel_shape: list,
    pads: list | None = None, strides: list | None = None,
) -> Any:  # fmt: skip
    """The layer; divided by the share of each window that counts, where pads do not."""
    x = at.tensor(x)
    sizes, steps, pads_, extra = _windows(
        x, kernel_shape, strides, dilations, pads, auto_pad, ceil_mode
    )
    around = _summed(pads_, extra)
    config = {"pool_size": sizes, "strides": steps, "dtype": policy(x), **FIRST}
    cls = MEANS[len(sizes)]
    same = is_same(around, sizes, steps, (1,) * len(sizes)) and not count_include_pad
    if not any(map(any, around)) or same:
        return at.layer(
            cls, padding="same" if same and any(map(any, around)) else "valid", **config
        )(x)
    means = at.layer(cls, padding="valid", **config)(padded(at, x, around))
    if count_include_pad and not any(map(any, extra)):
        return means
    counted = ops.ones_like(x)
    rest = around
    if count_include_pad:
        counted, rest = ops.pad(counted, ((0, 0), (0, 0), *pads_), constant_values=1.0), extra
    counted = ops.pad(counted, ((0, 0), (0, 0), *rest))
    share = ops.average_pool(counted, sizes, steps, "valid", "channels_first")
    return ops.divide(means, share)


@operator("GlobalAveragePool")
def global_average_pool(at: Place, x: Any) -> Any:
    """The layer."""
    x = at.tensor(x)
    made = at.layer(GLOBAL_MEANS[spatial_axes(x)], keepdims=True, dtype=policy(x), **FIRST)
    return made(x)


@operator("GlobalMaxPool")
def global_max_pool(at: Place, x: Any) -> Any:
    """The layer."""
    x = at.tensor(x)
    made = at.layer(GLOBAL_MAXIMA[spatial_axes(x)], keepdims=True, dtype=policy(x), **FIRST)
    return made(x)
