"""Metrics and losses of layers and models of one's own count wherever they are.

The numbers are those of Keras 3.15.1 on PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, metrics, ops

X, Y = np.ones((4, 2), "float32"), np.zeros((4, 2), "float32")


class Watched(layers.Layer):
    """Adds a loss, and updates a metric of its own."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = factor
        self.gauge = metrics.Mean(name=f"seen_{factor:g}")

    def call(self, x: Any) -> Any:
        self.add_loss(self.factor * ops.sum(ops.abs(x)))
        self.gauge.update_state(self.factor * x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Subclassed(keras.Model):
    """With layers and metrics in lists, dicts and tuples."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.others = Watched(3.0), [{"a": Watched(0.5)}]
        self.by_name, self.pair = {"m": metrics.Mean(name="dict")}, (metrics.Sum(name="tuple"),)

    def call(self, x: Any) -> Any:
        self.by_name["m"].update_state(2 * x)
        self.pair[0].update_state(x)
        return self.others[0]["a"](self.first(x))


class Late(keras.Model):
    """Whose layer is put into a list when it is built."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Any] = []

    def build(self, input_shape: Any) -> None:
        self.parts.append(Watched(4.0))
        self.built = True

    def call(self, x: Any) -> Any:
        return self.parts[0](x)


def nested() -> Any:
    inner = keras.Sequential([keras.Input((2,)), Watched()])
    return keras.Sequential([keras.Input((2,)), keras.Sequential([keras.Input((2,)), inner])])


def shared() -> Any:
    x, layer = keras.Input((2,)), Watched()
    return keras.Model(x, layer(layer(x)))


def wrapped() -> Any:
    x = keras.Input((3, 2))
    return keras.Model(x, layers.TimeDistributed(Watched(5.0))(x))


FOUND = {
    nested: {"loss": 9.0, "mae": 1.0, "seen_1": 1.0},
    shared: {"loss": 17.0, "mae": 1.0, "seen_1": 1.0},
    Subclassed: {"dict": 2.0, "loss": 29.0, "mae": 1.0, "seen_0.5": 0.5, "seen_3": 3.0, "tuple": 8},
    Late: {"loss": 33.0, "mae": 1.0, "seen_4": 4.0},
}


@pytest.mark.parametrize("make", FOUND)
def test_logs_history_and_evaluation_have_them(make: Any) -> None:
    model = make()
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    history = model.fit(X, Y, batch_size=4, epochs=2, verbose=0, validation_data=(X, Y)).history
    expected = FOUND[make]
    assert {name: values for name, values in history.items() if "val" not in name} == {
        name: [value] * 2
        for name, value in expected.items()  # reset at each epoch
    }
    assert {name for name in history if "val" in name} == {f"val_{name}" for name in expected}
    for _ in range(2):  # reset at each call
        assert model.evaluate(X, Y, verbose=0, return_dict=True) == expected
    assert model.train_on_batch(X, Y, return_dict=True) == expected
    model.reset_metrics()
    assert all(metric.result() == 0 for metric in model.metrics)


def test_a_layer_in_a_wrapper() -> None:
    model, x = wrapped(), np.ones((4, 3, 2), "float32")
    model.compile(keras.optimizers.SGD(0.0), "mse")
    assert model.evaluate(x, 0 * x, verbose=0) == [1.0 + 5 * 24, 5.0]


def test_layers_tell_their_metrics() -> None:
    model = Subclassed()
    names = {"dict", "tuple", "seen_3", "seen_0.5"}
    assert {metric.name for metric in model.metrics} == names
    assert [metric.name for metric in model.first.metrics] == ["seen_3"]
    model.first.gauge = metrics.Mean(name="other")
    assert [metric.name for metric in model.first.metrics] == ["other"]
    assert layers.Dense(2).metrics == []


def test_metrics_that_a_model_names_itself_are_all() -> None:
    class Own(Subclassed):
        @property
        def metrics(self) -> list[Any]:
            return [self.pair[0]]

    model = Own()
    model.compile(keras.optimizers.SGD(0.0), "mse")
    assert model.evaluate(X, Y, batch_size=2, verbose=0, return_dict=True) == {"tuple": 8.0}


def test_compiling_again_leaves_no_metric_of_before() -> None:
    model = nested()
    for _ in range(2):
        model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
        model.evaluate(X, Y, verbose=0)
    assert model.metrics_names == ["loss", "mae", "seen_1"]


def test_evaluate_lists_metrics_in_the_order_of_compile() -> None:
    x = keras.Input((2,))
    model = keras.Model(x, layers.Dense(1, kernel_initializer="ones")(x))
    model.compile("sgd", "mse", metrics=["mse", "mae", "accuracy"], weighted_metrics=["mape"])
    y = Y[:, :1]
    for found in (model.evaluate(X, y, verbose=0), model.test_on_batch(X, y)):
        assert [round(value, 3) for value in found] == [4.0, 4.0, 2.0, 0.0, 2e9]
    outputs = {
        name: layers.Dense(1, name=name, kernel_initializer=start)(x)
        for name, start in (("z", "ones"), ("a", "zeros"))
    }
    model = keras.Model(x, outputs)
    model.compile("sgd", {"z": "mse", "a": "mae"}, metrics={"z": ["mae"], "a": ["mse"]})
    found = model.evaluate(X, {"z": y, "a": y + 1}, verbose=0)
    assert found == [5.0, 4.0, 1.0, 1.0, 2.0]  # loss, z_loss, a_loss, then by name
