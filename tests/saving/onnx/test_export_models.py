"""Models of several layers, exported: sizes that are not known before, names, what is refused."""

import json

import numpy as np
import onnx
import pytest

from geartrain import Input, Model, Sequential, layers, ops, random
from geartrain._version import __version__
from geartrain.saving.onnx.export.model_file import onnx_model
from tests.saving.onnx.running import assert_same, operators


def floats(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def whole(high, *shape):
    return np.random.default_rng(1).integers(0, high, shape).astype("int32")


def shapes(values):
    return [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values]


def stateless(states):
    """A cell of one's own, with a layer inside."""

    class Cell(layers.Layer):
        state_size = states

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = layers.Dense(states, activation="tanh")

        def build(self, input_shape):
            self.dense.build((input_shape[0], input_shape[-1] + states))

        def call(self, inputs, given):
            new = self.dense(ops.concatenate([inputs, given[0]], axis=-1))
            return new, [new]

    return Cell()


# -- time, height and width that are not known before ---------------------------------------------

SEQUENCES = {
    "LSTM": lambda x: layers.LSTM(4, return_sequences=True)(x),
    "LSTM backwards": lambda x: layers.LSTM(4, go_backwards=True, return_sequences=True)(x),
    "GRU": lambda x: layers.GRU(3)(layers.GRU(4, return_sequences=True)(x)),
    "GRU, reset before": lambda x: layers.GRU(4, reset_after=False)(x),
    "GRU without bias": lambda x: layers.GRU(4, use_bias=False, activation="softsign")(x),
    "SimpleRNN": lambda x: layers.SimpleRNN(4, activation="relu", return_state=True)(x),
    "states": lambda x: layers.LSTM(4, return_state=True, return_sequences=True)(x),
    "linear": lambda x: layers.LSTM(4, activation=None, return_sequences=True)(x),
    "elu": lambda x: layers.GRU(4, activation="elu")(x),
    "elu, hard gates both ways": lambda x: layers.Bidirectional(
        layers.LSTM(4, activation="elu", recurrent_activation="hard_sigmoid")
    )(x),
    "hard gates": lambda x: layers.LSTM(4, recurrent_activation="hard_sigmoid")(x),
    "other activations": lambda x: layers.LSTM(4, activation="gelu", return_sequences=True)(x),
    "bidirectional": lambda x: layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x),
    "bidirectional, states": lambda x: layers.Bidirectional(layers.GRU(3, return_state=True))(x),
    "bidirectional, apart": lambda x: layers.Bidirectional(layers.GRU(3), merge_mode=None)(x),
    "bidirectional, average": lambda x: layers.Bidirectional(
        layers.SimpleRNN(3, return_sequences=True), merge_mode="ave"
    )(x),
    "different ways": lambda x: layers.Bidirectional(
        layers.LSTM(3), backward_layer=layers.LSTM(2, go_backwards=True)
    )(x),
    "cells": lambda x: layers.RNN([layers.LSTMCell(5), layers.GRUCell(4)], return_state=True)(x),
    "a GRU cell": lambda x: layers.RNN(layers.GRUCell(4), go_backwards=True)(x),
    "own cell": lambda x: layers.RNN(stateless(4), return_sequences=True)(x),
    "masked": lambda x: layers.LSTM(3, return_sequences=True)(layers.Masking()(x)),
    "masked both ways": lambda x: layers.Bidirectional(layers.GRU(3))(layers.Masking()(x)),
    "masked mean": lambda x: layers.GlobalAveragePooling1D()(layers.Masking()(x)),
    "convolutions": lambda x: layers.Conv1D(3, 2, padding="causal", dilation_rate=2)(
        layers.MaxPooling1D(2, padding="same")(layers.Conv1D(4, 3, strides=2, padding="same")(x))
    ),
    "transposed": lambda x: layers.Conv1DTranspose(3, 3, strides=2, padding="same")(x),
    "averages": lambda x: layers.AveragePooling1D(3, strides=2, padding="same")(x),
    "attention": lambda x: layers.Attention()([x, x], use_causal_mask=True),
    "scaled attention": lambda x: layers.Attention(use_scale=True)([x, x]),
    "masked attention": lambda x: layers.Attention()([layers.Masking()(x)] * 2),
    "additive attention": lambda x: layers.AdditiveAttention()([x, x]),
    "heads": lambda x: layers.MultiHeadAttention(2, 4)(x, x),
    "causal heads": lambda x: layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True),
    "masked heads": lambda x: layers.MultiHeadAttention(2, 4)(*[layers.Masking()(x)] * 2),
    "scores": lambda x: layers.MultiHeadAttention(2, 4)(x, x, return_attention_scores=True),
    "grouped heads": lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x),
    "TimeDistributed": lambda x: layers.TimeDistributed(layers.Dense(2))(x),
    "ops": lambda x: [x[:, ::-1] * 2, ops.cumsum(x, axis=1), ops.mean(x, axis=1), ops.sort(x)],
}


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("opset", [None, 18])
def test_sequences_of_any_length(name, opset):
    symbol = Input((None, 6))
    model = Model(symbol, SEQUENCES[name](symbol))
    long, short = floats(3, 9, 6), floats(1, 4, 6)
    long[1, 3:], long[2, :2] = 0, 0  # for masks, with a gap in front and one behind
    assert_same(model, long, short, opset=opset)


