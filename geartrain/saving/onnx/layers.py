"""Layers for what ONNX says and Keras has no layer for.

Files name them under this module, so a model that was read from ONNX can be saved and loaded as any
other; real Keras has no such layers and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geartrain import ops, tree
from geartrain.errors import shown
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, Shape, public
from geartrain.layers.layer import Layer
from geartrain.ops import views
from geartrain.ops.operands import extents_of, ladder, number_of
from geartrain.ops.scan import scan
from geartrain.registry import register


@register("onnx")
class Parameter(Layer):
    """A weight by itself: what PyTorch calls a parameter of a module.

    Args:
        shape: its shape.

    Weights: value.

    Call: the weight, whatever the input.

    >>> Parameter((2,))(np.zeros((5, 3), "float32")).shape
    (2,)
    """

    def __init__(self, shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Make the weight."""
        self.value = self.add_weight(shape=self.shape, initializer="zeros", name="value")

    def call(self, inputs: Any) -> Any:
        """The weight."""
        return ops.convert_to_tensor(self.value)


@register("onnx")
class Sized(Layer):
    """An operation whose sizes are those of other tensors, known when it runs.

    Args:
        operation: "reshape", "broadcast_to", "full" (`number` everywhere), "arange" (from 0 to the
            only size), "slice" (each axis up to its size), or "sizes" (the sizes themselves).
        sizes: for each axis a number, or a sum of products: `[[2, [0, 1]], [1]]` is twice the size
            of axis 1 of the first tensor after the operands, and 1.
        operands: how many of the tensors are operands.
        number, number_dtype: for "full".

    Call: the operands, then the tensors that sizes are read off, as a list.

    >>> x = np.zeros((6, 4), "float32")
    >>> Sized("reshape", [2, [[1, [0, 0]]], 4], 1)([x, np.zeros((3, 1), "float32")]).shape
    (2, 3, 4)
    """

    def __init__(
        self,
        operation: str,
        sizes: Any,
        operands: int = 0,
        number: float = 0.0,
        number_dtype: str = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        known = ("reshape", "broadcast_to", "full", "arange", "slice", "sizes")
        if operation not in known:
            raise ValueError(
                f"{self._who()}: expected an operation of {known}. Received: {operation!r}"
            )
        self.operation, self.sizes, self.operands = operation, sizes, operands
        self.number, self.number_dtype = number, number_dtype
        self.autocast = False

    def call(self, inputs: Any) -> Any:
        """The operation's result."""
        operands, references = inputs[: self.operands], inputs[self.operands :]
        sizes = tuple(self._size(terms, references) for terms in self.sizes)
        if self.operation == "sizes":
            return ops.stack([number_of(size, "int64") for size in sizes])
        if self.operation == "arange":
            return ladder(sizes, 0, any(isinstance(x, Node) for x in references), "int64")
        if self.operation == "full":
            number: Any = np.asarray(self.number, numpy_dtype(self.number_dtype))
            symbolic = any(isinstance(x, Node) for x in references)
            return ops.broadcast_to(Node.wrap(number) if symbolic else number, sizes)
        if self.operation == "slice":
            return self._front(operands[0], sizes)
        return getattr(ops, self.operation)(operands[0], sizes)

    def _front(self, x: Any, sizes: Shape) -> Any:
        """The front of each axis."""
        for own, size in zip(extents_of(x), sizes, strict=True):
            if isinstance(own, int) and isinstance(size, int) and size > own:
                raise ValueError(
                    f"{self._who()}: expected sizes of at most {public(extents_of(x))}, of a table "
                    f"that was exported. Received: {public(sizes)}"
                )
        rank = len(sizes)
        return views.slice_(x, start=(0,) * rank, length=sizes, step=(1,) * rank)

    def _size(self, terms: Any, references: list[Any]) -> Extent:
        if isinstance(terms, int):
            return terms
        total: Extent = 0
        for count, *axes in terms:
            product: Extent = count
            for reference, axis in axes:
                product = extents_of(references[reference])[axis] * product
            total = product + total
        return total


@register("onnx")
class Loop(Layer):
    """A model that runs once for each turn, and hands states on: ONNX's `Scan`.

    Its weights are those of the model, which are trained through all turns.

    Args:
        body: a model whose inputs are the states, one item of each sequence, and values from
            outside; its outputs are the new states, and what else each turn gives, of one dtype.
        states: how many states there are.
        sequences: how many sequences there are.
        reverse: from the last item to the first.

    Call: the states at first, the sequences, each (turns, ...), and the values from outside, as a
    list; gives the states at last, and the other outputs of all turns, each (turns, ...).

    Raises ValueError for a body with other inputs and outputs.

    >>> from geartrain import layers, models
    >>> total, item = layers.Input((1,)), layers.Input((1,))
    >>> body = models.Model([total, item], [layers.Add()([total, item])])
    >>> loop = Loop(body, states=1, sequences=1)
    >>> loop([np.zeros((1, 1), "float32"), np.ones((3, 1, 1), "float32")])[0]
    array([[3.]], dtype=float32)
    """

    def __init__(
        self, body: Any, states: int, sequences: int, reverse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        inputs, outputs = (len(getattr(body, name, None) or ()) for name in ("inputs", "outputs"))
        if not isinstance(body, Layer) or inputs < states + sequences or outputs < states:
            raise ValueError(
                f"{self._who()}: expected a model that takes {states} states and an item of "
                f"{sequences} sequences, and gives the new states. Received: {shown(body)} with "
                f"{inputs} inputs and {outputs} outputs"
            )
        self.body, self.states, self.sequences, self.reverse = body, states, sequences, reverse
        self.autocast = False

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The last states, and the outputs of all turns."""
        border = self.states + self.sequences
        first, items, outside = inputs[: self.states], inputs[self.states : border], inputs[border:]

        def turn(states: list[Any], now: list[Any]) -> tuple[list[Any], list[Any]]:
            given = [*states, *now, *outside]
            made = tree.flatten(self.body(given if len(given) > 1 else given[0], training=training))
            return made[: self.states], made[self.states :]

        made = scan(turn, list(first), list(items), reverse=self.reverse, keep=training)
        last = 0 if self.reverse else -1
        return [*(one[last] for one in made[: self.states]), *made[self.states :]]
