"""What `keras.preprocessing.image` has; most of it is that of `utils`."""

from __future__ import annotations

import importlib
from typing import Any

from geartrain.compat.names import finder
from geartrain.ops.image import resize
from geartrain.utils.image_files import array_to_img, img_to_array, load_img, save_img

_TRANSFORMS = (
    "apply_affine_transform", "apply_brightness_shift", "apply_channel_shift",
    "random_brightness", "random_channel_shift", "random_rotation", "random_shear",
    "random_shift", "random_zoom",
)  # fmt: skip
_ELSEWHERE = {
    "DataFrameIterator": "geartrain.preprocessing.image_iterators",
    "DirectoryIterator": "geartrain.preprocessing.image_iterators",
    "ImageDataGenerator": "geartrain.preprocessing.image_generator",
    "Iterator": "geartrain.preprocessing.image_iterators",
    "NumpyArrayIterator": "geartrain.preprocessing.image_iterators",
    **dict.fromkeys(_TRANSFORMS, "geartrain.preprocessing.image_transforms"),
}

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize", *_ELSEWHERE]

_otherwise = finder("preprocessing.image")


def __getattr__(name: str) -> Any:
    """The generators, found when they are first asked for: they import models."""
    if name not in _ELSEWHERE:
        return _otherwise(name)
    return getattr(importlib.import_module(_ELSEWHERE[name]), name)


def smart_resize(
    x: Any, size: Any, interpolation: str = "bilinear", data_format: str = "channels_last",
    **kwargs: Any,
) -> Any:  # fmt: skip
    """Images of another height and width, of which what does not fit the new ratio is cut off.

    Args:
        x: an image or a batch.
        size: (height, width) of the results.
        interpolation: see `ops.image.resize`.
        data_format: where the channels are.
        kwargs: `backend_module`, accepted for Keras.

    Raises TypeError for other keywords, ValueError for other words and sizes.

    >>> import numpy as np
    >>> smart_resize(np.ones((4, 8, 3), "float32"), (2, 2)).shape
    (2, 2, 3)
    """
    kwargs.pop("backend_module", None)
    if kwargs:
        raise TypeError(
            "smart_resize: expected x, size, interpolation and data_format. "
            f"Received: {', '.join(kwargs)}"
        )
    return resize(x, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format)
