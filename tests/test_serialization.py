"""Objects as plain data and back; and whatever a config may not name."""

from __future__ import annotations

import json
import socket
import threading

import numpy as np
import pytest

import geartrain as keras
from geartrain import initializers, layers, losses, metrics, optimizers
from geartrain.dtype_policies import DTypePolicyMap
from geartrain.errors import GeartrainWarning
from geartrain.registry import register_keras_serializable
from geartrain.serialization import at, deserialize, families_of, serialize
from geartrain.utils import (
    CustomObjectScope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_object,
)


def described(name, config=None, module="keras.layers", **more):
    return {"module": module, "class_name": name, "config": config, "registered_name": None, **more}


DENSE = described("Dense", {"units": 3})


# -- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 2.5, "text", [1, [2, None]], {"a": {"b": [1]}}, slice(1, None, 2), ..., b"ab"],
    ids=repr,
)
def test_plain_values_come_back(value):
    there = serialize(value)
    assert deserialize(json.loads(json.dumps(there))) == value


def test_slices_may_be_bounded_by_arrays():
    back = deserialize(json.loads(json.dumps(serialize(slice(None, np.array([0, 1]), 1)))))
    assert (back.start, back.stop.tolist(), back.step) == (None, [0, 1], 1)


def test_numbers_of_numpy_become_pythons():
    there = serialize([np.float32(0.5), np.int64(3), np.bool_(True), np.float64(2), np.array(7)])
    assert there == [0.5, 3, True, 2.0, 7]
    assert [type(one) for one in there] == [float, int, bool, float, int]
    assert serialize(np.dtype("int8")) == "int8"


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "uint8", "float16", "bfloat16"])
def test_arrays_keep_their_dtype(dtype):
    array = np.array([[0, 1], [1, 0]]).astype(keras.graph.dtypes.numpy_dtype(dtype))
    there = serialize({"x": array})
    assert there["x"]["class_name"] == "__numpy__"
    back = deserialize(json.loads(json.dumps(there)))["x"]
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_a_variable_is_a_tensor():
    there = serialize(keras.Variable([1.0, 2.0]))
    assert there == {
        "class_name": "__tensor__", "config": {"value": [1.0, 2.0], "dtype": "float32"},
    }  # fmt: skip


def test_tuples_stay_tuples_until_they_are_read():
    assert serialize((1, (2, 3))) == (1, (2, 3))
    assert deserialize((1, (2, 3))) == [1, [2, 3]]


def test_what_cannot_be_told():
    with pytest.raises(TypeError, match=r"Received at a\[1\]: <object.*needs get_config\(\)"):
        serialize({"a": [1, object()]})


def test_a_config_must_be_a_dictionary():
    class Odd(layers.Layer):
        def get_config(self):
            return 3

    with pytest.raises(TypeError, match=r"Odd.get_config: expected a dictionary. Received: 3"):
        serialize(Odd())


def test_depth_is_bounded_both_ways():
    nested = []
    for _ in range(64):
        nested = [nested]
    for work in (serialize, deserialize):
        with pytest.raises(ValueError, match="expected at most 64 levels of nesting"):
            work(nested)
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ValueError, match="at most 64 levels"):
        deserialize(nested)


