"""Activations against numbers recorded from Keras, and how they are found by name."""

import numpy as np
import pytest

from geartrain import activations, layers, ops
from geartrain.registry import register_keras_serializable
from geartrain.runtime.function import grad, jit
from tests.recorded import load

FACTS, ARRAYS = load("activations")
CASES = [case for case in FACTS["cases"] if case["target"].startswith("activations.")]
NAMES = {case["target"].removeprefix("activations.") for case in CASES}


def test_all_recorded_activations_exist_and_all_that_exist_are_recorded():
    functions = set(activations.__all__) - {"deserialize", "get", "serialize"}
    assert functions - {"swish", "hard_swish"} == NAMES


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_recorded(case):
    function = getattr(activations, case["target"].removeprefix("activations."))
    x, expected = ARRAYS[case["x"]], ARRAYS[case["value"]]
    value = function(x, **case["config"])
    # XLA flushes results below 1.2e-38 to zero, and its exponentials differ in the last digits.
    np.testing.assert_allclose(value, expected, rtol=3e-6, atol=1e-6)
    traced = jit(lambda x: function(x, **case["config"]) * 1)(x)
    np.testing.assert_allclose(traced, value, rtol=1e-6, atol=1e-6)


# Around the kinks of each function, where the choice of a slope is a matter of convention.
KINKS = np.float32([-3, -1, -0.5, 0, 0.5, 1, 2, 3, 6])


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_gradient_away_from_kinks(case):
    function = getattr(activations, case["target"].removeprefix("activations."))
    x, expected = ARRAYS[case["x"]], ARRAYS[case["gradient"]]
    weight = ARRAYS[case["cotangent"]] if case["cotangent"] else np.float32(1)
    slope = grad(lambda x: ops.sum(function(x, **case["config"]) * weight))(x)
    usual = np.isfinite(x) & (np.abs(x) < 80)
    if "softmax" not in case["target"]:
        usual &= ~np.isin(x, KINKS)
    assert usual.sum() > 5
    np.testing.assert_allclose(slope[usual], expected[usual], rtol=1e-5, atol=1e-5)


def test_sparsemax_is_that_of_the_simplex_in_ops_alone():
    """What Keras computes, and files mean, does not sum to 1."""
    x = np.float32([0.0, 1.0, 0.5])
    np.testing.assert_allclose(ops.sparsemax(x), [0, 0.75, 0.25])
    np.testing.assert_allclose(activations.sparsemax(x), [0, 0.25, 0])


def test_relu_of_integers_stays_whole():
    assert activations.relu(np.int32([-1, 9]), max_value=6).tolist() == [0, 6]
    assert activations.relu(np.int32([-1, 9]), max_value=6).dtype == np.int32


@pytest.mark.parametrize("name", activations.__all__)
def test_names_lead_to_functions_and_back(name):
    if name in ("get", "serialize", "deserialize"):
        return
    found = activations.get(name)
    assert found is getattr(activations, name)
    assert activations.deserialize(activations.serialize(found)) is found


def test_other_ways_to_name_an_activation():
    assert activations.get(None) is activations.linear
    assert activations.get(ops.tanh) is ops.tanh
    layer = layers.ReLU()
    assert activations.get(layer) is layer
    assert isinstance(activations.deserialize(activations.serialize(layer)), layers.ReLU)
    config = {"module": "builtins", "class_name": "function", "config": "tanh"}
    assert activations.get(config) is activations.tanh


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown activation: 'reluu'\. Did you mean 'relu'\?"):
        activations.get("reluu")
    with pytest.raises(ValueError, match=r"Expected activation as a name.*Received: 3"):
        activations.get(3)


def test_functions_of_ones_own():
    def shifted(x):
        return x + 1

    assert activations.serialize(shifted)["config"] == "shifted"  # for custom_objects, as in Keras
    known = register_keras_serializable("tests")(shifted)
    config = activations.serialize(known)
    assert config["config"] == "tests>shifted"
    assert activations.deserialize(config) is known
    assert activations.deserialize("mine", custom_objects={"mine": known}) is known
