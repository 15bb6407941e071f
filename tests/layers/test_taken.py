"""What Keras takes: layers by keywords alone, states, statistics, masks, named initializers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
TIMED = np.ones((4, 3, 2), "float32")


class Pair(layers.Layer):
    """Takes two tensors and a keyword of its own."""

    def build(self, query_shape: Any, value_shape: Any) -> None:
        self.scale = self.add_weight(shape=(value_shape[-1],), initializer="ones")
        self.shapes = (tuple(query_shape), tuple(value_shape))

    def call(self, query: Any, value: Any, factor: float = 1.0, training: bool = False) -> Any:
        return factor * (query - self.scale * value) + float(training)


@pytest.mark.parametrize("x", [X, keras.Input((3,))], ids=["array", "symbolic"])
def test_layers_are_called_by_keywords_alone(x: Any) -> None:
    dense, pair = layers.Dense(2), Pair()
    assert dense(inputs=x).shape[-1] == 2
    assert pair(query=x, value=2 * x).shape[-1] == 3
    assert pair.shapes[0][-1] == 3
    if isinstance(x, np.ndarray):
        np.testing.assert_array_equal(dense(inputs=x), dense(x))
        np.testing.assert_array_equal(pair(value=X, query=2 * X, factor=3.0), 3 * X)
        np.testing.assert_array_equal(pair(value=X, query=X, training=True), np.ones_like(X))
        np.testing.assert_array_equal(layers.Flatten()(inputs=[[1.0], [2.0]]), [[1.0], [2.0]])
        model = keras.Sequential([keras.Input((3,)), dense])
        np.testing.assert_array_equal(model(inputs=X), dense(X))


def test_attention_by_keywords_alone() -> None:
    layer = layers.MultiHeadAttention(2, 2)
    found = layer(query=TIMED, value=2 * TIMED)
    np.testing.assert_array_equal(layer(TIMED, 2 * TIMED), found)


@pytest.mark.parametrize("layer_class", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_states_of_recurrent_layers(layer_class: Any) -> None:
    assert layer_class(2).states is None
    layer = layer_class(2, stateful=True, return_state=True)
    layer.build((4, 3, 2))
    assert [state.shape for state in layer.states] == [(4, 2)] * (2 if "LSTM" in str(layer) else 1)
    _, *last = layer(TIMED)
    for state, value in zip(layer.states, last, strict=True):
        np.testing.assert_array_equal(state.numpy(), value)
        assert state.numpy().any()
    for reset in (layer.reset_states, layer.reset_state):
        layer(TIMED)
        reset()
        assert not any(state.numpy().any() for state in layer.states)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "LSTMCell", "GRUCell"])
def test_an_implementation_may_be_named(name: str) -> None:
    layer = getattr(layers, name)(2, implementation=1, recurrent_dropout=0.1)
    config = layer.get_config()
    assert "implementation" not in config
    assert type(layer).from_config(config).units == 2


def test_states_have_the_form_of_the_cells() -> None:
    layer = layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)], stateful=True)
    layer.build((4, 3, 2))
    (h, c), gate = layer.states[0], layer.states[1]
    assert (h.shape, c.shape, ops.shape(keras.tree.flatten(gate)[0])) == ((4, 2), (4, 2), (4, 3))


@pytest.mark.parametrize(("axis", "shape"), [(-1, (1, 1, 2)), (1, (1, 3, 1)), (None, (1, 1, 1))])
def test_mean_and_variance_of_normalization(axis: Any, shape: Any) -> None:
    data = np.random.default_rng(1).normal(3.0, 2.0, size=(50, 3, 2)).astype("float32")
    layer = layers.Normalization(axis=axis)
    assert layer.mean is None and layer.variance is None
    layer.adapt(data)
    folded = tuple(n for n in range(3) if shape[n] == 1)
    for found, expected in (
        (layer.mean, data.mean(folded, keepdims=True)),
        (layer.variance, data.var(folded, keepdims=True)),
    ):
        assert found.shape == shape
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(
        layer(data), (data - layer.mean) / np.sqrt(layer.variance), atol=1e-5
    )


def test_given_mean_and_variance() -> None:
    layer = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=4.0 * np.ones(3))
    assert layer.mean is None
    np.testing.assert_allclose(layer(X), (X - [1.0, 2.0, 3.0]) / 2, rtol=1e-6)
    assert layer.mean.shape == layer.variance.shape == (1, 3)
    np.testing.assert_array_equal(layers.Normalization(mean=1.0, variance=2.0)(X).shape, X.shape)


TOKENS = np.array([[1, 0, 2]])


def test_masks_of_tensors_alone() -> None:
    embedding = layers.Embedding(4, 2, mask_zero=True)
    for found in (embedding.compute_mask(TOKENS), embedding.compute_mask(TOKENS, mask=None)):
        np.testing.assert_array_equal(found, [[True, False, True]])
    np.testing.assert_array_equal(layers.Masking().compute_mask(0 * TIMED), np.zeros((4, 3)))
    for layer in (
        layers.Dense(2),
        layers.LSTM(2),
        layers.Flatten(),
        layers.Bidirectional(layers.GRU(2)),
    ):
        assert layer.compute_mask(TIMED) is None
    for merging in (layers.Add(), layers.Concatenate(), layers.Dot(1)):
        assert merging.compute_mask([X, X]) is None


def test_variables_made_by_named_initializers() -> None:
    for initializer in ("zeros", {"class_name": "Zeros", "config": {}}):
        np.testing.assert_array_equal(keras.Variable(initializer, shape=(2, 3)).numpy(), 0)
    made = keras.Variable(shape=(2, 3), initializer="uniform", dtype="float64")
    assert (made.shape, made.dtype) == ((2, 3), "float64")
    assert 0 < np.abs(made.numpy()).max() <= 0.05
    assert keras.Variable("ones", shape=4).shape == (4,)
    with pytest.raises(ValueError, match=r"Unknown initializer: 'unifrm'. Did you mean"):
        keras.Variable("unifrm", shape=(2,))
    with pytest.raises(ValueError, match="shape of whole numbers along with an initializer"):
        keras.Variable("ones")


def test_data_frames_of_several_kinds_of_numbers() -> None:
    pandas = pytest.importorskip("pandas")
    columns = {"a": [True, False, True], "b": [1, 2, 3], "c": [0.5, 0.25, 1.0]}
    frame = pandas.DataFrame(columns)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    plain = np.array(list(columns.values()), "float32").T
    np.testing.assert_array_equal(model.predict(frame, verbose=0), model.predict(plain, verbose=0))
    assert model.evaluate(frame, frame["b"], verbose=0) == model.evaluate(
        plain, plain[:, 1], verbose=0
    )
    model.fit(frame, frame[["a"]], verbose=0)
    with pytest.raises(TypeError, match="as dtype object"):
        model.fit(frame.assign(d=["x", "y", "z"]), frame["b"], verbose=0)
