"""Calls of `geartrain.ops` and of operations of one's own as parts of models."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

import geartrain as keras
from geartrain import activations, ops, tree
from geartrain.graph.node import Node
from geartrain.layers import function_calls
from geartrain.layers.symbolic import WITH_FUNCTIONS
from geartrain.models.call_graph import CallGraph
from geartrain.ops import image
from tests.ops.test_public import PARAMS, SYMBOLIC, called
from tests.recorded import load

OPS, _ = load("operations")
RECORDED = {case["name"]: case for case in OPS["cases"]}
SHARED = [
    *(f"ops.{name}" for name in ops.__all__ if f"ops.{name}" in RECORDED),
    *(f"ops.image.{name}" for name in image.__all__ if f"ops.image.{name}" in RECORDED),
    *(f"activations.{name}" for name in activations.__all__ if f"activations.{name}" in RECORDED),
]
# What gives no tensor, or needs none.
NO_OPERATION = {
    "convert_to_numpy", "dtype", "empty", "eye", "identity", "is_tensor", "ones", "shape", "tri",
    "zeros",
}  # fmt: skip
NO_OPERATION |= {"bartlett", "blackman", "hamming", "hanning", "kaiser"}
NO_OPERATION |= {"eig", "polar", "view_as_complex"}  # of complex numbers: there are no such graphs
NO_OPERATION |= WITH_FUNCTIONS  # of which the graph is what is called: no file holds functions


def test_every_function_has_its_class():
    known = set(function_calls._CLASSES)
    of_sizes = {"empty", "eye", "identity", "ones", "tri", "zeros"}  # Keras does not call these
    assert of_sizes <= known & NO_OPERATION
    images = {f"image.{name}" for name in image.__all__}
    functions = (set(ops.__all__) - NO_OPERATION) | images
    assert known - of_sizes == functions | {"activations.relu"}


@pytest.mark.parametrize("name", SHARED)
def test_classes_are_those_of_keras(name):
    space, own = name.split(".", 1)
    case = RECORDED[name]
    key = name if name == "activations.relu" else own
    if key not in function_calls._CLASSES or own in NO_OPERATION:
        assert space == "activations" or own in NO_OPERATION
        return
    cls = function_calls._CLASSES[key]
    assert (cls.__name__, cls.keras_module) == (case["class_name"], case["module"])
    assert list(cls.settings) == case["static"]
    named = [f"{argument}=" for argument in case["kwargs"] if argument != "**"]
    renamed = {"volumes": "images"}  # of one class with two functions
    assert list(cls.arguments) == [*(renamed.get(x, x) for x in case["args"]), *named]


@pytest.mark.parametrize("one", SYMBOLIC)
def test_a_model_of_one_function_computes_what_the_function_does(one):
    inputs = [keras.Input(batch_shape=x.shape, dtype=x.dtype) for x in one.arrays]
    outputs = called(one, *inputs)
    if isinstance(outputs, int):  # the size of a shape that is known
        assert outputs == called(one, *one.arrays)
        return
    graph = CallGraph(inputs, outputs)
    found = graph.run(list(one.arrays), lambda operation, args, kwargs: operation(*args, **kwargs))
    expected = called(one, *one.arrays)
    for left, right in zip(tree.flatten(found), tree.flatten(expected), strict=True):
        np.testing.assert_array_equal(left, right, strict=True)
    made = {type(o).__module__ for o in graph.operations if not isinstance(o, keras.Layer)}
    assert made == {function_calls.__name__}


def test_every_case_is_tried_or_gives_no_tensor():
    assert len(SYMBOLIC) > len(PARAMS) / 2


def test_functions_keep_their_names_signatures_and_places():
    assert ops.softmax.__name__ == "softmax"
    assert list(inspect.signature(ops.softmax).parameters) == ["x", "axis"]
    assert ops.softmax.__doc__
    assert pickle.loads(pickle.dumps(ops.softmax)) is ops.softmax


def test_one_call_is_one_operation():
    x = keras.Input((3,))
    model = keras.Model(x, ops.softmax(ops.gelu(x), axis=-1))
    assert [type(o).__name__ for o in model.operations] == ["InputLayer", "Gelu", "Softmax"]
    assert model.layers == model.operations[:1]


def test_operators_are_operations():
    x = keras.Input((3,))
    y = np.float32([1, 2, 3])
    model = keras.Model(x, 2 - abs(-x) * y[None] + (x @ np.eye(3, dtype="float32"))[:, ::-1])
    names = [type(o).__name__ for o in model.operations[1:]]
    assert sorted(names) == sorted(
        ["Negative", "Absolute", "Multiply", "Subtract", "Matmul", "GetItem", "Add"]
    )
    values = np.float32([[1, -2, 3]])
    np.testing.assert_allclose(model(values), 2 - abs(values) * y + values[:, ::-1])


def test_inside_of_layers_nothing_is_recorded():
    class Twice(keras.Layer):
        def call(self, x):
            made = ops.multiply(x, 2)
            assert not isinstance(made, keras.KerasTensor)
            return made

    x = keras.Input((3,))
    y = Twice()(x)
    assert [type(o).__name__ for o in keras.Model(x, y).operations] == ["InputLayer", "Twice"]


def test_a_list_of_indices_gathers():
    x = keras.Input((3,))
    values = np.float32([[1, 2, 3], [4, 5, 6]])
    assert keras.Model(x, x[[1, 0]])(values).tolist() == values[[1, 0]].tolist()
    assert keras.Model(x, x[:, 1])(values).tolist() == [2, 5]


def test_operations_of_ones_own():
    class Affine(keras.Operation):
        def __init__(self, factor, name=None):
            super().__init__(name)
            self.factor = factor

        def call(self, x, shift=0.0):
            return x * self.factor + shift

        def compute_output_spec(self, x, shift=0.0):
            return keras.KerasTensor(x.shape, x.dtype)

    x = keras.Input((2,))
    twice = Affine(2.0, name="twice")
    assert twice(np.ones(2)).tolist() == [2, 2]
    with pytest.raises(AttributeError, match="has no output before it is called"):
        _ = twice.output
    y = twice(x, shift=1.0)
    assert (twice.input, twice.output) == (x, y)
    assert twice.get_config() == {"name": "twice", "factor": 2.0}
    assert Affine.from_config(twice.get_config()).factor == 2.0
    assert keras.Model(x, twice(y))(np.ones((1, 2))).tolist() == [[6, 6]]
    with pytest.raises(ValueError, match="Affine: expected a name without '/'"):
        Affine(1.0, name="a/b")
    with pytest.raises(NotImplementedError, match=r'Operation "bare": expected a method call'):
        keras.Operation(name="bare")(1)


def test_what_depends_on_chance_is_refused():
    x = keras.Input((3,))
    with pytest.raises(ValueError, match=r"which no layer or op made of an input.*inside of a lay"):
        keras.Model(x, keras.random.dropout(x, 0.5))


def test_names_must_differ():
    x = keras.Input((3,))
    y = keras.layers.Dense(3, name="same")(keras.layers.Dense(3, name="same")(x))
    with pytest.raises(ValueError, match=r"several of the name 'same'\. Give one another name="):
        keras.Model(x, y)


def test_a_model_from_the_middle_shares_its_layers():
    x = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="low")(x)
    high = keras.layers.Dense(2, name="high")
    whole = keras.Model(x, ops.relu(high(hidden + 1)))
    upper = keras.Model(hidden, whole.output)
    assert [type(o).__name__ for o in upper.operations] == ["InputLayer", "Add", "Dense", "Relu"]
    assert upper.get_layer("high") is high
    values = np.float32([[1, 2, 3]])
    np.testing.assert_allclose(upper(values), ops.relu(high(values + 1)))
    assert upper.count_params() == high.count_params()


def test_arrays_give_arrays():
    """Whatever there is of symbolic tensors, eager calls go their own way."""
    keras.Input((3,))
    assert isinstance(ops.add([1.0], 2.0), np.ndarray)
    assert not isinstance(ops.size([1.0]), Node)
