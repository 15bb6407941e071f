"""DenseNet: each block sees what all before it found. Huang and others, 2017, arXiv 1608.06993."""

from __future__ import annotations

from typing import Any

from geartrain import config, layers
from geartrain.applications.common import (
    Head,
    Source,
    activated,
    channels_axis,
    normalized,
    plain,
)
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.imagenet_utils import torch_input as preprocess_input
from geartrain.models import Model

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

_DEPTHS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
_GROWTH, _EPSILON = 32, 1.001e-5


def _normed(x: Any, name: str) -> Any:
    return activated(normalized(x, f"{name}bn", epsilon=_EPSILON), f"{name}relu")


def _grown(x: Any, name: str) -> Any:
    new = layers.Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(
        _normed(x, f"{name}_0_")
    )
    new = layers.Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(
        _normed(new, f"{name}_1_")
    )
    return layers.Concatenate(axis=channels_axis(), name=f"{name}_concat")([x, new])


def _made(depth: int, weights: Any, head: Head, tensor: Any, shape: Any, name: Any) -> Model:
    if config.image_data_format() == "channels_first":
        raise ValueError(
            f"DenseNet{depth}: expected images with channels last. Received: "
            "image_data_format() is 'channels_first'"
        )

    def body(x: Any) -> Any:
        x = layers.ZeroPadding2D(3)(x)
        x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
        x = layers.ZeroPadding2D(1)(_normed(x, "conv1_"))
        x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
        for stage, blocks in enumerate(_DEPTHS[depth], 2):
            for number in range(1, blocks + 1):
                x = _grown(x, f"conv{stage}_block{number}")
            if stage < 5:
                x = _normed(x, f"pool{stage}_")
                half = x.shape[channels_axis()] // 2
                x = layers.Conv2D(half, 1, use_bias=False, name=f"pool{stage}_conv")(x)
                x = layers.AveragePooling2D(2, strides=2, name=f"pool{stage}_pool")(x)
        return _normed(x, "")

    source = Source(weights, f"densenet{depth}_weights_tf_dim_ordering_tf_kernels{{}}.h5")
    return plain(f"DenseNet{depth}", body, (224, 32), source, head, shape, tensor, name)


def DenseNet121(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "densenet121",
) -> Model:  # fmt: skip
    """DenseNet with 121 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(121, weights, head, input_tensor, input_shape, name)


def DenseNet169(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "densenet169",
) -> Model:  # fmt: skip
    """DenseNet with 169 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(169, weights, head, input_tensor, input_shape, name)


def DenseNet201(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "densenet201",
) -> Model:  # fmt: skip
    """DenseNet with 201 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(201, weights, head, input_tensor, input_shape, name)
