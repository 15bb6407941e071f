"""`tf.image`: brightness and colour apart, and edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import ops
from geartrain.ops.operands import extents_of, operand

# What red, green and blue give of each (ITU-R BT.601), as TensorFlow rounds it.
_YIQ = np.float32([[0.299, 0.59590059, 0.2115], [0.587, -0.27455667, -0.52273617],
                   [0.114, -0.32134392, 0.31119955]])  # fmt: skip
_YUV = np.float32([[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512],
                   [0.114, 0.43601035, -0.10001026]])  # fmt: skip
_OF_YIQ = np.float32([[1, 1, 1], [0.95598634, -0.27201283, -1.10674021],
                      [0.6208248, -0.64720424, 1.70423049]])  # fmt: skip
_OF_YUV = np.float32([[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]])


def _by(name: str, matrix: np.ndarray, about: str) -> Callable[[Any], Any]:
    def convert(images: Any) -> Any:
        return ops.matmul(images, matrix)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"{about}."
    return convert


rgb_to_yiq = _by("rgb_to_yiq", _YIQ, "Brightness, and colour from orange to blue and to green")
yiq_to_rgb = _by("yiq_to_rgb", _OF_YIQ, "Red, green and blue")
rgb_to_yuv = _by("rgb_to_yuv", _YUV, "Brightness, and how much bluer and redder the colour is")
yuv_to_rgb = _by("yuv_to_rgb", _OF_YUV, "Red, green and blue")


def sobel_edges(image: Any) -> Any:
    """How steeply each channel rises down and to the right: (batch, height, width, channels, 2)."""
    x = operand(image)
    channels = extents_of(x)[-1]
    down = np.float32([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    kernel = np.tile(np.stack([down, down.T], -1)[:, :, None], (1, 1, channels, 1))
    around = ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")
    made = ops.depthwise_conv(around, kernel, data_format="channels_last")
    return ops.reshape(made, (*ops.shape(x), 2))


__all__ = ["rgb_to_yiq", "rgb_to_yuv", "sobel_edges", "yiq_to_rgb", "yuv_to_rgb"]
