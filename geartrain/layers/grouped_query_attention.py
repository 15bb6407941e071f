"""Attention whose heads share keys and values in groups."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.layers.arguments import positive
from geartrain.layers.heads import HeadsAttention
from geartrain.layers.layer import COMMON_KEYS
from geartrain.registry import register


@register("layers", "GroupQueryAttention")
class GroupedQueryAttention(HeadsAttention):
    """Attention in several heads, of which groups share their keys and values.

    With one head of keys and values it is multi-query attention; with as many as of queries,
    `MultiHeadAttention`.

    Args:
        head_dim: the size of queries, keys and values in a head.
        num_query_heads: how many heads of queries there are.
        num_key_value_heads: how many heads of keys and values; it divides that of the queries.
        dropout: the share of the weights that is set to 0 in training.
        use_bias: whether the projections have biases.
        sliding_window: a query sees keys less than so many places away.
        flash_attention: None or False, since there is one way only here.
        kernel_initializer, bias_initializer: the first values of the weights.
        kernel_regularizer, bias_regularizer: penalties on the weights.
        activity_regularizer: a penalty on the outputs of the projections.
        kernel_constraint, bias_constraint: projections of the weights after each update.
        use_gate: whether a sigmoid of a projection of the query gates the heads' answers.
        seed: of the dropout.

    Weights: kernel (features, heads, head_dim) and bias (heads, head_dim) of query, key, gate and
    value; kernel (heads, head_dim, features) and bias (features,) of the output.

    Call: see `MultiHeadAttention`; query, value and key are of rank 3.

    Raises ValueError for heads that do not divide, and values and keys of unequal lengths.

    Source: Ainslie et al., "GQA: training generalized multi-query transformer models", 2023.

    >>> import numpy as np
    >>> x = np.zeros((1, 5, 4), "float32")
    >>> layer = GroupedQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    >>> layer(x, x).shape, [weight.shape for weight in layer.weights][:3]
    ((1, 5, 4), [(4, 4, 3), (4, 3), (4, 2, 3)])
    """

    config_order = (
        *COMMON_KEYS,
        "head_dim",
        "num_query_heads",
        "num_key_value_heads",
        "use_bias",
        "use_gate",
        "sliding_window",
    )

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            (kernel_initializer, kernel_regularizer, kernel_constraint),
            (bias_initializer, bias_regularizer, bias_constraint),
            dropout, use_bias, sliding_window, flash_attention, use_gate, seed,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.head_dim = positive(self, "head_dim", head_dim)
        self.num_query_heads = positive(self, "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive(self, "num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{self._who()}: expected num_query_heads as a multiple of num_key_value_heads. "
                f"Received: {num_query_heads} and {num_key_value_heads}"
            )

    def sizes_in_heads(self) -> tuple[list[int], list[int], list[int]]:
        """The heads of queries, of keys and of values, and the sizes in them."""
        shared = [self.num_key_value_heads, self.head_dim]
        return [self.num_query_heads, self.head_dim], shared, shared

    def _for_each_head(self, x: Any) -> Any:
        return ops.repeat(x, self.num_query_heads // self.num_key_value_heads, axis=2)
