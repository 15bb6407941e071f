"""What the two sets of prices of houses share: a table and a column, shuffled and split."""

from __future__ import annotations

import os

import numpy as np

from geartrain.datasets import published, source, texts
from geartrain.datasets.npz import read_loose
from geartrain.errors import shown


def load(
    files: published.Files,
    path: str | os.PathLike[str],
    test_split: float,
    seed: int,
    most: int | None = None,
) -> source.Split:
    """The rows of a table and their prices, at most the first `most`, in a random order.

    Raises:
        FileNotFoundError: as `published.load`.
        ValueError: `test_split` is not in [0, 1), or the file is damaged.
    """
    if not 0 <= test_split < 1:
        raise ValueError(
            f"load_data expected test_split to be at least 0 and below 1. "
            f"Received: {shown(test_split)}"
        )
    x, y = published.load(files, _read, path)
    x, y = texts.shuffled(np.random.RandomState(seed), x[:most], y[:most])
    count = int(len(x) * (1 - test_split))
    return (x[:count], y[:count]), (x[count:], y[count:])


def _read(contents: published.Contents) -> tuple[texts.Array, texts.Array]:
    ((name, content),) = contents.items()
    arrays = read_loose(content, {"x": "f", "y": "f"}, 1 << 22, name=name)
    x, y = arrays["x"], arrays["y"]
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError(
            f"{name}: expected a table and a price for each row. Received: shapes {x.shape} and "
            f"{y.shape}."
        )
    return x, y
