"""`x[...]` and broadcasting against NumPy, for generated shapes and keys, with gradients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geartrain import ops
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops.rules import gradients
from tests.ops.checks import evaluate, leaves_of, symbolic

quick = settings(max_examples=150, deadline=None, derandomize=True)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@st.composite
def shapes_and_keys(draw):
    shape = draw(SHAPES)
    return shape, draw(hnp.basic_indices(shape, allow_newaxis=True))


@st.composite
def shapes_and_arrays(draw):
    """A key with integer arrays among slices."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    wide = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=3))
    key = []
    for size in shape[: draw(st.integers(1, len(shape)))]:
        values = hnp.arrays("int64", wide, elements=st.integers(-size, size - 1))
        key.append(draw(st.one_of(values, st.integers(-size, size - 1), st.slices(size))))
    if not any(isinstance(part, np.ndarray) for part in key):
        key[0] = draw(hnp.arrays("int64", wide, elements=st.integers(-shape[0], shape[0] - 1)))
    return shape, tuple(key)


def ladder(shape):
    return np.arange(np.prod(shape, dtype=int), dtype="float64").reshape(shape)


def check_item(x, key, wanted_key=None):
    expected = x[key if wanted_key is None else wanted_key]
    found = ops.get_item(x, key)
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == np.shape(expected)
    np.testing.assert_array_equal(symbolic(lambda n: n[key], [x]), expected)


def check_gradient(x, key):
    """The gradient of sum(x[key] * g) holds at each place the sum of the g that were read there."""
    (leaf,) = leaves_of([x])
    node = leaf[key]
    cotangent = np.random.default_rng(0).integers(1, 9, node.shape).astype("float64")
    (passed,) = gradients([node], [leaf], [Node.wrap(cotangent)])
    expected = np.zeros_like(x)
    np.add.at(expected, key, cotangent)
    np.testing.assert_array_equal(evaluate([passed], [leaf], [x])[0], expected)


@quick
@given(shapes_and_keys())
def test_basic_indices(shape_and_key):
    shape, key = shape_and_key
    check_item(ladder(shape), key)
    check_gradient(ladder(shape), key)


@quick
@given(shapes_and_arrays())
def test_integer_arrays_among_slices(shape_and_key):
    shape, key = shape_and_key
    check_item(ladder(shape), key)
    check_gradient(ladder(shape), key)


@quick
@given(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4), st.data())
def test_masks(shape, data):
    x = ladder(shape)
    mask = data.draw(hnp.arrays("bool", shape[: data.draw(st.integers(1, len(shape)))]))
    check_item(x, mask)
    check_gradient(x, mask)


@quick
@given(st.integers(0, 9), st.slices(9), st.slices(3))
def test_slices_of_the_batch_axis(batch, rows, columns):
    x = ladder((batch, 3))
    leaf = placeholder((BATCH, 3), "float64")
    key = (rows, columns)
    node = leaf[key]
    (found,) = evaluate([node], [leaf], [x], batch)
    np.testing.assert_array_equal(found, x[key])
    cotangent = placeholder(node.extents, "float64")
    (passed,) = gradients([node], [leaf], [cotangent])
    seeds = np.random.default_rng(1).integers(1, 9, found.shape).astype("float64")
    expected = np.zeros_like(x)
    expected[key] = seeds
    (gradient,) = evaluate([passed], [leaf, cotangent], [x, seeds], batch)
    np.testing.assert_array_equal(gradient, expected)


def test_neighbours_along_the_batch_axis_have_one_shape():
    x = placeholder((BATCH, 3), "float32")
    assert x[1:].extents == x[:-1].extents
    assert (x[1:] - x[:-1]).shape == (None, 3)
    assert x[::-1].extents == x[:].extents == x.extents


def test_symbolic_indices_wrap_where_they_are_negative():
    x, index = ladder((4, 3)), np.array([-1, 0, 3, -4])
    np.testing.assert_array_equal(symbolic(lambda n, i: n[i], [x, index]), x[index])
    np.testing.assert_array_equal(
        symbolic(lambda n, i: n[:, i], [x.T.copy(), index]), x.T[:, index]
    )


@quick
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=4))
def test_broadcasting_and_its_gradient(shapes):
    first, second = map(ladder, shapes.input_shapes)
    expected = first * 2 + second
    assert expected.shape == shapes.result_shape
    np.testing.assert_array_equal(ops.add(ops.multiply(first, 2), second), expected)
    leaves = leaves_of([first, second])
    node = leaves[0] * 2 + leaves[1]
    cotangent = np.random.default_rng(0).integers(1, 9, expected.shape).astype("float64")
    passed = gradients([node], leaves, [Node.wrap(cotangent)])
    found = evaluate(passed, leaves, [first, second])
    for piece, array, factor in zip(found, (first, second), (2, 1), strict=True):
        missing = tuple(range(expected.ndim - array.ndim))
        summed = (factor * cotangent).sum(missing)
        ones = tuple(i for i, size in enumerate(array.shape) if size == 1)
        np.testing.assert_array_equal(piece, summed.sum(ones, keepdims=True).reshape(array.shape))


def test_iterating_a_symbolic_tensor_gives_its_rows():
    x = ladder((2, 3))
    rows = symbolic(lambda n: list(n), [x])
    np.testing.assert_array_equal(rows, x)


@pytest.mark.parametrize("key", [np.s_[1:], np.s_[..., 0], np.s_[None], [0, 1]])
def test_lists_are_tensors_too(key):
    x = [[1.0, 2.0], [3.0, 4.0]]
    np.testing.assert_array_equal(ops.get_item(x, key), np.float32(x)[key])
