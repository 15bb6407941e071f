"""Where data enters a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain.errors import shown
from geartrain.graph.dtypes import standardize_dtype
from geartrain.graph.node import Node
from geartrain.layers.arguments import sizes_of
from geartrain.layers.layer import Layer
from geartrain.layers.symbolic import Call, KerasTensor
from geartrain.registry import register


@register("layers")
class InputLayer(Layer):
    """The layer behind `Input`: it only stands for the data.

    Args: those of `Input`; `input_tensor` is its `tensor`.

    >>> InputLayer((28, 28), name="images").output
    <KerasTensor shape=(None, 28, 28), dtype=float32>
    """

    is_guessed = False  # made for the data that a row of layers first got, which may change

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, autocast=False)
        shape = kwargs.get("input_shape", shape)
        batch_shape = kwargs.get("batch_input_shape", batch_shape)
        if sparse or ragged:
            kind = "sparse" if sparse else "ragged"
            raise ValueError(f"{self._who()}: expected dense tensors. Received: {kind}=True")
        if input_tensor is not None:
            _check_tensor(self._who(), input_tensor)
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        elif (shape is None) == (batch_shape is None):
            raise ValueError(
                f"{self._who()}: expected one of shape and batch_shape. "
                f"Received: shape={shape}, batch_shape={batch_shape}"
            )
        elif batch_size is not None and batch_shape is not None:
            raise ValueError(
                f"{self._who()}: expected batch_size with shape only. "
                f"Received: batch_size={batch_size}, batch_shape={batch_shape}"
            )
        elif shape is not None:
            batch_shape = (batch_size, *sizes_of(self._who(), shape))
        self.batch_shape = sizes_of(self._who(), batch_shape)
        self._input_dtype = standardize_dtype(dtype)
        self.sparse, self.ragged, self.optional = False, False, bool(optional)
        call = Call(self, (), {})
        call.outputs = KerasTensor(self.batch_shape, self._input_dtype, name=self.name, call=call)
        self._calls.append(call)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The input as it is."""
        return inputs

    @property
    def dtype(self) -> str:
        """The dtype of the data."""
        return self._input_dtype

    def get_config(self) -> dict[str, Any]:
        """The shape with the batch axis, the dtype and the name."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }


def _check_tensor(who: str, tensor: Any) -> None:
    if not isinstance(tensor, Node):
        raise ValueError(f"{who}: expected a symbolic tensor as tensor. Received: {shown(tensor)}")


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Any:
    """A symbolic tensor that stands for a model's input.

    Args:
        shape: the shape of one sample, without the batch axis; None for an unknown size.
        batch_size: the size of the batch axis, if it is fixed.
        dtype: the dtype, `floatx()` by default.
        sparse, ragged: there are only dense tensors here, so True is refused.
        batch_shape: the shape with the batch axis, instead of `shape`.
        name: the input's name.
        tensor: a symbolic tensor whose shape and dtype to take.
        optional: accepted as in Keras.

    Raises ValueError for no shape, or two.

    >>> Input((784,))
    <KerasTensor shape=(None, 784), dtype=float32>
    """
    layer = InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name=name
    )
    return layer.output
