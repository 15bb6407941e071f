"""Layers that ONNX has operators for: `RULES`, by the layer's class.

A rule writes the operators and returns their values, one for each of the layer's outputs; or None
where the operators cannot say what the layer does with these arguments. What has no rule, and what
a rule declines, is exported by what it is made of: rules are there for files that are small, fast
and recognised by other tools, never for a layer to be exported at all. A subclass of a layer has
no rule, as it may do something else.
"""

from geartrain.saving.onnx.export.layers import (
    activations,
    attention,
    convolution,
    dense,
    normalization,
    pooling,
    recurrent,
    resizing,
)
from geartrain.saving.onnx.export.layers.table import RULES, Rule

__all__ = [
    "RULES",
    "Rule",
    "activations",
    "attention",
    "convolution",
    "dense",
    "normalization",
    "pooling",
    "recurrent",
    "resizing",
]
