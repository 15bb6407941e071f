"""Layers that only rearrange their input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import ops
from geartrain.graph.shapes import product
from geartrain.layers.arguments import data_format_of, positive
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.ops.operands import extents_of
from geartrain.registry import register


@register("layers")
class Flatten(Layer):
    """Each sample as one vector: (batch, a, b, c) becomes (batch, a * b * c).

    Args:
        data_format: `"channels_first"` moves the channels behind first, so that the order of the
            values is that of `"channels_last"`.

    >>> import numpy as np
    >>> Flatten()(np.zeros((5, 28, 28))).shape
    (5, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """The vectors."""
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        batch, *rest = extents_of(inputs)
        return ops.reshape(inputs, (batch, product(rest)))


@register("layers")
class Reshape(Layer):
    """Each sample under another shape, with its values in the same order.

    Args:
        target_shape: the new shape, without the batch axis. One size may be -1 (or None):
            whatever is left over.

    Raises ValueError for a shape of another number of values.

    >>> import numpy as np
    >>> Reshape((7, -1))(np.zeros((5, 28))).shape
    (5, 7, 4)
    """

    has_state = False

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = [-1 if size is None else size for size in target_shape]
        wrong = [v for v in sizes if isinstance(v, bool) or not hasattr(v, "__index__") or v < -1]
        if wrong or sizes.count(-1) > 1:
            raise ValueError(
                f"{self._who()}: expected target_shape as sizes, with at most one -1. "
                f"Received: {target_shape!r}"
            )
        self.target_shape = tuple(map(int, sizes))

    def call(self, inputs: Any) -> Any:
        """The reshaped samples."""
        batch, *rest = extents_of(inputs)
        known = product(size for size in self.target_shape if size != -1)
        total = product(rest)
        if isinstance(total, int) and isinstance(known, int):
            fits = total == known if -1 not in self.target_shape else known and total % known == 0
            if not fits:
                raise ValueError(
                    f"{self._who()}: expected samples that fill the shape {self.target_shape}. "
                    f"Received shape {tuple(inputs.shape)}: {total} values a sample."
                )
            shape = [total // known if size == -1 else size for size in self.target_shape]
            return ops.reshape(inputs, (batch, *shape))
        return ops.reshape(inputs, (batch, *self.target_shape))


@register("layers")
class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: for each axis of the output, the axis of the input, counted from 1.

    Raises ValueError for anything but an order of the numbers from 1.

    >>> import numpy as np
    >>> Permute((2, 1))(np.zeros((5, 28, 3))).shape
    (5, 3, 28)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"{self._who()}: expected dims as an order of 1 to {len(self.dims)}. "
                f"Received: {self.dims}"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """The transposed samples."""
        return ops.transpose(inputs, (0, *self.dims))


@register("layers")
class RepeatVector(Layer):
    """Each vector n times: (batch, features) becomes (batch, n, features).

    Args:
        n: how often.

    Raises ValueError for n < 1.

    >>> RepeatVector(2)([[1.0, 2.0]])
    array([[[1., 2.],
            [1., 2.]]], dtype=float32)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """The repeated vectors."""
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)
