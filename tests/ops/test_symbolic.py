"""Symbolic tensors: Python's operators, shapes with a batch axis, mixtures with arrays."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from geartrain import ops
from geartrain.graph.node import Node, placeholder
from geartrain.graph.operators import OPERATORS, Operators
from geartrain.graph.shapes import BATCH
from geartrain.runtime.variable import Variable
from tests.ops.checks import evaluate, symbolic

X = np.array([[1.5, -2.0, 3.0], [0.5, 2.5, -1.0]])
Y = np.array([[2.0, 2.0, -3.0], [0.5, 1.0, 2.0]])
BINARY = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply,
    operator.truediv: np.divide, operator.floordiv: np.floor_divide, operator.mod: np.mod,
    operator.pow: lambda x, y: np.power(np.abs(x), y), operator.lt: np.less,
    operator.le: np.less_equal, operator.gt: np.greater, operator.ge: np.greater_equal,
}  # fmt: skip


@pytest.mark.parametrize("sign", BINARY)
def test_operators_with_a_tensor_on_either_side_or_both(sign):
    expected = BINARY[sign](X, Y)
    left = np.abs(X) if sign is operator.pow else X
    np.testing.assert_array_equal(symbolic(sign, [left, Y]), expected)
    np.testing.assert_array_equal(symbolic(lambda y: sign(left, y), [Y]), expected)
    np.testing.assert_array_equal(symbolic(lambda x: sign(x, Y), [left]), expected)
    np.testing.assert_array_equal(
        symbolic(lambda x: sign(2, x), [Y]), sign(2, Y), err_msg="a number on the left"
    )


def test_the_other_operators():
    flags, others = X > 0, Y > 0
    assert symbolic(lambda x: -x, [X]).tolist() == (-X).tolist()
    assert symbolic(abs, [X]).tolist() == np.abs(X).tolist()
    assert symbolic(lambda x, y: x & y, [flags, others]).tolist() == (flags & others).tolist()
    assert symbolic(lambda x, y: x | y, [flags, others]).tolist() == (flags | others).tolist()
    assert symbolic(lambda x, y: x ^ y, [flags, others]).tolist() == (flags ^ others).tolist()
    assert symbolic(lambda x: ~x, [flags]).tolist() == (~flags).tolist()
    np.testing.assert_allclose(symbolic(lambda x, y: x @ y, [X, Y.T.copy()]), X @ Y.T)
    np.testing.assert_allclose(symbolic(lambda y: X @ y, [Y.T.copy()]), X @ Y.T)


def test_every_operator_has_its_function():
    methods = {name for name in vars(Operators) if callable(getattr(Operators, name))}
    assert len(methods) >= len(OPERATORS)
    assert all(getattr(ops, name) is function for name, function in OPERATORS.items())


def batched(function, x=X):
    """The function of a tensor whose first axis is the batch axis."""
    leaf = placeholder((BATCH, *x.shape[1:]), x.dtype.name)
    made = function(leaf)
    assert isinstance(made, Node)
    return evaluate([made], [leaf], [x], batch=len(x))[0]


def test_shapes_with_none_lead_back_to_the_batch_axis():
    x = placeholder((BATCH, 3), "float32")
    assert ops.shape(x) == (None, 3)
    assert ops.reshape(x, (ops.shape(x)[0], -1)).extents == (BATCH, 3)
    assert ops.reshape(x, (None, 3, 1)).extents == (BATCH, 3, 1)
    assert ops.reshape(ops.concatenate([x, x]), (None, 1, 3)).extents == (2 * BATCH, 1, 3)
    assert ops.zeros((ops.shape(x)[0], 2)).extents == (BATCH, 2)
    assert ops.broadcast_to(np.ones(3, "float32"), ops.shape(x)).extents == (BATCH, 3)
    assert ops.concatenate([x, x]).extents == (2 * BATCH, 3)
    assert ops.concatenate([x, np.zeros((2, 3), "float32")]).extents == (BATCH + 2, 3)


def test_values_along_the_batch_axis():
    np.testing.assert_array_equal(batched(ops.size), 6)
    np.testing.assert_array_equal(batched(ops.mean), X.mean())
    np.testing.assert_array_equal(batched(lambda x: ops.reshape(x, (-1, 1, 3))), X[:, None])
    np.testing.assert_array_equal(
        batched(lambda x: ops.full((ops.shape(x)[0], 2), 3.0) + x[:, :2]), 3 + X[:, :2]
    )
    np.testing.assert_array_equal(batched(lambda x: ops.roll(x, 3, axis=0)), X[::-1])
    np.testing.assert_array_equal(batched(lambda x: ops.ones_like(x)), np.ones_like(X))
    np.testing.assert_array_equal(batched(lambda x: ops.repeat(x, 2, axis=0)), np.repeat(X, 2, 0))
    np.testing.assert_array_equal(batched(lambda x: x[-1]), X[-1])
    np.testing.assert_array_equal(batched(lambda x: ops.tril(x)), np.tril(X))


def test_a_start_may_be_a_tensor():
    start = np.array(1, "int32")
    row = np.arange(5.0)
    found = symbolic(lambda x, i: ops.slice(x, [i], [3]), [row, start])
    assert found.tolist() == [1, 2, 3]
    found = symbolic(lambda x, i: ops.slice_update(x, [i], x[:2] + 10), [row, start])
    assert found.tolist() == [0, 10, 11, 3, 4]
    table = np.arange(12.0).reshape(3, 4)
    starts = np.array([1, 2], "int32")
    found = symbolic(lambda x, i: ops.slice_update(x, i, x[:2, :2] * 0), [table, starts])
    expected = table.copy()
    expected[1:, 2:] = 0
    np.testing.assert_array_equal(found, expected)
    found = symbolic(lambda x, i: ops.slice(x, i, (2, 1)), [table, starts])
    np.testing.assert_array_equal(found, table[1:, 2:3])


def test_variables_are_tensors():
    weights = Variable(np.float32([1, 2, 3]))
    assert ops.sum(weights) == 6
    assert ops.add(weights, [1, 1, 1]).tolist() == [2, 3, 4]
    assert ops.stack([weights, weights]).shape == (2, 3)
    assert (weights * 2 + 1)[1:].tolist() == [5, 7]


def test_lists_may_hold_symbolic_tensors():
    found = symbolic(lambda x: ops.sum([[x, 2.0], [3.0, x]]), [np.array(4.0)])
    assert found == 13


def test_equal_graphs_are_one_graph():
    x = placeholder((BATCH, 3), "float32")
    assert ops.softmax(x) is ops.softmax(x)
    assert ops.gelu(x * 2) is ops.gelu(x * 2)
    assert ops.gelu(x * 2) is not ops.gelu(x * 3)


def test_constants_are_stretched_in_the_graph():
    """So that a bias of any size stays the small constant that it is."""
    x = placeholder((1000, 1000), "float32")
    y = x + np.float32(0.5)
    assert {node.extents for node in y.sources} == {(1000, 1000)}
    assert y.sources[1].op.name == "expand"


def test_what_depends_on_values_says_so():
    with pytest.raises(TypeError, match="no truth value"):
        bool(placeholder((3,), "float32") > 0)


def test_what_keras_takes_of_symbolic_tensors():
    rows = placeholder((2, placeholder((BATCH,), "float32").extents[0], 3), "float32")
    parts = ops.unstack(rows, num=3, axis=1)  # so many are taken, whatever the size will be
    assert [part.shape for part in parts] == [(2, 3)] * 3
    places = placeholder((5, 2), "float32")  # the default dtype stands for whole numbers too
    assert ops.scatter(places, placeholder((5,), "float32"), (4, 4)).shape == (4, 4)
    whole, start = placeholder((4, 4), "float32"), placeholder((2,), "float32")
    block = ops.slice_update(whole, start, np.ones((2, 2), "float32"))
    (found,) = evaluate([block], [whole, start], [np.zeros((4, 4), "float32"), np.float32([1, 2])])
    assert found[1:3, 2:].sum() == found.sum() == 4
    np.testing.assert_array_equal(ops.convert_to_tensor(X, sparse=True), X)
