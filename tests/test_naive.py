"""The plain loops against NumPy: same values, same dtype, inputs left alone, errors that teach."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geartrain import naive

DTYPES = ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"]
small = st.integers(0, 4)
quick = settings(max_examples=40, deadline=None)


def values(dtype):
    """Small whole and half numbers: sums of them are exact in every dtype."""
    if dtype == "bool":
        return st.booleans()
    if dtype == "uint8":
        return st.integers(0, 3)
    return (
        st.integers(-8, 8) if dtype.startswith("int") else st.integers(-16, 16).map(lambda v: v / 2)
    )


def arrays(shape, dtypes=DTYPES):
    return st.sampled_from(dtypes).flatmap(
        lambda dtype: hnp.arrays(dtype, shape, elements=values(dtype))
    )


any_shape = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


@st.composite
def operands(draw, *shapes):
    """One array for each shape, a tuple of letters bound to lengths, e.g. "ab", "bc"."""
    lengths = {letter: draw(small) for letter in sorted(set("".join(shapes)))}
    return [draw(arrays(tuple(lengths[letter] for letter in shape))) for shape in shapes]


@st.composite
def pairs_of_one_shape(draw, dtypes=DTYPES):
    shape = draw(any_shape)
    return draw(arrays(shape, dtypes)), draw(arrays(shape, dtypes))


def check(function, reference, *inputs):
    """`function` gives what `reference` gives, in the same dtype, and changes no input."""
    before = [x.copy() for x in inputs]
    received, expected = function(*inputs), reference(*inputs)
    assert received.dtype == expected.dtype
    assert np.shape(received) == np.shape(expected)
    np.testing.assert_array_equal(received, expected)
    for x, copy in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, copy)
        assert not np.shares_memory(np.asarray(received), x)


@quick
@given(any_shape.flatmap(lambda shape: arrays(shape, [d for d in DTYPES if d != "bool"])))
def test_relu(x):
    check(naive.naive_relu, lambda x: np.maximum(x, x.dtype.type(0)), x)


@quick
@given(pairs_of_one_shape())
def test_add(xy):
    check(naive.naive_add, np.add, *xy)


@quick
@given(pairs_of_one_shape())
def test_multiply(xy):
    check(naive.naive_multiply, np.multiply, *xy)


@quick
@given(pairs_of_one_shape([d for d in DTYPES if d not in ("bool", "uint8")]))
def test_subtract(xy):
    check(naive.naive_subtract, np.subtract, *xy)


@quick
@given(operands("ab", "b"))
def test_add_matrix_and_vector(xy):
    check(naive.naive_add_matrix_and_vector, np.add, *xy)


@quick
@given(operands("a", "a"))
def test_vector_dot(xy):
    check(naive.naive_vector_dot, np.dot, *xy)


@quick
@given(operands("ab", "b"))
def test_matrix_vector_dot_two_ways(xy):
    check(naive.naive_matrix_vector_dot, np.dot, *xy)
    check(naive.naive_matrix_vector_dot_by_rows, np.dot, *xy)


@quick
@given(operands("ab", "bc"))
def test_matrix_dot(xy):
    check(naive.naive_matrix_dot, np.dot, *xy)


@quick
@given(any_shape.flatmap(arrays))
def test_transpose(x):
    check(naive.naive_transpose, lambda x: x.T.copy(), x)


@quick
@given(any_shape.flatmap(arrays), st.data())
def test_reshape(x, data):
    shape = data.draw(st.permutations([*x.shape, 1]))
    check(lambda x: naive.naive_reshape(x, shape), lambda x: x.reshape(shape).copy(), x)


def test_reshape_fills_in_a_minus_one():
    x = np.arange(12).reshape(3, 4)
    assert naive.naive_reshape(x, (2, -1, 3)).shape == (2, 2, 3)
    assert naive.naive_reshape(x, -1).tolist() == list(range(12))
    assert naive.naive_reshape(5.0, ()).shape == ()
    assert naive.naive_reshape(np.zeros((0, 4)), (-1, 2)).shape == (0, 2)


def test_special_values_pass_through():
    x = np.array([np.nan, np.inf, -np.inf, -0.0])
    np.testing.assert_array_equal(naive.naive_relu(x), [np.nan, np.inf, 0.0, 0.0])
    assert np.isnan(naive.naive_vector_dot([np.nan, 1.0], [0.0, 1.0]))


def test_strided_inputs():
    x = np.arange(24.0).reshape(4, 6)
    check(naive.naive_matrix_dot, np.dot, x[::2, ::3], x.T[:2, ::-1])


def test_a_layer_out_of_loops():
    generator = np.random.default_rng(0)
    x, w, b = (generator.normal(size=shape) for shape in [(5, 4), (4, 3), (3,)])
    z = naive.naive_relu(naive.naive_add_matrix_and_vector(naive.naive_matrix_dot(x, w), b))
    np.testing.assert_allclose(z, np.maximum(x @ w + b, 0), rtol=1e-12)


def windows_of(x, size, stride):
    """Every window of the images: (samples, rows, columns, channels, size, size)."""
    every = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))
    return every[:, ::stride, ::stride]


@quick
@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_conv2d(data, rows, columns, stride):
    samples, channels, filters = (data.draw(st.integers(0, 2)) for _ in range(3))
    height, width = rows + data.draw(small), columns + data.draw(small)
    kinds = ["float64", "int64", "float32"]
    x = data.draw(arrays((samples, height, width, channels), kinds))
    kernel = data.draw(arrays((rows, columns, channels, filters), kinds))

    def reference(x, kernel):
        windows = windows_of(x, (rows, columns), stride)
        return np.einsum("bijcpq,pqcf->bijf", windows, kernel, dtype=np.result_type(x, kernel))

    check(lambda x, kernel: naive.naive_conv2d(x, kernel, stride), reference, x, kernel)


@quick
@given(st.data(), st.integers(1, 3), st.one_of(st.none(), st.integers(1, 3)))
def test_max_pool2d(data, size, stride):
    sides = [size + data.draw(small) for _ in range(2)]
    x = data.draw(arrays((2, *sides, 2)))

    def reference(x):
        return windows_of(x, (size, size), stride or size).max(axis=(-2, -1))

    check(lambda x: naive.naive_max_pool2d(x, size, stride), reference, x)


MESSAGES = [
    (lambda: naive.naive_add(np.ones((2, 3)), np.ones(3)), ValueError,
     "naive_add expected x and y of one shape. Received: shapes (2, 3) and (3,). "
     "To add a vector to every row of a matrix, see naive_add_matrix_and_vector"),
    (lambda: naive.naive_subtract([1], [1, 2]), ValueError, "naive_subtract expected x and y of"),
    (lambda: naive.naive_multiply([1], [1, 2]), ValueError, "naive_multiply expected x and y of"),
    (lambda: naive.naive_add_matrix_and_vector(np.ones((2, 3)), np.ones(2)), ValueError,
     "x of shape (a, b), y of shape (b,). Received: shapes (2, 3) and (2,): 3 is not 2. "
     "naive_transpose(x), of shape (3, 2), would fit."),
    (lambda: naive.naive_add_matrix_and_vector([1], [1]), ValueError,
     "naive_add_matrix_and_vector expected x to be a matrix (rank 2). Received: shape (1,)"),
    (lambda: naive.naive_vector_dot([1, 2], [1, 2, 3]), ValueError,
     "naive_vector_dot expected x of shape (a,), y of shape (a,). Received: shapes (2,) and (3,): "
     "2 is not 3. These two axes must be of one length."),
    (lambda: naive.naive_vector_dot([[1]], [1]), ValueError, "expected x to be a vector (rank 1)"),
    (lambda: naive.naive_matrix_vector_dot(np.ones((2, 3)), [1]), ValueError,
     "naive_matrix_vector_dot expected x of shape (a, b), y of shape (b,)."),
    (lambda: naive.naive_matrix_vector_dot_by_rows(np.ones((2, 3)), [1]), ValueError,
     "naive_matrix_vector_dot_by_rows expected x of shape (a, b), y of shape (b,)."),
    (lambda: naive.naive_matrix_dot(np.ones((2, 3)), np.ones((4, 3))), ValueError,
     "so b would be both 3 and 4. naive_transpose(y), of shape (3, 4), would fit."),
    (lambda: naive.naive_relu([[1, 2], [3]]), ValueError,
     "naive_relu expected x to be a tensor. Received: nested lists of unequal lengths."),
    (lambda: naive.naive_relu(["a"]), TypeError,
     "naive_relu expected x to hold numbers. Received: dtype <U1. Convert it first"),
    (lambda: naive.naive_reshape(np.ones((2, 3)), (4, 2)), ValueError,
     "naive_reshape expected a shape of 6 values, as x of shape (2, 3) has, with at most one -1. "
     "Received: (4, 2). (6,) would do."),
    (lambda: naive.naive_reshape(np.ones(4), (-1, -1)), ValueError, "Received: (-1, -1)"),
    (lambda: naive.naive_reshape(np.ones(4), (-2, -2)), ValueError, "Received: (-2, -2)"),
    (lambda: naive.naive_reshape(np.ones(5), (2, -1)), ValueError, "Received: (2, -1)"),
    (lambda: naive.naive_conv2d(np.ones((1, 4, 4, 3)), np.ones((3, 3, 1, 2))), ValueError,
     "naive_conv2d expected x of shape (samples, height, width, c), kernel of shape "
     "(rows, columns, c, filters). Received: shapes (1, 4, 4, 3) and (3, 3, 1, 2), so c would be "
     "both 3 and 1."),
    (lambda: naive.naive_conv2d(np.ones((4, 4)), np.ones((3, 3, 1, 2))), ValueError,
     "expected x to be of rank 4: (samples, height, width, channels). Received: shape (4, 4)"),
    (lambda: naive.naive_conv2d(np.ones((1, 2, 4, 1)), np.ones((3, 3, 1, 2))), ValueError,
     "fit into images of 2 x 4, and a stride of at least 1. Received: windows of 3 x 3, stride 1."),
    (lambda: naive.naive_max_pool2d(np.ones((1, 4, 4, 1)), 0), ValueError,
     "naive_max_pool2d expected windows of at least 1 pixel"),
    (lambda: naive.naive_max_pool2d(np.ones((1, 4, 4, 1)), 2, 0), ValueError, "stride 0."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), MESSAGES)
def test_errors_say_what_was_received_and_what_would_do(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call()


def test_every_public_name_is_there():
    assert sorted(naive.__all__) == sorted(
        name for name in vars(naive) if name.startswith("naive_")
    )
