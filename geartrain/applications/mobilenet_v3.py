"""MobileNet V3: found by search, with hard activations. Howard and others, arXiv 1905.02244."""

from __future__ import annotations

from typing import Any

from geartrain import config, layers
from geartrain.applications.common import (
    Head,
    Source,
    channels_axis,
    checked,
    divisible,
    even_borders,
    finished,
    normalized,
    pooled,
    shape_of,
    start,
)
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.imagenet_utils import same_input as preprocess_input
from geartrain.applications.mobilenet_v2 import conv_normed
from geartrain.models import Model

__all__ = ["MobileNetV3Large", "MobileNetV3Small", "decode_predictions", "preprocess_input"]

# Of each block: how much wider it is inside, filters, whether its kernel is the large one, stride,
# whether channels are weighed, and whether its activation is the hard swish.
_SMALL = [
    (1, 16, 0, 2, 1, 0), (72 / 16, 24, 0, 2, 0, 0), (88 / 24, 24, 0, 1, 0, 0), (4, 40, 1, 2, 1, 1),
    (6, 40, 1, 1, 1, 1), (6, 40, 1, 1, 1, 1), (3, 48, 1, 1, 1, 1), (3, 48, 1, 1, 1, 1),
    (6, 96, 1, 2, 1, 1), (6, 96, 1, 1, 1, 1), (6, 96, 1, 1, 1, 1),
]  # fmt: skip
_LARGE = [
    (1, 16, 0, 1, 0, 0), (4, 24, 0, 2, 0, 0), (3, 24, 0, 1, 0, 0), (3, 40, 1, 2, 1, 0),
    (3, 40, 1, 1, 1, 0), (3, 40, 1, 1, 1, 0), (6, 80, 0, 2, 0, 1), (2.5, 80, 0, 1, 0, 1),
    (2.3, 80, 0, 1, 0, 1), (2.3, 80, 0, 1, 0, 1), (6, 112, 0, 1, 1, 1), (6, 112, 0, 1, 1, 1),
    (6, 160, 1, 2, 1, 1), (6, 160, 1, 1, 1, 1), (6, 160, 1, 1, 1, 1),
]  # fmt: skip


def _active(x: Any, hard: Any) -> Any:
    return layers.Activation("hard_swish")(x) if hard else layers.ReLU()(x)


def _weighed(x: Any, filters: int, name: str) -> Any:
    """Each channel times a number from 0 to 1 that depends on the means of all."""
    name = f"{name}squeeze_excite_"
    share = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}avg_pool")(x)
    inner = divisible(filters * 0.25)
    share = layers.Conv2D(inner, 1, padding="same", name=f"{name}conv")(share)
    share = layers.ReLU(name=f"{name}relu")(share)
    share = layers.Conv2D(filters, 1, padding="same", name=f"{name}conv_1")(share)
    share = layers.ReLU(6.0)(share + 3.0) * (1.0 / 6.0)
    return layers.Multiply(name=f"{name}mul")([x, share])


def _block(
    x: Any, wider: float, filters: int, kernel: int, stride: int, weighed: Any, hard: Any,
    number: int,
) -> Any:  # fmt: skip
    before, channels = x, x.shape[channels_axis()]
    name = f"expanded_conv_{number}_" if number else "expanded_conv_"
    inner = divisible(channels * wider)
    if number:
        x = conv_normed(x, inner, f"{name}expand", f"{name}expand_bn", kernel_size=1)
        x = _active(x, hard)
    if stride == 2:
        x = layers.ZeroPadding2D(even_borders(x, kernel), name=f"{name}depthwise_pad")(x)
    x = layers.DepthwiseConv2D(
        kernel, strides=stride, padding="same" if stride == 1 else "valid", use_bias=False,
        name=f"{name}depthwise",
    )(x)  # fmt: skip
    x = _active(normalized(x, f"{name}depthwise_bn", epsilon=1e-3, momentum=0.999), hard)
    if weighed:
        x = _weighed(x, inner, name)
    x = conv_normed(x, filters, f"{name}project", f"{name}project_bn", kernel_size=1)
    if stride == 1 and channels == filters:
        return layers.Add(name=f"{name}add")([before, x])
    return x


