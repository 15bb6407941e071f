"""What the attention layers with heads share: projections, masks, softmax between the heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import constraints, initializers, ops, regularizers
from geartrain.graph.node import Node
from geartrain.layers.activation_layers import Softmax
from geartrain.layers.arguments import fraction, only_default, positive
from geartrain.layers.einsum_dense import EinsumDense
from geartrain.layers.layer import Layer
from geartrain.layers.regularization import Dropout
from geartrain.ops.operands import extents_of, ladder

Shape = tuple[int | None, ...]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class HeadsAttention(Layer):
    """Base: query, key and value go through a projection each, attend in every head, and come back.

    A subclass says by `sizes_in_heads` how many heads there are, and what is in one.
    """

    output_shape: tuple[int, ...] | None = None

    def __init__(
        self,
        kernel: tuple[Any, Any, Any],
        bias: tuple[Any, Any, Any],
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        use_gate: bool,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.dropout = fraction(self, "dropout", dropout)
        self.use_bias, self.use_gate, self.seed = use_bias, use_gate, seed
        self.sliding_window = (
            None if sliding_window is None else positive(self, "sliding_window", sliding_window)
        )
        only_default(self, flash_attention=flash_attention)
        for kind, (initial, penalty, bound) in (("kernel", kernel), ("bias", bias)):
            setattr(self, f"{kind}_initializer", initializers.get(initial))
            setattr(self, f"{kind}_regularizer", regularizers.get(penalty))
            setattr(self, f"{kind}_constraint", constraints.get(bound))
        self.attention_axes: Any = (1,)
        self._gate_dense: Any = None

    # -- making -----------------------------------------------------------------------------------

    def sizes_in_heads(self) -> tuple[list[int], list[int], list[int]]:
        """Of queries, of keys and of values: how many heads, and the size of a row in one."""
        raise NotImplementedError

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        self._check_lengths(value_shape, key_shape)
        query_sizes, key_sizes, value_sizes = self.sizes_in_heads()
        answer_sizes = [query_sizes[0], value_sizes[1]]
        self._query_dense = self._projection("query", query_shape, query_sizes)
        self._key_dense = self._projection("key", key_shape, key_sizes)
        if self.use_gate:
            self._gate_dense = self._projection("gate", query_shape, answer_sizes)
        self._value_dense = self._projection("value", value_shape, value_sizes)
        self._choose_axes(len(query_shape) + 1)
        answers, sizes = (*query_shape[:-1], *answer_sizes), self.output_shape or query_shape[-1:]
        self._output_dense = self._projection("attention_output", answers, sizes, bound=2)

    def _projection(self, name: str, shape: Shape, sizes: Sequence[int], bound: int = 1) -> Any:
        """A layer from the last `bound` axes of a shape to axes of these sizes."""
        rank = len(shape)
        letters = LETTERS[: rank + len(sizes)]
        free, summed, made = letters[: rank - bound], letters[rank - bound : rank], letters[rank:]
        initial = {
            f"{kind}_initializer": type(one).from_config(one.get_config())  # drawn for each anew
            for kind, one in (("kernel", self.kernel_initializer), ("bias", self.bias_initializer))
        }
        layer = EinsumDense(
            f"{free}{summed},{summed}{made}->{free}{made}",
            output_shape=(*[None] * (len(free) - 1), *sizes),
            bias_axes=made if self.use_bias else None,
            activation="sigmoid" if name == "gate" else None,
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self.activity_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype_policy,
            name=name,
            **initial,
        )
        layer.build(shape)
        return layer

    def _choose_axes(self, rank: int) -> None:
        """Which axes attend to which, and the products that this takes, for projected tensors."""
        chosen = range(1, rank - 2) if self.attention_axes is None else self.attention_axes
        self.attention_axes = tuple(axis + rank - 1 if axis < 0 else axis for axis in chosen)
        target, others = LETTERS[:rank], iter(LETTERS[rank:])
        axes = self.attention_axes
        source = "".join(next(others) if n in axes else target[n] for n in range(rank))
        batch = "".join(target[n] for n in range(rank - 1) if n not in axes)
        scores = batch + "".join(target[n] for n in axes) + "".join(source[n] for n in axes)
        self._equations = f"{target},{source}->{scores}", f"{scores},{source}->{target}"
        last = tuple(range(len(scores) - len(axes), len(scores)))
        self._softmax = Softmax(axis=last, dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self.dropout, dtype=self.dtype_policy, seed=self.seed)

    def _check_lengths(self, value_shape: Any, key_shape: Any) -> None:
        """Refuse values and keys of different lengths."""
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                f"{self._who()}: expected value and key of equal sizes, up to the last axis. "
                f"Received: shapes {tuple(value_shape)} and {tuple(key_shape)}. There is one value "
                "for each key."
            )

    # -- calls ------------------------------------------------------------------------------------

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The answers to the queries, and with `return_attention_scores` the weights."""
        key = value if key is None else key
        allowed = self._compute_attention_mask(
            query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask
        )
        gate = self._gate_dense(query) if self._gate_dense is not None else None
        query, key, value = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        output, scores = self._compute_attention(
            query, key, value, allowed, training, return_attention_scores
        )
        output = self._output_dense(output if gate is None else ops.multiply(output, gate))
        return (output, scores) if return_attention_scores else output

    def _compute_attention_mask(
        self,
        query: Any,
        value: Any,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """All masks in one, of shape (batch, queries, values); None if there are none."""
        masks = [] if attention_mask is None else [ops.cast(attention_mask, "bool")]
        for mask, axis in ((query_mask, -1), (value_mask, -2), (key_mask, -2)):
            if mask is not None:
                masks.append(ops.expand_dims(ops.cast(mask, "bool"), axis))
        if use_causal_mask or self.sliding_window is not None:
            shape = (1, extents_of(query)[1], extents_of(value)[1])
            rows, columns = (ladder(shape, axis, isinstance(query, Node)) for axis in (1, 2))
            if use_causal_mask:
                masks.append(ops.greater_equal(rows, columns))
            if self.sliding_window is not None:
                apart = ops.absolute(ops.subtract(rows, columns))
                masks.append(ops.less(apart, self.sliding_window))
        whole = None
        for mask in masks:
            whole = mask if whole is None else ops.logical_and(whole, mask)
        return whole

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
    ) -> tuple[Any, Any]:
        """The answers in each head, and the weights if they are asked for (or None)."""
        rank = len(extents_of(query))
        if not self.dropout and not return_attention_scores and rank == 4:
            mask = self._widened(attention_mask, rank)
            return ops.dot_product_attention(query, key, value, mask=mask), None
        key, value = self._for_each_head(key), self._for_each_head(value)
        product, combination = self._equations
        scores = ops.einsum(product, ops.multiply(query, extents_of(query)[-1] ** -0.5), key)
        scores = self._masked_softmax(scores, attention_mask)
        kept = self._dropout_layer(scores, training=training) if self.dropout else scores
        return ops.einsum(combination, kept, value), scores

    def _for_each_head(self, x: Any) -> Any:
        """Keys or values with a head for each of the query's."""
        return x

    def _masked_softmax(self, scores: Any, attention_mask: Any = None) -> Any:
        """The weights: softmax of the scores that the mask lets through."""
        return self._softmax(scores, mask=self._widened(attention_mask, len(extents_of(scores))))

    def _widened(self, mask: Any, rank: int) -> Any:
        """The mask with axes of size 1 for what it says nothing of, such as heads."""
        while mask is not None and len(extents_of(mask)) < rank:
            mask = ops.expand_dims(mask, -2 * len(self.attention_axes) - 1)
        return mask
