"""Layers called with other values of their variables, which stay as they are."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def network():
    inputs = keras.Input((3,))
    hidden = layers.BatchNormalization(name="norm", momentum=0.5)(inputs)
    hidden = layers.Dense(4, kernel_regularizer="l2", name="hidden")(hidden)
    return keras.Model(inputs, layers.Dropout(0.5)(hidden), name="net")


@pytest.mark.parametrize("training", [False, True])
def test_outputs_and_statistics_are_those_of_a_call(training):
    model, same = network(), network()
    trained = [np.full(v.shape, 0.5, "float32") for v in model.trainable_variables]
    fixed = [variable.numpy() for variable in model.non_trainable_variables]
    before = [variable.numpy() for variable in model.variables]
    outputs, after, losses = model.stateless_call(
        trained, fixed, X, training=training, return_losses=True
    )
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    for variable, value in zip(
        [*same.trainable_variables, *same.non_trainable_variables], [*trained, *fixed], strict=True
    ):
        variable.assign(value)
    np.testing.assert_allclose(outputs, same(X, training=training), rtol=1e-6)
    for value, variable in zip(after, same.non_trainable_variables, strict=True):
        np.testing.assert_allclose(value, variable.numpy(), rtol=1e-6)
    np.testing.assert_allclose(losses[0], 0.01 * 12 * 0.25, rtol=1e-5)
    changed = any(not np.array_equal(a, b) for a, b in zip(after, fixed, strict=True))
    assert changed is training


def test_seeds_are_variables_that_are_not_trained():
    layer = layers.Dropout(0.5, seed=3)
    layer.build((None, 3))
    assert layer.non_trainable_weights == []
    assert layer.non_trainable_variables == layer.variables != []


def test_what_does_not_fit_is_refused():
    layer = layers.Dense(2, name="dense_x")
    with pytest.raises(ValueError, match=r"expected a layer that is built.*Call it"):
        layer.stateless_call([], [], X)
    layer.build((None, 3))
    with pytest.raises(ValueError, match=r"expected 2 values as trainable_variables.*kernel"):
        layer.stateless_call([], [], X)
    with pytest.raises(ValueError, match=r"expected a value of shape \(3, 2\).*Received: shape"):
        layer.stateless_call([X, X], [], X)


def test_a_path_names_the_layers_around():
    class Outer(layers.Layer):
        def __init__(self):
            super().__init__(name="outer")
            self.inner = layers.Dense(1, name="inner")

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    assert outer.path is None
    outer(X)
    assert outer.inner.path == "outer/inner"
    assert outer.inner.kernel.path == "outer/inner/kernel"


def test_variables_of_metrics():
    class Measured(layers.Layer):
        def __init__(self):
            super().__init__()
            self.mean = keras.metrics.Mean()

    layer = Measured()
    assert layer.metrics_variables == layer.mean.variables != []


def test_symbolic_tensors_have_keras_arguments_and_methods():
    tensor = keras.KerasTensor((None, 1, 6), "int32", name="x", sparse=False, ragged=False)
    assert (tensor.name, tensor.sparse, tensor.ragged) == ("x", False, False)
    assert tensor.squeeze(1).shape == (None, 6)
    assert tensor.reshape((-1, 2, 3)).shape == (None, 2, 3)
    again = pickle.loads(pickle.dumps(tensor))
    assert (again.shape, again.dtype, again.name) == (tensor.shape, "int32", "x")
