"""Images in files, as arrays of one size. Needs Pillow, which `geartrain[images]` installs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
_MOST_PIXELS = 1 << 26  # of one image
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


class Pictures(NamedTuple):
    """Images that were found.

    Attributes:
        files: one for each image.
        labels: the number of each one's class; None without subfolders.
        classes: the names of the subfolders, in order.
    """

    files: list[Path]
    labels: np.ndarray | None
    classes: list[str]


def find_pictures(folder: Path) -> Pictures:
    """The images in a folder: one subfolder a class, or all in the folder itself.

    Raises ValueError for a folder with neither.
    """
    subfolders = sorted(
        entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != "."
    )
    by_class = {name: found for name in subfolders if (found := _images(folder / name))}
    if by_class:
        files = [file for found in by_class.values() for file in found]
        counts = [len(found) for found in by_class.values()]
        return Pictures(files, np.repeat(np.arange(len(counts)), counts), list(by_class))
    files = _images(folder)
    if not files:
        raise ValueError(
            f"{folder}: expected images ({', '.join(ENDINGS)}), or a subfolder of them for each "
            f"class. Received: a folder without"
        )
    return Pictures(files, None, [])


def _images(folder: Path) -> list[Path]:
    return sorted(
        Path(entry.path)
        for entry in os.scandir(folder)
        if entry.name.lower().endswith(ENDINGS) and entry.name[0] != "." and entry.is_file()
    )


def read_pictures(files: Sequence[Path], height: int, width: int, channels: int) -> np.ndarray:
    """Images as bytes, each resized as a whole, shape (images, height, width, channels).

    Raises:
        ImportError: Pillow is missing.
        ValueError: a file that is no image, or a damaged or enormous one.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            "Images need Pillow: pip install 'geartrain[images]', or give an .npy or .npz of their "
            "pixels."
        ) from None
    made = np.empty((len(files), height, width, channels), "uint8")
    for number, path in enumerate(files):
        with _telling(path), Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError(f"one of {image.width} x {image.height} pixels")
            pixels = image.convert(_MODES[channels])
            if pixels.size != (width, height):
                pixels = pixels.resize((width, height), Image.Resampling.BILINEAR)
            made[number] = np.asarray(pixels).reshape(height, width, channels)
    return made


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """A block whose errors name the file."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's: what is too large is refused here
            yield
    except Exception as error:
        raise ValueError(
            f"{path}: expected an image. Received: {error}. Remove the file, or save the image "
            "again as PNG."
        ) from error


def size_for(shape: Sequence[int | None]) -> tuple[int, int, int] | None:
    """Height, width and channels of images for inputs of that shape (without the batch).

    >>> size_for((32, 32, 3)), size_for((28, 28)), size_for((784,)), size_for((3,))
    ((32, 32, 3), (28, 28, 1), (28, 28, 1), None)
    """
    if len(shape) == 3 and shape[2] in _MODES:
        height, width, channels = shape
    elif len(shape) == 2:
        (height, width), channels = shape, 1
    elif len(shape) == 1 and shape[0] is not None:
        for channels in (1, 3):
            side = round((shape[0] / channels) ** 0.5)
            if side > 1 and side * side * channels == shape[0]:
                return side, side, channels
        return None
    else:
        return None
    if height is None or width is None or channels is None:
        return None
    return height, width, channels
