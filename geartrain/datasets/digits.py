"""A sample of MNIST inside the package: 5,000 handwritten digits that need no network.

Its 500 images a digit were all taken from MNIST's training set (so do not judge a model that was
trained on MNIST by them). Origin and licence: `sample/ATTRIBUTION.md`.
"""

from __future__ import annotations

from pathlib import Path

from geartrain.datasets import source

DATA_SET = source.DataSet(
    title="the sample of MNIST",
    folders=(),
    parts=source.image_parts(
        4_000,
        1_000,
        (
            "c6e487021c787a1a390abe6441ee0dda5218a1089183f664b6f1a1fc95fbda65",
            "2153932c26ae731c7e32d3be1f682a1af7887b59c1fe814207115d458026b652",
            "e7957ebaede3dd4980d634a8f563064dd17bf9b012359e94a6e8b54f1f55f671",
            "f257bde13609b534db0ebac049951ef6b4cbdcd3ec437852243bbb378671d48f",
        ),
    ),
    inside=Path(__file__).parent / "sample",
)


def load_data() -> source.Split:
    """Load the sample: 4,000 images to train on and 1,000 to test with, every digit alike.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, uint8: images of shapes `(4000, 28, 28)` and
        `(1000, 28, 28)` with ink 255 on paper 0, and their digits, `(4000,)` and `(1000,)`.

    Raises:
        FileNotFoundError: the installed package lacks its files.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape, y_train[:8]
    ((4000, 28, 28), (1000, 28, 28), array([0, 4, 7, 3, 8, 1, 1, 9], dtype=uint8))
    """
    return source.load(DATA_SET)
