"""Layers that take the maximum, or the mean, of each window of each channel."""

from __future__ import annotations

from typing import Any

from geartrain.layers.arguments import data_format_of, one_of, sizes
from geartrain.layers.convolution import with_defaults
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.ops.pooling import pooled_average, pooled_max
from geartrain.registry import register


class _Pooling(Layer):
    """Base: windows along `axes` spatial axes."""

    has_state = False

    axes: int

    config_order = (*COMMON_KEYS, "pool_size", "padding")

    def _set_windows(self, pool_size: Any, strides: Any, padding: Any, data_format: Any) -> None:
        self.pool_size = sizes(self, "pool_size", pool_size, self.axes)
        self.strides = sizes(
            self, "strides", self.pool_size if strides is None else strides, self.axes
        )
        padding = padding.lower() if isinstance(padding, str) else padding
        self.padding = one_of(self, "padding", padding, ("valid", "same"))
        self.data_format = data_format_of(self, data_format)
        self.input_spec = InputSpec(ndim=self.axes + 2)

    def _places(self) -> tuple[Any, ...]:
        return self.pool_size, self.strides, self.padding, self.data_format


class _MaxPooling(_Pooling):
    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._set_windows(pool_size, strides, padding, data_format)

    def call(self, inputs: Any) -> Any:
        """The maxima."""
        return pooled_max(self._who(), inputs, *self._places())


class _AveragePooling(_Pooling):
    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._set_windows(pool_size, strides, padding, data_format)

    def call(self, inputs: Any) -> Any:
        """The means."""
        return pooled_average(self._who(), inputs, *self._places())


@register("layers")
class MaxPooling1D(_MaxPooling):
    """The largest element of each window of time, feature by feature.

    Args:
        pool_size: the window's size.
        strides: the step from window to window; None for windows side by side.
        padding: `"valid"` for windows inside alone; `"same"` for windows over the edge as well.
        data_format: where the features are.
        name: the layer's name.

    Call: inputs of shape (batch, time, features).

    Raises ValueError for inputs shorter than a window.

    >>> MaxPooling1D()([[[1.0], [3.0], [2.0], [0.0]]])
    array([[[3.],
            [2.]]], dtype=float32)
    """

    axes = 1


@register("layers")
class MaxPooling2D(_MaxPooling):
    """The largest element of each window of height and width, channel by channel.

    Args:
        pool_size: the window's height and width, or one number for both.
        strides: the step from window to window; None for windows side by side.
        padding: `"valid"` for windows inside alone; `"same"` for windows over the edge as well.
        data_format: where the channels are.
        name: the layer's name.

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError for inputs smaller than a window.

    >>> import numpy as np
    >>> MaxPooling2D()(np.zeros((5, 26, 26, 32))).shape
    (5, 13, 13, 32)
    """

    axes = 2
    __init__ = with_defaults(_MaxPooling.__init__, pool_size=(2, 2))


@register("layers")
class MaxPooling3D(_MaxPooling):
    """The largest element of each window of depth, height and width, channel by channel.

    Args:
        pool_size: the window's depth, height and width, or one number for all.
        strides: the step from window to window; None for windows side by side.
        padding: `"valid"` for windows inside alone; `"same"` for windows over the edge as well.
        data_format: where the channels are.
        name: the layer's name.

    Call: inputs of shape (batch, depth, height, width, channels).

    Raises ValueError for inputs smaller than a window.

    >>> import numpy as np
    >>> MaxPooling3D()(np.zeros((1, 4, 4, 6, 3))).shape
    (1, 2, 2, 3, 3)
    """

    axes = 3
    __init__ = with_defaults(_MaxPooling.__init__, pool_size=(2, 2, 2))


@register("layers")
class AveragePooling1D(_AveragePooling):
    """The mean of each window of time, feature by feature.

    Args:
        pool_size: the window's size.
        strides: the step from window to window; None for windows side by side.
        padding: `"valid"` for windows inside alone; `"same"` for windows over the edge as well,
            whose means are of the elements that exist.
        data_format: where the features are.
        name: the layer's name.

    Call: inputs of shape (batch, time, features).

    Raises ValueError for inputs shorter than a window.

    >>> AveragePooling1D(2, padding="same")([[[1.0], [3.0], [2.0]]])
    array([[[2.],
            [2.]]], dtype=float32)
    """

    axes = 1


@register("layers")
class AveragePooling2D(_AveragePooling):
    """The mean of each window of height and width, channel by channel.

    Args:
        pool_size: the window's height and width, or one number for both.
        strides, padding, data_format, name: as for `AveragePooling1D`.

    Call: inputs of shape (batch, height, width, channels).

    Raises ValueError for inputs smaller than a window.

    >>> import numpy as np
    >>> AveragePooling2D(3, strides=1)(np.zeros((5, 8, 8, 2))).shape
    (5, 6, 6, 2)
    """

    axes = 2


@register("layers")
class AveragePooling3D(_AveragePooling):
    """The mean of each window of depth, height and width, channel by channel.

    Args:
        pool_size: the window's depth, height and width, or one number for all.
        strides, padding, data_format, name: as for `AveragePooling1D`.

    Call: inputs of shape (batch, depth, height, width, channels).

    Raises ValueError for inputs smaller than a window.

    >>> import numpy as np
    >>> AveragePooling3D(2)(np.zeros((1, 4, 4, 6, 3))).shape
    (1, 2, 2, 3, 3)
    """

    axes = 3
