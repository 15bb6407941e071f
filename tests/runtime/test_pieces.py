"""Calls that a loop of one's own repeats: as programs they do what they did op by op."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.compat.tensorflow import gradients, tensor
from geartrain.graph.tracked import Tracked
from geartrain.ops.masks import mask_of
from geartrain.runtime import repeating


@pytest.fixture(autouse=True)
def tensors() -> Iterator[None]:
    with tensor.installed():
        yield


def _data(rows: int, *shape: int) -> Any:
    return tensor.tensor(np.random.default_rng(rows).random((rows, *shape), np.float32))


def _dense() -> Any:
    return keras.Sequential(
        [layers.Input((6,)), layers.Dense(5, activation="gelu"), layers.BatchNormalization(),
         layers.Dropout(0.25, seed=3), layers.Dense(3, activation="softmax")]
    )  # fmt: skip


def _conv() -> Any:
    inputs = layers.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(inputs)
    x = layers.MaxPooling2D()(x)
    skipped = layers.Conv2DTranspose(4, 3, padding="same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Add()([x, skipped])))


def _recurrent() -> Any:
    return keras.Sequential(
        [layers.Input((5, 2)), layers.Masking(), layers.LSTM(4, return_sequences=True),
         layers.GRU(3)]
    )  # fmt: skip


class _Mine(keras.Model):
    """A model of one's own, whose call is Python's."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(4, "tanh"), layers.Dense(3)
        self.calls = 0

    def call(self, x: Any) -> Any:
        self.calls += 1
        return self.second(self.first(x) * 2)


MODELS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "dense": (_dense, (6,)), "conv": (_conv, (8, 8, 2)), "recurrent": (_recurrent, (5, 2)),
    "mine": (_Mine, (6,)),
}  # fmt: skip


def _trained(make: Callable[[], Any], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """A model after steps of several sizes, and what it measured."""
    keras.utils.set_random_seed(7)
    model, loss = make(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    adam = keras.optimizers.Adam(0.01, weight_decay=0.01, clipnorm=1.0, use_ema=True)
    accuracy, mean = keras.metrics.SparseCategoricalAccuracy(), keras.metrics.Mean()
    for rows in (4, 4, 4, 4, 3, 1, 4, 1, 1):
        x, y = _data(rows, *shape), tensor.tensor(np.arange(rows) % 3)
        with gradients.GradientTape() as tape:
            tape.watch(x)
            given = model(x, training=True)
            value = loss(y, given) + sum(model.losses)
        slopes = tape.gradient(value, [x, *model.trainable_weights])
        adam.apply_gradients(zip(slopes[1:], model.trainable_weights, strict=True))
        accuracy.update_state(y, given)
        mean.update_state(slopes[0])
    found = [weight.numpy() for weight in (*model.weights, *adam.variables)]
    return model, [*found, accuracy.result(), mean.result(), model(x)]


@pytest.mark.parametrize("name", MODELS)
def test_a_loop_trains_as_it_does_op_by_op(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, found = _trained(*MODELS[name])
    made = [call.piece for call in model.__dict__.get("_pieces", {}).values()]
    assert name == "mine" or sum(one is not None for one in made) >= 2
    assert name != "mine" or model.calls == 10
    monkeypatch.setattr(repeating, "CALLS_BEFORE", 10**9)
    _, expected = _trained(*MODELS[name])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-5)


def _penalty(model: Any, x: Any) -> list[Any]:
    """The gradient of a gradient's norm, as a critic's penalty has it."""
    with gradients.GradientTape() as outer:
        with gradients.GradientTape() as inner:
            inner.watch(x)
            value = model(x, training=True)
        (slope,) = inner.gradient(value, [x])
        loss = ops.mean((ops.sqrt(ops.sum(slope * slope, axis=1) + 1e-6) - 1.0) ** 2)
    return [np.asarray(one) for one in outer.gradient(loss, model.trainable_weights[:2])]


def test_a_gradient_can_be_differentiated_again() -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layers.Input((6,)), layers.Dense(5, "tanh"), layers.Dense(1)])
    x = _data(4, 6)
    expected = _penalty(model, x)
    for _ in range(3):
        found = _penalty(model, x)
    assert any(call.piece for call in model.__dict__["_pieces"].values())
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_two_tapes_see_one_call_and_a_persistent_one_gives_parts() -> None:
    model = keras.Sequential([layers.Input((6,)), layers.Dense(3)])
    x = _data(4, 6)
    for _ in range(4):
        with (
            gradients.GradientTape(persistent=True) as first,
            gradients.GradientTape(watch_accessed_variables=False) as second,
        ):
            second.watch(x)
            value = model(x)
        kernel, bias = model.trainable_weights
        np.testing.assert_allclose(first.gradient(value, bias), [4, 4, 4], rtol=1e-6)
        summed = np.repeat(np.asarray(x).sum(0)[:, None], 3, axis=1)
        np.testing.assert_allclose(first.gradient(value, kernel), summed, rtol=1e-5)
        bias.assign_add([1.0, 1.0, 1.0])
        kernel_then = kernel.numpy()
        kernel.assign(kernel * 0.0)  # the gradient is that of what was read
        rows = np.repeat(kernel_then.sum(1)[None], 4, axis=0)
        np.testing.assert_allclose(second.gradient(value, x), rows, rtol=1e-5)
        assert first.gradient(value, x) is None  # which does not watch it
        kernel.assign(kernel_then)


