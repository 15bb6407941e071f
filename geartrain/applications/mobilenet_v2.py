"""MobileNet V2: blocks that widen, convolve and narrow. Sandler and others, arXiv 1801.04381."""

from __future__ import annotations

from typing import Any

from geartrain import layers
from geartrain.applications.common import (
    Head,
    Source,
    channels_axis,
    divisible,
    even_borders,
    normalized,
    plain,
)
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.imagenet_utils import tf_input as preprocess_input
from geartrain.applications.mobilenet import trained_size
from geartrain.models import Model

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

# Filters, stride of the first block, number of blocks. All but the first widen by 6.
_STAGES = ((16, 1, 1), (24, 2, 2), (32, 2, 3), (64, 2, 4), (96, 1, 3), (160, 2, 3), (320, 1, 1))


def conv_normed(x: Any, filters: int, name: str, normed: str, **more: Any) -> Any:
    """A convolution without bias, and batch normalization."""
    x = layers.Conv2D(filters, padding="same", use_bias=False, name=name, **more)(x)
    return normalized(x, normed, epsilon=1e-3, momentum=0.999)


def _block(x: Any, filters: int, stride: int, widened: int, number: int) -> Any:
    before, channels = x, x.shape[channels_axis()]
    name = f"block_{number}_" if number else "expanded_conv_"
    if number:
        x = conv_normed(x, widened * channels, f"{name}expand", f"{name}expand_BN", kernel_size=1)
        x = layers.ReLU(6.0, name=f"{name}expand_relu")(x)
    if stride == 2:
        x = layers.ZeroPadding2D(even_borders(x, 3), name=f"{name}pad")(x)
    x = layers.DepthwiseConv2D(
        3, strides=stride, use_bias=False, padding="same" if stride == 1 else "valid",
        name=f"{name}depthwise",
    )(x)  # fmt: skip
    x = normalized(x, f"{name}depthwise_BN", epsilon=1e-3, momentum=0.999)
    x = layers.ReLU(6.0, name=f"{name}depthwise_relu")(x)
    x = conv_normed(x, filters, f"{name}project", f"{name}project_BN", kernel_size=1)
    if channels == filters and stride == 1:
        return layers.Add(name=f"{name}add")([before, x])
    return x


def MobileNetV2(
    input_shape: Any = None, alpha: float = 1.0, include_top: bool = True,
    weights: Any = "imagenet", input_tensor: Any = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str | None = None,
) -> Model:  # fmt: skip
    """MobileNet V2; see `keras.applications` for the arguments.

    Further args:
        alpha: a factor for the filters of all layers.
    """
    head = Head(include_top, pooling, classes, classifier_activation, None, None)
    size, rows = trained_size(
        "MobileNetV2", input_shape, (96, 128, 160, 192, 224), weights, input_tensor
    )
    if weights == "imagenet" and alpha not in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4):
        raise ValueError(
            "MobileNetV2: expected alpha as one of 0.35, 0.5, 0.75, 1.0, 1.3, 1.4, for which there "
            f"are weights. Received: alpha={alpha}"
        )

    def body(x: Any) -> Any:
        first = divisible(32 * alpha)
        x = conv_normed(x, first, "Conv1", "bn_Conv1", kernel_size=3, strides=2)
        x, number = layers.ReLU(6.0, name="Conv1_relu")(x), 0
        for filters, stride, count in _STAGES:
            for place in range(count):
                narrow = divisible(int(filters * alpha))
                x = _block(x, narrow, stride if place == 0 else 1, 6, number)
                number += 1
        last = divisible(1280 * alpha) if alpha > 1 else 1280
        x = conv_normed(x, last, "Conv_1", "Conv_1_bn", kernel_size=1)
        return layers.ReLU(6.0, name="out_relu")(x)

    file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{rows}{{}}.h5"
    source = Source(weights, file, "_no_top")
    name = name or f"mobilenetv2_{alpha:0.2f}_{rows}"
    return plain("MobileNetV2", body, (size, 32), source, head, input_shape, input_tensor, name)
