"""Activation functions as layers."""

from __future__ import annotations

from typing import Any

from geartrain import activations
from geartrain.layers.layer import Layer
from geartrain.registry import register


@register("layers")
class Activation(Layer):
    """`activation(inputs)`.

    Args:
        activation: a function's name or a function of one tensor.

    >>> Activation("relu")([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """The function of each element (or along the last axis)."""
        return self.activation(inputs)
