"""Generators of images: against Keras's batches of the same seeds; folders and tables."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import Sequential, layers, utils
from geartrain.preprocessing import image
from tests.recorded import load

FACTS, ARRAYS = load("generators")
IMAGES = np.random.default_rng(1).uniform(0, 255, (8, 6, 5, 3)).astype("float32")


@pytest.mark.parametrize("case", FACTS["cases"], ids=lambda case: case["name"])
def test_batches_are_those_of_keras(case):
    generator = image.ImageDataGenerator(**case["config"])
    generator.fit(ARRAYS["images"])
    batches = generator.flow(ARRAYS["images"], np.arange(10), batch_size=4, seed=3)
    next(batches)
    x, y = next(batches)
    assert y.tolist() == case["numbers"]
    np.testing.assert_allclose(x, ARRAYS[case["output"]], atol=5e-4)


@pytest.fixture
def folder(tmp_path):
    """Two classes of three images each, of one gray."""
    pytest.importorskip("PIL")
    for number, name in enumerate(("cats", "dogs")):
        (tmp_path / name).mkdir()
        for place in range(3):
            gray = np.full((4, 6, 3), 10 * (3 * number + place))
            utils.save_img(tmp_path / name / f"{place}.png", gray, scale=False)
    (tmp_path / "cats" / "notes.txt").write_text("no image")
    return tmp_path


def test_folders(folder, capsys):
    generator = image.ImageDataGenerator(validation_split=0.34)
    batches = generator.flow_from_directory(folder, (4, 6), batch_size=4, shuffle=False)
    assert "Found 6 images belonging to 2 classes." in capsys.readouterr().out
    assert batches.class_indices == {"cats": 0, "dogs": 1} and len(batches) == 2
    x, y = next(batches)
    assert x[:, 0, 0, 0].tolist() == [0, 10, 20, 30]
    assert y.tolist() == [[1, 0], [1, 0], [1, 0], [0, 1]]
    assert batches.filenames[:2] == ["cats/0.png", "cats/1.png"]
    assert [len(next(batches)[0]) for _ in range(3)] == [2, 4, 2]
    sizes = []
    for subset in ("training", "validation"):
        part = generator.flow_from_directory(
            folder, (2, 2), "grayscale", class_mode="sparse", subset=subset
        )
        sizes.append(part.samples)
        assert part[0][0].shape == (part.samples, 2, 2, 1) and part[0][1].ndim == 1
    assert sizes == [4, 2]
    saved = folder / "saved"
    saved.mkdir()
    next(generator.flow(IMAGES, batch_size=3, save_to_dir=saved, save_prefix="a"))
    assert len(list(saved.glob("a_*.png"))) == 3


def test_tables(folder):
    table = {"filename": ["cats/0.png", "dogs/2.png", "gone.png"], "class": ["cat", "dog", "dog"],
             "size": [1.5, 2.5, 3.5], "weight": [1.0, 2.0, 3.0]}  # fmt: skip
    generator = image.ImageDataGenerator()
    with pytest.warns(UserWarning, match="1 of 3 files are no images, or are not there"):
        batches = generator.flow_from_dataframe(
            table, folder, target_size=(4, 6), weight_col="weight", shuffle=False
        )
    x, y, weights = next(batches)
    assert x[:, 0, 0, 0].tolist() == [0, 50]
    assert y.tolist() == [[1, 0], [0, 1]] and weights.tolist() == [1, 2]
    raw = {key: values[:2] for key, values in table.items()}
    batches = generator.flow_from_dataframe(raw, folder, y_col="size", class_mode="raw")
    assert sorted(next(batches)[1]) == [1.5, 2.5]


def test_models_are_trained_on_them():
    generator = image.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True)
    batches = generator.flow(IMAGES, np.arange(8) % 2, batch_size=3, seed=1)
    model = Sequential([layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(batches, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert len(model.predict(generator.flow(IMAGES, shuffle=False), verbose=0)) == 8


def test_single_changes():
    np.testing.assert_array_equal(image.apply_brightness_shift(IMAGES[0].round(), 1.0, False),
                                  IMAGES[0].round())  # fmt: skip
    shifted = image.apply_channel_shift(IMAGES[0], 300.0, 2)
    assert shifted.max() == shifted.min() == IMAGES[0].max()
    places = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    for change, amount in ((image.random_rotation, 20), (image.random_shear, 20),
                           (image.random_zoom, (0.5, 1.5))):  # fmt: skip
        np.random.seed(1)
        moved = change(IMAGES[0], amount, **places)
        assert moved.shape == IMAGES[0].shape and not np.allclose(moved, IMAGES[0])
    np.random.seed(1)
    down = image.random_shift(IMAGES[0], 0.4, 0.3, **places)
    assert not np.allclose(down, IMAGES[0])


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: image.ImageDataGenerator(zoom_range=(1, 2, 3)), ValueError,
         "ImageDataGenerator: expected zoom_range as two numbers"),
        (lambda: image.ImageDataGenerator(validation_split=2), ValueError,
         "expected validation_split between 0 and 1. Received: 2"),
        (lambda: image.ImageDataGenerator().fit(IMAGES[0]), ValueError,
         "expected images of rank 4. Received: shape"),
        (lambda: image.ImageDataGenerator().flow(IMAGES, [1]), ValueError,
         "flow: expected images of rank 4, and as many labels and weights"),
        (lambda: image.ImageDataGenerator().flow(IMAGES, subset="all"), ValueError,
         "expected subset as 'training', 'validation' or None. Received: 'all'"),
        (lambda: image.ImageDataGenerator(validation_split=0.5).flow(
            IMAGES, np.arange(8), subset="training"), ValueError,
         "expected the same classes in training and validation"),
        (lambda: image.ImageDataGenerator().flow(IMAGES)[9], ValueError,
         "expected a batch from 0 to 0. Received: 9"),
        (lambda: image.ImageDataGenerator().flow_from_directory("nowhere"), ValueError,
         "flow_from_directory: expected a folder. Received: 'nowhere'"),
        (lambda: image.ImageDataGenerator().flow_from_directory(".", class_mode="raw"), ValueError,
         "expected color_mode as one of 'rgb'.*and class_mode as one of"),
        (lambda: image.ImageDataGenerator().flow_from_dataframe({"filename": [1]}), TypeError,
         "expected strings in the column 'filename'"),
        (lambda: image.ImageDataGenerator().flow_from_dataframe(
            {"filename": ["a"], "class": ["b"]}, class_mode="binary", validate_filenames=False),
         ValueError, "expected 2 classes for class_mode='binary'"),
        (lambda: image.apply_affine_transform(IMAGES), ValueError,
         "apply_affine_transform: expected an image of rank 3, each axis once"),
        (lambda: image.random_zoom(IMAGES[0], (1, 2, 3)), ValueError,
         "random_zoom: expected zoom_range as two numbers"),
        (lambda: image.random_brightness(IMAGES[0], (1, 2, 3)), ValueError,
         "random_brightness: expected brightness_range as two numbers"),
    ],
)  # fmt: skip
def test_mistakes_are_told(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_what_needs_fit_says_so():
    generator = image.ImageDataGenerator(featurewise_center=True)
    with pytest.warns(UserWarning, match="does nothing before fit"):
        generator.standardize(IMAGES[0].copy())
