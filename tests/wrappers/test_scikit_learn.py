"""The wrappers of Keras 2, as programs used them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import geartrain as keras
from geartrain import script
from geartrain.errors import GeartrainWarning
from geartrain.wrappers import scikit_learn
from geartrain.wrappers.scikit_learn import KerasClassifier, KerasRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:wrappers.scikit_learn:geartrain.errors.GeartrainWarning"
)


def classifier(units=8, loss="categorical_crossentropy", outputs=3, metrics=("accuracy",)):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.layers.Dense(units, input_shape=(8,), activation="relu"),
            keras.layers.Dense(outputs, activation="sigmoid" if outputs == 1 else "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=list(metrics), run_eagerly=True)
    return model


def regressor():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(4,))])
    model.compile(keras.optimizers.Adam(0.3), "mse", run_eagerly=True)
    return model


@pytest.fixture(scope="module")
def classes():
    X, y = make_classification(240, 8, n_informative=5, n_classes=3, random_state=0)
    return X, np.array([3, 5, 9])[y]


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_labels_and_columns(classes, loss):
    X, y = classes
    estimator = KerasClassifier(build_fn=classifier, loss=loss, epochs=12, verbose=0)
    history = estimator.fit(X, y, batch_size=16)
    assert len(history.history["loss"]) == 12
    assert estimator.classes_.tolist() == [3, 5, 9] and estimator.n_classes_ == 3
    probabilities = estimator.predict_proba(X)
    assert probabilities.shape == (240, 3) and np.allclose(probabilities.sum(-1), 1, atol=1e-5)
    right = np.mean(estimator.predict(X) == y)
    assert estimator.score(X, y) == pytest.approx(right) and right > 0.6
    if loss == "categorical_crossentropy":
        columns = keras.utils.to_categorical(np.searchsorted([3, 5, 9], y))
        estimator.fit(X, columns)
        assert estimator.classes_.tolist() == [0, 1, 2]
        assert estimator.score(X, columns) == pytest.approx(right, abs=0.2)


def test_a_single_output_for_two_classes(classes):
    X, y = classes[0], np.where(classes[1] == 3, "yes", "no")
    estimator = KerasClassifier(
        classifier, outputs=1, loss="binary_crossentropy", nb_epoch=8, verbose=0
    )
    with pytest.warns(GeartrainWarning, match="nb_epoch"):
        estimator.fit(X, y)
    probabilities = estimator.predict_proba(X)
    assert probabilities.shape == (240, 2) and np.allclose(probabilities.sum(-1), 1)
    assert set(estimator.predict(X)) == {"yes", "no"} and estimator.score(X, y) > 0.6


def test_cross_validation_search_and_pipeline(classes):
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("mlp", KerasClassifier(build_fn=classifier, epochs=6, batch_size=8, verbose=0)),
        ]
    )
    scores = cross_val_score(pipeline, *classes, cv=KFold(3, shuffle=True, random_state=0))
    assert scores.shape == (3,) and scores.mean() > 0.5
    search = GridSearchCV(
        KerasClassifier(build_fn=classifier, verbose=0),
        {"units": [1, 16], "epochs": [1, 8], "batch_size": [8]},
        cv=3,
    ).fit(*classes)
    assert search.best_params_ == {"batch_size": 8, "epochs": 8, "units": 16}
    assert search.best_estimator_.model.layers[0].units == 16


def test_a_regressor():
    X, y = make_regression(120, 4, noise=1.0, random_state=0)
    estimator = KerasRegressor(build_fn=regressor, epochs=60, batch_size=8, verbose=0)
    estimator.fit(X, y)
    predicted = estimator.predict(X)
    assert predicted.shape == (120,)
    assert estimator.score(X, y) == pytest.approx(-np.mean((predicted - y) ** 2), rel=1e-3)
    assert cross_val_score(estimator, X, y, cv=3).mean() > -np.var(y) / 2
    assert is_regressor(estimator) and is_classifier(KerasClassifier(classifier))


def test_parameters_are_those_of_the_function_and_of_fit():
    estimator = KerasClassifier(classifier, units=4, epochs=3)
    assert estimator.get_params() == {"build_fn": classifier, "units": 4, "epochs": 3}
    assert estimator.set_params(epochs=5, batch_size=2) is estimator
    assert clone(estimator).get_params() == {**estimator.get_params()}
    for wrong in (
        lambda: KerasClassifier(classifier, unit=4),
        lambda: estimator.set_params(unit=4),
    ):
        with pytest.raises(
            ValueError, match=r"'unit', not a legal parameter\. Did you mean 'units'"
        ):
            wrong()
    KerasClassifier(lambda **all_of_them: None, anything=4)


def test_a_derived_class_makes_its_model_itself(classes):
    class Own(KerasClassifier):
        def __call__(self, units=4):
            return classifier(units)

    estimator = Own(units=6, epochs=1, verbose=0)
    estimator.fit(*classes)
    assert estimator.model.layers[0].units == 6
    with pytest.raises(TypeError, match="KerasRegressor expected build_fn to be a function"):
        KerasRegressor(epochs=1)


def test_what_cannot_be_scored_or_trained_on_is_refused(classes):
    estimator = KerasClassifier(classifier, metrics=(), epochs=1, verbose=0)
    estimator.fit(*classes)
    with pytest.raises(ValueError, match=r"to measure its accuracy\. Received: loss\. Call"):
        estimator.score(*classes)
    with pytest.raises(
        ValueError, match=r"y to be labels, or columns\. Received: shape \(2, 3, 4\)"
    ):
        estimator.fit(np.ones((2, 8)), np.ones((2, 3, 4)))


@pytest.mark.filterwarnings("default")
def test_a_program_of_keras_2_gets_one_hint(tmp_path):
    scikit_learn._hint.cache_clear()
    program = tmp_path / "program.py"
    program.write_text(
        "from keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor\n"
        "import tensorflow as tf\n"
        "assert tf.keras.wrappers.scikit_learn.KerasRegressor is KerasRegressor\n"
        "made = [KerasClassifier(build_fn=lambda: None) for _ in range(3)]\n"
    )
    with pytest.warns(GeartrainWarning) as told:
        script.run(program)
    assert [one.lineno for one in told] == [4]
    assert "Write keras.wrappers.SKLearnClassifier." in str(told[0].message)
