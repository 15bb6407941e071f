"""CIFAR-10: 60,000 colour photographs of 32 x 32 pixels, of ten classes.

By A. Krizhevsky, V. Nair and G. Hinton, 2009.
"""

from __future__ import annotations

import numpy as np

from geartrain.datasets import cifar, published, source

CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

DATA_SET = cifar.files(
    "cifar-10",
    "cifar-10-batches-py",
    {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    },
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)


def load_data() -> source.Split:
    """Load CIFAR-10 from this machine, or download it (170 MB) and keep it in the cache.

    The places looked in are those of `geartrain.datasets.source`, as the archive
    `cifar-10-python.tar.gz`, or the folder `cifar-10-batches-py` that is in it. The batches are
    pickles, which are read without unpickling: no file can run code.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, uint8: images of shapes `(50000, 32, 32, 3)` and
        `(10000, 32, 32, 3)`, the colours first where `keras.config.image_data_format` says so, and
        labels 0 to 9, `(50000, 1)` and `(10000, 1)`, indices into `CLASS_NAMES`.

    Raises:
        FileNotFoundError: it is in none of the places and cannot be downloaded. The message says
            which file to put where.
        ValueError: a file is damaged.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> CLASS_NAMES[3]
    'cat'
    """
    return published.load(DATA_SET, _read)


def _read(contents: published.Contents) -> source.Split:
    *train, test = (cifar.read(one, "labels", name) for name, one in contents.items())
    x_train, y_train = (np.concatenate(column) for column in zip(*train, strict=True))
    return (x_train, y_train), test
