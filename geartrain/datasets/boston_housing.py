"""Boston housing: prices of houses in 506 places around Boston in the 1970s.

By D. Harrison and D. L. Rubinfeld, 1978; from StatLib, Carnegie Mellon University. One of its
columns, `B`, is built on an assumption about race: `california_housing` does instead.
"""

from __future__ import annotations

import os

from geartrain.datasets import housing, published, source, texts

DATA_SET = published.Files(
    title="Boston housing",
    parts={
        "boston_housing.npz": "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"
    },
    largest=1 << 22,
    mirrors=(f"{texts.MIRROR}boston_housing.npz",),
    folders=("", "boston_housing"),
)


def load_data(
    path: str | os.PathLike[str] = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> source.Split:
    """Load Boston housing from this machine, or download it (57 kB) and keep it in the cache.

    The places looked in are those of `geartrain.datasets.source`, as `boston_housing.npz`.

    Args:
        path: a file in the form of Keras's `boston_housing.npz`. The default, or another bare file
            name that does not exist, means the usual places.
        test_split: the share of the rows to test with, at least 0 and below 1.
        seed: of the order of the rows.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, float64: rows of 13 columns, `(404, 13)` and
        `(102, 13)`, and prices in thousands of dollars.

    Raises:
        FileNotFoundError: it is in none of the places and cannot be downloaded, or `path` does not
            exist. The message says which file to put where.
        ValueError: the file is damaged, or `test_split` is wrong.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> load_data(test_split=1)
    Traceback (most recent call last):
    ValueError: load_data expected test_split to be at least 0 and below 1. Received: 1
    """
    return housing.load(DATA_SET, path, test_split, seed)
