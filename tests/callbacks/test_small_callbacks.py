"""LearningRateScheduler, TerminateOnNaN, CSVLogger, ProgbarLogger, and all of them in `fit`."""

import csv
import re

import numpy as np
import pytest

from geartrain import Sequential, callbacks, layers, optimizers
from geartrain.callbacks import CallbackList, CSVLogger, LearningRateScheduler, ProgbarLogger

# -- LearningRateScheduler ------------------------------------------------------------------------


def small_model():
    model = Sequential([layers.Input((1,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.5), "mse")
    return model


def scheduled(schedule, **arguments):
    scheduler = LearningRateScheduler(schedule, **arguments)
    scheduler.set_model(small_model())
    return scheduler


def test_schedules_of_the_epoch_and_of_the_rate_so_far(capsys):
    of_epoch = scheduled(lambda epoch: 1.0 / (epoch + 1), verbose=1)
    of_both = scheduled(lambda epoch, rate: rate / 2)
    with_default = scheduled(lambda epoch, rate=9.0: rate / 2)
    for scheduler, rates in (
        (of_epoch, [1.0, 0.5]),
        (of_both, [0.25, 0.125]),
        (with_default, [0.25, 0.125]),
    ):
        for epoch, rate in enumerate(rates):
            logs = {}
            scheduler.on_epoch_begin(epoch)
            assert float(scheduler.model.optimizer.learning_rate) == rate
            scheduler.on_epoch_end(epoch, logs)
            assert logs == {"learning_rate": rate}
    assert "Epoch 2: LearningRateScheduler setting learning rate to 0.5." in capsys.readouterr().out


def test_schedule_objects_and_tensors_are_rates():
    scheduler = scheduled(optimizers.schedules.ExponentialDecay(1.0, 1, 0.5))
    scheduler.on_epoch_begin(2)
    assert float(scheduler.model.optimizer.learning_rate) == 0.25
    scheduler.on_epoch_end(2)  # without logs there is nothing to add to


def test_an_error_inside_the_schedule_is_not_hidden():
    with pytest.raises(TypeError, match="unsupported operand"):
        scheduled(lambda epoch, rate: rate + "a").on_epoch_begin(0)


def test_what_is_no_rate_is_refused():
    with pytest.raises(TypeError, match=r"to return a number. Received: None for epoch 0"):
        scheduled(lambda epoch: None).on_epoch_begin(0)
    with pytest.raises(TypeError, match=r"expected a function of the epoch. Received: 0.1"):
        LearningRateScheduler(0.1)


# -- TerminateOnNaN -------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_ends_training(loss, capsys):
    guard = callbacks.TerminateOnNaN()
    guard.set_model(small_model())
    guard.on_train_batch_end(0, {"loss": 1.0})
    guard.on_train_batch_end(1, {})
    assert guard.model.stop_training is False
    guard.on_train_batch_end(2, {"loss": loss})
    assert guard.model.stop_training is True
    assert capsys.readouterr().out == f"Batch 2: the loss is {loss}. Training stops.\n"
    with pytest.raises(RuntimeError, match=f"Received: {loss} at batch 3. Try a smaller learning"):
        callbacks.TerminateOnNaN(raise_error=True).on_train_batch_end(3, {"loss": loss})


# -- CSVLogger ------------------------------------------------------------------------------------


def written(path, separator=","):
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_a_line_each_epoch(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path, separator=";")
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.25})
    assert len(written(path)) == 2  # complete after each epoch
    logger.on_epoch_end(1, {"loss": np.array([1.0, 2.0])})
    logger.on_train_end()
    assert written(path, ";") == [
        ["epoch", "loss", "val_loss"], ["0", "0.5", "0.25"], ["1", '"[1.0, 2.0]"', "NA"]
    ]  # fmt: skip


def test_a_column_is_kept_for_later_validation(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path)
    logger.on_train_begin()
    logger.on_epoch_end(0, {"loss": 0.5})
    logger.on_epoch_end(1, {"loss": 0.5, "val_loss": 0.25})
    assert written(path) == [
        ["epoch", "loss", "val_loss"],
        ["0", "0.5", "NA"],
        ["1", "0.5", "0.25"],
    ]


@pytest.mark.parametrize("append", [True, False])
def test_appending(tmp_path, append):
    path = tmp_path / "log.csv"
    for number in range(2):
        logger = CSVLogger(path, append=append)
        logger.on_train_begin()
        logger.on_epoch_end(number, {"val_loss": 0.5})
    rows = [["epoch", "val_loss"], ["0", "0.5"], ["1", "0.5"]]
    assert written(path) == (rows if append else [rows[0], rows[2]])


