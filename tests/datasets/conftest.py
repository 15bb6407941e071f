"""A tiny data set, and mirrors that have it."""

from __future__ import annotations

import gzip
import hashlib
from typing import NamedTuple

import numpy as np
import pytest

from geartrain.datasets import source
from geartrain.datasets.idx import encode_idx
from tests.downloads.conftest import authority, home, server  # noqa: F401


class Tiny(NamedTuple):
    """A data set of 6 + 3 images and its arrays."""

    data_set: source.DataSet
    arrays: dict[str, np.ndarray]

    def put_idx(self, folder, *, compressed=True, dotted=False):
        """Write the four IDX files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in self.data_set.parts:
            content = encode_idx(self.arrays[part.key])
            name = part.file.replace("-idx", ".idx") if dotted else part.file
            path = folder / (f"{name}.gz" if compressed else name)
            path.write_bytes(gzip.compress(content) if compressed else content)
        return folder

    def put_npz(self, path):
        """Write the arrays as Keras does."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **self.arrays)
        return path

    def check(self, loaded):
        """Assert that `loaded` is this data set."""
        (x_train, y_train), (x_test, y_test) = loaded
        received = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
        for key, array in self.arrays.items():
            assert received[key].dtype == np.uint8
            np.testing.assert_array_equal(received[key], array)


def make_tiny(seed, title="Tiny", folder="tiny"):
    random = np.random.default_rng(seed)
    arrays = {
        "x_train": random.integers(0, 256, (6, 28, 28), dtype="uint8"),
        "y_train": random.integers(0, 10, 6, dtype="uint8"),
        "x_test": random.integers(0, 256, (3, 28, 28), dtype="uint8"),
        "y_test": random.integers(0, 10, 3, dtype="uint8"),
    }
    hashes = tuple(hashlib.sha256(encode_idx(array)).hexdigest() for array in arrays.values())
    parts = source.image_parts(6, 3, hashes)
    data_set = source.DataSet(title, (folder, f"{title}/raw"), parts, npz="tiny.npz")
    return Tiny(data_set, arrays)


@pytest.fixture
def tiny():
    return make_tiny(0)


@pytest.fixture
def other():
    """Another data set whose files have the same names and shapes."""
    return make_tiny(1, "Other", "other")