def test_a_row_that_is_masked_altogether():
    symbol = Input((None,), dtype="int32")
    x = layers.Embedding(9, 4, mask_zero=True)(symbol)
    x = layers.MultiHeadAttention(2, 3)(x, x)
    model = Model(symbol, layers.Bidirectional(layers.LSTM(3))(x))
    assert_same(model, whole(9, 3, 5), np.zeros((2, 4), "int32"))


def test_two_sequences_of_different_lengths():
    source, target = Input((None, 5)), Input((None, 6))
    _, *states = layers.LSTM(4, return_state=True)(source)
    decoded = layers.LSTM(4, return_sequences=True)(target, initial_state=states)
    seen = layers.MultiHeadAttention(2, 3)(decoded, source)
    model = Model([source, target], layers.Concatenate()([decoded, seen]))
    assert_same(model, [floats(2, 5, 5), floats(2, 7, 6)], [floats(1, 4, 5), floats(1, 2, 6)])


def test_two_sequences_that_are_added_share_their_length():
    tokens, places = Input((None,), dtype="int32"), Input((None,), dtype="int32")
    both = layers.Embedding(9, 4)(tokens) + layers.Embedding(20, 4)(places)
    model = Model([tokens, places], layers.LayerNormalization()(both))
    proto = assert_same(model, [whole(9, 2, 5), whole(20, 2, 5)], [whole(9, 1, 3)] * 2)
    first, second = shapes(proto.graph.input)
    assert first == second == ["batch", "axis_1"]


def test_images_of_any_size():
    symbol = Input((None, None, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(symbol)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="gelu")(x)
    x = layers.ZeroPadding2D(1)(layers.UpSampling2D()(x))
    x = layers.AveragePooling2D(2)(layers.Cropping2D(((1, 0), (0, 1)))(x))
    model = Model(symbol, [x, layers.GlobalMaxPooling2D()(x)])
    assert_same(model, floats(2, 16, 12, 3), floats(1, 9, 21, 3))


def test_layers_with_channels_behind_meet_without_transposes():
    model = Sequential(
        [Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(),
         layers.MaxPooling2D(), layers.Conv2D(5, 2, activation="tanh"),
         layers.GlobalAveragePooling2D(), layers.Dense(2, activation="softmax")]
    )  # fmt: skip
    proto = assert_same(model, floats(2, 8, 8, 3))
    assert operators(proto) == [
        "Transpose", "Conv", "BatchNormalization", "Relu", "MaxPool", "Conv", "Tanh",
        "GlobalAveragePool", "Squeeze", "Gemm", "Softmax",
    ]  # fmt: skip


def test_branches_that_are_added_or_joined_need_no_transposes_either():
    symbol = Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="silu")(symbol)
    x = layers.Add()([x, layers.ReLU(max_value=6)(layers.Conv2D(4, 1)(x))])
    x = layers.Concatenate()([x * 0.5, layers.Conv2D(2, 1)(x)])
    model = Model(symbol, layers.GlobalAveragePooling2D()(layers.Conv2D(3, 2)(x)))
    assert operators(assert_same(model, floats(2, 8, 8, 3))).count("Transpose") == 1


# -- models ---------------------------------------------------------------------------------------


