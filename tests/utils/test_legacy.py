"""Objects as a name and a config, as Keras 2 had them."""

from __future__ import annotations

import pytest

import geartrain as keras
from geartrain.utils import legacy


class Own:
    def __init__(self, size=1):
        self.size = size

    def get_config(self):
        return {"size": self.size}


def double(x):
    return 2 * x


def test_objects_come_back_of_whoever_knows_the_name():
    config = legacy.serialize_keras_object(Own(5))
    assert config == {"class_name": "Own", "config": {"size": 5}}
    assert legacy.deserialize_keras_object(config, {"Own": Own}).size == 5
    assert legacy.deserialize_keras_object(config, custom_objects={"Own": Own}).size == 5
    with keras.utils.CustomObjectScope({"Own": Own}):
        assert legacy.deserialize_keras_object(config).size == 5
    assert legacy.deserialize_keras_object("Own", {"Own": Own}).size == 1
    assert legacy.serialize_keras_object(double) == "double"
    assert legacy.deserialize_keras_object("double", {"double": double}) is double
    assert legacy.deserialize_keras_object(double) is double
    assert legacy.serialize_keras_object(None) is legacy.deserialize_keras_object(None) is None


def test_a_layer_comes_back():
    layer = keras.layers.Dense(3, activation="relu", name="head")
    config = legacy.serialize_keras_object(layer)
    made = legacy.deserialize_keras_object(config, {"Dense": keras.layers.Dense})
    assert made.units == 3 and made.name == "head"


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        (5, r"expected a name, or a dictionary .* Received: 5"),
        ({"name": "Own"}, r"expected a name, or a dictionary .* Received: \{'name': 'Own'\}"),
        ({"class_name": "Own", "config": [1]}, r"expected a name, or a dictionary"),
        ("Ow", r"Unknown tuner: 'Ow'\. Did you mean 'Own'"),
    ],
)
def test_what_is_no_description_is_refused(identifier, message):
    with pytest.raises(ValueError, match=message):
        legacy.deserialize_keras_object(identifier, {"Own": Own}, printable_module_name="tuner")
    with pytest.raises(ValueError, match=r"with get_config, a function or a class\. Received: 5"):
        legacy.serialize_keras_object(5)
