"""Layers that rearrange, crop, pad and enlarge: values, None in shapes, errors."""

import numpy as np
import pytest

from geartrain import config, layers


def counted(*shape):
    return np.arange(np.prod(shape), dtype="float32").reshape(shape)


def test_flatten():
    x = counted(2, 3, 4)
    np.testing.assert_array_equal(layers.Flatten()(x), x.reshape(2, 12))
    first = layers.Flatten(data_format="channels_first")(x)
    np.testing.assert_array_equal(first, x.transpose(0, 2, 1).reshape(2, 12))
    assert layers.Flatten()(counted(5)).shape == (5, 1)
    assert layers.Flatten()(layers.Input((None, 4))).shape == (None, None)


def test_reshape():
    x = counted(2, 3, 4)
    np.testing.assert_array_equal(layers.Reshape((2, -1))(x), x.reshape(2, 2, 6))
    np.testing.assert_array_equal(layers.Reshape((None, 2))(x), x.reshape(2, 6, 2))
    np.testing.assert_array_equal(layers.Reshape((-1, 1))(counted(3)), counted(3).reshape(3, 1, 1))
    assert layers.Reshape((-1, 2))(layers.Input((3, 4))).shape == (None, 6, 2)


def test_permute_and_repeat():
    x = counted(2, 3, 4)
    np.testing.assert_array_equal(layers.Permute((2, 1))(x), x.transpose(0, 2, 1))
    repeated = layers.RepeatVector(3)(counted(2, 4))
    np.testing.assert_array_equal(repeated, np.repeat(counted(2, 1, 4), 3, axis=1))


@pytest.mark.parametrize(
    ("layer", "shape", "cut"),
    [
        (layers.Cropping1D((1, 0)), (2, 5, 3), np.s_[:, 1:]),
        (layers.Cropping1D(2), (2, 5, 3), np.s_[:, 2:-2]),
        (layers.Cropping2D(((1, 2), (0, 1))), (2, 5, 4, 3), np.s_[:, 1:-2, :-1]),
        (layers.Cropping2D((1, 2), "channels_first"), (2, 3, 5, 6), np.s_[:, :, 1:-1, 2:-2]),
        (layers.Cropping2D(), (2, 5, 4, 3), np.s_[:]),
        (layers.Cropping3D(), (2, 3, 4, 5, 2), np.s_[:, 1:-1, 1:-1, 1:-1]),
        (layers.Cropping3D((1, 0, 2)), (2, 3, 4, 5, 2), np.s_[:, 1:-1, :, 2:-2]),
    ],
    ids=str,
)  # fmt: skip
def test_cropping(layer, shape, cut):
    x = counted(*shape)
    np.testing.assert_array_equal(layer(x), x[cut])


@pytest.mark.parametrize(
    ("layer", "shape", "widths"),
    [
        (layers.ZeroPadding1D(), (2, 5, 3), [(1, 1)]),
        (layers.ZeroPadding1D((0, 2), data_format="channels_first"), (2, 3, 5), [(0, 0), (0, 2)]),
        (layers.ZeroPadding2D(2), (2, 5, 4, 3), [(2, 2), (2, 2)]),
        (layers.ZeroPadding2D((1, 2)), (2, 5, 4, 3), [(1, 1), (2, 2)]),
        (layers.ZeroPadding2D(((1, 0), (2, 3))), (2, 5, 4, 3), [(1, 0), (2, 3)]),
        (layers.ZeroPadding3D(), (2, 3, 4, 5, 2), [(1, 1), (1, 1), (1, 1)]),
    ],
    ids=str,
)
def test_padding(layer, shape, widths):
    x = counted(*shape)
    full = [(0, 0), *widths] + [(0, 0)] * (len(shape) - len(widths) - 1)
    np.testing.assert_array_equal(layer(x), np.pad(x, full))


@pytest.mark.parametrize(
    ("layer", "shape", "factors"),
    [
        (layers.UpSampling1D(), (2, 5, 3), {1: 2}),
        (layers.UpSampling2D((2, 3)), (2, 5, 4, 3), {1: 2, 2: 3}),
        (layers.UpSampling2D(2, data_format="channels_first"), (2, 3, 5, 4), {2: 2, 3: 2}),
        (layers.UpSampling3D((1, 2, 3)), (2, 3, 4, 5, 2), {2: 2, 3: 3}),
    ],
    ids=str,
)
def test_enlarging(layer, shape, factors):
    x = expected = counted(*shape)
    for axis, factor in factors.items():
        expected = np.repeat(expected, factor, axis)
    np.testing.assert_array_equal(layer(x), expected)


def test_sizes_may_be_unknown():
    image = layers.Input((None, None, 3))
    assert layers.Cropping2D(1)(image).shape == (None, None, None, 3)
    assert layers.ZeroPadding2D(1)(image).shape == (None, None, None, 3)
    assert layers.UpSampling2D(2)(image).shape == (None, None, None, 3)
    assert layers.Reshape((-1, 3))(image).shape == (None, None, 3)
    with pytest.raises(ValueError, match="reshape"):
        layers.Reshape((5, 3))(image)


def test_the_format_of_all_images_can_be_set():
    config.set_image_data_format("channels_first")
    assert layers.UpSampling2D(2)(counted(1, 3, 2, 2)).shape == (1, 3, 4, 4)
    assert layers.Flatten().data_format == "channels_first"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.Flatten("first"),
            "data_format as one of 'channels_last', 'channels_first'",
        ),
        (lambda: layers.Reshape((-1, -1)), r"with at most one -1. Received: \(-1, -1\)"),
        (lambda: layers.Reshape((2.5,)), r"target_shape as sizes.*\(2.5,\)"),
        (
            lambda: layers.Reshape((5,))(counted(2, 4)),
            r"fill the shape \(5,\).*: 4 values a sample",
        ),
        (lambda: layers.Reshape((3, -1))(counted(2, 4)), r"fill the shape \(3, -1\)"),
        (lambda: layers.Permute((0, 1)), r"dims as an order of 1 to 2. Received: \(0, 1\)"),
        (lambda: layers.Permute((2, 1))(counted(2, 3)), "expected input of rank 3"),
        (lambda: layers.RepeatVector(0), "expected n as a whole number of at least 1.*0"),
        (
            lambda: layers.Cropping1D(2)(counted(1, 4, 1)),
            r"smaller than.* 4 along axis 1.*\(2, 2\)",
        ),
        (lambda: layers.Cropping1D(-1), "expected cropping as a whole number of at least 0"),
        (lambda: layers.Cropping2D((1, 2, 3)), r"cropping as .*2 pairs.*\(1, 2, 3\)"),
        (lambda: layers.ZeroPadding2D(((1, 2, 3), 1)), r"padding as .*\(\(1, 2, 3\), 1\)"),
        (lambda: layers.ZeroPadding3D("1"), "padding as a whole number.*'1'"),
        (lambda: layers.UpSampling2D((1, 2, 3)), r"size as a whole number or 2.*\(1, 2, 3\)"),
        (lambda: layers.UpSampling1D(0), "size as a whole number, at least 1. Received: 0"),
        (
            lambda: layers.UpSampling2D(interpolation="cubic"),
            "one of 'bilinear'.*Received: 'cubic'",
        ),
        (lambda: layers.UpSampling2D()(counted(2, 3, 4)), "expected input of rank 4"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
