"""Operations on images: against Keras's numbers, in models, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import geartrain as keras
from geartrain import grad, jit, ops
from geartrain.ops import image
from tests.recorded import load

FACTS, ARRAYS = load("images")
CASES = [pytest.param(case, id=case["name"]) for case in FACTS["cases"]]
FLOATS = [param for param in CASES if "gradient" in param.values[0]]
ONE = np.zeros((4, 6, 3), "float32")


def called(case, images):
    others = [np.float32(other) for other in case["others"]]
    config = {k: tuple(v) if isinstance(v, list) else v for k, v in case["config"].items()}
    return getattr(image, case["target"])(images, *others, **config)


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_keras(case):
    images, expected = ARRAYS[case["images"]], ARRAYS[case["value"]]
    for run in (lambda f: f, jit):
        found = run(lambda x: called(case, x))(images)
        assert found.dtype == expected.dtype
        if found.dtype == "uint8":  # halves are rounded after sums in another order
            np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1)
            assert np.mean(found != expected) < 0.05
        else:
            np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("case", FLOATS)
def test_gradients_are_those_of_keras(case):
    def loss(x):
        return ops.sum(called(case, x) * ARRAYS[case["cotangent"]])

    found = jit(grad(loss))(ARRAYS[case["images"]])
    np.testing.assert_allclose(found, ARRAYS[case["gradient"]], atol=5e-5)


def test_every_function_is_recorded():
    drawn = {"elastic_transform"}
    assert {case["target"] for case in FACTS["cases"]} == set(image.__all__) - drawn


@pytest.mark.parametrize("case", [p for p in FLOATS if p.values[0]["images"] == "data/batch"])
def test_models_of_images_are_described_and_made_again(case):
    images = ARRAYS[case["images"]]
    x = keras.Input(batch_shape=images.shape)
    model = keras.Model(x, called(case, x))
    again = keras.Model.from_config(model.get_config())
    for one in (model, again):
        np.testing.assert_allclose(one(images), ARRAYS[case["value"]], atol=2e-5)


def test_batches_of_any_size():
    x = keras.Input((5, 6, 3))
    model = keras.Model(x, [image.resize(x, (7, 4)), image.extract_patches(x, 2)])
    images = ARRAYS["data/batch"]
    for found, wanted in zip(
        model.predict(images, verbose=0),
        (image.resize(images, (7, 4)), image.extract_patches(images, 2)),
        strict=True,
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_models_of_images_of_any_height_and_width():
    x = keras.Input((None, None, 3))
    model = keras.Model(x, [image.resize(x, (7, 4)), image.gaussian_blur(x)])
    assert model.output_shape == [(None, 7, 4, 3), (None, None, None, 3)]
    for size in ((5, 6), (3, 9)):
        images = np.random.default_rng(1).normal(size=(2, *size, 3)).astype("float32")
        small, blurred = model.predict(images, verbose=0)
        np.testing.assert_allclose(small, image.resize(images, (7, 4)), atol=1e-5)
        np.testing.assert_allclose(blurred, image.gaussian_blur(images), atol=1e-5)


def test_elastic_fields_are_smooth_and_as_wide_as_they_are_said_to_be():
    """Coordinates as images, so that values tell where pixels came from."""
    rows, columns = np.meshgrid(np.arange(60.0), np.arange(50.0), indexing="ij")
    places = np.repeat(np.stack([rows, columns], -1)[None].astype("float32"), 4, 0)
    moved = image.elastic_transform(places, alpha=8.0, sigma=2.0, seed=1) - places
    inner = moved[:, 12:-12, 12:-12]
    # Noise of deviation 2, blurred by a bell curve of 2 pixels: 2 / (2 sqrt(pi) 2) remains.
    assert 0.85 < inner.std() / (8 * 2 / (4 * np.sqrt(np.pi))) < 1.15
    assert np.abs(np.diff(inner, axis=1)).mean() < 0.4 * np.abs(inner).mean() * 1.5
    assert abs(np.corrcoef(inner[..., 0].ravel(), inner[..., 1].ravel())[0, 1]) < 0.2
    np.testing.assert_array_equal(
        moved, image.elastic_transform(places, alpha=8.0, sigma=2.0, seed=1) - places
    )


REFUSED = {
    "resize: expected interpolation as one of .*'cubic'": (
        lambda: image.resize(ONE, (2, 2), "cubic")),
    "resize: expected fill_mode as one of 'constant'": (
        lambda: image.resize(ONE, (2, 2), fill_mode="nearest")),
    "resize: expected at most one of crop": lambda: image.resize(
        ONE, (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
    r"resize: expected size as \(height, width\).*5": lambda: image.resize(ONE, 5),
    r"resize: expected an image of rank 3.*\(6, 3\)": lambda: image.resize(ONE[0], (2, 2)),
    "resize: expected data_format.*'last'": (
        lambda: image.resize(ONE, (2, 2), data_format="last")),
    "gaussian_blur: expected sigma as two numbers": lambda: image.gaussian_blur(ONE, 3, 1.0),
    "elastic_transform: expected fill_mode as one of": (
        lambda: image.elastic_transform(ONE, fill_mode="none")),
    "sobel_edges: expected a batch of images": lambda: image.sobel_edges(ONE),
    "scale_and_translate: expected method as one of .*'area'": (
        lambda: image.scale_and_translate(ONE, (2, 2, 3), [1.0], [0.0], [0], "area")),
    r"scale_and_translate: expected output_shape of 3 sizes.*\(2, 2\)": (
        lambda: image.scale_and_translate(ONE, (2, 2), [1.0], [0.0], [0], "linear")),
    "scale_and_translate: expected a scale and a translation for each of 2 axes": (
        lambda: image.scale_and_translate(ONE, (2, 2, 3), [1.0], [0.0], [0, 1], "linear")),
    "pad_images: expected two of top_padding, bottom_padding, target_height.*top_padding=1": (
        lambda: image.pad_images(ONE, 1)),
    "pad_images: expected borders of at least 0.*target_height=3": (
        lambda: image.pad_images(ONE, 1, 0, target_height=3, right_padding=0)),
    "crop_images: expected borders of at least 0.*bottom_cropping=9": (
        lambda: image.crop_images(ONE, 1, 0, 9, 0)),
    r"extract_patches: expected a tensor of rank 3.*\(6, 3\)": (
        lambda: image.extract_patches(ONE[0], 2)),
    "extract_patches: expected a size of at least 9": lambda: image.extract_patches(ONE, 9),
    r"affine_transform: expected transform of shape \(8,\).*\(6,\)": (
        lambda: image.affine_transform(ONE, np.ones(6))),
    "affine_transform: expected fill_mode as one of .*'zero'": (
        lambda: image.affine_transform(ONE, np.ones(8), fill_mode="zero")),
    "perspective_transform: expected start_points": (
        lambda: image.perspective_transform(ONE, np.ones((4, 2)), np.ones((3, 2)))),
    "map_coordinates: expected order 0 or 1. Received: 3": (
        lambda: image.map_coordinates(ONE, np.ones((3, 2)), 3)),
    r"map_coordinates: expected coordinates of shape \(3, ...\)": (
        lambda: image.map_coordinates(ONE, np.ones((2, 2)), 1)),
    "rgb_to_hsv: expected floats from 0 to 1.*int32": lambda: image.rgb_to_hsv(ONE.astype("int32")),
    "hsv_to_rgb: expected 3 channels along axis -1": lambda: image.hsv_to_rgb(ONE[..., :2]),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_messages(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()


@pytest.mark.parametrize(
    ("function", "size"),
    [
        (image.extract_patches, "5"),
        (image.extract_patches, None),
        (image.extract_patches_3d, (4, 4)),
    ],
    ids=["text", "none", "two"],
)
def test_what_is_no_size_of_a_patch_is_refused(function, size):
    with pytest.raises(TypeError, match=r"extract_patches.*: expected size as a number, or a tup"):
        function(np.zeros((1, 8, 8, 8, 1)), size=size)


def test_arrays_tell_the_size_of_a_kernel():
    wide = ops.image.gaussian_blur(ONE + 1, np.array([3, 5]), np.float32([1, 2]))
    np.testing.assert_array_equal(wide, ops.image.gaussian_blur(ONE + 1, (3, 5), (1.0, 2.0)))
