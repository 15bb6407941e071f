"""Pooling: windows, whole tensors, or as many windows as there shall be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import layers
from geartrain.ops.spatial import layout_of
from geartrain.saving.onnx.export.extents import INT64
from geartrain.saving.onnx.export.layers.convolution import placed
from geartrain.saving.onnx.export.layers.table import (
    Written,
    channels_first,
    is_single,
    rule,
    with_channels_first,
)

_LIMITS = "float64 and whole numbers: by folds of windows"


def _windowed(operator: str) -> Callable[..., Written]:
    def write(exporter: Any, layer: Any, inputs: Any) -> Written:
        if not is_single(inputs):
            return None
        _, attributes = placed(layer, inputs, layer.pool_size)
        return with_channels_first(exporter, layer, inputs, operator, **attributes)

    return write


rule(
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
    operators="MaxPool",
    limits=_LIMITS,
)(_windowed("MaxPool"))
rule(
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
    operators="AveragePool",
    limits=_LIMITS,
)(_windowed("AveragePool"))


def _global(operator: str) -> Callable[..., Written]:
    def write(exporter: Any, layer: Any, inputs: Any, mask: Any = None) -> Written:
        if mask is not None or not is_single(inputs):
            return None
        if layer.keepdims:
            return with_channels_first(exporter, layer, inputs, operator)
        made = exporter.graph.node(operator, channels_first(exporter, inputs, layer.data_format))
        return exporter.graph.node("Squeeze", made, np.arange(2, inputs.ndim, dtype=INT64))

    return write


_ALL = "masks and float64: by sums"
rule(
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalAveragePooling3D,
    operators="GlobalAveragePool",
    limits=_ALL,
)(_global("GlobalAveragePool"))
rule(
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
    operators="GlobalMaxPool",
    limits="float64: as ReduceMax",
)(_global("GlobalMaxPool"))


def _adaptive(operator: str) -> Callable[..., Written]:
    def write(exporter: Any, layer: Any, inputs: Any) -> Written:
        axes = layout_of(layer._who(), inputs, layer.data_format).axes
        pairs = [(inputs.extents[axis], count) for axis, count in zip(axes, layer.output_size,
                                                                     strict=True)]  # fmt: skip
        if not is_single(inputs) or any(size % count for size, count in pairs):
            return None
        sizes = [size // count for size, count in pairs]
        return with_channels_first(
            exporter, layer, inputs, operator, kernel_shape=sizes, strides=sizes
        )

    return write


_WHOLE = "sizes that do not divide: by their arithmetic"
rule(
    layers.AdaptiveAveragePooling1D,
    layers.AdaptiveAveragePooling2D,
    layers.AdaptiveAveragePooling3D,
    operators="AveragePool",
    limits=_WHOLE,
)(_adaptive("AveragePool"))
rule(
    layers.AdaptiveMaxPooling1D,
    layers.AdaptiveMaxPooling2D,
    layers.AdaptiveMaxPooling3D,
    operators="MaxPool",
    limits=_WHOLE,
)(_adaptive("MaxPool"))
