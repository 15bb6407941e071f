"""Pictures of files in one size, as `tf.image.resize` makes them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain.ops.image.weights import cubic, shares

INTERPOLATIONS = (
    "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic",
)  # fmt: skip


def _mitchell(x: np.ndarray) -> np.ndarray:
    """Mitchell's and Netravali's cubic, B = C = 1/3."""
    near = ((7 * x - 12) * x * x + 16 / 3) / 6
    far = (((-7 / 3 * x + 12) * x - 20) * x + 32 / 3) / 6
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _gaussian(x: np.ndarray) -> np.ndarray:
    """A normal density of standard deviation 1/2, cut at 3/2."""
    return np.where(x >= 1.5, 0, np.exp(-2 * x * x))


_KERNELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mitchellcubic": _mitchell,
    "gaussian": _gaussian,
    "bicubic": cubic,
}


_BLURRING = ("mitchellcubic", "gaussian")  # images of the right size too


def _weights(size: int, count: int, interpolation: str) -> Any:
    """How much each of `size` pixels counts for each of `count`: (size, count)."""
    step = size / count
    pixels = np.arange(size)[:, None]
    centres = (np.arange(count) + 0.5) * step - 0.5
    if interpolation == "nearest":
        return pixels == np.floor((np.arange(count) + 0.5) * step)
    if interpolation == "area":  # the part of each that lies in the new one
        start = np.arange(count) * step
        end = np.minimum(start + step, size)
        return np.clip(np.minimum(end, pixels + 1) - np.maximum(start, pixels), 0, 1) / step
    if interpolation == "bicubic":  # of which TensorFlow looks the values up in a table
        centres = np.rint(centres * 1024) / 1024
    if interpolation not in _KERNELS:
        return shares(size, count, interpolation, False)
    found = _KERNELS[interpolation](np.abs(centres - pixels))
    return found / found.sum(0)


def resized(image: Any, size: tuple[int, int], interpolation: str) -> Any:
    """An image (height, width, channels) in another size, as float32; "nearest" keeps the dtype.

    >>> resized(np.array([[[0], [1]]], "uint8"), (1, 4), "bilinear").ravel()
    array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """
    found = image
    for axis in (0, 1) if interpolation == "nearest" or image.shape[0] > size[0] else (1, 0):
        if found.shape[axis] != size[axis] or interpolation in _BLURRING:
            found = _along(found, axis, size[axis], interpolation)
    return found if interpolation == "nearest" else found.astype("float32", copy=False)


def _along(image: Any, axis: int, count: int, interpolation: str) -> Any:
    """One axis in another size: a sum of as many images as a pixel has sources."""
    sources = _sources(image.shape[axis], count, interpolation)
    if interpolation == "nearest":
        return image.take(sources[0][0], axis)
    channels = image.shape[2]
    total = None
    for source, weight in sources:
        factors = weight[:, None] if axis == 0 else weight.repeat(channels)  # in long rows
        part = image.take(source, axis)
        part = part.reshape(len(part), -1) * factors
        total = part if total is None else np.add(total, part, out=total)
    return np.asarray(total).reshape(-1, image.shape[1] if axis == 0 else count, channels)


@functools.lru_cache(maxsize=256)
def _sources(size: int, count: int, interpolation: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Along an axis, the first source of each pixel and its weight, the second, and so on."""
    weights = np.asarray(_weights(size, count, interpolation))
    used = weights != 0
    first = used.argmax(0)
    last = size - 1 - used[::-1].argmax(0)
    found = []
    for step in range(int((last - first).max()) + 1):
        source = np.minimum(first + step, size - 1)
        weight = np.where(first + step < size, weights[source, np.arange(count)], 0)
        found.append((source, weight.astype("float32")))
    return found


def fitted(image: Any, size: tuple[int, int], interpolation: str, crop: bool, pad: bool) -> Any:
    """An image in another size; of another ratio, it may be cropped or padded with zeros.

    Args:
        image: (height, width, channels).
        size: (height, width).
        interpolation: one of INTERPOLATIONS.
        crop: whether what does not fit is cut off.
        pad: whether zeros are added, as much on both sides, but for a fraction.
    """
    height, width = image.shape[:2]
    if crop:
        rows = max(min(height, int(width * size[0] / size[1])), 1)
        columns = max(min(width, int(height * size[1] / size[0])), 1)
        top, left = (height - rows) // 2, (width - columns) // 2
        return resized(image[top : top + rows, left : left + columns], size, interpolation)
    if not pad:
        return resized(image, size, interpolation)
    ratio = max(height / size[0], width / size[1])
    inner = (int(height / ratio), int(width / ratio))
    found = resized(image, inner, interpolation)
    whole = np.zeros((*size, image.shape[2]), found.dtype)
    top, left = int((size[0] - height / ratio) / 2), int((size[1] - width / ratio) / 2)
    whole[top : top + inner[0], left : left + inner[1]] = found
    return whole
