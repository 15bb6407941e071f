"""MobileNet: a depthwise and a pointwise convolution each. Howard and others, arXiv 1704.04861."""

from __future__ import annotations

from typing import Any

from geartrain import layers
from geartrain.applications.common import (
    Head,
    Source,
    checked,
    finished,
    normalized,
    pooled,
    shape_of,
    start,
)
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.imagenet_utils import tf_input as preprocess_input
from geartrain.config import image_data_format
from geartrain.errors import warn
from geartrain.models import Model

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

_BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5,
           (1024, 2), (1024, 1))  # fmt: skip


def trained_size(
    who: str, shape: Any, sizes: tuple[int, ...], weights: Any, x: Any = None
) -> tuple[int, Any]:
    """The size that the network was trained on which fits the user's images best: 224 if none.

    Returns it for `shape_of`, and what stands for it in names: the images' height.
    """
    given = x.shape[1:] if shape is None and x is not None else shape
    if given is None or len(given) != 3:
        return 224, 224
    rows, columns = given[1:] if image_data_format() == "channels_first" else given[:2]
    fits = rows == columns and rows in sizes
    if not fits and weights == "imagenet":
        warn(
            f"{who}: the weights of ImageNet are for images of {', '.join(map(str, sizes))} pixels "
            f"a side. Received: {tuple(given)}. Those for 224 are loaded."
        )
        return 224, 224
    return (rows if fits else 224), rows


def _normed(x: Any, name: str) -> Any:
    return layers.ReLU(6.0, name=f"{name}_relu")(normalized(x, f"{name}_bn"))


def _body(x: Any, alpha: float, depth_multiplier: int) -> Any:
    x = layers.Conv2D(
        int(32 * alpha), 3, padding="same", use_bias=False, strides=2, name="conv1"
    )(x)  # fmt: skip
    x = _normed(x, "conv1")
    for number, (filters, stride) in enumerate(_BLOCKS, 1):
        if stride == 2:
            x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
        x = layers.DepthwiseConv2D(
            3, padding="same" if stride == 1 else "valid", depth_multiplier=depth_multiplier,
            strides=stride, use_bias=False, name=f"conv_dw_{number}",
        )(x)  # fmt: skip
        x = _normed(x, f"conv_dw_{number}")
        x = layers.Conv2D(
            int(filters * alpha), 1, padding="same", use_bias=False, name=f"conv_pw_{number}"
        )(x)
        x = _normed(x, f"conv_pw_{number}")
    return x


def MobileNet(
    input_shape: Any = None, alpha: float = 1.0, depth_multiplier: int = 1,
    dropout: float = 0.001, include_top: bool = True, weights: Any = "imagenet",
    input_tensor: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str | None = None,
) -> Model:  # fmt: skip
    """MobileNet; see `keras.applications` for the arguments.

    Further args:
        alpha: a factor for the filters of all layers.
        depth_multiplier: how many channels a depthwise convolution makes of one.
        dropout: the share that is dropped before the classes.
    """
    head = Head(include_top, pooling, classes, classifier_activation, None, None)
    size, rows = trained_size("MobileNet", input_shape, (128, 160, 192, 224), weights)
    if weights == "imagenet" and (depth_multiplier != 1 or alpha not in (0.25, 0.5, 0.75, 1.0)):
        raise ValueError(
            "MobileNet: expected depth_multiplier=1 and alpha as one of 0.25, 0.5, 0.75, 1.0, for "
            f"which there are weights. Received: {depth_multiplier} and {alpha}"
        )
    part = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0"}.get(alpha, "2_5")
    source = Source(weights, f"mobilenet_{part}_{rows}_tf{{}}.h5", "_no_top")
    checked("MobileNet", source, head)
    shape = shape_of("MobileNet", input_shape, size, 32, weights, include_top)
    inputs = start(shape, input_tensor)
    x = _body(inputs, alpha, depth_multiplier)
    if include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Conv2D(classes, 1, padding="same", name="conv_preds")(x)
        x = layers.Reshape((classes,), name="reshape_2")(x)
        x = layers.Activation(classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, head)
    name = name or f"mobilenet_{alpha:0.2f}_{rows}"
    return finished("MobileNet", inputs, x, name, source, head, input_tensor)
