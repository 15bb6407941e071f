"""Variables: what they are made of, what Python does with them, and scopes around them."""

from __future__ import annotations

import operator
import pickle
import re

import numpy as np
import pytest

import geartrain as keras
from geartrain import Variable, config, layers, ops

DTYPES = [
    "bool", "uint8", "int8", "int16", "uint32", "int32", "int64", "float16", "bfloat16", "float32",
    "float64",
]  # fmt: skip
V = np.float32([[1.5, -2.0], [3.0, 4.0]])
W = np.float32([[2.0, 0.5], [-1.0, 3.0]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype):
    variable = Variable([0, 1], dtype=dtype)
    assert (variable.dtype, variable.shape, variable.ndim) == (dtype, (2,), 1)
    assert np.array(variable).dtype.name == variable.value.dtype.name == dtype
    assert np.float32(variable).tolist() == [0.0, 1.0]
    assert variable.assign([1, 0]).tolist() == variable.numpy().tolist() == [1, 0]
    assert Variable("zeros", shape=[np.int64(2)], dtype=dtype).numpy().tolist() == [0, 0]


BINARY = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lt", "le", "gt", "ge",
    "eq", "ne",
]  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_arithmetic_is_that_of_the_values(name):
    op = getattr(operator, name)
    base = np.abs(V) if name == "pow" else V
    expected = op(base, W)
    variable = Variable(base)
    for found in (op(variable, W), op(variable, Variable(W)), op(base, Variable(W))):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert isinstance(found, np.ndarray)


@pytest.mark.parametrize("name", ["and_", "or_", "xor"])
def test_logic_is_that_of_the_values(name):
    op = getattr(operator, name)
    a, b = np.array([True, True, False]), np.array([True, False, False])
    for found in (op(Variable(a), b), op(a, Variable(b)), op(Variable(a), Variable(b))):
        assert found.tolist() == op(a, b).tolist()
    assert (~Variable(a)).tolist() == [False, False, True]


def test_unary_operators_and_indices():
    variable = Variable(V)
    for op in (operator.neg, operator.pos, operator.abs, round):
        np.testing.assert_array_equal(op(variable), np.round(V) if op is round else op(V))
    np.testing.assert_allclose(round(Variable(1.256), 2), 1.26)
    assert variable[1].tolist() == [3.0, 4.0] and len(variable) == 2
    assert (int(Variable(3.7)), float(Variable(2))) == (3, 2.0)
    assert {variable: 1}[variable] == 1  # a key by identity


def test_settings():
    variable = Variable(V, aggregation=None, synchronization=None)
    assert (variable.aggregation, variable.synchronization) == ("none", "none")
    other = Variable(V, aggregation="mean", synchronization="on_write")
    other.trainable = 0
    other.overwrite_with_gradient = True
    other.regularizer, other.constraint = keras.regularizers.L1(), keras.constraints.NonNeg()
    assert other.trainable is False
    assert (other.aggregation, other.synchronization) == ("mean", "on_write")
    again = pickle.loads(pickle.dumps(other))
    assert again.overwrite_with_gradient and again.aggregation == "mean" and not again.trainable


@pytest.mark.parametrize("steps", [None, 2])
def test_optimizers_put_gradients_in_place_where_that_is_set(steps):
    plain, replaced = Variable([1.0]), Variable([1.0])
    replaced.overwrite_with_gradient = True
    optimizer = keras.optimizers.SGD(0.5, gradient_accumulation_steps=steps, loss_scale_factor=2.0)
    optimizer.apply([np.float32([2.0]), np.float32([8.0])], [plain, replaced])
    assert replaced.numpy().tolist() == [8.0]
    assert plain.numpy().tolist() == ([0.5] if steps is None else [1.0])


