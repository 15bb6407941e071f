"""Activations: functions that layers end with, and the layers that are nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import activations, layers
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import Shape
from geartrain.saving.onnx.export.graph import Value
from geartrain.saving.onnx.export.layers.table import Written, is_single, rule

# Functions of single elements that are one operator, and its attributes.
_OPERATORS: dict[Any, tuple[str, dict[str, Any]]] = {
    activations.elu: ("Elu", {"alpha": 1.0}),
    activations.exponential: ("Exp", {}),
    activations.hard_sigmoid: ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    activations.hard_silu: ("HardSwish", {}),
    activations.leaky_relu: ("LeakyRelu", {"alpha": 0.2}),
    activations.mish: ("Mish", {}),
    activations.relu: ("Relu", {}),
    activations.selu: ("Selu", {}),
    activations.sigmoid: ("Sigmoid", {}),
    activations.softplus: ("Softplus", {}),
    activations.softsign: ("Softsign", {}),
    activations.tanh: ("Tanh", {}),
}
_SINGLE: dict[Any, tuple[str, dict[str, Any]]] = {  # not of float64
    activations.celu: ("Celu", {"alpha": 1.0}),
    activations.gelu: ("Gelu", {"approximate": "none"}),
    activations.hard_shrink: ("Shrink", {"lambd": 0.5, "bias": 0.0}),
    activations.soft_shrink: ("Shrink", {"lambd": 0.5, "bias": 0.5}),
}
_BOUNDED = {activations.relu6: (0, 6), activations.hard_tanh: (-1, 1)}
_SOFTMAX = {activations.softmax: "Softmax", activations.log_softmax: "LogSoftmax"}


def activated(exporter: Any, activation: Any, value: Value, extents: Shape, dtype: str) -> Value:
    """The value of a layer's activation.

    Args:
        exporter: the exporter.
        activation: a function, or None.
        value: what it is applied to.
        extents, dtype: the shape and dtype of `value`.
    """
    if activation is None or activation is activations.linear:
        return value
    graph = exporter.graph
    if activation in _OPERATORS or (dtype != "float64" and activation in _SINGLE):
        operator, attributes = {**_OPERATORS, **_SINGLE}[activation]
        half = operator == "Celu" and dtype == "float16"
        if graph.allows(operator) and not half:
            return graph.pointwise(operator, value, **attributes)
    if activation in _BOUNDED:
        return clipped(exporter, value, *_BOUNDED[activation], dtype)
    if activation is activations.silu:
        return graph.pointwise("Mul", value, graph.pointwise("Sigmoid", value))
    if activation in _SOFTMAX:
        return graph.node(_SOFTMAX[activation], value, axis=-1)
    symbol = placeholder(extents, dtype)
    exporter.values[symbol] = value
    made: Value = exporter.value(activation(symbol))
    return made


def clipped(exporter: Any, value: Value, low: float, high: float, dtype: str) -> Value:
    """A value held within bounds."""
    bounds = (np.asarray(bound, exporter.dtype(dtype)) for bound in (low, high))
    made: Value = exporter.graph.pointwise("Clip", value, *bounds)
    return made


@rule(
    layers.Activation,
    operators="Relu, Sigmoid, Tanh, Softmax, Gelu and so on, by the function",
    limits="functions that ONNX lacks (`glu`, `sparsemax`, your own, ...) by their arithmetic",
)
def _activation(exporter: Any, layer: Any, inputs: Any) -> Written:
    if not inputs.dtype.endswith(("float16", "float32", "float64")):
        return None
    value = exporter.value(inputs)
    return activated(exporter, layer.activation, value, inputs.extents, inputs.dtype)


@rule(layers.ReLU, operators="Relu, LeakyRelu or Clip", limits="`threshold`: by its arithmetic")
def _relu(exporter: Any, layer: Any, inputs: Any) -> Written:
    if layer.threshold or not is_single(inputs):
        return None
    value = exporter.value(inputs)
    if layer.negative_slope:
        if layer.max_value is not None:
            return None
        return exporter.graph.pointwise("LeakyRelu", value, alpha=layer.negative_slope)
    if layer.max_value is not None:
        return clipped(exporter, value, 0, layer.max_value, inputs.dtype)
    return exporter.graph.pointwise("Relu", value)


def _with_attribute(operator: str, name: str) -> Callable[..., Written]:
    def write(exporter: Any, layer: Any, inputs: Any) -> Written:
        if not is_single(inputs):
            return None
        alpha = float(getattr(layer, name))
        return exporter.graph.pointwise(operator, exporter.value(inputs), alpha=alpha)

    return write


rule(layers.LeakyReLU, operators="LeakyRelu")(_with_attribute("LeakyRelu", "negative_slope"))
rule(layers.ELU, operators="Elu")(_with_attribute("Elu", "alpha"))


@rule(layers.PReLU, operators="PRelu")
def _prelu(exporter: Any, layer: Any, inputs: Any) -> Written:
    if not is_single(inputs):
        return None
    slopes = exporter.weight(layer.alpha, dtype=inputs.dtype)
    return exporter.graph.node("PRelu", exporter.value(inputs), slopes)


@rule(layers.Softmax, operators="Softmax", limits="several axes, or a mask: by its arithmetic")
def _softmax(exporter: Any, layer: Any, inputs: Any, mask: Any = None) -> Written:
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    if mask is not None or len(axes) != 1 or not is_single(inputs):
        return None
    return exporter.graph.node("Softmax", exporter.value(inputs), axis=int(axes[0]))
