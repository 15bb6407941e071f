"""What Geartrain exports to ONNX it loads again: the same predictions, and as much to train."""

import warnings

import numpy as np
import onnx
import pytest

from geartrain import Input, Model, Sequential, layers, tree
from geartrain.errors import GeartrainWarning
from geartrain.graph.node import Node
from geartrain.saving import load_model
from geartrain.saving.onnx.export.model_file import onnx_model
from geartrain.saving.onnx.export.signature import leaves
from tests.layers.test_contract import drawn
from tests.ops.test_public import SYMBOLIC
from tests.ops.test_public import called as called_op
from tests.saving.onnx.test_export_layers import ROWS, modelled
from tests.saving.onnx.test_export_models import SEQUENCES
from tests.saving.onnx.test_export_ops import arrays_of, is_refused
from tests.saving.onnx.test_read_loops import Leaky


def again(model, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model(model).SerializeToString())
    return load_model(path)


def called(model, arrays):
    arrays = arrays if isinstance(arrays, list) else [arrays]
    return [
        np.asarray(one)
        for one in tree.flatten(model(arrays if len(arrays) > 1 else arrays[0], training=False))
    ]


def assert_back(model, tmp_path, *batches, tolerance=1e-5, **how):
    """The model comes back: its outputs, and as many numbers to train; returns what is loaded."""
    (tmp_path / "model.onnx").write_bytes(onnx_model(model, **how).SerializeToString())
    loaded = load_model(tmp_path / "model.onnx")
    for arrays in batches:
        for one, other in zip(called(model, arrays), called(loaded, arrays), strict=True):
            assert (one.shape, one.dtype) == (other.shape, other.dtype)
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    trained = [sum(w.array.size for w in m.trainable_weights) for m in (model, loaded)]
    assert trained[0] == trained[1]
    return loaded


# Written, and not read: Fourier transforms, bits, and counts that are constants or have no batch.
NOT_READ = {"fft", "fft2", "ifft2", "rfft", "irfft", "stft", "MelSpectrogram", "histogram"}
NOT_READ |= {f"bitwise_{name}" for name in ("and", "or", "xor", "not", "invert")}
READ = [one for one in ROWS if one.values[0] not in NOT_READ]


@pytest.mark.parametrize(("name", "row"), READ)
def test_every_layer_comes_back(name, row, tmp_path):
    assert_back(modelled(name, row), tmp_path, drawn(row, 3, seed=1), drawn(row, 1, seed=2))


@pytest.mark.parametrize(("name", "row"), READ)
def test_every_layer_comes_back_from_its_arithmetic(name, row, tmp_path):
    assert_back(modelled(name, row), tmp_path, drawn(row, 2), opset_version=18)
    arrays = drawn(row, 2, "float64" if row.integers is None else "float32")
    assert_back(modelled(name, row, "float64"), tmp_path, arrays, tolerance=1e-9)


# Cases with a tensor that has no batch axis, or one of size 0, and where NaN is sorted.
LEFT_OUT = {"()", "(0, 2)", "(3, 0)"}
UNSORTED = {"sort", "top_k", "nanmedian", "nanquantile", "nanpercentile"}


@pytest.mark.parametrize("one", SYMBOLIC)
def test_every_op_comes_back(one, tmp_path):
    arrays = arrays_of(one)
    if arrays is None or is_refused(one, arrays) or one.name in NOT_READ:
        return
    if LEFT_OUT & {str(a.shape) for a in arrays} or (
        one.name in UNSORTED and any(np.isnan(a).any() for a in arrays)
    ):
        return
    symbols = [Input(batch_shape=a.shape, dtype=a.dtype.name) for a in arrays]
    outputs = [out for out in leaves(called_op(one, *symbols)) if isinstance(out, Node)]
    if not outputs:  # a size that is known
        return
    wide = any(a.dtype == "float64" for a in arrays)
    model = Model(symbols, outputs, dtype="float64" if wide else "float32")
    signature = [layers.InputSpec(shape=a.shape, dtype=a.dtype.name) for a in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeartrainWarning)  # of batches of one size alone
        assert_back(model, tmp_path, arrays, tolerance=2e-5, input_signature=signature)


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


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_of_any_length_come_back(name, tmp_path):
    symbol = Input((None, 6))
    model = Model(symbol, SEQUENCES[name](symbol))
    chance = np.random.default_rng(3)
    long, short = (chance.normal(size=s).astype("float32") for s in ((3, 9, 6), (1, 4, 6)))
    long[1, 3:], long[2, :2] = 0, 0  # for masks, with a gap in front and one behind
    assert_back(model, tmp_path, long, short)


def test_images_of_any_size_come_back(tmp_path):
    symbol = Input((None, None, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same")(symbol)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.AveragePooling2D(2, padding="same")(layers.DepthwiseConv2D(2, padding="same")(x))
    model = Model(symbol, x)
    chance = np.random.default_rng(3)
    images = [chance.random(s).astype("float32") for s in ((2, 16, 12, 3), (1, 9, 21, 3))]
    loaded = assert_back(model, tmp_path, *images)
    paddings = [one.padding for one in loaded.layers if hasattr(one, "padding")]
    assert paddings == ["same", "same", "same", "same"]
