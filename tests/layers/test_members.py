"""Attributes and methods that programs read of layers, models, specs: those that do little."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import InputSpec, layers


def test_quantization_is_refused_with_what_to_do_instead():
    layer = layers.Dense(2, dtype="mixed_float16")
    layer.build((None, 3))
    assert (layer.quantization_mode, layer.input_dtype) == (None, "float16")
    for call in (
        lambda: layer.quantize("int8"),
        lambda: layer.quantized_build((None, 3), "int8"),
        lambda: layer.quantized_call(np.ones((1, 3))),
        lambda: keras.Sequential([layer]).quantize("int8", filters=None),
    ):
        with pytest.raises(NotImplementedError, match=r"no quantization, .*mixed_bfloat16"):
            call()
    assert layer.rematerialized_call(layer.call, np.ones((1, 3))) == layer.call


def test_specs_come_back_from_their_configs():
    spec = InputSpec("int32", (None, 3), axes={-1: 3}, optional=True)
    again = InputSpec.from_config(spec.get_config())
    assert repr(again) == repr(spec) and again.optional
    assert again.get_config() == spec.get_config()


def test_recurrent_layers_have_the_attributes_of_their_cells():
    layer = layers.GRU(3, activation="relu", dropout=0.1, reset_after=False)
    assert (layer.units, layer.dropout, layer.reset_after) == (3, 0.1, False)
    assert layer.activation is keras.activations.relu


def test_state_trees():
    x = keras.Input((3,), name="x")
    hidden = layers.BatchNormalization(name="norm")(layers.Dense(2, name="dense")(x))
    model = keras.Model(x, hidden, name="m")
    model.compile(keras.optimizers.Adam(name="adam"), "mse", metrics=["mae"])
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    tree = model.get_state_tree("numpy_array")
    assert set(tree["trainable_variables"]) == {"dense", "norm"}
    assert set(tree["non_trainable_variables"]["norm"]) == {"moving_mean", "moving_variance"}
    assert tree["optimizer_variables"]["adam"]["iteration"] == 1
    assert tree["metrics_variables"]
    other = keras.models.clone_model(model)
    other.compile(keras.optimizers.Adam(name="adam"), "mse")
    other.optimizer.build(other.trainable_variables)
    del tree["metrics_variables"]
    other.set_state_tree(tree)
    probe = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(model(probe), other(probe))
    assert int(other.optimizer.iterations) == 1
    for call, message in (
        (lambda: model.get_state_tree("list"), "value_format of get_state_tree: 'list'"),
        (lambda: model.set_state_tree({"weights": {}}), "part of a state tree: 'weights'"),
        (
            lambda: model.set_state_tree({"trainable_variables": {"dense": {"kernal": 1}}}),
            "path in trainable_variables of a state tree: 'dense/kernal'. Did you mean",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    twice = keras.Layer()
    twice.a, twice.b = keras.Variable(1.0, name="v"), keras.Variable(1.0, name="v")

    class Holds(keras.Model):
        def __init__(self):
            super().__init__()
            self.twice = twice

    with pytest.raises(ValueError, match=r"one variable of each path. Received: several of 'v'"):
        Holds().get_state_tree()
