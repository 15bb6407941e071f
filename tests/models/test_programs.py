"""Programs are traced again when what is written into them has changed; objects can be copied."""

from __future__ import annotations

import copy
import gc
import pickle

import numpy as np
import pytest

import geartrain as keras
from geartrain import callbacks, layers, losses, metrics, optimizers

X, Y = np.ones((4, 3), "float32"), np.zeros((4, 2), "float32")


def step_of(model):
    """How far one step of training moves the kernel."""
    before = model.get_weights()[0]
    model.train_on_batch(X, Y)
    return float(np.abs(model.get_weights()[0] - before).max())


def linear(**settings):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2, kernel_initializer="ones")])
    model.compile(optimizers.SGD(**settings), "mae")
    return model


def test_a_new_schedule_is_followed():
    model = linear(learning_rate=optimizers.schedules.PiecewiseConstantDecay([100], [0.5, 0.1]))
    first = step_of(model)
    model.optimizer.learning_rate = optimizers.schedules.PiecewiseConstantDecay([100], [0.25, 0.1])
    np.testing.assert_allclose(step_of(model), first / 2, rtol=1e-5)


def test_a_new_setting_of_the_optimizer_is_followed():
    model = linear(learning_rate=0.5)
    first = step_of(model)
    model.optimizer.clipvalue = 1e-3
    assert step_of(model) < first / 100


def test_a_layer_that_shall_not_train_any_more_does_not():
    model = linear(learning_rate=0.5)
    assert step_of(model) > 0
    model.layers[0].trainable = False
    assert step_of(model) == 0


class EachEpoch(callbacks.Callback):
    """Note the kernel after each epoch; after the first, do something."""

    def __init__(self, action):
        self.action, self.kernels = action, []

    def on_epoch_end(self, epoch, logs=None):
        self.kernels.append(self.model.get_weights()[0])
        if epoch == 0:
            self.action(self.model)


class EachBatch(EachEpoch):
    """The same, and one that hears of each batch."""

    def on_train_batch_end(self, batch, logs=None):
        """Nothing to do."""


def freeze(model):
    model.layers[0].trainable = False


@pytest.mark.parametrize("kind", [EachEpoch, EachBatch])
def test_what_fit_trains_is_fixed_when_it_starts(kind):
    model, watcher = linear(learning_rate=0.5), kind(freeze)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[watcher])
    assert (watcher.kernels[1] != watcher.kernels[0]).all()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], watcher.kernels[1])


@pytest.mark.parametrize("kind", [EachEpoch, EachBatch])
def test_compile_during_fit_is_followed(kind):
    def freeze_and_compile(model):
        freeze(model)
        model.compile(optimizers.SGD(0.5), "mae")

    model, watcher = linear(learning_rate=0.5), kind(freeze_and_compile)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[watcher])
    np.testing.assert_array_equal(watcher.kernels[2], watcher.kernels[0])


def test_a_fit_that_fails_fixes_nothing_any_more():
    def fail(model):
        raise RuntimeError("stop here")

    model = linear(learning_rate=0.5)
    with pytest.raises(RuntimeError, match="stop here"):
        model.fit(X, Y, verbose=0, callbacks=[EachEpoch(fail)])
    freeze(model)
    assert step_of(model) == 0


def test_what_does_not_change_is_traced_once():
    model = linear(learning_rate=0.5)
    for _ in range(3):
        model.fit(X, Y, epochs=2, verbose=0)
        model.evaluate(X, Y, verbose=0)
    assert sorted(key.kind for key in model._programs) == ["test", "train"]


def test_objects_with_required_arguments_can_be_copied():
    dense = layers.Dense(7, activation="relu")
    for twin in (copy.copy(dense), copy.deepcopy(dense)):
        assert twin.units == 7 and twin.get_config() == dense.get_config()
    schedule = optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    for one in (schedule, losses.Huber(delta=2.0), keras.regularizers.L1(0.1)):
        for twin in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert type(twin) is type(one) and twin.get_config() == one.get_config()
    assert copy.deepcopy(metrics.TopKCategoricalAccuracy(k=3)).k == 3


def test_a_copy_of_a_built_layer_has_weights_of_its_own():
    dense = layers.Dense(2)
    dense.build((None, 3))
    twin = copy.deepcopy(dense)
    twin.kernel.assign(np.zeros((3, 2)))
    assert dense.kernel.numpy().any() and not twin.kernel.numpy().any()


def test_garbage_is_collected_again_after_a_program_is_made():
    linear(learning_rate=0.5).train_on_batch(X, Y)
    assert gc.isenabled()


def test_garbage_is_collected_again_after_no_program_could_be_made(monkeypatch):
    executable = pytest.importorskip("geartrain.runtime.executable")
    meanwhile = []

    def fail(*_):
        meanwhile.append(gc.isenabled())
        raise MemoryError

    monkeypatch.setattr(executable, "assemble", fail)
    with pytest.raises(MemoryError):
        linear(learning_rate=0.5).train_on_batch(X, Y)
    assert meanwhile == [False]
    assert gc.isenabled()
