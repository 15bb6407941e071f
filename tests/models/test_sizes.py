"""Sizes that are not known while a model is made: of the batch, and of any other axis."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, ops
from geartrain.errors import UnknownSize
from geartrain.explanation import explain
from geartrain.models.programs import MOST_PROGRAMS
from tests.models import sizes, unknown_axes
from tests.recorded import load

FACTS, RECORDED = load("unknown_axes")
EXPECTED = {case["name"]: RECORDED[case["result"]] for case in FACTS["cases"]}
SHAPES = {case["name"]: case["shape"] for case in FACTS["cases"] if case["kind"] == "model"}
FUNCTIONS = sizes.functions(keras)
MODELS = unknown_axes.models(keras)


def in_a_layer(function):
    class Computed(layers.Layer):
        def call(self, x):
            return function(x)

    x = keras.Input((None, 3))
    return keras.Model(x, Computed()(x))


def in_a_model(function):
    class Computed(keras.Model):
        def call(self, x):
            return function(x)

    return Computed()


def in_a_graph(function):
    x = keras.Input((None, 3))
    return keras.Model(x, function(x))


def agree(model, function, shapes):
    for batch, time in shapes:
        x = sizes.data(batch, time)
        expected = np.asarray(function(x))
        np.testing.assert_allclose(
            np.asarray(model.predict_on_batch(x)), expected, 1e-5, 1e-5, strict=True
        )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_arrays_give_what_keras_gives(name):
    found = np.asarray(FUNCTIONS[name](sizes.data(*sizes.RECORDED)))
    np.testing.assert_allclose(found, EXPECTED[name], 1e-5, 1e-5)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", [in_a_layer, in_a_model])
def test_functions_in_models_give_what_they_give_of_arrays(kind, name):
    agree(kind(FUNCTIONS[name]), FUNCTIONS[name], [(1, 2), (3, 5), (5, 5)])


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in sizes.OF_NUMBERS])
def test_calls_of_functions_are_models_and_their_configs_make_them_anew(name):
    model = in_a_graph(FUNCTIONS[name])
    config = json.loads(json.dumps(model.get_config()))
    agree(keras.Model.from_config(config), FUNCTIONS[name], [(1, 2), (3, 5), (5, 5)])


@pytest.mark.parametrize("name", sizes.OF_NUMBERS)
def test_a_graph_of_calls_says_where_it_needs_a_number(name):
    with pytest.raises(TypeError, match=r"not known|ops\.where|depend on values|a known size"):
        in_a_graph(FUNCTIONS[name])


@pytest.mark.parametrize("name", MODELS)
def test_models_of_any_lengths(name):
    make, kinds = MODELS[name]
    model = make()
    model.set_weights(unknown_axes.weights(model))
    assert list(model.output_shape) == SHAPES[name]
    given = unknown_axes.inputs(kinds, *sizes.RECORDED)
    found = model.predict(given if len(given) > 1 else given[0], verbose=0)
    np.testing.assert_allclose(found, EXPECTED[name], 1e-4, 1e-4, strict=True)
    for batch, length in ((2, 7), (7, 2)):
        given = unknown_axes.inputs(kinds, batch, length)
        inputs = [keras.Input(x.shape[1:], dtype=x.dtype.name) for x in given]
        known = keras.Model(inputs, model(inputs if len(inputs) > 1 else inputs[0]))
        np.testing.assert_allclose(
            model.predict(given if len(given) > 1 else given[0], verbose=0),
            known(given if len(given) > 1 else given[0]),
            1e-4, 1e-4, strict=True,
        )  # fmt: skip


# -- the batch ------------------------------------------------------------------------------------


class LoopOverRows(keras.Model):
    """Needs the number of rows as a number."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return ops.stack([self.dense(x[i : i + 1])[0] for i in range(ops.shape(x)[0])])


def test_a_step_that_needs_the_number_of_rows_gets_a_program_for_each():
    model = LoopOverRows()
    model.compile("sgd", "mse")
    x = np.arange(22.0, dtype="float32").reshape(11, 2) / 22
    y = x.sum(1, keepdims=True)
    before = model.evaluate(x, y, batch_size=4, verbose=0)
    model.fit(x, y, batch_size=4, epochs=3, verbose=0)
    assert model.evaluate(x, y, batch_size=4, verbose=0) < before
    expected = x @ model.dense.kernel.numpy() + model.dense.bias.numpy()
    for size in (4, 11, 1):
        np.testing.assert_allclose(model.predict(x, batch_size=size, verbose=0), expected, 1e-5)
    told = explain(model, x).stage("sizes")
    assert "each number of rows needs another program" in told
    assert "made for shape (11, 2)" in told