def _made(
    who: str, blocks: Any, last: int, alpha: float, minimalistic: bool, weights: Any, head: Head,
    dropout_rate: float, include_preprocessing: bool, tensor: Any, shape: Any, name: str | None,
) -> Model:  # fmt: skip
    if weights == "imagenet" and alpha not in ((1.0,) if minimalistic else (0.75, 1.0)):
        raise ValueError(
            f"{who}: expected alpha as 0.75 or 1.0 (1.0 if minimalistic), for which there are "
            f"weights. Received: alpha={alpha}"
        )
    kind = who.removeprefix("MobileNetV3").lower() + ("_minimalistic" if minimalistic else "")
    file = f"weights_mobilenet_v3_{kind}_224_{alpha}_float{{}}.h5"
    source = Source(weights, file, "_no_top_v2")
    checked(who, source, head)
    inputs = x = start(shape_of(who, shape, 224, 32, None, False), tensor)
    if include_preprocessing:
        x = layers.Rescaling(1.0 / 127.5, offset=-1.0)(x)
    hard = not minimalistic
    x = _active(conv_normed(x, 16, "conv", "conv_bn", kernel_size=3, strides=2), hard)
    for number, (wider, filters, large, stride, weighed, swish) in enumerate(blocks):
        x = _block(
            x, wider, divisible(filters * alpha), 5 if large and hard else 3, stride,
            weighed and hard, swish and hard, number,
        )  # fmt: skip
    x = conv_normed(
        x, divisible(x.shape[channels_axis()] * 6), "conv_1", "conv_1_bn", kernel_size=1
    )
    x = _active(x, hard)
    if head.include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        final = divisible(last * alpha) if alpha > 1 else last
        x = _active(layers.Conv2D(final, 1, padding="same", name="conv_2")(x), hard)
        if dropout_rate > 0:
            x = layers.Dropout(dropout_rate)(x)
        x = layers.Conv2D(head.classes, 1, padding="same", name="logits")(x)
        x = layers.Activation(head.activation, name="predictions")(layers.Flatten()(x))
    else:
        x = pooled(x, head)
    return finished(who, inputs, x, name, source, head, tensor)


def _shape(shape: Any, tensor: Any) -> Any:
    """The images' shape: that of a given tensor; of any size, if nobody said."""
    if shape is None and tensor is not None:
        return tuple(tensor.shape[1:])
    if shape is None:
        first = config.image_data_format() == "channels_first"
        return (3, None, None) if first else (None, None, 3)
    return shape


def MobileNetV3Small(
    input_shape: Any = None, alpha: float = 1.0, minimalistic: bool = False,
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    classes: int = 1000, pooling: str | None = None, dropout_rate: float = 0.2,
    classifier_activation: Any = "softmax", include_preprocessing: bool = True,
    name: str = "MobileNetV3Small",
) -> Model:  # fmt: skip
    """The small MobileNet V3; see `keras.applications` for the arguments.

    Further args:
        alpha: a factor for the filters of all layers.
        minimalistic: without weighed channels, hard activations and kernels of 5 x 5.
        dropout_rate: the share that is dropped before the classes.
        include_preprocessing: whether values from 0 to 255 are brought to -1 to 1 by the network.
    """
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(
        "MobileNetV3Small", _SMALL, 1024, alpha, minimalistic, weights, head, dropout_rate,
        include_preprocessing, input_tensor, _shape(input_shape, input_tensor), name,
    )  # fmt: skip


def MobileNetV3Large(
    input_shape: Any = None, alpha: float = 1.0, minimalistic: bool = False,
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    classes: int = 1000, pooling: str | None = None, dropout_rate: float = 0.2,
    classifier_activation: Any = "softmax", include_preprocessing: bool = True,
    name: str = "MobileNetV3Large",
) -> Model:  # fmt: skip
    """The large MobileNet V3; see `MobileNetV3Small`."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(
        "MobileNetV3Large", _LARGE, 1280, alpha, minimalistic, weights, head, dropout_rate,
        include_preprocessing, input_tensor, _shape(input_shape, input_tensor), name,
    )  # fmt: skip