def test_the_network_of_the_chapter():
    model = Sequential(
        [
            Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    proto = assert_same(model, floats(128, 784), floats(1, 784))
    assert operators(proto) == ["Gemm", "Relu", "Gemm", "Softmax"]


def test_a_model_that_data_built_takes_any_batch():
    model = Sequential([layers.Dense(3)])
    model(floats(4, 5))
    assert_same(model, floats(2, 5), floats(7, 5))


def test_models_in_models_and_layers_that_are_called_twice():
    inner = Sequential([Input((4,)), layers.Dense(4, activation="relu"), layers.Dropout(0.5)])
    symbol = Input((4,))
    model = Model(symbol, [inner(inner(symbol)), symbol, inner(symbol)])
    proto = assert_same(model, floats(3, 4))
    names = [one.name.rsplit("/", 1)[1] for one in proto.graph.initializer]
    assert names == ["kernel", "bias"]


def test_a_subclassed_model_with_a_signature():
    class Network(Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(5), layers.Dense(2)

        def call(self, inputs):
            return {"sum": self.second(ops.tanh(self.first(inputs))), "raw": inputs}

    model = Network()
    model(floats(2, 3))
    signature = [layers.InputSpec(shape=(None, 3), name="features")]
    proto = assert_same(model, floats(2, 3), floats(5, 3), signature=signature)
    assert [one.name for one in proto.graph.input] == ["features"]
    assert [one.name for one in proto.graph.output] == ["sum", "raw"]


def test_a_subclassed_model_that_was_called_needs_no_signature():
    class Network(Model):
        def __init__(self):
            super().__init__()
            self.embedding, self.dense = layers.Embedding(9, 4), layers.Dense(2)

        def call(self, inputs, mask=None):
            return self.dense(ops.mean(self.embedding(inputs["tokens"]), axis=1) + inputs["more"])

    model = Network()
    given = {"tokens": whole(9, 3, 5), "more": floats(3, 4)}
    model(given)
    proto = assert_same(model, given, {name: array[:1] for name, array in given.items()})
    assert [one.name for one in proto.graph.input] == ["tokens", "more"]
    assert shapes(proto.graph.input) == [["batch", 5], ["batch", 4]]


def test_several_arguments_and_a_fixed_batch():
    class Network(Model):
        def call(self, first, second):
            return first - 2 * second

    signature = [layers.InputSpec(shape=(2, 3)), layers.InputSpec(shape=(2, 1))]
    proto = assert_same(Network(), (floats(2, 3), floats(2, 1)), signature=signature)
    assert shapes(proto.graph.input) == [[2, 3], [2, 1]]
    assert [one.name for one in proto.graph.input] == ["input_0", "input_1"]


def test_a_signature_without_a_dtype_has_that_of_the_model():
    symbol = Input((None,), dtype="int32", name="tokens")
    model = Model(symbol, layers.Embedding(9, 2)(symbol))
    signature = [layers.InputSpec(shape=(1, 4))]
    proto = assert_same(model, whole(9, 1, 4), signature=signature)
    assert (shapes(proto.graph.input), proto.graph.input[0].name) == ([[1, 4]], "tokens")


def test_integers_and_preprocessing():
    symbol = Input((4, 4, 3), dtype="uint8")
    x = layers.Rescaling(1 / 255, offset=-0.5)(symbol)
    model = Model(symbol, layers.Flatten()(layers.UpSampling2D(2, interpolation="bilinear")(x)))
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype("uint8")
    assert_same(model, images)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_half_precision(policy):
    model = Sequential(
        [Input((6,)), layers.Dense(8, activation="relu", dtype=policy),
         layers.LayerNormalization(dtype=policy), layers.Dense(3, dtype="float32")]
    )  # fmt: skip
    assert_same(model, floats(4, 6), tolerance=3e-2)


# -- what the file says ---------------------------------------------------------------------------


def test_names_and_metadata():
    a, b = Input((3,), name="second"), Input((4,), name="first")
    hidden = layers.Dense(2, name="hidden", activation="relu")(a)
    outputs = {
        "z": layers.Dense(1, name="out")(hidden),
        "a": layers.Add(name="plus")([hidden, hidden]),
    }
    proto = onnx_model(Model({"second": a, "first": b}, outputs, name="network"))
    assert (proto.producer_name, proto.producer_version) == ("geartrain", __version__)
    assert proto.graph.name == "network"
    assert [one.name for one in proto.graph.input] == ["second", "first"]
    assert [one.name for one in proto.graph.output] == ["z", "a"]
    assert shapes(proto.graph.input) == [["batch", 3], ["batch", 4]]
    kernel = {one.name: one for one in proto.graph.initializer}["hidden/kernel"]
    assert list(kernel.dims) == [3, 2]
    named = {node.name: (node.op_type, node.doc_string) for node in proto.graph.node}
    assert named["out"] == ("Gemm", "Dense")
    assert named["hidden/Gemm"] == ("Gemm", "Dense")
    assert named["plus"] == ("Add", "Add")
    texts = {one.key: one.value for one in proto.metadata_props}
    assert json.loads(texts["geartrain.layers"]) == {
        "hidden": "Dense",
        "out": "Dense",
        "plus": "Add",
    }


def test_the_oldest_operators_that_serve_are_asked_for():
    symbol = Input((4, 6))
    versions = {
        layers.Dense(2): (18, 8),
        layers.Dense(2, activation="gelu"): (20, 9),
        layers.GroupNormalization(2): (21, 10),
        layers.RMSNormalization(): (23, 11),
    }
    for layer, expected in versions.items():
        proto = onnx_model(Model(symbol, layer(symbol)))
        assert (proto.opset_import[0].version, proto.ir_version) == expected


# -- files and errors -----------------------------------------------------------------------------


def small():
    return Sequential([Input((3,)), layers.Dense(2)])


def test_export_writes_a_file_and_says_so(tmp_path, capsys):
    path = tmp_path / "small.onnx"
    small().export(path)
    assert capsys.readouterr().out == f"Saved artifact at '{path}'.\n"
    onnx.checker.check_model(str(path), full_check=True)
    small().export(str(path), verbose=False, opset_version=20)
    assert capsys.readouterr().out == ""
    assert onnx.load(path).opset_import[0].version == 20
    assert [one.name for one in tmp_path.iterdir()] == ["small.onnx"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"format": "tf_saved_model"}, ValueError, r'writes the format "onnx".*save\("model.keras'),
        ({"opset": 18}, TypeError, "unexpected keyword 'opset'.*opset_version"),
        ({"opset_version": 9}, ValueError, "opset_version from 18 to 24.*Received: 9"),
        ({"opset_version": "x"}, ValueError, "opset_version from 18 to 24.*Received: 'x'"),
        ({"input_signature": ["x"]}, ValueError, "input_signature as InputSpec.*'x'"),
        (
            {"input_signature": [layers.InputSpec(shape=(None, 3))] * 2},
            ValueError,
            "input_signature with 1 inputs. Received: 2",
        ),
        (
            {"input_signature": [layers.InputSpec(shape=(None, 7))]},
            ValueError,
            "expected last axis 3",
        ),
    ],
)
def test_wrong_arguments_of_export_leave_the_file_that_was_there(
    tmp_path, arguments, error, message
):
    path = tmp_path / "kept.onnx"
    path.write_text("before")
    with pytest.raises(error, match=message):
        small().export(path, **arguments)
    assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_model_that_is_not_built_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"was never called.*input_signature"):
        Sequential([layers.Dense(2)]).export(tmp_path / "m.onnx")


