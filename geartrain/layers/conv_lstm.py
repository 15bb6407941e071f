"""Recurrent layers whose products are convolutions: for sequences of images."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.graph.shapes import Shape
from geartrain.layers.arguments import data_format_of, known_size, one_of, sizes
from geartrain.layers.cells import LSTMCell, Noise
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.recurrent import OfCell, divided
from geartrain.ops.convolution import convolved
from geartrain.registry import register, signature


class ConvLSTMCell(LSTMCell):
    """An LSTM cell that sees windows of its inputs and of its state.

    Args:
        filters: the channels of the state.
        kernel_size, strides, padding, data_format, dilation_rate: the windows over the inputs, as
            for convolutions. Those over the state have the same size, stride 1 and zeros around.
        rank: the number of spatial axes.
        arguments: those of `LSTMCell`.
    """

    projects_ahead = False
    accepts = (*LSTMCell.accepts, *signature(LSTMCell).parameters)

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        rank: int = 2,
        **arguments: Any,
    ) -> None:
        super().__init__(filters, **arguments)
        self.filters, self.rank = self.units, rank
        self.kernel_size = sizes(self, "kernel_size", kernel_size, rank)
        self.strides = sizes(self, "strides", strides, rank)
        self.dilation_rate = sizes(self, "dilation_rate", dilation_rate, rank)
        padding = padding.lower() if isinstance(padding, str) else padding
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.data_format = data_format_of(self, data_format)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{self._who()}: expected strides or dilation_rate to be 1. Received: "
                f"strides={self.strides}, dilation_rate={self.dilation_rate}"
            )
        self._channel_axis = -1 if self.data_format == "channels_last" else 1

    def build(self, input_shape: Any) -> None:
        """Make the kernel, the recurrent kernel and the bias; the image's size must be known."""
        row = list(input_shape[1:])
        place = self._channel_axis if self._channel_axis == -1 else 0
        channels = known_size(self, input_shape, self._channel_axis)
        for axis in range(1, len(input_shape)):
            known_size(self, input_shape, axis)
        columns = self.gates * self.filters
        shapes = {
            "kernel": (*self.kernel_size, channels, columns),
            "recurrent": (*self.kernel_size, self.filters, columns),
        }
        self.kernel, self.recurrent_kernel = (
            self.add_weight(
                name="kernel" if prefix == "kernel" else "recurrent_kernel", shape=shape,
                initializer=getattr(self, f"{prefix}_initializer"),
                regularizer=getattr(self, f"{prefix}_regularizer"),
                constraint=getattr(self, f"{prefix}_constraint"),
            )
            for prefix, shape in shapes.items()
        )  # fmt: skip
        self._build_bias()
        row[place] = self.filters
        self._state = self._row_of_state(row, place)

    def _row_of_state(self, row: list[int], place: int) -> tuple[int, ...]:
        """The shape of a state without the batch axis: that of the convolved inputs."""
        first = 0 if place == -1 else 1
        for axis, (size, step, wide) in enumerate(
            zip(self.kernel_size, self.strides, self.dilation_rate, strict=True)
        ):
            length = row[first + axis]
            if self.padding == "valid":
                length -= (size - 1) * wide
            row[first + axis] = -(-length // step)
        return tuple(row)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The state before the first turn: zeros."""
        return [ops.zeros((batch_size, *self._state), self.compute_dtype) for _ in range(2)]

    def project(self, inputs: Any, noise: Noise = None) -> Any:
        """The convolution of the inputs with their bias."""
        sums = self._convolved(inputs, self.kernel, noise, self.strides, self.padding)
        if self.bias is None:
            return sums
        if self._channel_axis == -1:
            return ops.add(sums, self.bias)
        return ops.add(sums, ops.reshape(self.bias, (-1,) + (1,) * self.rank))

    def product(self, x: Any, matrix: Any, noise: Noise) -> Any:
        """The convolution of the state."""
        return self._convolved(x, matrix, noise, (1,) * self.rank, "same")

    def _convolved(
        self, x: Any, kernel: Any, noise: Noise, strides: tuple[int, ...], padding: str
    ) -> Any:
        recurrent = kernel is self.recurrent_kernel
        dilation = (1,) * self.rank if recurrent else self.dilation_rate

        def convolution(one: Any, filters: Any) -> Any:
            return convolved(
                self._who(), one, filters, strides, padding, self.data_format, dilation
            )

        if noise is None:
            return convolution(x, kernel)
        width = self.filters
        filters = [kernel[..., n * width : (n + 1) * width] for n in range(self.gates)]
        pairs = zip(noise, filters, strict=True)
        return ops.concatenate(
            [convolution(x * one, own) for one, own in pairs], axis=self._channel_axis
        )

    def parts(self, x: Any) -> list[Any]:
        """The gates' channels apart."""
        return list(ops.split(x, self.gates, axis=self._channel_axis))

    def noise(self, shape: Shape, dtype: str, training: bool) -> tuple[Noise, Noise]:
        """What dropout multiplies inputs and state by: as in Keras, for each gate on its own."""
        if not training:
            return None, None
        state = (shape[0], *self._state)
        on_inputs = self.drawn(self.dropout, shape, dtype, self.gates)
        return on_inputs, self.drawn(self.recurrent_dropout, state, self.compute_dtype, self.gates)


class _ConvLSTM(OfCell):
    """What the layers of all ranks share."""

    cell_class = ConvLSTMCell
    rank = 2

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", unit_forget_bias: bool = True,
        kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, recurrent_constraint: Any = None,
        bias_constraint: Any = None, dropout: float = 0.0, recurrent_dropout: float = 0.0,
        seed: int | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        given = {**self._arguments, **kwargs, "rank": self.rank}
        divided(self, given, "filters")
        self.input_spec = InputSpec(ndim=self.rank + 3)


@register("layers")
class ConvLSTM1D(_ConvLSTM):
    """An LSTM over sequences of rows, whose products are convolutions (Shi et al., 2015).

    Args:
        filters: the channels of the output.
        kernel_size: the window's size.
        strides, padding, data_format, dilation_rate: as for `Conv1D`; `"valid"` or `"same"`.
        activation: a function's name or a function.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        unit_forget_bias: whether the forget gate's bias begins at 1.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
        recurrent_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
        recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed: as for `LSTM`.
        return_sequences, return_state, go_backwards, stateful: see `RNN`.

    Weights: kernel (kernel_size, channels, 4 filters), recurrent_kernel
    (kernel_size, filters, 4 filters), bias (4 filters,).

    Call: inputs of shape (batch, time, length, channels) give (batch, new_length, filters), or
    with `return_sequences` (batch, time, new_length, filters).

    Raises ValueError for inputs whose length is not known.

    >>> import numpy as np
    >>> ConvLSTM1D(3, 2)(np.zeros((2, 5, 8, 1), "float32")).shape
    (2, 7, 3)
    """

    rank = 1


@register("layers")
class ConvLSTM2D(_ConvLSTM):
    """An LSTM over sequences of images, whose products are convolutions (Shi et al., 2015).

    Args: those of `ConvLSTM1D`, with one number an axis or for both.

    Weights: kernel (height, width, channels, 4 filters), recurrent_kernel
    (height, width, filters, 4 filters), bias (4 filters,).

    Call: inputs of shape (batch, time, height, width, channels).

    Raises ValueError for inputs whose height or width is not known.

    >>> import numpy as np
    >>> images = np.zeros((2, 5, 8, 8, 1), "float32")
    >>> ConvLSTM2D(3, 3, padding="same", return_sequences=True)(images).shape
    (2, 5, 8, 8, 3)
    """

    rank = 2


@register("layers")
class ConvLSTM3D(_ConvLSTM):
    """An LSTM over sequences of volumes, whose products are convolutions (Shi et al., 2015).

    Args: those of `ConvLSTM1D`, with one number an axis or for all three.

    Weights: kernel (depth, height, width, channels, 4 filters), recurrent_kernel
    (depth, height, width, filters, 4 filters), bias (4 filters,).

    Call: inputs of shape (batch, time, depth, height, width, channels).

    Raises ValueError for inputs whose depth, height or width is not known.

    >>> import numpy as np
    >>> ConvLSTM3D(2, 2)(np.zeros((1, 3, 4, 4, 4, 1), "float32")).shape
    (1, 3, 3, 3, 2)
    """

    rank = 3
