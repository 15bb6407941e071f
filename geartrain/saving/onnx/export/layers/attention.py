"""Attention, by the operator of that name. Masks are added to the scores, as the layers do."""

from __future__ import annotations

import math
from typing import Any

from geartrain import layers, ops
from geartrain.graph.dtypes import limits
from geartrain.ops.operands import extents_of, indices_like
from geartrain.saving.onnx.export.graph import Value
from geartrain.saving.onnx.export.layers.activations import activated
from geartrain.saving.onnx.export.layers.table import Written, is_single, rule

_LIMITS = "returned scores, opsets before 23, float64: as MatMul and Softmax"


@rule(
    layers.MultiHeadAttention,
    layers.GroupQueryAttention,
    operators="MatMul and Add for the projections, Attention",
    limits=f"`attention_axes`, inputs of rank 4, {_LIMITS}",
)
def _heads(
    exporter: Any, layer: Any, query: Any, value: Any, key: Any = None, query_mask: Any = None,
    value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None,
    return_attention_scores: bool = False, use_causal_mask: bool = False,
) -> Written:  # fmt: skip
    tensors = (query, value if key is None else key, value)
    fits = all(x.ndim == 3 and is_single(x) for x in tensors) and layer.attention_axes == (1,)
    one_axis = len(layer.output_shape or (1,)) == 1
    if not (fits and one_axis) or return_attention_scores:
        return None
    if not exporter.graph.allows("Attention"):
        return None
    allowed = layer._compute_attention_mask(
        query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask
    )
    denses = (layer._query_dense, layer._key_dense, layer._value_dense)
    flat = [_projected(exporter, dense, exporter.value(x), query.dtype)
            for dense, x in zip(denses, tensors, strict=True)]  # fmt: skip
    (heads, size), (shared, _), _ = layer.sizes_in_heads()
    allowed = None if allowed is None else layer._widened(allowed, 4)
    answers = exporter.graph.node(
        "Attention",
        *flat,
        _added(exporter, allowed, query, value, limits(query.dtype)[0] * 0.5),
        q_num_heads=heads,
        kv_num_heads=shared,
        scale=float(size**-0.5),
    )
    if layer._gate_dense is not None:
        gate = _projected(exporter, layer._gate_dense, exporter.value(query), query.dtype)
        answers = exporter.graph.node("Mul", answers, gate)
    return _projected(exporter, layer._output_dense, answers, query.dtype)


def _projected(exporter: Any, dense: Any, value: Value, dtype: str) -> Value:
    """A projection with its heads side by side on one axis."""
    graph, kernel = exporter.graph, dense.kernel
    out = dense.name == "attention_output"
    inner = math.prod(kernel.shape[:-1]) if out else kernel.shape[0]
    before, graph.scope = graph.scope, f"{graph.scope}/{dense.name}"
    flat = exporter.weight(kernel, lambda array: array.reshape(inner, -1), dtype, "flat")
    made = graph.node("MatMul", value, flat)
    if dense.bias is not None:
        bias = exporter.weight(dense.bias, lambda array: array.reshape(-1), dtype, "flat")
        made = graph.node("Add", made, bias)
    graph.scope = before
    return activated(exporter, dense.activation, made, (), dtype)


def _added(exporter: Any, allowed: Any, query: Any, value: Any, low: float) -> Value | None:
    """What is added to the scores: 0, or a large negative number where nobody may look.

    ONNX stretches it over samples and heads, but not over queries.
    """
    if allowed is None:
        return None
    shape = (*extents_of(allowed)[:-2], extents_of(query)[1], extents_of(value)[1])
    numbers = ops.cast(ops.where(allowed, 0.0, low), query.dtype)
    added: Value = exporter.value(ops.broadcast_to(numbers, shape))
    return added


@rule(
    layers.Attention,
    operators="Attention",
    limits=f'`score_mode="concat"`, {_LIMITS}',
)
def _attention(
    exporter: Any, layer: Any, inputs: Any, mask: Any = None,
    return_attention_scores: bool = False, use_causal_mask: bool = False,
) -> Written:  # fmt: skip
    query, value, key = inputs[0], inputs[1], inputs[-1]
    fits = all(x.ndim == 3 and is_single(x) for x in inputs) and layer.score_mode == "dot"
    if not fits or return_attention_scores or not exporter.graph.allows("Attention"):
        return None
    query_mask, value_mask = mask[:2] if mask is not None else (None, None)
    allowed = None if value_mask is None else ops.expand_dims(value_mask, -2)
    if use_causal_mask:
        scores = ops.zeros((1, extents_of(query)[1], extents_of(key)[1]))
        before = ops.greater_equal(indices_like(scores, 1), indices_like(scores, 2))
        allowed = before if allowed is None else ops.logical_and(allowed, before)
    if allowed is not None:
        allowed = ops.expand_dims(allowed, 1)
    scaled = query if layer.scale is None else ops.multiply(query, layer.scale)
    answers = exporter.graph.node(
        "Attention",
        *(exporter.value(x) for x in (scaled, key, value)),
        _added(exporter, allowed, query, value, -65504.0 if query.dtype == "float16" else -1e9),
        q_num_heads=1,
        kv_num_heads=1,
        scale=1.0,
    )
    if query_mask is None:
        return answers
    kept = exporter.value(ops.cast(ops.expand_dims(query_mask, -1), query.dtype))
    return exporter.graph.node("Mul", answers, kept)
