"""The mistakes that everybody makes once: each gets an answer that says what to do."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.errors import GeartrainWarning

RANDOM = np.random.default_rng(0)
X = RANDOM.random((40, 784), dtype="float32")
LABELS = RANDOM.integers(0, 10, 40).astype("uint8")
ONE_HOT = np.eye(10, dtype="float32")[LABELS]


def network(loss="sparse_categorical_crossentropy", **compiled):
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu", input_shape=(784,)),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="rmsprop", loss=loss, **{"metrics": ["accuracy"], **compiled})
    return model


def state(model):
    variables = [*model.variables, *model.optimizer.variables]
    return b"".join(variable.numpy().tobytes() for variable in variables)


def refused(model, error, match, *args, **kwargs):
    model.fit(X, LABELS if "sparse" in model.loss else ONE_HOT, verbose=0)
    before = state(model)
    with pytest.raises(error, match=match):
        model.fit(*args, verbose=0, **kwargs)
    assert state(model) == before, "a failed call changed the model"


def test_epoch_for_epochs():
    refused(network(), TypeError, r"'epoch'.*Did you mean 'epochs'", X, LABELS, epoch=5)


def test_misspelled_optimizer():
    with pytest.raises(ValueError, match=r"(?i)did you mean 'rmsprop'"):
        network().compile(optimizer="rmspropp", loss="mse")


def test_misspelled_activation():
    with pytest.raises(ValueError, match=r"'rellu'.*[Dd]id you mean 'relu'"):
        layers.Dense(3, activation="rellu")


def test_acc_answers_to_both_names():
    history = network(metrics=["acc"]).fit(X, LABELS, validation_split=0.5, verbose=0).history
    assert history["acc"] == history["accuracy"]
    assert history["val_acc"] == history["val_accuracy"]


def test_images_fed_to_a_layer_of_vectors():
    refused(network(), ValueError, r"784.*\(.*28, 28\)", X.reshape(-1, 28, 28), LABELS)


def test_images_fed_to_a_dense_layer_say_reshape():
    dense = layers.Dense(3, name="head")
    dense(X)
    with pytest.raises(ValueError, match=r'Dense "head".*28 x 28 images.*reshape'):
        dense(X.reshape(-1, 28, 28))


def test_input_shape_of_an_image_where_a_vector_was_meant():
    model = keras.Sequential([layers.Dense(16, input_shape=(28, 28)), layers.Dense(10)])
    model.compile(loss="mse")
    with pytest.raises(
        ValueError, match=r"made with input_shape=\(28, 28\): write input_shape=\(784,\)"
    ):
        model.fit(X, ONE_HOT, verbose=0)


def test_one_sample_without_its_batch_axis():
    with pytest.raises(ValueError, match=r"batch axis.*x\[None\]"):
        network().predict(X[0], verbose=0)


def test_integer_labels_with_categorical_crossentropy():
    model = network("categorical_crossentropy")
    refused(model, ValueError, "(?s)sparse_categorical_crossentropy.*to_categorical", X, LABELS)


def test_one_hot_labels_with_sparse_crossentropy():
    refused(network(), ValueError, "categorical_crossentropy", X, ONE_HOT)


def test_label_out_of_range():
    wrong = LABELS.astype("int64")
    wrong[7] = 12
    refused(network(), ValueError, r"12", X, wrong)


def test_softmax_of_one_unit():
    model = keras.Sequential([layers.Dense(1, activation="softmax", input_shape=(784,))])
    model.compile(loss="binary_crossentropy")
    with pytest.raises(ValueError, match="sigmoid"):
        model.fit(X, LABELS % 2, verbose=0)


def test_pixels_that_were_not_scaled():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 784)).astype("uint8")
    pixels[0, 0] = 0
    with pytest.warns(GeartrainWarning, match=r"not scaled.*/ 255"):
        network().fit(pixels, LABELS, verbose=0)


def test_x_and_y_of_different_lengths():
    refused(network(), ValueError, "x has 40, y has 39", X, LABELS[:39])


def test_nan_in_the_input():
    holed = X.copy()
    holed[3, 5] = np.nan
    refused(network(), ValueError, r"NaN at \(3, 5\).*nan_to_num", holed, LABELS)


def test_loss_that_turns_nan():
    model = keras.Sequential([layers.Dense(1, input_shape=(784,))])
    model.compile(optimizer=keras.optimizers.SGD(1e30), loss="mse")
    with pytest.warns(GeartrainWarning, match="NaN.*learning rate"):
        model.fit(X, np.ones((40, 1)), epochs=4, verbose=0)


def test_predict_before_build():
    model = keras.Sequential([layers.Dense(2)])
    model.compile(loss="mse")
    with pytest.warns(GeartrainWarning, match="before build or fit"):
        assert model.predict(X, verbose=0).shape == (40, 2)


def test_no_layers():
    with pytest.raises(ValueError, match="no layers"):
        keras.Sequential().predict(X, verbose=0)


def test_not_compiled():
    model = keras.Sequential([layers.Dense(2, input_shape=(784,))])
    with pytest.raises(ValueError, match=r"compiled.*model\.compile"):
        model.fit(X, LABELS, verbose=0)


def test_scaled_pixels_give_no_hint():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network().fit(X, LABELS, verbose=0)
