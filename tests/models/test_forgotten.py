"""A model that nobody holds any more gives its memory back, whatever was done with it."""

from __future__ import annotations

import gc
from weakref import ref

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops

X, Y = np.ones((8, 4), "float32"), np.ones((8, 3), "float32")


def sequential():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3)])


def functional():
    x = keras.Input((4,))
    return keras.Model(x, ops.relu(layers.Dense(3)(x) + 1.0))


def nested():
    x = keras.Input((4,))
    return keras.Model(x, layers.BatchNormalization()(sequential()(x)))


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(x)


def fit(model):
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.predict(X, verbose=0)


def fit_eagerly(model):
    model.compile("adam", "mse", run_eagerly=True)
    model.fit(X, Y, verbose=0)


def copied(model):
    model(X)
    keras.models.clone_model(model) if type(model) is not Own else model.get_weights()


@pytest.mark.parametrize("use", [copied, fit, fit_eagerly])
@pytest.mark.parametrize("make", [sequential, functional, nested, Own])
def test_its_weights_are_gone(make, use):
    model = make()
    use(model)
    alive = [ref(model), *(ref(weight) for weight in model.weights)]
    del model
    gc.collect()
    assert [one() for one in alive] == [None] * len(alive)
