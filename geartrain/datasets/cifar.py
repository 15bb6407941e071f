"""What CIFAR-10 and CIFAR-100 share: batches of small photographs in the form of Python 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from geartrain import config
from geartrain.datasets import published
from geartrain.datasets.pickles import read_pickle

Array = np.ndarray[Any, Any]
_PIXELS = 3 * 32 * 32


def files(name: str, inside: str, parts: Mapping[str, str], sha256: str) -> published.Files:
    """A set by its name (as in `cifar-10`), the folder in its archive, and its batches."""
    archive = f"{name}-python.tar.gz"
    kept = f"{inside}-target"  # what Keras calls it
    return published.Files(
        title=name.upper(),
        parts=parts,
        largest=1 << 28,
        mirrors=(f"https://www.cs.toronto.edu/~kriz/{archive}",),
        folders=(inside, f"{kept}/{inside}", kept, f"{inside}_extracted/{inside}"),
        archives=(archive, f"{inside}.tar.gz", f"{kept}_archive"),
        archive_hash=sha256,
    )


def read(content: bytes, labels: str, name: str) -> tuple[Array, Array]:
    """The images of a batch, in the order of axes that is set, and their labels, a column.

    Raises:
        ValueError: the batch is damaged, or of another form.
    """
    batch = read_pickle(content, name)
    if type(batch) is dict:
        batch = {_text(key): value for key, value in batch.items()}
        pixels, found = batch.get("data"), batch.get(labels)
        if (
            type(pixels) is np.ndarray
            and pixels.dtype == "uint8"
            and pixels.shape[1:] == (_PIXELS,)
            and type(found) is list
            and len(found) == len(pixels)
            and all(type(one) is int and 0 <= one < 256 for one in found)
        ):
            images = pixels.reshape(-1, 3, 32, 32)
            if config.image_data_format() == "channels_last":
                images = images.transpose(0, 2, 3, 1)
            return images, np.array(found, "uint8").reshape(-1, 1)
    raise ValueError(
        f"{name}: expected a batch with data, uint8 of shape (n, {_PIXELS}), and n {labels}. "
        "Received another object."
    )


def _text(key: object) -> object:
    return key.decode("latin-1") if isinstance(key, bytes) else key
