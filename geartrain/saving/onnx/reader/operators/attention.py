"""Attention as one operator."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.graph.dtypes import limits
from geartrain.graph.node import Node
from geartrain.ops.operands import dtype_of, extents_of, rank_of
from geartrain.saving.onnx.reader.operators.shaping import reshaped
from geartrain.saving.onnx.reader.place import Place
from geartrain.saving.onnx.reader.table import operator


@operator("Attention")
def attention(
    at: Place, query: Any, key: Any, value: Any, mask: Any = None, past_key: Any = None,
    past_value: Any = None, *, is_causal: int = 0, kv_num_heads: int | None = None,
    q_num_heads: int | None = None, qk_matmul_output_mode: int = 0, scale: float | None = None,
    softcap: float = 0.0, softmax_precision: int | None = None,
) -> Any:  # fmt: skip
    """`softmax(query @ key * scale + mask) @ value`, for each head; keys may serve several."""
    if past_key is not None or past_value is not None or any(map(at.wanted, (1, 2, 3))):
        raise ValueError("expected attention without a memory of keys. Received: one")
    flat = rank_of(at.tensor(query)) == 3
    heads = [
        _heads(at, x, number)
        for x, number in ((query, q_num_heads), (key, kv_num_heads), (value, kv_num_heads))
    ]
    if isinstance(mask, Node) or mask is not None:
        mask = at.builder.operand(mask)
    result = _attended(*heads, mask, bool(is_causal), scale, softcap)
    if not flat:
        return result
    batch, number, time, size = extents_of(result)
    rows = at.transposed(result, (0, 2, 1, 3))
    return reshaped(at, rows, (batch, time, number * size))


def _heads(at: Place, x: Any, number: int | None) -> Node:
    """(batch, time, heads * size) as (batch, heads, time, size)."""
    x = at.tensor(x)
    if rank_of(x) == 4:
        return x
    batch, time, width = extents_of(x)
    if rank_of(x) != 3 or not number or not isinstance(width, int) or width % number:
        raise ValueError(
            f"expected inputs of 4 axes, or of 3 whose last one is cut into heads. Received shape "
            f"{x.shape}, for {number or 'no number of'} heads"
        )
    return at.transposed(reshaped(at, x, (batch, time, number, width // number)), (0, 2, 1, 3))


def _attended(
    query: Node, key: Node, value: Node, mask: Any, causal: bool, scale: float | None, cap: float
) -> Node:
    own, shared, size = extents_of(query)[1], extents_of(key)[1], extents_of(query)[-1]
    if not isinstance(own, int) or not isinstance(shared, int) or own % shared:
        raise ValueError(
            f"expected a number of heads of keys that divides that of queries. Received: {shared} "
            f"of keys, {own} of queries"
        )
    if own != shared:
        key, value = (ops.repeat(x, own // shared, axis=1) for x in (key, value))
    factor = scale if scale is not None else float(size) ** -0.5  # type: ignore[arg-type]
    scores = ops.multiply(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), factor)
    if cap:
        scores = ops.multiply(ops.tanh(ops.divide(scores, cap)), cap)
    kept = mask if mask is not None and dtype_of(mask) == "bool" else None
    if mask is not None and kept is None:
        scores = ops.add(scores, mask)
    if causal:
        ones = ops.ones_like(scores)
        before = ops.less_equal(ops.cumsum(ones, axis=-1), ops.cumsum(ones, axis=-2))
        kept = before if kept is None else ops.logical_and(kept, before)
    if kept is None:
        return ops.matmul(ops.softmax(scores, axis=-1), value)
    low = limits(dtype_of(scores))[0]
    weights = ops.softmax(ops.where(kept, scores, low), axis=-1)
    return ops.matmul(ops.where(kept, weights, 0.0), value)  # 0 where nothing is kept
