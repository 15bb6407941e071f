"""An embedding that can be read the other way round, from vectors to scores of integers."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.layers.general import Embedding
from geartrain.layers.layer import COMMON_KEYS
from geartrain.ops.masks import set_mask
from geartrain.registry import register


@register("layers")
class ReversibleEmbedding(Embedding):
    """An `Embedding` whose table also turns vectors into logits: `inputs @ transpose(table)`.

    Language models read their last layer's vectors so, with the table of their first layer.

    Args:
        input_dim, output_dim, embeddings_initializer, embeddings_regularizer,
            embeddings_constraint, mask_zero: see `Embedding`.
        tie_weights: whether the table serves both ways; else the way back has its own.
        reverse_dtype: the dtype to compute logits in; the inputs' if None.
        logit_soft_cap: if given, logits become `cap * tanh(logits / cap)`.

    Weights: embeddings (input_dim, output_dim), and unless tied reverse_embeddings (output_dim,
    input_dim).

    Call: integers give vectors; with `reverse=True` vectors (..., output_dim) give logits
    (..., input_dim).

    >>> layer = ReversibleEmbedding(3, 2, embeddings_initializer="ones")
    >>> layer(layer([0, 2]), reverse=True)
    array([[2., 2., 2.],
           [2., 2., 2.]], dtype=float32)
    """

    config_order = (
        *COMMON_KEYS,
        "input_dim",
        "output_dim",
        "embeddings_initializer",
        "embeddings_regularizer",
        "activity_regularizer",
        "embeddings_constraint",
        "mask_zero",
        "tie_weights",
        "reverse_dtype",
        "logit_soft_cap",
    )

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **kwargs,
        )
        self.tie_weights = tie_weights
        self.reverse_dtype, self.logit_soft_cap = reverse_dtype, logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        """Make the table, or both."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The rows of the table, or the vectors' products with them."""
        if not reverse:
            vectors = super().call(inputs)
            set_mask(vectors, super().compute_mask(inputs))
            return vectors
        dtype = self.reverse_dtype or self.compute_dtype
        table = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        logits = ops.matmul(ops.cast(inputs, dtype), ops.cast(table, dtype))
        cap = self.logit_soft_cap
        return logits if cap is None else ops.tanh(logits / cap) * cap

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: the mask is left with the vectors, and logits have none."""
        return None
