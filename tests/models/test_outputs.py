"""Models with several outputs ask for what they need: targets, weights, metrics; no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.models.compiled import by_output

X, Y = np.ones((4, 2), "float32"), np.zeros((4, 1), "float32")
FIRST = np.array([1.0, 0, 0, 0])
pytestmark = pytest.mark.filterwarnings("ignore:SGD .*no gradients for")


def model(as_list: bool = False, **compiled: Any) -> Any:
    """Two outputs: a is 2, b is 6."""
    x = keras.Input((2,))
    a = layers.Dense(1, name="a", kernel_initializer="ones")(x)
    b = layers.Dense(1, name="b", kernel_initializer=keras.initializers.Constant(3.0))(x)
    made = keras.Model(x, [a, b] if as_list else {"a": a, "b": b})
    made.compile(keras.optimizers.SGD(0.0), **compiled)
    return made


def found(made: Any, y: Any, **options: Any) -> dict[str, float]:
    """What evaluation gives, which is what training and single steps give."""
    history = made.fit(X, y, verbose=0, **options).history
    seen = made.evaluate(X, y, verbose=0, return_dict=True, **options)
    assert {name: values[0] for name, values in history.items()} == seen
    assert made.train_on_batch(X, y, return_dict=True, **options) == seen
    assert made.fit(X, y, verbose=0, validation_data=(X, y)).history["val_loss"]
    return seen


CASES: list[tuple[dict[str, Any], Any, dict[str, Any], dict[str, float]]] = [
    ({"loss": {"a": "mse"}}, {"a": Y}, {}, {"loss": 4.0}),
    ({"loss": {"a": "mse", "b": None}}, {"a": Y, "b": None}, {}, {"loss": 4.0}),
    ({"loss": {"a": "mse"}}, Y, {}, {"loss": 4.0}),
    ({"loss": {"b": "mae"}, "metrics": {"b": ["mse"]}}, {"b": Y}, {}, {"loss": 6.0, "b_mse": 36.0}),
    ({"loss": {"b": "mae"}, "metrics": {"b": ["mse"]}}, Y, {}, {"loss": 6.0, "b_mse": 36.0}),
    ({"loss": {"a": "mse"}, "metrics": {"b": ["mae"]}}, {"a": Y, "b": Y}, {},
     {"loss": 4.0, "b_mae": 6.0}),
    ({"loss": {"a": "mse", "b": "mae"}}, {"a": Y, "b": Y}, {"sample_weight": {"a": FIRST}},
     {"loss": 7.0, "a_loss": 1.0, "b_loss": 6.0}),
    ({"loss": {"a": "mse", "b": "mae"}, "loss_weights": {"a": 2.0}}, {"a": Y, "b": Y}, {},
     {"loss": 14.0, "a_loss": 4.0, "b_loss": 6.0}),
]  # fmt: skip


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize(("compiled", "y", "options", "expected"), CASES)
def test_what_is_not_needed_may_be_left_out(
    as_list: bool, compiled: Any, y: Any, options: Any, expected: Any
) -> None:
    assert found(model(as_list, **compiled), y, **options) == expected


def test_none_in_lists() -> None:
    assert found(model(True, loss=["mse", None]), [Y, None]) == {"loss": 4.0}


MESSAGES: list[tuple[dict[str, Any], Any, str]] = [
    ({"loss": {"a": "mse", "b": "mse"}}, {"a": Y}, r"y for the outputs a, b\. Received: a$"),
    ({"loss": {"a": "mse"}}, {"b": Y}, r"y for the outputs a\. Received: b$"),
    ({"loss": {"a": "mse"}}, {"c": Y}, r"y for the outputs a\. Received: c$"),
    ({"loss": {"a": "mse", "b": "mse"}}, Y, r"each of the outputs a, b: a list or dict. Received"),
    ({"loss": {"a": "mse"}, "metrics": {"b": "mae"}}, {"a": Y}, r"y for the outputs b\."),
    ({"loss": {"a": "mse"}, "metrics": {"b": "mae"}}, {"a": Y, "b": None},
     r"Expected targets y for the metrics of output 'b'. Received: y for a$"),
]  # fmt: skip


@pytest.mark.parametrize(("compiled", "y", "message"), MESSAGES)
def test_what_is_needed_is_asked_for(compiled: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model(**compiled).fit(X, y, verbose=0)


def test_outputs_of_one_layer_are_told_apart() -> None:
    """Of two outputs with one name each has its own loss and metric."""
    first, second = keras.Input((2,)), keras.Input((2,))
    layer = layers.Dense(1, name="d", kernel_initializer="ones")
    made = keras.Model([first, second], [layer(first), layer(second)])
    made.compile(keras.optimizers.SGD(0.0), ["mse", "mae"], metrics=["mae", "mae"])
    seen = made.evaluate([X, 2 * X], [Y, Y + 1], verbose=0, return_dict=True)
    assert seen == {"loss": 7.0, "d_loss": 4.0, "d_1_loss": 3.0, "d_mae": 2.0, "d_1_mae": 3.0}
    assert made.output_names == ["d", "d"]
    with pytest.raises(ValueError, match=r"y for the outputs d, d_1\. Received: output_0$"):
        made.fit([X, X], [Y], verbose=0)


def test_names_are_numbered_past_those_that_are_there() -> None:
    assert list(by_output([1, 2, 3, 4], ["d", "d", "d_1", "d"])) == ["d", "d_2", "d_1", "d_3"]
