"""Layers that are trained as models are, by what trains these; functions over batches."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import Model, Sequential, layers
from geartrain.errors import GeartrainWarning
from geartrain.models.trainer import Trainer

X, Y = np.ones((40, 4), "float32"), np.zeros((40, 3), "float32")


class Learner(Trainer, layers.Dense):
    def __init__(self, units):
        layers.Dense.__init__(self, units, use_bias=False, kernel_initializer="ones")
        Trainer.__init__(self)


class Pair(Trainer, layers.Layer):
    def __init__(self):
        layers.Layer.__init__(self)
        Trainer.__init__(self)
        self.one, self.two = layers.Dense(3), layers.Dense(3)

    def call(self, x):
        return {"one": self.one(x["a"]), "two": self.two(x["b"])}


@pytest.mark.parametrize("eagerly", [True, False])
def test_a_layer_learns_as_a_model_of_it_does(eagerly):
    found = []
    for model in (
        Learner(3),
        Sequential([layers.Dense(3, use_bias=False, kernel_initializer="ones")]),
    ):
        model.compile("sgd", "mse", metrics=["mae"], run_eagerly=eagerly)
        history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_split=0.2).history
        found.append((history, model.evaluate(X, Y, verbose=0), model.train_on_batch(X, Y)))
        assert model.predict(X, verbose=0).shape == model.predict_on_batch(X).shape == (40, 3)
    assert found[0] == found[1]


def test_a_layer_of_several_inputs_and_outputs():
    pair = Pair()
    pair.compile("sgd", {"one": "mse", "two": "mae"}, metrics={"one": ["mae"]})
    logs = pair.fit({"a": X, "b": X}, {"one": Y, "two": Y}, verbose=0).history
    assert sorted(logs) == ["loss", "one_loss", "one_mae", "two_loss"]
    assert set(pair.predict({"a": X, "b": X}, verbose=0)) == {"one", "two"}


def test_functions_over_batches():
    model = Learner(3)
    model.compile("sgd", "mse")
    assert model.train_function is None
    train = model.make_train_function()
    assert model.train_function is train is model.make_train_function()
    assert model.make_train_function(force=True) is not train
    batches = iter([(X, Y), (X, Y)])
    first, second = (float(train(batches)["loss"]) for _ in range(2))
    assert first == 16.0 and second < first
    assert float(model.make_test_function()(iter([(X, Y)]))["loss"]) < second
    assert model.make_predict_function()(iter([X])).shape == (40, 3)
    model.compile("sgd", "mse")
    assert model.train_function is None


def test_fit_calls_a_function_of_the_models_own():
    taken = []

    class TwoAtATime(Sequential):
        def make_train_function(self, force=False):
            step = super().make_train_function(force)

            def train(iterator):
                logs = step(iterator)
                taken.append(logs)
                return step(iterator)

            self.train_function = train
            return train

    model = TwoAtATime([layers.Dense(3, use_bias=False)])
    model.compile("sgd", "mse")
    seen = []
    counts = keras.callbacks.LambdaCallback(on_train_batch_end=lambda n, logs: seen.append(n))
    model.fit(X, Y, batch_size=10, verbose=0, callbacks=[counts])
    assert seen == [0, 1] and len(taken) == 2 and int(model.optimizer.iterations) == 4


def test_how_steps_are_run():
    model = Model(x := keras.Input((4,)), layers.Dense(1)(x))
    assert (model.jit_compile, model.run_eagerly) == (True, False)
    for given, expected in (
        ({}, (True, False)),
        ({"jit_compile": False}, (False, False)),
        ({"run_eagerly": True}, (False, True)),
    ):
        model.compile("sgd", "mse", **given)
        assert (model.jit_compile, model.run_eagerly) == expected
    with pytest.warns(GeartrainWarning, match=r"run_eagerly or jit_compile. Received: both"):
        model.compile("sgd", "mse", run_eagerly=True, jit_compile=True)
    assert (model.jit_compile, model.run_eagerly) == (False, True)
    model.run_eagerly = False
    assert model.jit_compile
    model.jit_compile = False
    assert not model.jit_compile
    assert model.fit(X, Y[:, :1], verbose=0).epoch == [0]
