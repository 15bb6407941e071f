"""`==` of symbolic tensors: element by element for who writes a traced function, else identity."""

import numpy as np
import pytest

from geartrain import jit, losses, ops, utils
from geartrain.graph.node import placeholder


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: ops.cast(x == 2, "float32"),
        lambda x, y: ops.cast(x != y, "float32"),
        lambda x, y: ops.where(x == 2, y, x * 10),
        lambda x, y: ops.cast(y == np.float32([1, 0, 3]), "float32"),
    ],
)
def test_comparisons_in_a_traced_function_are_those_of_arrays(function):
    x, y = np.float32([1, 2, 3]), np.float32([1, 5, 3])
    np.testing.assert_array_equal(jit(function)(x, y), function(x, y))


def test_a_loss_with_a_comparison_trains_as_it_says():
    from geartrain import Sequential, layers

    def on_ones(y, p):
        return ops.mean(ops.where(y == 1, ops.square(p), 0.0 * p))

    assert callable(losses.get(on_ones))
    utils.set_random_seed(0)
    model = Sequential([layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", on_ones)
    x, y = np.float32([[1.0], [2.0]]), np.float32([[1.0], [0.0]])
    assert model.train_on_batch(x, y) == pytest.approx(0.5)


def test_outside_of_a_trace_nodes_are_keys():
    x, z = placeholder((2,), "float32"), placeholder((2,), "float32")
    assert x == x and x != z and z not in [x] and {x: 1}[x] == 1
