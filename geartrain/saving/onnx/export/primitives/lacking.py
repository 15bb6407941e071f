"""What ONNX has no operators for, and what to do instead."""

from __future__ import annotations

from typing import Any

from geartrain.graph.node import Node
from geartrain.saving.onnx.export.graph import Unsupported, Value
from geartrain.saving.onnx.export.primitives.table import translation

_BEFORE = "Export the part of the model before it."
_FACTORS = ("it solves equations or takes matrices apart, for which ONNX has no operators", _BEFORE)
_SHIFTS = (
    "it shifts bits, or reads them as another type, for which ONNX has no operators",
    "Multiply or divide by powers of 2 instead.",
)
LACKING = {
    **dict.fromkeys(
        (
            *("cholesky", "cofactors", "eigh", "lu", "pinv", "qr", "singular_values", "slogdet"),
            *("solve", "svd", "triangular_solve"),
        ),
        _FACTORS,
    ),
    **dict.fromkeys(("bitcast", "shift_left", "shift_right"), _SHIFTS),
    "ctc_beams": ("it searches for sequences of labels, for which ONNX has no operators", _BEFORE),
}


@translation(*LACKING)
def _lacking(exporter: Any, node: Node, *values: Value, **params: Any) -> Value:
    assert node.op is not None
    raise Unsupported(*LACKING[node.op.name])
