"""Primitive opaque ops: reading and writing at computed indices, order, running sums.

Each has a kernel of its own. Anything about general axes is done by views around them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.graph.affine import Index
from geartrain.graph.dtypes import FLOATS
from geartrain.graph.node import Node
from geartrain.graph.op import Cumulative, Lookup, Op, Opaque, Sample, Scatter
from geartrain.graph.shapes import Extent, Spec, public
from geartrain.ops.elementwise import cast
from geartrain.ops.operands import dtype_of, operand
from geartrain.ops.views import flip


def _check_integers(name: str, indices: Spec) -> None:
    if "int" not in indices.dtype:
        raise ValueError(f"{name}: expected integer indices. Received dtype: {indices.dtype}")


def _gather_infer(x: Spec, indices: Spec) -> Spec:
    _check_integers("take", indices)
    return Spec(indices.shape + x.shape[1:], x.dtype)


def _gather_reference(x: np.ndarray, indices: np.ndarray) -> np.ndarray:
    check_indices(indices, len(x), "take")
    return np.asarray(x[indices])


def check_indices(indices: np.ndarray, size: int, who: str) -> None:
    """Refuse indices outside [0, size)."""
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        raise outside(indices.min() if indices.min() < 0 else indices.max(), size, who)


def outside(wrong: Any, size: int, who: str) -> ValueError:
    """The error of an index outside a tensor with so many rows."""
    return ValueError(
        f"{who}: expected indices in [0, {size - 1}]. Received: {wrong}. If these are tokens or "
        "labels, make the table larger (input_dim, num_classes) or clip them."
    )


def _gather_samples() -> Iterable[Sample]:
    x = np.random.default_rng(0).normal(size=(4, 3))
    yield Sample((x, np.array([0, 2, 2])), {})
    yield Sample((x, np.array([[1, 3]])), {})
    yield Sample((x, np.array(1)), {})
    yield Sample((x[:, 0], np.array(1)), {})


def _gather_element(expression: Any, node: Node, index: Index) -> Any:
    """A place outside the table is reported, and reads the nearest row: memory is safe."""
    x, indices = node.sources
    b, rank = expression.builder, indices.ndim
    row = b.convert(expression.read(indices, index[:rank]), "int64")
    row = expression.inside(row, x.extents[0])
    return expression.read(x, [row, *index[rank:]])


# Rows of `x`: result[i..., j...] = x[indices[i...], j...].
gather: Op = Op(
    "gather", _gather_infer, _gather_reference,
    lambda g, y, x, indices: (scatter_add(indices, g, size=x.extents[0]), None),
    Lookup(_gather_element), _gather_samples,
)  # fmt: skip


def _scatter_infer(indices: Spec, rows: Spec, size: Extent) -> Spec:
    _check_integers("scatter_add", indices)
    rank = len(indices.shape)
    if rows.shape[:rank] != indices.shape:
        raise ValueError(
            f"scatter_add: expected one row an index. Received indices of shape "
            f"{public(indices.shape)} and rows of shape {public(rows.shape)}"
        )
    return Spec((size, *rows.shape[rank:]), rows.dtype)


def _scatter_reference(indices: np.ndarray, rows: np.ndarray, size: int) -> np.ndarray:
    check_indices(indices, size, "scatter")
    result = np.zeros((size, *rows.shape[indices.ndim :]), rows.dtype)
    np.add.at(result, indices, rows)
    return result


def _scatter_samples() -> Iterable[Sample]:
    rows = np.random.default_rng(0).normal(size=(3, 2))
    yield Sample((np.array([1, 0, 1]), rows), {"size": 3})


# result[indices[i...], j...] += rows[i..., j...], from zeros.
scatter_add: Op = Op(
    "scatter_add", _scatter_infer, _scatter_reference,
    lambda g, y, indices, rows, size: (None, gather(g, indices)),
    Scatter(), _scatter_samples,
)  # fmt: skip


def _along_samples() -> Iterable[Sample]:
    x = np.random.default_rng(0).normal(size=(3, 4))
    yield Sample((x,), {"axis": 1})
    yield Sample((x,), {"axis": 0})


def _cumsum_grad(g: Node, y: Node, x: Node, axis: int) -> tuple[Any]:
    return (flip(cumsum(flip(g, [axis]), axis=axis), [axis]),)


cumsum: Op = Op(
    "cumsum", lambda x, axis: x,
    lambda x, axis: np.cumsum(x, axis, dtype=x.dtype),
    _cumsum_grad, Cumulative(lambda dtype: 0, lambda b, x, y: b.add(x, y), "+"), _along_samples,
)  # fmt: skip


# The order that sorts along an axis; equal elements keep theirs, NaN comes last.
argsort: Op = Op(
    "argsort", lambda x, axis: Spec(x.shape, "int32"),
    lambda x, axis: np.argsort(x, axis, kind="stable").astype("int32"),
    None, Opaque(), _along_samples, differentiable=False,
)  # fmt: skip


def whole_indices(indices: Any) -> Any:
    """Indices as a tensor. Symbolic floats, which Keras takes for them, become whole numbers."""
    index = operand(indices)
    if isinstance(index, Node) and dtype_of(index) in FLOATS:
        return cast(index, dtype="int32")
    return index
