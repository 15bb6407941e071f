"""`explain`: every stage of a model or a function, and that measuring changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import explain, layers, ops
from geartrain.cli import main
from geartrain.commands.explain import STAGES
from geartrain.explanation import STAGES as geartrain_stages

pytest.importorskip("llvmlite")


@pytest.fixture
def model():
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [layers.Input((20,)), layers.Dense(16, activation="relu"), layers.Dense(3, "softmax")]
    )
    network.compile("rmsprop", "categorical_crossentropy")
    return network


X, Y = np.ones((8, 20), "float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2, 0, 1]]


def test_the_loops_of_a_dense_layer_read_like_the_textbook(model):
    loops = explain(model, X).stage("loops")
    assert loops.startswith(
        "# kernel k0\n"
        "for i in range(batch):\n"
        "    for j in range(16):\n"
        "        total = 0\n"
        "        for k in range(20):\n"
        "            total += x[i, k] * dense.kernel[k, j]\n"
        "        relu[i, j] = relu(total + dense.bias[j])\n"
    )


def test_the_formula_of_a_network_and_of_its_training(model):
    assert explain(model, X).stage("formula").splitlines() == [
        "add = (relu((x @ dense.kernel) + dense.bias) @ dense_1.kernel) + dense_1.bias",
        "exp = exp(add - stop_gradient(max(add, axes=(1,))))",
        "return exp / sum(exp, axes=(1,))",
    ]
    training = explain(model, X, Y).stage("formula")
    assert "\ncontract = x.T @ where_3\n" in training
    assert "\nrm_sprop.iteration <- rm_sprop.iteration + 1\n" in training


def test_formulas_leave_out_only_how_tensors_are_stretched():
    def function(x, w):
        stretched = ops.reshape(ops.sum(x, axis=1), (3, 1)) * x
        return ops.transpose(x)[1:] + stretched[:2], ops.matmul(w, x), ops.matmul(x, w)

    x, w = np.ones((3, 3), "float32"), np.ones((5, 3, 3), "float32")
    found = explain(function, x, w).stage("formula").splitlines()
    rows = "sum(x, axes=(1,)) * x"
    lengths = "length=(2, 3), step=(1, 1)"
    assert found == [
        f"add = slice(permute(x, order=(1, 0)), start=(1, 0), {lengths}) "
        f"+ slice({rows}, start=(0, 0), {lengths})",
        "return add, w @ x, contract(x, w, spec=RK,aKC->aRC)",
    ]


def test_the_loops_of_a_convolution_show_its_window():
    loops = explain(ops.conv, np.ones((2, 6, 6, 3), "float32"), np.ones((3, 3, 3, 4), "float32"))
    assert "inputs[i, j + m, k + n, o] * kernel[m, n, o, l]" in loops.stage("loops")
    assert "def naive_conv2d" in loops.stage("naive")


def test_a_step_of_training_shows_gradients_and_updates(model):
    explanation = explain(model, X, Y)
    loops = explanation.stage("loops")
    assert "kernel_velocity[i, j]" in loops and "/ sqrt(" in loops
    assert explanation.stage("graph").count("contract(") == 5
    assert "def naive_matrix_dot" in explanation.stage("naive")
    assert "call void @barrier(ptr %team)" in explanation.stage("llvm")
    assert "run_0" in explanation.stage("assembly")


def test_measuring_leaves_the_weights_as_they_were(model):
    before = [*model.get_weights(), model.optimizer.iterations.numpy()]
    explanation = explain(model, X, Y)
    kernels = explanation.kernels(repeats=2)
    assert kernels[0].flops > 0 and all(one.seconds > 0 for one in kernels)
    product = next(one for one in kernels if one.kind.startswith("contraction"))
    assert product.flops == 2 * 8 * 20 * 16
    assert product.bytes >= 4 * (8 * 20 + 20 * 16 + 16)
    profile = explanation.stage("profile")
    assert "GFLOP/s" in profile and profile.count("\n") == len(kernels) + 1
    for one, other in zip(
        [*model.get_weights(), model.optimizer.iterations.numpy()], before, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_what_has_no_code_says_so():
    loops = explain(lambda x: ops.sort(x, axis=0) * 2, X).stage("loops")
    assert "# computed by NumPy: argsort has no kernel" in loops


def test_printing_shows_every_stage_cut_short(model):
    text = str(explain(model, X))
    assert geartrain_stages == STAGES
    for stage in STAGES:
        assert f"\n-- {stage} ---" in f"\n{text}"
    assert "lines in all" in text and len(text.splitlines()) < 400


def test_mistakes(model):
    with pytest.raises(ValueError, match=r"Unknown stage of explain: 'loop'. Did you mean 'loops'"):
        explain(model, X).stage("loop")
    with pytest.raises(ValueError, match="x, or x and y, as examples"):
        explain(model)


def test_the_command(capsys, tmp_path):
    assert main(["explain", "chapter", "--stage", "loops", "--predict"]) == 0
    assert "x[i, k] * dense" in capsys.readouterr().out
    script = tmp_path / "small.py"
    script.write_text(
        "import keras\n"
        "net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])\n"
        "net.compile('sgd', 'mse')\n",
        encoding="utf-8",
    )
    assert main(["explain", f"{script}:net", "--stage", "graph", "--batch", "3"]) == 0
    assert "contract(" in capsys.readouterr().out
    assert main(["explain", str(script), "--stage", "formula"]) == 0
    assert "kernel <- dense" in capsys.readouterr().out
    net = keras.Sequential([layers.Input((4,)), layers.Dense(2, name="saved")])
    net.save(tmp_path / "net.keras")
    assert main(["explain", str(tmp_path / "net.keras"), "--stage", "formula"]) == 0
    assert "x @ saved.kernel" in capsys.readouterr().out


TWO_INPUTS = """
import keras
tokens, numbers = keras.Input((6,), dtype="int32"), keras.Input((3,))
table = keras.layers.Embedding(9, 4)(tokens)
joined = keras.layers.Concatenate()([keras.layers.Flatten()(table), numbers])
first = keras.Model([tokens, numbers], keras.layers.Dense(1)(joined))
second = keras.Sequential([keras.layers.Dense(1)])
def distance(x, y):
    return keras.ops.sqrt(keras.ops.sum((x - y) ** 2))
