"""Functions found by name, beside the classes of a family."""

import pytest

from geartrain import losses, ops
from geartrain.functions import FunctionFamily
from geartrain.registry import CustomObjectScope, register_keras_serializable


def double(x):
    return 2 * x


def triple(x):
    return 3 * x


FAMILY = FunctionFamily("multiplying", "multiplier", [double], {"twice": double})


def test_names_and_aliases():
    assert FAMILY.get("double") is FAMILY.get("twice") is double
    assert FAMILY.get(triple) is triple
    assert FAMILY.get(None) is None


def test_a_function_of_the_family_and_back():
    config = FAMILY.serialize(double)
    assert config == {
        "module": "builtins",
        "class_name": "function",
        "config": "double",
        "registered_name": "function",
    }
    assert FAMILY.deserialize(config) is double


def test_a_function_of_the_same_name_is_another():
    def mean_squared_error(y_true, y_pred):
        return y_true - y_pred

    with pytest.raises(ValueError, match=r"name leads back to. Received: 'mean_squared_error', a"):
        losses.serialize(mean_squared_error)
    assert losses.serialize(ops.relu)["config"] == "relu"  # the library's own, which is the same
    with CustomObjectScope({"mean_squared_error": mean_squared_error}):
        config = losses.serialize(mean_squared_error)
        assert losses.deserialize(config) is mean_squared_error


def test_registered_functions():
    register_keras_serializable("tests", "threefold")(triple)
    assert FAMILY.serialize(triple)["config"] == "tests>threefold"
    assert FAMILY.get("tests>threefold") is triple


def test_an_unknown_name():
    with pytest.raises(ValueError, match=r"Unknown multiplier: 'doubel'\. Did you mean 'double'\?"):
        FAMILY.get("doubel")
    with pytest.raises(ValueError, match=r"'os\.os\.system' is none of Keras's"):
        FAMILY.deserialize({"module": "os", "class_name": "function", "config": "os.system"})
