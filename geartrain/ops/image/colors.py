"""Images in other colors."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.graph.dtypes import FLOATS, numpy_dtype
from geartrain.graph.shapes import public
from geartrain.ops.arithmetic import (
    absolute,
    add,
    clip,
    divide,
    maximum,
    minimum,
    mod,
    multiply,
    subtract,
)
from geartrain.ops.image.checks import constant, images_of
from geartrain.ops.linear import tensordot
from geartrain.ops.logic import equal, greater, less, where
from geartrain.ops.operands import Tensor, dtype_of, extents_of, operand
from geartrain.ops.rearranging import split
from geartrain.ops.shaping import concatenate, expand_dims

__all__ = ["hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]

_LUMINANCE = [0.2989, 0.5870, 0.1140]


def rgb_to_grayscale(images: Tensor, data_format: str | None = None) -> Tensor:
    """The luminance of images: `0.2989 red + 0.5870 green + 0.1140 blue`.

    Args:
        images: an image or a batch, with three channels, or one: then it is returned as it is.
        data_format: where the channels are.

    Returns images of the same dtype with one channel.

    Raises ValueError for another number of axes or channels.

    >>> rgb_to_grayscale([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]).ravel()
    array([0.2989, 0.587 ], dtype=float32)
    """
    x, axes = images_of("rgb_to_grayscale", images, data_format)
    if extents_of(x)[axes.channels] == 1:
        return x
    _check_channels("rgb_to_grayscale", x, axes.channels)
    own = dtype_of(x)
    wide = own if own in FLOATS else "float32"
    grey = tensordot(operand(x, wide), constant(_LUMINANCE, wide), axes=[[axes.channels], [0]])
    return operand(expand_dims(grey, axes.channels), own)


def rgb_to_hsv(images: Tensor, data_format: str | None = None) -> Tensor:
    """Hue, saturation and value of colors; all from 0 to 1.

    Args:
        images: an image or a batch of floats from 0 to 1, with the channels red, green, blue.
        data_format: where the channels are.

    Raises ValueError for whole numbers, and another number of axes or channels.

    >>> rgb_to_hsv([[[0.0, 0.5, 0.0]]]).ravel()
    array([0.33333334, 1.        , 0.5       ], dtype=float32)
    """
    x, axis = _floats("rgb_to_hsv", images, data_format)
    least = np.finfo(numpy_dtype(dtype_of(x))).eps if dtype_of(x) != "bfloat16" else 2.0**-7
    x = where(less(absolute(x), float(least)), 0.0, x)
    red, green, blue = split(x, 3, axis)
    value = maximum(maximum(red, green), blue)
    span = subtract(value, minimum(minimum(red, green), blue))
    some, colored = greater(value, 0), greater(span, 0)
    saturation = where(some, divide(span, where(some, value, 1.0)), 0.0)
    share = divide(1.0, multiply(where(colored, span, 1.0), 6.0))
    hue = where(
        equal(value, green),
        add(multiply(share, subtract(blue, red)), 2 / 6),
        add(multiply(share, subtract(red, green)), 4 / 6),
    )
    hue = where(equal(value, red), multiply(share, subtract(green, blue)), hue)
    hue = where(colored, where(less(hue, 0), add(hue, 1.0), hue), 0.0)
    return concatenate([hue, saturation, value], axis)


def hsv_to_rgb(images: Tensor, data_format: str | None = None) -> Tensor:
    """Red, green and blue of colors told by hue, saturation and value: back from `rgb_to_hsv`.

    Raises ValueError for whole numbers, and another number of axes or channels.

    >>> hsv_to_rgb([[[0.5, 1.0, 0.5]]]).ravel()
    array([0. , 0.5, 0.5], dtype=float32)
    """
    x, axis = _floats("hsv_to_rgb", images, data_format)
    hue, saturation, value = split(x, 3, axis)
    angle = multiply(mod(hue, 1.0), 6.0)
    shares = (
        subtract(absolute(subtract(angle, 3.0)), 1.0),
        subtract(2.0, absolute(subtract(angle, 2.0))),
        subtract(2.0, absolute(subtract(angle, 4.0))),
    )
    white = subtract(1.0, saturation)
    return concatenate(
        [multiply(value, add(white, multiply(saturation, clip(one, 0.0, 1.0)))) for one in shares],
        axis,
    )


def _floats(who: str, images: Any, data_format: str | None) -> tuple[Any, int]:
    x, axes = images_of(who, images, data_format)
    if dtype_of(x) not in FLOATS:
        raise ValueError(
            f"{who}: expected floats from 0 to 1. Received: dtype {dtype_of(x)}. Divide bytes by "
            "255 first."
        )
    _check_channels(who, x, axes.channels)
    return x, axes.channels


def _check_channels(who: str, x: Any, axis: int) -> None:
    if extents_of(x)[axis] != 3:
        raise ValueError(
            f"{who}: expected 3 channels along axis {axis}. Received: shape "
            f"{public(extents_of(x))}. See data_format if they are along another axis."
        )
