"""What Geartrain exports to ONNX it loads again: the same predictions, and as much to train."""

import numpy as np
import onnx
import pytest

from geartrain import Input, Model, Sequential, layers, tree
from geartrain.saving import load_model
from geartrain.saving.onnx.export.model_file import onnx_model
from tests.layers.test_contract import drawn
from tests.saving.onnx.test_export_layers import ROWS, modelled
from tests.saving.onnx.test_read_loops import Leaky


def again(model, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model(model).SerializeToString())
    return load_model(path)


def called(model, arrays):
    arrays = arrays if isinstance(arrays, list) else [arrays]
    return [
        np.asarray(one) for one in tree.flatten(model(arrays if len(arrays) > 1 else arrays[0]))
    ]


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_every_layer_comes_back(name, row, tmp_path):
    model = modelled(name, row)
    loaded = again(model, tmp_path)
    for count, seed in ((3, 1), (1, 2)):
        arrays = drawn(row, count, seed=seed)
        for one, other in zip(called(model, arrays), called(loaded, arrays), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    trained = [sum(w.array.size for w in m.trainable_weights) for m in (model, loaded)]
    assert trained[0] == trained[1]


def test_layers_take_the_order_of_axes_that_they_had(tmp_path):
    x = Input((12, 12, 3))
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    y = layers.BatchNormalization(name="norm")(y)
    y = layers.MaxPooling2D(2)(y)
    y = layers.Conv2D(5, 3, name="second")(y)
    model = Model(x, layers.Dense(2, name="head")(layers.Flatten()(y)))
    loaded = again(model, tmp_path)
    kinds = [type(operation).__name__ for operation in loaded.operations]
    assert kinds == [
        "InputLayer", "Conv2D", "Activation", "BatchNormalization", "MaxPooling2D", "Conv2D",
        "Flatten", "Dense",
    ]  # fmt: skip
    assert loaded.get_layer("second").data_format == "channels_last"
    assert loaded.get_layer("norm").axis == -1
    for name in ("first", "second", "head"):
        given, found = model.get_layer(name).get_weights(), loaded.get_layer(name).get_weights()
        for one, other in zip(given, found, strict=True):
            np.testing.assert_array_equal(one, other)


def test_unknown_lengths_stay_unknown(tmp_path):
    ids = Input((None,), dtype="int32")
    x = layers.Embedding(20, 4)(ids)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.MultiHeadAttention(2, 3)(x, x)
    model = Model(ids, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))
    loaded = again(model, tmp_path)
    for length in (3, 7):
        batch = np.random.default_rng(length).integers(0, 20, (2, length))
        wanted = model.predict(batch, verbose=0)
        np.testing.assert_allclose(loaded.predict(batch, verbose=0), wanted, rtol=1e-5, atol=1e-6)


def test_layers_that_were_not_trained_stay_so(tmp_path):
    x = Input((4,))
    body = Sequential([Input((4,)), layers.Dense(3), layers.BatchNormalization()], name="body")
    y = layers.Dense(2, name="head")(body(x))
    y = layers.PReLU(trainable=False, name="slope")(y)
    model = Model(x, layers.RNN(Leaky(3), name="loop", trainable=False)(layers.Reshape((1, 2))(y)))
    body.trainable = False
    loaded = again(model, tmp_path)
    for one in (model, loaded):
        assert sum(w.array.size for w in one.trainable_weights) == 3 * 2 + 2
    assert sum(w.array.size for w in loaded.weights) == sum(w.array.size for w in model.weights)


@pytest.mark.parametrize("text", ["{}", "[1]"])
def test_a_list_of_frozen_weights_holds_names(text, tmp_path):
    proto = onnx_model(Sequential([Input((2,)), layers.Dense(1)]))
    onnx.helper.set_model_props(proto, {"geartrain.frozen": text})
    (tmp_path / "model.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ValueError, match=r"load_model.* geartrain.frozen: expected a list of name"):
        load_model(tmp_path / "model.onnx")
