"""Convolutions in one, two and three dimensions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

from geartrain import activations, constraints, initializers, ops, regularizers
from geartrain.layers.arguments import data_format_of, known_size, one_of, positive, sizes
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.layers.low_rank import LowRank, adapted
from geartrain.ops.convolution import convolved
from geartrain.registry import register


def with_defaults(function: Callable[..., None], **defaults: Any) -> Callable[..., None]:
    """The same function with other defaults for some of its parameters."""
    function = inspect.unwrap(function)
    assert isinstance(function, FunctionType)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    before = function.__defaults__ or ()
    known = dict(zip(names[len(names) - len(before) :], before, strict=True))
    values = tuple({**known, **defaults}.values())
    made = FunctionType(
        function.__code__, function.__globals__, function.__name__, values, function.__closure__
    )
    made.__annotations__ = function.__annotations__
    made.__qualname__ = function.__qualname__
    return made


class BaseConvolution(Layer):
    """What all convolutions have: windows, a bias, an activation.

    A class with `axes` spatial axes has that many numbers as defaults of `strides` and
    `dilation_rate`, as in Keras.
    """

    axes = 1
    paddings: tuple[str, ...] = ("valid", "same")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if cls.axes > 1 and "__init__" not in cls.__dict__:
            ones = (1,) * cls.axes
            cls.__init__ = with_defaults(cls.__init__, strides=ones, dilation_rate=ones)  # type: ignore[method-assign]
        super().__init_subclass__(**kwargs)

    def _set_windows(
        self, kernel_size: Any, strides: Any, padding: str, data_format: Any, dilation_rate: Any
    ) -> None:
        """Check and keep where windows lie."""
        self.kernel_size = sizes(self, "kernel_size", kernel_size, self.axes)
        self.strides = sizes(self, "strides", strides, self.axes)
        self.dilation_rate = sizes(self, "dilation_rate", dilation_rate, self.axes)
        padding = padding.lower() if isinstance(padding, str) else padding
        self.padding = one_of(self, "padding", padding, self.paddings)
        self.data_format = data_format_of(self, data_format)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{self._who()}: expected strides or dilation_rate to be 1. Received: "
                f"strides={self.strides}, dilation_rate={self.dilation_rate}"
            )
        self.input_spec = InputSpec(ndim=self.axes + 2)

    def _set_bias(
        self, activation: Any, use_bias: bool, initializer: Any, regularizer: Any, constraint: Any
    ) -> None:
        """Keep what follows the weighted sums."""
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(initializer)
        self.bias_regularizer = regularizers.get(regularizer)
        self.bias_constraint = constraints.get(constraint)

    def _channels(self, input_shape: Any) -> int:
        """The channels of the input; later inputs must have as many."""
        axis = -1 if self.data_format == "channels_last" else 1
        channels = known_size(self, input_shape, axis)
        self.input_spec = InputSpec(ndim=self.axes + 2, axes={axis: channels})
        return channels

    def _add_kernel(self, name: str, prefix: str, shape: tuple[int, ...]) -> Any:
        """A kernel with the initializer, regularizer and constraint of that prefix."""
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{prefix}_initializer"),
            regularizer=getattr(self, f"{prefix}_regularizer"),
            constraint=getattr(self, f"{prefix}_constraint"),
        )

    def _add_bias(self, filters: int) -> None:
        self.bias = self._add_kernel("bias", "bias", (filters,)) if self.use_bias else None

    def _finished(self, outputs: Any) -> Any:
        """The weighted sums with their bias, through the activation."""
        if self.bias is not None:
            last = self.data_format == "channels_last"
            bias = self.bias if last else ops.reshape(self.bias, (-1,) + (1,) * self.axes)
            outputs = ops.add(outputs, bias)
        return self.activation(outputs) if self.activation is not None else outputs


class _Convolution(LowRank, BaseConvolution):
    """Convolutions whose kernel can be adapted: `lora_rank` and `lora_alpha` are taken too."""

    accepts = (*Layer.accepts, "lora_rank", "lora_alpha")
    kernel = adapted("kernel")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        lora = kwargs.pop("lora_rank", None), kwargs.pop("lora_alpha", None)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_lora(*lora)
        self.filters = positive(self, "filters", filters)
        self.groups = positive(self, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{self._who()}: expected filters as a multiple of groups. "
                f"Received: filters={filters}, groups={groups}"
            )
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_bias(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{self._who()}: expected channels as a multiple of groups={self.groups}. "
                f"Received shape {tuple(input_shape)}, of {channels} channels."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._add_kernel("kernel", "kernel", shape)
        self._add_bias(self.filters)
        self._adapt()

    def get_config(self) -> dict[str, Any]:
        """The arguments, those of low-rank adaptation where it is enabled."""
        rank = {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}
        return {**super().get_config(), **(rank if self.lora_rank is not None else {})}

    def call(self, inputs: Any) -> Any:
        """The weighted sums of windows, through the activation."""
        return self._finished(self.convolution_op(inputs, self.kernel))

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The weighted sums of windows, for a kernel of the shape of this layer's."""
        return convolved(
            self._who(), inputs, kernel, self.strides, self.padding, self.data_format,
            self.dilation_rate,
        )  # fmt: skip


