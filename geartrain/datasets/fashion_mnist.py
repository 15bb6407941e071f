"""Fashion-MNIST: 70,000 photographs of clothes, 28 x 28 pixels, a harder stand-in for MNIST.

By H. Xiao, K. Rasul and R. Vollgraf, Zalando SE, 2017. Licence of the data: MIT.
"""

from __future__ import annotations

import os

from geartrain.datasets import source

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

DATA_SET = source.DataSet(
    title="Fashion-MNIST",
    folders=("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"),
    parts=source.image_parts(
        60_000,
        10_000,
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    package="dataset-fashion-mnist",
)


def load_data(path: str | os.PathLike[str] | None = None) -> source.Split:
    """Load Fashion-MNIST from this machine, or download it (31 MB) and keep it in the cache.

    The places looked in are those of `geartrain.datasets.source`, among them where Debian's
    package `dataset-fashion-mnist` puts it; the data is verified by SHA-256.

    Args:
        path: a folder with the four IDX files, or an `.npz` with x_train, y_train, x_test and
            y_test; None means the usual places.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, uint8: images of shapes `(60000, 28, 28)` and
        `(10000, 28, 28)`, and labels 0 to 9, indices into `CLASS_NAMES`.

    Raises:
        FileNotFoundError: it is in none of the places and no mirror can be reached, or `path`
            does not exist.
        ValueError: what is at `path` is not Fashion-MNIST.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> CLASS_NAMES[9]
    'Ankle boot'
    """
    return source.load(DATA_SET, path)
