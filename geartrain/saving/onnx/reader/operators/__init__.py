"""The operators, each with the function that builds it: importing them fills the table."""

from geartrain.saving.onnx.reader.operators import (
    activations,
    arithmetic,
    attention,
    convolution,
    dense,
    loops,
    normalizing,
    parts,
    pooling,
    recurrent,
    reductions,
    resizing,
    shaping,
    tables,
)

__all__ = [
    "activations",
    "arithmetic",
    "attention",
    "convolution",
    "dense",
    "loops",
    "normalizing",
    "parts",
    "pooling",
    "recurrent",
    "reductions",
    "resizing",
    "shaping",
    "tables",
]
