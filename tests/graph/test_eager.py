"""Results of eager operations: NumPy arrays that have what Keras's tensors have."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers, losses, metrics, ops

X = np.float32([[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda: ops.add(X, 1), X + 1),
        (lambda: ops.mean(X), np.float32(2.5)),
        (lambda: ops.mean(X) / 2 + 1, np.float32(2.25)),
        (lambda: ops.split(X, 2)[1], X[1:]),
        (lambda: layers.Dense(1, kernel_initializer="ones")(X), X.sum(-1, keepdims=True)),
        (lambda: losses.MeanSquaredError()(X, X + 2), np.float32(4)),
        (lambda: losses.mean_squared_error(X, X + 2), np.float32([4, 4])),
        (lambda: metrics.Mean()(X), np.float32(2.5)),
    ],
)
def test_results_have_numpy(result, expected):
    found = result()
    assert isinstance(found, np.ndarray)
    values = found.numpy()
    assert type(values) is type(expected)
    np.testing.assert_array_equal(values, expected)


def test_they_look_and_are_kept_as_arrays():
    tensor = ops.add(X, 1)
    assert repr(tensor) == repr(X + 1)
    assert str(tensor) == str(X + 1)
    assert f"{ops.mean(X):.2f}" == "2.50"
    assert type(pickle.loads(pickle.dumps(tensor))) is np.ndarray
    np.testing.assert_array_equal(copy.deepcopy(tensor), tensor)
    assert type(tensor.numpy()) is np.ndarray


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_symbolic_tensors_are_added_in_place(name):
    """The operator makes a tensor, since no array can hold what has no value yet."""

    def accumulate(x):
        total = ops.add(np.ones(1, "float32"), 1)
        return _apply(name, total, x)

    x = keras.Input((1,))
    model = keras.Model(x, accumulate(x))
    values = np.float32([[2], [3]])
    expected = _apply(name, np.full((2, 1), 2, "float32"), values)
    np.testing.assert_allclose(model.predict(values, verbose=0), expected)
    np.testing.assert_allclose(keras.jit(accumulate)(values), expected)
    array = ops.add(np.ones((2, 1), "float32"), 1)
    assert _apply(name, array, values) is array, "arrays are changed in place, as NumPy's are"


def _apply(name, total, x):
    match name:
        case "add":
            total += x
        case "sub":
            total -= x
        case "mul":
            total *= x
        case "truediv":
            total /= x
        case _:
            total **= x
    return total
