"""What many tests use: MNIST in the sizes of the textbook, and the settings put back after each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from geartrain import config, datasets

# The textbook's listings are run by `geartrain run`; they are neither modules nor tests.
collect_ignore = ["scripts"]


@pytest.fixture(autouse=True)
def settings_as_before() -> Iterator[None]:
    before = dict(config._settings)
    yield
    config._settings.clear()
    config._settings.update(before)


@pytest.fixture
def scripts() -> Path:
    return Path(__file__).parent / "scripts"


@pytest.fixture(scope="session")
def arrays_of_mnist_size() -> datasets.source.Split:
    """MNIST if it is on this machine, else the sample over and over, to MNIST's size."""
    if datasets.find("mnist") is not None:
        return datasets.mnist.load_data()
    splits = []
    for (x, y), times in zip(datasets.digits.load_data(), (15, 10), strict=True):
        splits.append((np.tile(x, (times, 1, 1)), np.tile(y, times)))
    return splits[0], splits[1]


@pytest.fixture
def mnist(
    arrays_of_mnist_size: datasets.source.Split, monkeypatch: pytest.MonkeyPatch
) -> datasets.source.Split:
    """`keras.datasets.mnist.load_data()` gives the full sizes, with or without MNIST itself."""
    monkeypatch.setattr(datasets.mnist, "load_data", lambda path="mnist.npz": arrays_of_mnist_size)
    return arrays_of_mnist_size


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> datasets.source.Split:
    """`keras.datasets.mnist.load_data()` gives the sample: 4,000 and 1,000 images."""
    monkeypatch.setattr(
        datasets.mnist, "load_data", lambda path="mnist.npz": datasets.digits.load_data()
    )
    return datasets.digits.load_data()
