"""The fast functions against the plain loops of `geartrain.naive`, on random whole numbers.

Whole numbers, as floats: every sum is exact then, in whatever order it is taken.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain import naive, ops
from tests.ops.checks import symbolic

SIZES = st.integers(0, 5)
SEEDS = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None, derandomize=True)


def whole(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-9, 10, shape).astype("float32")


def agree(fast, slow, *arrays):
    expected = slow(*arrays)
    np.testing.assert_array_equal(fast(*arrays), expected)
    np.testing.assert_array_equal(symbolic(fast, arrays), expected)


@quick
@given(SEEDS, st.lists(SIZES, max_size=3))
def test_element_by_element(seed, shape):
    x, y = whole(seed, *shape), whole(seed + 1, *shape)
    agree(ops.relu, naive.naive_relu, x)
    agree(ops.add, naive.naive_add, x, y)
    agree(ops.subtract, naive.naive_subtract, x, y)
    agree(ops.multiply, naive.naive_multiply, x, y)


@quick
@given(SEEDS, SIZES, SIZES)
def test_matrix_and_vector(seed, rows, columns):
    x, y = whole(seed, rows, columns), whole(seed + 1, columns)
    agree(ops.add, naive.naive_add_matrix_and_vector, x, y)
    agree(ops.dot, naive.naive_matrix_vector_dot, x, y)
    agree(ops.matmul, naive.naive_matrix_vector_dot_by_rows, x, y)
    agree(ops.dot, naive.naive_vector_dot, y, whole(seed + 2, columns))
    agree(ops.transpose, naive.naive_transpose, x)


@quick
@given(SEEDS, SIZES, SIZES, SIZES)
def test_two_matrices(seed, rows, inner, columns):
    x, y = whole(seed, rows, inner), whole(seed + 1, inner, columns)
    agree(ops.dot, naive.naive_matrix_dot, x, y)
    agree(ops.matmul, naive.naive_matrix_dot, x, y)
    agree(lambda a, b: a @ b if not isinstance(a, np.ndarray) else ops.matmul(a, b),
          naive.naive_matrix_dot, x, y)  # fmt: skip


@pytest.mark.parametrize("shape", [(4, 6), (2, -1), (-1,), (3, 2, -1), (24, 1)])
def test_reshape(shape):
    agree(
        lambda x: ops.reshape(x, shape), lambda x: naive.naive_reshape(x, shape), whole(0, 2, 3, 4)
    )
