"""Arrays on a disk: shuffled in blocks, read ahead, and never copied as a whole."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.data import Dataset
from geartrain.models import batches, on_disk
from geartrain.models import data as data_module
from geartrain.models.batches import batches_of
from geartrain.models.data import prepare


@pytest.fixture
def x(tmp_path):
    """5,000 rows on a disk."""
    values = np.random.default_rng(0).normal(size=(5000, 8)).astype("float32")
    np.save(tmp_path / "x.npy", values)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


@pytest.fixture
def small(monkeypatch):
    """Blocks of 10 rows, of which 20 are shuffled together; what is read ahead."""
    monkeypatch.setattr(on_disk, "_BLOCK", 320)
    monkeypatch.setattr(on_disk, "_TOGETHER", 6400)
    monkeypatch.setattr(batches, "LARGE", 1)
    told = []
    monkeypatch.setattr(on_disk, "_read_ahead", lambda m, start, length: told.append(start))
    return told


def test_rows_are_shuffled_in_blocks(x, small):
    data = batches_of("fit", x, np.arange(5000), batch_size=50)
    random = np.random.default_rng(3)
    orders = [data.shuffled(random) for _ in range(2)]
    for order in orders:
        assert sorted(order.tolist()) == list(range(5000))
        assert np.abs(np.corrcoef(order, np.arange(5000))[0, 1]) < 0.2
        together = order[:200]
        assert len(np.unique(together // 10)) <= 41  # blocks, each at one border or between two
        assert np.mean(np.abs(np.diff(together)) == 1) < 0.05
    assert (orders[0] != orders[1]).mean() > 0.99


def test_blocks_are_read_before_they_are_used(x, small):
    data = batches_of("fit", x, None, batch_size=50)
    order = data.shuffled(np.random.default_rng(3))
    for number, _ in enumerate(data.epoch(order)):
        used = order[50 * number : 50 * number + 50]
        first = [(start - 128) // 32 for start in small]  # behind the header of the file
        known = {row for start in first for row in range(start, start + 10)}
        assert number < 4 or known.issuperset(used.tolist())  # the first 200 are not told in time
    assert len(small) == len(set(small)) >= 480


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_copies_nothing_as_a_whole(dtype, x, small, monkeypatch, tmp_path):
    np.save(tmp_path / "own.npy", np.asarray(x, dtype))
    own = np.load(tmp_path / "own.npy", mmap_mode="r")
    y = np.asarray(x).sum(1)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    copied = []

    def watched(array):
        found = prepare(array)
        if not np.shares_memory(found, array):
            copied.append(len(array))
        return found

    monkeypatch.setattr(data_module, "prepare", watched)
    monkeypatch.setattr(batches, "prepare", watched)
    for given in ((own, y), (Dataset.from_tensor_slices((own, y)).batch(32),)):
        losses = model.fit(*given, epochs=3, verbose=0).history["loss"]
        assert losses[-1] < 1e-3 or losses[-1] < losses[0] / 2
    model.predict(own, verbose=0)
    assert (max(copied, default=0) <= 32) and bool(copied) == (dtype == "float64")


def test_what_is_on_a_disk_is_known(x):
    assert on_disk.mapping_of(x[5:]) is on_disk.mapping_of(x)
    assert on_disk.mapping_of(np.asarray(x).view()) is not None
    assert on_disk.mapping_of(np.array(x)) is None
    assert (
        on_disk.stays(x) and on_disk.stays(np.array(x, "float64")) and not on_disk.stays(x[:, 1:])
    )


LARGE_FILE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))
import numpy as np, geartrain as keras
rows = (10 << 30) // 4096
with open(sys.argv[1], "wb") as file:
    file.truncate(rows * 4096)  # zeros that take no place
x = np.memmap(sys.argv[1], np.float32, "r", shape=(rows, 1024))
model = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
history = model.fit(x, np.zeros(rows, "int32"), batch_size=1024, validation_split=0.01, verbose=0)
model.predict(x[: rows // 2], verbose=0)
wide = np.memmap(sys.argv[1], np.float64, "r", shape=(rows, 512))
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(wide, np.zeros(rows, "float32"), batch_size=4096, steps_per_epoch=200, verbose=0)
print(round(history.history["loss"][0], 2))
"""


@pytest.mark.nightly
def test_ten_gigabytes_need_no_two_gigabytes_of_memory(tmp_path):
    pytest.importorskip("resource", reason="no limits of this kind on this system")
    command = [sys.executable, "-c", LARGE_FILE, str(tmp_path / "large")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert float(found.stdout) < 0.2
