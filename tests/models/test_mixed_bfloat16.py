"""Training under the policy mixed_bfloat16: compiled code against the reference, node by node."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers

pytest.importorskip("llvmlite")


def dense():
    return [layers.Dense(48, "relu"), layers.Dense(10, "softmax", dtype="float32")]


def convolutional():
    return [
        layers.Reshape((8, 8, 1)), layers.Conv2D(16, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(2), layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(), layers.Dense(10, "softmax", dtype="float32"),
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def policy():
    keras.dtype_policies.set_dtype_policy("mixed_bfloat16")


def trained(make, run_eagerly):
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 96)
    x = random.normal(size=(96, 64)).astype("float32") + np.eye(10, 64)[labels] * 3
    model = keras.Sequential([keras.Input((64,)), *make()])
    model.compile("rmsprop", "sparse_categorical_crossentropy", run_eagerly=run_eagerly)
    history = model.fit(x, labels, batch_size=40, epochs=3, shuffle=False, verbose=0)
    return history.history["loss"], model.get_weights()


@pytest.mark.parametrize("make", [dense, convolutional])
def test_training_is_that_of_the_reference(make):
    losses, weights = trained(make, run_eagerly=False)
    expected_losses, expected = trained(make, run_eagerly=True)
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(losses, expected_losses, rtol=0.02)
    for one, other in zip(weights, expected, strict=True):
        assert one.dtype == np.float32
        # RMSprop's first steps are of one size whatever the gradient's: tiny ones may change sign
        assert np.mean(np.abs(one - other) > 2e-3) < 0.02
