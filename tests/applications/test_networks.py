"""Networks for photographs: their layers and weights are Keras's by name, order and value."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

import geartrain as keras
from geartrain import applications, layers
from geartrain.applications import imagenet_utils
from tests.applications.networks import described, images_of, weights_of
from tests.recorded import load

FACTS, _ = load("applications")
QUICK = {"MobileNet", "MobileNetV2", "MobileNetV3Small", "EfficientNetB0", "DenseNet121",
         "InceptionV3", "ResNet50V2", "Xception"}  # fmt: skip
CASES = [
    pytest.param(case, id=case["name"], marks=() if case["network"] in QUICK else nightly)
    for nightly in [pytest.mark.nightly]
    for case in FACTS["cases"]
]
PLAIN = {"weights": None, "include_top": False}


def made(case):
    keras.utils.clear_session()  # names begin afresh
    config = {k: tuple(v) if isinstance(v, list) else v for k, v in case["config"].items()}
    return getattr(applications, case["network"])(**config)


@pytest.mark.parametrize("case", CASES)
def test_networks_are_those_of_keras(case):
    model = made(case)
    assert (model.name, len(model.layers)) == (case["model"], case["layers"])
    assert model.count_params() == case["parameters"]
    text = json.dumps(described(model)).encode()
    assert hashlib.sha256(text).hexdigest() == case["digest"]
    if "features" in case:
        model.set_weights(weights_of(model))
        found = model.predict(images_of(case["size"]), verbose=0)
        wanted = np.array(case["features"])
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(found[:, : wanted.shape[1]] / scale, wanted / scale, atol=1e-4)


def test_every_network_is_recorded():
    recorded = {case["network"] for case in FACTS["cases"]}
    networks = {name for name in applications.__all__ if name[0].isupper()}
    assert networks - recorded <= {f"EfficientNetB{scale}" for scale in range(4, 8)}


def test_weights_are_read_from_files_and_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    model = applications.MobileNetV2((32, 32, 3), alpha=0.35, **PLAIN)
    path = tmp_path / "own.weights.h5"
    model.save_weights(path)
    again = applications.MobileNetV2((32, 32, 3), alpha=0.35, include_top=False, weights=path)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(FileNotFoundError, match=r"0\.35_96_no_top\.h5' in .*Copy it there from wh"):
        applications.MobileNetV2((96, 96, 3), alpha=0.35, include_top=False)
    (tmp_path / "models").mkdir()
    names = {str(number): [f"n{number:08}", f"thing_{number}"] for number in range(1000)}
    (tmp_path / "models" / "imagenet_class_index.json").write_text(json.dumps(names))
    scores = np.arange(2000.0).reshape(2, 1000)[:, ::-1]
    ((first, second), _) = imagenet_utils.decode_predictions(scores, top=2)
    assert first == ("n00000000", "thing_0", 999.0) and second[1] == "thing_1"
    with pytest.raises(ValueError, match=r"decode_predictions: expected predictions of shape"):
        imagenet_utils.decode_predictions(scores[0])


def test_features_under_a_head_of_ones_own_are_trained():
    inputs = layers.Input((40, 40, 3))
    base = applications.MobileNetV2(
        alpha=0.35, input_tensor=layers.Rescaling(1 / 127.5, offset=-1.0)(inputs), pooling="avg",
        **PLAIN,
    )  # fmt: skip
    base.trainable = False
    model = keras.Model(base.input, layers.Dense(2, activation="softmax")(base.output))
    model.compile("adam", "sparse_categorical_crossentropy")
    before = [weight.copy() for weight in base.get_weights()]
    images = np.random.default_rng(1).uniform(0, 255, (8, 40, 40, 3)).astype("float32")
    model.fit(images, np.arange(8) % 2, verbose=0)
    for one, other in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(model.trainable_weights) == 2


def test_modes_of_preparing_images():
    """Keras's numbers for a gray pixel, and blue before red where a mode has it."""
    image = np.full((1, 1, 3), 127.5, "float32")
    found = {mode: imagenet_utils.preprocess_input(image, mode=mode).ravel() for mode in
             ("tf", "torch", "caffe")}  # fmt: skip
    np.testing.assert_allclose(found["tf"], 0)
    np.testing.assert_allclose(found["torch"], [0.06550, 0.19643, 0.41778], atol=1e-5)
    np.testing.assert_allclose(found["caffe"], [23.561, 10.721, 3.82], atol=1e-4)
    bytes_ = np.uint8([[[1, 2, 3]]])
    turned = imagenet_utils.preprocess_input(bytes_, mode="caffe")
    np.testing.assert_allclose(turned[0, 0], [3 - 103.939, 2 - 116.779, 1 - 123.68], rtol=1e-6)
    first = imagenet_utils.preprocess_input(bytes_.transpose(2, 0, 1), "channels_first")
    np.testing.assert_allclose(first.ravel(), turned.ravel())
    assert applications.efficientnet.preprocess_input(bytes_) is bytes_
    x = layers.Input((4, 4, 3))
    model = keras.Model(x, applications.vgg16.preprocess_input(x))
    np.testing.assert_allclose(model.predict(image[None] * np.ones((4, 4, 1)), verbose=0)[0, 0, 0],
                               found["caffe"], atol=1e-4)  # fmt: skip


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: applications.VGG16(weights="nowhere.h5"), "weights as None, 'imagenet' or a file"),
        (lambda: applications.VGG16(classes=3), "expected classes=1000, as the weights of ImageN"),
        (lambda: applications.ResNet50(classifier_activation="relu", weights=__file__),
         "classifier_activation 'softmax' or None with given weights"),
        (lambda: applications.Xception(input_shape=(32, 32, 3), **PLAIN),
         "with sizes of at least 71"),
        (lambda: applications.DenseNet121(input_shape=(64, 64, 3)),
         "for which the classes of ImageNet were trained"),
        (lambda: applications.DenseNet121(input_shape=(None, None, 3), weights=None),
         "a known height and width with include_top=True"),
        (lambda: applications.MobileNet(alpha=0.3), "depth_multiplier=1 and alpha as one of 0.25"),
        (lambda: applications.MobileNetV2(alpha=0.3), "expected alpha as one of 0.35"),
        (lambda: applications.MobileNetV3Small(alpha=0.3), "expected alpha as 0.75 or 1.0"),
        (lambda: imagenet_utils.preprocess_input(np.zeros((1, 1, 3)), mode="keras"),
         "expected mode as one of 'caffe', 'tf', 'torch'"),
    ],
)  # fmt: skip
def test_mistakes_are_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_channels_first(monkeypatch):
    keras.config.set_image_data_format("channels_first")
    try:
        model = applications.MobileNetV2((3, 33, 32), alpha=0.35, pooling="avg", **PLAIN)
        assert model.output_shape == (None, 1280)
        with pytest.raises(ValueError, match="expected images with channels last"):
            applications.DenseNet121(weights=None)
    finally:
        keras.config.set_image_data_format("channels_last")
