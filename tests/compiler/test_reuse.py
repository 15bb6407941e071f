"""Kernels that are alike are one function, whose callers say which tensors it is for."""

from __future__ import annotations

import re

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers

pytest.importorskip("llvmlite")


def dense():
    return [layers.Dense(48, "tanh"), layers.LayerNormalization()]


def convolutional():
    return [layers.Conv2D(16, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]


def recurrent():
    return [layers.GRU(24, return_sequences=True)]


BLOCKS = {
    "dense": (dense, (48,), 6), "convolutional": (convolutional, (7, 7, 16), 4),
    "recurrent": (recurrent, (5, 24), 4),
}  # fmt: skip
cases = pytest.mark.parametrize(("block", "shape", "count"), BLOCKS.values(), ids=BLOCKS)


def network(block, shape, count, **how):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    blocks = [layer for _ in range(count) for layer in block()]
    model = keras.Sequential([keras.Input(shape), *blocks, layers.Flatten(), layers.Dense(3)])
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), **how)
    return model


def data(shape):
    random = np.random.default_rng(0)
    return random.normal(size=(20, *shape)).astype("float32"), random.integers(0, 3, 20)


def sizes(block, shape, count):
    """How many kernels a step of training has, and how many functions these are."""
    model = network(block, shape, count)
    text = keras.explain(model, *data(shape)).stage("llvm")
    kernels = re.findall(r"^@k\d+(?:_\w+)?\.places = ", text, re.M)
    functions = re.findall(r"^define internal void @k", text, re.M)
    return len(kernels), len(functions)


@cases
def test_more_blocks_are_more_kernels_and_hardly_more_code(block, shape, count):
    (few, code), (many, more_code) = sizes(block, shape, count), sizes(block, shape, 2 * count)
    assert many > 1.5 * few
    assert more_code - code <= 0.1 * (many - few)


def code(block, shape, count):
    """The text of a step of training, but for the lists of places."""
    text = keras.explain(network(block, shape, count), *data(shape)).stage("llvm")
    return re.sub(r"\[i64 [^]]*\]", "[]", text)


@cases
def test_what_is_lowered_once_is_what_would_be_lowered_again(block, shape, count, monkeypatch):
    once = code(block, shape, count)
    monkeypatch.setattr("geartrain.compiler.passes.reuse.key_of", lambda fused, slots: None)
    assert once == code(block, shape, count)


@cases
def test_each_computes_with_its_own_tensors(block, shape, count):
    x, y = data(shape)
    models = [network(block, shape, count, run_eagerly=eagerly) for eagerly in (False, True)]
    for model in models:
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    compiled, reference = models
    for one, other in zip(compiled.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(
        compiled.predict(x, verbose=0), reference.predict(x, verbose=0), rtol=1e-2, atol=1e-3
    )
