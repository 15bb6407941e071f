"""VGG with three more layers. Simonyan and Zisserman, 2015, arXiv 1409.1556."""

from __future__ import annotations

from typing import Any

from geartrain.applications.common import Head
from geartrain.applications.imagenet_utils import caffe_input as preprocess_input
from geartrain.applications.imagenet_utils import decode_predictions
from geartrain.applications.vgg16 import vgg
from geartrain.models import Model

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]


def VGG19(
    include_top: bool = True, weights: Any = "imagenet", input_tensor: Any = None,
    input_shape: Any = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str = "vgg19",
) -> Model:  # fmt: skip
    """VGG with 19 layers of weights; see `keras.applications` for the arguments."""
    head = Head(include_top, pooling, classes, classifier_activation, None, None)
    return vgg("VGG19", (2, 2, 4, 4, 4), weights, head, input_tensor, input_shape, name)
