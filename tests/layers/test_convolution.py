"""Convolutions: what they refuse, and what Keras's recordings do not show."""

import re

import numpy as np
import pytest

from geartrain import config, layers, models
from geartrain.initializers import Constant

IMAGES = np.zeros((2, 6, 5, 4), "float32")

ERRORS = [
    (lambda: layers.Conv2D(0, 3), 'Conv2D "{}": expected filters as a whole number of at least 1'),
    (lambda: layers.Conv2D(4, 0), 'Conv2D "{}": expected kernel_size as .* Received: 0'),
    (lambda: layers.Conv2D(4, (3, 3, 3)), r"kernel_size as .* or 2 of them.*\(3, 3, 3\)"),
    (lambda: layers.Conv2D(4, 3, strides=-1), "strides as .* Received: -1"),
    (lambda: layers.Conv2D(4, 3, dilation_rate=0), "dilation_rate as .* Received: 0"),
    (lambda: layers.Conv2D(4, 3, padding="causal"), "padding as one of .*: 'causal'"),
    (lambda: layers.Conv2D(4, 3, padding=None), "padding as one of .* Received: None"),
    (lambda: layers.Conv2D(4, 3, data_format="NCHW"), "data_format as one of .* 'NCHW'"),
    (lambda: layers.Conv2D(4, 3, groups=3), "filters as a multiple of groups. .*4, groups=3"),
    (lambda: layers.Conv2D(4, 3, strides=2, dilation_rate=2), r"to be 1. .*strides=\(2, 2\), dila"),
    (lambda: layers.Conv2D(6, 3, groups=3)(IMAGES), r"multiple of groups=3. .*\(2, 6, 5, 4\)"),
    (lambda: layers.Conv2D(4, 6)(IMAGES),
     r'Conv2D "{}": expected a size of at least 6 along axis 2, for a window of 6. Received shape '
     r"\(2, 6, 5, 4\). Use padding='same', a smaller window, or fewer strides and pooling layers"),
    (lambda: layers.Conv2D(4, 4, dilation_rate=2)(IMAGES), "at least 7 .*of 4, dilated to 7"),
    (lambda: layers.Conv2D(4, 3)(IMAGES[..., 0]),
     r'Conv2D "{}": expected input of rank 4. Received shape \(2, 6, 5\). Is the last axis'),
    (lambda: layers.Conv1DTranspose(2, 3, strides=2, output_padding=2),
     r"output_padding below strides=\(2,\). Received: 2"),
    (lambda: layers.Conv1DTranspose(2, 3, output_padding=(0, 0)), r"output_padding .*\(0, 0\)"),
    (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier as .* Received: 0"),
    (lambda: layers.DepthwiseConv2D(7)(IMAGES), 'DepthwiseConv2D "{}": .*at least 7 along axis 1'),
    (lambda: layers.SeparableConv2D(3, 7)(IMAGES), 'SeparableConv2D "{}": .*at least 7'),
    (lambda: layers.Conv2D(4, 3)(layers.Input((6, 5, None))), "known size of the last axis"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "pattern"), ERRORS)
def test_errors_name_the_layer(call, pattern):
    with pytest.raises(ValueError, match=pattern.replace("{}", r"\w+")):
        call()


def test_later_inputs_have_the_channels_of_the_first():
    layer = layers.Conv2D(2, 3, name="eye")
    layer(IMAGES)
    with pytest.raises(ValueError, match=re.escape('Conv2D "eye": expected last axis 4')):
        layer(IMAGES[..., :3])
    layer = layers.Conv2D(2, 3, data_format="channels_first", name="eye")
    layer(IMAGES)
    with pytest.raises(ValueError, match=re.escape('Conv2D "eye": expected axis 1 6')):
        layer(IMAGES[:, :5])


def test_a_model_that_makes_images_too_small_names_the_layer_that_refuses():
    small = layers.MaxPooling2D(4)(layers.Input((8, 8, 1)))
    with pytest.raises(ValueError, match=r'Conv2D "last": .* Received shape \(None, 2, 2, 1\)'):
        layers.Conv2D(2, 3, name="last")(small)


def test_causal_outputs_depend_on_no_later_input():
    layer = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = np.random.default_rng(0).normal(size=(1, 8, 3)).astype("float32")
    whole = layer(x)
    for end in range(1, 8):
        np.testing.assert_allclose(layer(x[:, :end]), whole[:, :end], rtol=1e-5, atol=1e-6)


def test_the_data_format_of_the_configuration_is_the_default():
    before = config.image_data_format()
    config.set_image_data_format("channels_first")
    try:
        layer = layers.Conv2D(3, 2)
        assert layer(IMAGES).shape == (2, 3, 4, 3)
        assert layers.MaxPooling2D()(IMAGES).shape == (2, 6, 2, 2)
    finally:
        config.set_image_data_format(before)
    assert layer.get_config()["data_format"] == "channels_first"


def test_defaults_are_one_number_an_axis_and_so_is_the_config():
    assert layers.Conv3D(1, 2).get_config()["strides"] == (1, 1, 1)
    assert layers.Conv2D(1, 2).get_config()["kernel_size"] == (2, 2)
    assert layers.MaxPooling3D().get_config()["strides"] == (2, 2, 2)
    assert layers.Conv1D(1, 2).get_config()["dilation_rate"] == (1,)


def test_a_subclass_with_its_own_arguments_keeps_them():
    class Edges(layers.Conv2D):
        def __init__(self, size=3, **kwargs):
            super().__init__(1, size, kernel_initializer=Constant(1.0), use_bias=False, **kwargs)

    class Doubled(layers.Conv2D):
        pass

    assert Edges()(np.ones((1, 3, 3, 1), "float32")).item() == 9
    assert Doubled(2, 3).strides == (1, 1)


def test_aliases_are_the_same_classes():
    for rank in "123":
        assert getattr(layers, f"Convolution{rank}D") is getattr(layers, f"Conv{rank}D")
        assert getattr(layers, f"MaxPool{rank}D") is getattr(layers, f"MaxPooling{rank}D")
        assert getattr(layers, f"AvgPool{rank}D") is getattr(layers, f"AveragePooling{rank}D")
        transposed = getattr(layers, f"Conv{rank}DTranspose")
        assert getattr(layers, f"Convolution{rank}DTranspose") is transposed
    assert layers.SeparableConvolution1D is layers.SeparableConv1D
    assert layers.SeparableConvolution2D is layers.SeparableConv2D


def test_a_network_learns_which_side_is_bright():
    random = np.random.default_rng(0)
    x = random.uniform(size=(64, 8, 8, 1)).astype("float32")
    y = random.integers(0, 2, 64)
    x[y == 0, :, :4] += 1
    x[y == 1, :, 4:] += 1
    model = models.Sequential([
        layers.Conv2D(4, 3, activation="relu", kernel_initializer=Constant(0.1)),
        layers.MaxPooling2D(),
        layers.Conv2D(2, 2, padding="same"),
        layers.AveragePooling2D(3),
        layers.Flatten(),
        layers.Dense(2),
    ])  # fmt: skip
    model.compile("adam", "mean_squared_error")
    history = model.fit(x, np.eye(2, dtype="float32")[y], epochs=3, batch_size=24, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model.predict(x[:5], verbose=0).shape == (5, 2)