def test_a_line_that_somebody_left_unended_is_ended_first(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_loss\r\n0,0.5,NA", encoding="ascii", newline="")
    logger = CSVLogger(path, append=True)
    logger.on_train_begin()
    logger.on_epoch_end(1, {"loss": 0.25})
    assert path.read_bytes() == b"epoch,loss,val_loss\r\n0,0.5,NA\r\n1,0.25,NA\r\n"


@pytest.mark.parametrize("append", [True, False])
def test_a_file_that_cannot_be_written_is_told_before_training(tmp_path, append):
    logger = CSVLogger(tmp_path / "nowhere" / "log.csv", append=append)
    with pytest.raises(FileNotFoundError, match=r"cannot write '.*log.csv': .*Make its folder"):
        logger.on_train_begin()


# -- ProgbarLogger --------------------------------------------------------------------------------


def shown(capsys):
    """What was printed, with the times replaced by T."""
    return re.sub(r" - [\d.:]+[mu]?s( [\d.]+[mu]?s/sample)?", " - T", capsys.readouterr().out)


def training(verbose, epochs=2):
    listeners = CallbackList(add_progbar=True, verbose=verbose, epochs=epochs, steps=2, samples=200)
    listeners.on_train_begin()
    for epoch in range(epochs):
        listeners.on_epoch_begin(epoch)
        for batch in range(2):
            listeners.on_train_batch_end(batch, {"loss": 1.0})
        listeners.on_test_begin()
        listeners.on_test_batch_end(0, {"loss": 9.0})
        listeners.on_test_end({"loss": 9.0})
        listeners.on_epoch_end(epoch, {"loss": 0.5})
    listeners.on_train_end()
    return listeners


def test_a_bar_for_each_epoch(capsys):
    training(verbose=1)
    bar = "200/200 [====================] 2 batches - T - loss: 0.5000\n"
    assert shown(capsys) == f"Epoch 1/2\n{bar}Epoch 2/2\n{bar}"


def test_one_epoch_needs_no_title(capsys):
    training(verbose=1, epochs=1)
    assert shown(capsys) == "200/200 [====================] 2 batches - T - loss: 0.5000\n"


def test_auto_is_a_bar(capsys):
    training(verbose="auto", epochs=1)
    assert "[====" in capsys.readouterr().out


def test_one_line_an_epoch(capsys):
    training(verbose=2)
    line = "200/200 2 batches - T - loss: 0.5000\n"
    assert shown(capsys) == f"Epoch 1/2: {line}Epoch 2/2: {line}"


def test_silence(capsys):
    training(verbose=0)
    assert capsys.readouterr().out == ""


def test_evaluation_has_a_bar_of_its_own_outside_of_fit(capsys):
    listeners = training(verbose=0)
    listeners.set_params({"verbose": 1, "steps": 1, "samples": 30})
    listeners.on_test_begin()
    listeners.on_test_batch_end(0, {"loss": 0.25})
    listeners.on_test_end({"loss": 0.25})
    assert shown(capsys) == "30/30 [====================] 1 batch - T - loss: 0.2500\n"


def test_prediction_shows_no_metrics(capsys):
    listeners = CallbackList(add_progbar=True, verbose=1, steps=1, samples=30)
    listeners.on_predict_begin()
    listeners.on_predict_batch_end(0, {"outputs": np.zeros((30, 2))})
    listeners.on_predict_end()
    assert shown(capsys) == "30/30 [====================] 1 batch - T\n"


def test_the_length_of_a_stream_is_known_at_its_end(capsys):
    bar = ProgbarLogger()
    bar.set_params({"verbose": 1, "epochs": 1, "steps": None})
    bar.on_epoch_begin(0)
    for batch in range(3):
        bar.on_train_batch_end(batch, {"loss": 1.0})
    bar.on_epoch_end(0, {"loss": 0.5})
    assert re.match(r"3/3 .* - loss: 0.5000\n", capsys.readouterr().out)


def test_an_epoch_without_batch_hooks_is_complete_at_its_end(capsys):
    bar = ProgbarLogger()
    bar.set_params({"verbose": 1, "epochs": 1, "steps": 2, "samples": 200})
    bar.on_epoch_begin(0)
    bar.on_epoch_end(0, {"loss": 0.5})
    assert shown(capsys) == "200/200 [====================] 2 batches - T - loss: 0.5000\n"


def test_an_epoch_that_was_cut_short_shows_how_far_it_came(capsys):
    bar = ProgbarLogger()
    bar.set_params({"verbose": 1, "epochs": 1, "steps": 4, "samples": 400})
    bar.on_epoch_begin(0)
    bar.on_train_batch_end(0, {"loss": 1.0})
    bar.on_epoch_end(0, {"loss": 1.0})
    assert capsys.readouterr().out.startswith("100/400 [=====>")


# -- in fit ---------------------------------------------------------------------------------------


def test_in_fit(tmp_path, capsys):
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 4)).astype("float32")
    y = (x[:, :1] > 0).astype("float32")
    model = Sequential([layers.Dense(1)])
    model.compile(optimizer=optimizers.SGD(0.05), loss="mse")
    record = model.fit(
        x, y, epochs=8, batch_size=10, verbose=2, validation_data=(x, -y),
        callbacks=[
            callbacks.EarlyStopping(patience=3, mode="max", restore_best_weights=True),
            callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=100.0, factor=0.5),
            CSVLogger(tmp_path / "log.csv"),
            callbacks.TerminateOnNaN(),
        ],
    )  # fmt: skip
    assert record is model.history
    names = {"loss", "val_loss", "learning_rate"}
    assert set(record.history) == names
    assert len(written(tmp_path / "log.csv")) == len(record.epoch) + 1
    assert record.history["learning_rate"][:3] == pytest.approx([0.05, 0.05, 0.025])
    assert capsys.readouterr().out.count("40/40 4 batches") == len(record.epoch)
