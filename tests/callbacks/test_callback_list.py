"""Callbacks in general: the hooks, their order, their logs, and who wants batches."""

import itertools

import numpy as np
import pytest

from geartrain import Sequential, callbacks, layers, optimizers
from geartrain.callbacks import Callback, CallbackList, History, LambdaCallback, ProgbarLogger
from geartrain.callbacks.callback import BATCH_HOOKS, HOOKS
from geartrain.utils import set_random_seed


class Recorder(Callback):
    """Notes every hook that is called, with its arguments."""

    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if name in HOOKS:
            return lambda *arguments: self.calls.append((name, *arguments))
        return super().__getattribute__(name)


def arguments_of(hook):
    return (3,) if "batch" in hook or "epoch" in hook else ()


class Mute(callbacks.RemoteMonitor):
    def _send(self, content):
        """Reach no server."""


MADE = {
    "BackupAndRestore": lambda folder: callbacks.BackupAndRestore(folder / "backup"),
    "CSVLogger": lambda folder: callbacks.CSVLogger(folder / "log.csv"),
    "EarlyStopping": lambda folder: callbacks.EarlyStopping(patience=5),
    "LearningRateScheduler": lambda folder: callbacks.LearningRateScheduler(lambda epoch: 0.5),
    "ModelCheckpoint": lambda folder: callbacks.ModelCheckpoint(folder / "best.keras"),
    "RemoteMonitor": lambda folder: Mute(),
    "TensorBoard": lambda folder: callbacks.TensorBoard(folder, 1, True, True, True, "batch"),
}


