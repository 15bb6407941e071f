"""Activation layers beyond the contract: bends, slopes, masks, errors."""

import numpy as np
import pytest

from geartrain import layers, ops

X = np.float32([[-3, -1, 0, 1, 3]])


def test_relu():
    np.testing.assert_array_equal(layers.ReLU()(X), [[0, 0, 0, 1, 3]])
    np.testing.assert_array_equal(layers.ReLU(2.0)(X), [[0, 0, 0, 1, 2]])
    np.testing.assert_array_equal(layers.ReLU(negative_slope=0.5)(X), [[-1.5, -0.5, 0, 1, 3]])
    bent = layers.ReLU(max_value=2.0, negative_slope=0.5, threshold=1.5)
    np.testing.assert_array_equal(bent(X), [[-2.25, -1.25, -0.75, -0.25, 2]])


def test_prelu_shares_slopes():
    layer = layers.PReLU(shared_axes=[1, 3])
    layer(np.zeros((2, 4, 5, 6)))
    assert layer.alpha.shape == (1, 5, 1)
    assert layer.get_config()["shared_axes"] == [1, 3]
    assert layers.PReLU(shared_axes=1).shared_axes == [1]
    with pytest.raises(ValueError, match="expected axis 2 5"):
        layer(np.zeros((2, 4, 7, 6)))


def test_softmax_leaves_out_what_is_masked():
    layer = layers.Softmax()
    mask = np.array([[True, True, False, True, True]])
    expected = np.exp(X) * mask / (np.exp(X) * mask).sum()
    np.testing.assert_allclose(layer(X, mask=mask), expected, rtol=1e-6)
    np.testing.assert_allclose(layer(X, mask=mask.astype("float32")), expected, rtol=1e-6)
    np.testing.assert_array_equal(layer(X, mask=np.zeros((1, 5), bool)), np.zeros((1, 5)))
    half = layers.Softmax(dtype="float16")(X, mask=mask)
    np.testing.assert_allclose(half, expected, atol=2e-3)


def test_an_activation_may_be_any_function():
    np.testing.assert_array_equal(layers.Activation(lambda x: x + 1)(X), X + 1)
    np.testing.assert_array_equal(layers.Activation(ops.tanh)(X), np.tanh(X))
    assert layers.Activation("relu").get_config()["activation"] == "relu"
    assert layers.Activation(None)(X).tolist() == X.tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.ReLU(max_value=-1.0), "expected max_value as a number of at least 0.*-1"),
        (lambda: layers.ReLU(negative_slope=None), "expected negative_slope as.*None"),
        (lambda: layers.ReLU(threshold="a"), "expected threshold as.*'a'"),
        (lambda: layers.LeakyReLU(-0.1), "expected negative_slope as.*-0.1"),
        (
            lambda: layers.PReLU(shared_axes=3)(X),
            r"expected shared_axes from 1 to 1 for inputs of shape \(1, 5\). Received: \[3\]",
        ),
        (
            lambda: layers.Softmax()(X, mask=np.ones((2, 5), bool)),
            r"expected a mask that stretches to the inputs of shape \(1, 5\).*shape \(2, 5\)",
        ),
        (
            lambda: layers.Softmax()(X, mask=np.ones((1, 4), bool)),
            r"expected a mask that stretches.*shape \(1, 4\)",
        ),
        (
            lambda: layers.Softmax()(X, mask=np.ones((1, 1, 5), bool)),
            r"expected a mask that stretches.*shape \(1, 1, 5\)",
        ),
        (lambda: layers.Activation("reluu"), "Unknown activation: 'reluu'. Did you mean 'relu'"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
