"""Tensors as pictures: the shapes that pictures come in, and brightness from 0 to 1."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from geartrain.errors import describe_value

_CHANNELS = (1, 3, 4)
_ONE = "an image of shape (height, width), (height, width, 1), (height, width, 3) or (.., 4)"
_MANY = "images of shape (samples, height, width) or (samples, height, width, channels)"


def as_picture(who: str, image: Any) -> np.ndarray:
    """One image as brightness from 0 to 1, of shape (height, width) or (height, width, 3 or 4).

    Channels may come first where that is plain. Bytes are divided by 255; values beyond those
    of pixels (standardised, say) are stretched from 0 to 1; what is not finite becomes 0.

    Raises ValueError, in the name of `who`, for what is no image.

    >>> as_picture("image", np.array([[0, 51], [102, 255]], "uint8")[..., None]).tolist()
    [[0.0, 0.2], [0.4, 1.0]]
    """
    x = _numbers(who, image, _ONE)
    if x.ndim == 2:
        return brightness(x)
    if x.ndim == 3 and (x.shape[-1] in _CHANNELS or x.shape[0] in _CHANNELS):
        return _squeeze(brightness(_channels_last(x)))
    raise ValueError(f"{who} expected {_ONE}. Received: shape {x.shape}.{_hint(x.shape)}")


def as_pictures(who: str, images: Any) -> np.ndarray:
    """A batch of images, as `as_picture` does for one, all on the same scale.

    Returns an array of shape (samples, height, width) or (samples, height, width, 3 or 4).
    """
    x = _numbers(who, images, _MANY)
    if x.ndim == 3 and x.shape[-1] not in _CHANNELS:
        return brightness(x)
    if x.ndim == 4 and (x.shape[-1] in _CHANNELS or x.shape[1] in _CHANNELS):
        return _squeeze(brightness(_channels_last(x)))
    hint = " This looks like one image: pass x[None]." if x.ndim in (2, 3) else ""
    if x.ndim == 2 and _square_side(x.shape[1]):
        hint = _hint(x.shape)
    raise ValueError(f"{who} expected {_MANY}. Received: shape {x.shape}.{hint}")


def brightness(x: np.ndarray) -> np.ndarray:
    """Pixels on a scale from 0 to 1, as floats."""
    if x.dtype.kind == "b":
        return x.astype("float32")
    values = np.where(np.isfinite(x), x, 0) if x.dtype.kind == "f" else x
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    scaled: np.ndarray = (values - np.float64(low)) / ((high - low) or 1)
    return scaled


def grey(picture: np.ndarray) -> np.ndarray:
    """The luminance of a picture, Y = 0.299 R + 0.587 G + 0.114 B, of shape (height, width)."""
    if picture.ndim == 2:
        return picture
    luminance: np.ndarray = picture[..., :3] @ np.array([0.299, 0.587, 0.114])
    return luminance * picture[..., 3] if picture.shape[-1] == 4 else luminance


def _numbers(who: str, value: Any, expected: str) -> np.ndarray:
    try:
        x = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{who} expected {expected}. Received: lists of unequal lengths. "
            "Give every row as many values."
        ) from error
    if x.dtype.kind not in "biuf":
        if x.dtype.kind != "V" or x.dtype.names is not None or x.dtype.type is np.void:
            raise TypeError(f"{who} expected numbers as pixels. Received: {describe_value(x)}.")
        x = x.astype("float32")  # bfloat16 and the like
    if x.size == 0:
        raise ValueError(f"{who} expected at least one pixel. Received: shape {x.shape}.")
    return x


def _channels_last(x: np.ndarray) -> np.ndarray:
    return x if x.shape[-1] in _CHANNELS else np.moveaxis(x, -3, -1)


def _squeeze(x: np.ndarray) -> np.ndarray:
    return x[..., 0] if x.shape[-1] == 1 else x


def _square_side(length: int) -> int:
    """The side of a square of so many pixels, 0 if there is none worth the name."""
    side = isqrt(length)
    return side if side * side == length and side >= 4 else 0


def _hint(shape: tuple[int, ...]) -> str:
    """What the shape of no image most likely is."""
    side = _square_side(shape[-1]) if shape else 0
    if side and len(shape) < 3:
        start = "" if len(shape) == 1 else "-1, "
        return f" A flattened image? Reshape it: x.reshape({start}{side}, {side})."
    if len(shape) in (3, 4):
        return " A batch? Pick one, x[0], or draw several at once."
    return ""
