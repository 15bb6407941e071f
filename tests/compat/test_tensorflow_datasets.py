"""`tensorflow_datasets`: what its four sets of images look like to programs."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import datasets, script
from geartrain.compat import tensorflow_datasets as tfds
from geartrain.data import Dataset


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    """MNIST of 20 and 10 images, and CIFAR-100 of as many."""
    random = np.random.default_rng(0)

    def made(shape, label_shape):
        def one(count):
            images = random.integers(0, 256, (count, *shape), dtype="uint8")
            return images, np.arange(count, dtype="uint8").reshape(count, *label_shape) % 10

        split = one(20), one(10)
        return lambda: split

    monkeypatch.setattr(datasets.mnist, "load_data", made((28, 28), ()))
    monkeypatch.setattr(datasets.cifar100, "load_data", made((32, 32, 3), (1,)))


def test_pairs_and_information():
    (train, test), info = tfds.load(
        "mnist", split=["train", "test"], as_supervised=True, shuffle_files=False, with_info=True
    )
    assert isinstance(train, Dataset) and len(train) == 20 and len(test) == 10
    (images, _), _ = datasets.mnist.load_data()
    for (image, label), expected in zip(tfds.as_numpy(train), images, strict=True):
        assert image.shape == (28, 28, 1) and np.array_equal(image[..., 0], expected)
        assert label.dtype == np.int64
    assert info.splits["train"].num_examples == 20 and info.supervised_keys == ("image", "label")
    label = info.features["label"]
    assert label.num_classes == 10 and label.int2str(3) == "3" and label.str2int("7") == 7
    assert info.features["image"].shape == (28, 28, 1)
    assert repr(info) == "DatasetInfo(name='mnist', train: 20, test: 10)"


def test_dictionaries_of_all_splits():
    found = tfds.load("cifar100:3.0.2")
    assert list(found) == ["train", "test"]
    element = next(iter(tfds.as_numpy(found["test"])))
    assert element["image"].shape == (32, 32, 3) and element["label"] == 0
    names = tfds.builder("cifar100").info.features["label"].names
    assert len(names) == 100 and names[99] == "worm" and names == sorted(names)


@pytest.mark.parametrize(
    ("split", "labels"),
    [
        ("train[:4]", [0, 1, 2, 3]),
        ("train[80%:]", [6, 7, 8, 9]),
        ("train[25%:50%]", [5, 6, 7, 8, 9]),
        ("test[-2:]", [8, 9]),
        ("train[:2] + test[:2]", [0, 1, 0, 1]),
        ("all", [*range(10)] * 3),
    ],
)
def test_parts_of_splits(split, labels):
    whole = tfds.load("mnist", split=split, batch_size=-1)
    assert tfds.as_numpy(whole)["label"].tolist() == labels
    batches = tfds.load("mnist", split=split, batch_size=3, as_supervised=True)
    assert next(len(y) for _, y in tfds.as_numpy(batches)) == min(3, len(labels))


@pytest.mark.parametrize("split", ["validation", "train[", "train[:x]", 5])
def test_other_splits_are_refused(split):
    with pytest.raises(ValueError, match=r"expected split to be 'train', 'test'.*Received: "):
        tfds.load("mnist", split=split)


def test_other_sets_are_refused_with_what_to_do():
    with pytest.raises(ValueError, match=r"load: Unknown data set: 'mnst'\. Did you mean 'mnist'"):
        tfds.load("mnst")
    with pytest.raises(ValueError, match=r"'cats_vs_dogs'.* with keras\.utils\.get_file and NumPy"):
        tfds.builder("cats_vs_dogs")
    assert "fashion_mnist" in tfds.list_builders()


def test_a_program_trains_on_it(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import keras\nimport tensorflow_datasets as tfds\n"
        "tfds.disable_progress_bar()\n"
        "train, info = tfds.load('mnist', split='train', as_supervised=True, with_info=True,\n"
        "                        shuffle_files=True, data_dir='data', download=True)\n"
        "train = train.map(lambda image, label: (image / 255, label)).batch(5)\n"
        "model = keras.Sequential([keras.layers.Flatten(),\n"
        "    keras.layers.Dense(info.features['label'].num_classes)])\n"
        "model.compile('sgd', keras.losses.SparseCategoricalCrossentropy(from_logits=True))\n"
        "history = model.fit(train, epochs=2, verbose=0)\n"
    )
    assert len(script.run(program)["history"].history["loss"]) == 2
