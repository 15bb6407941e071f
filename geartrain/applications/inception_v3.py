"""Inception V3: branches of factorized convolutions. Szegedy and others, 2016, arXiv 1512.00567."""

from __future__ import annotations

from typing import Any

from geartrain import layers
from geartrain.applications.common import (
    Head,
    Source,
    activated,
    channels_axis,
    normalized,
    plain,
)
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.imagenet_utils import tf_input as preprocess_input
from geartrain.models import Model

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]

# A convolution is (filters, rows, columns), and the stride where it is not 1; "max" and "mean" are
# poolings; a list in a row is branches side by side. Each block is a list of branches.
_STEM = [(32, 3, 3, 2), (32, 3, 3, -1), (64, 3, 3), "max", (80, 1, 1, -1), (192, 3, 3, -1), "max"]


def _block_a(pool: int) -> list[list[Any]]:
    return [
        [(64, 1, 1)],
        [(48, 1, 1), (64, 5, 5)],
        [(64, 1, 1), (96, 3, 3), (96, 3, 3)],
        ["mean", (pool, 1, 1)],
    ]


def _block_b(inner: int) -> list[list[Any]]:
    return [
        [(192, 1, 1)],
        [(inner, 1, 1), (inner, 1, 7), (192, 7, 1)],
        [(inner, 1, 1), (inner, 7, 1), (inner, 1, 7), (inner, 7, 1), (192, 1, 7)],
        ["mean", (192, 1, 1)],
    ]


def _block_c(number: int) -> list[list[Any]]:
    split = [(384, 1, 3), (384, 3, 1)]
    return [
        [(320, 1, 1)],
        [(384, 1, 1), [f"mixed9_{number}", *split]],
        [(448, 1, 1), (384, 3, 3), [None, *split]],
        ["mean", (192, 1, 1)],
    ]


_BLOCKS = [
    _block_a(32), _block_a(64), _block_a(64),
    [[(384, 3, 3, 2)], [(64, 1, 1), (96, 3, 3), (96, 3, 3, 2)], ["max"]],
    _block_b(128), _block_b(160), _block_b(160), _block_b(192),
    [[(192, 1, 1), (320, 3, 3, 2)], [(192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3, 3, 2)],
     ["max"]],
    _block_c(0), _block_c(1),
]  # fmt: skip


def _step(x: Any, step: Any) -> Any:
    """One step of a branch. A stride of -1 is 1, and no borders."""
    if step == "max":
        return layers.MaxPooling2D(3, strides=2)(x)
    if step == "mean":
        return layers.AveragePooling2D(3, strides=1, padding="same")(x)
    if isinstance(step, list):
        name, *parts = step
        return layers.concatenate(
            [_step(x, part) for part in parts], axis=channels_axis(), name=name
        )
    filters, rows, columns, *stride = step
    x = layers.Conv2D(
        filters, (rows, columns), strides=max(1, *stride) if stride else 1,
        padding="valid" if stride else "same", use_bias=False,
    )(x)  # fmt: skip
    return activated(normalized(x, scale=False))


def _body(x: Any) -> Any:
    for step in _STEM:
        x = _step(x, step)
    for number, block in enumerate(_BLOCKS):
        found = []
        for branch in block:
            made = x
            for step in branch:
                made = _step(made, step)
            found.append(made)
        x = layers.concatenate(found, axis=channels_axis(), name=f"mixed{number}")
    return x


def InceptionV3(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "inception_v3",
) -> Model:  # fmt: skip
    """Inception V3; see `keras.applications` for the arguments."""
    averaged = "avg_pool" if include_top else None
    head = Head(include_top, pooling, classes, classifier_activation, averaged, None)
    source = Source(weights, "inception_v3_weights_tf_dim_ordering_tf_kernels{}.h5")
    return plain("InceptionV3", _body, (299, 75), source, head, input_shape, input_tensor, name)
