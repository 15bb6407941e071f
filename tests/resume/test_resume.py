"""fit(resume=...): what goes on after an interruption ends in the bits of training in one piece."""

from __future__ import annotations

import random

import numpy as np
import pytest

from geartrain import Input, Sequential, callbacks, data, layers, optimizers, utils
from geartrain.random.seeds import _global
from geartrain.resume import Checkpoints, read_checkpoint
from geartrain.resume.folder import BEST

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 6)).astype("float32")
Y = RANDOM.integers(0, 3, 90)


class Interruption(Exception):
    """What ends a training."""


class Interrupt(callbacks.Callback):
    """Ends training once so many batches or epochs are over."""

    def __init__(self, batches=None, epochs=None):
        self.left = {"batch": batches, "epoch": epochs}

    def wants_batches(self, loop):
        return loop == "train" and self.left["batch"] is not None

    def _count(self, what):
        if self.left[what] is not None:
            self.left[what] -= 1
            if self.left[what] == 0:
                raise Interruption

    def on_train_batch_end(self, batch, logs=None):
        self._count("batch")

    def on_epoch_end(self, epoch, logs=None):
        self._count("epoch")

    def get_state(self):
        return {}


class Squares(utils.PyDataset):
    """Batches that depend on NumPy's random numbers, and on how many epochs there were."""

    def __init__(self, workers=1):
        super().__init__(workers=workers)
        self.epochs = 0

    def __len__(self):
        return 5

    def __getitem__(self, index):
        noise = 0 if self.workers > 1 else np.random.normal(size=(18, 6))
        rows = slice(18 * index, 18 * index + 18)
        return X[rows] + noise + self.epochs, Y[rows]

    def on_epoch_end(self):
        self.epochs += 1


class Batches:
    """Batches without a length."""

    def __iter__(self):
        return iter([(X[:40], Y[:40]), (X[40:70], Y[40:70]), (X[70:], Y[70:])])


class Own(Squares):
    """Batches with random numbers of their own."""

    def __init__(self):
        super().__init__()
        self.random = np.random.default_rng(8)

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return x + self.random.normal(size=x.shape), y

    def get_state(self):
        return self.random.bit_generator.state

    def set_state(self, state):
        self.random.bit_generator.state = state


def generator():
    random = np.random.default_rng(5)
    while True:
        rows = random.integers(0, 90, 16)
        yield X[rows], Y[rows]


def rows():
    return data.Dataset.from_tensor_slices((X, Y)).shuffle(90).batch(16)


def mapped():
    slices = data.Dataset.from_tensor_slices((X, Y)).shuffle(20)
    return slices.map(lambda x, y: (x * np.float32(2), y)).batch(16)


def rate(epoch, now):
    return now * 0.9


def watching(folder):
    return [
        callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True, min_delta=0.04),
        callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.03),
        callbacks.CSVLogger(folder / "log.csv"),
        callbacks.ModelCheckpoint(folder / "best.weights.h5", "val_loss", save_best_only=True,
                                  save_weights_only=True),
        callbacks.LearningRateScheduler(rate),
        callbacks.TensorBoard(folder / "board", histogram_freq=1),
    ]  # fmt: skip


ARRAYS = {"x": X, "y": Y, "batch_size": 16}
# Of each case: the data and further arguments of `fit`, the optimizer, and a policy.
CASES = {
    "arrays": ({**ARRAYS, "validation_split": 0.2, "class_weight": {0: 2.0, 2: 0.5}},),
    "sample weights, a learning rate that falls": (
        {**ARRAYS, "sample_weight": np.linspace(0, 1, 90)},
        lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 4, 0.5), momentum=0.9),
    ),
    "steps of an epoch": ({**ARRAYS, "steps_per_epoch": 3},),
    "accumulated gradients, averages": (
        {**ARRAYS, "callbacks": lambda folder: [callbacks.SwapEMAWeights(swap_on_epoch=True)],
         "validation_split": 0.2},
        lambda: optimizers.Adam(0.01, gradient_accumulation_steps=3, use_ema=True,
                                ema_overwrite_frequency=5),
    ),
    "a scale of the loss": (
        ARRAYS,
        lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1), 8.0, dynamic_growth_steps=4),
        "mixed_float16",
    ),
    "callbacks": ({**ARRAYS, "validation_split": 0.2, "callbacks": watching},),
    "a PyDataset": ({"x": Squares, "shuffle": True},),
    "a PyDataset with workers": ({"x": lambda: Squares(workers=2), "shuffle": True},),
    "a PyDataset with a state": ({"x": Own, "shuffle": True},),
    "a data set of rows": ({"x": rows, "validation_data": rows},),
    "a data set that is read": ({"x": mapped},),
    "a generator": ({"x": generator, "steps_per_epoch": 6, "validation_data": generator,
                     "validation_steps": 2},),
    "batches in a list": ({"x": Batches},),
}  # fmt: skip


