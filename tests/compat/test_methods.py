"""Methods of models, and attributes, as older Keras had them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.errors import GeartrainWarning

X = np.random.default_rng(0).random((8, 3), dtype="float32")
Y = X[:, :2]


def model(outputs: int = 2):
    made = keras.Sequential([keras.Input((3,)), layers.Dense(outputs, activation="softmax")])
    made.compile("sgd", "mse")
    return made


def batches():
    while True:
        yield X, Y


class Batches(keras.utils.PyDataset):
    batch_size = 4

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]


def test_fit_generator():
    trained, same = model(), model()
    same.set_weights(trained.get_weights())
    with pytest.warns(GeartrainWarning, match="how older versions") as seen:
        history = trained.fit_generator(
            batches(), steps_per_epoch=2, epochs=3, max_queue_size=4, workers=2, verbose=0
        )
    assert {Path(one.filename).name for one in seen} == {Path(__file__).name}
    assert "fit_generator is how older versions of Keras said it. Write fit(gen" in str(
        seen[0].message
    )
    expected = same.fit(batches(), steps_per_epoch=2, epochs=3, verbose=0)
    assert history.history == expected.history


@pytest.mark.parametrize(("generator", "seen"), [(Batches, 2), (batches, 8)])
def test_samples_per_epoch(generator, seen):
    """Samples where a batch's size is told, else steps, as Keras 2 did."""
    counted = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_: counted.append(1))
    with pytest.warns(GeartrainWarning, match="how older versions"):
        model().fit_generator(
            generator(), samples_per_epoch=8, nb_epoch=2, verbose=0, callbacks=[count]
        )
    assert len(counted) == 2 * seen


def test_evaluate_and_predict_generator():
    made = model()
    with pytest.warns(GeartrainWarning, match=r"Write evaluate\(generator"):
        assert made.evaluate_generator(batches(), 2) == pytest.approx(
            made.evaluate(X, Y, verbose=0)
        )
    with pytest.warns(GeartrainWarning, match=r"Write predict\(generator"):
        found = made.predict_generator(batches(), steps=1)
    np.testing.assert_array_equal(found, made.predict(X, verbose=0))


def test_predict_classes_and_probabilities():
    several, one = model(), model(1)
    with pytest.warns(GeartrainWarning, match=r"np\.argmax\(model\.predict\(x\), axis=-1\)"):
        found = several.predict_classes(X)
    np.testing.assert_array_equal(found, several.predict(X, verbose=0).argmax(-1))
    with pytest.warns(GeartrainWarning):
        np.testing.assert_array_equal(one.predict_classes(X), np.ones((8, 1)))
    with pytest.warns(GeartrainWarning, match=r"Write predict\(x\)"):
        np.testing.assert_array_equal(several.predict_proba(X), several.predict(X, verbose=0))


def test_the_learning_rate_by_its_name_of_old():
    optimizer = keras.optimizers.SGD(0.5)
    with pytest.warns(GeartrainWarning, match=r"SGD\.lr is how older.*Write learning_rate"):
        assert float(optimizer.lr) == 0.5
    with pytest.warns(GeartrainWarning, match=r"SGD\.lr"):
        optimizer.lr = 0.25
    assert float(optimizer.learning_rate) == 0.25


def test_shapes_of_layers():
    dense = layers.Dense(2)
    with pytest.raises(AttributeError, match="no attribute 'output_shape'"):
        _ = dense.output_shape
    keras.Sequential([keras.Input((3,)), dense])
    with pytest.warns(GeartrainWarning, match=r"Dense.input_shape .* Write input\.shape"):
        assert dense.input_shape == (None, 3)
    with pytest.warns(GeartrainWarning, match=r"Dense.output_shape .* Write output\.shape"):
        assert dense.output_shape == (None, 2)


def test_metrics_start_afresh():
    mean = keras.metrics.Mean()
    mean.update_state([1.0, 3.0])
    with pytest.warns(GeartrainWarning, match=r"Mean.reset_states .* Write reset_state"):
        mean.reset_states()
    assert float(mean.result()) == 0


def test_a_weight_whose_name_comes_first():
    layer = keras.Layer()
    with pytest.warns(GeartrainWarning, match=r"Write add_weight\(shape=\.\.\., name='kernel'\)"):
        made = layer.add_weight("kernel", shape=(2, 3))
    assert made.name == "kernel"
    assert made.shape == (2, 3)
    with pytest.warns(GeartrainWarning, match="Write add_weight"):
        assert layer.add_variable("bias", [3]).shape == (3,)
    with pytest.raises(
        ValueError, match=r"expected one name\. Received: 'a' by position, and name='b'"
    ):
        layer.add_weight("a", shape=(1,), name="b")
