"""Training on data sets: the same as on the arrays that they hold, and without an end."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.data import Dataset
from geartrain.models.batches import ReadBatches, RowBatches, batches_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 6)).astype("float32")
Y = (X.sum(1) > 0).astype("int32")
W = RANDOM.uniform(size=50).astype("float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    made = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, "tanh"), layers.Dense(2, "softmax")]
    )
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    made.first = made.get_weights()
    return made


def trained(model, *args, **kwargs):
    """Losses and weights after training from the same weights on."""
    model.set_weights(model.first)
    for variable in model.optimizer.variables:
        if variable.path.count("learning_rate") == 0:
            variable.assign(np.zeros(variable.shape, variable.dtype))
    history = model.fit(*args, verbose=0, **kwargs).history
    return history, model.get_weights()


def same(first, second):
    assert first[0].keys() == second[0].keys()
    for name, values in first[0].items():
        np.testing.assert_allclose(values, second[0][name], rtol=1e-5, err_msg=name)
    for a, b in zip(first[1], second[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


ROWS = Dataset.from_tensor_slices((X, Y))
FORMS = {
    "rows": (ROWS.batch(16), RowBatches),
    "rows read ahead": (ROWS.batch(16).prefetch(2), RowBatches),
    "batches mapped": (ROWS.batch(16).map(lambda x, y: (x * 1, y)), ReadBatches),
    "samples mapped": (ROWS.map(lambda x, y: (x * 1, y)).batch(16), ReadBatches),
    "cached": (ROWS.batch(16).cache(), ReadBatches),
    "generator": (
        Dataset.from_generator(lambda: zip(X, Y, strict=True), ("float32", "int32")).batch(16),
        ReadBatches,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_data_set_trains_as_its_arrays_do(name, model):
    dataset, kind = FORMS[name]
    assert type(batches_of("fit", dataset)) is kind
    arrays = {"batch_size": 16, "epochs": 3, "shuffle": False}
    same(
        trained(model, dataset, epochs=3, validation_data=dataset.take(2)),
        trained(model, X, Y, validation_data=(X[:32], Y[:32]), **arrays),
    )
    assert model.evaluate(dataset, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    np.testing.assert_allclose(
        model.predict(dataset, verbose=0), model.predict(X, verbose=0), rtol=1e-5
    )


def test_parts_of_the_rows_and_weights(model):
    data = Dataset.from_tensor_slices((X, Y, W))
    same(
        trained(model, data.batch(16, drop_remainder=True), epochs=2),
        trained(
            model, X[:48], Y[:48], sample_weight=W[:48], batch_size=16, epochs=2, shuffle=False
        ),
    )
    chosen = np.r_[5:20, 5:20]
    same(
        trained(model, data.skip(5).take(15).repeat(2).batch(10)),
        trained(model, X[chosen], Y[chosen], sample_weight=W[chosen], batch_size=10, shuffle=False),
    )
    weights = {0: 0.5, 1: 3.0}
    same(
        trained(model, ROWS.batch(16), class_weight=weights),
        trained(model, X, Y, class_weight=weights, batch_size=16, shuffle=False),
    )


def test_shuffled_rows_come_in_their_own_order(model):
    def shuffled():
        return ROWS.shuffle(50, seed=4)

    order = np.concatenate([y for _, y in Dataset.zip(ROWS, Dataset.range(50)).shuffle(50, seed=4)
                            .batch(50)])  # fmt: skip
    same(
        trained(model, shuffled().batch(16)),
        trained(model, X[order], Y[order], batch_size=16, shuffle=False),
    )
    np.testing.assert_allclose(
        model.predict(shuffled().batch(16), verbose=0),
        model.predict(X[order], verbose=0),
        rtol=1e-5,
    )
    losses = model.fit(shuffled().batch(50).map(lambda x, y: (x, y)), epochs=2, verbose=0).history
    assert len(losses["loss"]) == 2


@pytest.mark.parametrize("mapped", [False, True])
def test_data_without_an_end_go_on_in_the_next_epoch(mapped, model):
    data = ROWS.repeat().batch(10)
    if mapped:
        data = data.map(lambda x, y: (x, y))
    rows = np.r_[0:50, 0:10]
    found = trained(model, data, epochs=3, steps_per_epoch=2)[1]
    expected = trained(model, X[rows], Y[rows], batch_size=10, shuffle=False)[1]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert model.evaluate(data, steps=3, verbose=0) == pytest.approx(
        model.evaluate(X[:30], Y[:30], verbose=0)
    )
    with pytest.warns(UserWarning, match="expected 2 batches in an epoch. Received: 1"):
        model.fit(ROWS.batch(20), epochs=2, steps_per_epoch=2, verbose=0)


def test_elements_are_nested_as_the_inputs_are():
    a, b = keras.Input((6,), name="a"), keras.Input((1,), name="b")
    out = layers.Dense(1, name="first")(layers.concatenate([a, b]))
    model = keras.Model({"a": a, "b": b}, {"first": out, "second": layers.Dense(1)(a)})
    model.compile("sgd", {"first": "mse", "second": "mae"})
    x, y = {"a": X, "b": W[:, None]}, {"first": W, "second": W}
    data = Dataset.from_tensor_slices((x, y))
    for dataset in (data.batch(8), data.map(lambda x, y: (x, y)).batch(8)):
        logs = model.evaluate(dataset, return_dict=True, verbose=0)
        assert logs == pytest.approx(model.evaluate(x, y, return_dict=True, verbose=0), rel=1e-5)
        assert model.fit(dataset, verbose=0).history["loss"][0] > 0
        found = model.predict(dataset, verbose=0)
        np.testing.assert_allclose(found["first"], model.predict(x, verbose=0)["first"], rtol=1e-5)


def test_elements_that_are_no_batches_are_told(model):
    for dataset in (ROWS, ROWS.map(lambda x, y: (x, y))):
        with pytest.raises(ValueError, match=r"fit: expected a data set of batches.*batch\(32\)"):
            model.fit(dataset, verbose=0)


def test_nothing_is_read_ahead_when_training_is_over(model):
    data = Dataset.counter().map(lambda n: (X[:4], Y[:4]))
    model.fit(data, steps_per_epoch=3, verbose=0)
    with pytest.raises(RuntimeError, match="torn"):
        model.fit(data.map(_torn), steps_per_epoch=9, verbose=0)
    gc.collect()
    for thread in [one for one in threading.enumerate() if one.name == "geartrain-data"]:
        thread.join(5)
        assert not thread.is_alive()


def _torn(x, y, calls=[]):  # noqa: B006
    calls.append(1)
    if len(calls) > 5:
        raise RuntimeError("torn")
    return x, y


def test_layers_are_adapted_and_called_in_pipelines(model):
    normalize = layers.Normalization()
    normalize.adapt(ROWS.batch(16).map(lambda x, y: x))
    np.testing.assert_allclose(normalize.mean.numpy().reshape(-1), X.mean(0), atol=1e-5)
    flip = layers.Rescaling(2.0)
    (x, y), *_ = ROWS.batch(50).map(lambda x, y: (flip(normalize(x)), y))
    np.testing.assert_allclose(x, (X - X.mean(0)) / X.std(0) * 2, rtol=1e-3, atol=1e-4)
    assert y.tolist() == Y.tolist()
