"""Operators that no layer can stand for, and files that are not whole: the message tells which."""

import numpy as np
import pytest

from geartrain.graph.budget import Budget
from geartrain.saving.onnx.reader import _filled, _made
from geartrain.saving.onnx.reader.network import network_of
from geartrain.saving.onnx.reader.wire import DAMAGED
from tests.saving.onnx.files import constant, drawn, loaded, network, node

IMAGE = ("n", 4, 6, 6)
UNKNOWN = ("n", 4, "high", "wide")
SEQUENCE = ("n", 5, 4)
TIMES = node("Transpose", "x", "t", perm=[1, 0, 2])
STORED = {
    "kernel": drawn(3, 4, 3, 3), "wide": drawn(4, 2, 3, 3), "four": drawn(4), "three": drawn(3),
    "twos": np.float32([1, 1, 2, 2]), "zeros": np.float32([1, 1, 0, 2]), "one": np.int64([1]),
    "two": np.int64([2]), "start": np.int64(1), "sizes": np.int64([4, 4]), "gap": np.int64([0]),
    "w": drawn(1, 12, 4), "r": drawn(1, 12, 3), "p": drawn(1, 9), "h": drawn(1, 1, 3),
    "w2": drawn(2, 3, 4), "r2": drawn(2, 3, 3), "b": drawn(1, 7), "flat": np.int64([-1]),
    "spread": np.int64([1, 1, 7, 7]),
}  # fmt: skip
PEEPHOLES = "t w r _ _ _ _ p"
HEADS = {"q_num_heads": 2, "kv_num_heads": 2}
CASES = {
    "filters in groups": (
        [node("Conv", "x kernel", "y", group=2)], IMAGE,
        'Conv "Conv_y": expected filters that divide into 2 groups. Received: 3 filters'),
    "pads that are told by sizes": (
        [node("ConvTranspose", "x wide", "y", output_shape=[9, 9])], IMAGE,
        r"expected pads as numbers. Received: output_shape=\[9, 9\], auto_pad='NOTSET'. Export the "
        "model with explicit pads"),
    "no image": (
        [node("Conv", "x kernel", "y")], ("n", 4),
        r"expected inputs of 3 to 5 axes. Received shape \(None, 4\)"),
    "means of rows": (
        [node("BatchNormalization", "x four four four four", "y", spatial=0)], IMAGE,
        "expected spatial=1, one mean for each channel. Received: spatial=0"),
    "the mean too": (
        [node("LayerNormalization", "x four", "_ y")], ("n", 4),
        "expected the normalized values alone. Received: a use of the mean too"),
    "channels in groups": (
        [node("GroupNormalization", "x three three", "y", num_groups=3)], IMAGE,
        "expected channels that divide into 3 groups. Received: 4 channels"),
    "windows with gaps": (
        [node("MaxPool", "x", "y", kernel_shape=[2, 2], dilations=[2, 1])], IMAGE,
        r"expected windows without gaps. Received: dilations=\[2, 1\]"),
    "places of maxima": (
        [node("MaxPool", "x", "_ y", kernel_shape=[2, 2])], IMAGE,
        "expected the maxima alone. Received: a use of their indices too"),
    "peepholes": (
        [TIMES, node("LSTM", PEEPHOLES, "_ y", hidden_size=3)], SEQUENCE,
        "expected an LSTM without peepholes. Received: the input P, which is not zero"),
    "other activations back": (
        [TIMES, node("RNN", "t w2 r2", "_ y", direction="bidirectional",
                     activations=["Tanh", "Relu"])], SEQUENCE,
        r"expected the same activations in both directions. Received: \['Tanh', 'Relu'\]"),
    "other activations than layers have": (
        [TIMES, node("LSTM", "t w r", "_ y", activations=["Sigmoid", "Tanh", "Relu"])], SEQUENCE,
        r"the last two of an LSTM alike. Received: \['Sigmoid', 'Tanh', 'Relu'\]"),
    "an activation that is not known": (
        [TIMES, node("LSTM", "t w r", "_ y", activations=["Sigmoid", "Arctan", "Arctan"])],
        SEQUENCE, r"expected activations among .* Received: \['Sigmoid', 'Arctan', 'Arctan'\]"),
    "weights of other shapes": (
        [TIMES, node("GRU", "t w r b", "_ y")], SEQUENCE,
        r"expected W and R of shapes \(\(1, 9, 4\), \(1, 9, 3\)\), and B of shape \(1, 18\). "
        r"Received: W \(1, 12, 4\), R \(1, 12, 3\), B \(1, 7\)"),
    "one state of two": (
        [TIMES, node("LSTM", "t w r _ _ h", "_ y")], SEQUENCE,
        "expected initial states for both h and c, or for none. Received: one of them"),
    "the last of equals": (
        [node("ArgMax", "x", "y", select_last_index=1)], ("n", 4),
        "expected the first of equal values. Received: select_last_index=1"),
    "smoothed before": (
        [node("Resize", "x _ twos", "y", antialias=1)], IMAGE,
        "expected antialias=0 and keep_aspect_ratio_policy='stretch'. Received: antialias=1, "
        "keep_aspect_ratio_policy='stretch'"),
    "a scale of nothing": (
        [node("Resize", "x _ zeros", "y")], IMAGE,
        r"expected a scale above 0 for each axis. Received: \[1. 1. 0. 2.\]"),
    "a size to come": (
        [node("Shape", "x", "s"), node("Mul", "s spread", "d"), node("Resize", "x _ _ d", "y")],
        UNKNOWN, r"expected known sizes to resize to. Received: 7\*"),
    "a size that is not known": (
        [node("Resize", "x _ twos", "y", mode="cubic")], UNKNOWN,
        r"expected known sizes to resize. Received shape \(None, 4, None, None\)"),
    "another mode": (
        [node("Resize", "x _ twos", "y", mode="lanczos")], IMAGE,
        "expected mode nearest, linear or cubic. Received: 'lanczos'"),
    "other coordinates": (
        [node("Resize", "x _ twos", "y", coordinate_transformation_mode="tf_crop_and_resize")],
        IMAGE, "expected coordinates by half_pixel, pytorch_half_pixel, asymmetric or "
        "align_corners. Received: 'tf_crop_and_resize'"),
    "heads of other sizes": (
        [node("Attention", "x x x", "y", q_num_heads=3, kv_num_heads=3)], SEQUENCE,
        r"expected inputs of 4 axes, or of 3 whose last one is cut into heads. Received shape "
        r"\(None, 5, 4\), for 3 heads"),
    "more heads of keys": (
        [node("Attention", "x x x", "y", q_num_heads=2, kv_num_heads=4)], SEQUENCE,
        "expected a number of heads of keys that divides that of queries. Received: 4 of keys, 2 "
        "of queries"),
    "starts without ends": (
        [node("Slice", "x one sizes", "y")], ("n", 4),
        r"expected as many starts as ends, axes and steps, and no step of 0. Received: "
        r"starts=\[1\], ends=\[4, 4\], axes=\[0\], steps=\[1\]"),
    "a start to come": (
        [node("Shape", "x", "s"), node("Slice", "s gap one", "n"), node("Slice", "x n flat", "y")],
        ("n", 4), "expected starts as numbers. Received: batch"),
    "a range from 1": (
        [node("Size", "x", "s"), node("Range", "start s start", "y")], ("n", 4),
        "expected a range from 0 in steps of 1 up to a size of run time. Received: start 1, "
        "delta 1"),
    "a size divided by another": (
        [node("Shape", "x", "s"), node("Div", "sizes s", "d"), node("Reshape", "x d", "y")],
        ("n", 4), "expected sizes that divide each other. Received: 4 / batch"),
    "sizes that are floats": (
        [node("Reshape", "x four", "y")], ("n", 4),
        r"expected the shape as whole numbers, known or made of sizes. Received: "
        r"shape \(4,\), dtype float32"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_operators(name, tmp_path):
    nodes, shape, message = CASES[name]
    stored = [constant(name, value) for name, value in STORED.items()]
    opset = 23 if nodes[-1].op_type == "Attention" else 18
    opset = 8 if "spatial" in message else opset
    with pytest.raises(ValueError, match=rf"load_model\('.*model.onnx'\): .*{message}"):
        loaded(network(nodes, stored, shape, opset), tmp_path)


def nameless():
    model = network([node("Relu", "x", "y")], [constant("w", 1.0)])
    model.graph.initializer[0].name = ""
    return model


FILES = {
    "an old opset": (
        lambda: network([node("Relu", "x", "y")], opset=5),
        "expected operators of version 6 or later. Received: opset 5. Export the model again with "
        "a newer opset_version"),
    "half of a number": (
        # graph, its initializer, that one's sizes: packed, and the last goes on after the end
        lambda: b"\x3a\x06\x2a\x04\x0a\x02\x01\x80",
        "Tensor.dims: expected whole numbers. Received: half of one."),
    "no name": (
        nameless, f"expected initializers with a name each. Received: one without. {DAMAGED}"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files(name, tmp_path):
    make, message = FILES[name]
    with pytest.raises(ValueError, match=rf"load_model\('.*model.onnx'\): {message}"):
        loaded(make(), tmp_path)


def test_no_weight_keeps_the_values_that_it_began_with():
    model = network([node("MatMul", "x w", "y")], [constant("w", drawn(4, 2))])
    with Budget(1000) as budget:
        made, builder = _made(network_of(model.SerializeToString()), budget, None)
        builder.assignments.clear()
        with pytest.raises(ValueError, match=r"values for all weights. Received: none .*kernel"):
            _filled(made, builder, budget)
