"""Normalization. Half precision is computed in float32, as the layers do.

ONNX has epsilon in float32, and computes the statistics in it: layers of float64 are written as
their arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import layers
from geartrain.graph.dtypes import result_type
from geartrain.saving.onnx.export.graph import Value
from geartrain.saving.onnx.export.layers.table import Written, rule, to_front, trailing

_FLOAT64 = "float64: by its arithmetic"


def _wide(exporter: Any, inputs: Any) -> tuple[Value, str]:
    """The inputs in a type in which squares do not overflow, and that type."""
    dtype = result_type(inputs.dtype, "float32")
    return exporter.cast(exporter.value(inputs), dtype, known=inputs.dtype), dtype


def _scale_and_shift(exporter: Any, layer: Any, shape: tuple[int, ...], dtype: str) -> list[Value]:
    gamma, beta = layer.gamma, layer.beta
    return [
        np.full(shape, least, dtype) if weight is None else exporter.weight(weight, dtype=dtype)
        for weight, least in ((gamma, 1), (beta, 0))
    ]


def _back(exporter: Any, layer: Any, made: Value, dtype: str) -> Value:
    return exporter.cast(made, layer.compute_dtype, known=dtype)


def _by_channel(exporter: Any, layer: Any, inputs: Any, operator: str, *further: Any,
                **attributes: Any) -> Written:  # fmt: skip
    """An operator whose channels are on axis 1."""
    graph, axis = exporter.graph, layer.axis % inputs.ndim
    if axis == 0 or inputs.dtype == "float64":  # epsilon would be rounded to float32
        return None
    x, dtype = _wide(exporter, inputs)
    order = to_front(inputs.ndim, axis)
    scale_and_shift = _scale_and_shift(exporter, layer, (inputs.extents[axis],), dtype)
    statistics = [exporter.weight(one, dtype=dtype) for one in further]
    made = graph.node(
        operator, graph.transpose(x, order), *scale_and_shift, *statistics,
        epsilon=float(layer.epsilon), **attributes,
    )  # fmt: skip
    return _back(exporter, layer, graph.transpose(made, np.argsort(order)), dtype)


@rule(
    layers.BatchNormalization, operators="BatchNormalization", limits="float64: by its arithmetic"
)
def _batch(exporter: Any, layer: Any, inputs: Any, mask: Any = None) -> Written:
    statistics = layer.moving_mean, layer.moving_variance
    return _by_channel(exporter, layer, inputs, "BatchNormalization", *statistics)


@rule(
    layers.GroupNormalization,
    operators="GroupNormalization",
    limits="float64, rank 2, opsets before 21: by its arithmetic",
)
def _group(exporter: Any, layer: Any, inputs: Any) -> Written:
    if not exporter.graph.allows("GroupNormalization") or inputs.ndim < 3:
        return None
    groups = layer.groups if layer.groups != -1 else inputs.extents[layer.axis]
    return _by_channel(exporter, layer, inputs, "GroupNormalization", num_groups=groups)


@rule(
    layers.LayerNormalization,
    operators="LayerNormalization",
    limits="float64, other axes than the last ones: by its arithmetic",
)
def _layer(exporter: Any, layer: Any, inputs: Any) -> Written:
    shape = _normalized_shape(layer, inputs)
    if shape is None or layer.rms_scaling:
        return None
    x, dtype = _wide(exporter, inputs)
    scale, shift = _scale_and_shift(exporter, layer, shape, dtype)
    made = exporter.graph.node(
        "LayerNormalization", x, scale, shift, axis=-len(shape), epsilon=float(layer.epsilon)
    )
    return _back(exporter, layer, made, dtype)


@rule(
    layers.RMSNormalization,
    operators="RMSNormalization",
    limits="float64, other axes than the last ones, opsets before 23: by its arithmetic",
)
def _rms(exporter: Any, layer: Any, inputs: Any) -> Written:
    shape = _normalized_shape(layer, inputs)
    if shape is None or not exporter.graph.allows("RMSNormalization"):
        return None
    x, dtype = _wide(exporter, inputs)
    scale = exporter.weight(layer.scale, dtype=dtype)
    made = exporter.graph.node(
        "RMSNormalization", x, scale, axis=-len(shape), epsilon=float(layer.epsilon)
    )
    return _back(exporter, layer, made, dtype)


def _normalized_shape(layer: Any, inputs: Any) -> tuple[int, ...] | None:
    """The shape of the normalized axes, if they are the last ones and in that order."""
    several = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    first = trailing(several, inputs.ndim)
    if first is None or inputs.dtype == "float64" or None in inputs.shape[first:]:
        return None
    shape = inputs.shape[first:]
    weights = [weight.shape for weight in layer.weights]
    return shape if all(found == shape for found in weights) else None
