"""How a model was compiled, as plain data and back."""

from __future__ import annotations

import json

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, losses, metrics, ops, optimizers
from geartrain.errors import GeartrainWarning
from geartrain.registry import register_keras_serializable

X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")


def model(**compiled):
    made = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="out")])
    if compiled:
        made.compile(**compiled)
    return made


def again(config):
    made = model()
    made.compile_from_config(json.loads(json.dumps(config)))
    return made


@register_keras_serializable("tests")
def own_loss(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


@register_keras_serializable("tests")
class OwnMetric(metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(ops.abs(y_true - y_pred), sample_weight)


COMPILED = {
    "strings": {"optimizer": "sgd", "loss": "mse", "metrics": ["mae", "accuracy"]},
    "objects": {
        "optimizer": optimizers.Adam(0.25, clipnorm=1.0),
        "loss": losses.Huber(2.0),
        "metrics": [metrics.MeanAbsoluteError(name="far"), "mse"],
        "weighted_metrics": ["mae"],
    },
    "schedule": {"optimizer": optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 5))},
    "function": {"optimizer": "sgd", "loss": own_loss, "metrics": [own_loss]},
    "built-in function": {"optimizer": "sgd", "loss": losses.mean_squared_error},
    "own metric": {"optimizer": "sgd", "loss": "mse", "metrics": [OwnMetric(name="own")]},
    "lists": {"optimizer": "sgd", "loss": ["mse"], "loss_weights": [0.5]},
    "dictionaries": {
        "optimizer": "sgd",
        "loss": {"out": "mse"},
        "loss_weights": {"out": 0.5},
        "metrics": {"out": ["mae"]},
    },
    "nothing": {"optimizer": None},
    "flags": {"optimizer": "sgd", "loss": "mse", "run_eagerly": True, "steps_per_execution": 4},
}


@pytest.mark.parametrize("case", COMPILED)
def test_compiling_again_gives_the_same_training(case):
    first = model(**COMPILED[case])
    config = first.get_compile_config()
    second = again(config)
    assert second.get_compile_config() == json.loads(json.dumps(config))
    assert second.run_eagerly == first.run_eagerly
    assert second.steps_per_execution == first.steps_per_execution
    if "loss" not in COMPILED[case]:
        return
    second.set_weights(first.get_weights())
    histories = [one.fit(X, Y, epochs=2, verbose=0).history for one in (first, second)]
    assert histories[0] == histories[1]


def test_the_keys_are_those_of_keras():
    config = model(optimizer="rmsprop", loss="mse").get_compile_config()
    assert list(config) == [
        "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly",
        "steps_per_execution", "jit_compile",
    ]  # fmt: skip
    assert config["optimizer"]["class_name"] == "RMSprop"
    assert config["optimizer"]["config"]["name"] == "rmsprop" or "_" in str(config["optimizer"])
    assert model().get_compile_config() == {}


def test_the_rate_is_the_one_of_now():
    made = model(optimizer="sgd", loss="mse")
    made.optimizer.learning_rate = 0.125
    assert again(made.get_compile_config()).optimizer.get_config()["learning_rate"] == 0.125


def test_a_wrapped_optimizer_is_told_as_it_was_given():
    made = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    made.dtype_policy = keras.DTypePolicy("mixed_float16")
    made.compile("adam", "mse")
    assert made.optimizer.name == "loss_scale_optimizer"
    assert made.get_compile_config()["optimizer"]["class_name"] == "Adam"
    made.compile("adam", "mse", auto_scale_loss=False)
    assert made.get_compile_config()["auto_scale_loss"] is False


def test_the_optimizer_of_a_built_model_is_built():
    assert again(model(optimizer="adam", loss="mse").get_compile_config()).optimizer.built


def test_what_pytorch_files_say_of_jit_does_not_make_training_slow():
    config = {**model(optimizer="sgd", loss="mse").get_compile_config(), "jit_compile": False}
    assert again(config).jit_compile


def test_an_unregistered_function_is_found_among_custom_objects():
    def unknown(y_true, y_pred):
        return own_loss(y_true, y_pred)

    config = model(optimizer="sgd", loss=unknown).get_compile_config()
    with pytest.raises(ValueError, match=r"loss: .*'unknown'.*custom_objects.*compile=False"):
        again(config)
    with keras.utils.CustomObjectScope({"unknown": unknown}):
        assert again(config).loss is unknown


def test_a_lambda_is_told_with_a_warning_and_refused():
    with pytest.warns(GeartrainWarning, match=r"compile_config.loss: a lambda has no name"):
        config = model(
            optimizer="sgd", loss=lambda y_true, y_pred: own_loss(y_true, y_pred)
        ).get_compile_config()
    with pytest.raises(ValueError, match=r"loss.config: .*a lambda.*Or load with compile=False"):
        again(config)


def test_what_cannot_be_told_leaves_the_model_uncompiled_with_a_warning():
    class Callable:
        def __call__(self, y_true, y_pred):
            return own_loss(y_true, y_pred)

    made = model(optimizer="sgd", loss=Callable())
    with pytest.warns(GeartrainWarning, match=r'"sequential.*cannot be told in a file.*get_config'):
        assert made.get_compile_config() == {}


def test_unknown_keys_are_an_error_unless_they_say_nothing():
    config = model(optimizer="sgd", loss="mse").get_compile_config()
    again({**config, "newer": None})
    with pytest.raises(TypeError, match=r"compile got an unexpected keyword 'newer'.*compile=Fals"):
        again({**config, "newer": 3})


def test_a_model_with_its_own_compile_is_left_alone():
    class Own(keras.Model):
        def compile(self, *args, **kwargs):
            super().compile(*args, **kwargs)

    made = Own()
    with pytest.warns(GeartrainWarning, match=r"its compile\(\) is its own"):
        made.compile_from_config({"optimizer": "sgd"})
    assert not made.compiled


def test_namesakes_among_metrics_are_numbered_and_told_apart_by_weighting():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    given = ["mae", "mae", lambda y, p: abs(y - p)[:, 0]]
    model.compile("sgd", "mse", metrics=[given], weighted_metrics=["mae", "mae"])
    x = np.ones((4, 2), "float32")
    found = model.evaluate(x, x[:, :1], sample_weight=np.arange(4), verbose=0, return_dict=True)
    mae = found["mae"]
    keys = ["mae", "mae_1", "weighted_mae", "weighted_mae_1", "lambda"]
    np.testing.assert_allclose([found[key] for key in keys], mae, rtol=1e-6)
    assert set(found) == {"loss", *keys}


def test_the_loss_for_given_values_of_the_variables():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_regularizer="l2")])
    model.compile("sgd", "mse")
    values, before = [np.ones((2, 1), "float32"), np.ones(1, "float32")], model.get_weights()
    y = np.zeros((4, 1), "float32")
    measured = [variable.value for variable in model.metrics_variables]
    loss, after = model.stateless_compute_loss(values, [], measured, y=y, y_pred=y + 3)
    np.testing.assert_allclose(loss, 9 + 0.01 * 2, rtol=1e-6)
    assert after[0] is values and [len(group) for group in after] == [2, 0, 2]
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    with pytest.raises(ValueError, match="expected 2 values as trainable_variables"):
        model.stateless_compute_loss([], [], measured, y=y, y_pred=y)
