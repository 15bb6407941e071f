"""Images in files and as Pillow's objects, as `keras.utils` has them. Pillow is asked for here."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from geartrain import config
from geartrain.errors import shown, warn

_RESAMPLING = ("bicubic", "bilinear", "box", "hamming", "lanczos", "nearest")
_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


def _pillow(who: str) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            f"{who}: expected Pillow, which reads and writes images. Received: no such package. "
            "Install it: pip install 'geartrain[images]'"
        ) from None
    return Image


def _format(who: str, data_format: str | None) -> str:
    chosen = data_format or config.image_data_format()
    if chosen not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{who}: expected data_format 'channels_last' or 'channels_first'. "
            f"Received: {shown(data_format)}"
        )
    return chosen


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Any:
    """An array as one of Pillow's images.

    Args:
        x: (height, width, channels) with 1, 3 or 4 channels.
        data_format: where the channels are.
        scale: whether the least value becomes 0 and the greatest 255; else values are bytes.
        dtype: the type to compute in, by default `floatx()`.

    Raises ValueError for another shape, ImportError without Pillow.
    """
    pillow = _pillow("array_to_img")
    x = np.asarray(x, dtype=dtype or config.floatx())
    channels_last = _format("array_to_img", data_format) == "channels_last"
    x = x if channels_last or x.ndim != 3 else x.transpose(1, 2, 0)
    if x.ndim != 3 or x.shape[2] not in (1, 3, 4):
        raise ValueError(
            "array_to_img: expected an image of shape (height, width, channels), with 1, 3 or 4 "
            f"channels. Received: shape {x.shape}"
        )
    if scale and x.size:
        x = x - x.min()
        x = x / (x.max() or 1) * 255
    if x.shape[2] > 1:
        return pillow.fromarray(x.astype("uint8"))
    grey = x[:, :, 0]
    return pillow.fromarray(grey.astype("int32" if grey.max(initial=0) > 255 else "uint8"))


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """One of Pillow's images as an array (height, width, channels) of `floatx()`.

    Args:
        img: the image, or an array (height, width) or (height, width, channels).
        data_format: where the channels are to be.
        dtype: another type.

    Raises ValueError for another shape.

    >>> img_to_array(np.zeros((4, 6), "uint8")).shape
    (4, 6, 1)
    """
    x = np.asarray(img, dtype=dtype or config.floatx())
    if x.ndim not in (2, 3):
        raise ValueError(f"img_to_array: expected an image. Received: shape {x.shape}")
    x = x[..., None] if x.ndim == 2 else x
    first = _format("img_to_array", data_format) == "channels_first"
    return x.transpose(2, 0, 1) if first else x


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """An image from a file, as one of Pillow's.

    Args:
        path: the file, or a `BytesIO` that holds it.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: (height, width) to resize it to.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        keep_aspect_ratio: whether what does not fit the ratio of `target_size` is cut off.

    Raises:
        TypeError: what is no path.
        ValueError: other words or sizes.
        ImportError: without Pillow.
    """
    pillow = _pillow("load_img")
    if not isinstance(path, str | bytes | Path | io.BytesIO):
        raise TypeError(f"load_img: expected a path, or a BytesIO. Received: {shown(path)}")
    if color_mode not in _MODES:
        raise ValueError(
            f"load_img: expected color_mode as one of {', '.join(map(repr, _MODES))}. "
            f"Received: {shown(color_mode)}"
        )
    if interpolation not in _RESAMPLING:
        raise ValueError(
            f"load_img: expected interpolation as one of {', '.join(map(repr, _RESAMPLING))}. "
            f"Received: {shown(interpolation)}"
        )
    stream = (
        path if isinstance(path, io.BytesIO) else io.BytesIO(Path(os.fsdecode(path)).read_bytes())
    )
    with pillow.open(stream) as opened:
        opened.load()
        deep = color_mode == "grayscale" and opened.mode in ("L", "I;16", "I")
        image = opened.copy() if deep else opened.convert(_MODES[color_mode])
    if target_size is None:
        return image
    if len(target_size) != 2:
        raise ValueError(
            f"load_img: expected target_size as (height, width). Received: {shown(target_size)}"
        )
    return _resized(
        pillow, image, (target_size[1], target_size[0]), interpolation, keep_aspect_ratio
    )


def _resized(
    pillow: Any, image: Any, size: tuple[int, int], interpolation: str, keep_ratio: bool
) -> Any:
    if image.size == size:
        return image
    box = None
    if keep_ratio:
        width, height = image.size
        rows = min(height, width * size[1] // size[0])
        columns = min(width, height * size[0] // size[1])
        left, top = (width - columns) // 2, (height - rows) // 2
        box = (left, top, left + columns, top + rows)
    return image.resize(size, getattr(pillow.Resampling, interpolation.upper()), box=box)


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """An array as an image in a file; the file is written whole or not at all.

    Args:
        path: where to, or a stream.
        x: (height, width, channels) with 1, 3 or 4 channels.
        data_format: where the channels are.
        file_format: such as "png"; by default what the file's name ends in.
        scale: see `array_to_img`.
        kwargs: further options of Pillow's `Image.save`.
    """
    if file_format is None and isinstance(path, str | Path):
        file_format = Path(path).suffix[1:].lower()
    file_format = "jpeg" if file_format == "jpg" else file_format
    image = array_to_img(x, data_format=data_format, scale=scale)
    if image.mode == "RGBA" and file_format == "jpeg":
        warn("save_img: JPEG has no fourth channel (transparency), so it is left out.")
        image = image.convert("RGB")
    if not isinstance(path, str | Path):
        image.save(path, format=file_format, **kwargs)
        return
    from geartrain.files import replacing

    with replacing(path) as stream:
        image.save(stream, format=file_format, **kwargs)
