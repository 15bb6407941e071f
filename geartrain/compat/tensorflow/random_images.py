"""`tf.image.random_flip_left_right` and its like: images changed at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import ops, random
from geartrain.compat.tensorflow.images import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
)
from geartrain.compat.tensorflow.shapes import shape_of
from geartrain.graph.node import Node
from geartrain.ops.operands import extents_of, operand


def _drawn(seed: Any, low: Any, high: Any, shape: Any = ()) -> Any:
    """A number between bounds; `seed` are the two numbers of a stateless function, or None."""
    if seed is None:
        return random.uniform(shape, low, high)
    both = np.asarray(seed).astype("uint32").reshape(-1)
    return random.uniform(
        shape, low, high, seed=both if both.size == 2 else np.uint32([both[0], 0])
    )


def _flipped(image: Any, axis: int, seed: Any) -> Any:
    x = operand(image)
    batch = extents_of(x)[:-3]
    if isinstance(x, Node) or batch:
        chosen = ops.reshape(_drawn(seed, 0.0, 1.0, tuple(ops.shape(x)[: len(batch)])) < 0.5,
                             (*tuple(ops.shape(x)[: len(batch)]), 1, 1, 1))  # fmt: skip
        return ops.where(chosen, ops.flip(x, axis), x)
    return ops.flip(x, axis) if float(_drawn(seed, 0.0, 1.0)) < 0.5 else ops.convert_to_tensor(x)


def random_flip_left_right(image: Any, seed: Any = None) -> Any:
    """Each image mirrored, or not."""
    return _flipped(image, -2, None)


def random_flip_up_down(image: Any, seed: Any = None) -> Any:
    """Each image upside down, or not."""
    return _flipped(image, -3, None)


def random_brightness(image: Any, max_delta: Any, seed: Any = None) -> Any:
    """The brightness changed by up to `max_delta`."""
    return adjust_brightness(image, _drawn(None, -max_delta, max_delta))


def random_contrast(image: Any, lower: Any, upper: Any, seed: Any = None) -> Any:
    """The contrast times a factor between bounds."""
    return adjust_contrast(image, _drawn(None, lower, upper))


def random_saturation(image: Any, lower: Any, upper: Any, seed: Any = None) -> Any:
    """The saturation times a factor between bounds."""
    return adjust_saturation(image, _drawn(None, lower, upper))


def random_hue(image: Any, max_delta: Any, seed: Any = None) -> Any:
    """The hue changed by up to `max_delta`."""
    return adjust_hue(image, _drawn(None, -max_delta, max_delta))


def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Any:
    """A part of that size at a random place."""
    return _cropped(value, size, None)


def _cropped(value: Any, size: Any, seed: Any) -> Any:
    x, wanted = operand(value), shape_of(size)
    spare = [have - want + 1 for have, want in zip(extents_of(x), wanted, strict=True)]
    if min(spare) < 1:
        raise ValueError(
            f"tf.image.random_crop: expected a size within {tuple(x.shape)}. Received: {wanted}"
        )
    share = _drawn(seed, 0.0, 1.0, (len(wanted),))
    first = ops.cast(share * np.float32(spare), "int32")
    if isinstance(first, Node) or isinstance(x, Node):
        return ops.slice(x, first, wanted)
    return x[tuple(slice(int(a), int(a) + n) for a, n in zip(first, wanted, strict=True))]


def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """Each image mirrored, or not, the same for the same seed."""
    return _flipped(image, -2, seed)


def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """Each image upside down, or not, the same for the same seed."""
    return _flipped(image, -3, seed)


def stateless_random_brightness(image: Any, max_delta: Any, seed: Any) -> Any:
    """The brightness changed by up to `max_delta`, the same for the same seed."""
    return adjust_brightness(image, _drawn(seed, -max_delta, max_delta))


def stateless_random_contrast(image: Any, lower: Any, upper: Any, seed: Any) -> Any:
    """The contrast times a factor, the same for the same seed."""
    return adjust_contrast(image, _drawn(seed, lower, upper))


def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Any:
    """A part of that size at a place that the seed says."""
    return _cropped(value, size, seed)


__all__ = [
    "random_brightness", "random_contrast", "random_crop", "random_flip_left_right",
    "random_flip_up_down", "random_hue", "random_saturation", "stateless_random_brightness",
    "stateless_random_contrast", "stateless_random_crop", "stateless_random_flip_left_right",
    "stateless_random_flip_up_down",
]  # fmt: skip
