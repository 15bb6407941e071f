"""Small predictions that are repeated take a short way, and give what the long way gives."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.models import trainer

pytest.importorskip("llvmlite")


def network(width=6, **settings):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((width,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "mse", **settings)
    return model


def rows(count, width=6):
    return np.random.default_rng(count).normal(size=(count, width)).astype("float32")


def long_way(model, x):
    return model.predict(x, verbose=0, callbacks=[])


@pytest.mark.parametrize("settings", [{}, {"run_eagerly": True}])
@pytest.mark.parametrize("width", [6, 5000])  # inputs that are copied, and that are not
def test_the_short_way_gives_the_same(width, settings):
    model = network(width, **settings)
    for count in (1, 3, 1, 32, 3):
        plain = rows(count, width)
        for x in (plain, np.asfortranarray(plain), rows(2 * count, width)[::2]):
            expected = long_way(model, x)
            for _ in range(3):
                found = model.predict(x, verbose=0)
                np.testing.assert_array_equal(found, expected)
                found[:] = np.nan  # each call has a result of its own


def test_it_follows_training_and_new_layers():
    model, x = network(), rows(2)
    before = [model.predict(x, verbose=0) for _ in range(2)]
    model.fit(x, np.float32([[1, 0, 0], [1, 0, 0]]), epochs=20, verbose=0)
    after = [model.predict(x, verbose=0) for _ in range(2)]
    assert (after[0][:, 0] > before[1][:, 0]).all()
    np.testing.assert_array_equal(after[1], long_way(model, x))
    model.add(layers.Dense(1))
    assert model.predict(x, verbose=0).shape == (2, 1)
    model.pop()
    np.testing.assert_array_equal(model.predict(x, verbose=0), after[1])


def test_several_outputs_keep_their_form():
    inputs = keras.Input((6,))
    outputs = {"a": layers.Dense(2)(inputs), "b": layers.Dense(1)(inputs)}
    model = keras.Model(inputs, outputs)
    x = rows(4)
    for _ in range(3):
        found = model.predict(x, verbose=0)
        assert {name: value.shape for name, value in found.items()} == {"a": (4, 2), "b": (4, 1)}
        np.testing.assert_array_equal(found["a"], long_way(model, x)["a"])


def test_wrong_shapes_are_told_each_time():
    model = network()
    model.predict(rows(2), verbose=0)
    for _ in range(2):
        with pytest.raises(ValueError, match="shape"):
            model.predict(rows(2, 7), verbose=0)
    assert model.predict(rows(2), verbose=0).shape == (2, 3)


def test_a_wrong_token_is_told_each_time():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([layers.Input((4,), dtype="int32"), layers.Embedding(9, 2)])
    good = np.zeros((2, 4), "int32")
    for _ in range(3):
        assert model.predict(good, verbose=0).shape == (2, 4, 2)
        with pytest.raises(ValueError, match=r"\[0, 8\]\. Received: 9"):
            model.predict(good + 9, verbose=0)


def test_only_so_many_shapes_are_remembered(monkeypatch):
    monkeypatch.setattr(trainer, "MOST_REMEMBERED", 5)
    model = network()
    for count in range(1, 20):
        for _ in range(2):
            assert model.predict(rows(count), verbose=0).shape == (count, 3)
    assert (len(model._programs), len(model._programs.direct)) == (1, 5)


def test_a_model_that_computes_nothing():
    inputs = layers.Input((4,))
    model = keras.Model(inputs, layers.Identity()(inputs))
    x = np.arange(8, dtype="float32").reshape(2, 4)
    for _ in range(3):
        np.testing.assert_array_equal(model.predict(x, verbose=0), x)
