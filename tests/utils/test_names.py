"""The names of `keras.utils` and `keras.backend`: there, and the same as where they are kept."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import backend, layers, models, ops, utils
from geartrain.utils.custom_objects import CustomObjectScope


@pytest.mark.parametrize("package", [utils, backend])
def test_every_listed_name_is_there(package):
    assert list(package.__all__) == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is getattr(package, name)
        assert name in dir(package)


def test_the_names_are_those_of_where_they_are_kept():
    assert utils.Sequence is utils.PyDataset is models.batches.PyDataset
    assert utils.set_random_seed is keras.random.set_random_seed
    assert utils.clear_session is backend.clear_session
    assert utils.custom_object_scope is utils.CustomObjectScope


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match=r"to_categoric. is not part of Geartrain. Did you"):
        utils.to_categoric  # noqa: B018


def test_clear_session_starts_names_afresh():
    utils.clear_session()
    first = layers.Dense(2).name
    assert layers.Dense(2).name == f"{first}_1"
    utils.clear_session(free_memory=False)
    assert layers.Dense(2).name == first == "dense"


def test_kinds_of_dtypes():
    assert [name for name in ("bool", "uint8", "float16") if backend.is_int_dtype(name)] == [
        "uint8"
    ]
    assert backend.is_float_dtype(np.float64)
    assert not backend.is_float_dtype(int)
    assert backend.result_type("int32", "float16") == "float16"


def test_symbolic_tensors_are_told_from_arrays():
    assert backend.is_keras_tensor(keras.Input((3,)))
    assert not backend.is_keras_tensor(np.zeros(3))


def test_settings_are_those_of_config():
    backend.set_epsilon(1e-3)
    backend.set_image_data_format("channels_first")
    assert keras.config.epsilon() == backend.epsilon() == 1e-3
    assert keras.config.image_data_format() == "channels_first"
    assert backend.backend() == "geartrain"
    assert backend.dot is ops.dot


class Twice(layers.Layer):
    def call(self, inputs):
        return inputs * 2


def test_layers_of_ones_own_are_known_in_a_scope():
    config = utils.serialize_keras_object(Twice(name="two"))
    with pytest.raises(ValueError, match="Twice' is none of Keras's layers"):
        utils.deserialize_keras_object(config)
    with CustomObjectScope({"Twice": Twice}):
        assert utils.deserialize_keras_object(config).name == "two"
    assert isinstance(utils.deserialize_keras_object(config, {"Twice": Twice}), Twice)
    assert utils.get_registered_object("Twice") is None


def test_layers_of_ones_own_are_known_once_registered():
    utils.register_keras_serializable("mine")(Twice)
    try:
        assert utils.get_registered_name(Twice) == "mine>Twice"
        assert utils.get_registered_object("mine>Twice") is Twice
        config = utils.serialize_keras_object(Twice())
        assert config["registered_name"] == "mine>Twice"
        assert isinstance(utils.deserialize_keras_object(config), Twice)
    finally:
        del utils.get_custom_objects()["mine>Twice"]
