"""Images as networks of ImageNet expect them, and the names of the classes that they tell."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from geartrain import config, ops
from geartrain.applications.common import cached
from geartrain.errors import describe_value
from geartrain.graph.dtypes import is_float
from geartrain.ops.operands import dtype_of, operand, rank_of

__all__ = ["decode_predictions", "preprocess_input"]

# Of each mode the divisor, whether blue comes first, means and deviations by channel.
_MODES: dict[str, tuple[float, bool, Any, Any]] = {
    "tf": (127.5, False, [1.0, 1.0, 1.0], None),
    "torch": (255.0, False, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "caffe": (1.0, True, [103.939, 116.779, 123.68], None),
}


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Images with values from 0 to 255, as a network expects them.

    Args:
        x: an image or a batch, with three channels. It is left as it is.
        data_format: where the channels are.
        mode: "tf" for values from -1 to 1; "torch" for values from 0 to 1, brought to mean 0 and
            deviation 1 over ImageNet; "caffe" for blue, green, red, each less its mean.

    Raises ValueError for another mode or place of the channels.

    >>> preprocess_input(np.float32([[[0, 127.5, 255]]]), mode="tf")
    array([[[-1.,  0.,  1.]]], dtype=float32)
    """
    where = data_format or config.image_data_format()
    if mode not in _MODES or where not in ("channels_last", "channels_first"):
        raise ValueError(
            "preprocess_input: expected mode as one of 'caffe', 'tf', 'torch', and data_format as "
            f"'channels_last' or 'channels_first'. Received: mode={mode!r}, "
            f"data_format={data_format!r}"
        )
    images = operand(x)
    if not is_float(dtype_of(images)):
        images = ops.cast(images, config.floatx())
    divisor, backwards, mean, deviation = _MODES[mode]
    axis = -1 if where == "channels_last" else -3
    if backwards:
        images = ops.flip(images, axis=axis)
    shape = [3 if place == axis else 1 for place in range(-rank_of(images), 0)]
    by_channel = [
        None if numbers is None else ops.reshape(ops.cast(numbers, dtype_of(images)), shape)
        for numbers in (mean, deviation)
    ]
    images = images / divisor - by_channel[0]
    return images if by_channel[1] is None else images / by_channel[1]


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """The classes of ImageNet that predictions tell, the most likely first.

    Their names are read from `imagenet_class_index.json`, in the folder where Keras keeps it.

    Args:
        preds: (images, 1000), what a network predicts.
        top: how many classes of each image.

    Returns for each image a list of (identifier, name, score).

    Raises ValueError for another shape, FileNotFoundError without the file.
    """
    scores = np.asarray(ops.convert_to_numpy(preds))
    if scores.ndim != 2 or scores.shape[1] != 1000:
        raise ValueError(
            "decode_predictions: expected predictions of shape (images, 1000). Received: "
            f"{describe_value(scores)}"
        )
    file = cached("decode_predictions", "imagenet_class_index.json", "the names of the classes")
    names = json.loads(file.read_text("utf-8"))
    return [
        [(*names[str(place)], row[place]) for place in row.argsort()[::-1][:top]] for row in scores
    ]


def tf_input(x: Any, data_format: str | None = None) -> Any:
    """Images with values from 0 to 255, brought to values from -1 to 1."""
    return preprocess_input(x, data_format, "tf")


def torch_input(x: Any, data_format: str | None = None) -> Any:
    """Images with values from 0 to 255, each channel brought to mean 0 and deviation 1."""
    return preprocess_input(x, data_format, "torch")


def caffe_input(x: Any, data_format: str | None = None) -> Any:
    """Images with values from 0 to 255 as blue, green, red, each less its mean over ImageNet."""
    return preprocess_input(x, data_format, "caffe")


def same_input(x: Any, data_format: str | None = None) -> Any:
    """The images as they are: the network brings values from 0 to 255 to its scale itself."""
    return x
