"""Windows as functions of the older `keras.backend` had them: see `geartrain.compat.backend`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import config, ops


def _convolution(axes: int) -> Callable[..., Any]:
    def convolution(
        x: Any, kernel: Any, strides: Any = 1, padding: str = "valid",
        data_format: str | None = None, dilation_rate: Any = 1,
    ) -> Any:  # fmt: skip
        return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)

    convolution.__name__ = f"conv{axes}d"
    return convolution


conv1d, conv2d, conv3d = map(_convolution, (1, 2, 3))


def conv2d_transpose(
    x: Any, kernel: Any, output_shape: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = (1, 1),
) -> Any:  # fmt: skip
    """A transposed convolution; its output's shape follows from strides and padding."""
    return ops.conv_transpose(
        x, kernel, strides, padding, data_format=data_format, dilation_rate=dilation_rate
    )


def pool2d(
    x: Any, pool_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, pool_mode: str = "max",
) -> Any:  # fmt: skip
    """The greatest elements of windows, or their means."""
    pool = ops.max_pool if pool_mode == "max" else ops.average_pool
    return pool(x, pool_size, strides, padding, data_format)


def pool3d(
    x: Any, pool_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
    data_format: str | None = None, pool_mode: str = "max",
) -> Any:  # fmt: skip
    """`pool2d` of volumes."""
    return pool2d(x, pool_size, strides, padding, data_format, pool_mode)


def resize_images(
    x: Any, height_factor: int, width_factor: int, data_format: str, interpolation: str = "nearest"
) -> Any:
    """Images so many times as high and as wide."""
    places = (2, 3) if data_format == "channels_first" else (1, 2)
    rows, columns = (ops.shape(x)[place] for place in places)
    return ops.image.resize(
        x, (rows * height_factor, columns * width_factor), interpolation, data_format=data_format
    )


def depthwise_conv2d(
    x: Any, depthwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = (1, 1),
) -> Any:  # fmt: skip
    """A convolution of each channel on its own."""
    return ops.depthwise_conv(x, depthwise_kernel, strides, padding, data_format, dilation_rate)


def separable_conv2d(
    x: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = (1, 1),
    padding: str = "valid", data_format: str | None = None, dilation_rate: Any = (1, 1),
) -> Any:  # fmt: skip
    """A depthwise convolution, and one of single points after it."""
    return ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate
    )


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    """Zeros before and after the timesteps of (batch, time, channels)."""
    return ops.pad(x, ((0, 0), tuple(padding), (0, 0)))


def spatial_2d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Zeros around images."""
    return _around(x, padding, data_format)


def spatial_3d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Zeros around volumes."""
    return _around(x, padding, data_format)


def _around(x: Any, padding: Any, data_format: str | None) -> Any:
    borders = tuple(map(tuple, padding))
    if (data_format or config.image_data_format()) == "channels_first":
        return ops.pad(x, ((0, 0), (0, 0), *borders))
    return ops.pad(x, ((0, 0), *borders, (0, 0)))