def test_updates_return_the_new_value():
    variable = Variable([1.0, 2.0])
    assert variable.assign_add([1.0, 1.0]).tolist() == [2.0, 3.0]
    assert variable.assign_sub([1.0, 1.0]).tolist() == variable.value.tolist() == [1.0, 2.0]
    value = variable.value
    value += 1
    assert variable.numpy().tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Variable(V, name="a/b"), ValueError, "Variable: expected a name without '/'"),
        (lambda: Variable(V, name=3), ValueError, "name without '/'. Received: 3"),
        (lambda: Variable(V, aggregation="all"), ValueError, "aggregation as one of 'none', "),
        (lambda: Variable(V, synchronization="x"), ValueError, "synchronization as one of 'none'"),
        (lambda: Variable("ones"), ValueError, r"expected a shape of whole .* shape=None"),
        (lambda: Variable("ones", shape=(2, None)), ValueError, r"whole .* shape=\(2, None\)"),
        (lambda: Variable("ones", shape=(2.5,)), ValueError, r"whole .* shape=\(2.5,\)"),
        (lambda: Variable("ones", shape=(-1,)), ValueError, r"whole .* shape=\(-1,\)"),
        (lambda: Variable(V, dtype="float31"), ValueError, "Unknown dtype: 'float31'"),
        (lambda: Variable(V).assign([1.0]), ValueError, r"value of shape \(2, 2\). Received: sh"),
        (lambda: Variable(V).assign_add(np.ones(3)), ValueError, "add: "),
        (lambda: bool(Variable(True)), TypeError, "it has no truth value"),
        (lambda: int(Variable(V)), TypeError, "expected a scalar, to make a number of it"),
        (lambda: float(Variable([1.0])), TypeError, "expected a scalar"),
        (lambda: setattr(Variable(V), "regularizer", "l1"), ValueError, "or None, as regularizer"),
        (lambda: setattr(Variable(V), "constraint", 3), ValueError, "or None, as constraint"),
        (
            lambda: setattr(Variable(V), "overwrite_with_gradient", 1), TypeError,
            "overwrite_with_gradient as True or False. Received: 1",
        ),
        (lambda: keras.name_scope("a/b"), ValueError, "name_scope: expected a name without '/'"),
        (lambda: keras.device(3), ValueError, "device: expected a kind of device"),
        (lambda: keras.StatelessScope([(V, V)]), ValueError, "pairs of a variable and a value"),
        (
            lambda: keras.StatelessScope([(Variable(V), [1.0])]), ValueError,
            r"value of shape \(2, 2\) for .* Received: shape",
        ),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_weights_are_read_in_the_dtype_that_the_layer_computes_in():
    read = {}

    class Reads(keras.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.own = Variable(1.0)
            self.kept = self.add_weight(shape=(), initializer="ones", autocast=False)
            self.count = self.add_weight(shape=(), initializer="zeros", dtype="int32")

        def call(self, x):
            for name in ("own", "kept", "count"):
                variable = getattr(self, name)
                read[name] = (variable.dtype, variable.value.dtype.name, (variable + 0).dtype.name)
            return x

    layer = Reads(dtype="mixed_float16")
    layer(V)
    assert read == {"own": ("float16",) * 3, "kept": ("float32",) * 3, "count": ("int32",) * 3}
    assert layer.own.dtype == "float32"
    Reads(dtype="int")(V)
    assert read["own"] == ("float32",) * 3


def test_paths_begin_with_the_scopes():
    with keras.name_scope("a"):
        assert Variable(1.0, name="v").path == "a/v"
        with keras.name_scope("b", caller=test_messages), keras.name_scope("b", test_messages):
            assert Variable(1.0, name="v").path == "a/b/v"
        with keras.name_scope("b"), keras.name_scope("b"):
            assert Variable(1.0, name="v").path == "a/b/b/v"
        with keras.name_scope("c", override_parent="x/y"):
            assert Variable(1.0, name="v").path == "x/y/c/v"
        dense = layers.Dense(1, name="d")
        dense.build((None, 2))
        assert (dense.path, dense.kernel.path) == ("a/d", "a/d/kernel")
    assert Variable(1.0, name="v").path == "v"
    for name in ("cpu", "cpu:0", "GPU:1", "/device:CPU:0"):
        with keras.device(name):
            Variable(1.0)


def test_a_stateless_scope_changes_nothing():
    a, b = Variable([1.0, 2.0]), Variable(5.0)
    with keras.StatelessScope([(a, [3.0, 4.0])]) as scope:
        assert a.value.tolist() == np.array(a).tolist() == [3.0, 4.0] and float(b) == 5.0
        assert (a * 2).tolist() == [6.0, 8.0]
        a.assign_add([1.0, 1.0])
        assert scope.get_current_value(b) is None
        scope.add_update((b, 7))
        assert float(b) == 7.0
        with keras.StatelessScope([(b, 1.0)]):
            assert float(b) == 1.0
        made = Variable("ones", shape=(2,))
        with pytest.raises(ValueError, match="in a StatelessScope no values are set"):
            Variable(V)
    assert scope.get_current_value(a).tolist() == [4.0, 5.0]
    assert (a.numpy().tolist(), float(b), made.numpy().tolist()) == ([1.0, 2.0], 5.0, [1.0, 1.0])


def test_losses_of_a_stateless_scope():
    layer = layers.ActivityRegularization(l1=1.0)
    with keras.StatelessScope(collect_losses=True) as scope:
        layer(V)
    np.testing.assert_allclose(scope.losses, [10.5 / 2])
    with keras.StatelessScope() as scope:
        layer(V)
    assert scope.losses == []


def test_a_symbolic_tensor_tells_what_it_is_and_refuses_values():
    x = keras.KerasTensor((2, 3), "int32", sparse=True, name="x")
    assert (x.sparse, x.ragged, x.name, x.ndim, x.ragged_rank) == (True, False, "x", 2, None)
    again = pickle.loads(pickle.dumps(x))
    assert (again.shape, again.dtype, again.sparse, again.name) == ((2, 3), "int32", True, "x")
    assert keras.KerasTensor((), ragged=True).ragged
    for op in (int, float, np.array):
        with pytest.raises(ValueError, match="is symbolic: it stands for a shape and a dtype"):
            op(x)
    with pytest.raises(NotImplementedError, match="cannot be iterated over"):
        list(x)
    with pytest.raises(TypeError, match="no truth value"):
        bool(x)
    for name in ("shape", "dtype", "sparse", "ragged", "ragged_rank", "row_splits_dtype"):
        with pytest.raises(AttributeError):
            setattr(x, name, None)
    for shape, kinds in [(3, {}), ("ab", {}), ((2.5,), {}), ((-1,), {})]:
        with pytest.raises(ValueError, match=re.escape("KerasTensor: expected a shape")):
            keras.KerasTensor(shape, **kinds)
    with pytest.raises(ValueError, match=r"sparse or ragged. Received: sparse=True"):
        keras.KerasTensor((2,), sparse=True, ragged=True)


@pytest.mark.parametrize("name", [*BINARY[:-2], "ne", "and_", "or_", "xor"])  # == is identity
def test_operators_of_symbolic_tensors(name):
    op = getattr(operator, name)
    dtype = "bool" if name in ("and_", "or_", "xor") else "float32"
    x = keras.Input((3, 3), dtype=dtype)
    y = np.ones((3, 3), dtype)
    comparison = "bool" if name in ("lt", "le", "gt", "ge", "ne") else dtype
    for made in (op(x, x), op(x, y), op(y, x)):
        assert isinstance(made, keras.KerasTensor)
        assert (made.shape, made.dtype) == ((None, 3, 3), comparison)
    assert round(keras.Input((2,)), 1).shape == (None, 2)


def test_flash_attention_is_a_setting():
    assert config.is_flash_attention_enabled() is None
    config.enable_flash_attention()
    assert config.is_flash_attention_enabled() is True
    config.disable_flash_attention()
    assert config.is_flash_attention_enabled() is False
    config._settings["flash_attention"] = None
    assert not config.is_nnx_enabled()
    assert ops.dot_product_attention(*np.ones((3, 1, 2, 1, 4), "float32")).shape == (1, 2, 1, 4)
