"""Augmentation: the arithmetic against Keras, and what is drawn against what is promised."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Sequential, jit, layers
from geartrain.ops.image.places import transformed
from tests.recorded import load

FACTS, ARRAYS = load("augmentation")
CASES = {
    kind: [pytest.param(case, id=case["name"]) for case in FACTS["cases"] if kind in case]
    for kind in ("inputs", "layer", "boxes_of")
}
IMAGES = np.random.default_rng(1).uniform(0, 255, (64, 9, 9, 2)).astype("float32")
COLORS = IMAGES[:, :, :, [0, 1, 1]] / 2
ALL = {
    "RandomFlip": {},
    "RandomRotation": {"factor": 0.2},
    "RandomZoom": {"height_factor": 0.3},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.3},
    "RandomShear": {"x_factor": 0.2, "y_factor": 0.3},
    "RandomPerspective": {"scale": 0.3},
    "RandomElasticTransform": {},
    "RandomGaussianBlur": {},
    "RandomErasing": {"fill_value": 7.0},
    "RandomBrightness": {"factor": 0.3},
    "RandomContrast": {"factor": 0.5},
    "RandomHue": {"factor": 0.5},
    "RandomSaturation": {"factor": (0.2, 0.8)},
    "RandomGrayscale": {},
    "RandomColorDegeneration": {"factor": (0.2, 0.8)},
    "RandomSharpness": {"factor": (0.2, 0.8)},
    "RandomColorJitter": {"brightness_factor": 0.2, "hue_factor": 0.1},
    "RandomInvert": {},
    "RandomPosterization": {"factor": 4},
    "Solarization": {"addition_factor": 0.5},
    "RandomCrop": {"height": 5, "width": 6},
    "MixUp": {"alpha": 1.0},
    "CutMix": {},
    "RandAugment": {},
    "AugMix": {"num_chains": 2, "chain_depth": 1},
}
OF_BATCHES = {"MixUp", "CutMix"}  # a single image has no other to be mixed with
every = pytest.mark.parametrize("name", ALL)


def make(name, **others):
    return getattr(layers, name)(**ALL[name], **others)


def given(case, **others):
    """The layer, and what it draws at random."""
    name = case.get("layer") or case["boxes_of"]
    drawn = case["drawn"]
    if isinstance(drawn, dict):
        drawn = {key: ARRAYS[where] for key, where in drawn.items()} | others
    elif drawn is not None:
        drawn = ARRAYS[drawn]
    return getattr(layers, name)(**case["config"]), drawn


@pytest.mark.parametrize("case", CASES["layer"])
def test_changed_images_are_those_of_keras(case):
    images = ARRAYS["colors"]
    if case["config"].get("data_format") == "channels_first":
        images = images.transpose(0, 3, 1, 2)
    layer, drawn = given(case, input_shape=images.shape)
    for run in (lambda f: f, jit):
        if drawn is None:
            found = run(lambda x: layer(x, training=True))(images)
        else:
            found = run(lambda x: layer.transform_images(x, drawn))(images)
        np.testing.assert_allclose(found, ARRAYS[case["output"]], atol=2e-5)


@pytest.mark.parametrize("case", CASES["boxes_of"])
def test_boxes_around_what_moved_are_those_of_keras(case):
    images, boxes = ARRAYS["colors"], ARRAYS[case["boxes"]]
    layer, drawn = given(case, input_shape=images.shape)
    labels = np.int32([[1, 2], [1, 2]])
    data = {"images": images, "bounding_boxes": {"boxes": boxes, "labels": labels}}
    if drawn is None:
        found = layer(data, training=True)["bounding_boxes"]
    else:
        found = layer.transform_bounding_boxes(data["bounding_boxes"], drawn)
    np.testing.assert_allclose(found["boxes"], ARRAYS[case["output"]], atol=2e-5)
    np.testing.assert_array_equal(found["labels"], ARRAYS[case["labels"]])


@pytest.mark.parametrize("case", CASES["inputs"])
def test_pixels_are_those_of_keras(case):
    images, matrix = (ARRAYS[key] for key in case["inputs"])
    numbers = [column.reshape(-1, 1, 1, 1) for column in matrix.T]
    found = transformed(images, tuple(numbers[:3]), tuple(numbers[3:6]), **case["options"])
    np.testing.assert_allclose(found, ARRAYS[case["output"]], atol=1e-5)


@every
def test_images_change_in_training_alone(name):
    layer = make(name, seed=1)
    np.testing.assert_array_equal(layer(COLORS, training=False), COLORS)
    first, second = layer(COLORS, training=True), layer(COLORS)
    assert not np.array_equal(first, COLORS[:, : first.shape[1], : first.shape[2]])
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(make(name, seed=1)(COLORS, training=True), first)


@every
def test_single_images_channels_first_and_bytes(name):
    layer = make(name, seed=1)
    whole = layer(COLORS)
    turned = make(name, seed=1, data_format="channels_first")(COLORS.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(turned.transpose(0, 2, 3, 1), whole, atol=1e-3)
    one = make(name, seed=1)(COLORS[:1])[0]
    if name in OF_BATCHES:
        np.testing.assert_allclose(one, COLORS[0], atol=1e-4)
    np.testing.assert_allclose(make(name, seed=1)(COLORS[0]), one, atol=1e-4)
    bytes_ = COLORS.astype("uint8")
    found = make(name, seed=1)(bytes_)
    assert found.dtype == "float32"
    expected = make(name, seed=1)(bytes_.astype("float32"))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@every
def test_models_train_through_it(name):
    model = Sequential([layers.Input((9, 9, 3)), make(name, seed=1),
                        layers.GlobalAveragePooling2D(), layers.Dense(1)])  # fmt: skip
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(COLORS, np.ones(64), batch_size=24, epochs=1, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])
    assert np.isfinite(model.get_weights()[0]).all()


def test_masks_labels_and_boxes_change_along():
    """The mask has the same pixels as the image, so that they must stay equal."""
    images = COLORS.round()
    for name in ("RandomFlip", "RandomTranslation", "RandomZoom", "RandomRotation", "RandomShear",
                 "RandomPerspective", "RandomCrop"):  # fmt: skip
        options = {} if name in ("RandomFlip", "RandomCrop") else {"interpolation": "nearest"}
        layer = make(name, seed=3, bounding_box_format="xyxy", **options)
        boxes = {"boxes": [[[2.0, 2.0, 5.0, 6.0]]] * 64, "labels": [[1]] * 64}
        data = {"images": images, "segmentation_masks": images, "labels": np.arange(64),
                "bounding_boxes": boxes, "names": 3}  # fmt: skip
        found = layer(data)
        np.testing.assert_array_equal(found["images"], found["segmentation_masks"])
        np.testing.assert_array_equal(found["labels"], np.arange(64))
        assert found["names"] == 3
        assert found["bounding_boxes"]["boxes"].shape == (64, 1, 4)
        assert layer(images).dtype == "float32"
        assert data["bounding_boxes"] is boxes


def test_mixed_images_and_labels_have_the_same_shares():
    """Each image is bright by its number, so that its mean tells what it was mixed of."""
    images = np.arange(64.0).reshape(64, 1, 1, 1) * np.ones((1, 40, 40, 1))
    labels = np.eye(64, dtype="float32")
    for layer, close in ((layers.MixUp(1.0, seed=1), 1e-3), (layers.CutMix(seed=1), 3.0)):
        found = layer({"images": images, "labels": labels}, training=True)
        means = found["images"].mean((1, 2, 3))
        np.testing.assert_allclose(found["labels"] @ np.arange(64.0), means, atol=close)
        np.testing.assert_allclose(found["labels"].sum(1), 1, atol=1e-4)
        assert ((found["labels"] > 1e-4).sum(1) == 2).sum() > 32
        own = np.diag(found["labels"])
        assert 0.3 < own.mean() < 0.7 and own.std() > 0.15


def test_layers_are_chosen_anew_for_every_batch():
    """RandAugment by one layer, told apart by what they make of one image, in one program."""
    layer = layers.RandAugment(num_ops=1, factor=(0.5, 0.5), seed=1)
    run = jit(lambda x: layer(x, training=True))
    found = {run(COLORS[:2]).round().astype(int).tobytes() for _ in range(40)}
    assert len(found) > 15
    assert len({layer.get_random_transformation(COLORS)["layer_idxes"][0] for _ in range(99)}) > 8
    boxes = {"boxes": [[[2.0, 2.0, 5.0, 6.0]]] * 64, "labels": [[1]] * 64}
    data = {"images": COLORS, "segmentation_masks": COLORS, "bounding_boxes": boxes}
    made = layers.RandAugment(bounding_box_format="xyxy", seed=2)(data)
    assert made["bounding_boxes"]["boxes"].shape == (64, 1, 4)
    assert made["segmentation_masks"].shape == COLORS.shape


def test_pipelines_of_layers():
    pipeline = layers.Pipeline([layers.RandomFlip(seed=1), layers.Resizing(4, 4)])
    again = layers.Pipeline.from_config(pipeline.get_config())
    for one in (pipeline, again):
        assert [type(layer).__name__ for layer in one.layers] == ["RandomFlip", "Resizing"]
        data = one({"images": COLORS, "segmentation_masks": COLORS})
        assert data["images"].shape == data["segmentation_masks"].shape == (64, 4, 4, 3)
    with pytest.raises(ValueError, match=r"expected a list of layers\. Received: layers=3"):
        layers.Pipeline(3)
    with pytest.raises(ValueError, match="Pipeline: expected a config with a list 'layers'"):
        layers.Pipeline.from_config({"name": "row"})


def test_lists_of_boxes_are_filled_up():
    layer = layers.MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    boxes = {"boxes": [[[0, 0, 1, 1], [0, 0, 2, 2]], [[1, 1, 2, 2]]], "labels": [[1, 2], [3]]}
    found = layer({"images": IMAGES[:2], "bounding_boxes": boxes})["bounding_boxes"]
    assert found["labels"].tolist() == [[1, 2, -1], [3, -1, -1]]
    assert found["boxes"][1].tolist() == [[1, 1, 2, 2], [0] * 4, [-1] * 4]


def test_chances_and_bounds():
    """What is drawn is uniform in its bounds, and happens as often as it is said to."""
    images = np.repeat(COLORS, 16, 0)
    drawn = {
        name: getattr(layers, name)(seed=5, **config).get_random_transformation(images)
        for name, config in {
            "RandomBrightness": {"factor": (-0.2, 0.4)},
            "RandomHue": {"factor": (0.2, 0.6)},
            "RandomSaturation": {"factor": (0.5, 0.75)},
            "RandomInvert": {"factor": (0.2, 0.4)},
            "RandomPosterization": {"factor": (3, 6)},
            "RandomErasing": {"scale": (0.04, 0.25)},
            "RandomTranslation": {"height_factor": (0.1, 0.2), "width_factor": 0.5},
        }.items()
    }

    def bounds(values, low, high):
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high

    bounds(drawn["RandomBrightness"]["rgb_delta"], -0.2 * 255, 0.4 * 255)
    hue = drawn["RandomHue"]["factor"]
    bounds(np.abs(hue), 0.1, 0.3)
    assert 0.45 < (hue < 0).mean() < 0.55
    bounds(drawn["RandomSaturation"]["factor"], 1, 3)
    assert 0.25 < drawn["RandomInvert"]["apply_inversion"].mean() < 0.35
    assert set(drawn["RandomPosterization"]["shift_factor"]) == {3, 4, 5}
    areas = drawn["RandomErasing"]["batch_masks"].mean((1, 2, 3))
    assert 0.08 < areas.mean() < 0.2
    bounds(drawn["RandomTranslation"]["translations"][:, 1], 0.9, 1.8)
    bounds(drawn["RandomTranslation"]["translations"][:, 0], -4.5, 4.5)


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


def test_cut_boxes_cannot_be_told():
    layer = layers.CutMix(bounding_box_format="xyxy")
    boxes = {"boxes": [[[1.0, 1.0, 2.0, 2.0]]], "labels": [[1]]}
    with pytest.raises(NotImplementedError, match="expected data without 'bounding_boxes', which"):
        layer({"images": IMAGES[:1], "bounding_boxes": boxes})


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
        (lambda: layers.AugMix(num_chains=0), "num_chains as a whole number of at least 1"),
        (lambda: layers.RandomCrop(0, 3), "height as a whole number"),
        (
            lambda: layers.RandomFlip()(IMAGES[0, 0], training=True),
            "an image of rank 3, or a batch",
        ),
        (lambda: layers.RandomBrightness(0.1, value_range=3), "value_range as a list of two numb"),
        (lambda: layers.RandomShear(-0.1), "x_factor as a number from 0 to 1"),
        (lambda: layers.RandomGrayscale(2), "factor as a number from 0 to 1. Received: 2"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), "kernel_size as an odd number"),
        (lambda: layers.RandomErasing(fill_value="noise"), "fill_value as a number, or three"),
        (lambda: layers.Resizing(0, 3), "height as a whole number of at least 1"),
        (lambda: layers.Resizing(2, 3, "area"), "interpolation as one of"),
        (
            lambda: layers.Resizing(2, 3, pad_to_aspect_ratio=True, crop_to_aspect_ratio=True),
            "at most one of crop_to_aspect_ratio and pad_to_aspect_ratio",
        ),
        (lambda: layers.RandomFlip(bounding_box_format="corners"), "bounding_box_format as one of"),
        (lambda: layers.RandomFlip()({"labels": [1]}), "a dictionary with the key 'images'"),
        (
            lambda: layers.RandomFlip()({"images": IMAGES, "bounding_boxes": {}}),
            "expected bounding_box_format, since the data",
        ),
        (
            lambda: layers.RandomFlip(bounding_box_format="xyxy")(
                {"images": IMAGES, "bounding_boxes": {"boxes": 1}}
            ),
            "with 'boxes' and 'labels'",
        ),
    ],
)
def test_mistakes_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
