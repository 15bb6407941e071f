"""Estimators of scikit-learn: its own checks, and the work that programs have them do."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import geartrain as keras
from geartrain.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer


def network(X, y, loss="mse", activation=None, units=20, eager=True):
    """A small network, the same at every call. NumPy computes what is not worth compiling."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((X.shape[1],))
    hidden = keras.layers.Dense(units, activation="relu")(inputs)
    outputs = keras.layers.Dense(y.shape[1], activation=activation)(hidden)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(0.01), loss, run_eagerly=eager)
    return model


CLASSIFIER = SKLearnClassifier(
    network,
    model_kwargs={"loss": "categorical_crossentropy", "activation": "softmax"},
    fit_kwargs={"epochs": 15, "verbose": 0},
)
REGRESSOR = SKLearnRegressor(network, fit_kwargs={"epochs": 5, "verbose": 0})
TRANSFORMER = SKLearnTransformer(network, fit_kwargs={"verbose": 0})
# As in Keras, a column each for two classes too, of which scikit-learn's checks want a difference.
EXPECTED = {SKLearnClassifier: {"check_classifiers_train", "check_classifiers_classes"}}
SKIPPED = "non deterministic|SCIPY_ARRAY_API is not set|pandas is not installed"


@pytest.mark.filterwarnings("ignore")  # which the checks provoke
@pytest.mark.parametrize("estimator", [CLASSIFIER, REGRESSOR, TRANSFORMER])
def test_the_checks_of_scikit_learn(estimator):
    failed, count = {}, 0
    for one, check in estimator_checks_generator(estimator):
        try:
            check(one)
            count += 1
        except unittest.SkipTest as skipped:
            assert re.search(SKIPPED, str(skipped))
        except Exception as error:
            failed[check.func.__name__] = error
    assert failed.keys() - EXPECTED.get(type(estimator), set()) == set(), failed
    assert count > 30


@pytest.fixture(scope="module")
def classes():
    X, y = make_classification(300, 8, n_informative=5, n_classes=3, random_state=0)
    return X, np.array(["low", "middle", "high"])[y]


def test_a_pipeline_a_search_and_cross_validation(classes):
    search = GridSearchCV(
        clone(CLASSIFIER).set_params(fit_kwargs={"epochs": 5, "verbose": 0, "batch_size": 8}),
        {"model_kwargs": [{**CLASSIFIER.model_kwargs, "units": units} for units in (1, 30)]},
        cv=3,
    )
    pipeline = make_pipeline(StandardScaler(), search).fit(*classes)
    assert search.best_params_["model_kwargs"]["units"] == 30
    assert pipeline.score(*classes) > 0.6
    assert set(pipeline.predict(classes[0])) == {"low", "middle", "high"}
    assert cross_val_score(search.best_estimator_, *classes, cv=3).mean() > 0.5


def test_a_model_is_cloned_and_its_weights_stay(classes):
    model = network(np.ones((1, 8)), np.ones((1, 3)), "categorical_crossentropy", "softmax")
    before = model.get_weights()
    estimator = SKLearnClassifier(model, fit_kwargs={"epochs": 3, "verbose": 0})
    assert estimator.epoch_ == 0
    estimator.fit(*classes, epochs=2)
    assert estimator.fit_kwargs == {"epochs": 3, "verbose": 0}
    assert estimator.epoch_ == 2 and len(estimator.history_.history["loss"]) == 2
    assert all(map(np.array_equal, before, model.get_weights()))
    assert estimator.model_ is not model
    copied = clone(estimator)
    assert copied.model is model and copied.fit_kwargs == {"epochs": 3, "verbose": 0}
    assert not hasattr(copied, "model_")
    raw = estimator.decision_function(classes[0])
    assert raw.shape == (300, 3)
    assert np.array_equal(estimator.classes_[raw.argmax(-1)], estimator.predict(classes[0]))


def test_a_warm_start_goes_on():
    X, y = make_regression(64, 4, random_state=0)
    cold = clone(REGRESSOR).fit(X, y)
    warm = clone(REGRESSOR).set_params(warm_start=True).fit(X, y)
    first = warm.model_
    losses = [one.fit(X, y).history_.history["loss"][0] for one in (cold, warm)]
    assert warm.model_ is first and losses[1] < losses[0]


def test_targets_may_be_columns():
    X, y = make_regression(64, 4, n_targets=3, random_state=0)
    estimator = clone(REGRESSOR).set_params(fit_kwargs={"epochs": 150, "verbose": 0}).fit(X, y)
    assert estimator.predict(X).shape == (64, 3) and estimator.score(X, y) > 0.5
    with pytest.raises(ValueError, match=r"labels of classes\. Received: multilabel-indicator"):
        clone(CLASSIFIER).fit(X, y > 0)


def test_a_transformer_gives_features_to_another_estimator(classes):
    X, y = classes
    numbers = (y == "low").astype(float)
    pipeline = make_pipeline(clone(TRANSFORMER).set_params(fit_kwargs={"epochs": 20, "verbose": 0}),
                             LogisticRegression())  # fmt: skip
    assert pipeline.fit(X, numbers).score(X, numbers) > 0.7


def test_metadata_can_be_asked_for(classes):
    with pytest.raises(RuntimeError, match=r"set_fit_request: metadata is not routed\. Call"):
        clone(CLASSIFIER).set_fit_request(sample_weight=True)
    X, y = classes
    with sklearn.config_context(enable_metadata_routing=True):
        asked = clone(CLASSIFIER).set_fit_request(sample_weight=True)
        search = GridSearchCV(asked, {"warm_start": [False]}, cv=2)
        search.fit(X, y, sample_weight=(y == "low").astype(float))
    assert set(search.predict(X)) == {"low"}  # without weights a third


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("network", TypeError, r"model to be a Model, or a function .* Received: 'network'"),
        (lambda X, y: 5, TypeError, r"the function model to return a Model\. Received: 5"),
        (keras.Sequential([keras.layers.Dense(1)]), RuntimeError, r"model\.compile\(optimizer"),
    ],
)
def test_what_is_no_compiled_model_is_refused(model, error, message):
    with pytest.raises(error, match=f"^SKLearnRegressor.*expected .*{message}"):
        SKLearnRegressor(model).fit(np.ones((4, 2)), np.ones(4))


def test_targets_that_are_no_classes_are_refused():
    X = np.ones((4, 2))
    for y, message in [
        ([0.5, 1.5, 2.5, 0.1], r"Unknown label type: .* Received: continuous"),
        ([1, 1, 1, 1], r"two classes at least\. Received: one class, .*1"),
    ]:
        with pytest.raises(ValueError, match=message):
            clone(CLASSIFIER).fit(X, np.array(y))


def test_without_scikit_learn_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['sklearn'] = sys.modules['sklearn.base'] = None\n"
        "import geartrain as keras\nkeras.wrappers\n"
        "for name in ('SKLearnClassifier', 'scikit_learn'):\n"
        "    try: exec(f'from geartrain.wrappers import {name}')\n"
        "    except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("which is not installed: pip install scikit-learn") == 2