def test_what_changes_a_layer_is_seen_at_the_next_call() -> None:
    model = keras.Sequential(
        [layers.Input((6,)), layers.BatchNormalization(momentum=0.5), layers.Dropout(0.5)]
    )
    x = np.asarray(_data(4, 6)) + 3
    for _ in range(4):
        model(x, training=True)
    assert not np.array_equal(model(x, training=True), model(x, training=True))
    model.layers[1].rate = 0.0
    for _ in range(4):
        np.testing.assert_allclose(np.mean(model(x, training=True), axis=0), 0, atol=1e-5)
    model.layers[0].trainable = False
    before = model.layers[0].moving_mean.numpy()
    assert np.mean(model(x, training=True)) > 0
    np.testing.assert_array_equal(model.layers[0].moving_mean, before)
    model.layers[0].trainable = True
    model.add(layers.Dense(2))
    assert model(x).shape == (4, 2)


def test_what_is_not_the_same_each_time_runs_as_it_is_written() -> None:
    seen: list[type] = []

    class Adds(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(ops.sum(x))
            return x

    def noted(x: Any) -> Any:
        seen.append(type(x))
        return x * 2

    row = keras.Sequential([layers.Lambda(noted)])
    penalized = layers.Dense(2, activity_regularizer="l2")
    own = keras.Sequential([Adds()])
    measured = keras.metrics.MeanMetricWrapper(lambda y, p: noted(p), name="own")
    for number in range(5):
        x = np.full((2, 3), number, np.float32)
        row(x), own(x), penalized(x)
        assert float(own.losses[0]) == 6 * number
        np.testing.assert_allclose(penalized.losses[0], 0.01 * np.sum(penalized(x) ** 2) / 2, 1e-5)
        measured.update_state(x, x)
    assert sum(issubclass(kind, np.ndarray) for kind in seen) == 10


def test_masks_go_on_behind_a_piece() -> None:
    embedding = layers.Embedding(5, 3, mask_zero=True)
    for rows in (2, 2, 2, 3):
        made = embedding(np.array([[1, 0], [2, 3], [0, 4]])[:rows])
        assert isinstance(made, Tracked)
        np.testing.assert_array_equal(mask_of(made), [[1, 0], [1, 1], [0, 1]][:rows])


def test_a_rate_that_is_set_counts_at_once() -> None:
    weight = keras.Variable([1.0])
    descent = keras.optimizers.SGD(1.0)
    for number in range(1, 6):
        descent.learning_rate = 1.0 / number
        descent.momentum = 0.0
        descent.apply_gradients([(np.ones(1, np.float32), weight)])
    np.testing.assert_allclose(weight, [1 - (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5)], rtol=1e-5)
