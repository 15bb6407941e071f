"""CIFAR-100: 60,000 colour photographs of 32 x 32 pixels, of 100 classes in 20 groups.

By A. Krizhevsky, V. Nair and G. Hinton, 2009.
"""

from __future__ import annotations

from functools import partial

from geartrain.datasets import cifar, published, source
from geartrain.errors import shown

CLASS_NAMES = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
    "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar",
    "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile",
    "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster",
    "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster",
    "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange",
    "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy",
    "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal",
    "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar",
    "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman",
    "worm",
)  # fmt: skip

DATA_SET = cifar.files(
    "cifar-100",
    "cifar-100-python",
    {"train": "16019d7e3df5f24257cddd939b257f8d", "test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
)


def load_data(label_mode: str = "fine") -> source.Split:
    """Load CIFAR-100 from this machine, or download it (169 MB) and keep it in the cache.

    The places looked in are those of `geartrain.datasets.source`, as the archive
    `cifar-100-python.tar.gz`, or the folder `cifar-100-python` that is in it. The files are
    pickles, which are read without unpickling: no file can run code.

    Args:
        label_mode: `"fine"` for the 100 classes, `"coarse"` for their 20 groups.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, uint8: images of shapes `(50000, 32, 32, 3)` and
        `(10000, 32, 32, 3)`, the colours first where `keras.config.image_data_format` says so, and
        labels, `(50000, 1)` and `(10000, 1)`; the fine ones are indices into `CLASS_NAMES`.

    Raises:
        FileNotFoundError: it is in none of the places and cannot be downloaded. The message says
            which file to put where.
        ValueError: a file is damaged, or `label_mode` is wrong.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> load_data("all")
    Traceback (most recent call last):
    ValueError: load_data expected label_mode to be 'fine' or 'coarse'. Received: 'all'
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(
            f"load_data expected label_mode to be 'fine' or 'coarse'. Received: {shown(label_mode)}"
        )
    return published.load(DATA_SET, partial(_read, f"{label_mode}_labels"))


def _read(labels: str, contents: published.Contents) -> source.Split:
    train, test = (cifar.read(one, labels, name) for name, one in contents.items())
    return train, test
