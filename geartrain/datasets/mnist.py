"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, by Y. LeCun, C. Cortes, C. J. C. Burges.

Licence of the data: Creative Commons Attribution-Share Alike 3.0.
"""

from __future__ import annotations

import os

from geartrain.datasets import source

DATA_SET = source.DataSet(
    title="MNIST",
    folders=("mnist", "MNIST/raw"),
    parts=source.image_parts(
        60_000,
        10_000,
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    ),
    npz="mnist.npz",
    npz_sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> source.Split:
    """Load MNIST from this machine, or download it (11 MB) and keep it in the cache.

    The places looked in are those of `geartrain.datasets.source`; wherever it comes from, the
    data is verified by SHA-256. `geartrain.datasets.digits` is a sample that needs no network.

    Args:
        path: Keras's `mnist.npz`, or a folder with the four IDX files. The default, or another
            bare file name that does not exist, means the usual places.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, uint8: images of shapes `(60000, 28, 28)` and
        `(10000, 28, 28)` with ink 255 on paper 0, and their digits, `(60000,)` and `(10000,)`.

    Raises:
        FileNotFoundError: MNIST is in none of the places and no mirror can be reached, or `path`
            does not exist.
        ValueError: what is at `path` is not MNIST.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> load_data("no/such/mnist.npz")
    Traceback (most recent call last):
    FileNotFoundError: load_data expected path to be a file or folder that exists. Received: \
'no/such/mnist.npz'. Without path, MNIST is looked for in the usual places and downloaded.
    """
    return source.load(DATA_SET, path)
