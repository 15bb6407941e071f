"""ModelCheckpoint: its files are Keras's, epoch by epoch, and load as what was trained."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import Input, Model, Sequential, layers
from geartrain.callbacks import Callback, LambdaCallback, ModelCheckpoint
from geartrain.errors import GeartrainWarning
from scripts.record.checkpoint_training import training_of
from tests.recorded import load

FACTS, _ = load("checkpoints")
CASES = {case["name"]: case for case in FACTS["cases"]}


# Where Keras is wrong: NaN, once it comes first, stays the best for ever; and with several steps at
# once it hears of every second batch alone, and of a sixth one where there are five.
OTHERWISE = ("nan first", "several steps at once")


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(OTHERWISE)])
def test_files_and_words_are_those_of_keras(name, tmp_path):
    case = CASES[name]
    after, printed = training_of(
        keras, tmp_path, case["filepath"], case["options"], case["setting"]
    )
    assert after == case["after"]
    assert printed == case["printed"]


def test_batches_are_counted_one_by_one_if_several_steps_run_at_once(tmp_path):
    several, one = CASES["several steps at once, keras"], CASES["every third batch, keras"]
    given = several["filepath"], several["options"], several["setting"]
    after, _ = training_of(keras, tmp_path, *given)
    expected = [name.replace("_0", "_") for name in one["after"][-1]["files"]]
    assert after[-1]["files"] == expected
    assert "2_6.keras" in several["after"][-1]["files"]  # Keras's, of five batches


def test_a_value_that_is_nan_is_never_the_best(tmp_path):
    case = CASES["nan first, keras"]
    after, printed = training_of(
        keras, tmp_path, case["filepath"], case["options"], case["setting"]
    )
    assert after[-1]["files"] == ["2.keras", "4.keras"]
    assert "score did not improve from None" in printed
    assert case["after"][-1]["files"] == ["1.keras"]  # Keras's


# -- models of each kind --------------------------------------------------------------------------


@keras.saving.register_keras_serializable("checkpoints")
class Own(Model):
    def __init__(self, units, **config):
        super().__init__(**config)
        self.units = units
        self.hidden, self.last = layers.Dense(units, activation="tanh"), layers.Dense(1)

    def call(self, x):
        return self.last(self.hidden(x))


def sequential():
    return Sequential([Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1)])


def functional():
    x = Input((4,))
    left, right = layers.Dense(3, activation="relu")(x), layers.Dense(3)(x)
    return Model(x, layers.Dense(1)(layers.Concatenate()([left, right])))


def nested():
    x = Input((4,))
    inner = sequential()
    return Model(x, layers.Add()([inner(x), functional()(x)]))


def normalized():
    return Sequential(
        [Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dropout(0.5),
         layers.Dense(1)]
    )  # fmt: skip


def recurrent():
    return Sequential([Input((4,)), layers.Reshape((4, 1)), layers.LSTM(3), layers.Dense(1)])


def several_outputs():
    x = Input((4,))
    return Model(x, {name: layers.Dense(1, name=name)(x) for name in ("a", "b")})


KINDS = {
    "sequential": sequential, "functional": functional, "nested": nested, "own": lambda: Own(3),
    "normalized": normalized, "recurrent": recurrent, "several outputs": several_outputs,
}  # fmt: skip
X = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")


def fitted(model, *checkpoints, epochs=2):
    y = X[:, :1]
    if isinstance(model.output_names if hasattr(model, "output_names") else None, list):
        y = dict.fromkeys(model.output_names, y) if len(model.output_names) > 1 else y
    model.fit(
        X, y, epochs=epochs, batch_size=4, shuffle=False, verbose=0, callbacks=list(checkpoints)
    )
    return model


def compiled(kind):
    keras.utils.set_random_seed(0)
    model = KINDS[kind]()
    model.compile(optimizer="adam", loss="mse")
    return model


def arrays(outputs):
    return list(outputs.values()) if isinstance(outputs, dict) else [outputs]


def same_bits(one, other):
    for first, second in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_each_kind_loads_as_it_was_and_trains_on(kind, tmp_path):
    model = compiled(kind)
    fitted(
        model,
        ModelCheckpoint(tmp_path / "{epoch}.keras"),
        ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True),
    )
    whole = keras.saving.load_model(tmp_path / "2.keras")
    same_bits(whole.predict(X, verbose=0), model.predict(X, verbose=0))
    other = compiled(kind)
    if not other.built:
        other.build(X.shape)
    other.optimizer.build(other.trainable_variables)
    other.load_weights(tmp_path / "2.weights.h5")
    same_bits(other.predict(X, verbose=0), model.predict(X, verbose=0))
    assert int(whole.optimizer.iterations) == int(model.optimizer.iterations) == 6
    earlier = keras.saving.load_model(tmp_path / "1.keras")
    assert int(earlier.optimizer.iterations) == 3
    if kind != "normalized":  # dropout goes on with numbers of its own
        same_bits(
            fitted(whole, epochs=3).predict(X, verbose=0),
            fitted(model, epochs=3).predict(X, verbose=0),
        )


def test_the_best_model_is_the_one_of_the_best_epoch(tmp_path):
    """By a metric whose direction is known, on validation data."""
    weights = {}
    model = compiled("sequential")
    model.compile(optimizer=keras.optimizers.SGD(0.4), loss="mse", metrics=["mae"])
    best = ModelCheckpoint(tmp_path / "best.keras", monitor="val_mae", save_best_only=True)
    noted = LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.update({logs["val_mae"]: model.get_weights()})
    )
    model.fit(
        X, X[:, :1], validation_data=(X[:5], X[:5, 1:2]), epochs=6, verbose=0,
        callbacks=[best, noted],
    )  # fmt: skip
    assert best.best == min(weights) and len(weights) == 6
    same_bits(dict(enumerate(keras.saving.load_model(tmp_path / "best.keras").get_weights())),
              dict(enumerate(weights[min(weights)])))  # fmt: skip


def test_the_best_of_batches(tmp_path):
    class Scores(Callback):
        def on_train_batch_end(self, batch, logs=None):
            logs["score"] = [0.5, 0.9, 0.7][batch]

    best = ModelCheckpoint(
        tmp_path / "{epoch}_{batch}.keras", "score", save_best_only=True, mode="max", save_freq=1
    )
    fitted(compiled("sequential"), Scores(), best)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1_1.keras", "1_2.keras"]


def test_files_of_the_format_of_old(tmp_path):
    with pytest.warns(GeartrainWarning, match=r"'.h5' is the legacy format"):
        model = fitted(compiled("sequential"), ModelCheckpoint(tmp_path / "model.h5"))
    loaded = keras.saving.load_model(tmp_path / "model.h5")
    same_bits(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


# -- what is refused, and when --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "a.pkl"}, r"ends in .keras or .h5. Received: 'a.pkl' with .*=False"),
        ({"filepath": "a.keras", "save_weights_only": True}, r"ends in .weights.h5. Received"),
        ({"filepath": "a.keras", "save_freq": "batch"}, r"'epoch' or a number .* 'batch'"),
        ({"filepath": "a.keras", "save_freq": 0}, r"Received: 0"),
        ({"filepath": "{}.keras"}, r"'{}.keras': {} has no name"),
        ({"filepath": "{0}.keras"}, r"\{0\} has no name"),
        (
            {"filepath": "{epoch.keras"},
            r"expected '}' before end of string. Write {{ and }} for braces that stay.",
        ),
        ({"filepath": "{epoch:s}.keras"}, r"\{epoch:s\}: Unknown format code 's'"),
        ({"filepath": "{batch}.keras"}, r"{batch} needs a number of batches as save_freq"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=f"^ModelCheckpoint: expected .*{message}"):
        ModelCheckpoint(**arguments)


def test_braces_that_stay_are_written_twice(tmp_path):
    fitted(compiled("sequential"), ModelCheckpoint(tmp_path / "{{a}}{epoch}.keras"), epochs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["{a}1.keras"]


class NotTrained(Callback):
    def on_train_batch_begin(self, batch, logs=None):
        raise AssertionError("work was done")


def refused(checkpoint, error, message, model=None):
    """It is told at the start of `fit`, and the model is as it was."""
    model = model or compiled("sequential")
    before = model.get_weights()
    with pytest.raises(error, match=message):
        fitted(model, checkpoint, NotTrained())
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_folder_in_the_files_place_is_told_before_training(tmp_path):
    (tmp_path / "a.keras").mkdir()
    refused(ModelCheckpoint(tmp_path / "a.keras"), IsADirectoryError, r"a.keras': it is a folder")


def test_a_file_in_a_folders_place_is_told_before_training(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for name in ("file/{epoch}.keras", "file/{epoch}/a.keras"):
        refused(ModelCheckpoint(tmp_path / name), NotADirectoryError, r"cannot write .*file")


def test_a_format_that_does_not_fit_a_metric_is_told_before_training(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{loss:d}.keras")
    refused(checkpoint, ValueError, r"{loss:d}: Unknown format code 'd' for object of type 'fl")


class Holds(layers.Layer):
    """A layer whose configuration is no plain value."""

    def __init__(self, thing, **config):
        super().__init__(**config)
        self.thing = thing

    def call(self, x):
        return x


def test_a_model_that_cannot_be_described_is_told_before_training(tmp_path):
    model = Sequential([Input((4,)), Holds(object()), layers.Dense(1)])
    model.compile("sgd", "mse")
    refused(ModelCheckpoint(tmp_path / "a.keras"), TypeError, "told in a file.*get_config", model)
    fitted(model, ModelCheckpoint(tmp_path / "a.weights.h5", save_weights_only=True))
    assert [path.name for path in tmp_path.iterdir()] == ["a.weights.h5"]


def test_a_name_that_is_nearly_a_metrics_is_warned_of_before_training(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}_{val_los}.keras")
    with (
        pytest.warns(GeartrainWarning, match=r"Received: 'val_los', .* mean 'val_loss'\?"),
        pytest.raises(AssertionError, match="work was done"),
    ):
        fitted(compiled("sequential"), checkpoint, NotTrained())


def test_a_name_that_no_log_has_is_told_with_those_there_are(tmp_path):
    for name, message in {
        "{thing}": r"epoch, loss. Received: 'thing'.$",
        "{val_loss}": r"Received: 'val_loss'. Pass validation_data or validation_split to fit",
        "{loss.real_part}": r"has no attribute 'real_part'",
    }.items():
        with pytest.raises(ValueError, match=message):
            fitted(compiled("sequential"), ModelCheckpoint(tmp_path / f"{name}.keras"))


def test_without_the_watched_value_every_epoch_is_saved(tmp_path):
    best = ModelCheckpoint(tmp_path / "{epoch}.keras", save_best_only=True)
    with pytest.warns(GeartrainWarning, match="ModelCheckpoint: expected 'val_loss' in the logs"):
        fitted(compiled("sequential"), best)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.keras", "2.keras"]


def test_a_watched_value_that_is_no_number_is_warned_of(tmp_path):
    class Several(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["several"] = np.zeros(3)

    best = ModelCheckpoint(tmp_path / "{epoch}.keras", "several", save_best_only=True, mode="min")
    with pytest.warns(GeartrainWarning, match=r"a number as 'several' .* Received: shape \(3,\)"):
        fitted(compiled("sequential"), Several(), best)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_save_that_fails_ends_training_and_leaves_the_former_file(tmp_path):
    """The folder vanishes between the epochs, and a file is in its place."""
    path = tmp_path / "folder" / "a.keras"

    class Vanish(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                path.parent.rename(tmp_path / "moved")
                path.parent.write_bytes(b"")

    model = compiled("sequential")
    checkpoint = ModelCheckpoint(path, "loss", save_best_only=True)
    with pytest.raises(NotADirectoryError, match=r"cannot write '.*folder': .* is a file"):
        fitted(model, Vanish(), checkpoint)
    loaded = keras.saving.load_model(tmp_path / "moved" / "a.keras")
    assert int(loaded.optimizer.iterations) == 3 and int(model.optimizer.iterations) == 6
    assert model.predict(X, verbose=0).shape == (12, 1)
