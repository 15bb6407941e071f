"""Loops: what a scan computes, its gradients against finite differences, and compiled models."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import grad, layers, ops
from geartrain.ops.scan import scan
from geartrain.runtime.function import jit

RANDOM = np.random.default_rng(0)
X, H = RANDOM.normal(size=(5, 2, 3)), RANDOM.normal(size=(2, 3))
W, B = RANDOM.normal(size=(3, 3)) / 2, RANDOM.normal(size=(3,))


def recurrence(x, h, w, b, reverse=False):
    """h = tanh(x + h @ w + b), and twice that as a second output."""

    def turn(states, items):
        new = ops.tanh(items[0] + ops.matmul(states[0], w) + ops.broadcast_to(b, (2, 3)))
        return [new], [new * 2]

    return scan(turn, [h], [x], reverse=reverse)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_is_the_loop_that_it_says(reverse):
    states, doubled = recurrence(X, H, W, B, reverse)
    h, expected = H, np.empty_like(X)
    for turn in reversed(range(5)) if reverse else range(5):
        h = np.tanh(X[turn] + h @ W + B)
        expected[turn] = h
    np.testing.assert_allclose(states, expected, rtol=1e-12)
    np.testing.assert_allclose(doubled, 2 * expected, rtol=1e-12)
    for one, other in zip(jit(recurrence)(X, H, W, B, reverse), (states, doubled), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_gradients_are_those_of_finite_differences(position, reverse):
    weights = RANDOM.normal(size=(2, *X.shape))

    def loss(*arguments):
        states, doubled = recurrence(*arguments, reverse)
        return ops.sum(states * weights[0] + doubled * weights[1])

    arguments = [X, H, W, B]
    found = grad(loss, argnums=position)(*arguments)
    for place in np.ndindex(arguments[position].shape):
        moved = []
        for step in (1e-6, -1e-6):
            shifted = arguments[position].copy()
            shifted[place] += step
            given = [*arguments[:position], shifted, *arguments[position + 1 :]]
            moved.append(float(loss(*given)))
        assert abs((moved[0] - moved[1]) / 2e-6 - found[place]) < 1e-6


def differences(loss, a):
    """The gradient of a loss by finite differences."""
    slopes = np.empty_like(a)
    for place in np.ndindex(a.shape):
        more, less = a.copy(), a.copy()
        more[place] += 1e-6
        less[place] -= 1e-6
        slopes[place] = (float(loss(more)) - float(loss(less))) / 2e-6
    return slopes


def stretched(w):
    """A value from outside that meets more axes than a state has."""

    def turn(states, items):
        return [items[0] + ops.sum(ops.expand_dims(states[0], 1) * w, axis=2)], []

    return ops.sum(scan(turn, [H], [X])[0] ** 2)


def looked_up(table):
    """A value from outside that each turn reads at places of its own."""
    places = RANDOM.permutation(10).reshape(5, 2) % 3

    def loss(table):
        def turn(states, items):
            return [ops.tanh(states[0] + ops.take(table, items[0], axis=0))], []

        return ops.sum(scan(turn, [H], [places])[0])

    return loss


def made_of_another(a):
    """One value from outside that is made of another."""
    b = a * a

    def turn(states, items):
        return [ops.tanh(states[0] * a + items[0] * b)], []

    return ops.sum(scan(turn, [H], [X])[0])


def ends(w):
    """What is read of the last turn, of the first, and of all."""

    def turn(states, items):
        new = ops.tanh(ops.matmul(states[0], w) * items[0])
        return [new, states[0]], [new * states[1]]

    first, second, product = scan(turn, [H, H], [X])
    return ops.sum(first[-1] * product[0] + second[2]) + ops.sum(first * product)


@pytest.mark.parametrize(
    ("loss", "value"),
    [
        (stretched, W), (looked_up(W), W), (made_of_another, RANDOM.normal(size=(2, 3))), (ends, W),
    ],
)  # fmt: skip
def test_gradients_of_values_from_outside(loss, value):
    np.testing.assert_allclose(grad(loss)(value), differences(loss, value), atol=1e-6)


def test_the_gradient_of_a_gradient():
    def slope(w):
        return ops.sum(grad(ends)(w) ** 2)

    np.testing.assert_allclose(grad(slope)(W), differences(slope, W), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_states_of_any_rank(reverse):
    x, h = RANDOM.normal(size=(4, 2, 3, 2)), RANDOM.normal(size=(2, 3, 2))

    def loss(x):
        def turn(states, items):
            return [ops.tanh(states[0] + items[0] * 2.0), ops.sum(items[0], axis=(1, 2))], []

        states, sums = scan(turn, [h, np.ones(2)], [x], reverse=reverse)
        return ops.sum(states**2) + ops.sum(sums[1])

    np.testing.assert_allclose(grad(loss)(x), differences(loss, x), atol=1e-6)


@pytest.mark.parametrize("layer", [layers.SimpleRNN, layers.LSTM, layers.GRU])
def test_a_recurrent_model_trains_compiled_as_it_does_eagerly(layer):
    random = np.random.default_rng(1)
    x = random.normal(size=(40, 6, 3)).astype("float32")
    y = x.sum(axis=(1, 2), keepdims=False)[:, None]
    results = []
    for eager in (False, True):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([layers.Input((6, 3)), layer(5), layers.Dense(1)])
        model.compile("adam", "mse", run_eagerly=eager)
        history = model.fit(x, y, epochs=3, batch_size=16, verbose=0, shuffle=False)
        results.append([*history.history["loss"], *map(np.sum, model.get_weights())])
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-5)
    assert results[0][2] < results[0][0]


def test_a_stateful_layer_goes_on_until_it_is_reset():
    layer = layers.LSTM(2, stateful=True)
    x = np.ones((3, 4, 2), "float32")
    first, second = layer(x), layer(x)
    assert not np.allclose(first, second)
    layer.reset_state()
    np.testing.assert_array_equal(layer(x), first)
    with pytest.raises(ValueError, match="known batch size"):
        layers.GRU(2, stateful=True).build((None, 4, 2))


@pytest.mark.parametrize("eager", [False, True])
def test_a_stateful_layer_in_a_model_goes_on_from_batch_to_batch(eager):
    x = RANDOM.normal(size=(8, 6, 3)).astype("float32")
    keras.utils.set_random_seed(0)
    whole = keras.Sequential([layers.Input((6, 3)), layers.GRU(2), layers.Dense(1)])
    parts = keras.Sequential(
        [layers.Input(batch_shape=(4, 3, 3)), layers.GRU(2, stateful=True), layers.Dense(1)]
    )
    parts.compile("sgd", "mse", run_eagerly=eager)
    for one, other in zip(parts.trainable_variables, whole.trainable_variables, strict=True):
        one.assign(other)
    pieces = np.concatenate([x[:4, :3], x[:4, 3:]])
    found = parts.predict(pieces, batch_size=4, verbose=0)
    np.testing.assert_allclose(found[4:], whole.predict(x[:4], verbose=0), rtol=1e-5, atol=1e-6)
    again = parts.predict(pieces, batch_size=4, verbose=0)
    assert not np.allclose(again, found)
    parts.layers[0].reset_state()
    np.testing.assert_array_equal(parts.predict(pieces, batch_size=4, verbose=0), found)
    before = parts.layers[0]._kept[0].numpy()
    history = parts.fit(pieces, np.ones((8, 1)), batch_size=4, epochs=3, shuffle=False, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert not np.allclose(parts.layers[0]._kept[0].numpy(), before)
    with pytest.raises(ValueError, match=r"keeps 4 states\. Received a batch of 2"):
        parts.predict(pieces[:6], batch_size=4, verbose=0)


class Blur(layers.Layer):
    """A cell whose state is an image: it adds what a convolution makes of it and of the input."""

    state_size = output_size = (4, 4, 2)

    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 3, 2, 2), initializer="glorot_uniform")

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, *self.state_size), self.compute_dtype)]

    def call(self, inputs, states):
        new = ops.tanh(inputs + ops.conv(states[0], self.kernel, padding="same"))
        return new, [new]


@pytest.mark.parametrize("mask", [False, True])
def test_a_cell_may_have_states_of_any_rank(mask):
    x = RANDOM.normal(size=(5, 3, 4, 4, 2)).astype("float32")
    on = np.float32([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [1, 1, 1]]) > 0
    results = []
    for eager in (False, True):
        keras.utils.set_random_seed(0)
        inputs, given = layers.Input((3, 4, 4, 2)), layers.Input((3,), dtype="bool")
        layer = layers.RNN(Blur(), return_sequences=True)
        outputs = layers.Dense(1)(layers.Flatten()(layer(inputs, mask=given if mask else None)))
        model = keras.Model([inputs, given], outputs)
        model.compile("sgd", "mse", run_eagerly=eager)
        history = model.fit([x, on], np.ones((5, 1)), epochs=2, batch_size=3, verbose=0)
        results.append([*history.history["loss"], *map(np.sum, model.get_weights())])
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-5)


def test_what_is_dropped_is_the_same_at_every_timestep():
    keras.utils.set_random_seed(0)
    layer = layers.SimpleRNN(
        4, dropout=0.5, kernel_initializer="ones", recurrent_initializer="zeros",
        activation="linear", return_sequences=True,
    )  # fmt: skip
    outputs = layer(np.ones((8, 5, 6), "float32"), training=True)
    assert np.ptp(outputs, axis=1).max() == 0
    assert np.ptp(outputs[:, 0, 0]) > 0
    np.testing.assert_array_equal(layer(np.ones((1, 1, 6), "float32"))[0, 0], np.full(4, 6.0))


def test_mistakes():
    with pytest.raises(ValueError, match="expected a cell"):
        layers.RNN(layers.Dense(3))
    with pytest.raises(ValueError, match="with a `state_size`"):
        layers.StackedRNNCells([layers.Dense(3)])
    with pytest.raises(ValueError, match="expected a recurrent layer"):
        layers.Bidirectional(layers.Dense(3))
    with pytest.raises(ValueError, match="merge_mode to be one of"):
        layers.Bidirectional(layers.GRU(3), merge_mode="plus")
    with pytest.raises(ValueError, match="go the other way"):
        layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(3))
    with pytest.raises(ValueError, match="expected 2 initial states"):
        layers.LSTM(2)(np.ones((1, 3, 2)), initial_state=[np.ones((1, 2))])
