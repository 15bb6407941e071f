"""EfficientNet: width, depth and resolution grow together. Tan and Le, 2019, arXiv 1905.11946."""

from __future__ import annotations

import math
from typing import Any

from geartrain import initializers, layers
from geartrain.applications.common import (
    Head,
    Source,
    activated,
    channels_axis,
    divisible,
    even_borders,
    normalized,
    plain,
)
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.imagenet_utils import same_input as preprocess_input
from geartrain.models import Model

# Of each network the factors of width and depth, the size of images, and the dropout.
_SCALES = {
    "B0": (1.0, 1.0, 224, 0.2), "B1": (1.0, 1.1, 240, 0.2), "B2": (1.1, 1.2, 260, 0.3),
    "B3": (1.2, 1.4, 300, 0.3), "B4": (1.4, 1.8, 380, 0.4), "B5": (1.6, 2.2, 456, 0.4),
    "B6": (1.8, 2.6, 528, 0.5), "B7": (2.0, 3.1, 600, 0.5),
}  # fmt: skip
__all__ = [
    *(f"EfficientNet{scale}" for scale in _SCALES), "decode_predictions", "preprocess_input",
]  # fmt: skip
# Of each stage: kernel, number of blocks, filters before and after, how much wider, stride.
_STAGES = ((3, 1, 32, 16, 1, 1), (3, 2, 16, 24, 6, 2), (5, 2, 24, 40, 6, 2), (3, 3, 40, 80, 6, 2),
           (5, 3, 80, 112, 6, 1), (5, 4, 112, 192, 6, 2), (3, 1, 192, 320, 6, 1))  # fmt: skip
_DEVIATIONS = (0.229, 0.224, 0.225)  # of the channels of ImageNet, from 0 to 1
_CONNECTIONS_DROPPED = 0.2


def _conv(x: Any, filters: int, name: str, size: int = 1, **more: Any) -> Any:
    start = initializers.VarianceScaling(2.0, mode="fan_out", distribution="truncated_normal")
    more = {"padding": "same", **more}
    return layers.Conv2D(filters, size, kernel_initializer=start, name=name, **more)(x)


def _normed(x: Any, name: str) -> Any:
    return activated(normalized(x, f"{name}bn"), f"{name}activation", "swish")


def _block(
    x: Any, kernel: int, before: int, after: int, wider: int, stride: int, dropped: float,
    name: str,
) -> Any:  # fmt: skip
    inputs, filters = x, before * wider
    if wider != 1:
        x = _normed(_conv(x, filters, f"{name}expand_conv", use_bias=False), f"{name}expand_")
    if stride == 2:
        x = layers.ZeroPadding2D(even_borders(x, kernel), name=f"{name}dwconv_pad")(x)
    start = initializers.VarianceScaling(2.0, mode="fan_out", distribution="truncated_normal")
    x = layers.DepthwiseConv2D(
        kernel, strides=stride, padding="valid" if stride == 2 else "same", use_bias=False,
        depthwise_initializer=start, name=f"{name}dwconv",
    )(x)  # fmt: skip
    x = _normed(x, name)
    share = layers.GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    shape = (filters, 1, 1) if channels_axis() == 1 else (1, 1, filters)
    share = layers.Reshape(shape, name=f"{name}se_reshape")(share)
    inner = max(1, int(before * 0.25))
    share = _conv(share, inner, f"{name}se_reduce", activation="swish")
    share = _conv(share, filters, f"{name}se_expand", activation="sigmoid")
    x = layers.multiply([x, share], name=f"{name}se_excite")
    x = _conv(x, after, f"{name}project_conv", use_bias=False)
    x = normalized(x, f"{name}project_bn")
    if stride == 1 and before == after:
        if dropped > 0:
            shape = (None, 1, 1, 1)
            x = layers.Dropout(dropped, noise_shape=shape, name=f"{name}drop")(x)
        x = layers.add([x, inputs], name=f"{name}add")
    return x


def _body(x: Any, width: float, depth: float, trained: bool) -> Any:
    def filters(count: int) -> int:
        return divisible(count * width)

    x = layers.Rescaling(1.0 / 255.0)(x)
    x = layers.Normalization(axis=channels_axis())(x)
    if trained:  # which the weights of ImageNet expect, after a normalization of their own
        x = layers.Rescaling([1.0 / math.sqrt(one) for one in _DEVIATIONS])(x)
    x = layers.ZeroPadding2D(even_borders(x, 3), name="stem_conv_pad")(x)
    x = _conv(x, filters(32), "stem_conv", 3, strides=2, padding="valid", use_bias=False)
    x = _normed(x, "stem_")
    repeats = [math.ceil(depth * stage[1]) for stage in _STAGES]
    number = 0
    for place, (stage, count) in enumerate(zip(_STAGES, repeats, strict=True), 1):
        kernel, _, before, after, wider, stride = stage
        for block in range(count):
            first = block == 0
            x = _block(
                x, kernel, filters(before if first else after), filters(after), wider,
                stride if first else 1, _CONNECTIONS_DROPPED * number / sum(repeats),
                f"block{place}{chr(block + 97)}_",
            )  # fmt: skip
            number += 1
    return _normed(_conv(x, filters(1280), "top_conv", use_bias=False), "top_")


def _maker(scale: str) -> Any:
    width, depth, size, dropout = _SCALES[scale]
    who = f"EfficientNet{scale}"

    def make(
        include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
        input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
        classifier_activation: Any = "softmax", name: str = who.lower(),
    ) -> Model:  # fmt: skip
        head = Head(include_top, pooling, classes, classifier_activation, dropout=dropout)
        source = Source(weights, f"{name}{{}}.h5")
        spread = initializers.VarianceScaling(1 / 3, mode="fan_out", distribution="uniform")
        return plain(
            who, lambda x: _body(x, width, depth, weights == "imagenet"), (size, 32), source, head,
            input_shape, input_tensor, name, kernel_initializer=spread,
        )  # fmt: skip

    make.__name__ = make.__qualname__ = who
    make.__doc__ = f"{who}; see `keras.applications` for the arguments."
    return make


(EfficientNetB0, EfficientNetB1, EfficientNetB2, EfficientNetB3, EfficientNetB4, EfficientNetB5,
 EfficientNetB6, EfficientNetB7) = map(_maker, _SCALES)  # fmt: skip
