"""How networks are rebuilt: sizes of run time, shared weights, names, and what is refused."""

import numpy as np
import onnx
import pytest

import geartrain as keras
from geartrain.errors import GeartrainWarning
from tests.saving.onnx.files import (
    assert_as_in_onnxruntime,
    constant,
    drawn,
    loaded,
    network,
    node,
)


@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(
    "how",
    [
        {"kernel_shape": [3, 2]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [3, 2], "strides": [2, 3], "pads": [0, 1, 2, 0]},
        {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 1, 1], "ceil_mode": 1},
        {"kernel_shape": [2, 2], "strides": [3, 3], "ceil_mode": 1},
        {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"kernel_shape": [2, 3], "strides": [1, 1], "auto_pad": "SAME_LOWER"},
    ],
)
@pytest.mark.parametrize("counted", [0, 1])
def test_pools(operator, how, counted, tmp_path):
    more = {"count_include_pad": counted} if operator == "AveragePool" else {}
    model = network([node(operator, "x", "y", **how, **more)], shape=("n", 2, 7, 8), opset=19)
    assert_as_in_onnxruntime(model, tmp_path, drawn(2, 2, 7, 8))


@pytest.mark.parametrize("group", [1, 2, 4])
@pytest.mark.parametrize(
    "how",
    [
        {"pads": [0, 1, 2, 0]},
        {"strides": [2, 1]},
        {"dilations": [2, 2], "pads": [2, 2, 2, 2]},
        {"strides": [2, 2], "dilations": [1, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
    ],
)
def test_convolutions(group, how, tmp_path):
    stored = [constant("c.weight", drawn(8, 4 // group, 3, 2)), constant("c.bias", drawn(8))]
    model = network([node("Conv", "x c.weight c.bias", "y", group=group, **how)], stored,
                    ("n", 4, 9, 8))  # fmt: skip
    ours = assert_as_in_onnxruntime(model, tmp_path, drawn(2, 4, 9, 8))
    assert ours.get_layer("c").count_params() == 8 * (4 // group) * 6 + 8


@pytest.mark.parametrize(
    "how",
    [
        {"strides": [2, 3], "pads": [1, 0, 0, 1]},
        {"strides": [2, 2], "output_padding": [1, 1]},
        {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 0]},
        {"dilations": [2, 2]},
    ],
)
def test_transposed_convolutions(how, tmp_path):
    stored = [constant("c.weight", drawn(3, 4, 3, 2)), constant("c.bias", drawn(4))]
    nodes = [node("ConvTranspose", "x c.weight c.bias", "y", **how)]
    assert_as_in_onnxruntime(network(nodes, stored, ("n", 3, 5, 4)), tmp_path, drawn(2, 3, 5, 4))


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("place", ["half_pixel", "asymmetric", "align_corners"])
@pytest.mark.parametrize("factor", [2.0, 0.6, 1.7])
def test_resizing(mode, place, factor, tmp_path):
    rounding = {"nearest_mode": "floor"} if mode == "nearest" else {}
    nodes = [
        node("Resize", "x _ s", "y", mode=mode, coordinate_transformation_mode=place, **rounding)
    ]
    stored = [constant("s", np.float32([1, 1, factor, factor]))]
    assert_as_in_onnxruntime(network(nodes, stored, ("n", 2, 5, 5)), tmp_path, drawn(2, 2, 5, 5))


@pytest.mark.parametrize("start", [3, 2, -1, 1 << 31, (1 << 63) - 1])
def test_slices_backwards(start, tmp_path):
    stored = [
        constant("start", [start]), constant("end", [-(1 << 63)]), constant("axis", [1]),
        constant("step", [-1]),
    ]  # fmt: skip
    model = network([node("Slice", "x start end axis step", "y")], stored)
    assert_as_in_onnxruntime(model, tmp_path, drawn(3, 4))


def test_old_upsampling(tmp_path):
    nodes = [node("Upsample", "x s", "y", mode="nearest")]
    stored = [constant("s", np.float32([1, 1, 2, 3]))]
    model = network(nodes, stored, ("n", 2, 3, 3), opset=9)
    assert_as_in_onnxruntime(model, tmp_path, drawn(2, 2, 3, 3))


SIZES = {
    "sum over a length": [
        node("Shape", "x", "shape"), node("Gather", "shape one", "time"),
        node("Cast", "time", "number", to=1), node("ReduceSum", "x axes", "total", keepdims=0),
        node("Div", "total number", "y"),
    ],
    "positions": [
        node("Shape", "x", "shape"), node("Gather", "shape one", "time"),
        node("Range", "zero time one", "range"), node("Cast", "range", "places", to=1),
        node("Unsqueeze", "places axes", "column"), node("Add", "x column", "y"),
    ],
    "two lengths at once": [
        node("Shape", "x", "shape"), node("Slice", "shape start two", "front"),
        node("Constant", "", "heads", value_ints=[2, 2]),
        node("Concat", "front heads", "s", axis=0), node("Reshape", "x s", "split"),
        node("Transpose", "split", "moved", perm=[0, 2, 1, 3]),
        node("Softmax", "moved", "soft", axis=2),
        node("Transpose", "soft", "back", perm=[0, 2, 1, 3]), node("Reshape", "back shape", "y"),
    ],
    "a table cut to the length": [
        node("Shape", "x", "shape"), node("Slice", "shape first two", "time"),
        node("Slice", "table start time start", "part"), node("Add", "x part", "y"),
    ],
    "zeros of a size": [
        node("Shape", "x", "shape"), node("ConstantOfShape", "shape", "zeros"),
        node("Equal", "x zeros", "same"), node("Not", "same", "other"),
        node("Cast", "other", "number", to=1), node("CumSum", "number one", "y"),
    ],
    "a token in front": [
        node("Shape", "x", "shape"), node("Slice", "shape start first", "batch"),
        node("Constant", "", "rest", value_ints=[1, 4]), node("Concat", "batch rest", "s", axis=0),
        node("Expand", "token s", "tokens"), node("Concat", "tokens x", "y", axis=1),
    ],
    "a half": [
        node("Shape", "x", "shape"), node("Size", "x", "size"), node("Cast", "size", "n", to=1),
        node("CastLike", "n x", "m"), node("Mul", "x m", "y"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_sizes_that_are_known_at_run_time_only(name, tmp_path):
    stored = [
        constant("zero", 0), constant("one", 1), constant("start", [0]), constant("first", [1]),
        constant("two", [2]), constant("axes", [1]), constant("table", drawn(9, 4)),
        constant("token", drawn(1, 1, 4)),
    ]  # fmt: skip
    model = network(SIZES[name], stored, ("n", "time", 4))
    assert_as_in_onnxruntime(model, tmp_path, drawn(2, 5, 4), drawn(3, 9, 4), drawn(1, 2, 4))


def test_the_size_of_an_example_does_not_bind_the_batch(tmp_path):
    stored = [constant("s", [1, -1]), constant("head.weight", drawn(3, 8))]
    nodes = [
        node("Relu", "x", "a"), node("Reshape", "a s", "flat"),
        node("Gemm", "flat head.weight", "y", transB=1),
    ]  # fmt: skip
    model = loaded(network(nodes, stored, (1, 2, 4)), tmp_path)
    assert model.input_shape == (None, 2, 4)
    x = drawn(5, 2, 4)
    wanted = np.maximum(x, 0).reshape(5, 8) @ drawn(3, 8).T
    np.testing.assert_allclose(model.predict(x, verbose=0), wanted, rtol=1e-5, atol=1e-5)


def test_a_batch_that_is_more_than_an_example_is_kept(tmp_path):
    nodes = [node("ReduceMean", "x", "m", axes=[0]), node("Sub", "x m", "y")]
    model = loaded(network(nodes, (), (3, 4)), tmp_path)
    assert model.input_shape == (3, 4)
    x = drawn(3, 4)
    np.testing.assert_allclose(np.asarray(model(x)), x - x.mean(0), atol=1e-6)


def test_a_batch_that_is_written_into_the_network_is_told(tmp_path):
    nodes = [node("Reshape", "x s", "a"), node("ReduceSum", "a axes", "y", keepdims=0)]
    stored = [constant("s", [4, 3]), constant("axes", [1])]
    with pytest.warns(GeartrainWarning, match="exported for batches of 3 alone.*dynamic_shapes"):
        model = loaded(network(nodes, stored, (3, 4)), tmp_path)
    assert np.asarray(model(drawn(3, 4))).shape == (4,)


def test_a_layer_that_is_used_twice_stays_one(tmp_path):
    stored = [constant("fc.weight", drawn(4, 4)), constant("fc.bias", drawn(4))]
    nodes = [
        node("Gemm", "x fc.weight fc.bias", "a", transB=1), node("Tanh", "a", "b"),
        node("Gemm", "b fc.weight fc.bias", "y", transB=1),
    ]  # fmt: skip
    model = assert_as_in_onnxruntime(network(nodes, stored), tmp_path, drawn(3, 4))
    assert len(model.weights) == 2


def test_weights_of_two_kinds_of_layers_are_one_parameter(tmp_path):
    table = drawn(6, 4)
    stored = [constant("emb.weight", table)]
    nodes = [
        node("Gather", "emb.weight x", "e"), node("Tanh", "e", "t"),
        node("Transpose", "emb.weight", "w", perm=[1, 0]), node("MatMul", "t w", "y"),
    ]  # fmt: skip
    ids = np.array([[0, 5], [3, 1]])
    model = network(nodes, stored, ("n", 2), dtype=onnx.TensorProto.INT64)
    model = assert_as_in_onnxruntime(model, tmp_path, ids)
    assert [weight.path for weight in model.weights] == ["emb_weight/value"]
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = model.get_weights()[0]
    model.train_on_batch(ids, np.zeros((2, 2, 6), "float32"))
    assert np.all(model.get_weights()[0][[0, 1, 3, 5]] != before[[0, 1, 3, 5]])


def test_equal_values_by_chance_do_not_make_one_layer(tmp_path):
    stored = [constant("ones", np.ones(4, "float32")), constant("zeros", np.zeros(4, "float32"))]
    nodes = [
        node("LayerNormalization", "x ones zeros", "a"), node("Exp", "a", "b"),
        node("LayerNormalization", "b ones zeros", "y"),
    ]  # fmt: skip
    model = assert_as_in_onnxruntime(network(nodes, stored), tmp_path, drawn(3, 4))
    assert len(model.trainable_weights) == 4


def test_kernels_that_are_shared_by_other_convolutions_are_copied_with_a_warning(tmp_path):
    stored = [constant("w", drawn(4, 4, 3))]
    nodes = [
        node("Conv", "x w", "a", pads=[1, 1]), node("Conv", "x w", "b", pads=[2, 2], dilations=[2]),
        node("Add", "a b", "y"),
    ]  # fmt: skip
    with pytest.warns(GeartrainWarning, match="the weights w are used by several layers"):
        loaded(network(nodes, stored, ("n", 4, 8)), tmp_path)


def test_names_are_those_of_weights_and_nodes(tmp_path):
    stored = [constant("features.0.weight", drawn(4, 4)), constant("onnx::MatMul_7", drawn(4, 2))]
    nodes = [
        node("Gemm", "x features.0.weight", "a", transB=1), node("Relu", "a", "b"),
        node("MatMul", "b onnx::MatMul_7", "y"),
    ]  # fmt: skip
    for one, name in zip(nodes, ("n0", "/act/Relu", "/head/out/MatMul"), strict=True):
        one.name = name
    model = loaded(network(nodes, stored), tmp_path)
    assert [layer.name for layer in model.layers] == ["x", "features_0", "act", "head_out"]


def test_doubles_stay_doubles(tmp_path):
    stored = [constant("w", drawn(4, 2).astype("float64"))]
    model = network(
        [node("MatMul", "x w", "y")],
        stored,
        dtype=onnx.TensorProto.DOUBLE,
        output=onnx.TensorProto.DOUBLE,
    )
    assert_as_in_onnxruntime(model, tmp_path, drawn(3, 4).astype("float64"))


def test_a_classifier_of_scikit_learn(tmp_path):
    nodes = [
        onnx.helper.make_node(
            "Scaler", ["x"], ["s"], domain="ai.onnx.ml", offset=[0.5, 0.0, 1.0, -1.0],
            scale=[2.0, 1.0, 0.5, 1.0],
        ),
        node("MatMul", "s coefficient", "m"), node("Add", "m intercepts", "a"),
        node("Softmax", "a", "p", axis=-1), node("ArgMax", "p", "best", axis=1),
        onnx.helper.make_node(
            "ArrayFeatureExtractor", ["classes", "best"], ["l"], domain="ai.onnx.ml"
        ),
        node("Reshape", "l flat", "y"),
    ]  # fmt: skip
    stored = [
        constant("coefficient", drawn(4, 3)), constant("intercepts", drawn(1, 3)),
        constant("classes", [[7, 8, 9]]), constant("flat", [-1]),
    ]  # fmt: skip
    model = network(nodes, stored, output=onnx.TensorProto.INT64)
    model.opset_import.append(onnx.helper.make_opsetid("ai.onnx.ml", 3))
    loaded = assert_as_in_onnxruntime(model, tmp_path, drawn(6, 4))
    assert loaded.count_params() == 4 * 3 + 3


REFUSED = {
    "all unknown operators at once": (
        [node("Bernoulli", "x", "a"), node("Unique", "a", "b"), node("Bernoulli", "b", "y")],
        r"Bernoulli \(Bernoulli_a, Bernoulli_y\); Unique \(Unique_b\)\. Export .* docs/onnx\.md",
    ),
    "an attribute": (
        [node("Relu", "x", "y", slope=2.0)],
        "Relu \"Relu_y\": expected attributes among none. Received: 'slope'",
    ),
    "an attribute's type": (
        [node("Softmax", "x", "y", axis="last")],
        'Softmax "Softmax_y": expected axis as int. Received: str',
    ),
    "too few inputs": ([node("Add", "x", "y")], "expected 2 to 2 inputs. Received: 1"),
    "a weight of another size": (
        [node("MatMul", "x w", "y")],
        r"inputs whose axis -1 has the size 3 of the weight 'w'. Received shape \(None, 4\)",
    ),
    "a kernel that is computed": (
        [node("Unsqueeze", "x axes", "u"), node("Conv", "u u", "y")],
        "expected the kernel as a constant. Received: a value that depends on the inputs",
    ),
    "time in the batch's place": (
        [node("Unsqueeze", "x axes", "u"), node("RNN", "u r r", "y", hidden_size=4)],
        "expected the batch as the first axis .* batch_first=True",
    ),
    "an output that is constant": (
        [node("Identity", "s", "y")],
        "output 'y': expected a tensor that depends on the inputs",
    ),
    "a shape of other values": (
        [node("Reshape", "x s", "y")],
        r"expected a shape of 4\*batch values, as shape \(None, 4\) has. Received: \[3, 3\]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name, tmp_path):
    nodes, message = REFUSED[name]
    stored = [
        constant("w", drawn(3, 2)), constant("axes", [1]), constant("s", [3, 3]),
        constant("r", drawn(1, 4, 4)),
    ]  # fmt: skip
    with pytest.raises(ValueError, match=rf"load_model\('.*model.onnx'\): .*{message}"):
        loaded(network(nodes, stored), tmp_path)
