"""Callbacks that watch a value: EarlyStopping, ReduceLROnPlateau. The values are given to them."""

import numpy as np
import pytest

from geartrain import Sequential, layers, metrics, ops, optimizers
from geartrain.callbacks import EarlyStopping, ReduceLROnPlateau
from geartrain.callbacks.monitor import MonitorCallback
from geartrain.errors import GeartrainWarning


def odd(y_true, y_pred):
    """A metric of which nobody knows which way is better."""
    return ops.mean(y_pred - y_true, axis=-1)


def small_model():
    """A model with metrics of all kinds, which exist from the first batch on."""
    model = Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
    error = metrics.MeanSquaredError(name="error")
    model.compile(optimizers.SGD(1.0), "mse", metrics=["accuracy", error, odd])
    model.evaluate(np.zeros((1, 1)), np.zeros((1, 1)), verbose=0)
    return model


def weight(model):
    (kernel,) = model.get_weights()
    return kernel.item()


def train(callback, values, monitor="loss"):
    """Tell the callback of epochs with these values, until it stops; returns the model.

    The model's weight is the number of the epoch.
    """
    model = small_model()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.set_weights([np.full((1, 1), epoch)])
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return model


# -- which way is better --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("monitor", "mode", "more_is_better"),
    [
        ("loss", "auto", False),
        ("val_loss", "auto", False),
        ("val_head_loss", "auto", False),
        ("accuracy", "auto", True),
        ("val_accuracy", "auto", True),
        ("val_head_accuracy", "auto", True),
        ("val_error", "auto", False),
        ("anything", "max", True),
        ("accuracy", "min", False),
    ],
)
def test_direction(monitor, mode, more_is_better):
    watch = MonitorCallback(monitor, mode)
    watch.set_model(small_model())
    assert watch.is_better(2.0, than=1.0) is more_is_better
    assert watch.is_better(0.0, than=1.0) is not more_is_better
    assert watch.is_better(1.0, than=None)
    assert not watch.is_better(float("nan"), than=None)
    assert not watch.is_better(float("nan"), than=1.0)


@pytest.mark.parametrize("name", ["odd", "unheard_of"])
def test_a_metric_without_direction_needs_a_mode(name):
    with pytest.raises(ValueError, match=rf"monitor='{name}'. Pass mode='max' or mode='min'"):
        train(EarlyStopping(name), [1.0], name)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match=r"mode of EarlyStopping: 'mix'. .* Known: auto, max, min"):
        EarlyStopping(mode="mix")


@pytest.mark.parametrize(
    ("monitor", "logs", "message"),
    [
        ("val_loss", {"loss": 1.0}, r"Received: loss. Pass validation_data or validation_split"),
        ("val_los", {"loss": 1, "val_loss": 1}, r"loss, val_loss. Did you mean 'val_loss'\?"),
        ("auc", {"accuracy": 1.0}, "expected 'auc' in the logs. Received: accuracy"),
        ("loss", {}, "Received: no logs"),
    ],
)
def test_a_missing_value_is_warned_of_once_in_a_training(monitor, logs, message):
    stopping = EarlyStopping(monitor, mode="min")
    stopping.set_model(small_model())
    for _ in range(2):
        stopping.on_train_begin()
        with pytest.warns(GeartrainWarning, match=message) as warned:
            stopping.on_epoch_end(0, logs)
            stopping.on_epoch_end(1, logs)
        assert len(warned) == 1


def test_a_name_that_is_no_metrics_cannot_be_watched_without_a_mode():
    stopping = EarlyStopping("val_acuracy")
    stopping.set_model(small_model())
    with pytest.raises(ValueError, match=r"Pass mode=.* Did you mean 'val_accuracy'\?"):
        stopping.on_epoch_end(0, {"loss": 1.0, "val_accuracy": 1.0})


def test_metrics_of_several_numbers_are_arrays_in_logs_and_history():
    x, y = np.ones((4, 2), "float32"), np.eye(4, 3, dtype="float32")
    model = Sequential([layers.Dense(3, activation="softmax")])
    model.compile("sgd", "mse", metrics=[metrics.F1Score(name="f1")])
    several = EarlyStopping("f1", mode="max")
    with pytest.raises(ValueError, match=r"expected one number to watch.*'f1' with shape \(3,\)"):
        model.fit(x, y, verbose=0, callbacks=[several])
    assert model.fit(x, y, verbose=0).history["f1"][0].shape == (3,)
    one = Sequential([layers.Dense(1, activation="sigmoid")])
    one.compile("sgd", "mse", metrics=[metrics.F1Score(name="f1")])
    stopping = EarlyStopping("f1")
    assert stopping.monitor_op is None
    one.fit(x, y[:, :1], verbose=0, callbacks=[stopping])
    assert stopping.monitor_op is ops.greater


# -- EarlyStopping --------------------------------------------------------------------------------


def test_stopping_after_patience_and_restoring(capsys):
    stopping = EarlyStopping("loss", patience=2, restore_best_weights=True, verbose=1)
    model = train(stopping, [0.9, 0.5, 0.6, 0.7, 0.1])
    assert stopping.stopped_epoch == 3
    assert (stopping.best, stopping.best_epoch) == (0.5, 1)
    assert weight(model) == 1
    out = capsys.readouterr().out
    assert out == "Epoch 4: early stopping\nRestoring the weights of the best epoch: 2.\n"


