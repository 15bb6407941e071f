"""What is done with images, as plain loops: each window is looked at, number by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.naive.checks import tensor, window_counts


def naive_conv2d(x: Any, kernel: Any, stride: int = 1) -> np.ndarray:
    """Convolution: `z[b, i, j, f] = sum of x[b, i + p, j + q, c] * kernel[p, q, c, f]`.

    The kernel slides over the image, `stride` pixels a step; wherever it fits whole, its numbers
    are multiplied with those under it and added up, once for each filter f.

    Args:
        x: images of shape (samples, height, width, channels).
        kernel: filters of shape (rows, columns, channels, filters).
        stride: the pixels from one window to the next, down and to the right.

    Returns images of shape (samples, new_height, new_width, filters).

    Raises ValueError where the channels differ, or the kernel is larger than the images.

    >>> image = np.array([[1, 2, 4], [8, 16, 32]]).reshape(1, 2, 3, 1)
    >>> naive_conv2d(image, np.ones((2, 2, 1, 1), int))[0, :, :, 0]
    array([[27, 54]])
    """
    who = "naive_conv2d"
    x, kernel = tensor(who, "x", x, rank=4), tensor(who, "kernel", kernel, rank=4)
    rows, columns, channels, filters = kernel.shape
    if x.shape[3] != channels:
        raise ValueError(
            f"{who} expected x of shape (samples, height, width, c), kernel of shape "
            f"(rows, columns, c, filters). Received: shapes {x.shape} and {kernel.shape}, so c "
            f"would be both {x.shape[3]} and {channels}."
        )
    high, wide = window_counts(who, x, (rows, columns), stride)
    z = np.zeros((x.shape[0], high, wide, filters), np.result_type(x, kernel))
    for b, i, j, f in np.ndindex(z.shape):
        for p, q, c in np.ndindex(rows, columns, channels):
            z[b, i, j, f] += x[b, i * stride + p, j * stride + q, c] * kernel[p, q, c, f]
    return z


def naive_max_pool2d(x: Any, size: int = 2, stride: int | None = None) -> np.ndarray:
    """Max pooling: `z[b, i, j, c]` is the largest of the numbers of channel c in a window.

    Args:
        x: images of shape (samples, height, width, channels).
        size: the window's height and width.
        stride: the pixels from one window to the next; None for windows side by side.

    Returns images of shape (samples, new_height, new_width, channels).

    Raises ValueError where the window is larger than the images.

    >>> image = np.array([[1, 2, 4, 0], [8, 3, 5, 6]]).reshape(1, 2, 4, 1)
    >>> naive_max_pool2d(image)[0, :, :, 0]
    array([[8, 6]])
    """
    who = "naive_max_pool2d"
    x, stride = tensor(who, "x", x, rank=4), size if stride is None else stride
    high, wide = window_counts(who, x, (size, size), stride)
    z = np.empty((x.shape[0], high, wide, x.shape[3]), x.dtype)
    for b, i, j, c in np.ndindex(z.shape):
        z[b, i, j, c] = x[b, i * stride, j * stride, c]
        for p, q in np.ndindex(size, size):
            z[b, i, j, c] = max(z[b, i, j, c], x[b, i * stride + p, j * stride + q, c])
    return z
