"""Functions found by name, beside the classes of a family."""

import pytest

from geartrain.functions import FunctionFamily
from geartrain.registry import register_keras_serializable


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
    def double(x):
        return x

    with pytest.raises(
        ValueError, match=r"Expected a multiplier .* Received: 'double', a function"
    ):
        FAMILY.serialize(double)


def test_registered_functions():
    register_keras_serializable("tests", "threefold")(triple)
    assert FAMILY.serialize(triple)["config"] == "tests>threefold"
    assert FAMILY.get("tests>threefold") is triple


def test_an_unknown_name():
    with pytest.raises(ValueError, match=r"Unknown multiplier: 'doubel'\. Did you mean 'double'\?"):
        FAMILY.get("doubel")
    with pytest.raises(ValueError, match=r"Unknown multiplier: 'os\.system'"):
        FAMILY.deserialize({"module": "os", "class_name": "function", "config": "os.system"})
