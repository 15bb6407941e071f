"""One-hot rows and unit vectors: Keras's results, and errors that name the label or the axis."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geartrain.utils.numerical import normalize, to_categorical

quick = settings(max_examples=50, deadline=None)


@quick
@given(hnp.arrays("int64", hnp.array_shapes(max_dims=3, max_side=4), elements=st.integers(0, 6)))
def test_to_categorical_is_a_row_of_the_identity(labels):
    squeezed = labels[..., 0] if labels.ndim > 1 and labels.shape[-1] == 1 else labels
    result = to_categorical(labels, 7)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, np.eye(7)[squeezed])
    np.testing.assert_array_equal(to_categorical(labels), np.eye(labels.max() + 1)[squeezed])


@pytest.mark.parametrize(
    ("x", "num_classes", "shape"),
    [
        (3, None, (4,)),
        (3, 5, (5,)),
        ([], 3, (0, 3)),
        ([[1], [0]], None, (2, 2)),
        ([[1, 0]], None, (1, 2, 2)),
        ([[[1]]], None, (1, 1, 2)),
        ([True, False], None, (2, 2)),
        ([1.0, 2.0], None, (2, 3)),
        (np.array([255], "uint8"), None, (1, 256)),
        ([0], np.int64(2), (1, 2)),
    ],
)
def test_to_categorical_shapes(x, num_classes, shape):
    result = to_categorical(x, num_classes)
    assert result.shape == shape
    assert (result.sum(-1) == 1).all()


@pytest.mark.parametrize(
    ("x", "num_classes", "message"),
    [
        ([0, 3, 1], 3, "expected labels from 0 to 2. Received: label 3 at x[1]. The largest label "
         "is 3: num_classes would be 4."),
        ([1, 2, 3], 3, "Received: label 3 at x[2]. These labels count from 1: subtract 1."),
        ([[0, 1], [0, -1]], None, "label -1 at x[1, 1]. Labels count from 0; map a marker"),
        (-2, None, "Received: label -2 at x. Labels count from 0"),
        ([0.0, 1.7], None, "expected whole numbers as labels. Received: 1.7 at x[1]. Targets of a "
         "regression need no classes."),
        ([np.nan], 3, "expected whole numbers as labels. Received: nan at x[0]."),
        (["cat", "dog"], None, "Received: dtype <U3, such as cat. np.unique(x, return_inverse=True)"
         "[1] numbers the classes from 0."),
        ([], None, "cannot infer num_classes from no labels. Received: shape (0,), dtype int64. "
         "Pass num_classes."),
        ([0], 0, "expected num_classes of at least 1, or None. Received: 0"),
    ],
)  # fmt: skip
def test_to_categorical_names_the_bad_label(x, num_classes, message):
    with pytest.raises(ValueError, match=re.escape("to_categorical") + ".*" + re.escape(message)):
        to_categorical(x, num_classes)


@quick
@given(
    hnp.arrays("float64", hnp.array_shapes(max_dims=3), elements=st.floats(-9, 9, width=16)),
    st.sampled_from([1, 2, 3, np.inf]),
    st.data(),
)
def test_normalize_makes_unit_vectors_and_keeps_zeros(x, order, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    before = x.copy()
    result = normalize(x, axis, order)
    lengths = np.linalg.norm(x, order, axis)
    unit = result.reshape(x.shape)
    np.testing.assert_allclose(np.linalg.norm(unit, order, axis), lengths != 0, atol=1e-12)
    np.testing.assert_array_equal(x, before)


def test_normalize_dtypes_and_axes():
    x = np.array([[3.0, 4.0], [6.0, 8.0]])
    assert normalize(x.astype("float32")).dtype == np.float32
    assert normalize(x.astype("int8")).dtype == np.float64
    np.testing.assert_allclose(normalize([3, 4]), [[0.6, 0.8]])
    np.testing.assert_allclose(normalize(x, axis=0), x / np.sqrt([[45.0, 80.0]]))
    np.testing.assert_allclose(normalize(x, axis=None, order="fro"), x / np.sqrt(125))
    assert normalize(np.zeros((2, 3, 4)), axis=1).shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("x", "axis", "kind", "message"),
    [
        (np.ones((2, 3)), 2, ValueError, "normalize expected an axis of x, from -2 to 1. Received: "
         "axis=2 for shape (2, 3)."),
        (3.0, -1, ValueError, "normalize expected a vector or more. Received: the scalar 3.0."),
        (["a"], -1, TypeError, "normalize expected numbers. Received: shape (1,), dtype <U1. "
         "Convert them first"),
    ],
)  # fmt: skip
def test_normalize_errors(x, axis, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        normalize(x, axis)
