"""Xception: separable convolutions in residual blocks. Chollet, 2017, arXiv 1610.02357."""

from __future__ import annotations

from typing import Any

from geartrain import layers
from geartrain.applications.common import Head, Source, activated, normalized, plain
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.imagenet_utils import tf_input as preprocess_input
from geartrain.models import Model

__all__ = ["Xception", "decode_predictions", "preprocess_input"]

# Of each block that halves the images: its number, and the filters of its two convolutions.
_ENTRY = ((2, 128, 128), (3, 256, 256), (4, 728, 728))
_EXIT = (13, 728, 1024)


def _separable(x: Any, filters: int, name: str) -> Any:
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return normalized(x, f"{name}_bn")


def _halving(x: Any, number: int, first: int, second: int) -> Any:
    around = layers.Conv2D(second, 1, strides=2, padding="same", use_bias=False)(x)
    around = normalized(around)
    name = f"block{number}"
    if number > 2:
        x = activated(x, f"{name}_sepconv1_act")
    x = _separable(x, first, f"{name}_sepconv1")
    x = _separable(activated(x, f"{name}_sepconv2_act"), second, f"{name}_sepconv2")
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return layers.add([x, around])


def _body(x: Any) -> Any:
    for number, filters, stride in ((1, 32, 2), (2, 64, 1)):
        name = f"block1_conv{number}"
        x = layers.Conv2D(filters, 3, strides=stride, use_bias=False, name=name)(x)
        x = activated(normalized(x, f"{name}_bn"), f"{name}_act")
    for block in _ENTRY:
        x = _halving(x, *block)
    for number in range(5, 13):
        around = x
        for part in (1, 2, 3):
            name = f"block{number}_sepconv{part}"
            x = _separable(activated(x, f"{name}_act"), 728, name)
        x = layers.add([x, around])
    x = _halving(x, *_EXIT)
    for part, filters in ((1, 1536), (2, 2048)):
        name = f"block14_sepconv{part}"
        x = activated(_separable(x, filters, name), f"{name}_act")
    return x


def Xception(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "xception",
) -> Model:  # fmt: skip
    """Xception; see `keras.applications` for the arguments."""
    averaged = "avg_pool" if include_top else None
    head = Head(include_top, pooling, classes, classifier_activation, averaged, None)
    source = Source(weights, "xception_weights_tf_dim_ordering_tf_kernels{}.h5")
    return plain("Xception", _body, (299, 71), source, head, input_shape, input_tensor, name)