@register("layers")
class Conv1D(_Convolution):
    """`activation(conv(inputs, kernel) + bias)` along one axis, such as time.

    Args:
        filters: how many filters there are: the channels of the output.
        kernel_size: the window's size.
        strides: the step from window to window.
        padding: `"valid"` for windows inside alone; `"same"` for as many as there are elements
            (divided by the stride), with zeros around; `"causal"` with zeros in front alone, so
            that no output depends on later inputs.
        data_format: where the channels are: `"channels_last"` or `"channels_first"`.
        dilation_rate: the step from element to element of a window.
        groups: in how many groups the channels are cut, each seen by its share of the filters.
        activation: a function's name or a function; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: the first values of the weights.
        kernel_regularizer, bias_regularizer: penalties on the weights.
        activity_regularizer: a penalty on the output.
        kernel_constraint, bias_constraint: projections of the weights after each update.

    Weights: kernel (kernel_size, channels / groups, filters), bias (filters,).

    Call: inputs of shape (batch, time, channels) give (batch, new_time, filters).

    Raises ValueError for inputs shorter than a window, or of other channels than before.

    >>> import numpy as np
    >>> Conv1D(16, 3, padding="causal")(np.zeros((5, 10, 4))).shape
    (5, 10, 16)
    """

    axes = 1
    paddings = ("valid", "same", "causal")


@register("layers")
class Conv2D(_Convolution):
    """`activation(conv(inputs, kernel) + bias)` along height and width.

    Args:
        filters: how many filters there are: the channels of the output.
        kernel_size: the window's height and width, or one number for both.
        strides, data_format, dilation_rate, groups: as for `Conv1D`, one number an axis or for all.
        padding: `"valid"` or `"same"`.
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
        bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint: as for `Conv1D`.

    Weights: kernel (height, width, channels / groups, filters), bias (filters,).

    Call: inputs of shape (batch, height, width, channels) give
    (batch, new_height, new_width, filters).

    Raises ValueError for inputs smaller than a window, or of other channels than before.

    >>> import numpy as np
    >>> Conv2D(32, 3, activation="relu")(np.zeros((5, 28, 28, 1))).shape
    (5, 26, 26, 32)
    """

    axes = 2


@register("layers")
class Conv3D(_Convolution):
    """`activation(conv(inputs, kernel) + bias)` along depth, height and width.

    Args:
        filters: how many filters there are: the channels of the output.
        kernel_size: the window's depth, height and width, or one number for all.
        strides, data_format, dilation_rate, groups: as for `Conv1D`, one number an axis or for all.
        padding: `"valid"` or `"same"`.
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
        bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint: as for `Conv1D`.

    Weights: kernel (depth, height, width, channels / groups, filters), bias (filters,).

    Call: inputs of shape (batch, depth, height, width, channels).

    Raises ValueError for inputs smaller than a window, or of other channels than before.

    >>> import numpy as np
    >>> Conv3D(2, 2, strides=(1, 2, 2))(np.zeros((1, 4, 4, 4, 3))).shape
    (1, 3, 2, 2, 2)
    """

    axes = 3
