"""Where an operator is being built, and what its function works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from geartrain import activations, layers, ops
from geartrain.errors import describe_value
from geartrain.graph.dtypes import is_float
from geartrain.graph.node import Node
from geartrain.graph.shapes import BATCH, Dim, Extent, Shape, holds_dim, public
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.saving.onnx.reader.network import Use
from geartrain.saving.onnx.reader.values import Filled, Initial, Source, Value, holds_unknown

if TYPE_CHECKING:
    from geartrain.saving.onnx.reader.builder import Builder


class Place:
    """One use of an operator: its values as tensors, arrays, weights or sizes, and new layers."""

    def __init__(self, builder: Builder, use: Use) -> None:
        self.builder, self.use = builder, use
        self.opset = builder.network.opset

    def wanted(self, number: int) -> bool:
        """Whether anything reads this output of the node."""
        outputs = self.use.outputs
        name = outputs[number] if number < len(outputs) else ""
        return bool(name and self.builder.consumers(name))

    def layer(
        self, cls: Any, weights: dict[str, Source] | None = None, kind: str = "", **config: Any
    ) -> Any:
        """A layer of that class whose weights are these values; see `Builder.layer`."""
        return self.builder.layer(self.use, kind, cls, weights or {}, config)

    def transposed(self, x: Node, order: Sequence[int]) -> Node:
        """The axes in another order; orders of orders become one."""
        order = tuple(order)
        if x in self.builder.permuted:
            x, before = self.builder.permuted[x]
            order = tuple(before[axis] for axis in order)
        if order == tuple(range(len(order))):
            return x
        if order[0] == 0:
            made = self.layer(layers.Permute, dims=order[1:], dtype=policy(x))(x)
        else:
            made = ops.transpose(x, order)
        self.builder.permuted[made] = (x, order)
        return made

    def in_order(self, tensors: Sequence[Any]) -> tuple[list[Any], tuple[int, ...] | None]:
        """Tensors that were put in one order as they were before, and that order; else None."""
        found = [self.builder.permuted.get(x) if isinstance(x, Node) else None for x in tensors]
        orders = {one[1] if one else None for one in found}
        if len(orders) > 1 or None in orders:
            return list(tensors), None
        return [one[0] for one in found if one], orders.pop()

    def activation(self, function: str, x: Value) -> Any:
        """The layer `Activation` of a tensor; of an array, the function itself."""
        if not isinstance(x, Node) or not is_float(dtype_of(x)):
            return self.compute(activations.get(function), x)
        if x in self.builder.permuted:  # of what is put in order behind it
            source, order = self.builder.permuted[x]
            return self.transposed(self.activation(function, source), order)
        made = self.layer(layers.Activation, kind=function, activation=function, dtype=policy(x))
        return made(x)

    def compute(self, function: Callable[..., Any], *values: Any) -> Any:
        """See `Builder.compute`."""
        return self.builder.compute(function, *values)

    def tensor(self, value: Any, what: str = "input") -> Node:
        """The value as a symbolic tensor."""
        made = self.builder.operand(value)
        if not isinstance(made, Node):
            raise ValueError(
                f"expected {what} as a tensor that depends on the network's inputs. Received: a "
                f"constant of shape {getattr(made, 'shape', ())}"
            )
        return made

    def array(self, value: Any, what: str) -> np.ndarray:
        """The value as an array that is known now."""
        if isinstance(value, Initial):
            return value.array()
        if isinstance(value, Filled) and not holds_dim(value.shape):
            self.builder.spend(prod(value.shape))
            return np.full(value.shape, value.number)
        if not isinstance(value, np.ndarray) or holds_unknown(value):
            raise ValueError(
                f"expected {what} as a constant. Received: a value that depends on the inputs. "
                "Export the model with fixed values, or with constant folding."
            )
        return value

    def weight(self, value: Any, what: str) -> Initial | np.ndarray:
        """The value as what a layer's weight can be made of."""
        if isinstance(value, Initial):
            return value
        return self.array(value, what)

    def sizes(self, value: Any, what: str) -> tuple[Extent, ...]:
        """Whole numbers, some of which may be known at run time only."""
        array = value.array() if isinstance(value, Initial) else value
        if not isinstance(array, np.ndarray) or array.ndim > 1 or array.dtype.kind not in "iuO":
            raise ValueError(
                f"expected {what} as whole numbers, known or made of sizes. Received: "
                f"{describe_value(array)}"
            )
        return tuple(one if isinstance(one, Dim) else int(one) for one in array.reshape(-1))

    def freed(self, wanted: Sequence[Extent], old: Shape) -> list[Extent]:
        """A shape in which the batch of the example that was exported is the batch at run time."""
        sizes = list(wanted)
        if sizes and old and old[0] == BATCH and sizes[0] == self.builder.example:
            sizes[0] = BATCH
        return sizes

    def numbers(self, value: Any, what: str) -> list[int]:
        """Whole numbers that are known now."""
        return [int(one) for one in self.array(value, what).reshape(-1)]


def expect(x: Node, axis: int, size: int, what: str) -> None:
    """Raise ValueError unless an axis of a tensor has this size: before any weight is made."""
    extent = extents_of(x)[axis]
    if extent != size:
        raise ValueError(
            f"expected inputs whose axis {axis} has the size {size} of {what}. Received shape "
            f"{public(extents_of(x))}"
        )


def policy(x: Any) -> str | None:
    """The dtype for layers of a tensor: its own, if it is of floats."""
    dtype = dtype_of(x)
    return dtype if is_float(dtype) else None
