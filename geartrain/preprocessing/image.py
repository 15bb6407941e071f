"""What `keras.preprocessing.image` has; most of it is that of `utils`."""

from __future__ import annotations

from typing import Any

from geartrain.compat.names import finder
from geartrain.ops.image import resize
from geartrain.utils.image_files import array_to_img, img_to_array, load_img, save_img

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]

__getattr__ = finder("preprocessing.image")


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
