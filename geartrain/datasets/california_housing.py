"""California housing: prices of houses in 20,640 blocks of the census of 1990.

By R. K. Pace and R. Barry, 1997; from StatLib. The columns are median income, median age of the
houses, rooms and bedrooms a household, people, people a household, latitude and longitude.
"""

from __future__ import annotations

import os

from geartrain.datasets import housing, published, source, texts
from geartrain.errors import shown

DATA_SET = published.Files(
    title="California housing",
    parts={
        "california_housing.npz": (
            "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
        )
    },
    largest=1 << 22,
    mirrors=(f"{texts.MIRROR}california_housing.npz",),
    folders=("", "california_housing"),
)
_ROWS = {"small": 600, "large": None}


def load_data(
    version: str = "large",
    path: str | os.PathLike[str] = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> source.Split:
    """Load California housing from this machine, or download it and keep it in the cache.

    The places looked in are those of `geartrain.datasets.source`, as `california_housing.npz`.

    Args:
        version: `"large"`, all 20,640 rows, or `"small"`, the first 600.
        path: a file in the form of Keras's `california_housing.npz`. The default, or another bare
            file name that does not exist, means the usual places.
        test_split: the share of the rows to test with, at least 0 and below 1.
        seed: of the order of the rows.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: rows of 8 columns, and prices in dollars.

    Raises:
        FileNotFoundError: it is in none of the places and cannot be downloaded, or `path` does not
            exist. The message says which file to put where.
        ValueError: the file is damaged, or `version` or `test_split` is wrong.

    >>> (x_train, y_train), (x_test, y_test) = load_data("small")  # doctest: +SKIP
    >>> load_data("huge")
    Traceback (most recent call last):
    ValueError: load_data expected version to be 'small' or 'large'. Received: 'huge'
    """
    if version not in _ROWS:
        raise ValueError(
            f"load_data expected version to be 'small' or 'large'. Received: {shown(version)}"
        )
    return housing.load(DATA_SET, path, test_split, seed, _ROWS[version])
