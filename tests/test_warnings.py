"""Warnings point at the line of the user that led to them, however deep they arise."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import callbacks, layers, losses, metrics, optimizers
from geartrain.errors import GeartrainWarning

X = np.zeros((8, 4), "float32")
PIXELS = np.tile(np.array([0.0, 200.0], "float32"), (8, 50))


def model(width: int = 4, **compiled: Any) -> Any:
    made = keras.Sequential([keras.Input((width,)), layers.Dense(3)])
    made.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return made


def without_gradients() -> None:
    first, second = keras.Variable([1.0]), keras.Variable([2.0])
    optimizers.SGD().apply([np.ones(1, "float32"), None], [first, second])


def too_few_values() -> Any:
    metric = metrics.R2Score(num_regressors=3)
    metric.update_state(np.ones((2, 1)), np.zeros((2, 1)))
    return metric.result()


# What warns, and the words that tell which warning it is.
WARNED: dict[str, Callable[[], Any]] = {
    "LeakyReLU: alpha=0.1 is how older": lambda: layers.LeakyReLU(alpha=0.1),
    "Embedding: input_length=4 is how older": lambda: layers.Embedding(3, 2, input_length=4),
    "before build or fit": lambda: keras.Sequential([layers.Dense(3)]).predict(X, verbose=0),
    "pixels that were not scaled": lambda: model(100).fit(PIXELS, PIXELS[:, :3], verbose=0),
    "the loss became NaN": lambda: model(loss=lambda y, p: p * np.nan).fit(X, X[:, :3], verbose=0),
    "expects probabilities": lambda: model(loss="categorical_crossentropy").evaluate(
        X, np.eye(3)[np.zeros(8, int)], verbose=0
    ),
    "of 1 class only": lambda: losses.CategoricalCrossentropy()(np.ones((2, 1)), np.ones((2, 1))),
    "expected 'val_loss'": lambda: model().fit(
        X, X[:, :3], verbose=0, callbacks=[callbacks.EarlyStopping()]
    ),
    "its state was not loaded": lambda: optimizers.SGD().load_own_variables({"0": np.ones(1)}),
    "no gradients for": without_gradients,
    "more than 2 values": too_few_values,
}


@pytest.mark.parametrize("words", WARNED)
def test_a_warning_points_at_the_line_outside_of_the_library(words: str) -> None:
    with pytest.warns(GeartrainWarning, match=words) as seen:
        WARNED[words]()
    assert {Path(warning.filename).name for warning in seen} == {Path(__file__).name}


def test_every_warning_is_given_by_the_one_function_that_finds_that_line() -> None:
    package = Path(keras.__file__).parent
    for path in package.rglob("*.py"):
        called = {
            ast.unparse(call.func)
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(call, ast.Call)
        }
        assert "warnings.warn" not in called or path == package / "errors.py", path