def test_one_program_serves_any_number_of_rows_where_sizes_are_only_computed_with():
    model = in_a_layer(lambda x: ops.concatenate([x, x])[ops.shape(x)[0] :])
    for rows in (1, 4, 6):
        model.predict_on_batch(sizes.data(rows, 5))
    assert len(model._programs) == 1
    told = explain(model, sizes.data(4, 5)).stage("sizes")
    assert "one program for any number of rows" in told
    assert f"The latest {MOST_PROGRAMS} are kept" in told


def test_programs_for_more_lengths_than_are_kept_are_made_again():
    model = in_a_layer(lambda x: ops.sum(x, 1) * ops.shape(x)[1])
    lengths = [*range(1, MOST_PROGRAMS + 4), 1, 2]
    for length in lengths:
        x = sizes.data(2, length)
        np.testing.assert_allclose(model.predict(x, verbose=0), x.sum(1) * length, 1e-5, 1e-5)
        assert len(model._programs) <= MOST_PROGRAMS
        assert len(model._programs.direct) <= MOST_PROGRAMS


def test_gradients_of_what_depends_on_sizes():
    class Scaled(layers.Layer):
        def build(self, shape):
            self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

        def call(self, x):
            rows = ops.concatenate([x, x], 0)
            return self.factor * ops.sum(rows) / ops.shape(rows)[0] + 0 * ops.sum(x, (1, 2))

    x = keras.Input((None, 1))
    model = keras.Model(x, Scaled()(x))
    model.compile("sgd", lambda y, prediction: ops.mean(prediction))
    for rows, length in ((2, 3), (4, 5)):
        model.layers[-1].factor.assign(1.0)
        ones = np.ones((rows, length, 1), "float32")
        model.train_on_batch(ones, np.zeros(rows))
        assert model.layers[-1].factor.numpy() == pytest.approx(1 - 0.01 * length)


def test_sizes_in_variables_and_outputs():
    class Counting(layers.Layer):
        def build(self, shape):
            self.seen = self.add_weight(shape=(), initializer="zeros", name="seen")

        def call(self, x):
            self.seen.assign_add(ops.shape(ops.concatenate([x, x]))[0])
            return {"x": x, "rows": ops.shape(x)[0] * ops.ones((1,))}

    x = keras.Input((None, 3))
    model = keras.Model(x, Counting()(x))
    for rows in (2, 3):
        assert model.predict_on_batch(sizes.data(rows, 2))["rows"] == rows
    assert model.layers[-1].seen.numpy() == 10


def test_the_size_of_another_tensor_cannot_be_smuggled_into_a_layer():
    x, y = keras.Input((None, 3)), keras.Input((None, 3))
    length = ops.shape(y)[1]
    model = keras.Model(x, layers.Lambda(lambda x: x * length)(x))
    with pytest.raises(ValueError, match="Expected sizes of tensors that the layer or function ge"):
        model.predict_on_batch(sizes.data(2, 3))


# -- graphs of calls ------------------------------------------------------------------------------


