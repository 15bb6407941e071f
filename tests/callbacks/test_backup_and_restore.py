"""BackupAndRestore: a training that is interrupted and started again ends as one that was not."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Input, Sequential, layers, optimizers, utils
from geartrain.callbacks import (
    BackupAndRestore,
    CallbackList,
    EarlyStopping,
    LambdaCallback,
    ReduceLROnPlateau,
)
from geartrain.callbacks.backup_and_restore import FORMER, LATEST
from geartrain.resume import read_checkpoint

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(10, 3)), RANDOM.normal(size=(10, 1))


class Interruption(Exception):
    """What ends a training."""


def model_of(rate=None, units=4):
    utils.set_random_seed(1)
    model = Sequential([Input((3,)), layers.Dense(units, activation="relu"), layers.Dense(1)])
    rate = rate or optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    model.compile(optimizers.Adam(rate), "mse")
    return model


def fit(model, *callbacks, epochs=5, **options):
    settings = {"batch_size": 4, "verbose": 0, **options}
    return model.fit(X, Y, epochs=epochs, callbacks=list(callbacks), **settings)


def interrupt(at_epoch=None, at_batch=None):
    """A callback that ends training in its middle."""
    seen = []

    def end(number, logs):
        seen.append(number)
        if len(seen) == (at_epoch or at_batch):
            raise Interruption

    hook = "on_epoch_end" if at_epoch else "on_train_batch_end"
    return LambdaCallback(**{hook: end})


def state_of(model):
    return [*model.get_weights(), *(one.numpy() for one in model.optimizer.variables)]


def same(ours, expected):
    for one, other in zip(state_of(ours), state_of(expected), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_end_is_that_of_a_training_in_one_piece(tmp_path):
    """Also of the callbacks behind the one that saves, which had not heard of the epoch's end."""
    watch = {"monitor": "loss", "factor": 0.5, "patience": 0, "min_delta": 10.0}  # at each epoch
    whole = model_of(0.1)
    expected = fit(whole, ReduceLROnPlateau(**watch), epochs=5)
    folder = tmp_path / "around" / "backup"
    with pytest.raises(Interruption):
        backup = BackupAndRestore(folder)
        fit(model_of(0.1), backup, interrupt(at_epoch=2), ReduceLROnPlateau(**watch))
    assert [one.name for one in folder.iterdir()] == [LATEST]
    model = model_of(0.1)  # as in another process
    history = fit(model, BackupAndRestore(folder), ReduceLROnPlateau(**watch))
    assert history.epoch == [0, 1, 2, 3, 4]
    assert history.history == expected.history
    same(model, whole)
    assert not folder.exists()


def test_an_epoch_goes_on_in_its_middle(tmp_path):
    folder = tmp_path / "backup"
    backup = BackupAndRestore(folder, save_freq=2, delete_checkpoint=False)
    with pytest.raises(Interruption):
        fit(model_of(), backup, interrupt(at_batch=5))
    found = read_checkpoint(folder / LATEST)
    assert (found.step, found.facts["epoch"], found.facts["batch"]) == (4, 1, 1)
    fit(whole := model_of(), epochs=3)
    model = model_of()
    assert fit(model, backup, epochs=3).epoch == [0, 1, 2]
    assert int(model.optimizer.iterations) == 3 * 3
    same(model, whole)
    assert folder.exists()  # it was to be kept


def test_a_damaged_backup_and_the_one_before(tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(Interruption):
        fit(model_of(), BackupAndRestore(folder, double_checkpoint=True), interrupt(at_epoch=3))
    assert sorted(one.name for one in folder.iterdir()) == [FORMER, LATEST]
    (folder / LATEST).write_bytes(b"0")
    fit(whole := model_of())
    fit(
        model := model_of(),
        BackupAndRestore(folder, double_checkpoint=True, delete_checkpoint=False),
    )
    same(model, whole)
    for name in (FORMER, LATEST):
        content = bytearray((folder / name).read_bytes())
        content[-1] ^= 1  # of a value
        (folder / name).write_bytes(content)
    model = model_of()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"SHA-256.*Remove .*backup' to start anew"):
        fit(model, BackupAndRestore(folder))
    for ours, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_a_backup_of_another_model(tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(Interruption):
        fit(model_of(), BackupAndRestore(folder), interrupt(at_epoch=1))
    with pytest.raises(ValueError, match=r"a checkpoint of this model.*shape \(3, 4\).*\(3, 5\)"):
        fit(model_of(units=5), BackupAndRestore(folder))
    with pytest.raises(ValueError, match=r"expected the callbacks.*History.*EarlyStopping"):
        fit(model_of(), BackupAndRestore(folder), EarlyStopping("loss"))


def test_a_loop_of_ones_own_has_its_variables_back(tmp_path):
    model = model_of()
    model.build((None, 3))
    listeners = CallbackList([BackupAndRestore(tmp_path / "backup")], model=model, epochs=2)
    listeners.on_train_begin()
    listeners.on_epoch_begin(0)
    model.train_on_batch(X, Y)
    listeners.on_epoch_end(0)
    again = model_of()
    again.train_on_batch(X, Y)
    again.train_on_batch(X, Y)
    CallbackList([BackupAndRestore(tmp_path / "backup")], model=again).on_train_begin()
    assert again._initial_epoch == 1
    same(again, model)


def test_a_training_that_stops_early_is_complete(tmp_path):
    stop = EarlyStopping("loss", patience=0, min_delta=1e9)
    fit(model_of(), BackupAndRestore(tmp_path / "backup"), stop)
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("folder", ["", None])
def test_a_folder_is_needed(folder):
    with pytest.raises(ValueError, match="Empty `backup_dir` argument passed"):
        BackupAndRestore(folder)


@pytest.mark.parametrize("save_freq", ["batch", 0.15, 0, -1, True])
def test_wrong_frequencies(save_freq):
    with pytest.raises(ValueError, match=f"Invalid value for argument `save_freq`.*{save_freq}"):
        BackupAndRestore("backup", save_freq=save_freq)
    assert BackupAndRestore("backup", save_freq=False).wants_batches("train") is False
