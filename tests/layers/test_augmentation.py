"""Augmentation: the arithmetic against Keras, and what is drawn against what is promised."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Sequential, layers
from geartrain.ops.image.places import transformed
from tests.recorded import load

FACTS, ARRAYS = load("augmentation")
IMAGES = np.random.default_rng(1).uniform(0, 255, (64, 9, 9, 2)).astype("float32")
ALL = [
    lambda **k: layers.RandomFlip(**k),
    lambda **k: layers.RandomRotation(0.2, **k),
    lambda **k: layers.RandomZoom(0.3, **k),
    lambda **k: layers.RandomZoom(0.3, (-0.5, 0.1), **k),
    lambda **k: layers.RandomTranslation(0.2, 0.3, **k),
    lambda **k: layers.RandomContrast(0.5, **k),
    lambda **k: layers.RandomCrop(5, 6, **k),
]


@pytest.mark.parametrize("case", FACTS["cases"], ids=lambda case: case["name"])
def test_pixels_are_those_of_keras(case):
    images, matrix = (ARRAYS[key] for key in case["inputs"])
    numbers = [column.reshape(-1, 1, 1, 1) for column in matrix.T]
    found = transformed(images, tuple(numbers[:3]), tuple(numbers[3:6]), **case["options"])
    np.testing.assert_allclose(found, ARRAYS[case["output"]], atol=1e-5)


@pytest.mark.parametrize("make", ALL)
def test_images_change_in_training_alone(make):
    layer = make(seed=1)
    np.testing.assert_array_equal(layer(IMAGES), IMAGES)
    first, second = layer(IMAGES, training=True), layer(IMAGES, training=True)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(make(seed=1)(IMAGES, training=True), first)


@pytest.mark.parametrize("make", ALL)
def test_one_image_and_channels_first(make):
    layer, single = make(seed=1), make(seed=1)
    one = layer(IMAGES[:1], training=True)[0]
    np.testing.assert_allclose(single(IMAGES[0], training=True), one, atol=1e-4)
    turned = make(seed=1, data_format="channels_first")(
        IMAGES[:1].transpose(0, 3, 1, 2), training=True
    )
    np.testing.assert_allclose(turned[0].transpose(1, 2, 0), one, atol=1e-4)


@pytest.mark.parametrize("make", ALL)
def test_models_train_through_it(make):
    model = Sequential([layers.Input((9, 9, 2)), make(seed=1), layers.GlobalAveragePooling2D(),
                        layers.Dense(1)])  # fmt: skip
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(IMAGES / 255, np.ones(64), batch_size=24, epochs=1, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_flips_are_of_half_of_the_images():
    flipped = layers.RandomFlip("horizontal", seed=1)(np.repeat(IMAGES, 8, 0), training=True)
    same = (flipped == np.repeat(IMAGES, 8, 0)).all((1, 2, 3))
    assert 200 < same.sum() < 312
    np.testing.assert_array_equal(flipped[~same], np.repeat(IMAGES, 8, 0)[~same][:, :, ::-1])


def test_quarter_turns_are_exact():
    turned = layers.RandomRotation((0.25, 0.25))(IMAGES, training=True)
    np.testing.assert_allclose(turned, np.rot90(IMAGES, 1, (1, 2)), atol=1e-2)


def test_contrast_is_within_its_bounds():
    """Around the mean of each channel; the range of values is wide enough not to matter."""
    layer = layers.RandomContrast((0.5, 0.25), value_range=(-1e4, 1e4), seed=1)
    mean = IMAGES.mean((1, 2), keepdims=True)
    factors = ((layer(IMAGES, training=True) - mean) / (IMAGES - mean)).reshape(64, -1)
    np.testing.assert_allclose(
        factors, np.median(factors, 1, keepdims=True) + 0 * factors, rtol=0.1
    )
    middle = np.median(factors, 1)
    assert 0.75 <= middle.min() < 0.8 and 1.4 < middle.max() <= 1.5


def test_crops_are_windows_at_one_place_for_the_batch():
    layer = layers.RandomCrop(5, 6, seed=2)
    places = set()
    for _ in range(60):
        found = layer(IMAGES, training=True)
        (place,) = [
            (top, left)
            for top in range(5)
            for left in range(4)
            if np.array_equal(found, IMAGES[:, top : top + 5, left : left + 6])
        ]
        places.add(place)
    assert len(places) > 12 and {top for top, _ in places} == set(range(5))


def test_small_images_are_resized():
    layer = layers.RandomCrop(18, 18)
    assert layer(IMAGES, training=True).shape == (64, 18, 18, 2)
    flat = np.full((1, 4, 9, 1), 3.0, "float32")
    np.testing.assert_allclose(layers.RandomCrop(8, 6)(flat, training=True), 3.0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.RandomFlip("up"), "mode as one of 'horizontal', 'vertical'"),
        (lambda: layers.RandomRotation(2), "factor as a number from -1 to 1.*Received: 2"),
        (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), "fill_mode as one of"),
        (lambda: layers.RandomRotation(0.1, interpolation="cubic"), "interpolation as one of"),
        (lambda: layers.RandomZoom((-1, 0)), "height_factor above -1"),
        (lambda: layers.RandomZoom("much"), "height_factor as a number"),
        (lambda: layers.RandomTranslation(0.1, (0.1, 0.2, 0.3)), "width_factor as a number"),
        (lambda: layers.RandomContrast(-0.1), "factor as a number from 0 to 1"),
        (lambda: layers.RandomCrop(0, 3), "height as a whole number"),
        (lambda: layers.RandomFlip()(IMAGES[0, 0], training=True), "an image or a batch of ima"),
    ],
)
def test_mistakes_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
