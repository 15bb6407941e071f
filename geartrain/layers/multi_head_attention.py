"""Attention with several heads, as in transformers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from geartrain.layers.arguments import positive
from geartrain.layers.heads import HeadsAttention
from geartrain.layers.layer import COMMON_KEYS
from geartrain.registry import register


@register("layers")
class MultiHeadAttention(HeadsAttention):
    """Attention in several heads, each with projections of its own: the core of transformers.

    `softmax(query Q . key K / sqrt(key_dim)) . value V` in each head; the heads' answers, side by
    side, go through one more projection.

    Args:
        num_heads: how many heads there are.
        key_dim: the size of a query and a key in a head.
        value_dim: the size of a value in a head; that of the keys by default.
        dropout: the share of the weights that is set to 0 in training.
        use_bias: whether the projections have biases.
        output_shape: the sizes of the output's last axes; that of the query by default.
        attention_axes: the axes to attend over; by default all but the batch's and the features'.
        sliding_window: a query sees keys less than so many places away.
        flash_attention: None or False, since there is one way only here.
        kernel_initializer, bias_initializer: the first values of the weights.
        kernel_regularizer, bias_regularizer: penalties on the weights.
        activity_regularizer: a penalty on the outputs of the projections.
        kernel_constraint, bias_constraint: projections of the weights after each update.
        use_gate: whether a sigmoid of a projection of the query gates the heads' answers.
        seed: of the dropout.

    Weights: kernel (features, heads, size) and bias (heads, size) of query, key, gate and value;
    kernel (heads, value_dim, features) and bias (features,) of the output.

    Call: query (batch, queries, features), value (batch, values, features), and key like the value,
    which is the value by default. `attention_mask`, booleans of a shape that stretches to
    (batch, queries, values), says which values a query sees; masks of value and key, given or
    passed on by the layers before, leave out theirs. With `use_causal_mask`, query i sees values 0
    to i. The mask of the query is passed on. With `return_attention_scores` the weights (batch,
    heads, queries, values) come as a second result.

    Raises ValueError for sizes that are not whole numbers, and values and keys of unequal lengths.

    Source: Vaswani et al., "Attention is all you need", 2017.

    >>> import numpy as np
    >>> layer = MultiHeadAttention(num_heads=2, key_dim=3)
    >>> x = np.zeros((1, 5, 4), "float32")
    >>> output, weights = layer(x, x, return_attention_scores=True)
    >>> output.shape, weights.shape
    ((1, 5, 4), (1, 2, 5, 5))
    """

    config_order = (
        *COMMON_KEYS,
        "num_heads",
        "key_dim",
        "value_dim",
        "dropout",
        "use_bias",
        "use_gate",
    )

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: int | Sequence[int] | None = None,
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
        self.num_heads = positive(self, "num_heads", num_heads)
        self.key_dim = positive(self, "key_dim", key_dim)
        self.value_dim = key_dim if value_dim is None else positive(self, "value_dim", value_dim)
        several = output_shape is None or isinstance(output_shape, Iterable)
        sizes = tuple(output_shape or ()) if several else (output_shape,)
        self.output_shape = tuple(positive(self, "output_shape", size) for size in sizes) or None
        if attention_axes is not None:
            one = not isinstance(attention_axes, Iterable)
            attention_axes = (attention_axes,) if one else tuple(attention_axes)
        self.attention_axes = attention_axes

    def sizes_in_heads(self) -> tuple[list[int], list[int], list[int]]:
        """The heads of queries, of keys and of values, and the sizes in them."""
        sizes = [self.num_heads, self.key_dim]
        return sizes, sizes, [self.num_heads, self.value_dim]

    @property
    def query_dense(self) -> Any:
        """The projection of the query."""
        return self._query_dense

    @property
    def key_dense(self) -> Any:
        """The projection of the key."""
        return self._key_dense

    @property
    def value_dense(self) -> Any:
        """The projection of the value."""
        return self._value_dense

    @property
    def output_dense(self) -> Any:
        """The projection of the heads' answers."""
        return self._output_dense
