"""Weights in panels: who may be, and that training with them gives the bits of training without."""

import re

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.compiler.kernels.matmul.layout import place_in_panel
from geartrain.compiler.pipeline import assemble
from geartrain.compiler.targets.target import host
from geartrain.graph.affine import Affine
from geartrain.runtime import threads
from geartrain.runtime.function import gradients_of, trace

NEVER = 1 << 60


def network(hidden=(64, 96), optimizer="rmsprop", **arguments):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((48,))])
    for units in hidden:
        model.add(layers.Dense(units, activation="relu", **arguments))
    model.add(layers.Dense(5, activation="softmax"))
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    return model


def data(samples=70):
    random = np.random.default_rng(0)
    return random.random((samples, 48), np.float32), random.integers(0, 5, samples)


def kept(model):
    """The weights that the training program keeps in panels."""
    x, y = data(4)
    training = keras.explain(model, x, y)
    return len(re.findall(r"@enter_\d+.places = ", training.stage("llvm")))


def trained(monkeypatch, least, model, batch_size=32):
    monkeypatch.setattr("geartrain.compiler.kernels.matmul.tiling.LEAST_BYTES", least)
    x, y = data()
    model.fit(x, y, batch_size=batch_size, epochs=2, verbose=0)
    model.train_on_batch(x[:7], y[:7])
    return [variable.numpy() for variable in model.variables + model.optimizer.variables]


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "sgd", "adamw"])
@pytest.mark.parametrize("count", [1, 3])
def test_training_in_panels_gives_the_same_bits(monkeypatch, optimizer, count):
    threads.set_thread_count(count)
    try:
        plain = trained(monkeypatch, NEVER, network(optimizer=optimizer))
        packed = trained(monkeypatch, 1, network(optimizer=optimizer))
    finally:
        threads.set_thread_count(None)
    assert len(packed) > 6
    for one, other in zip(plain, packed, strict=True):
        np.testing.assert_array_equal(other, one)


@pytest.mark.parametrize("units", [64, 96, 128])
def test_few_panels_change_as_in_the_reference(units):
    random = np.random.default_rng(0)
    x, y = random.random((40, 784), np.float32), random.integers(0, 10, 40)
    weights = []
    for eagerly in (False, True):
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        model = keras.Sequential([layers.Input((784,)), layers.Dense(units, activation="relu")])
        model.add(layers.Dense(10, activation="softmax"))
        model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=eagerly)
        model.fit(x, y, batch_size=40, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for found, expected in zip(*weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_weights_and_slots_of_all_wide_layers_are_kept(monkeypatch):
    monkeypatch.setattr("geartrain.compiler.kernels.matmul.tiling.LEAST_BYTES", 1)
    width = 2 * host().lanes(4)
    assert kept(network((4 * width, 2 * width))) == 4  # two kernels and their velocities
    assert kept(network((4 * width, 2 * width), optimizer="adam")) == 6
    assert kept(network((4 * width + 1,))) == 0  # no whole number of panels


def test_small_weights_stay_as_they_are():
    assert kept(network()) == 0


def test_weights_that_others_read_stay_as_they_are(monkeypatch):
    monkeypatch.setattr("geartrain.compiler.kernels.matmul.tiling.LEAST_BYTES", 1)
    assert kept(network((128,))) == 2
    assert kept(network((128,), kernel_regularizer="l2")) == 0
    clipped = keras.optimizers.RMSprop(global_clipnorm=1.0)
    assert kept(network((128,), optimizer=clipped)) == 0


def test_place_in_panel_is_the_place_in_an_array_of_panels():
    rows, columns, width = 6, 12, 4
    array = np.arange(rows * columns).reshape(rows, columns // width, width).swapaxes(0, 1)
    place = place_in_panel((Affine.variable("i"), Affine.variable("j")), rows, width)
    flat = np.ravel(np.ascontiguousarray(array))
    for i in range(rows):
        for j in range(columns):
            first = j - j % width
            at = place.constant + sum(
                factor * {"i": i, "j": j, "panel": first}[name]
                for name, factor in place.terms.items()
            )
            assert flat[at] == i * columns + j


def test_programs_with_steps_for_numpy_keep_no_panels(monkeypatch):
    monkeypatch.setattr("geartrain.compiler.kernels.matmul.tiling.LEAST_BYTES", 1)
    weights = keras.Variable(np.ones((256, 128), "float32"))
    x = ops.convert_to_tensor(np.ones((64, 256), "float32"))

    def step(sort):
        def body():
            loss = ops.sum(ops.matmul(x, weights))
            loss = ops.sum(ops.sort(ops.matmul(x, weights))) if sort else loss
            (slope,) = gradients_of(loss, [weights])
            weights.assign(weights - slope)
            return loss

        loss, scope = trace(body)
        updates = {variable.node: value for variable, value in scope.updates.items()}
        return assemble([loss], updates, host()).text

    assert "@enter" in step(sort=False)
    assert "@enter" not in step(sort=True)
