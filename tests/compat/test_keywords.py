"""Keywords of older Keras do what they did, each with one hint at the program's line."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import geartrain as keras
from geartrain import constraints, layers, optimizers, regularizers
from geartrain.compat.keywords import KEYWORDS, METHODS, Gone, Renamed
from geartrain.errors import GeartrainWarning
from geartrain.registry import members
from geartrain.serialization.names import FAMILIES, package

L2 = regularizers.L2(0.1)

# What a program of old says, what it says today, and how many hints it gets.
SAME: list[tuple[Callable[[], Any], Callable[[], Any], int]] = [
    (
        lambda: layers.Dense(output_dim=3, init="he_normal", W_regularizer=L2, bias=False),
        lambda: layers.Dense(3, kernel_initializer="he_normal", kernel_regularizer=L2,
                             use_bias=False),
        4,
    ),
    (
        lambda: layers.Convolution2D(nb_filter=4, nb_row=3, nb_col=2, border_mode="same",
                                     subsample=(2, 1), dim_ordering="tf"),
        lambda: layers.Conv2D(4, (3, 2), padding="same", strides=(2, 1),
                              data_format="channels_last"),
        5,
    ),
    (
        lambda: layers.Convolution1D(nb_filter=4, filter_length=3, subsample_length=2),
        lambda: layers.Conv1D(4, 3, strides=2),
        3,
    ),
    (
        lambda: layers.MaxPooling2D((2, 2), border_mode="same", dim_ordering="th"),
        lambda: layers.MaxPooling2D((2, 2), padding="same", data_format="channels_first"),
        2,
    ),
    (
        lambda: layers.AveragePooling1D(pool_length=3, stride=1),
        lambda: layers.AveragePooling1D(3, strides=1),
        2,
    ),
    (
        lambda: layers.LSTM(output_dim=5, inner_init="zeros", inner_activation="hard_sigmoid",
                            forget_bias_init="one", dropout_W=0.2, dropout_U=0.1,
                            consume_less="gpu"),
        lambda: layers.LSTM(5, recurrent_initializer="zeros", recurrent_activation="hard_sigmoid",
                            unit_forget_bias=True, dropout=0.2, recurrent_dropout=0.1),
        7,
    ),
    (
        lambda: layers.Embedding(5, 2, init="uniform", dropout=0.1),
        lambda: layers.Embedding(5, 2, embeddings_initializer="uniform"),
        2,
    ),
    (lambda: layers.Dropout(p=0.3), lambda: layers.Dropout(0.3), 1),
    (lambda: layers.GaussianNoise(sigma=0.3), lambda: layers.GaussianNoise(0.3), 1),
    (lambda: layers.LeakyReLU(alpha=0.3), lambda: layers.LeakyReLU(0.3), 1),
    (
        lambda: layers.BatchNormalization(mode=0, beta_init="one"),
        lambda: layers.BatchNormalization(beta_initializer="one"),
        2,
    ),
    (lambda: layers.UpSampling1D(length=3), lambda: layers.UpSampling1D(3), 1),
    (lambda: regularizers.l2(l=0.1), lambda: regularizers.L2(0.1), 1),
    (lambda: regularizers.l1(l=0.1), lambda: regularizers.L1(0.1), 1),
    (lambda: constraints.MaxNorm(m=3), lambda: constraints.MaxNorm(3), 1),
    (lambda: optimizers.Adam(lr=0.1), lambda: optimizers.Adam(0.1), 1),
    (lambda: optimizers.Adam(lr=0.1, decay=0.0), lambda: optimizers.Adam(0.1), 2),
    (lambda: optimizers.Nadam(schedule_decay=0.004), lambda: optimizers.Nadam(), 1),
    (
        lambda: keras.callbacks.ReduceLROnPlateau(epsilon=0.1),
        lambda: keras.callbacks.ReduceLROnPlateau(min_delta=0.1),
        1,
    ),
]  # fmt: skip


def settings(made: Any) -> Any:
    if hasattr(made, "get_config"):
        return {k: v for k, v in made.get_config().items() if k != "name"}
    return {k: v for k, v in vars(made).items() if not k.startswith("_")}


@pytest.mark.parametrize(("old", "new", "hints"), SAME)
def test_a_keyword_of_old_means_todays(old, new, hints):
    with pytest.warns(GeartrainWarning, match="is how older versions of Keras said it") as seen:
        made = old()
    assert len(seen) == hints
    assert {Path(warning.filename).name for warning in seen} == {Path(__file__).name}
    assert settings(made) == settings(new())


@pytest.mark.parametrize(
    ("first", "shape"),
    [
        (lambda: layers.Dense(3, input_dim=4), (None, 3)),
        (lambda: layers.Embedding(9, 2, input_length=6), (None, 6, 2)),
        (lambda: layers.Embedding(9, 2, input_length=(6, 5)), (None, 6, 5, 2)),
        (lambda: layers.LSTM(3, input_dim=2, input_length=5, return_sequences=True), (None, 5, 3)),
        (lambda: layers.GRU(3, input_dim=2, return_sequences=True), (None, None, 3)),
        (lambda: layers.Conv1D(3, 2, input_dim=2, input_length=5), (None, 4, 3)),
    ],
)
def test_the_shape_of_a_sample_was_told_by_its_sizes(first, shape):
    with pytest.warns(GeartrainWarning, match=r"Write input_shape=\(.*keras\.Input"):
        model = keras.Sequential([first()])
    assert model.built
    assert model.output_shape == shape


def test_an_unknown_input_length_says_nothing():
    with pytest.warns(GeartrainWarning, match="not needed"):
        assert not keras.Sequential([layers.Embedding(9, 2, input_length=None)]).built


def test_decay_makes_the_rate_fall_as_it_did():
    with pytest.warns(GeartrainWarning, match=r"InverseTimeDecay\(0\.1, 1, 0\.5\)"):
        optimizer = optimizers.SGD(0.1, decay=0.5)
    weight = keras.Variable([10.0])
    expected = 10.0
    for step in range(4):
        optimizer.apply([np.ones(1, "float32")], [weight])
        expected -= 0.1 / (1 + 0.5 * step)
    np.testing.assert_allclose(weight.numpy(), [expected], rtol=1e-6)
    with pytest.warns(GeartrainWarning, match=r"InverseTimeDecay\(0\.01, 1, 0\.5\)"):
        assert optimizers.SGD(decay=0.5, momentum=0.9).momentum == 0.9


def test_decay_of_a_schedule_is_refused():
    schedule = optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    with pytest.raises(TypeError, match=r"decay along with a learning rate that is a number"):
        optimizers.Adam(schedule, decay=0.1)


def test_old_and_new_name_together_are_refused():
    with pytest.raises(TypeError, match=r"SGD: expected learning_rate once.*Leave lr out"):
        optimizers.SGD(0.1, lr=0.2)


def test_models_of_an_input_and_an_output():
    x = keras.Input((3,))
    with pytest.warns(GeartrainWarning, match="how older versions"):
        model = keras.Model(input=x, output=layers.Dense(2)(x))
    assert type(model) is type(keras.Model(x, layers.Dense(2)(x)))
    assert model.output_shape == (None, 2)


def test_methods_take_what_they_took():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    x, y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")
    with pytest.warns(GeartrainWarning, match="sample_weight_mode='temporal'.*Leave it out"):
        model.compile("sgd", "mse", sample_weight_mode="temporal")
    with pytest.warns(GeartrainWarning, match=r"fit: nb_epoch=3 .*Write epochs=3"):
        assert len(model.fit(x, y, nb_epoch=3, verbose=0).epoch) == 3
    with pytest.warns(GeartrainWarning, match=r"predict: workers=2.*PyDataset"):
        assert model.predict(x, verbose=0, workers=2).shape == (4, 2)
    with pytest.warns(GeartrainWarning), pytest.raises(TypeError, match="unexpected keyword 'no'"):
        model.fit(x, y, nb_epoch=3, no=1)


class Narrow(layers.Dense):
    """A layer of a program's own that passes on what it does not know."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        self_made = kwargs.pop("mine", 1)
        super().__init__(units, **kwargs)
        self.mine = self_made