# -- objects --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "module", "name"),
    [
        (layers.Dense(3), "keras.layers", "Dense"),
        (layers.GroupQueryAttention(2, 2, 1), "keras.layers", "GroupQueryAttention"),
        (losses.MeanSquaredError(), "keras.losses", "MeanSquaredError"),
        (metrics.AUC(), "keras.metrics", "AUC"),
        (optimizers.Adam(), "keras.optimizers", "Adam"),
        (optimizers.schedules.CosineDecay(0.1, 10), "keras.optimizers.schedules", "CosineDecay"),
        (initializers.Zeros(), "keras.initializers", "Zeros"),
        (keras.Sequential(), "keras", "Sequential"),
        (keras.DTypePolicy("mixed_bfloat16"), "keras", "DTypePolicy"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_objects_are_named_as_keras_names_them(made, module, name):
    there = serialize(made)
    assert (there["module"], there["class_name"], there["registered_name"]) == (module, name, None)
    assert type(deserialize(json.loads(json.dumps(there)))) is type(made)


@pytest.mark.parametrize("module", ["keras.layers", "keras.src.layers.core.dense", "keras", None])
def test_a_class_is_found_by_any_of_keras_modules(module):
    assert deserialize({**DENSE, "module": module}).units == 3


def test_no_other_module_is_searched():
    assert families_of("keras.datasets") == families_of("kerasx.layers") == families_of("os") == []
    assert families_of("keras.optimizers.schedules") == ["optimizers.schedules"]


def test_one_number_is_one_object():
    twice = [{**DENSE, "shared_object_id": 7}, {**DENSE, "shared_object_id": 7}, DENSE]
    first, second, third = deserialize(twice)
    assert first is second
    assert third is not first
    assert deserialize({**DENSE, "shared_object_id": 7}) is not first


def test_build_config_builds():
    there = {**DENSE, "build_config": {"input_shape": [None, 2]}}
    assert deserialize(there).kernel.shape == (2, 3)


def test_objects_in_a_config_are_left_alone():
    layer = layers.Dense(2)
    assert deserialize({"layer": layer})["layer"] is layer
    assert layers.TimeDistributed.from_config({"layer": layer}).layer is layer


def test_keys_of_newer_versions_are_dropped_where_they_say_nothing():
    extra = {"quantization_config": None, "brand_new": False, "newer": None}
    assert deserialize(described("Dropout", {"rate": 0.5, **extra})).rate == 0.5
    with pytest.raises(TypeError, match=r"^config: Dropout got an unexpected keyword 'brand_new'"):
        deserialize(described("Dropout", {"rate": 0.5, "brand_new": 3}))


# -- the program's own ----------------------------------------------------------------------------


@register_keras_serializable("tests")
class Doubling(layers.Layer):
    def __init__(self, times=2, **kwargs):
        super().__init__(**kwargs)
        self.times = times

    def call(self, x):
        return x * self.times


class Unregistered(Doubling):
    pass


def nameless_loss(y_true, y_pred):
    return y_true - y_pred


def test_a_registered_class_is_found_by_its_name():
    there = serialize(Doubling(3))
    assert there["registered_name"] == "tests>Doubling"
    assert there["class_name"] == "Doubling"
    made = deserialize({**there, "module": "anything.at.all"})
    assert (type(made), made.times) == (Doubling, 3)


def test_an_unregistered_class_needs_custom_objects():
    there = serialize(Unregistered(3))
    assert there["registered_name"] == "Unregistered"
    with pytest.raises(ValueError, match=r"decorate it with @keras.saving.*custom_objects=\{"):
        deserialize(there)
    assert type(deserialize(there, {"Unregistered": Unregistered})) is Unregistered
    with CustomObjectScope({"Unregistered": Unregistered}):
        assert type(deserialize([there])[0]) is Unregistered
    renamed = {**there, "registered_name": "elsewhere>Unregistered"}
    assert type(deserialize(renamed, {"Unregistered": Unregistered})) is Unregistered


def test_a_class_of_keras_is_not_replaced_by_one_of_its_name():
    assert type(deserialize(DENSE, {"Dense": Doubling})) is layers.Dense


def test_functions_go_by_their_names():
    there = serialize(nameless_loss)
    assert there == {
        "module": "builtins", "class_name": "function", "config": "nameless_loss",
        "registered_name": "function",
    }  # fmt: skip
    assert deserialize(there, {"nameless_loss": nameless_loss}) is nameless_loss
    with pytest.raises(ValueError, match="nknown function: 'nameless_loss'"):
        deserialize(there)
    get_custom_objects()["tests>nameless_loss"] = nameless_loss
    try:
        assert deserialize(there) is nameless_loss  # as files before Keras 3.7 have it
        assert serialize(nameless_loss)["config"] == "tests>nameless_loss"
        assert deserialize(serialize(nameless_loss)) is nameless_loss
    finally:
        del get_custom_objects()["tests>nameless_loss"]


def test_a_custom_name_must_mean_what_is_expected():
    with pytest.raises(ValueError, match=r"expected 'tests>x' to be a class with from_config\(\)"):
        deserialize(described("x", {}, None, registered_name="tests>x"), {"tests>x": nameless_loss})
    with pytest.raises(ValueError, match=r"expected 'five' to be a function. Received: 5"):
        deserialize({"class_name": "function", "config": "five"}, {"five": 5})
    with pytest.raises(TypeError, match=r"custom_objects: expected a dictionary.*Received: 5"):
        deserialize(DENSE, 5)


def test_scopes_add_up_and_close():
    with CustomObjectScope({"one": 1, "two": 2}):
        with CustomObjectScope({"two": 22}):
            assert get_registered_object("one") == 1
            assert get_registered_object("two") == 22
        assert get_registered_object("two") == 2
        assert "one" not in get_custom_objects()
    assert get_registered_object("one") is None


def test_scopes_are_of_one_thread():
    seen = []
    with CustomObjectScope({"one": 1}):
        thread = threading.Thread(target=lambda: seen.append(get_registered_object("one")))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_class_without_a_config_cannot_be_registered():
    with pytest.raises(ValueError, match="expected a class with get_config"):
        register_keras_serializable()(int)


# -- what is refused ------------------------------------------------------------------------------

LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wEAAAA=", "code": "4wEAAAA="}}
HOSTILE = {
    "code": (LAMBDA, "a lambda, which is code. Code is never read"),
    "TensorFlow type": (
        {"class_name": "__typespec__", "module": "os", "spec_name": "x", "config": [1]},
        "expected plain data. Received: a TensorFlow type, which means",
    ),
    "stray tensor": (
        {"class_name": "__keras_tensor__", "config": {"shape": [1], "keras_history": ["a", 0, 0]}},
        "a symbolic tensor, which only means",
    ),
    "module": (described("system", {"command": "true"}, "os"), "'os.system' is none of Keras's"),
    "eval": (described("eval", "1", "builtins"), "'builtins.eval' is none of Keras's"),
    "function eval": (described("function", "eval", "builtins"), "Unknown function: 'eval'"),
    "function system": (described("function", "system", "os"), "'os.system' is none of"),
    "get_file": (described("get_file", {}, "keras.utils"), "Unknown class: 'get_file'"),
    "get_file function": (described("function", "get_file", "keras.utils"), "is none of Keras's"),
    "load_model": (described("load_model", {}, "keras.models"), "unknown class|Unknown class"),
    "unsafe": (
        described("function", "enable_unsafe_deserialization", "keras.config"), "is none of Keras's"
    ),
    "internal class": (described("Node", {}, "geartrain.graph.node"), "is none of Keras's"),
    "own package": (described("Dense", {"units": 1}, "geartrain.layers"), "is none of Keras's"),
    "pickle": (described("TorchModuleWrapper", {"module": "gASV"}), "Unknown class: 'TorchModule"),
    "SavedModel": (described("TFSMLayer", {"filepath": "/etc"}), "Unknown class: 'TFSMLayer'"),
    "vocabulary": (described("StringLookup", {"vocabulary": "/etc/passwd"}), "expected no path"),
    "foreign registered name": (
        {**DENSE, "registered_name": "mine>Dense"}, "expected registered_name to be null"
    ),
    "no class": (described(3, {}), "expected the name of a class. Received: 3"),
    "no name": (described(None, {}), "nknown class"),
    "name in a list": (described(["Dense"], {}), r"expected the name of a class. Received: \['De"),
    "dunder": (described("__class__", {}), "Unknown class: '__class__'"),
    "path": (described("Dense.from_config", {}), "Unknown class"),
    "config": (described("Dense", [1]), r"config: expected a dictionary. Received: \[1\]"),
    "function config": (described("function", {"a": 1}), "config: expected a function's name"),
    "another registered function": (
        {**described("function", "relu"), "registered_name": "mine"},
        "expected a registered function 'mine'. Received: the name of Keras's own 'relu'",
    ),
    "special config": ({"class_name": "__slice__", "config": 3}, "expected a dictionary"),
    "slice": ({"class_name": "__slice__", "config": {"start": "a"}}, "expected another kind"),
    "half a slice": ({"class_name": "__slice__", "config": {"start": 1}}, "expected 'stop'"),
    "ragged": (
        {"class_name": "__numpy__", "config": {"value": [[1], [2, 3]], "dtype": "float32"}},
        "expected numbers in rows of equal length",
    ),
    "objects": (
        {"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "object"}},
        "expected numbers in rows",
    ),
    "odd value": (described("Dense", {"units": {"a": 1}}), "units"),
    "crash": (described("Conv2D", {"filters": 1, "kernel_size": {"x": [[]]}}), "config: "),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("position", ["top", "list", "initializer", "layer inside", "argument"])
def test_refused_in_every_position(case, position, monkeypatch):
    config, message = HOSTILE[case]
    monkeypatch.setattr(socket, "socket", None)
    whole = {
        "top": config,
        "list": {"layers": [DENSE, config]},
        "initializer": described("Dense", {"units": 1, "kernel_initializer": config}),
        "layer inside": described("TimeDistributed", {"layer": config}),
        "argument": described("Dense", {"units": 1, "name": config}),
    }[position]
    if position == "argument" and case in ("odd value", "slice"):
        message = "config"
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        deserialize(whole)
    place = {
        "top": "",
        "list": "layers[1]",
        "initializer": "config.kernel_initializer",
        "layer inside": "config.layer",
        "argument": "config.name",
    }[position]
    assert str(caught.value).startswith(place)
    deserialize(DENSE)  # nothing stays behind


@pytest.mark.parametrize(
    ("where", "config"),
    [
        ("layers", described("Adam", {}, "keras.optimizers")),
        ("initializers", DENSE),
        ("losses", described("Adam", {}, "keras.optimizers")),
        ("optimizers", described("MeanSquaredError", {}, "keras.losses")),
        ("metrics", DENSE),
        ("regularizers", described("Zeros", {}, "keras.initializers")),
        ("constraints", described("L2", {}, "keras.regularizers")),
        ("activations", described("L2", {}, "keras.regularizers")),
    ],
)
def test_one_family_where_another_is_wanted(where, config):
    with pytest.raises(ValueError, match=f"expected one of keras.{where}. Received: '"):
        getattr(keras, where).deserialize(config)


@pytest.mark.parametrize("value", [False, None, 0, "no"])
def test_there_is_no_unsafe_mode(value):
    with pytest.raises(
        ValueError,
        match=r"object: expected safe_mode=True. Received: safe_mode=.*register",
    ):
        deserialize_keras_object(DENSE, safe_mode=value)


def test_nothing_can_be_enabled():
    with pytest.raises(
        ValueError,
        match="enable_unsafe_deserialization: there is nothing to",
    ):
        keras.config.enable_unsafe_deserialization()


def test_a_lambda_is_written_with_a_warning():
    with pytest.warns(GeartrainWarning, match="a lambda has no name that a file could hold"):
        there = serialize([lambda x: x])
    with pytest.raises(ValueError, match=r"^\[0\].config: .*a lambda, which is code"):
        deserialize(there)


def test_a_place_is_told_once():
    inner = described("Dense", {"units": -1})
    with (
        at("config.json"),
        pytest.raises(ValueError, match=r"^config.json.layers\[1\].config.layer.config: Dense"),
    ):
        deserialize({"layers": [DENSE, described("TimeDistributed", {"layer": inner})]})


def test_a_map_of_policies_gives_each_layer_its_own():
    half = keras.DTypePolicy("float16")
    described_map = described(
        "DTypePolicyMap", {"policy_map": {"den": serialize(half)}}, "keras.dtype_policies"
    )
    made = [layers.Dense(1, name=name, dtype=described_map) for name in ("dense", "other")]
    assert [layer.dtype_policy.name for layer in made] == ["float16", "float32"]
    several = DTypePolicyMap("float64", {"den": half, "se": half, "a.*b": half})
    assert several["a.*b"] == half
    assert several["aaab"].name == "float64"  # a path is no pattern
    with pytest.raises(ValueError, match=r"DTypePolicyMap: expected one policy for 'dense'"):
        several["dense"]
    for wrong in (lambda: DTypePolicyMap({"dense": "float16"}), lambda: layers.Dense(1, dtype={})):
        with pytest.raises(
            ValueError, match="expected the config of a policy, with its class_name"
        ):
            wrong()
