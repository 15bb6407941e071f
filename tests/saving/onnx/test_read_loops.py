"""Loops over time (`Scan`) come back as layers that hold the body, and are trained as before."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from geartrain import Input, Model, Sequential, layers, ops, optimizers, tree, utils
from geartrain.saving import load_model
from geartrain.saving.onnx.export.model_file import onnx_model
from geartrain.saving.onnx.layers import Loop
from tests.saving.onnx.files import assert_as_in_onnxruntime, constant, drawn, loaded, network, node
from tests.saving.onnx.running import assert_same


class Leaky(layers.Layer):
    """A cell of one's own: `state = rate * state + x @ kernel`."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], self.units), name="kernel")
        self.rate = self.add_weight((self.units,), initializer="ones", name="rate")

    def call(self, inputs, states):
        state = ops.tanh(self.rate * states[0] + ops.matmul(inputs, self.kernel))
        return state, [state]


def masked(layer, length=6):
    ids = Input((length,), dtype="int32")
    made = tree.flatten(layer(layers.Embedding(9, 4, mask_zero=True)(ids)))
    if len(made[0].shape) == 3:  # without a mask for the loss, which no file has
        made[0] = layers.GlobalAveragePooling1D()(made[0])
    return Model(ids, made)


def plain(layer, *shape):
    x = Input(shape)
    return Model(x, tree.flatten(layer(x)))


def tied():
    """One recurrent layer, used twice."""
    x, other = Input((4, 3)), Input((5, 3))
    rnn = layers.RNN(Leaky(3))
    return Model([x, other], layers.Concatenate()([rnn(x), rnn(other)]))


MODELS = {
    "a masked LSTM": lambda: masked(layers.LSTM(3)),
    "masked, of unknown length": lambda: masked(layers.GRU(3, return_sequences=True), None),
    "masked backwards with states": lambda: masked(
        layers.GRU(3, return_sequences=True, return_state=True, go_backwards=True)),
    "masked both ways": lambda: masked(layers.Bidirectional(layers.LSTM(3))),
    "other activations": lambda: plain(layers.LSTM(3, activation="gelu"), 4, 2),
    "a cell of one's own": lambda: plain(layers.RNN(Leaky(3), return_sequences=True), None, 2),
    "cells on cells": lambda: plain(
        layers.RNN([layers.GRUCell(3), Leaky(2), layers.LSTMCell(3)], return_state=True), 4, 2),
    "ConvLSTM": lambda: plain(
        layers.ConvLSTM2D(2, 3, padding="same", return_sequences=True, strides=2), 3, 4, 4, 2),
    "a layer used twice": tied,
}  # fmt: skip


def inputs_of(model, rows, seed=0):
    chance = np.random.default_rng(seed)

    def one(tensor):
        shape = (rows, *(size or 5 for size in tensor.shape[1:]))
        if tensor.dtype == "int32":
            ids = chance.integers(0, 9, shape)
            ids[:, -1], ids[0, 1] = 0, 0  # padding, and a gap
            return ids.astype("int32")
        return chance.normal(size=shape).astype("float32")

    return [one(tensor) for tensor in model.inputs]


def predicted(model, arrays):
    found = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
    return [np.asarray(one) for one in tree.flatten(found)]


def assert_equal(model, other, *counts):
    for rows in counts:
        arrays = inputs_of(model, rows)
        for one, two in zip(predicted(model, arrays), predicted(other, arrays), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5)


def values(model):
    """The trained numbers, in an order that does not depend on the layers."""
    return np.sort(np.concatenate([w.numpy().ravel() for w in model.trainable_weights]))


def train(model, steps=3):
    arrays = inputs_of(model, 4, seed=3)
    model.compile(optimizers.SGD(0.2), "mse")
    ones = [np.ones_like(one) for one in predicted(model, arrays)]
    given = arrays if len(arrays) > 1 else arrays[0]
    wanted = ones if len(ones) > 1 else ones[0]
    for _ in range(steps):
        model.train_on_batch(given, wanted)


@pytest.mark.parametrize("name", MODELS)
def test_loops_come_back(name, tmp_path):
    utils.set_random_seed(2)
    model = MODELS[name]()
    again = loaded(onnx_model(model), tmp_path)
    assert any(isinstance(layer, Loop) for layer in again.layers)
    assert_equal(model, again, 3, 1)
    np.testing.assert_array_equal(values(model), values(again))

    again.save(tmp_path / "model.keras")
    saved = load_model(tmp_path / "model.keras")
    assert_equal(again, saved, 2)
    twice = loaded(onnx_model(again), tmp_path)
    assert_equal(model, twice, 2)

    before = values(model)
    for one in (model, again, saved):
        train(one)
    np.testing.assert_allclose(values(again), values(model), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(values(saved), values(again))
    assert np.abs(values(model) - before).max() > 1e-3


def scan(nodes, outputs, states=1, sequences=1, names="s i", **attributes):
    """A `Scan` of these nodes, over x of (turns, batch, 4) from a state of zeros."""
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names.split()]
    made = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs.split()]
    body = helper.make_graph(nodes, "body", inputs, made)
    return helper.make_node(
        "Scan", ["first", "turns"][:states] + ["turns"] * sequences, ["last", "y"], name="loop",
        body=body, num_scan_inputs=sequences, **attributes,
    )  # fmt: skip


