"""Linear algebra: of all that LAPACK does, ONNX has the determinant alone."""

from __future__ import annotations

from typing import Any

from geartrain.graph.node import Node
from geartrain.saving.onnx.export.graph import Unsupported, Value
from geartrain.saving.onnx.export.primitives.table import single, translation

LAPACK = (
    "cholesky", "cofactors", "eigh", "lu", "pinv", "qr", "singular_values", "slogdet", "solve",
    "svd", "triangular_solve",
)  # fmt: skip


@translation("det")
def _det(exporter: Any, node: Node, x: Value) -> Value:
    single(exporter, node, "det")
    return exporter.graph.node("Det", x)


@translation(*LAPACK)
def _lapack(exporter: Any, node: Node, *values: Value, **params: Any) -> Value:
    raise Unsupported(
        "it solves equations or takes matrices apart, for which ONNX has no operators",
        "Export the part of the model before it.",
    )
