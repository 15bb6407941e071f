"""Convolutions. ONNX has the channels on axis 1: others are transposed to and back.

Where layers with their channels behind follow each other, the transposes between them meet and are
left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers
from geartrain.graph.shapes import Shape
from geartrain.ops.convolution import spread_of
from geartrain.ops.spatial import Places, layout_of, places
from geartrain.saving.onnx.export.graph import Value
from geartrain.saving.onnx.export.layers.activations import activated
from geartrain.saving.onnx.export.layers.table import (
    Written,
    channels_back,
    channels_first,
    is_single,
    kernel_first,
    rule,
)


def placed(layer: Any, x: Any, sizes: Any, dilations: Any = 1) -> tuple[Places, dict[str, Any]]:
    """Where windows lie, and the attributes that say it.

    Borders are numbers unless a size is unknown. ONNX's SAME_UPPER has one element more behind
    where the border is odd, as we have.
    """
    layout = layout_of(layer._who(), x, layer.data_format)
    at = places(layer._who(), x, layout, sizes, layer.strides, layer.padding, dilations)
    found: dict[str, Any] = {"kernel_shape": list(sizes), "strides": list(at.strides)}
    if max(at.dilations) > 1:
        found["dilations"] = list(at.dilations)
    if not all(isinstance(extent, int) for extent in at.low + at.high):
        found["auto_pad"] = "SAME_UPPER"
    elif any(at.low + at.high):
        found["pads"] = [*at.low, *at.high]
    return at, found


def _finished(
    exporter: Any, layer: Any, value: Value, x: Any, counts: Shape, channels: int
) -> Written:
    """The channels back where the layer has them, and the activation."""
    value = channels_back(exporter, value, x.ndim, layer.data_format)
    last = layer.data_format == "channels_last"
    inner = (*counts, channels) if last else (channels, *counts)
    return activated(exporter, layer.activation, value, (x.extents[0], *inner), x.dtype)


def _bias(exporter: Any, layer: Any, dtype: str) -> str | None:
    return None if layer.bias is None else exporter.weight(layer.bias, dtype=dtype)


@rule(layers.Conv1D, layers.Conv2D, layers.Conv3D, operators="Conv", limits="float64: by sums")
def _conv(exporter: Any, layer: Any, inputs: Any) -> Written:
    if not is_single(inputs):
        return None
    at, attributes = placed(layer, inputs, layer.kernel_size, layer.dilation_rate)
    kernel = exporter.weight(layer.kernel, kernel_first(-1, -2), inputs.dtype, "first")
    made = exporter.graph.node(
        "Conv",
        channels_first(exporter, inputs, layer.data_format),
        kernel,
        _bias(exporter, layer, inputs.dtype),
        group=layer.groups,
        **attributes,
    )
    return _finished(exporter, layer, made, inputs, at.counts, layer.filters)


def _each_channel(kernel: np.ndarray) -> np.ndarray:
    """A kernel (*sizes, channels, multiplier) as (channels * multiplier, 1, *sizes)."""
    *sizes, channels, multiplier = kernel.shape
    return np.moveaxis(kernel, (-2, -1), (0, 1)).reshape(channels * multiplier, 1, *sizes)


def _deep(exporter: Any, layer: Any, inputs: Any, kernel: Any, bias: Any) -> tuple[str, Shape]:
    """A group for each channel, with the channels on axis 1."""
    at, attributes = placed(layer, inputs, layer.kernel_size, layer.dilation_rate)
    each = exporter.weight(kernel, _each_channel, inputs.dtype, "each channel")
    x = channels_first(exporter, inputs, layer.data_format)
    made = exporter.graph.node("Conv", x, each, bias, group=kernel.shape[-2], **attributes)
    return made, at.counts


@rule(layers.DepthwiseConv1D, layers.DepthwiseConv2D, operators="Conv", limits="float64: by sums")
def _depthwise(exporter: Any, layer: Any, inputs: Any) -> Written:
    if not is_single(inputs):
        return None
    bias = _bias(exporter, layer, inputs.dtype)
    made, counts = _deep(exporter, layer, inputs, layer.kernel, bias)
    channels = layer.kernel.shape[-2] * layer.kernel.shape[-1]
    return _finished(exporter, layer, made, inputs, counts, channels)


@rule(
    layers.SeparableConv1D,
    layers.SeparableConv2D,
    operators="Conv, Conv",
    limits="float64: by sums",
)
def _separable(exporter: Any, layer: Any, inputs: Any) -> Written:
    if not is_single(inputs):
        return None
    deep, counts = _deep(exporter, layer, inputs, layer.depthwise_kernel, None)
    mixing = exporter.weight(layer.pointwise_kernel, kernel_first(-1, -2), inputs.dtype, "first")
    made = exporter.graph.node("Conv", deep, mixing, _bias(exporter, layer, inputs.dtype))
    return _finished(exporter, layer, made, inputs, counts, layer.filters)


@rule(
    layers.Conv1DTranspose,
    layers.Conv2DTranspose,
    layers.Conv3DTranspose,
    operators="ConvTranspose",
    limits="float64: by sums",
)
def _transposed(exporter: Any, layer: Any, inputs: Any) -> Written:
    """What we call the start is ONNX's border in front; the one behind follows from the length."""
    if not is_single(inputs):
        return None
    layout = layout_of(layer._who(), inputs, layer.data_format)
    at = spread_of(
        layer._who(), inputs, layer.kernel, layout, layer.strides, layer.padding,
        layer.output_padding, layer.dilation_rate,
    )  # fmt: skip
    behind = []
    for axis, size, stride, dilation, start, length in zip(
        layout.axes, at.sizes, at.strides, at.dilations, at.starts, at.lengths, strict=True
    ):
        whole = (inputs.extents[axis] - 1) * stride + (size - 1) * dilation + 1
        behind.append(whole - start - length)
    kernel = exporter.weight(layer.kernel, kernel_first(-1, -2), inputs.dtype, "first")
    made = exporter.graph.node(
        "ConvTranspose", channels_first(exporter, inputs, layer.data_format), kernel,
        _bias(exporter, layer, inputs.dtype), kernel_shape=list(at.sizes),
        strides=list(at.strides), dilations=list(at.dilations),
        pads=[*at.starts, *(max(border, 0) for border in behind)],
        output_padding=[max(-border, 0) for border in behind],
    )  # fmt: skip
    return _finished(exporter, layer, made, inputs, at.lengths, layer.filters)
