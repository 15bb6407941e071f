"""Elements combined along axes, and sums of products."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.graph.contraction import ContractionSpec
from geartrain.graph.node import Node
from geartrain.graph.shapes import product
from geartrain.saving.onnx.export.extents import INT64
from geartrain.saving.onnx.export.graph import Value
from geartrain.saving.onnx.export.primitives.table import arithmetic, single, translation

Axes = tuple[int, ...]


def _reduced(exporter: Any, node: Node, x: Value, operator: str, axes: Axes) -> Value:
    if not axes:
        return x

    def compute(value: Value) -> Value:
        return exporter.graph.node(operator, value, np.asarray(axes, INT64), keepdims=0)

    return arithmetic(exporter, node, (x,), compute)


@translation("sum")
def _sum(exporter: Any, node: Node, x: Value, axes: Axes) -> Value:
    return _reduced(exporter, node, x, "ReduceSum", axes)


@translation("max", "first_max")
def _max(exporter: Any, node: Node, x: Value, axes: Axes) -> Value:
    return _reduced(exporter, node, x, "ReduceMax", axes)


@translation("min")
def _min(exporter: Any, node: Node, x: Value, axes: Axes) -> Value:
    return _reduced(exporter, node, x, "ReduceMin", axes)


@translation("any")
def _any(exporter: Any, node: Node, x: Value, axes: Axes) -> Value:
    return _of_flags(exporter, node, x, "ReduceMax", axes)


@translation("all")
def _all(exporter: Any, node: Node, x: Value, axes: Axes) -> Value:
    return _of_flags(exporter, node, x, "ReduceMin", axes)


def _of_flags(exporter: Any, node: Node, x: Value, operator: str, axes: Axes) -> Value:
    flags = exporter.cast(x, "bool", known=node.sources[0].dtype)
    if not axes:
        return flags
    numbers = exporter.cast(flags, "int32")
    folded = exporter.graph.node(operator, numbers, np.asarray(axes, INT64), keepdims=0)
    return exporter.cast(folded, "bool")


@translation("contract")
def _contract(exporter: Any, node: Node, a: Value, b: Value, spec: str) -> Value:
    """A matrix product where axes need at most be put in order; `Einsum` elsewhere."""
    labels = ContractionSpec.parse(spec)

    def compute(a: Value, b: Value) -> Value:
        made = _product(exporter, a, labels.left, b, labels.right, labels.out)
        return exporter.graph.node("Einsum", a, b, equation=spec) if made is None else made

    return arithmetic(exporter, node, (a, b), compute)


def _product(exporter: Any, a: Value, left: str, b: Value, right: str, out: str) -> Value | None:
    """By `MatMul`: (shared..., rows..., summed) times (shared..., summed, column).

    Without shared axes the first may have any number of rows' axes; None for all else.
    """
    shared = [c for c in left if c in right and c in out]
    summed = [c for c in left if c in right and c not in out]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    if len(rows) == 1 and len(columns) > 1 and not shared:
        return _product(exporter, b, right, a, left, out)
    if len(summed) != 1 or len(columns) != 1 or not rows or (shared and len(rows) != 1):
        return None
    graph = exporter.graph
    a = graph.transpose(a, [left.index(c) for c in (*shared, *rows, *summed)])
    b = graph.transpose(b, [right.index(c) for c in (*shared, *summed, *columns)])
    made = [*shared, *rows, *columns]
    return graph.transpose(graph.node("MatMul", a, b), [made.index(c) for c in out])


@translation("det")
def _det(exporter: Any, node: Node, x: Value) -> Value:
    single(exporter, node, "det")
    return exporter.graph.node("Det", x)


@translation("fourier")
def _fourier(exporter: Any, node: Node, x: Value, inverse: bool) -> Value:
    """Of three axes, of which ONNX takes the middle one unless it is told another."""
    graph = exporter.graph
    *front, size, pair = node.extents
    rows = graph.node("Reshape", x, exporter.extents.vector((product(front), size, pair)))
    found = graph.node("DFT", rows, inverse=int(inverse))
    if inverse:  # where ONNX divides by the size
        found = graph.node(
            "Mul", found, exporter.cast(exporter.extents.scalar(size), node.dtype, known="int64")
        )
    return graph.node("Reshape", found, exporter.extents.vector(node.extents))