def trained(case, folder, resume=None, interrupt=None, epochs=5):
    """A model after training as another process would do it."""
    settings, *others = CASES[case]
    optimizer, policy = [*others, *[lambda: "adam", None][len(others) :]]
    utils.set_random_seed(1)
    model = Sequential([
        Input((6,)), layers.GaussianNoise(0.1), layers.Dense(8, activation="relu"),
        layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    if policy is not None:
        for layer in model.layers:
            layer.dtype_policy = policy
    model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    settings = {
        name: value() if name in ("x", "validation_data") and callable(value) else value
        for name, value in settings.items()
    }
    own = settings.pop("callbacks", lambda folder: [])(folder)
    listeners = [*own, *([interrupt] if interrupt else [])]
    options = {"epochs": epochs, "verbose": 0, "callbacks": listeners, "resume": resume}
    history = model.fit(**settings, **options)
    return model, history


def state_of(model):
    return [*model.get_weights(), *(one.numpy() for one in model.optimizer.variables)]


@pytest.mark.parametrize("case", CASES)
def test_the_bits_are_those_of_training_in_one_piece(case, tmp_path):
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    whole, expected = trained(case, tmp_path / "whole")
    run = Checkpoints(tmp_path / "run", steps=2, seconds=1e9)
    for interrupt in (Interrupt(epochs=1), Interrupt(batches=4), Interrupt(batches=3)):
        with pytest.raises(Interruption):
            trained(case, tmp_path / "cut", run, interrupt)
    model, history = trained(case, tmp_path / "cut", run)
    assert history.epoch == expected.epoch
    assert history.history == expected.history
    for ours, other in zip(state_of(model), state_of(whole), strict=True):
        np.testing.assert_array_equal(ours, other)
    if case == "callbacks":
        log = "log.csv"
        assert (tmp_path / "cut" / log).read_bytes() == (tmp_path / "whole" / log).read_bytes()


def test_what_is_kept(tmp_path):
    """The last two, and the best, which is written with the next after it."""
    run = Checkpoints(tmp_path, steps=4, seconds=1e9, keep=2)
    _, history = trained("arrays", tmp_path, run)
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == [BEST, "lock", "step-0000000024.safetensors", "step-0000000025.safetensors"]
    best = read_checkpoint(tmp_path / BEST)
    assert best.facts["logs"]["val_loss"] == min(history.history["val_loss"])
    last = read_checkpoint(tmp_path / names[-1])
    assert (last.step, last.facts["epoch"], last.facts["batch"]) == (25, 5, 0)


def test_time_decides_too_and_the_thread_is_not_waited_for(tmp_path):
    model, _ = trained("arrays", tmp_path, Checkpoints(tmp_path, seconds=0), epochs=40)
    whole, _ = trained("arrays", tmp_path, epochs=40)
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names[-1] == "step-0000000200.safetensors" and len(names) == 4
    np.testing.assert_array_equal(model.get_weights()[0], whole.get_weights()[0])


def test_a_complete_training_has_nothing_to_do_and_can_become_longer(tmp_path):
    model, history = trained("arrays", tmp_path, tmp_path / "run", epochs=2)
    again, same = trained("arrays", tmp_path, tmp_path / "run", epochs=2)
    assert same.history == history.history
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    longer, history = trained("arrays", tmp_path, tmp_path / "run", epochs=5)
    whole, expected = trained("arrays", tmp_path)
    assert history.history == expected.history
    np.testing.assert_array_equal(longer.get_weights()[0], whole.get_weights()[0])


def test_a_program_without_a_seed_goes_on_too(tmp_path, monkeypatch):
    """Weights, orders and masks are those of its first start."""
    seeds = iter(range(9))
    monkeypatch.setattr(utils, "set_random_seed", lambda seed: random.seed(next(seeds)))
    monkeypatch.setitem(_global, "seed", None)
    run = Checkpoints(tmp_path / "run", steps=2, seconds=1e9)
    whole, expected = trained("arrays", tmp_path)  # with the seed 0
    seeds = iter(range(9))
    with pytest.raises(Interruption):
        trained("arrays", tmp_path, run, Interrupt(epochs=2))
    model, history = trained("arrays", tmp_path, run)  # with the seed 1
    assert history.history == expected.history
    np.testing.assert_array_equal(model.get_weights()[0], whole.get_weights()[0])
