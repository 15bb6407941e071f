"""How each primitive op is said in ONNX: `TRANSLATIONS`, by the op's name.

A translation is a function `(exporter, node, *values) -> value`: `values` stand for the node's
sources. A new primitive op needs one here; a test compares the table with the registry of ops.
"""

from geartrain.saving.onnx.export.primitives import (
    elementwise,
    folds,
    indexing,
    lacking,
    loops,
    views,
)
from geartrain.saving.onnx.export.primitives.table import TRANSLATIONS, Translation

__all__ = [
    "TRANSLATIONS",
    "Translation",
    "elementwise",
    "folds",
    "indexing",
    "lacking",
    "loops",
    "views",
]
