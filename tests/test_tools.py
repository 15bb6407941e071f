"""KerasTuner and SciKeras, as they are published, search and train with `geartrain run`.

They are installed from the package index, so this needs a network, and runs at night.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import geartrain

# What they need, but for Keras itself and for what the tests have.
PACKAGES = (
    "certifi", "charset-normalizer", "grpcio", "idna", "keras-tuner", "kt-legacy", "packaging",
    "protobuf", "requests", "scikeras", "six", "urllib3",
)  # fmt: skip

TUNER = """
import keras, keras_tuner, tempfile
from keras import layers
(x, y), (x_test, y_test) = keras.datasets.digits.load_data()
x, y = x[:800].reshape(-1, 784) / 255, y[:800]
held = x_test[:200].reshape(-1, 784) / 255, y_test[:200]

def build(hp):
    model = keras.Sequential([layers.Input((784,))])
    for place in range(hp.Int("layers", 1, 2)):
        units = hp.Int(f"units_{place}", 16, 64, step=16)
        model.add(layers.Dense(units, activation=hp.Choice("activation", ["relu", "tanh"])))
    if hp.Boolean("dropout"):
        model.add(layers.Dropout(0.25))
    model.add(layers.Dense(10, activation="softmax"))
    rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model

for kind, options in [
    (keras_tuner.RandomSearch, {"max_trials": 3, "executions_per_trial": 2}),
    (keras_tuner.Hyperband, {"max_epochs": 4, "factor": 3}),
    (keras_tuner.BayesianOptimization, {"max_trials": 4}),
    (keras_tuner.GridSearch, {"max_trials": 3}),
]:
    with tempfile.TemporaryDirectory() as folder:
        tuner = kind(build, objective="val_accuracy", directory=folder, seed=1, **options)
        stop = keras.callbacks.EarlyStopping(patience=2)
        tuner.search(x, y, epochs=4, validation_data=held, callbacks=[stop], verbose=0)
        best = tuner.get_best_models(1)[0]
        found = best.evaluate(*held, verbose=0, return_dict=True)["accuracy"]
        print(kind.__name__, tuner.get_best_hyperparameters()[0].values, found)
        score = tuner.oracle.get_best_trials(1)[0].score
        assert found > 0.15 and score >= found - 0.2
"""

ESTIMATORS = """
import copy, pickle
import keras
import numpy as np
from scikeras.wrappers import KerasClassifier, KerasRegressor
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

x, y = make_classification(300, 12, n_informative=6, n_classes=3, random_state=0)

def classifier(meta, units):
    return keras.Sequential([
        keras.layers.Input((meta["n_features_in_"],)),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.Dense(meta["n_classes_"], activation="softmax"),
    ])

made = KerasClassifier(
    classifier, loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"],
    optimizer__learning_rate=0.02, units=16, epochs=8, verbose=0, random_state=1,
)
probabilities = made.fit(x, y).predict_proba(x)
assert made.score(x, y) > 0.7 and probabilities.shape == (300, 3)
for copied in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made), clone(made).fit(x, y)):
    assert np.allclose(copied.predict_proba(x), probabilities)
search = GridSearchCV(made, {"units": [1, 16], "optimizer__learning_rate": [1e-5, 0.02]}, cv=2)
assert search.fit(x, y).best_params_ == {"units": 16, "optimizer__learning_rate": 0.02}
assert cross_val_score(make_pipeline(StandardScaler(), made), x, y, cv=3).mean() > 0.5
assert made.partial_fit(x, y).current_epoch == 9

x, y = make_regression(200, 8, random_state=0)
y /= y.std()
made = KerasRegressor(
    lambda meta: keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(1)]),
    loss=keras.losses.Huber, loss__delta=2.0, optimizer=keras.optimizers.Adam,
    optimizer__learning_rate=0.05, epochs=60, verbose=0, random_state=0,
    metrics=[keras.metrics.MeanAbsoluteError], callbacks=keras.callbacks.EarlyStopping,
    callbacks__monitor="loss", callbacks__patience=5,
)
assert made.fit(x, y).score(x, y) > 0.95
assert set(made.history_) == {"loss", "mean_absolute_error"}
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    done = subprocess.run([*command, str(folder), *PACKAGES], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"packages cannot be installed here: {done.stderr[-200:]}")
    return folder


@pytest.mark.nightly
@pytest.mark.parametrize("program", [TUNER, ESTIMATORS], ids=["keras-tuner", "scikeras"])
def test_a_published_tool_runs(packages, tmp_path, program):
    path = tmp_path / "program.py"
    path.write_text(program)
    folders = [Path(geartrain.__file__).parents[1], packages]
    done = subprocess.run(
        [sys.executable, "-m", "geartrain", "run", str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
