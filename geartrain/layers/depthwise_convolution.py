"""Convolutions of each channel by itself, alone or with a second one that mixes the channels."""

from __future__ import annotations

from typing import Any

from geartrain import constraints, initializers, regularizers
from geartrain.layers.arguments import positive
from geartrain.layers.convolution import BaseConvolution
from geartrain.layers.layer import COMMON_KEYS
from geartrain.ops.convolution import convolved, convolved_depthwise
from geartrain.registry import register


class _Depthwise(BaseConvolution):
    """Base: a kernel of `depth_multiplier` filters for each channel."""

    config_order = (*COMMON_KEYS, "depth_multiplier")

    def _set_depthwise(
        self, multiplier: int, initializer: Any, regularizer: Any, constraint: Any
    ) -> None:
        self.depth_multiplier = positive(self, "depth_multiplier", multiplier)
        self.depthwise_initializer = initializers.get(initializer)
        self.depthwise_regularizer = regularizers.get(regularizer)
        self.depthwise_constraint = constraints.get(constraint)

    def _deep(self, inputs: Any, kernel: Any) -> Any:
        """Each channel convolved with its own filters."""
        return convolved_depthwise(
            self._who(), inputs, kernel, self.strides, self.padding, self.data_format,
            self.dilation_rate,
        )  # fmt: skip


class _DepthwiseConvolution(_Depthwise):
    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_bias(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self._set_depthwise(
            depth_multiplier, depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        channels = self._channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self._add_kernel("kernel", "depthwise", shape)
        self._add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        """The weighted sums of windows of each channel, through the activation."""
        return self._finished(self._deep(inputs, self.kernel))


@register("layers")
class DepthwiseConv1D(_DepthwiseConvolution):
    """`activation(depthwise_conv(inputs, kernel) + bias)` along one axis, channel by channel.

    Args:
        kernel_size, strides, padding, data_format, dilation_rate: as for `Conv1D`.
        depth_multiplier: how many filters each channel has.
        activation: a function's name or a function; None for none.
        use_bias: whether there is a bias.
        depthwise_initializer, bias_initializer: the first values of the weights.
        depthwise_regularizer, bias_regularizer: penalties on the weights.
        activity_regularizer: a penalty on the output.
        depthwise_constraint, bias_constraint: projections of the weights after each update.

    Weights: kernel (kernel_size, channels, depth_multiplier), bias (channels * depth_multiplier,).

    Call: inputs of shape (batch, time, channels) give
    (batch, new_time, channels * depth_multiplier).

    Raises ValueError for inputs shorter than a window, or of other channels than before.

    >>> import numpy as np
    >>> DepthwiseConv1D(3, depth_multiplier=2)(np.zeros((5, 10, 4))).shape
    (5, 8, 8)
    """

    axes = 1


@register("layers")
class DepthwiseConv2D(_DepthwiseConvolution):
    """`activation(depthwise_conv(inputs, kernel) + bias)` of images, channel by channel.

    Args:
        kernel_size, strides, padding, data_format, dilation_rate: as for `Conv2D`.
        depth_multiplier: how many filters each channel has.
        activation, use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer,
        bias_regularizer, activity_regularizer, depthwise_constraint, bias_constraint: as for
            `DepthwiseConv1D`.

    Weights: kernel (height, width, channels, depth_multiplier), bias.

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError for inputs smaller than a window, or of other channels than before.

    >>> import numpy as np
    >>> DepthwiseConv2D(3, padding="same")(np.zeros((5, 8, 8, 4))).shape
    (5, 8, 8, 4)
    """

    axes = 2


class _SeparableConvolution(_Depthwise):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = positive(self, "filters", filters)
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_bias(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self._set_depthwise(
            depth_multiplier, depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        """Make both kernels and the bias."""
        channels = self._channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = self._add_kernel("depthwise_kernel", "depthwise", shape)
        ones = (1,) * self.axes
        shape = (*ones, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self._add_kernel("pointwise_kernel", "pointwise", shape)
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """The mixed sums of windows of each channel, through the activation."""
        deep = self._deep(inputs, self.depthwise_kernel)
        outputs = convolved(
            self._who(), deep, self.pointwise_kernel, 1, "valid", self.data_format, 1
        )
        return self._finished(outputs)


@register("layers")
class SeparableConv1D(_SeparableConvolution):
    """A `DepthwiseConv1D` without bias, and a `Conv1D` of kernel size 1 that mixes its channels.

    Args:
        filters: how many filters the second has: the channels of the output.
        kernel_size, strides, padding, data_format, dilation_rate: as for `Conv1D`, of the first.
        depth_multiplier: how many filters each channel has in the first.
        activation: a function's name or a function; None for none.
        use_bias: whether there is a bias.
        depthwise_initializer, pointwise_initializer, bias_initializer: the first values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: penalties on the weights.
        activity_regularizer: a penalty on the output.
        depthwise_constraint, pointwise_constraint, bias_constraint: projections of the weights
            after each update.

    Weights: depthwise_kernel (kernel_size, channels, depth_multiplier),
    pointwise_kernel (1, channels * depth_multiplier, filters), bias (filters,).

    Call: inputs of shape (batch, time, channels) give (batch, new_time, filters).

    Raises ValueError for inputs shorter than a window, or of other channels than before.

    >>> import numpy as np
    >>> SeparableConv1D(8, 3)(np.zeros((5, 10, 4))).shape
    (5, 8, 8)
    """

    axes = 1


@register("layers")
class SeparableConv2D(_SeparableConvolution):
    """A `DepthwiseConv2D` without bias, and a `Conv2D` of kernel size 1 that mixes its channels.

    Args:
        filters: how many filters the second has: the channels of the output.
        kernel_size, strides, padding, data_format, dilation_rate: as for `Conv2D`, of the first.
        depth_multiplier: how many filters each channel has in the first.
        activation, use_bias, depthwise_initializer, pointwise_initializer, bias_initializer,
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer,
        depthwise_constraint, pointwise_constraint, bias_constraint: as for `SeparableConv1D`.

    Weights: depthwise_kernel (height, width, channels, depth_multiplier),
    pointwise_kernel (1, 1, channels * depth_multiplier, filters), bias (filters,).

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError for inputs smaller than a window, or of other channels than before.

    >>> import numpy as np
    >>> SeparableConv2D(8, 3, padding="same")(np.zeros((5, 8, 8, 4))).shape
    (5, 8, 8, 8)
    """

    axes = 2
