"""The variables of layers."""

from __future__ import annotations

from typing import Any

from geartrain.graph.dtypes import is_float
from geartrain.layers.context import current_context
from geartrain.ops.operands import operand
from geartrain.runtime.variable import Variable


class Weight(Variable):
    """A variable that, in a layer's call, is read in the dtype that the layer computes in.

    So under the policy `"mixed_bfloat16"` weights are kept in float32 and used in bfloat16.
    `autocast=False` turns that off.

    >>> from geartrain.layers import Dense
    >>> layer = Dense(2, dtype="mixed_float16")
    >>> layer([[1.0, 2.0]]).dtype, layer.kernel.dtype
    (dtype('float16'), 'float32')
    """

    def __init__(
        self, initializer: Any, shape: Any, dtype: str, trainable: bool, autocast: bool,
        aggregation: Any, name: Any,
    ) -> None:  # fmt: skip
        super().__init__(initializer, shape, dtype, trainable, aggregation=aggregation, name=name)
        self.autocast = autocast

    def __reduce_ex__(self, protocol: Any) -> Any:
        _, *rest = super().__reduce_ex__(protocol)
        return copied, *rest

    def __tensor__(self) -> Any:
        tensor = super().__tensor__()
        context = current_context()
        wanted = context.compute_dtype if context is not None and self.autocast else None
        if wanted is None or wanted == self.dtype or not is_float(self.dtype):
            return tensor
        return operand(tensor, wanted)


def copied(array: Any, dtype: str, name: str) -> Weight:
    """The weight that was copied or pickled, before what is set of it is."""
    return Weight(array, array.shape, dtype, True, True, "none", name)
