"""`image_dataset_from_directory`: the images in a folder as batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import config
from geartrain.data.directories import Folder, check_format
from geartrain.data.pictures import INTERPOLATIONS, fitted
from geartrain.errors import shown
from geartrain.utils.image_files import load_img

_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """The images in a folder as a data set of batches `(images, labels)`.

    Args:
        directory: the folder. Each folder in it holds the images of one class: BMP, GIF, JPEG or
            PNG.
        labels: "inferred" from the folders; None for images alone; or a list of one whole number
            for each file, in the order of their sorted paths.
        label_mode: "int", int32; "binary", 0.0 and 1.0 of shape (batch, 1); "categorical", one-hot
            rows of float32; or None for images alone.
        class_names: the order of the classes; by default that of the alphabet.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: images in a batch; None for single images.
        image_size: (height, width) of all images.
        shuffle: whether they come in a random order; else sorted.
        seed: of that order.
        validation_split: the share of the files at the end that is kept for validation.
        subset: "training", "validation", or "both" for a list of the two.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian"
            or "mitchellcubic".
        follow_links: whether links to folders are followed.
        crop_to_aspect_ratio: whether images of another ratio are cropped, rather than stretched.
        pad_to_aspect_ratio: whether they are padded with zeros instead.
        data_format: where the channels are; by default as in `config.image_data_format()`.
        format: "tf" or "grain": accepted as in Keras, and a `data.Dataset` for both.
        verbose: whether to print what was found.

    Returns a `Dataset` of float32 images from 0 to 255, with `class_names` and `file_paths`.

    Raises ValueError for other words, for a split without a seed, and where no file is found;
    ImportError without Pillow.
    """
    who = "image_dataset_from_directory"
    folder = Folder(
        who, (".bmp", ".gif", ".jpeg", ".jpg", ".png"), directory, labels, label_mode, class_names,
        batch_size, shuffle, seed, validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    if color_mode not in _CHANNELS:
        raise ValueError(
            f"{who}: expected color_mode as 'rgb', 'rgba' or 'grayscale'. Received: {color_mode!r}"
        )
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(size, list | tuple) or len(size) != 2:
        raise ValueError(
            f"{who}: expected image_size as (height, width). Received: {shown(image_size)}"
        )
    method = interpolation.lower()
    if method not in INTERPOLATIONS:
        raise ValueError(
            f"{who}: expected interpolation as one of {', '.join(map(repr, INTERPOLATIONS))}. "
            f"Received: {interpolation!r}"
        )
    check_format(who, format)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            f"{who}: expected one of crop_to_aspect_ratio and pad_to_aspect_ratio at most. "
            "Received: both"
        )
    channels_first = (data_format or config.image_data_format()) == "channels_first"
    height, width = map(int, size)

    def load(path: Any) -> Any:
        image = np.asarray(load_img(path.item(), color_mode))
        image = image[..., None] if image.ndim == 2 else image
        found = fitted(image, (height, width), method, crop_to_aspect_ratio, pad_to_aspect_ratio)
        return found.transpose(2, 0, 1) if channels_first else found

    return folder.datasets(load)