def test_random_numbers_are_refused_with_the_layer_that_draws_them(tmp_path):
    class Noise(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.generator = random.SeedGenerator(1)

        def call(self, inputs):
            return inputs + random.normal((3,), seed=self.generator)

    symbol = Input((3,))
    model = Model(symbol, layers.Dense(3)(Noise(name="loud")(symbol)))
    with pytest.raises(ValueError, match=r'Noise "loud" cannot be exported.*random numbers'):
        model.export(tmp_path / "m.onnx")


def test_dropout_that_is_always_on_is_refused(tmp_path):
    symbol = Input((3,))
    model = Model(symbol, layers.Dropout(0.5, name="drop")(symbol, training=True))
    with pytest.raises(ValueError, match='Dropout "drop" cannot be exported'):
        model.export(tmp_path / "m.onnx")


def test_states_that_are_kept_between_calls_are_refused(tmp_path):
    symbol = Input(batch_shape=(2, 4, 3))
    model = Model(symbol, layers.LSTM(2, stateful=True, name="keeping")(symbol))
    signature = [layers.InputSpec(shape=(2, 4, 3))]
    with pytest.raises(ValueError, match=r'"keeping" cannot be exported.*stateful=False'):
        model.export(tmp_path / "m.onnx", input_signature=signature)


def test_functions_that_runtimes_lack_are_refused_with_the_layer(tmp_path):
    symbol = Input((3,), dtype="float64")
    dense = layers.Dense(2, activation="gelu", dtype="float64", name="exact")
    model = Model(symbol, dense(symbol), dtype="float64")
    with pytest.raises(ValueError, match=r'"exact" cannot be exported.*erf of float64.*float32'):
        model.export(tmp_path / "m.onnx")
