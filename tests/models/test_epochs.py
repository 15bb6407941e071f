"""Where an epoch over a part of the data begins: training goes on, all else begins again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.errors import GeartrainWarning

BATCHES = 6
ROWS = 2  # in a batch: batch number n is n everywhere


def batch(number: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((ROWS, 1), float(number), "float32"), np.zeros((ROWS, 1), "float32")


class Data(keras.utils.PyDataset):
    """Batches 0, 1, 2, ...; notes which are asked for."""

    def __init__(self, count: int | None = BATCHES) -> None:
        super().__init__()
        self.count, self.asked, self.calls = count, [], []

    @property
    def num_batches(self) -> int | None:
        return self.count

    def __getitem__(self, index: int) -> Any:
        self.asked.append(index)
        return batch(index)

    def on_epoch_begin(self) -> None:
        self.calls.append("begin")

    def on_epoch_end(self) -> None:
        self.calls.append("end")


class Loader:
    """An iterable that can be gone through again, without a length."""

    def __iter__(self) -> Iterator[Any]:
        return map(batch, range(BATCHES))


def endless() -> Iterator[Any]:
    number = 0
    while True:
        yield batch(number % BATCHES)
        number += 1


def arrays() -> tuple[np.ndarray, np.ndarray]:
    x, y = zip(*map(batch, range(BATCHES)), strict=True)
    return np.concatenate(x), np.concatenate(y)


STREAMS = {
    "PyDataset": Data,
    "PyDataset without an end": lambda: Data(None),
    "loader": Loader,
    "generator": endless,
}
AGAIN = [name for name in STREAMS if name != "generator"]  # what can begin again


def model() -> Any:
    """The mean of the inputs is its loss, whatever it is trained on."""
    made = keras.Sequential(
        [keras.Input((1,)), layers.Dense(1, kernel_initializer="ones", use_bias=False)]
    )
    made.compile(keras.optimizers.SGD(0.0), "mae")
    return made


def losses(*args: Any, **kwargs: Any) -> list[float]:
    history = model().fit(*args, verbose=0, **kwargs).history
    return history["val_loss"] if "val_loss" in history else history["loss"]


@pytest.mark.parametrize("kind", STREAMS)
def test_training_goes_on_where_it_was(kind: str) -> None:
    found = losses(STREAMS[kind](), epochs=3, steps_per_epoch=2, shuffle=False)
    assert found == [0.5, 2.5, 4.5]


def test_training_on_arrays_goes_on_where_it_was() -> None:
    found = losses(*arrays(), batch_size=ROWS, epochs=3, steps_per_epoch=2, shuffle=False)
    assert found == [0.5, 2.5, 4.5]


@pytest.mark.parametrize("kind", ["PyDataset", "loader", "generator"])
def test_training_begins_again_after_the_last_batch(kind: str) -> None:
    found = losses(STREAMS[kind](), epochs=5, steps_per_epoch=3, shuffle=False)
    assert found == [1.0, 4.0, 1.0, 4.0, 1.0]


@pytest.mark.parametrize("kind", ["PyDataset", "loader"])
def test_an_epoch_ends_with_the_data_and_the_next_begins_again(kind: str) -> None:
    with pytest.warns(GeartrainWarning, match="expected 4 batches in an epoch. Received: 2, where"):
        found = losses(STREAMS[kind](), epochs=3, steps_per_epoch=4, shuffle=False)
    assert found == [1.5, 4.5, 1.5]


@pytest.mark.parametrize("kind", AGAIN)
def test_validation_begins_again_each_time(kind: str) -> None:
    x, y = arrays()
    found = losses(x, y, epochs=3, validation_data=STREAMS[kind](), validation_steps=2)
    assert found == [0.5] * 3


def test_validation_by_a_generator_goes_on() -> None:
    found = losses(*arrays(), epochs=3, validation_data=endless(), validation_steps=2)
    assert found == [0.5, 2.5, 4.5]


@pytest.mark.parametrize("weights", [(), (np.ones(ROWS * BATCHES),)])
def test_validation_on_arrays_begins_again_each_time(weights: tuple[np.ndarray, ...]) -> None:
    x, y = arrays()
    options = {"epochs": 3, "validation_batch_size": ROWS, "validation_steps": 2}
    assert losses(x, y, validation_data=(x, y, *weights), **options) == [0.5] * 3


def test_validation_on_a_split_begins_again_each_time() -> None:
    options = {"epochs": 3, "validation_steps": 1, "batch_size": ROWS}
    assert losses(*arrays(), validation_split=0.5, **options) == [3.0] * 3


@pytest.mark.parametrize("kind", AGAIN)
def test_steps_of_evaluate_and_predict_are_the_first(kind: str) -> None:
    data, made = STREAMS[kind](), model()
    for _ in range(2):
        assert made.evaluate(data, steps=2, verbose=0) == 0.5
        assert made.predict(data, steps=2, verbose=0).ravel().tolist() == [0.0, 0.0, 1.0, 1.0]


def test_a_data_set_is_shuffled_batch_by_batch() -> None:
    keras.utils.set_random_seed(1)
    data = Data()
    assert losses(data, epochs=4) == [2.5] * 4  # each batch once an epoch
    epochs = np.reshape([number for number in data.asked if number], (4, BATCHES - 1))
    assert len(set(map(tuple, epochs.tolist()))) == 4
    assert data.asked.count(0) == 4  # what was looked at before training counts for the first epoch


def test_a_shuffled_data_set_goes_on_where_it_was() -> None:
    data = Data()
    losses(data, epochs=3, steps_per_epoch=2)
    assert sorted(data.asked) == list(range(BATCHES))
    losses(data, epochs=3, steps_per_epoch=2, shuffle=False)
    assert data.asked[BATCHES:] == list(range(BATCHES))


def test_validation_is_never_shuffled() -> None:
    data = Data()
    losses(*arrays(), epochs=2, validation_data=data)
    assert data.asked == 2 * list(range(BATCHES))


def test_a_data_set_hears_of_each_epoch_of_its_own() -> None:
    data, held = Data(), Data()
    made = model()
    made.fit(data, epochs=3, validation_data=held, validation_freq=2, verbose=0)
    assert (data.calls, held.calls) == (["begin", "end"] * 3, ["begin", "end"])
    made.evaluate(held, verbose=0)
    made.predict(held, verbose=0)
    assert held.calls == ["begin", "end"] * 3


def test_a_generator_that_ended_ends_training() -> None:
    data = (batch(number) for number in range(3))
    with pytest.warns(GeartrainWarning, match="fit: expected batches for another epoch. Received"):
        assert losses(data, epochs=4) == [1.0]


def test_validation_data_that_cannot_begin_again_are_told_of() -> None:
    data = (batch(number) for number in range(3))
    with pytest.warns(GeartrainWarning, match=r"fit \(validation\): expected batches for another"):
        assert losses(*arrays(), epochs=2, validation_data=data) == [1.0]
