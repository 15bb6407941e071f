"""Models and data that the tests of commands put into files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geartrain import Sequential, layers
from geartrain.cli import main


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    """A saved model that tells three classes of four numbers apart, compiled for labels."""
    model = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax", name="head")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    weights = np.zeros((4, 3), "float32")
    weights[:3] = 10 * np.eye(3)
    model.set_weights([weights, np.zeros(3, "float32")])
    model.save(tmp_path / "classifier.keras")
    return tmp_path / "classifier.keras"


@pytest.fixture
def regression(tmp_path: Path) -> Path:
    """A saved model that adds two numbers up, compiled for training."""
    model = Sequential([layers.Input((2,)), layers.Dense(1, name="sum")])
    model.compile("sgd", "mse", metrics=["mae"])
    model.set_weights([np.ones((2, 1), "float32"), np.zeros(1, "float32")])
    model.save(tmp_path / "regression.keras")
    return tmp_path / "regression.keras"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A saved model for images of 6 x 4, dark (0) or bright (1) by their mean."""
    model = Sequential([
        layers.Input((6, 4, 3)), layers.GlobalAveragePooling2D(),
        layers.Dense(2, activation="softmax"),
    ])  # fmt: skip
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    kernel = np.array([[-10, 10]] * 3, "float32")
    model.set_weights([kernel, np.array([15, -15], "float32")])
    model.save(tmp_path / "images.keras")
    return tmp_path / "images.keras"


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A saved model in the middle of its training, with a model inside."""
    inner = Sequential([layers.Input((3,)), layers.Dense(5, name="deep")], name="inner")
    model = Sequential([layers.Input((3,)), inner, layers.ReLU(), layers.Dense(2, name="last")])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((8, 3), "float32"), np.ones((8, 2), "float32"), epochs=2, verbose=0)
    model.save(tmp_path / "trained.keras")
    return tmp_path / "trained.keras"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command that works; returns what it prints, and its notes."""

    def run(*arguments: Any, code: int = 0) -> Any:
        ended = main([str(one) for one in arguments])
        printed = capsys.readouterr()
        assert ended == code, printed.err
        return printed

    return run


@pytest.fixture
def refused(command: Callable[..., Any]) -> Callable[..., str]:
    """Run a command that is refused; returns its one line on the error stream."""

    def run(*arguments: Any) -> str:
        printed = command(*arguments, code=1)
        error = printed.err.splitlines()[-1]
        assert error.startswith(f"geartrain {arguments[0]}: ")
        assert "Traceback" not in printed.err
        assert printed.out == ""
        return str(error)

    return run
