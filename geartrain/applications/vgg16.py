"""VGG: rows of small convolutions. Simonyan and Zisserman, 2015, arXiv 1409.1556."""

from __future__ import annotations

from typing import Any

from geartrain import layers
from geartrain.applications.common import (
    Head,
    Source,
    checked,
    finished,
    pooled,
    shape_of,
    start,
)
from geartrain.applications.imagenet_utils import caffe_input as preprocess_input
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.models import Model

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

FILTERS = (64, 128, 256, 512, 512)


def vgg(
    who: str, depths: tuple[int, ...], weights: Any, head: Head, input_tensor: Any,
    input_shape: Any, name: str | None,
) -> Model:  # fmt: skip
    """A network with so many convolutions in each of its five blocks."""
    source = Source(weights, f"{who.lower()}_weights_tf_dim_ordering_tf_kernels{{}}.h5")
    checked(who, source, head)
    shape = shape_of(who, input_shape, 224, 32, weights, head.include_top)
    inputs = x = start(shape, input_tensor)
    for block, (filters, depth) in enumerate(zip(FILTERS, depths, strict=True), 1):
        for number in range(1, depth + 1):
            x = layers.Conv2D(
                filters, 3, activation="relu", padding="same", name=f"block{block}_conv{number}"
            )(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    if head.include_top:
        x = layers.Flatten(name="flatten")(x)
        for dense in ("fc1", "fc2"):
            x = layers.Dense(4096, activation="relu", name=dense)(x)
        x = layers.Dense(head.classes, activation=head.activation, name="predictions")(x)
    else:
        x = pooled(x, head)
    return finished(who, inputs, x, name, source, head, input_tensor)


def VGG16(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "vgg16",
) -> Model:  # fmt: skip
    """VGG with 16 layers of weights; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation, None, None)
    return vgg("VGG16", (2, 2, 3, 3, 3), weights, head, input_tensor, input_shape, name)
