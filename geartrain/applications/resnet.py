"""ResNet: blocks around which their input is led. He and others, 2016, arXiv 1512.03385."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import layers
from geartrain.applications.common import Head, Source, activated, normalized, plain
from geartrain.applications.imagenet_utils import caffe_input as preprocess_input
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.models import Model

__all__ = ["ResNet50", "ResNet101", "ResNet152", "decode_predictions", "preprocess_input"]

EPSILON = 1.001e-5
DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
FILTERS = (64, 128, 256, 512)


def conv_normed(x: Any, filters: int, size: int, name: str, act: bool = True, **more: Any) -> Any:
    """A convolution, batch normalization, and perhaps ReLU."""
    x = layers.Conv2D(filters, size, name=f"{name}_conv", **more)(x)
    x = normalized(x, f"{name}_bn", epsilon=EPSILON)
    return activated(x, f"{name}_relu") if act else x


def _block(x: Any, filters: int, stride: int, name: str, changes: bool) -> Any:
    around = x
    if changes:
        around = conv_normed(x, 4 * filters, 1, f"{name}_0", act=False, strides=stride)
    x = conv_normed(x, filters, 1, f"{name}_1", strides=stride)
    x = conv_normed(x, filters, 3, f"{name}_2", padding="same")
    x = conv_normed(x, 4 * filters, 1, f"{name}_3", act=False)
    return activated(layers.Add(name=f"{name}_add")([around, x]), f"{name}_out")


def _stages(depths: tuple[int, ...]) -> Callable[[Any], Any]:
    def stages(x: Any) -> Any:
        for stage, (filters, depth) in enumerate(zip(FILTERS, depths, strict=True), 2):
            for number in range(1, depth + 1):
                stride = 2 if stage > 2 and number == 1 else 1
                x = _block(x, filters, stride, f"conv{stage}_block{number}", number == 1)
        return x

    return stages


def resnet(
    who: str, stages: Callable[[Any], Any], early: bool, file: str, weights: Any, head: Head,
    input_tensor: Any, input_shape: Any, name: str | None,
) -> Model:  # fmt: skip
    """A network of stages; `early` if its blocks normalize before they convolve."""

    def body(x: Any) -> Any:
        x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
        if early:
            x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
        else:
            x = conv_normed(x, 64, 7, "conv1", strides=2)
        x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
        x = stages(layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x))
        if early:
            x = activated(normalized(x, "post_bn", epsilon=EPSILON), "post_relu")
        return x

    source = Source(weights, f"{file}_weights_tf_dim_ordering_tf_kernels{{}}.h5")
    return plain(who, body, (224, 32), source, head, input_shape, input_tensor, name)


def _made(depth: int, weights: Any, head: Head, tensor: Any, shape: Any, name: Any) -> Model:
    stages, file = _stages(DEPTHS[depth]), f"resnet{depth}"
    return resnet(f"ResNet{depth}", stages, False, file, weights, head, tensor, shape, name)


def ResNet50(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "resnet50",
) -> Model:  # fmt: skip
    """ResNet with 50 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(50, weights, head, input_tensor, input_shape, name)


def ResNet101(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "resnet101",
) -> Model:  # fmt: skip
    """ResNet with 101 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(101, weights, head, input_tensor, input_shape, name)


def ResNet152(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "resnet152",
) -> Model:  # fmt: skip
    """ResNet with 152 layers; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation)
    return _made(152, weights, head, input_tensor, input_shape, name)
