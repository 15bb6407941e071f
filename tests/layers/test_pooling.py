"""Pooling: what the layers refuse, and masks of what they choose."""

import numpy as np
import pytest

from geartrain import layers

IMAGES = np.zeros((2, 6, 5, 4), "float32")

ERRORS = [
    (lambda: layers.MaxPooling2D(0), 'MaxPooling2D "{}": expected pool_size as .* Received: 0'),
    (lambda: layers.MaxPooling2D((2, 2, 2)), r"pool_size as .* or 2 of them.*\(2, 2, 2\)"),
    (lambda: layers.AveragePooling1D(2, strides=0), 'AveragePooling1D "{}": expected strides'),
    (lambda: layers.MaxPooling1D(padding="causal"), "padding as one of .*: 'causal'"),
    (lambda: layers.MaxPooling1D(padding=3), "padding as one of 'valid', 'same'. Received: 3"),
    (lambda: layers.MaxPooling1D(data_format="last"), "data_format as one of .*'last'"),
    (lambda: layers.MaxPooling2D(6)(IMAGES),
     r'MaxPooling2D "{}": expected a size of at least 6 along axis 2, for a window of 6'),
    (lambda: layers.AveragePooling2D(6)(IMAGES), 'AveragePooling2D "{}": .*Received shape'),
    (lambda: layers.AdaptiveMaxPooling2D(0), "output_size as .* Received: 0"),
    (lambda: layers.MaxPooling1D()(IMAGES), 'MaxPooling1D "{}": expected input of rank 3'),
]  # fmt: skip


@pytest.mark.parametrize(("call", "pattern"), ERRORS)
def test_errors_name_the_layer(call, pattern):
    with pytest.raises(ValueError, match=pattern.replace("{}", r"\w+")):
        call()


def test_windows_are_side_by_side_by_default():
    layer = layers.MaxPooling2D((2, 3))
    assert layer.strides == (2, 3)
    x = np.arange(30, dtype="float32").reshape(1, 6, 5, 1)
    np.testing.assert_array_equal(layer(x)[0, :, :, 0], [[7], [17], [27]])


def test_means_over_the_edge_are_of_what_exists():
    x = np.ones((1, 5, 5, 1), "float32")
    np.testing.assert_array_equal(
        layers.AveragePooling2D(3, strides=2, padding="same")(x), np.ones((1, 3, 3, 1))
    )


def test_a_maximum_of_negative_numbers_is_not_that_of_the_padding():
    x = np.full((1, 3, 1), -2.0, "float32")
    found = layers.MaxPooling1D(2, padding="same")(x)
    np.testing.assert_array_equal(found, np.full((1, 2, 1), -2.0))


def test_sizes_that_are_not_known_are_adapted():
    x = layers.Input((None, 5, 4))
    assert layers.AdaptiveAveragePooling2D(2)(x).shape == (None, 2, 2, 4)
