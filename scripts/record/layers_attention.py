"""Attention layers: dot-product, additive, multi-head and grouped."""

from __future__ import annotations

import numpy as np

from record.common import Recording, args, generator, normal
from record.layers import NOTE, record_layer


def simple(recording: Recording, query, value, key) -> None:
    """Attention and AdditiveAttention, which take a list and a list of masks."""
    query_mask = generator("query mask").random(query.shape[:2]) > 0.3
    value_mask = generator("value mask").random(value.shape[:2]) > 0.3
    masks = args(call_arrays={"mask": [query_mask, value_mask]})
    scores, causal = args(return_attention_scores=True), args(use_causal_mask=True)
    for layer, configs in (
        ("Attention", [{}, args(use_scale=True), args(score_mode="concat", use_scale=True)]),
        ("AdditiveAttention", [{}, args(use_scale=False)]),
    ):
        for number, config in enumerate(configs):
            name = f"{layer}.{number}"
            record_layer(recording, name, layer, config, query, value, as_list=True)
        both = (layer, {}, query, value)
        record_layer(recording, f"{layer}.key", layer, {}, query, value, key, as_list=True)
        record_layer(recording, f"{layer}.mask", *both, as_list=True, **masks)
        record_layer(recording, f"{layer}.scores", *both, as_list=True, call=scores)
        self_attention = (layer, {}, value, value)
        record_layer(recording, f"{layer}.causal", *self_attention, as_list=True, call=causal)


def multi_head(recording: Recording, query, value, key) -> None:
    allowed = generator("attention mask").random((2, query.shape[1], value.shape[1])) > 0.3
    allowed[:, :, 0] = True
    heads = args(num_heads=2, key_dim=3)
    grouped = args(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    scores, causal = args(return_attention_scores=True), args(use_causal_mask=True)
    for layer, usual in (("MultiHeadAttention", heads), ("GroupQueryAttention", grouped)):
        record_layer(recording, f"{layer}.usual", layer, usual, query, value)
        record_layer(recording, f"{layer}.key", layer, usual, query, value, key)
        config = {**usual, "use_bias": False}
        record_layer(recording, f"{layer}.no_bias", layer, config, query, value)
        record_layer(recording, f"{layer}.scores", layer, usual, query, value, call=scores)
        record_layer(recording, f"{layer}.causal", layer, usual, value, value, call=causal)
        arrays = args(call_arrays={"attention_mask": allowed})
        record_layer(recording, f"{layer}.mask", layer, usual, query, value, **arrays)
    config = {**heads, "value_dim": 2, "output_shape": 5}
    both = "MultiHeadAttention", config, query, value
    # Without the scores, Keras's fast path on JAX refuses a value_dim other than key_dim.
    record_layer(recording, "MultiHeadAttention.sizes", *both, call=scores)
    padding = np.ones(value.shape[:2], bool)
    padding[0, 3:] = False
    arrays = args(call_arrays={"value_mask": padding})
    name = "MultiHeadAttention.value_mask"
    record_layer(recording, name, "MultiHeadAttention", heads, query, value, **arrays)


def record() -> Recording:
    recording = Recording(NOTE)
    query, value = normal("query", (2, 3, 4)), normal("value", (2, 5, 4))
    key = normal("key", (2, 5, 4))
    simple(recording, query, value, key)
    multi_head(recording, query, value, key)
    return recording
