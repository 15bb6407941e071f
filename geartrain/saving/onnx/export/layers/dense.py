"""Dense layers and embeddings."""

from __future__ import annotations

from typing import Any

from geartrain import layers
from geartrain.graph.dtypes import is_float
from geartrain.saving.onnx.export.layers.activations import activated
from geartrain.saving.onnx.export.layers.table import Written, rule


@rule(layers.Dense, operators="Gemm; MatMul and Add for more than two axes")
def _dense(exporter: Any, layer: Any, inputs: Any) -> Written:
    dtype = inputs.dtype
    if not is_float(dtype):
        return None
    graph, value = exporter.graph, exporter.value(inputs)
    kernel = exporter.weight(layer.kernel, dtype=dtype)
    bias = None if layer.bias is None else exporter.weight(layer.bias, dtype=dtype)
    if inputs.ndim == 2 and bias is not None:
        sums = graph.node("Gemm", value, kernel, bias)
    else:
        sums = graph.node("MatMul", value, kernel)
        sums = sums if bias is None else graph.node("Add", sums, bias)
    extents = (*inputs.extents[:-1], layer.units)
    return activated(exporter, layer.activation, sums, extents, dtype)


@rule(layers.Embedding, operators="Gather")
def _embedding(exporter: Any, layer: Any, inputs: Any) -> Written:
    value = exporter.value(inputs)
    if inputs.dtype not in ("int32", "int64"):
        value = exporter.cast(value, "int32", known=inputs.dtype)
    table = exporter.weight(layer.embeddings, dtype=layer.compute_dtype)
    return exporter.graph.node("Gather", table, value, axis=0)