def small_model():
    model = Sequential([layers.Input((1,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.5, use_ema=True), "mse")
    return model


# Which stop training, take its data, or say where they serve a page; each has tests of its own.
OF_FIT = ("LearningRateFinder", "LivePage", "OverfitOneBatch")


@pytest.mark.parametrize("name", [name for name in callbacks.__all__ if name not in OF_FIT])
def test_every_callback_takes_every_hook(name, tmp_path, capsys):
    """Through a whole training: begin, epochs with batches and validation, end."""
    made = MADE.get(name, lambda folder: getattr(callbacks, name)())(tmp_path)
    listeners = CallbackList(made, model=small_model(), verbose=0, epochs=2, steps=2)
    logs = {"loss": 0.5, "val_loss": 0.25}
    listeners.on_train_begin()
    for epoch in range(2):
        listeners.on_epoch_begin(epoch)
        for batch in range(2):
            listeners.on_train_batch_begin(batch)
            listeners.on_train_batch_end(batch, {"loss": 0.5})
        listeners.on_test_begin()
        listeners.on_test_batch_begin(0)
        listeners.on_test_batch_end(0, {"loss": 0.25})
        listeners.on_test_end({"loss": 0.25})
        listeners.on_epoch_end(epoch, logs)
    listeners.on_train_end(logs)
    listeners.on_predict_begin()
    listeners.on_predict_batch_begin(0)
    listeners.on_predict_batch_end(0, {"outputs": np.zeros((2, 2))})
    listeners.on_predict_end()
    assert made.params == {"verbose": 0, "epochs": 2, "steps": 2}
    assert made.model.stop_training is False
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_is_told_to_all_in_order(hook):
    first, second = Recorder(), Recorder()
    second.calls = first.calls
    place = arguments_of(hook)
    getattr(CallbackList([first, [second]]), hook)(*place, {"loss": np.float32(0.5)})
    assert first.calls == [(hook, *place, {"loss": 0.5})] * 2


@pytest.mark.parametrize("hook", HOOKS)
def test_hooks_of_the_base_class_do_nothing(hook):
    assert getattr(Callback(), hook)(*arguments_of(hook)) is None


def test_old_batch_hooks_are_those_of_training():
    seen = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            seen.append(("end", batch, logs["loss"]))

    listeners = CallbackList(Old())
    listeners.on_train_batch_begin(4)
    listeners.on_train_batch_end(4, {"loss": 0.5})
    assert seen == [("begin", 4), ("end", 4, 0.5)]


def test_who_is_appended_later_hears_what_comes():
    first, second, listeners = Recorder(), Recorder(), CallbackList()
    listeners.on_epoch_begin(0)
    assert not listeners.wants_batches("train")
    listeners.append(first)
    listeners.on_epoch_begin(1)
    listeners.append(second)
    listeners.on_epoch_begin(2)
    assert [call[:2] for call in first.calls] == [("on_epoch_begin", 1), ("on_epoch_begin", 2)]
    assert [call[:2] for call in second.calls] == [("on_epoch_begin", 2)]
    assert listeners.wants_batches("train")


def test_what_a_callback_adds_to_the_logs_is_recorded():
    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = epoch

    listeners = CallbackList([Adds()], add_history=True)
    given = {"b": np.float32(1), "a": 2, "nested": {"c": 3}}
    listeners.on_epoch_end(0, given)
    record = listeners.callbacks[-1].history
    assert record == {"a": [2], "b": [1], "c": [3], "extra": [0]}
    assert list(record) == ["a", "b", "c", "extra"]
    assert list(given) == ["b", "a", "nested"]


def test_history_and_bar_are_added_once():
    record, bar = History(), ProgbarLogger()
    model = small_model()
    given = CallbackList([record, bar], add_history=True, add_progbar=True, model=model)
    assert given.callbacks == [record, bar]
    assert model.history is record
    added = CallbackList([], add_history=True, add_progbar=True)
    assert [type(callback) for callback in added.callbacks] == [History, ProgbarLogger]
    assert CallbackList().callbacks == []


def test_history_starts_its_epochs_anew():
    record = History()
    record.set_model(small_model())
    for _ in range(2):
        record.on_train_begin()
        record.on_epoch_end(5, {"loss": 1.0})
    assert record.epoch == [5]
    assert record.history == {"loss": [1.0, 1.0]}
    assert record.model.history is record
    assert repr(record) == "<History of 1 epochs: loss>"


# -- who wants batches ----------------------------------------------------------------------------


@pytest.mark.parametrize("loop", BATCH_HOOKS)
def test_a_batch_hook_is_wanted_once_it_is_overridden(loop):
    assert not Callback().wants_batches(loop)
    for hook in BATCH_HOOKS[loop]:
        cls = type("Own", (Callback,), {hook: lambda self, batch, logs=None: None})
        assert cls().wants_batches(loop)
        assert CallbackList([Callback(), cls()]).wants_batches(loop)
        assert all(not cls().wants_batches(other) for other in BATCH_HOOKS if other != loop)
        assert LambdaCallback(**{hook: lambda batch, logs: None}).wants_batches(loop)


def test_built_in_callbacks_want_batches_only_where_they_count_them(tmp_path):
    def wanting(*given):
        return [loop for loop in BATCH_HOOKS if CallbackList(list(given)).wants_batches(loop)]

    quiet = [
        callbacks.EarlyStopping(), callbacks.ReduceLROnPlateau(), History(), ProgbarLogger(),
        callbacks.ModelCheckpoint("a.keras"), callbacks.CSVLogger("log.csv"),
        LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    ]  # fmt: skip
    assert wanting(*quiet) == []
    assert wanting(callbacks.ModelCheckpoint("a.keras", save_freq=10)) == ["train"]
    assert wanting(callbacks.TerminateOnNaN()) == ["train"]


# -- what is refused ------------------------------------------------------------------------------


def test_what_is_no_callback_is_refused():
    with pytest.raises(TypeError, match=r"Received: the class EarlyStopping. .* EarlyStopping\("):
        CallbackList([callbacks.EarlyStopping])
    with pytest.raises(TypeError, match=r"Received: 'stop'. .* LambdaCallback\(on_epoch_end"):
        CallbackList("stop")


def test_misspelled_keywords_suggest_the_nearest():
    with pytest.raises(TypeError, match="Did you mean 'patience'"):
        callbacks.EarlyStopping(patient=3)
    with pytest.raises(TypeError, match="Did you mean 'on_epoch_end'"):
        LambdaCallback(on_epochs_end=print)
    with pytest.raises(TypeError, match=r"expected on_epoch_end to be a function. Received: 3"):
        LambdaCallback(on_epoch_end=3)


# -- LambdaCallback -------------------------------------------------------------------------------


def test_functions_of_every_hook_are_called():
    seen = []
    hooks = {hook: lambda *arguments, h=hook: seen.append((h, *arguments)) for hook in HOOKS}
    listeners = CallbackList(LambdaCallback(**hooks))
    for hook in HOOKS:
        getattr(listeners, hook)(*arguments_of(hook), {"loss": 1.0})
    assert seen == [(hook, *arguments_of(hook), {"loss": 1.0}) for hook in HOOKS]


def test_most_steps_brings_native_calls_back_sooner_and_changes_no_bit():
    class Watch(Callback):
        def __init__(self, most):
            self.most, self.heard = most, []

        def wants_batches(self, loop):
            return False

        def most_steps(self):
            return self.most

        def on_train_batch_end(self, batch, logs=None):
            self.heard.append(batch)

    random = np.random.default_rng(0)
    x, y = random.random((200, 5), "float32"), random.random((200, 1), "float32")

    def trained(watch):
        set_random_seed(3)
        model = Sequential([layers.Dense(4, activation="relu"), layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=[watch])
        return watch.heard, [weight.tobytes() for weight in model.get_weights()]

    each, bits = trained(Watch(1))
    assert each == [*range(13)] * 2
    some, same = trained(Watch(3))
    assert all(b - a <= 3 for a, b in itertools.pairwise(some) if b > a) and len(some) < 26
    assert bits == same == trained(Watch(None))[1]
