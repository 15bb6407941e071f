"""Images that are blurred, or whose pixels are shifted by random fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain.errors import shown
from geartrain.graph.node import Node
from geartrain.ops.arithmetic import add, divide, multiply, square
from geartrain.ops.convolution import depthwise_conv
from geartrain.ops.creation import arange
from geartrain.ops.image.checks import LAST, images_of, in_floats, one_of
from geartrain.ops.image.places import FILL_MODES, INTERPOLATIONS, as_batch, taken
from geartrain.ops.operands import Tensor, dtype_of, extents_of, operand, rank_of
from geartrain.ops.rearranging import split
from geartrain.ops.reductions import sum
from geartrain.ops.shaping import broadcast_to, expand_dims, moveaxis, reshape, squeeze
from geartrain.ops.spatial import whole_numbers
from geartrain.ops.transcendental import exp
from geartrain.random import normal

__all__ = ["elastic_transform", "gaussian_blur"]


def gaussian_blur(
    images: Tensor,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Any = (1.0, 1.0),
    data_format: str | None = None,
) -> Tensor:
    """Images whose pixels are means of those around, weighed by a bell curve.

        weight ~ exp(-(x / sigma_x)^2 / 2) exp(-(y / sigma_y)^2 / 2)

    Beyond the border there are zeros.

    Args:
        images: an image or a batch.
        kernel_size: how many pixels count (along the width, along the height).
        sigma: the standard deviations (along the width, along the height), in pixels.
        data_format: where the channels are.

    Returns images of the same dtype; whole numbers are rounded.

    Raises ValueError for other ranks and sizes.

    >>> gaussian_blur([[[0.0], [1.0], [0.0]]], sigma=(0.5, 0.5)).ravel().round(3)
    array([0.084, 0.619, 0.084], dtype=float32)
    """
    x, axes = images_of("gaussian_blur", images, data_format)
    sizes = whole_numbers("gaussian_blur", "kernel_size", kernel_size, 2)
    deviations = operand(sigma)
    if extents_of(deviations) != (2,):
        raise ValueError(
            "gaussian_blur: expected sigma as two numbers, along the width and the height. "
            f"Received: {shown(sigma)}"
        )

    def blurred(x: Any) -> Any:
        single = rank_of(x) == 3
        x = expand_dims(x, 0) if single else x
        x = x if axes == LAST else moveaxis(x, 1, -1)
        for axis in (0, 1):
            weights = bell(sizes[axis], operand(deviations[axis], dtype_of(x)))
            place = (1, sizes[axis]) if axis == 0 else (sizes[axis], 1)
            channels = extents_of(x)[-1]
            kernel = broadcast_to(reshape(weights, (*place, 1, 1)), (*place, channels, 1))
            x = depthwise_conv(x, kernel, padding="same", data_format="channels_last")
        x = x if axes == LAST else moveaxis(x, -1, 1)
        return squeeze(x, 0) if single else x

    return in_floats(x, blurred)


def bell(size: int, sigma: Any) -> Any:
    """A bell curve at `size` whole places around 0, of sum 1."""
    place = arange(size, dtype=dtype_of(sigma)) - (size - 1) / 2
    weights = exp(multiply(square(divide(place, sigma)), -0.5))
    return divide(weights, sum(weights))


def elastic_transform(
    images: Tensor,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Tensor:
    """Images whose pixels are shifted by smooth random fields.

    Each field is normal noise of deviation `sigma`, blurred by a bell curve of `sigma` pixels,
    times `alpha`. Simard, Steinkraus and Platt, "Best practices for convolutional neural networks
    applied to visual document analysis", 2003.

    Args:
        images: an image or a batch, of a height and width known now.
        alpha: how far pixels are shifted.
        sigma: how smooth the fields are.
        interpolation, fill_mode, fill_value, data_format: see `affine_transform`.
        seed: an integer, a `SeedGenerator`, or None for the global one.

    Raises ValueError for other words and ranks, and a sigma that is not a number.

    >>> elastic_transform([[[1.0], [1.0]], [[1.0], [1.0]]], sigma=1.0, seed=1)[..., 0]
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """
    who = "elastic_transform"
    one_of(who, "interpolation", interpolation, INTERPOLATIONS)
    one_of(who, "fill_mode", fill_mode, FILL_MODES)
    if isinstance(operand(sigma), Node):
        raise ValueError(f"{who}: expected sigma as a number. Received: {shown(sigma)}")
    return distorted(
        who, images, alpha, sigma, float(operand(sigma)), interpolation, fill_mode, fill_value,
        seed, data_format,
    )  # fmt: skip


def distorted(
    who: str, images: Any, alpha: Any, sigma: Any, most: float, interpolation: str,
    fill_mode: str, fill_value: float, seed: Any, data_format: str | None,
) -> Any:  # fmt: skip
    """`elastic_transform` with a sigma that may be symbolic, and is `most` at most."""
    reach = int(6 * most) | 1

    def moved(x: Any) -> Any:
        batch, height, width, _ = extents_of(x)
        deviation = operand(sigma, "float32")
        fields = gaussian_blur(
            normal((batch, height, width, 2), seed=seed) * deviation,
            (reach, reach),
            broadcast_to(deviation, (2,)),
            "channels_last",
        )
        right, down = split(multiply(fields, operand(alpha, "float32")), 2, -1)
        x_place = reshape(arange(width, dtype="float32"), (1, 1, width, 1))
        y_place = reshape(arange(height, dtype="float32"), (1, height, 1, 1))
        return taken(
            x, add(y_place, down), add(x_place, right), interpolation, fill_mode, fill_value
        )

    return as_batch(who, images, data_format, moved)