def test_classes_of_ones_own_pass_keywords_on():
    with pytest.warns(GeartrainWarning, match="Narrow: init='zeros'"):
        layer = Narrow(3, init="zeros", mine=4, bias_initializer="ones")
    assert layer.mine == 4
    np.testing.assert_array_equal(layer(np.ones((1, 2), "float32")), [[1, 1, 1]])


def test_unknown_keywords_of_ones_own_classes_are_refused_with_the_nearest():
    with pytest.raises(TypeError, match=r"Narrow got an unexpected keyword 'nam'.*mean 'name'"):
        Narrow(3, nam="a")


class Starting(layers.Layer):
    """Words of old are the program's own where it takes them."""

    def __init__(self, init: str, input_dim: int) -> None:
        super().__init__()
        self.init, self.input_dim = init, input_dim


def test_names_that_a_class_takes_today_mean_what_they_say():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = Starting(init="a", input_dim=2)
    assert (made.init, made.input_dim) == ("a", 2)


def test_every_class_in_the_table_exists_and_takes_the_new_names():
    classes: dict[str, type] = {}
    for family in FAMILIES:
        package(family)
        for cls in members(family).values():
            classes |= {base.__name__: base for base in cls.__mro__}
    classes["ReduceLROnPlateau"] = keras.callbacks.ReduceLROnPlateau
    assert set(KEYWORDS) <= set(classes)
    for name, changes in KEYWORDS.items():
        subclasses = [cls for cls in classes.values() if classes[name] in cls.__mro__]
        taken = {
            parameter
            for cls in subclasses
            for parameter in cls.__init__.__wrapped__.__code__.co_varnames  # type: ignore[misc]
        }
        for old, change in changes.items():
            now = change.now if isinstance(change, Renamed) else change
            assert not isinstance(now, str) or now in taken, (name, old)
    for method, changes in METHODS.items():
        taken = set(inspect.signature(getattr(keras.Model, method)).parameters)
        for old, change in changes.items():
            assert isinstance(change, Gone) or change in taken, (method, old)
