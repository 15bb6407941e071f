"""Transposed convolutions: they enlarge what a convolution with strides makes small."""

from __future__ import annotations

from typing import Any

from geartrain import constraints, initializers, regularizers
from geartrain.layers.arguments import positive
from geartrain.layers.convolution import BaseConvolution
from geartrain.layers.layer import COMMON_KEYS
from geartrain.ops.convolution import convolved_transposed
from geartrain.ops.spatial import whole_numbers
from geartrain.registry import register


class _ConvolutionTranspose(BaseConvolution):
    config_order = (*COMMON_KEYS, "filters", "kernel_size", "strides", "padding", "output_padding")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = positive(self, "filters", filters)
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self.output_padding = None
        if output_padding is not None:
            more = whole_numbers(self._who(), "output_padding", output_padding, self.axes, least=0)
            if any(one >= stride for one, stride in zip(more, self.strides, strict=True)):
                raise ValueError(
                    f"{self._who()}: expected output_padding below strides={self.strides}. "
                    f"Received: {output_padding!r}"
                )
            self.output_padding = more
        self._set_bias(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        channels = self._channels(input_shape)
        shape = (*self.kernel_size, self.filters, channels)
        self.kernel = self._add_kernel("kernel", "kernel", shape)
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """The sums of multiples of the kernel, through the activation."""
        outputs = convolved_transposed(
            self._who(), inputs, self.kernel, self.strides, self.padding, self.output_padding,
            self.data_format, self.dilation_rate,
        )  # fmt: skip
        return self._finished(outputs)


@register("layers")
class Conv1DTranspose(_ConvolutionTranspose):
    """`activation(conv_transpose(inputs, kernel) + bias)` along one axis, such as time.

    Each element adds its multiple of the kernel to the output, `strides` apart: what the gradient
    of a convolution does.

    Args:
        filters: how many filters there are: the channels of the output.
        kernel_size: the kernel's size.
        strides: by how much the input is enlarged.
        padding: `"valid"` for all that the kernel reaches; `"same"` for size * strides.
        output_padding: elements to add behind, fewer than strides; None for what `padding` says.
        data_format: where the channels are: `"channels_last"` or `"channels_first"`.
        dilation_rate: the step from element to element of the kernel.
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
        bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint: as for `Conv1D`.

    Weights: kernel (kernel_size, filters, channels), bias (filters,).

    Call: inputs of shape (batch, time, channels) give (batch, new_time, filters).

    >>> import numpy as np
    >>> Conv1DTranspose(8, 3, strides=2, padding="same")(np.zeros((5, 10, 4))).shape
    (5, 20, 8)
    """

    axes = 1


@register("layers")
class Conv2DTranspose(_ConvolutionTranspose):
    """`activation(conv_transpose(inputs, kernel) + bias)` along height and width.

    Args:
        filters: how many filters there are: the channels of the output.
        kernel_size: the kernel's height and width, or one number for both.
        strides, output_padding, data_format, dilation_rate: as for `Conv1DTranspose`, one number
            an axis or for all.
        padding: `"valid"` or `"same"`.
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
        bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint: as for `Conv1D`.

    Weights: kernel (height, width, filters, channels), bias (filters,).

    Call: inputs of shape (batch, height, width, channels).

    >>> import numpy as np
    >>> Conv2DTranspose(3, 3, strides=2, padding="same")(np.zeros((1, 7, 7, 2))).shape
    (1, 14, 14, 3)
    """

    axes = 2


@register("layers")
class Conv3DTranspose(_ConvolutionTranspose):
    """`activation(conv_transpose(inputs, kernel) + bias)` along depth, height and width.

    Args:
        filters: how many filters there are: the channels of the output.
        kernel_size: the kernel's depth, height and width, or one number for all.
        strides, output_padding, data_format, dilation_rate: as for `Conv1DTranspose`, one number
            an axis or for all.
        padding: `"valid"` or `"same"`.
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
        bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint: as for `Conv1D`.

    Weights: kernel (depth, height, width, filters, channels), bias (filters,).

    Call: inputs of shape (batch, depth, height, width, channels).

    >>> import numpy as np
    >>> Conv3DTranspose(3, 2, strides=2)(np.zeros((1, 2, 3, 4, 2))).shape
    (1, 4, 6, 8, 3)
    """

    axes = 3

    def __init__(  # Keras has data_format before output_padding here
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Any = None,
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
            activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
