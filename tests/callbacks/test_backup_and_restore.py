"""BackupAndRestore: a training that is interrupted and started again ends as one that was not."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Input, Sequential, layers, optimizers, utils
from geartrain.callbacks import BackupAndRestore, EarlyStopping, LambdaCallback
from geartrain.callbacks.training_state import MEMBERS

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(10, 3)), RANDOM.normal(size=(10, 1))


class Interruption(Exception):
    """What ends a training."""


def model_of(units=4):
    utils.set_random_seed(1)
    model = Sequential([Input((3,)), layers.Dense(units, activation="relu"), layers.Dense(1)])
    rate = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    model.compile(optimizers.Adam(rate), "mse")
    return model


def fit(model, *callbacks, epochs=5, **options):
    settings = {"batch_size": 4, "verbose": 0, "shuffle": False, **options}
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


def test_the_end_is_that_of_a_training_in_one_piece(tmp_path):
    whole = model_of()
    fit(whole, epochs=5)
    folder = tmp_path / "around" / "backup"
    with pytest.raises(Interruption):
        fit(model_of(), BackupAndRestore(folder), interrupt(at_epoch=2))
    assert sorted(one.name for one in folder.iterdir()) == sorted(MEMBERS[:2])
    model = model_of()  # as in another process
    history = fit(model, BackupAndRestore(folder))
    assert history.epoch == [2, 3, 4]
    for ours, expected in zip(state_of(model), state_of(whole), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert not folder.exists()


def test_batches_count_and_an_epoch_begins_anew(tmp_path):
    """As Keras 3.15.1 does: 2 steps, of which the weights are kept, then 5 whole epochs."""
    folder = tmp_path / "backup"
    backup = BackupAndRestore(folder, save_freq=2, delete_checkpoint=False)
    with pytest.raises(Interruption):
        fit(model_of(), backup, interrupt(at_batch=5))
    assert (folder / "training_metadata.json").read_text() == '{"epoch": 1, "batch": 1}'
    model = model_of()
    model = model_of()
    assert fit(model, backup, epochs=3).epoch == [1, 2]
    assert int(model.optimizer.iterations) == 4 + 2 * 3
    assert folder.exists()  # it was to be kept
    assert fit(model_of(), backup, epochs=1).epoch == []


def test_a_damaged_backup_and_the_one_before(tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(Interruption):
        fit(model_of(), BackupAndRestore(folder, double_checkpoint=True), interrupt(at_epoch=3))
    assert sorted(one.name for one in folder.iterdir()) == sorted(MEMBERS)
    (folder / MEMBERS[0]).write_bytes(b"0")
    model = model_of()
    backup = BackupAndRestore(folder, double_checkpoint=True)
    assert fit(model, backup).epoch == [2, 3, 4]
    with pytest.raises(Interruption):
        fit(model_of(), BackupAndRestore(folder), interrupt(at_epoch=1))
    (folder / "training_metadata.json").write_text("[]")
    with pytest.raises(ValueError, match=r"expected the place of a training in .*\[\].*start anew"):
        fit(model_of(), BackupAndRestore(folder))
    (folder / MEMBERS[0]).write_bytes(b"0")
    (folder / "training_metadata.json").write_text('{"epoch": 1, "batch": 0}')
    model = model_of()
    before = model.get_weights()
    with pytest.raises((ValueError, OSError), match=r"latest\.weights\.h5"):
        fit(model, BackupAndRestore(folder))
    for ours, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_a_backup_of_another_model_and_a_folder_with_other_files(tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(Interruption):
        fit(model_of(), BackupAndRestore(folder), interrupt(at_epoch=1))
    with pytest.raises(ValueError, match="shape"):
        fit(model_of(units=5), BackupAndRestore(folder))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OSError, match=r"holds other files, such as 'thesis.txt'"):
        fit(model_of(), BackupAndRestore(tmp_path / "mine"))
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


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
