"""Models as plain data: in Keras's form, both ways, and sharing nothing with what was described."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops, registry
from geartrain.layers.symbolic import WITH_FUNCTIONS
from geartrain.models import model_from_json
from geartrain.serialization import deserialize
from tests.models.graphs import build, random_program, structure
from tests.models.kinds import (
    KINDS,
    Named,
    Pair,
    Tower,
    X,
    Y,
    data_for,
    flat,
    frozen,
    functional,
    nested,
    sequential,
)
from tests.ops.test_public import SYMBOLIC, called
from tests.recorded import load

GRAPHS, _ = load("graphs")
GOLDEN = os.environ.get("GEARTRAIN_GOLDEN", "")
FILES = sorted(Path(GOLDEN).glob("*.keras")) if GOLDEN else []


@pytest.mark.parametrize("make", KINDS)
def test_a_config_is_json_and_makes_an_equal_model(make):
    model = make()
    text = model.to_json()
    copy = model_from_json(text)
    assert type(copy) is type(model)
    assert json.loads(copy.to_json()) == json.loads(text)
    twin = type(model).from_config(json.loads(json.dumps(model.get_config())))
    for made in (copy, twin):
        if not made.built:
            made.build((None, 4))
        made.set_weights(model.get_weights())
        np.testing.assert_array_equal(flat(made(data_for(make)))[0], flat(model(data_for(make)))[0])
        assert frozen(made) == frozen(model)
        assert len(made.trainable_weights) == len(model.trainable_weights)


@pytest.mark.parametrize("make", KINDS)
def test_training_a_copy_leaves_the_original_alone(make):
    keras.utils.set_random_seed(0)
    model = make()
    before = model.get_weights()
    copy = type(model).from_config(model.get_config())
    ours = {id(part) for layer in model._flatten_layers() for part in [layer, *layer.variables]}
    theirs = {id(part) for layer in copy._flatten_layers() for part in [layer, *layer.variables]}
    assert not ours & theirs
    copy.compile(keras.optimizers.SGD(1e-3), "mse")
    copy.fit(data_for(make), Y, epochs=2, verbose=0)
    for left, right in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    trained = zip(before, copy.get_weights(), strict=True)
    assert not all(np.array_equal(left, right) for left, right in trained)


@pytest.mark.parametrize("case", GRAPHS["cases"], ids=lambda case: case["name"].replace(" ", "-"))
def test_order_and_calls_are_those_of_keras(case):
    registry.reset_names()
    model = build(keras, case["program"])
    assert structure(json.loads(model.to_json())["config"]) == case["expected"]


@pytest.mark.parametrize("seed", range(100, 110))
def test_random_graphs_come_back(seed):
    model = build(keras, random_program(seed))
    copy = model_from_json(model.to_json())
    assert json.loads(copy.to_json()) == json.loads(model.to_json())
    copy.set_weights(model.get_weights())
    data = [X] * len(model.inputs)
    for left, right in zip(flat(copy(data)), flat(model(data)), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_keras_wrote_is_what_is_written_again(path):
    config = json.loads(zipfile.ZipFile(path).read("config.json"))
    config.pop("compile_config", None)
    lacking = lacking_classes(config)
    if lacking:
        pytest.skip(f"Geartrain has no {', '.join(lacking)}")
    written = json.loads(deserialize(config).to_json())
    for key in ("module", "class_name", "registered_name", "build_config"):
        assert written.get(key) == config.get(key)
    for key in ("name", "trainable"):
        assert written["config"][key] == config["config"][key]
    if config["class_name"] == "Functional":
        assert structure(written["config"]) == structure(config["config"])
    else:
        names = [(one["class_name"], one["config"]["name"]) for one in config["config"]["layers"]]
        assert names == [
            (one["class_name"], one["config"]["name"]) for one in written["config"]["layers"]
        ]
        assert written["config"]["build_input_shape"] == config["config"]["build_input_shape"]
        assert written["config"]["dtype"]["config"] == config["config"]["dtype"]["config"]


@pytest.mark.skipif(not FILES, reason="GEARTRAIN_GOLDEN names no folder of files made by Keras")
def test_golden_files_are_there():
    assert len(FILES) > 25


def lacking_classes(config):
    layers_here = registry.members("layers")
    found = set()
    for one in config["config"].get("layers", ()):
        if one["module"] == "keras.layers" and one["class_name"] not in layers_here:
            found.add(one["class_name"])
        found.update(lacking_classes(one))
    return sorted(found)


@pytest.mark.parametrize("one", SYMBOLIC)
def test_every_op_comes_back(one):
    inputs = [keras.Input(batch_shape=x.shape, dtype=x.dtype) for x in one.arrays]
    outputs = called(one, *inputs)
    if isinstance(outputs, int):
        return
    if one.name in WITH_FUNCTIONS:
        with pytest.raises(TypeError, match=f"ops.{one.name}: .* a call with functions"):
            keras.Model(inputs, outputs).to_json()
        return
    if one.keywords.get("ord") in (np.inf, -np.inf):
        with pytest.raises(ValueError, match="JSON"):
            keras.Model(inputs, outputs).to_json()
        return
    copy = model_from_json(keras.Model(inputs, outputs).to_json())
    found = copy._graph.run(list(one.arrays), lambda op, args, kwargs: op(*args, **kwargs))
    for left, right in zip(flat(found), flat(called(one, *one.arrays)), strict=True):
        np.testing.assert_array_equal(left, right, strict=True)


# -- forms of old ---------------------------------------------------------------------------------

KERAS_2 = {
    "name": "model",
    "layers": [
        {
            "class_name": "InputLayer", "name": "a", "inbound_nodes": [],
            "config": {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False,
                       "ragged": False, "name": "a"},
        },
        {
            "class_name": "Sequential", "name": "inner",
            "config": {"name": "inner", "layers": [
                {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4],
                                                        "dtype": "float32", "name": "i"}},
                {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "relu"}},
            ]},
            "inbound_nodes": [[["a", 0, 0, {}]]],
        },
        {
            "class_name": "Dense", "name": "b", "config": {"name": "b", "units": 3},
            "inbound_nodes": [[["a", 0, 0, {}]]],
        },
        {
            "class_name": "Add", "name": "sum", "config": {"name": "sum"},
            "inbound_nodes": [[["inner", 1, 0, {}], ["b", 0, 0, {}]]],
        },
    ],
    "input_layers": [["a", 0, 0]],
    "output_layers": [["sum", 0, 0]],
}  # fmt: skip


def test_the_form_of_keras_2_is_read():
    model = keras.Model.from_config(KERAS_2)
    assert [layer.name for layer in model.layers] == ["a", "inner", "b", "sum"]
    inner, other = model.get_layer("inner"), model.get_layer("b")
    np.testing.assert_allclose(model(X), inner(X) + other(X), rtol=1e-6)
    assert model.output_shape == (None, 3)
    assert model.predict(X, verbose=0).shape == (8, 3)
    # a list of layers alone, and the shape on the first of them
    described = [{"class_name": "Dense",
                  "config": {"name": "d", "units": 3, "batch_input_shape": [None, 4]}}]  # fmt: skip
    assert keras.Sequential.from_config(described).output_shape == (None, 3)


def test_states_behind_the_input_of_a_recurrent_layer_of_old():
    def entry(name, config, *calls):
        return {
            "class_name": name, "name": config["name"], "config": config,
            "inbound_nodes": list(calls),
        }  # fmt: skip

    source = {"batch_input_shape": [None, 5, 2], "dtype": "float32", "name": "x"}
    config = {
        "name": "seq2seq",
        "layers": [
            entry("InputLayer", source),
            entry("LSTM", {"name": "first", "units": 3, "return_state": True}, [["x", 0, 0, {}]]),
            entry("LSTM", {"name": "second", "units": 3},
                  [["x", 0, 0, {}], ["first", 0, 1, {}], ["first", 0, 2, {}]]),
        ],
        "input_layers": [["x", 0, 0]], "output_layers": [["second", 0, 0]],
    }  # fmt: skip
    model = keras.Model.from_config(config)
    x = np.ones((2, 5, 2), "float32")
    first, second = model.get_layer("first"), model.get_layer("second")
    np.testing.assert_allclose(model(x), second(x, initial_state=first(x)[1:]), rtol=1e-6)


# -- what Keras's own files say without meaning it ------------------------------------------------


def test_training_false_of_keras_does_not_stop_training():
    """Keras writes it for every layer that takes the argument, and lets the model decide."""
    x = keras.Input((4,))
    config = keras.Model(x, layers.Dropout(0.5, name="drop")(x)).get_config()
    config["layers"][1]["inbound_nodes"][0]["kwargs"] = {"training": False}
    model = keras.Model.from_config(config)
    assert (np.asarray(model(np.ones((4, 4)), training=True)) == 0).any()


def test_training_false_that_was_said_is_kept():
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dropout(0.5)(x, training=False))
    copy = model_from_json(model.to_json())
    for one in (model, copy, model_from_json(copy.to_json())):
        assert (np.asarray(one(np.ones((4, 4)), training=True)) == 1).all()


def test_sequential_keeps_being_frozen():
    model = sequential()
    model.trainable = False
    assert not keras.Sequential.from_config(model.get_config()).trainable_weights


def test_masks_and_states_as_arguments():
    x = keras.Input((5,), dtype="int32")
    embedded = layers.Embedding(7, 3)(x)
    sequence, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(
        embedded, mask=ops.not_equal(x, 0)
    )
    model = keras.Model(x, layers.LSTM(3)(sequence, initial_state=[h, c]))
    copy = model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    tokens = np.int32([[1, 2, 0, 0, 0], [3, 4, 5, 6, 0]])
    np.testing.assert_array_equal(copy(tokens), model(tokens))
    other = np.int32([[1, 2, 6, 6, 6], [3, 4, 5, 6, 0]])
    assert not np.array_equal(copy(tokens)[0], copy(other)[0])


@pytest.mark.parametrize("first", [0, 1])
def test_a_layer_inside_and_outside_of_a_nested_model_stays_one(first, tmp_path):
    both = layers.Dense(4, name="both")
    inner_x, x = keras.Input((4,)), keras.Input((4,))
    inner = keras.Model(inner_x, both(inner_x))
    parts = [inner, both]
    model = keras.Model(x, layers.Add()([parts[first](x), parts[1 - first](x)]))
    copy = model_from_json(model.to_json())
    assert len(copy.weights) == len(model.weights) == 2
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), model(X))


def test_only_what_is_shared_is_numbered():
    assert "shared_object_id" not in nested().to_json()


# -- refusals -------------------------------------------------------------------------------------


def changed(**changes):
    config = json.loads(json.dumps(functional().get_config()))
    for path, value in changes.items():
        *steps, last = path.split("__")
        place = config
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        place[int(last) if last.isdigit() else last] = value
    return config


DENSE = "layers__1__"
REFUSED = {
    "an unknown layer": (
        {DENSE + "class_name": "Nonsense"}, r"^layers\[1\]: .*Nonsense"),
    "an unknown op": (
        {DENSE + "class_name": "Unheard", DENSE + "module": "keras.src.ops.nn"},
        r"^layers\[1\]: expected an op that Geartrain has\. Received: keras\.ops\.unheard"),
    "a settings key of an op": (
        {DENSE + "class_name": "Relu", DENSE + "module": "keras.src.ops.nn",
         DENSE + "config": {"name": "relu", "power": 3}},
        r"Relu: expected a config with name\. Received: \{'power': 3\}"),
    "no layer": (
        {DENSE + "class_name": "Zeros", DENSE + "module": "keras.initializers",
         DENSE + "config": {}},
        r"^layers\[1\]: expected one of keras\.layers\. Received: 'Zeros'"),
    "a name twice": ({DENSE + "name": "x"}, r"^layers\[1\]: expected each name once.* 'x'"),
    "a layer that is no dictionary": ({"layers__1": 3}, r"^layers\[1\]: expected a dict"),
    "layers that are no list": ({"layers": 3}, r"^layers: expected a list"),
    "a tensor of nobody": (
        {DENSE + "inbound_nodes__0__args__0__config__keras_history": ["who", 0, 0]},
        r"^layers\.hidden\.inbound_nodes\[0\]: expected the name of a layer .* 'who'"),
    "a result that is not there": (
        {DENSE + "inbound_nodes__0__args__0__config__keras_history": ["x", 0, 7]},
        r"expected one of the 1 results of 'x'\. Received: 7"),
    "a history of another form": (
        {DENSE + "inbound_nodes__0__args__0__config__keras_history": "x"},
        r"expected \[name, call, result\]\. Received: 'x'"),
    "a circle": (
        {DENSE + "inbound_nodes__0__args__0__config__keras_history": ["y", 0, 0]},
        r"calls that wait for one another.* of add\w*, hidden, y"),
    "a call that is never made": (
        {DENSE + "inbound_nodes__0__args__0__config__keras_history": ["x", 5, 0]},
        r"calls that wait for one another"),
    "an output of nobody": ({"output_layers__0": "who"}, r"^output_layers: .*'who'"),
    "an output that is never made": (
        {"output_layers__1": 3}, r"^output_layers: expected a call of 'y' that is there"),
    "a call on nothing": (
        {DENSE + "inbound_nodes__0__args": [[1.0]]},
        r"^layers\.hidden\.inbound_nodes\[0\]: expected a call on a tensor"),
    "outputs that are none": ({"output_layers": 5}, r"^output_layers: expected a list"),
    "code": (
        {DENSE + "inbound_nodes__0__args__0": {"class_name": "__lambda__", "config": {}}},
        r"^layers\.hidden\.inbound_nodes\[0\].*which is code"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    changes, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        keras.Model.from_config(changed(**changes))


def test_errors_tell_the_place_in_nested_models():
    config = json.loads(nested().to_json())
    config["config"]["layers"][1]["config"]["layers"][1]["config"]["layers"][1]["config"][
        "units"
    ] = -1
    with pytest.raises(ValueError, match=r"config\.layers\[1\]\.config\.layers\[1\]\.config\.lay"):
        deserialize(config)


def test_model_from_json_refuses_other_texts():
    with pytest.raises(ValueError, match="model_from_json: expected JSON"):
        model_from_json("no JSON")
    with pytest.raises(TypeError, match=r"expected the text that model\.to_json"):
        model_from_json({"class_name": "Sequential"})
    with pytest.raises(ValueError, match=r"Unknown class: 'Dense'\. Known: Functional, Model, Seq"):
        model_from_json('{"class_name": "Dense", "config": {"units": 3}}')
    with pytest.raises(ValueError, match="expected a model"):
        model_from_json("[1, 2]")
    with pytest.raises(
        ValueError, match=r"Sequential\.from_config: expected a dictionary with a li"
    ):
        keras.Sequential.from_config({"name": "x"})


def test_a_model_whose_arguments_cannot_be_told_says_so():
    class Holder(keras.Model):
        def __init__(self, thing):
            super().__init__()
            self.thing = thing

        def call(self, x):
            return x

    with pytest.raises(TypeError, match=r"A class of your own needs get_config\(\)"):
        Holder(object()).get_config()
    assert Holder(3).get_config() == {"thing": 3}
    assert Holder.from_config({"thing": 3}).thing == 3


def test_custom_objects_reach_nested_layers():
    class Own(layers.Layer):
        def call(self, x):
            return x * 2

    x = keras.Input((4,))
    text = keras.Model(x, keras.Sequential([layers.Input((4,)), Own()])(x)).to_json()
    with pytest.raises(ValueError, match="custom_objects"):
        model_from_json(text)
    model = model_from_json(text, custom_objects={"Own": Own})
    np.testing.assert_array_equal(model(X), X * 2)


# -- models with a call of their own, and lists of one --------------------------------------------


@pytest.mark.parametrize(
    ("make", "data", "shapes"),
    [
        (lambda: Tower(3), (X,), {"input_shape": [8, 4]}),
        (Pair, (X, X[:, :3]), {"shapes_dict": {"x_shape": [8, 4], "other_shape": [8, 3]}}),
        (Named, ({"a": X, "b": X[:, :1]},), {"input_shape": {"a": [8, 4], "b": [8, 1]}}),
    ],
)
def test_a_model_is_built_again_for_the_shapes_it_was_called_on(make, data, shapes):
    model = make()
    expected = flat(model(*data))
    described = json.loads(model.to_json())
    assert described["build_config"] == shapes
    copy = deserialize(described)
    assert copy.built
    copy.set_weights(model.get_weights())
    for left, right in zip(flat(copy(*data)), expected, strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_model_inside_of_another_is_built_by_its_call():
    x = keras.Input((4,))
    model = keras.Model(x, Tower(3)(x))
    assert model_from_json(model.to_json()).count_params() == model.count_params() == 35


@pytest.mark.parametrize("loss", ["mse", ["mse"], {"out": "mse"}])
@pytest.mark.parametrize("pack", [lambda y: y, lambda y: [y]])
def test_lists_of_one_tensor_are_handed_out_as_that_tensor(loss, pack):
    x = keras.Input((4,))
    model = keras.Model([x], [layers.Dense(2, name="out")(x)])
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
    assert model.get_config()["output_layers"] == [["out", 0, 0]]
    model.compile("sgd", loss, metrics=["mae"])
    history = model.fit(X, pack(Y), verbose=0)
    assert sorted(history.history) == ["loss", "mae"]
    assert model.predict(X, verbose=0).shape == (8, 2)
    y = keras.Input((4,))
    assert keras.Model(y, model(y)).output_shape == (None, 2)
