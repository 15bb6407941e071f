"""Edges in images, and how alike two images are."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain.graph.shapes import public
from geartrain.ops.convolution import depthwise_conv
from geartrain.ops.image.checks import LAST, constant, images_of, in_floats
from geartrain.ops.image.distorted import bell
from geartrain.ops.operands import Tensor, as_float, dtype_of, extents_of, operand, rank_of
from geartrain.ops.reductions import mean
from geartrain.ops.shaping import broadcast_to, expand_dims, moveaxis, reshape, squeeze, stack

__all__ = ["sobel_edges", "ssim"]

_SOBEL = np.outer([1, 2, 1], [-1, 0, 1])  # from left to right


def _filtered(x: Any, kernel: Any, padding: str) -> Any:
    """Each channel of images, channels last, as sums of products with a kernel."""
    sizes, channels = extents_of(kernel), extents_of(x)[-1]
    kernel = broadcast_to(reshape(kernel, (*sizes, 1, 1)), (*sizes, channels, 1))
    return depthwise_conv(x, kernel, padding=padding, data_format="channels_last")


def sobel_edges(images: Tensor, data_format: str | None = None) -> Tensor:
    """How steeply images rise downwards and to the right, by Sobel's filter of 3 x 3 pixels.

    Args:
        images: a batch of images.
        data_format: where the channels are.

    Returns a tensor of the images' shape and an axis of two: downwards, and to the right.

    Raises ValueError for another rank.

    >>> image = [[[[0.0], [1.0], [2.0]]] * 3]
    >>> sobel_edges(image)[0, 1, 1, 0]
    array([0., 8.], dtype=float32)
    """
    x, axes = images_of("sobel_edges", images, data_format)
    if rank_of(x) != 4:
        raise ValueError(
            f"sobel_edges: expected a batch of images, of rank 4. Received: shape "
            f"{public(extents_of(x))}. Use expand_dims(image, 0)."
        )

    def edges(x: Any) -> Any:
        x = x if axes == LAST else moveaxis(x, 1, -1)
        right = constant(_SOBEL, dtype_of(x))
        found = [_filtered(x, kernel, "same") for kernel in (right.T, right)]
        return stack([one if axes == LAST else moveaxis(one, -1, 1) for one in found], -1)

    return in_floats(x, edges)


def ssim(
    image1: Tensor,
    image2: Tensor,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """How alike images are in structure, from -1 to 1, which are equal images.

        (2 m1 m2 + c1)(2 v12 + c2) / ((m1^2 + m2^2 + c1)(v1 + v2 + c2))

    is averaged, with m, v and v12 the means, variances and covariances under a bell curve around
    each pixel. Wang and others, "Image quality assessment: from error visibility to structural
    similarity", 2004.

    Args:
        image1, image2: images or batches of one shape, of at least `filter_size` pixels.
        max_val: the greatest value that pixels may have.
        filter_size, filter_sigma: the width of the bell curve, and its standard deviation.
        k1, k2: c1 = (k1 max_val)^2 and c2 = (k2 max_val)^2 keep quotients finite.
        data_format: where the channels are.

    Returns a number for each image.

    Raises ValueError for other ranks.

    >>> image = [[[0.0], [1.0]], [[1.0], [0.0]]]
    >>> ssim(image, image, filter_size=2)
    array(1., dtype=float32)
    """
    given, axes = images_of("ssim", image1, data_format)
    other, _ = images_of("ssim", image2, data_format)
    single, dtype = rank_of(given) == 3, dtype_of(as_float(given))

    def prepared(x: Any) -> Any:
        x = operand(expand_dims(x, 0) if single else x, dtype)
        return x if axes == LAST else moveaxis(x, 1, -1)

    x, y = prepared(given), prepared(other)
    weights = bell(filter_size, constant(filter_sigma, dtype))
    kernel = reshape(weights, (-1, 1)) * reshape(weights, (1, -1))

    def around(x: Any) -> Any:
        return _filtered(x, kernel, "valid")

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean1, mean2 = around(x), around(y)
    squares, product = mean1 * mean1 + mean2 * mean2, mean1 * mean2
    variances, covariance = around(x * x) + around(y * y) - squares, around(x * y) - product
    found = (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))
    found = mean(found, axis=(1, 2, 3))
    return operand(squeeze(found, 0) if single else found, dtype_of(given))
