"""The kinds of data of the textbook, in its own shapes, each through a layer that takes it."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.utils import describe


def test_vectors():
    people = np.zeros((100000, 3), "float32")  # age, gender, income
    assert layers.Dense(4)(people[:128]).shape == (128, 4)
    words = np.zeros((500, 20000), "float32")  # counts of 20,000 words in 500 documents
    assert layers.Dense(16, activation="relu")(words[:32]).shape == (32, 16)
    assert "20000" in str(describe(words)) or "20,000" in str(describe(words))


def test_series():
    prices = np.zeros((250, 390, 3), "float32")  # days, minutes, (now, highest, lowest)
    assert layers.GlobalAveragePooling1D()(prices[:8]).shape == (8, 3)
    assert layers.Dense(2)(prices[:8]).shape == (8, 390, 2)


class Tweets(keras.utils.PyDataset):
    """One-hot tweets of 280 characters, made a batch at a time: a million would be 143 GB."""

    def __init__(self, count, batch_size):
        super().__init__()
        self.count, self.batch_size, self.made = count, batch_size, 0

    def __len__(self):
        return self.count // self.batch_size

    def __getitem__(self, index):
        self.made += 1
        random = np.random.default_rng(index)
        characters = random.integers(0, 128, (self.batch_size, 280))
        one_hot = np.zeros((self.batch_size, 280, 128), "float32")
        np.put_along_axis(one_hot, characters[..., None], 1, axis=-1)
        return one_hot, (characters == 32).mean(axis=1)


def test_one_hot_text_streams():
    tweets = Tweets(1_000_000, 16)
    assert len(tweets) * 16 * 280 * 128 * 4 == 143_360_000_000
    model = keras.Sequential([layers.GlobalAveragePooling1D(), layers.Dense(1)])
    model.compile("rmsprop", "mse")
    history = model.fit(tweets, epochs=2, steps_per_epoch=3, verbose=0)
    assert len(history.history["loss"]) == 2
    assert tweets.made < 12  # the rest was never made


def test_images_and_their_formats():
    grey = np.zeros((128, 256, 256, 1), "uint8")
    assert layers.Rescaling(1 / 255)(grey[:2]).shape == (2, 256, 256, 1)
    colour = np.arange(2 * 4 * 5 * 3, dtype="float32").reshape(2, 4, 5, 3)
    first = ops.transpose(colour, (0, 3, 1, 2))
    assert first.shape == (2, 3, 4, 5)
    np.testing.assert_array_equal(ops.moveaxis(first, 1, -1), colour)
    assert layers.GlobalAveragePooling2D()(colour).shape == (2, 3)


def test_video():
    video = np.broadcast_to(np.zeros((), "float32"), (4, 240, 144, 256, 3))
    assert video.size == 106_168_320
    assert video.nbytes == 405 * 2**20
    clip = np.zeros((1, 4, 144, 256, 3), "float32")  # a few frames of one clip
    assert layers.GlobalAveragePooling3D()(clip).shape == (1, 3)


@pytest.mark.parametrize("symbolic", [False, True])
def test_slices_of_the_chapter(symbolic):
    digits = np.zeros((600, 28, 28), "uint8")
    x = keras.Input(batch_shape=(600, 28, 28), dtype="uint8") if symbolic else digits
    assert x[10:100].shape == (90, 28, 28)
    assert x[10:100, :, :].shape == (90, 28, 28)
    assert x[10:100, 0:28, 0:28].shape == (90, 28, 28)
    assert x[:, 14:, 14:].shape == (600, 14, 14)
    assert x[:, 7:-7, 7:-7].shape == (600, 14, 14)
    n = 3
    assert x[128 * n : 128 * (n + 1)].shape == (128, 28, 28)


@pytest.mark.parametrize("rank", range(6))
def test_attributes_of_tensors(rank):
    shape = (2, 3, 4, 5, 6)[:rank]
    array = np.zeros(shape, "float32")
    x = keras.Input(batch_shape=shape) if rank else ops.convert_to_tensor(12.0)
    assert (x.ndim, tuple(x.shape), str(x.dtype)) == (array.ndim, array.shape, "float32")
