"""Settings changed between calls count from the next call on, whatever was traced before."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import config, layers, ops, optimizers
from geartrain.models.keys import Held, key_of
from geartrain.runtime.function import jit

X, Y = np.ones((4, 1), "float32"), np.zeros((4, 1), "float32")


def model(optimizer: Any, eagerly: bool = False, **weights: Any) -> Any:
    """A weight of 1; the gradient of its loss is 1."""
    kernel = layers.Dense(1, kernel_initializer="ones", use_bias=False, **weights)
    made = keras.Sequential([keras.Input((1,)), kernel])
    made.compile(optimizer, loss=lambda y_true, y_pred: ops.mean(y_pred), run_eagerly=eagerly)
    return made


def step(made: Any) -> float:
    """How far one step of training moves the weight."""
    before = made.get_weights()[0].item()
    made.train_on_batch(X, Y)
    return float(before - made.get_weights()[0].item())


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_function_as_learning_rate_set_anew_at_each_step(eagerly: bool) -> None:
    made = model(optimizers.SGD(lambda: 0.5), eagerly)
    assert step(made) == 0.5
    for number in range(40):
        rate = number / 64
        made.optimizer.learning_rate = lambda rate=rate: rate
        gc.collect()  # the earlier function's address is free
        assert step(made) == rate
    assert len(made._programs) == 1


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_function_as_learning_rate_is_called_before_each_step(eagerly: bool) -> None:
    rates = iter([9.0, 0.5, 0.25, 0.125, 0.0, 1.0])  # the first when the step is traced
    made = model(optimizers.SGD(lambda: next(rates)), eagerly)
    moved = []
    for _ in range(2):
        before = made.get_weights()[0].item()
        made.fit(X, Y, batch_size=2, epochs=1, verbose=0)
        moved.append(before - made.get_weights()[0].item())
    assert moved == [0.75, 0.125]
    assert step(made) == 1.0


def test_a_function_of_the_steps_as_learning_rate() -> None:
    optimizer = optimizers.SGD(lambda: ops.cast(optimizer.iterations, "float32") / 4)
    made = model(optimizer)
    assert [step(made) for _ in range(3)] == [0.0, 0.25, 0.5]


def test_a_function_and_a_schedule_in_turn() -> None:
    made = model(optimizers.SGD(lambda: 0.5))
    assert step(made) == 0.5
    made.optimizer.learning_rate = optimizers.schedules.PiecewiseConstantDecay([1], [2.0, 0.25])
    assert [step(made), step(made)] == [2.0, 0.25]
    made.optimizer.learning_rate = lambda: 1.0
    assert step(made) == 1.0


def plain(made: Any) -> None:
    """Nothing to change."""


def decayed(made: Any) -> None:
    made.optimizer.weight_decay = 1.0


def clipped(made: Any) -> None:
    made.optimizer.clipvalue = 0.5


def other_schedule(made: Any) -> None:
    made.optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.125, 10, 1.0)


def same_schedule(made: Any) -> None:
    made.optimizer._learning_rate.initial_learning_rate = 0.0625


def other_optimizer(made: Any) -> None:
    made.optimizer = optimizers.SGD(2.0)


def frozen(made: Any) -> None:
    made.layers[0].trainable = False


CHANGES: list[tuple[Callable[[Any], None], float]] = [
    (plain, 0.5), (clipped, 0.25), (other_schedule, 0.125), (same_schedule, 0.0625),
    (other_optimizer, 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_settings_of_the_optimizer(change: Callable[[Any], None], expected: float) -> None:
    made = model(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.5, 10, 1.0)))
    assert step(made) == 0.5
    change(made)
    assert step(made) == expected


def test_weight_decay_set_later() -> None:
    made = model(optimizers.SGD(0.5))
    step(made)
    decayed(made)
    assert step(made) == 0.5 * 0.5 + 0.5


@pytest.mark.parametrize("name", ["run_eagerly", "jit_compile"])
def test_how_a_model_runs_set_later(name: str) -> None:
    made = model(optimizers.SGD(0.5))
    first, _ = made.program_of("train", _batch())
    setattr(made, name, name == "run_eagerly")
    second, _ = made.program_of("train", _batch())
    assert first.compiled and not second.compiled


def _batch() -> Any:
    from geartrain.models.data import Batch

    return Batch(X, Y)


def test_epsilon_set_later() -> None:
    made = keras.Sequential([keras.Input((1,)), layers.Lambda(lambda x: x + config.epsilon())])
    zeros = np.zeros((2, 1), "float32")
    compiled = jit(lambda x: x + config.epsilon())
    for value in (1e-7, 0.25, 0.5):
        config.set_epsilon(value)
        for found in (made.predict(zeros, verbose=0), compiled(zeros)):
            np.testing.assert_allclose(found, value)


def test_floatx_set_later() -> None:
    compiled = jit(lambda x: ops.zeros((2,)) + ops.cast(x, config.floatx()))
    ones = np.ones(2, "int32")
    made = keras.Sequential([keras.Input((2,), dtype="int32"), layers.Lambda(
        lambda x: ops.cast(x, config.floatx()), output_shape=(2,), dtype="float64")])  # fmt: skip
    for name in ("float32", "float64", "float16", "float32"):
        config.set_floatx(name)
        assert compiled(ones).dtype == name
        assert made.predict(ones[None], verbose=0).dtype == name


def test_image_data_format_set_later() -> None:
    compiled = jit(lambda x: ops.max_pool(x, 2))
    image = np.zeros((1, 4, 6, 8), "float32")
    assert compiled(image).shape == (1, 2, 3, 8)
    config.set_image_data_format("channels_first")
    assert compiled(image).shape == (1, 4, 3, 4)


def test_freezing_a_layer_without_weights_to_train() -> None:
    norm = layers.BatchNormalization(center=False, scale=False)
    made = keras.Sequential([keras.Input((1,)), layers.Dense(1), norm])
    made.compile("sgd", "mse")
    made.train_on_batch(X + np.arange(4)[:, None], Y)
    norm.trainable = False
    before = [np.array(weight) for weight in norm.get_weights()]
    made.train_on_batch(X, Y)
    assert all(map(np.array_equal, before, norm.get_weights()))


def test_keys_hold_what_they_name() -> None:
    held = Held([])
    assert held != Held([]) and held != held.held
    assert key_of((1, [2])) != key_of((1, [2]))  # other objects, which may change apart
    assert key_of("a") == "a"


@pytest.mark.parametrize("stream", [False, True], ids=["arrays", "stream"])
def test_epochs_and_steps_can_be_limited(stream):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((12, 2)), np.ones((12, 1))
    given = {"x": keras.data.Dataset.from_tensor_slices((x, y)).batch(2)} if stream else {
        "x": x, "y": y, "batch_size": 2}  # fmt: skip
    keras.config.set_max_epochs(2)
    keras.config.set_max_steps_per_epoch(3)
    with pytest.warns(UserWarning, match="limited to") as told:
        assert len(model.fit(**given, epochs=5, verbose=0).history["loss"]) == 2
    assert {str(one.message).split(" by ")[0] for one in told} == {
        "fit: limited to 2 epochs in place of 5",
        "fit: limited to 3 steps an epoch",
    }
    assert model.optimizer.iterations == 6
    with pytest.warns(UserWarning, match="predict: limited to 3 steps"):
        assert len(model.predict(x, batch_size=2, verbose=0)) == 6
    model.fit(**given, epochs=1, steps_per_epoch=2, verbose=0)  # not more than asked for
    assert (keras.config.max_epochs(), keras.config.max_steps_per_epoch()) == (2, 3)
    keras.config.set_max_epochs(None)
    with pytest.raises(ValueError, match=r"set_max_epochs: expected a whole number.*'x'"):
        keras.config.set_max_epochs("x")
