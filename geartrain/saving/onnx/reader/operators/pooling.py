"""Maxima and means of windows, and of all that there is."""

from __future__ import annotations

from typing import Any

from geartrain import layers, ops
from geartrain.graph.dtypes import limits
from geartrain.ops.operands import dtype_of
from geartrain.saving.onnx.reader.operators.images import Images, Pairs, Windows, images, windows
from geartrain.saving.onnx.reader.place import Place
from geartrain.saving.onnx.reader.table import operator

MAXIMA = {1: layers.MaxPooling1D, 2: layers.MaxPooling2D, 3: layers.MaxPooling3D}
MEANS = {1: layers.AveragePooling1D, 2: layers.AveragePooling2D, 3: layers.AveragePooling3D}
GLOBAL_MAXIMA = {
    1: layers.GlobalMaxPooling1D,
    2: layers.GlobalMaxPooling2D,
    3: layers.GlobalMaxPooling3D,
}
GLOBAL_MEANS = {
    1: layers.GlobalAveragePooling1D,
    2: layers.GlobalAveragePooling2D,
    3: layers.GlobalAveragePooling3D,
}


def _pooled(
    x: Images, kernel: Any, strides: Any, dilations: Any, pads: Any, auto_pad: str, ceil: int
) -> tuple[Windows, Pairs, Pairs]:
    """The windows, what rounding up adds behind, and both together around the tensor."""
    found = windows(x, kernel, strides, dilations, pads, auto_pad)
    if max(found.gaps) > 1:
        raise ValueError(f"expected windows without gaps. Received: dilations={list(found.gaps)}")
    extra = [(0, 0)] * x.axes
    if ceil and not found.named:  # as many windows as steps in any case
        each = zip(x.sizes, found.sizes, found.steps, found.pads, strict=True)
        extra = [(0, _beyond(size, width, step, *pad)) for size, width, step, pad in each]
    around = [(a + c, b + d) for (a, b), (c, d) in zip(found.pads, extra, strict=True)]
    return found._replace(pads=around), extra, found.pads


def _beyond(size: Any, width: int, step: int, before: int, behind: int) -> int:
    """How far the last window of `ceil_mode` reaches beyond the pads."""
    if not isinstance(size, int):
        raise ValueError("expected known sizes with ceil_mode=1. Received: sizes of run time")
    total = size + before + behind
    count = -(-(total - width) // step) + 1
    if (count - 1) * step >= size + before:  # it would begin in the pads behind
        count -= 1
    return max(0, (count - 1) * step + width - total)


@operator("MaxPool")
def max_pool(
    at: Place, x: Any, *, auto_pad: str = "NOTSET", ceil_mode: int = 0,
    dilations: list | None = None, kernel_shape: list, pads: list | None = None,
    storage_order: int = 0, strides: list | None = None,
) -> Any:  # fmt: skip
    """The layer, of a tensor that the least of all numbers lies around."""
    if at.wanted(1):
        raise ValueError("expected the maxima alone. Received: a use of their indices too.")
    given = images(at, x)
    found, _, _ = _pooled(given, kernel_shape, strides, dilations, pads, auto_pad, ceil_mode)
    same = found.same
    if not same and any(map(any, found.pads)):
        tensor = given.tensor
        low = limits(dtype_of(tensor))[0]
        around = given.along(found.pads, (0, 0))
        given = given.of(ops.pad(tensor, around, constant_values=low))
    layer = at.layer(
        MAXIMA[given.axes], pool_size=found.sizes, strides=found.steps,
        padding="same" if same else "valid", **given.config,
    )  # fmt: skip
    return given.called(layer)


@operator("AveragePool")
def average_pool(
    at: Place, x: Any, *, auto_pad: str = "NOTSET", ceil_mode: int = 0,
    count_include_pad: int = 0, dilations: list | None = None, kernel_shape: list,
    pads: list | None = None, strides: list | None = None,
) -> Any:  # fmt: skip
    """The layer; divided by the share of each window that counts, where pads do not."""
    given = images(at, x)
    found, extra, counting = _pooled(
        given, kernel_shape, strides, dilations, pads, auto_pad, ceil_mode
    )
    if found.named and count_include_pad:
        raise ValueError(
            "expected known sizes for SAME_UPPER with count_include_pad=1. Received shape "
            f"{given.tensor.shape}"
        )
    same = found.same and not count_include_pad
    layer = at.layer(
        MEANS[given.axes], pool_size=found.sizes, strides=found.steps,
        padding="same" if same else "valid", **given.config,
    )  # fmt: skip
    if same or not any(map(any, found.pads)):
        return given.called(layer)
    means = given.of(layer(given.padded(found.pads).tensor))
    if count_include_pad and not any(map(any, extra)):
        return means.value()
    counted, rest = ops.ones_like(given.tensor), found.pads
    if count_include_pad:
        counted = ops.pad(counted, given.along(counting, (0, 0)), constant_values=1.0)
        rest = extra
    counted = ops.pad(counted, given.along(rest, (0, 0)))
    order = given.config["data_format"]
    share = ops.average_pool(counted, found.sizes, found.steps, "valid", order)
    return given.of(ops.divide(means.tensor, share)).value()


@operator("GlobalAveragePool")
def global_average_pool(at: Place, x: Any) -> Any:
    """The layer."""
    given = images(at, x)
    return given.called(at.layer(GLOBAL_MEANS[given.axes], keepdims=True, **given.config))


@operator("GlobalMaxPool")
def global_max_pool(at: Place, x: Any) -> Any:
    """The layer."""
    given = images(at, x)
    return given.called(at.layer(GLOBAL_MAXIMA[given.axes], keepdims=True, **given.config))
