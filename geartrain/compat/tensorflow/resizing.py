"""`tf.image.resize` where it is not as in Keras: one matrix for the rows and one for the columns.

Pixel i of the result lies at `(i + 1/2) * old / new` of the image; each pixel around it counts by a
kernel of its distance, and the weights of those within the image are brought to the sum 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops

_Kernel = Callable[[np.ndarray], np.ndarray]


def _cubic(b: float, c: float) -> _Kernel:
    """The cubic kernels of Mitchell and Netravali (1988): Keys's for b=0, c=1/2."""

    def kernel(distance: np.ndarray) -> np.ndarray:
        x = np.abs(distance)
        near = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b
        far = (
            (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c
        )
        return np.where(x < 1, near, np.where(x < 2, far, 0)) / 6

    return kernel


def _gaussian(distance: np.ndarray) -> np.ndarray:
    """The normal density of deviation 1/2, cut at 1.5."""
    return np.where(np.abs(distance) < 1.5, np.exp(-2 * distance**2), 0)


_KERNELS: dict[str, _Kernel] = {
    "bicubic": _cubic(0, 0.5),
    "gaussian": _gaussian,
    "mitchellcubic": _cubic(1 / 3, 1 / 3),
}


def _weights(method: str, old: int, new: int, antialias: bool) -> np.ndarray:
    """How much each old pixel counts for each new one: (new, old)."""
    scale, edges = old / new, np.arange(old)
    if method == "area":  # what a new pixel covers of an old one
        start = np.arange(new)[:, None] * scale
        made = np.minimum(edges + 1, start + scale) - np.maximum(edges, start)
        return np.maximum(made, 0) / scale
    places = (np.arange(new) + 0.5) * scale
    if method == "bicubic" and not antialias:  # from a table of 1024 places between two pixels
        whole = np.floor(places - 0.5)
        places = whole + np.rint((places - 0.5 - whole) * 1024) / 1024 + 0.5
    width = max(scale, 1.0) if antialias else 1.0
    made = _KERNELS[method]((edges + 0.5 - places[:, None]) / width)
    return made / made.sum(1, keepdims=True)


def resized(images: Any, size: tuple[int, int], method: str, antialias: bool) -> Any:
    """Images (..., height, width, channels) of floats in another size, by one of these methods."""
    rows, columns = (
        _weights(method, old, new, antialias).astype("float32")
        for old, new in zip(images.shape[-3:-1], size, strict=True)
    )
    made = ops.einsum("...hwc,vw->...hvc", images, columns)
    return ops.einsum("...hwc,uh->...uwc", made, rows)


METHODS = frozenset({*_KERNELS, "area"})
