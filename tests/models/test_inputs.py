"""What a model's inputs make of what they are given: dtypes, axes of size 1, None, order."""

from __future__ import annotations

import json

import numpy as np
import pytest

import geartrain as keras
from geartrain import Input, Layer, Model, Sequential, layers, ops


def test_tensors_become_what_the_inputs_are():
    x, i, half = Input((2,)), Input((2,), dtype="int32"), Input((2,), dtype="float16")
    model = Model(x, x + 2)
    large = np.array([[255, 1]], "uint8")
    for made in (model(large), model.predict(large, verbose=0), model(large.astype("float64"))):
        assert made.dtype == "float32" and made.tolist() == [[257.0, 3.0]]
    several = Model((half, i), (half + 2, i + 2))
    assert [one.dtype for one in several((np.ones((2, 2)), np.ones((2, 2))))] == [
        "float16",
        "int32",
    ]
    mixed = Model(x, layers.Activation("linear", dtype="float32")(x), name="mixed")
    mixed.dtype_policy = keras.DTypePolicy("mixed_float16")
    assert mixed(np.float32([[1e6, 1.0]])).max() == 1e6  # no float16 between


def test_another_structure_than_the_inputs_is_told():
    a = Input((3,), name="a")
    one, by_name = np.ones((2, 3), "float32"), Model({"a": a}, a * 2)
    for given in ({"a": one, "b": one}, [one]):
        with pytest.warns(UserWarning, match="The structure of `inputs` doesn't match.*'a': 'a'"):
            assert by_name(given).tolist() == (one * 2).tolist()
    for model, given in ((by_name, {"a": one}), (Model([a], a), one), (Model(a, a), {"a": one}),
                         (Model([a, Input((3,))], a), (one, one))):  # fmt: skip
        model.predict(given, verbose=0)  # warnings are errors


def test_tensors_tell_what_made_them():
    x = Input((3,))
    layer = layers.LSTM(2, return_state=True)
    layer(Input((4, 3)))
    operation, node, place = layer(layers.RepeatVector(4)(x))[2]._keras_history
    assert operation is layer and (node, place) == (1, 2)
    assert x._keras_history.operation.name == x.name
    assert type(ops.cast(x, "float16")._keras_history.operation).__name__ == "Cast"
    with pytest.raises(AttributeError, match="has no _keras_history: no operation made it"):
        _ = keras.KerasTensor((2,))._keras_history


class Maybe(Layer):
    def call(self, x, y=None):
        return x if y is None else x + y

    def compute_output_shape(self, x_shape):
        return x_shape


@pytest.mark.parametrize("optional", [True, False])
def test_only_optional_inputs_may_be_none(optional):
    a, b = Input((2,), name="a"), Input((2,), name="b", optional=optional)
    x = np.ones((2, 2))
    model = Model({"a": a, "b": b}, Maybe()(a, b))
    for given in ({"a": x, "b": None}, [x, None]):
        if optional and isinstance(given, list):
            with pytest.warns(UserWarning, match="Received: .*'None'"):
                assert model(given).tolist() == x.tolist()
        elif optional:
            assert model(given).tolist() == x.tolist()
        else:
            with pytest.raises(ValueError, match=r"'b', which is not optional. Received: None"):
                model(given)
    assert model({"a": x, "b": x}).tolist() == (2 * x).tolist()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"no input is optional here. Received: None"):
        Model(a, a * 1).predict([None], verbose=0)


def test_lists_stand_for_dicts_only_where_the_order_is_clear():
    first, second = Input((1,), name="p"), Input((1,), name="q")
    x, y = np.float32([[3]]), np.float32([[1]])
    with pytest.warns(UserWarning, match="lists are taken in the inputs' order"):
        assert Model({"p": first, "q": second}, first - second)([x, y]).tolist() == [[2]]
    with pytest.raises(ValueError, match=r"by name, as a dict with q, p. Received: a list"):
        Model({"q": second, "p": first}, first - second)([x, y])


def test_a_row_without_an_input_takes_other_sizes_later():
    model = Sequential([layers.Reshape((-1, 8)), layers.Dense(1)])
    for length in (12, 20, 24):
        assert model(np.ones((1, length, 2))).shape == (1, length // 4, 1)
        assert model.predict(np.ones((1, length, 2)), verbose=0).shape == (1, length // 4, 1)
    embedding = Sequential([layers.Embedding(300, 2)])
    assert embedding(np.uint8([[1]])).shape == embedding(np.float32([[299]])).shape == (1, 1, 2)


def test_configs_keep_tuples_in_memory():
    x = Input((3,))
    model = Model(x, (layers.Dense(1)(x), layers.Dense(2)(x)))
    again = Model.from_config(model.get_config())
    assert isinstance(again(np.ones((1, 3))), tuple)
    read = Model.from_config(json.loads(json.dumps(model.get_config())))
    assert len(read(np.ones((1, 3)))) == 2


@pytest.mark.parametrize("name", ["crossentropy", "ce"])
@pytest.mark.parametrize(
    ("units", "y", "kind"),
    [
        (1, np.ones((4, 1)), "binary"),
        (3, np.ones((4, 1)), "sparse_categorical"),
        (3, np.ones(4), "sparse_categorical"),
        (3, np.eye(3)[[0, 1, 2, 0]], "categorical"),
    ],
)
def test_crossentropy_is_chosen_by_the_shapes(name, units, y, kind):
    x = np.random.default_rng(0).normal(size=(4, 2)).astype("float32")
    activation = "sigmoid" if units == 1 else "softmax"
    model = Sequential([layers.Dense(units, activation=activation)])
    found = []
    for loss in (name, f"{kind}_crossentropy"):
        model.compile("sgd", loss)
        found.append(model.evaluate(x, y, verbose=0))
    assert found[0] == pytest.approx(found[1])
    assert ops.shape(model(x)) == (4, units)
