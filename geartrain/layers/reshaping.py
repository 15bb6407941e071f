"""Layers that only rearrange their input."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.graph.shapes import product
from geartrain.layers.arguments import data_format_of
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.ops.operands import extents_of
from geartrain.registry import register


@register("layers")
class Flatten(Layer):
    """Each sample as one vector: (batch, a, b, c) becomes (batch, a * b * c).

    Args:
        data_format: `"channels_first"` moves the channels behind first, so that the order of the
            values is that of `"channels_last"`.

    >>> import numpy as np
    >>> Flatten()(np.zeros((5, 28, 28))).shape
    (5, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """The rows."""
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        batch, *rest = extents_of(inputs)
        return ops.reshape(inputs, (batch, product(rest)))
