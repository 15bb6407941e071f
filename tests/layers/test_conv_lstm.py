"""Convolutional LSTMs, beyond the numbers recorded from Keras: structure, dropout, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Input, Sequential, layers

X = np.random.default_rng(1).normal(size=(2, 3, 5, 6, 2)).astype("float32")


def test_channels_first_is_channels_last_turned():
    last = layers.ConvLSTM2D(3, 2, return_sequences=True)
    first = layers.ConvLSTM2D(3, 2, return_sequences=True, data_format="channels_first")
    expected = last(X)
    turned = X.transpose(0, 1, 4, 2, 3)
    first.build(turned.shape)
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(first(turned).transpose(0, 1, 3, 4, 2), expected, atol=1e-6)


def test_one_by_one_windows_are_an_lstm_at_each_place():
    convolutional = layers.ConvLSTM1D(3, 1)
    x = X[:, :, 0]
    outputs = convolutional(x)
    plain = layers.LSTM(3)
    plain.build((None, 3, 2))
    plain.set_weights([weight.reshape(weight.shape[-2:]) if weight.ndim == 3 else weight
                       for weight in convolutional.get_weights()])  # fmt: skip
    for place in range(x.shape[2]):
        np.testing.assert_allclose(outputs[:, place], plain(x[:, :, place]), atol=1e-6)


def test_states_are_images_and_can_be_handed_on():
    layer = layers.ConvLSTM2D(3, 2, return_state=True)
    whole = layer(X)
    _, *states = layer(X[:, :2])
    assert [state.shape for state in states] == [(2, 4, 5, 3)] * 2
    handed = layer(X[:, 2:], initial_state=states)
    for one, other in zip(whole, handed, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_dropout_differs_by_gate_and_not_by_time():
    layer = layers.ConvLSTM1D(1, 1, dropout=0.5, seed=1)
    ones = np.ones((1, 2, 400, 1), "float32")
    layer.build(ones.shape)
    on_inputs, on_state = layer.cell.noise((1, 400, 1), "float32", True)
    assert on_state is None and len(on_inputs) == 4
    assert {float(value) for value in np.unique(on_inputs)} == {0.0, 2.0}
    assert not np.array_equal(on_inputs[0], on_inputs[1])
    assert not np.array_equal(layer(ones, training=True), layer(ones))


def test_it_learns():
    model = Sequential([Input((3, 5, 6, 2)), layers.ConvLSTM2D(4, 3), layers.Flatten(),
                        layers.Dense(1)])  # fmt: skip
    model.compile("adam", "mse")
    x = np.random.default_rng(2).normal(size=(64, 3, 5, 6, 2)).astype("float32")
    losses = model.fit(x, x[:, :, 2, 2, 0].sum(1), epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2), "strides or dilation_rate"),
        (lambda: layers.ConvLSTM2D(2, 3, padding="causal"), "padding as one of 'valid', 'same'"),
        (lambda: layers.ConvLSTM2D(0, 3), "units as a whole number|filters as a whole number"),
        (lambda: layers.ConvLSTM2D(2, 3)(Input((4, None, 6, 1))), "a known size of the axis 1"),
        (lambda: layers.ConvLSTM2D(2, 3)(X[..., 0]), "ndim|axes|expected"),
    ],
)
def test_mistakes_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