"""


def test_the_command_explains_models_of_many_inputs_and_functions(capsys, tmp_path):
    script = tmp_path / "several.py"
    script.write_text(TWO_INPUTS, encoding="utf-8")
    assert main(["explain", f"{script}:first", "--stage", "graph", "--batch", "3"]) == 0
    assert ": int32[batch, 6]" in capsys.readouterr().out
    shapes = ["--shape", "3,4", "--shape", "4"]
    assert main(["explain", f"{script}:distance", "--stage", "formula", *shapes]) == 0
    assert "return sqrt(sum((x - y) ** 2, axes=(0, 1)))" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "a saved model that is there, FILE.py or FILE.py:NAME. Received: 'nothing'"),
        (["{}"], "does not make just one model. Its models: first, second"),
        (["{}:other"], "defines no model or function 'other'. Its models: first, second"),
        (["{}:second"], "expected a model whose inputs are known"),
        (["{}:distance"], "expected the shape of each argument of a function"),
        (["{}:first", "--shape", "3"], "is a model: use --batch"),
        (["{}:first", "--batch", "0"], "--batch: expected 1 or more. Received: 0"),
    ],
)
def test_mistakes_of_the_command(capsys, tmp_path, arguments, message):
    script = tmp_path / "several.py"
    script.write_text(TWO_INPUTS, encoding="utf-8")
    assert main(["explain", *(argument.format(script) for argument in arguments)]) == 1
    assert message in capsys.readouterr().err
