"""Rows at computed places, order, running sums; and random numbers, which ONNX cannot repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent
from geartrain.saving.onnx.export.extents import INT64
from geartrain.saving.onnx.export.graph import Unsupported, Value
from geartrain.saving.onnx.export.primitives.table import arithmetic, translation


@translation("gather")
def _gather(exporter: Any, node: Node, x: Value, indices: Value) -> Value:
    known = node.sources[1].dtype
    if known not in ("int32", "int64"):
        indices = exporter.cast(indices, INT64, known=known)
    return exporter.graph.node("Gather", x, indices, axis=0)


@translation("scatter_add")
def _scatter_add(exporter: Any, node: Node, indices: Value, rows: Value, size: Extent) -> Value:
    graph, (where, _) = exporter.graph, node.sources
    places = exporter.cast(indices, INT64, known=where.dtype)
    places = graph.node("Unsqueeze", places, np.asarray([where.ndim], INT64))
    shape = exporter.extents.vector(node.extents)
    wide = exporter.wide(node.dtype)
    nothing = graph.node("Expand", np.asarray(0, wide), shape)
    rows = exporter.cast(rows, wide, known=node.dtype)
    made = graph.node("ScatterND", nothing, places, rows, reduction="add")
    return exporter.cast(made, node.dtype, known=wide)


@translation("cumsum")
def _cumsum(exporter: Any, node: Node, x: Value, axis: int) -> Value:
    place = np.asarray(axis, INT64)
    return arithmetic(
        exporter, node, (x,), lambda value: exporter.graph.node("CumSum", value, place)
    )


@translation("argsort")
def _argsort(exporter: Any, node: Node, x: Value, axis: int) -> Value:
    """All the smallest: of equal elements, ONNX too gives the earlier one first."""
    (source,) = node.sources
    x = exporter.cast(x, exporter.wide(source.dtype), known=source.dtype)
    count = exporter.extents.one(source.extents[axis])
    _, places = exporter.graph.several("TopK", 2, x, count, axis=axis, largest=0, sorted=1)
    return exporter.cast(places, "int32", known=INT64)


@translation("random_bits", "bits_of_rows")
def _random_bits(exporter: Any, node: Node, *sources: Value, **params: Any) -> Value:
    raise Unsupported(
        "it draws random numbers, which no other runtime would draw alike",
        "Draw them outside of the model and give them as an input, or draw in training alone.",
    )
