"""Attention without projections: each query is answered with an average of values."""

from __future__ import annotations

from typing import Any

from geartrain import ops, random
from geartrain.errors import describe_value
from geartrain.layers.arguments import fraction, one_of
from geartrain.layers.layer import Layer
from geartrain.ops.operands import dtype_of, extents_of, indices_like
from geartrain.random import SeedGenerator
from geartrain.registry import register


@register("layers")
class Attention(Layer):
    """`softmax(query . key) . value`: values averaged by how near their keys are to a query.

    Args:
        use_scale: whether the scores are multiplied with a number that is learnt.
        score_mode: "dot" for the product of query and key; "concat" for a learnt number times
            `sum(tanh(query + key))`.
        dropout: the share of the weights that is set to 0 in training.
        seed: of the dropout; by default drawn from the global seed.

    Weights: scale (), with use_scale; concat_score_weight (), with "concat".

    Call: a list [query, value] or [query, value, key] of shapes (batch, queries, features),
    (batch, values, features) and (batch, values, features); the keys are the values if there are
    none. `mask` is a list of two (or three) masks: outputs of queries that are masked are 0,
    values that are masked are left out. With `use_causal_mask`, query i sees values 0 to i only.
    With `return_attention_scores`, the weights come as a second result.

    Raises ValueError for anything but such lists, or another score_mode.

    Source: Luong et al., "Effective approaches to attention-based neural machine translation",
    2015.

    >>> query, value = ops.array([[[9.0, 0.0]]]), ops.array([[[9.0, 0.0], [0.0, 9.0]]])
    >>> Attention()([query, value]).round(4)
    array([[[9., 0.]]], dtype=float32)
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.use_scale = use_scale
        self.score_mode = one_of(self, "score_mode", score_mode, ("dot", "concat"))
        self.dropout = fraction(self, "dropout", dropout)
        self.seed = seed
        if dropout:
            self.seed_generator = SeedGenerator(seed)
        self.scale: Any = None
        self.concat_score_weight: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the learnt numbers, as far as there are any."""
        self._check_list("inputs", input_shape)
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                name="concat_score_weight", shape=(), initializer="ones"
            )

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The averages, one for each query."""
        self._check_list("inputs", inputs)
        if mask is not None:
            self._check_list("mask", mask)
        query, value = inputs[:2]
        query_mask, value_mask = mask[:2] if mask is not None else (None, None)
        scores = self._calculate_scores(query, inputs[-1])
        allowed = None if value_mask is None else ops.expand_dims(value_mask, -2)
        if use_causal_mask:
            last = len(extents_of(scores)) - 1
            before = ops.greater_equal(indices_like(scores, last - 1), indices_like(scores, last))
            allowed = before if allowed is None else ops.logical_and(allowed, before)
        if allowed is not None:
            least = 65504.0 if dtype_of(scores) == "float16" else 1e9
            scores = ops.where(allowed, scores, ops.subtract(scores, least))
        weights = ops.softmax(scores)
        if training and self.dropout:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        output = ops.matmul(weights, value)
        if query_mask is not None:
            output = ops.where(ops.expand_dims(query_mask, -1), output, 0.0)
        return (output, weights) if return_attention_scores else output

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        """How near each query is to each key: (batch, queries, values)."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        both = self._sums(query, key)
        both = both if self.scale is None else ops.multiply(both, self.scale)
        return ops.multiply(ops.sum(ops.tanh(both), axis=-1), self.concat_score_weight)

    def _sums(self, query: Any, key: Any) -> Any:
        """Each query plus each key: (batch, queries, values, features)."""
        return ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the queries."""
        return None if previous_mask is None else previous_mask[0]

    def _check_list(self, name: str, value: Any) -> None:
        if not isinstance(value, list) or len(value) not in (2, 3):
            what = "masks" if name == "mask" else "tensors"
            raise ValueError(
                f"{self._who()}: expected {name} as a list of {what}, [query, value] or "
                f"[query, value, key]. Received: {describe_value(value)}"
            )


@register("layers")
class AdditiveAttention(Attention):
    """Attention with the scores `sum(scale * tanh(query + key))`.

    Args:
        use_scale: whether there is a factor for each feature, that is learnt.
        dropout: the share of the weights that is set to 0 in training.
        seed: of the dropout.

    Weights: scale (features,), with use_scale.

    Call: see `Attention`.

    Source: Bahdanau et al., "Neural machine translation by jointly learning to align and
    translate", 2015.

    >>> import numpy as np
    >>> query, value = np.zeros((1, 2, 4), "float32"), np.ones((1, 3, 4), "float32")
    >>> AdditiveAttention()([query, value]).shape
    (1, 2, 4)
    """

    accepts = (*Layer.accepts, "score_mode", "seed")

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the factors."""
        self._check_list("inputs", input_shape)
        if self.use_scale:
            self.scale = self.add_weight(
                name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform"
            )

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        near = ops.tanh(self._sums(query, key))
        return ops.sum(near if self.scale is None else ops.multiply(near, self.scale), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the seed."""
        return {**super().get_config(), "seed": self.seed}
