"""ResNet that normalizes before it convolves. He and others, 2016, arXiv 1603.05027."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import layers
from geartrain.applications.common import Head, activated, normalized
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.imagenet_utils import tf_input as preprocess_input
from geartrain.applications.resnet import DEPTHS, EPSILON, FILTERS, conv_normed, resnet
from geartrain.models import Model

__all__ = ["ResNet50V2", "ResNet101V2", "ResNet152V2", "decode_predictions", "preprocess_input"]


def _block(x: Any, filters: int, stride: int, name: str, changes: bool) -> Any:
    before = activated(normalized(x, f"{name}_preact_bn", epsilon=EPSILON), f"{name}_preact_relu")
    around = x
    if changes:
        around = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(before)
    elif stride > 1:
        around = layers.MaxPooling2D(1, strides=stride)(x)
    x = conv_normed(before, filters, 1, f"{name}_1", use_bias=False)
    x = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = conv_normed(x, filters, 3, f"{name}_2", strides=stride, use_bias=False)
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return layers.Add(name=f"{name}_out")([around, x])


def _stages(depths: tuple[int, ...]) -> Callable[[Any], Any]:
    def stages(x: Any) -> Any:
        for stage, (filters, depth) in enumerate(zip(FILTERS, depths, strict=True), 2):
            for number in range(1, depth + 1):
                stride = 2 if stage < 5 and number == depth else 1
                x = _block(x, filters, stride, f"conv{stage}_block{number}", number == 1)
        return x

    return stages


def _made(depth: int, weights: Any, head: Head, tensor: Any, shape: Any, name: Any) -> Model:
    stages, file = _stages(DEPTHS[depth]), f"resnet{depth}v2"
    return resnet(f"ResNet{depth}V2", stages, True, file, weights, head, tensor, shape, name)


def ResNet50V2(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "resnet50v2",
) -> Model:  # fmt: skip
    """The second ResNet with 50 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(50, weights, head, input_tensor, input_shape, name)


def ResNet101V2(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "resnet101v2",
) -> Model:  # fmt: skip
    """The second ResNet with 101 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(101, weights, head, input_tensor, input_shape, name)


def ResNet152V2(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "resnet152v2",
) -> Model:  # fmt: skip
    """The second ResNet with 152 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(152, weights, head, input_tensor, input_shape, name)