def test_without_restoring_no_weights_are_kept():
    stopping = EarlyStopping("loss", patience=1)
    model = train(stopping, [0.5, 0.4, 0.6])
    assert stopping.best_weights is None
    assert stopping.best_epoch == 1
    assert weight(model) == 2


def test_the_best_weights_come_back_even_if_nothing_stopped():
    model = train(EarlyStopping("loss", patience=9, restore_best_weights=True), [0.5, 0.4, 0.6])
    assert model.stop_training is False
    assert weight(model) == 1


def test_min_delta_start_and_baseline():
    assert train(EarlyStopping("loss", min_delta=0.1, patience=1), [1.0, 0.95]).stop_training
    assert not train(EarlyStopping("loss", min_delta=0.1, patience=1), [1.0, 0.85]).stop_training
    late = EarlyStopping("loss", patience=1, start_from_epoch=3)
    train(late, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert late.stopped_epoch == 4
    never_beaten = EarlyStopping("loss", patience=3, baseline=0.1)
    train(never_beaten, [0.9, 0.8, 0.7, 0.7, 0.5])
    assert never_beaten.stopped_epoch == 3
    beaten = EarlyStopping("loss", patience=2, baseline=0.75)
    assert not train(beaten, [0.9, 0.7, 0.6, 0.5]).stop_training


def test_no_patience_stops_after_two_epochs_at_the_earliest():
    stopping = EarlyStopping("accuracy")
    train(stopping, [0.5, 0.5, 0.5], "accuracy")
    assert stopping.stopped_epoch == 1


def test_a_first_value_that_is_nan_is_beaten_by_any_other():
    stopping = EarlyStopping("loss")
    assert not train(stopping, [float("nan"), 0.5]).stop_training
    assert stopping.best == 0.5


def test_a_second_training_starts_afresh():
    stopping = EarlyStopping("loss", patience=1)
    train(stopping, [0.1, 0.2])
    assert not train(stopping, [0.9, 0.8]).stop_training


# -- ReduceLROnPlateau ----------------------------------------------------------------------------


def rates(callback, values):
    """The learning rate after each epoch."""
    model = small_model()
    callback.set_model(model)
    callback.on_train_begin()
    found = []
    for epoch, value in enumerate(values):
        logs = {"loss": value}
        callback.on_epoch_end(epoch, logs)
        found.append(float(model.optimizer.learning_rate))
    return found


def test_reduction_after_patience_cooldown_and_least_rate(capsys):
    reduce = ReduceLROnPlateau("loss", factor=0.5, patience=2, min_lr=0.2, verbose=1)
    assert rates(reduce, [1.0] * 9) == pytest.approx(
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]
    )
    assert capsys.readouterr().out.splitlines() == [
        "", "Epoch 3: ReduceLROnPlateau reducing learning rate to 0.5.",
        "", "Epoch 5: ReduceLROnPlateau reducing learning rate to 0.25.",
        "", "Epoch 7: ReduceLROnPlateau reducing learning rate to 0.2.",
    ]  # fmt: skip


def test_cooldown():
    reduce = ReduceLROnPlateau("loss", factor=0.5, patience=1, cooldown=2)
    assert rates(reduce, [1.0] * 6) == [1.0, 0.5, 0.5, 0.25, 0.25, 0.125]
    assert reduce.in_cooldown()


def test_progress_keeps_the_rate():
    assert rates(ReduceLROnPlateau("loss", patience=1), [5.0, 4.0, 3.0]) == [1.0] * 3
    small = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.5)
    assert rates(small, [5.0, 4.9]) == [1.0, 0.5]


def test_the_learning_rate_is_in_the_logs():
    reduce, logs = ReduceLROnPlateau("loss"), {"loss": 1.0}
    reduce.set_model(small_model())
    reduce.on_epoch_end(0, logs)
    assert logs == {"loss": 1.0, "learning_rate": 1.0}


def test_a_missing_value_keeps_the_rate():
    reduce = ReduceLROnPlateau(patience=1)
    reduce.set_model(small_model())
    with pytest.warns(GeartrainWarning, match="Received: loss, learning_rate. Pass validation_"):
        reduce.on_epoch_end(0, {"loss": 1.0})
    assert float(reduce.model.optimizer.learning_rate) == 1.0


def test_a_factor_that_does_not_reduce_is_refused():
    with pytest.raises(ValueError, match=r"expected a factor below 1. Received: 1.0"):
        ReduceLROnPlateau(factor=1.0)


@pytest.mark.parametrize(
    ("monitor", "logged"), [("val_acc", "val_accuracy"), ("mean_absolute_error", "mae")]
)
def test_a_metric_by_its_other_name(monitor, logged):
    stopping = EarlyStopping(monitor, mode="min")
    stopping.set_model(small_model())
    stopping.on_train_begin()
    with pytest.warns(GeartrainWarning, match=f"the logs have '{logged}'. Write monitor="):
        stopping.on_epoch_end(0, {logged: 0.5})
    assert stopping.monitor == logged
    assert stopping.best == 0.5
