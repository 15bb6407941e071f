"""Which graphs keep the rows of a batch apart, and that cutting the batch then changes no bit."""

from dataclasses import replace

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.compiler.analysis.batch import rows_independent
from geartrain.compiler.targets.target import host
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops.operands import number_of

W = np.random.default_rng(0).normal(size=(6, 6)).astype("float32")

APART = {
    "a dense layer": lambda x: ops.relu(ops.matmul(x, W) + W[0]),
    "softmax of each row": lambda x: ops.softmax(x, axis=-1),
    "another shape of each row": lambda x: ops.transpose(ops.reshape(x, (-1, 2, 3)), (0, 2, 1)),
    "columns cut, turned and padded": lambda x: ops.pad(ops.flip(x[:, 1:4], 1), ((0, 0), (1, 2))),
    "columns joined": lambda x: ops.concatenate([x, x * 2], axis=1),
    "products of the rows' own matrices": lambda x: ops.matmul(
        ops.reshape(x, (-1, 2, 3)), ops.reshape(x, (-1, 3, 2))
    ),
}
MIXED = {
    "the mean of the batch": lambda x: x - ops.mean(x, axis=0),
    "a sum over the batch": lambda x: ops.sum(x, axis=0),
    "rows turned round": lambda x: ops.flip(x, 0),
    "rows left out": lambda x: x[::2],
    "rows moved": lambda x: ops.roll(x, 1, axis=0),
    "rows joined": lambda x: ops.concatenate([x, x], axis=0),
    "rows merged and parted again": lambda x: ops.reshape(ops.reshape(x, (2, -1)), (-1, 6)),
    "the batch as columns": lambda x: ops.transpose(x),
    "products of all rows with all": lambda x: ops.matmul(x, ops.transpose(x)),
    "the number of rows": lambda x: x * number_of(BATCH, "float32"),
    "the place of a row": lambda x: x + ops.cumsum(ops.ones_like(x), axis=0),
    "a running sum over the batch": lambda x: ops.cumsum(x, axis=0),
    "a constant": lambda x: ops.exp(Node.wrap(W)),
}


@pytest.mark.parametrize("name", APART)
def test_graphs_whose_rows_do_not_meet(name):
    assert rows_independent([APART[name](placeholder((BATCH, 6), "float32", "x"))])


@pytest.mark.parametrize("name", MIXED)
def test_graphs_whose_rows_meet_or_might(name):
    x = placeholder((BATCH, 6), "float32", "x")
    assert not rows_independent([MIXED[name](x)])
    assert not rows_independent([x * 2, MIXED[name](x)])


MODELS = {
    "dense": [layers.Dense(300, activation="relu"), layers.Dense(10, activation="softmax")],
    "images": [
        layers.Reshape((6, 6, 1)),
        layers.Conv2D(8, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(3),
    ],
}


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_the_same_bits_in_any_batches(name, monkeypatch):
    without = replace(host(), bf16_tiles=False)  # tiles multiply large batches alone
    monkeypatch.setattr("geartrain.compiler.targets.target.host", lambda: without)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((36,)), *MODELS[name]])
    x = np.random.default_rng(1).normal(size=(1500, 36)).astype("float32")
    expected = model.predict(x, verbose=0).tobytes()
    for size in (1, 7, 32, 1500):
        assert model.predict(x, batch_size=size, verbose=0).tobytes() == expected
    one_by_one = np.concatenate([model.predict_on_batch(x[n : n + 1]) for n in range(1500)])
    assert one_by_one.tobytes() == expected


@pytest.mark.skipif(not host().bf16_tiles, reason="this CPU has no tiles of bfloat16")
def test_predictions_by_tiles_are_those_of_few_rows_but_for_roundings():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((36,)), *MODELS["dense"]])
    x = np.random.default_rng(1).normal(size=(1536, 36)).astype("float32")
    whole = model.predict(x, verbose=0)
    for size in (32, 48, 64, 512):
        np.testing.assert_array_equal(model.predict(x, batch_size=size, verbose=0), whole)
    few = np.concatenate([model.predict_on_batch(x[n : n + 8]) for n in range(0, 1536, 8)])
    assert (few != whole).any()
    np.testing.assert_allclose(few, whole, rtol=1e-5, atol=1e-7)


def test_a_model_that_looks_at_its_batch_gets_the_batches_of_the_caller():
    class Centred(layers.Layer):
        def call(self, inputs):
            return inputs - ops.mean(inputs, axis=0, keepdims=True)

    model = keras.Sequential([keras.Input((2,)), Centred()])
    x = np.random.default_rng(2).normal(size=(100, 2)).astype("float32")
    found = model.predict(x, batch_size=30, verbose=0)
    for start in range(0, 100, 30):
        part = x[start : start + 30]
        np.testing.assert_allclose(found[start : start + 30], part - part.mean(0), atol=1e-6)