def two_lengths():
    x, y = keras.Input((None, 3), name="x"), keras.Input((None, 3), name="y")
    rows, time = ops.shape(x)[:2]
    joined = ops.concatenate([x, y], 1)
    flat = ops.reshape(joined, (rows, (time + ops.shape(y)[1]) * 3))
    part = joined[:, : time // 2 + 1]
    return keras.Model([x, y], [flat, part, ops.ones((2 * time - 1, rows % 2 + 1))])


def test_different_unknown_sizes_are_never_taken_for_equal(tmp_path):
    model = two_lengths()
    assert model.output_shape == [(None, None), (None, None, 3), (None, None)]
    x, y = sizes.data(4, 5), sizes.data(4, 2)
    joined = np.concatenate([x, y], 1)
    expected = [joined.reshape(4, 21), joined[:, :3], np.ones((9, 1), "float32")]
    model.save(tmp_path / "model.keras")
    for made in (
        model, keras.Model.from_config(model.get_config()), keras.models.clone_model(model),
        copy.deepcopy(model), pickle.loads(pickle.dumps(model)),
        keras.models.load_model(tmp_path / "model.keras"),
    ):  # fmt: skip
        for found, wanted in zip(made.predict([x, y], verbose=0), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_sizes_lead_through_models_within_models_and_from_their_middle():
    x = keras.Input((None, 3))
    rows, time = ops.shape(x)[:2]
    inner = keras.Model(x, ops.reshape(x, (rows * time, 3)))
    assert keras.Model(x, inner(x)[:rows]).predict(sizes.data(4, 5), verbose=0).shape == (4, 3)
    hidden = layers.Dense(3)(x)
    out = ops.reshape(hidden, (ops.shape(hidden)[0] * ops.shape(hidden)[1], 3))
    given = sizes.data(4, 5)
    for start in (x, hidden):
        assert keras.Model(start, out).predict(given, verbose=0).shape == (20, 3)


@pytest.mark.parametrize(
    ("shapes", "function", "shape"),
    [
        ([(2, None)], lambda x: ops.reshape(x, (2, 3, 5)), (2, 3, 5)),
        ([(None, None)], layers.Reshape((3, 5)), (None, 3, 5)),
        ([(None, None, 4)], lambda x: ops.reshape(x, (-1, 3, 5)), (None, 3, 5)),
        ([(None,), (6, None)], ops.add, (6, None)),
        ([(None, None, 8), (None, 5, 8)], ops.add, (None, 5, 8)),
        ([(None, None, 3)], lambda x: ops.image.pad_images(x, 2, 3, target_height=20,
            target_width=30), (20, 30, 3)),
        ([(20, None), (2, 15, None)], lambda x, at: ops.image.map_coordinates(x, at, 0),
            (15, None)),
        ([(None,), (6, None)], lambda c, x: ops.scan(lambda c, x: (c + x, c), c, x)[1], (6, None)),
    ],
    ids=["all", "layer", "rest", "add", "number", "pad", "places", "scan"],
)  # fmt: skip
def test_what_may_fit_is_taken_to_fit(shapes, function, shape):
    assert function(*map(keras.KerasTensor, shapes)).shape == shape


def test_what_was_taken_to_fit_is_computed_or_refused():
    x = keras.Input((None,))
    model = keras.Model(x, layers.Reshape((2, 3))(x))
    given = np.arange(12.0).reshape(2, 6)
    np.testing.assert_array_equal(model.predict(given, verbose=0), given.reshape(2, 2, 3))
    with pytest.raises(
        ValueError, match=r"Reshape .*expected samples that fill the shape \(2, 3\)"
    ):
        model.predict(given[:, :5], verbose=0)
    with pytest.raises(UnknownSize, match="expected a shape of 2"):
        ops.reshape(keras.KerasTensor((2, None)), (3, 5))


def test_wrong_sizes_in_configs_are_refused():
    config = json.loads(json.dumps(two_lengths().get_config()))
    (reshape,) = [one for one in config["layers"] if one["class_name"] == "Reshape"]
    size = reshape["inbound_nodes"][0]["kwargs"]["newshape"][0]
    for terms, message in (
        ([[1.5, []]], "a whole number"), ([[1, [{"axis": 7, "of": ["x", 0, 0]}]]], "size of an"),
        ([[1, [{"function": "pow", "of": [[], []]}]]], "size of an axis"),
        ("x", r"expected \[count, factors\]. Received: None"),
    ):  # fmt: skip
        size["config"]["terms"] = terms
        with pytest.raises(ValueError, match=message):
            keras.Model.from_config(config)


# -- what sizes are -------------------------------------------------------------------------------


def test_shapes_of_symbolic_tensors():
    x = keras.Input((None, 3))
    assert x.shape == (None, None, 3)
    assert ops.shape(x) == (None, None, 3)
    rows, time, features = ops.shape(x)
    assert features == 3 and type(features) is int
    assert rows - rows == 0 and (rows * 6) // 3 - 2 * rows == 0 and (4 * time + 2) % 2 == 0
    assert rows + 1 > rows and not time < time and time == time
    assert ops.shape(keras.Input((None, 3)))[1].extent != time.extent
    assert hash(rows) == hash(ops.shape(x)[0])


def test_a_bare_none_is_no_size():
    x = keras.Input((4,))
    with pytest.raises(UnknownSize, match=r"zeros: .*Received: None.*ops\.shape\(x\)\[axis\]"):
        ops.zeros((x.shape[0], 3))
