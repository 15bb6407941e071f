"""Results that are computed again for the gradient: less memory, the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.compiler.analysis.memory import plan
from geartrain.compiler.pipeline import assemble
from geartrain.compiler.targets.target import host
from geartrain.graph.node import placeholder, sorted_nodes
from geartrain.models.data import Batch
from geartrain.ops.rematerializing import forgotten
from geartrain.runtime.function import trace

DEPTH, ROWS = 4, 32


class Block(layers.Layer):
    """Three layers and a shortcut, as one layer."""

    def __init__(self, kind, around=lambda f: f):
        super().__init__()
        dense, conv = kind == "dense", kind == "conv"
        self.rows = [
            layers.Dense(48, activation="gelu") if dense
            else layers.Conv2D(8, 3, padding="same", activation="gelu") if conv
            else layers.LSTM(16, return_sequences=True)
            for _ in range(2)
        ]  # fmt: skip
        self.rows.insert(1, layers.Dropout(0.2, seed=3))
        self.rows.append(layers.LayerNormalization() if dense else layers.BatchNormalization())
        self.whole = around(self.inner)

    def build(self, shape):
        for row in self.rows:
            row.build(shape)

    def inner(self, x):
        for row in self.rows:
            x = row(x)
        return x

    def call(self, x):
        return self.whole(x) + x


SHAPES = {"dense": (48,), "conv": (8, 8, 8), "lstm": (6, 16)}


def network(kind, way):
    keras.utils.set_random_seed(1)
    scope = {"scope": "full", "activations": "activations"}.get(way)
    with keras.RematScope(scope):
        x = y = keras.Input(SHAPES[kind])
        for _ in range(DEPTH):
            y = Block(kind, *([keras.remat] if way == "function" else []))(y)
        model = keras.Model(x, layers.Dense(1)(layers.Flatten()(y)))
    model.compile("adam", "mse")
    return model


def data(kind):
    random = np.random.default_rng(0)
    x = random.normal(size=(2 * ROWS, *SHAPES[kind])).astype("float32")
    return x, random.normal(size=(2 * ROWS, 1)).astype("float32")


def memory(model, x, y):
    """The bytes of a training step's intermediate results."""
    model.optimizer.build(model.trainable_variables)
    program = model._made_program("train", Batch(x, y, None))[0]
    updates = {variable.node: new for variable, new in program.updates.items()}
    made = assemble(program.outputs, updates, host())
    return plan([one for one in made.buffers if one.first != 0], ROWS)[1]


@pytest.mark.parametrize(
    ("kind", "way", "share"),
    [("dense", "function", 0.6), ("conv", "scope", 0.4), ("lstm", "function", 0.9),
     ("dense", "activations", 1.05)],
)  # fmt: skip
def test_training_takes_less_memory_and_learns_the_same(kind, way, share):
    x, y = data(kind)
    plain, saving = network(kind, "plain"), network(kind, way)
    assert memory(saving, x[:ROWS], y[:ROWS]) < share * memory(plain, x[:ROWS], y[:ROWS])
    for model in (plain, saving):
        model.fit(x, y, batch_size=ROWS, epochs=2, shuffle=False, verbose=0)
    for one, other in zip(plain.get_weights(), saving.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def twice(x):
    return ops.sin(ops.tanh(x) * x + 1)


def test_gradients_of_any_order_are_the_same():
    x = np.linspace(-1, 1, 7, dtype="float32")

    def slopes(f):
        first = keras.grad(lambda x: ops.sum(f(x)))
        second = keras.grad(lambda x: ops.sum(first(x) ** 2))
        return keras.jit(first)(x), keras.jit(second)(x), first(x)

    for one, other in zip(
        slopes(lambda x: keras.remat(twice)(keras.remat(twice)(x))),
        slopes(lambda x: twice(twice(x))),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_functions_with_several_results_masks_and_state():
    generator = keras.random.SeedGenerator(1)

    @keras.remat
    def noisy(x, scale=1.0):
        drawn = keras.random.normal(ops.shape(x), seed=generator)
        return {"all": x * drawn * scale, "count": ops.cast(ops.shape(x)[0], "int32"), "none": None}

    first, second = noisy(np.ones(3)), keras.jit(noisy)(np.ones(3))
    generator.state.assign([1, 0])
    again = keras.jit(noisy)(np.ones(3), scale=2.0)
    assert (first["all"] != second["all"]).all() and second["count"] == 3
    np.testing.assert_allclose(again["all"], 2 * first["all"], rtol=1e-6)


def test_functions_in_models(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(1)(keras.remat(twice)(x)))
    given = np.linspace(-1, 1, 6).reshape(2, 3)
    np.testing.assert_allclose(model(given), model.layers[-1](twice(given)), rtol=1e-5)
    model.compile("sgd", "mse")
    assert np.isfinite(model.train_on_batch(given, np.ones((2, 1))))
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    read = keras.models.load_model(tmp_path / "model.onnx")
    np.testing.assert_allclose(read.predict(given, verbose=0), model(given), rtol=1e-5)


@pytest.mark.parametrize(
    ("scope", "again"),
    [({}, True), ({"mode": "larger_than"}, False), ({"mode": None}, False),
     ({"mode": "larger_than", "output_size_threshold": 3}, True),
     ({"mode": "list_of_layers", "layer_names": ["body"]}, True),
     ({"mode": "list_of_layers"}, False), ({"mode": "activations"}, True)],
    ids=["full", "large", "none", "larger", "named", "unnamed", "activations"],
)  # fmt: skip
def test_scopes_say_which_layers(scope, again):
    with keras.RematScope("full"), keras.RematScope(**scope):
        layer = layers.Dense(4, activation="tanh", name="body")
    layer.build((None, 3))
    given = placeholder((5, 3), "float32")
    result, _ = trace(lambda: layer(given))
    assert any(node.op is forgotten for node in sorted_nodes([result])) == again
    assert layer.activation is keras.activations.tanh


def test_what_is_no_mode_and_no_function_is_refused():
    with pytest.raises(ValueError, match=r"RematScope: expected mode as one of 'full'.*'all'"):
        keras.RematScope("all")
    with pytest.raises(TypeError, match=r"remat: expected a function. Received: 3"):
        keras.remat(3)
