"""What native training promises: all in one program, for any batch, with code of one's own."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, losses, metrics, ops
from geartrain.compiler.pipeline import Reference
from geartrain.models.data import Batch
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")

random = np.random.default_rng(0)
X = random.normal(size=(300, 12)).astype("float32")
Y = random.integers(0, 3, 300)


class Scale(layers.Layer):
    """A layer of one's own, with a weight and noise in training."""

    def build(self, input_shape):
        self.factor = self.add_weight(shape=input_shape[-1:], initializer="ones")
        self.noise = keras.random.SeedGenerator(1)

    def call(self, inputs, training=False):
        if training:
            inputs = inputs + keras.random.normal(ops.shape(inputs), seed=self.noise) * 0.1
        return inputs * self.factor


class Focal(losses.Loss):
    """A loss of one's own."""

    def call(self, y_true, y_pred):
        chosen = ops.sum(ops.one_hot(y_true, 3) * y_pred, axis=-1)
        return -((1 - chosen) ** 2) * ops.log(chosen + 1e-7)


class Sure(metrics.Metric):
    """A metric of one's own: how often the largest output is above a half."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.total = self.add_weight(shape=(), initializer="zeros", name="total")
        self.seen = self.add_weight(shape=(), initializer="zeros", name="seen")

    def update_state(self, y_true, y_pred, sample_weight=None):
        sure = ops.cast(ops.max(y_pred, axis=-1) > 0.5, "float32")
        self.total.assign_add(ops.sum(sure))
        self.seen.assign_add(ops.cast(ops.size(sure), "float32"))

    def result(self):
        return self.total / ops.maximum(self.seen, 1.0)


class Doubtful(keras.Sequential):
    """A step of training of one's own: with a penalty on the weights, and clipped gradients."""

    def train_step(self, data):
        x, y = data
        weights = self.trainable_variables
        y_pred = self(x, training=True)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        loss = loss + 1e-3 * sum(ops.sum(ops.square(weight)) for weight in weights)
        slopes = keras.runtime.function.gradients_of(loss, weights)
        self.optimizer.apply([ops.clip(slope, -0.1, 0.1) for slope in slopes], weights)
        return {"own": loss, **self.compute_metrics(x, y, y_pred, None)}


def network(kind=keras.Sequential, loss=None, **settings):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = kind([
        layers.Input((12,)), layers.Dense(20, "gelu"), Scale(), layers.Dropout(0.2),
        layers.BatchNormalization(), layers.Dense(3, "softmax"),
    ])  # fmt: skip
    model.compile("adam", loss or Focal(), metrics=[Sure()], **settings)
    return model


@pytest.mark.parametrize("kind", [keras.Sequential, Doubtful])
def test_code_of_ones_own_is_compiled_whole_and_trains_as_the_reference_does(kind):
    model, twin = network(kind), network(kind, run_eagerly=True)
    program = model.program_of("train", Batch(X[:32], Y[:32]))[0]
    assert not any(isinstance(one, Reference) for one in program.executable.assembly.steps)
    found, expected = (
        one.fit(X, Y, batch_size=64, epochs=2, shuffle=False, verbose=0).history
        for one in (model, twin)
    )
    assert found.keys() == expected.keys() >= {"sure"}
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3)
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=2e-3)


def test_epochs_are_native_calls_of_many_steps(monkeypatch):
    steps = []
    run_steps = Executable.run_steps

    def noted(self, samples, batch, rows, *more):
        steps.append(rows / batch)
        return run_steps(self, samples, batch, rows, *more)

    monkeypatch.setattr(Executable, "run_steps", noted)
    monkeypatch.setattr(Executable, "run", None)  # one step alone
    network().fit(X, Y, batch_size=8, epochs=4, verbose=0)
    assert sum(steps) == 4 * 300 / 8
    assert max(steps) > 8


def test_one_compilation_serves_batches_of_any_size(monkeypatch):
    made = []
    init = Executable.__init__

    def noted(self, *args, **kwargs):
        made.append(args)
        init(self, *args, **kwargs)

    monkeypatch.setattr(Executable, "__init__", noted)
    model = network()
    for batch_size in (64, 300, 7, 1):
        model.fit(X, Y, batch_size=batch_size, verbose=0)
    assert len(made) == 1
    for rows in (300, 1, 32, 50):
        assert model.predict(X[:rows], verbose=0).shape == (rows, 3)
    assert len(made) == 2


def test_variables_stay_where_they_are():
    model = network()
    variables = [*model.variables, *model.optimizer.variables]
    places = [variable._array.ctypes.data for variable in variables]
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert [variable._array.ctypes.data for variable in variables] == places
    assert not np.array_equal(model.get_weights()[0], before[0])


def test_bytes_train_as_the_floats_that_they_are():
    pixels = random.integers(0, 256, (96, 12), dtype="uint8")
    weights = []
    for x in (pixels, pixels.astype("float32")):
        model = network()
        model.fit(x, Y[:96], verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        assert one.tobytes() == other.tobytes()
