"""What Geartrain exports to ONNX it loads again: the same predictions, and as much to train."""

import numpy as np
import pytest

from geartrain import Input, Model, layers, tree
from geartrain.saving import load_model
from geartrain.saving.onnx.export.model_file import onnx_model
from tests.layers.test_contract import drawn
from tests.saving.onnx.test_export_layers import ROWS, modelled


def again(model, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model(model).SerializeToString())
    return load_model(path)


def called(model, arrays):
    arrays = arrays if isinstance(arrays, list) else [arrays]
    return [
        np.asarray(one) for one in tree.flatten(model(arrays if len(arrays) > 1 else arrays[0]))
    ]


# Loops over time that ONNX has no operator for are exported as graphs within the graph.
LOOPS = [row for row in ROWS if row.values[0].startswith("ConvLSTM")]


@pytest.mark.parametrize(("name", "row"), LOOPS)
def test_loops_are_refused_by_name(name, row, tmp_path):
    with pytest.raises(ValueError, match=r"Scan .*Control flow .* is not read from files"):
        again(modelled(name, row), tmp_path)


@pytest.mark.parametrize(("name", "row"), [row for row in ROWS if row not in LOOPS])
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
