"""An error in the code of a property is told as it is, not as a missing attribute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import geartrain as keras
from geartrain import layers


class Model(keras.Model):
    """With a property that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    @property
    def size(self) -> Any:
        return self.missing + 1


class Layer(layers.Layer):
    """The same."""

    size = Model.size


class Recurrent(layers.LSTM):
    """The same, of a class with attributes of its cell."""

    size = Model.size


TOLD: list[tuple[Callable[[], Any], str]] = [
    (lambda: Model().input, r"input is known only after its input shape is. Start with keras.I"),
    (lambda: Model().output_shape, r"output_shape is known only after its input shape is"),
    (lambda: keras.Sequential([layers.Dense(1)]).output, r"output is known only after its input"),
    (lambda: Model().size, r"'Model' object has no attribute 'missing'$"),
    (lambda: Layer().size, r"'Layer' object has no attribute 'missing'$"),
    (lambda: Recurrent(2).size, r"'Recurrent' object has no attribute 'missing'$"),
    (lambda: Model().nothing, r"'Model' object has no attribute 'nothing'$"),
    (lambda: layers.GRU(2).nothing, r"'GRU' object has no attribute 'nothing'$"),
    (lambda: layers.GRU(2).input, r"has no input before it is called on a symbolic input"),
]


@pytest.mark.parametrize(("call", "message"), TOLD)
def test_the_message_is_that_of_what_failed(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        call()


def test_recurrent_layers_have_inputs_and_outputs() -> None:
    x, layer = keras.Input((3, 2)), layers.GRU(4)
    y = layer(x)
    assert layer.input is x
    assert layer.output is y
    assert layer.units == 4


class Unnamed:
    """An object that has no representation of its own."""


WITHOUT_ADDRESS: list[Callable[[], Any]] = [
    lambda: keras.Sequential(Unnamed()),
    lambda: keras.Sequential([Unnamed()]),
    lambda: keras.Sequential().add(lambda x: x),
    lambda: layers.Lambda(Unnamed()),
    lambda: layers.RNN(Unnamed()),
    lambda: layers.Bidirectional(Unnamed()),
    lambda: layers.TimeDistributed(Unnamed()),
    lambda: layers.StackedRNNCells([Unnamed()]),
    lambda: layers.Dense(2, activation=Unnamed()),
    lambda: layers.Dense(2, kernel_initializer=Unnamed()),
    lambda: layers.Dense(2)(Unnamed()),
    lambda: keras.Input(tensor=Unnamed()),
    lambda: keras.Model(Unnamed(), Unnamed()),
    lambda: keras.models.clone_model(Unnamed()),
    lambda: keras.ops.sum(Unnamed()),
    lambda: keras.optimizers.SGD(Unnamed()),
    lambda: keras.optimizers.get(Unnamed()),
    lambda: keras.losses.get(Unnamed()),
    lambda: keras.metrics.get(Unnamed()),
    lambda: model().fit(lambda: 1),
    lambda: model().fit(Unnamed()),
    lambda: setattr(keras.optimizers.SGD(lambda: 0.1), "learning_rate", 0.2),
]


def model() -> Any:
    made = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


@pytest.mark.parametrize("call", WITHOUT_ADDRESS)
def test_messages_show_no_addresses(call: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError)) as raised:
        call()
    text = str(raised.value)
    assert "0x" not in text and " at 0" not in text
    assert "Unnamed" in text or "function" in text


def test_messages_list_each_name_once() -> None:
    with pytest.raises(
        TypeError, match=r"LSTM got an unexpected keyword 'unit'. Did you"
    ) as raised:
        layers.LSTM(2, unit=3)
    names = str(raised.value).partition("It takes: ")[2].rstrip(".").split(", ")
    assert len(names) == len(set(names)) > 20
