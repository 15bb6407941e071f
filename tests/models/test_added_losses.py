"""Losses of symbolic tensors, added to a finished model."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.errors import GeartrainWarning

X = np.random.default_rng(0).random((16, 4), dtype="float32")


def test_a_loss_of_inputs_and_outputs_is_trained():
    inputs = keras.Input((4,))
    code = layers.Dense(2, name="code")(inputs)
    model = keras.Model(inputs, layers.Dense(4)(code))
    with pytest.warns(GeartrainWarning, match="add_loss of a symbolic tensor is how older"):
        model.add_loss(keras.losses.mean_squared_error(inputs, model.output))
    with pytest.warns(GeartrainWarning, match="add_loss of a symbolic tensor"):
        model.add_loss(0.1 * ops.mean(ops.square(code)))
    model.compile(keras.optimizers.SGD(0.1))
    middle = keras.Model(inputs, code)

    def expected():
        squares = np.square(middle.predict(X, verbose=0)).mean()
        return np.square(model.predict(X, verbose=0) - X).mean() + 0.1 * squares

    before = expected()
    assert model.evaluate(X, verbose=0) == pytest.approx(before, rel=1e-5)
    history = model.fit(X, batch_size=16, epochs=5, verbose=0).history["loss"]
    assert history[0] == pytest.approx(before, rel=1e-5)
    assert model.evaluate(X, verbose=0) == pytest.approx(expected(), rel=1e-5)
    assert expected() < before
    assert [layer.name for layer in model.layers][1] == "code"
    assert len(model.layers) == 3


def test_a_loss_of_another_model_is_refused():
    inputs, other = keras.Input((4,)), keras.Input((4,), name="other")
    model = keras.Model(inputs, layers.Dense(1)(inputs))
    with (
        pytest.warns(GeartrainWarning, match="older versions"),
        pytest.raises(ValueError, match="depend on the input 'other'"),
    ):
        model.add_loss(ops.mean(other))
