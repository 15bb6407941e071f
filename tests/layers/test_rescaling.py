"""Rescaling and Normalization: values, adapting, errors."""

import numpy as np
import pytest

from geartrain import config, layers

X = np.random.default_rng(0).normal([1, -2, 30], [1, 2, 5], size=(50, 3)).astype("float32")


def test_rescaling():
    pixels = np.uint8([[0, 51, 255]])
    np.testing.assert_allclose(layers.Rescaling(1 / 255)(pixels), [[0, 0.2, 1]], rtol=1e-6)
    np.testing.assert_allclose(
        layers.Rescaling(1 / 127.5, offset=-1)(pixels), [[-1, -0.6, 1]], rtol=1e-6
    )
    each = layers.Rescaling(scale=[1, 2, 3], offset=np.float32([0, 0, 1]))
    np.testing.assert_allclose(each(pixels), [[0, 102, 766]])
    assert layers.Rescaling(1.0, dtype="float64")(pixels).dtype == "float64"


def test_given_statistics_have_the_sizes_of_the_axes_that_are_kept():
    layer = layers.Normalization(mean=0.5, variance=4.0)
    layer.build((None, 7))
    assert layer.mean.shape == layer.variance.shape == (1, 7)
    layer = layers.Normalization(axis=(1, 2), mean=[1.0] * 5, variance=[1.0] * 5)
    layer.build((None, 7, 5, 3))
    assert layer.mean.shape == (1, 7, 5, 1)


def test_one_scale_a_channel_in_either_format():
    config.set_image_data_format("channels_first")
    image = np.ones((1, 2, 3, 3))
    scaled = layers.Rescaling(scale=[1.0, 2.0])(image)
    np.testing.assert_array_equal(scaled[0, :, 0, 0], [1, 2])


def test_adapting_to_an_array():
    layer = layers.Normalization()
    layer.adapt(X)
    output = layer(X)
    np.testing.assert_allclose(output.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(output.std(0), 1, rtol=1e-5)
    inverse = layers.Normalization(mean=X.mean(0), variance=X.var(0), invert=True)
    np.testing.assert_allclose(inverse(output), X, rtol=1e-4, atol=1e-4)
    assert [w.name for w in layer.non_trainable_weights] == ["mean", "variance", "count"]
    assert layer.trainable_weights == []


@pytest.mark.parametrize(
    "batches",
    [
        lambda: [X[:7], X[7:30], X[30:]],
        lambda: ((x, "label") for x in (X[:20], X[20:])),
        lambda: iter([X, X[:0]]),
    ],
)
def test_adapting_to_batches_is_adapting_to_all(batches):
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(X)
    parts.adapt(batches())
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_adapting_again_forgets():
    layer = layers.Normalization()
    layer.adapt(100 * X)
    layer.adapt(X)
    np.testing.assert_allclose(layer.adapt_mean.numpy(), X.mean(0), rtol=1e-5)


@pytest.mark.parametrize(
    ("axis", "folded"),
    [(None, (0, 1, 2)), (-1, (0, 1)), (1, (0, 2)), ((1, 2), (0,)), ((), (0, 1, 2))],
)
def test_axes(axis, folded):
    x = np.random.default_rng(1).normal(3, 2, size=(6, 4, 5)).astype("float32")
    layer = layers.Normalization(axis=axis)
    layer.adapt(x)
    mean, deviation = x.mean(folded, keepdims=True), x.std(folded, keepdims=True)
    np.testing.assert_allclose(layer(x), (x - mean) / deviation, rtol=1e-4, atol=1e-5)


def test_given_statistics():
    x = np.float32([[1, 2], [3, 4]])
    np.testing.assert_allclose(layers.Normalization(mean=1.0, variance=4.0)(x), (x - 1) / 2)
    each = layers.Normalization(mean=[1, 2], variance=[1, 4])
    np.testing.assert_allclose(each(x), (x - [1, 2]) / [1, 2])
    assert each.weights == []
    one_for_all = layers.Normalization(axis=None, mean=1.0, variance=4.0)
    np.testing.assert_allclose(one_for_all(x), (x - 1) / 2)
    cube = np.ones((2, 3, 4), "float32")
    last = layers.Normalization(axis=(1, 2), mean=np.arange(4.0), variance=np.ones(4))
    np.testing.assert_allclose(last(cube), cube - np.arange(4.0))


def test_a_variance_of_zero_divides_by_epsilon():
    layer = layers.Normalization()
    layer.adapt(np.ones((4, 2)))
    assert layer(np.ones((1, 2))).tolist() == [[0, 0]]
    assert np.isfinite(layer(np.zeros((1, 2)))).all()


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (ValueError, lambda: layers.Normalization(mean=1.0), "mean and variance of one shape, or"),
        (
            ValueError,
            lambda: layers.Normalization(mean=[1.0], variance=[1.0, 2.0]),
            "mean and variance of one shape.*mean=.1.0.*variance=",
        ),
        (
            ValueError,
            lambda: layers.Normalization(mean=[[1.0]], variance=[[1.0]]),
            r"for the axes \(-1,\). Received: mean of shape \(1, 1\)",
        ),
        (ValueError, lambda: layers.Normalization(axis=2)(X), r"axes in \[-2, 1\].*axis=\(2,\)"),
        (
            ValueError,
            lambda: layers.Normalization().adapt([]),
            "adapt expected data. Received none",
        ),
        (ValueError, lambda: layers.Normalization().adapt(X[:0]), "adapt expected data"),
        (
            ValueError,
            lambda: layers.Normalization().adapt([X, X[:, :2]]),
            r"adapt expected sizes \(3,\) along the axes \(1,\). Received: shape \(50, 2\)",
        ),
        (
            ValueError,
            lambda: layers.Normalization(mean=0.0, variance=1.0).adapt(X),
            "mean and variance are given, so adapt has no use",
        ),
        (TypeError, lambda: layers.Normalization().adapt(3), "an array or an iterable.*int"),
        (TypeError, lambda: layers.Normalization().adapt([[1, 2]]), "an iterable of list. Use np"),
        (
            TypeError,
            lambda: layers.Normalization().adapt(layers.Input((3,))),
            "an array or an iterable of arrays. Received: KerasTensor",
        ),
    ],
)
def test_errors(error, call, message):
    with pytest.raises(error, match=message):
        call()