TURNS = [
    node("Transpose", "x", "turns", perm=[1, 0, 2]),
    node("ReduceSum", "turns axes", "zeros", keepdims=0),
    node("Mul", "zeros zero", "first"),
]
STORED = [constant("axes", [0]), constant("zero", np.float32(0))]
STEP = [node("Add", "s i", "sum"), node("Identity", "sum", "out")]


@pytest.mark.parametrize("read", [0, 1])
@pytest.mark.parametrize("written", [0, 1])
def test_directions_are_those_of_onnxruntime(read, written, tmp_path):
    loop = scan(STEP, "sum out", scan_input_directions=[read], scan_output_directions=[written])
    model = network([*TURNS, loop], STORED, ("n", 3, 4), opset=18)
    assert_as_in_onnxruntime(model, tmp_path, drawn(2, 3, 4), drawn(1, 3, 4))


def test_turns_may_be_another_axis(tmp_path):
    sequence = node("Identity", "x", "turns")
    loop = scan(STEP, "sum out", scan_input_axes=[1], scan_output_axes=[-1])
    first = [node("ReduceSum", "x one", "zeros", keepdims=0), TURNS[2]]
    model = network(
        [sequence, *first, loop], [*STORED, constant("one", [1])], ("n", 3, 4), opset=18
    )
    assert_as_in_onnxruntime(model, tmp_path, drawn(2, 3, 4))


def test_a_loop_in_a_loop(tmp_path):
    inner = scan([node("Add", "u v", "t"), node("Identity", "t", "w")], "t w", names="u v")
    inner.input[:], inner.output[:], inner.name = ["s", "row"], ["deep", "all"], "inner"
    body = [node("Unsqueeze", "i axes", "row"), inner, node("Identity", "deep", "out")]
    model = network([*TURNS, scan(body, "deep out")], STORED, ("n", 3, 4), opset=18)
    assert_as_in_onnxruntime(model, tmp_path, drawn(2, 3, 4))


def nested(depth):
    nodes = STEP
    for _ in range(depth):
        inner = scan(nodes, "sum out")
        inner.output[:] = ["sum", "out"]
        nodes = [inner]
    return inner


REFUSED = {
    "too deep": (nested(5), "at most 4 graphs inside of each other"),
    "two directions": (
        scan(STEP, "sum out", sequences=2, names="s i j", scan_input_directions=[0, 1]),
        "sequences read in one direction"),
    "other counts": (scan(STEP, "sum out", names="s i j"), "input for each of 2 states and seq"),
    "no sequence": (scan(STEP, "sum out", states=2, sequences=0), "at least one of them a seq"),
    "too few directions": (
        scan(STEP, "sum out", scan_output_directions=[0, 0]), "1 numbers for scan_output_dir"),
    "an axis beyond": (scan(STEP, "sum out", scan_input_axes=[3]), "an axis of 3"),
    "another state": (
        scan([node("ReduceSum", "s", "sum", keepdims=0), node("Identity", "i", "out")], "sum out"),
        "new states of the shape"),
    "two dtypes": (
        scan([node("Cast", "i", "out", to=TensorProto.INT32), node("Identity", "s", "sum")],
             "sum out"), "outputs of one dtype"),
    "from nowhere": (scan([node("Add", "s q", "sum")], "sum sum"), "Received: 'q'"),
    "an unknown operator": (scan([node("Frobnicate", "s", "sum")], "sum sum"), "Frobnicate"),
    "an unknown output": (scan(STEP, "sum nothing"), "output 'nothing'"),
    "without end": (
        scan([node("Exp", "i" if n == 0 else f"v{n - 1}", f"v{n}") for n in range(10_001)],
             "s v10000"), "at most 10,000 nodes"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_bodies_that_are_refused(name, tmp_path):
    loop, message = REFUSED[name]
    model = network([*TURNS, loop], STORED, ("n", 3, 4), opset=18)
    with pytest.raises(ValueError, match=rf"load_model.*{message}"):
        loaded(model, tmp_path)


def test_a_loop_needs_a_model_of_its_form():
    body = Sequential([Input((2,)), layers.Dense(2)])
    with pytest.raises(ValueError, match=r"takes 1 states and an item of 1 seq.* 1 inputs and 1"):
        Loop(body, states=1, sequences=1)


def test_what_was_loaded_is_exported_as_onnxruntime_runs_it(tmp_path):
    model = MODELS["a masked LSTM"]()
    again = loaded(onnx_model(model), tmp_path)
    assert_same(again, inputs_of(model, 3)[0])
