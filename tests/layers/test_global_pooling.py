"""Means and maxima over all positions."""

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5, 6)).astype("float32")


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("kind", "numpy"), [("Average", np.mean), ("Max", np.max)])
def test_values(axes, keepdims, kind, numpy):
    x = X[(slice(None), *(0,) * (3 - axes))]
    cls = getattr(layers, f"Global{kind}Pooling{axes}D")
    assert getattr(layers, f"Global{kind.replace('erage', 'g')}Pool{axes}D") is cls
    last = cls(keepdims=keepdims)(x)
    expected = numpy(x, axis=tuple(range(1, axes + 1)), keepdims=keepdims)
    np.testing.assert_allclose(last, expected, rtol=1e-5, atol=1e-6)
    first = cls(data_format="channels_first", keepdims=keepdims)(x)
    expected = numpy(x, axis=tuple(range(2, axes + 2)), keepdims=keepdims)
    np.testing.assert_allclose(first, expected, rtol=1e-5, atol=1e-6)


def test_what_a_mask_leaves_out_does_not_count():
    x = np.float32([[[1, 10], [3, 30], [99, 99]]])
    mask = np.array([[True, True, False]])
    np.testing.assert_array_equal(layers.GlobalAveragePooling1D()(x, mask=mask), [[2, 20]])
    kept = layers.GlobalAveragePooling1D(keepdims=True)(x, mask=mask)
    np.testing.assert_array_equal(kept, [[[2, 20]]])
    turned = layers.GlobalAveragePooling1D(data_format="channels_first")
    np.testing.assert_array_equal(turned(x.transpose(0, 2, 1), mask=mask), [[2, 20]])


def test_a_mask_comes_from_the_layers_before():
    inputs = layers.Input((4,), dtype="int32")
    table = layers.Embedding(9, 1, mask_zero=True, weights=np.arange(9.0)[:, None])
    model = keras.Model(inputs, layers.GlobalAveragePooling1D()(table(inputs)))
    np.testing.assert_array_equal(model(np.int32([[2, 4, 0, 0], [8, 0, 0, 0]])), [[3], [8]])


def test_errors():
    with pytest.raises(ValueError, match=r"GlobalMaxPooling2D.*expected input of rank 4"):
        layers.GlobalMaxPooling2D()(X)
    with pytest.raises(ValueError, match=r"data_format as one of.*'last'"):
        layers.GlobalAveragePooling1D(data_format="last")
