"""Images in files: there and back, resized, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest

from geartrain import config, utils
from geartrain.preprocessing.image import smart_resize

pytest.importorskip("PIL")
BYTES = np.random.default_rng(0).integers(0, 256, (5, 8, 3)).astype("uint8")


@pytest.mark.parametrize(("channels", "mode"), [(1, "grayscale"), (3, "rgb"), (4, "rgba")])
def test_files_hold_the_pixels_that_were_saved(channels, mode, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, channels)).astype("uint8")
    utils.save_img(tmp_path / "a.png", pixels, scale=False)
    image = utils.load_img(tmp_path / "a.png", color_mode=mode)
    found = utils.img_to_array(image)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, pixels)
    first = utils.img_to_array(image, data_format="channels_first", dtype="uint8")
    np.testing.assert_array_equal(first, pixels.transpose(2, 0, 1))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_values_are_scaled_to_bytes():
    grey = utils.array_to_img(np.array([[[-1.0], [0.0], [1.0]]]))
    assert np.asarray(grey).tolist() == [[0, 127, 255]]
    deep = utils.array_to_img(np.array([[[3.0], [70000.0]]]), scale=False)
    assert np.asarray(deep).tolist() == [[3, 70000]]


def test_loaded_images_are_resized_and_cut_to_the_ratio(tmp_path):
    utils.save_img(str(tmp_path / "a.png"), BYTES, scale=False)
    stream = io.BytesIO((tmp_path / "a.png").read_bytes())
    plain = utils.load_img(stream, target_size=(5, 5))
    cut = utils.load_img(tmp_path / "a.png", target_size=(5, 5), keep_aspect_ratio=True)
    assert plain.size == cut.size == (5, 5)
    np.testing.assert_array_equal(np.asarray(cut), BYTES[:, 1:6])
    np.testing.assert_array_equal(smart_resize(BYTES, (5, 5)), BYTES[:, 1:6])


def test_transparency_is_left_out_of_jpeg(tmp_path):
    with pytest.warns(UserWarning, match="save_img: JPEG has no fourth channel"):
        utils.save_img(tmp_path / "a.jpg", np.ones((4, 4, 4)))
    assert utils.load_img(tmp_path / "a.jpg").size == (4, 4)


REFUSED = {
    "array_to_img: expected an image of shape": (
        ValueError, lambda: utils.array_to_img(np.ones((4, 4)))),
    "array_to_img: expected data_format": (
        ValueError, lambda: utils.array_to_img(BYTES, data_format="last")),
    "img_to_array: expected an image": (ValueError, lambda: utils.img_to_array(np.ones(4))),
    "load_img: expected a path": (TypeError, lambda: utils.load_img(3)),
    "load_img: expected color_mode as one of .*'bgr'": (
        ValueError, lambda: utils.load_img("a.png", color_mode="bgr")),
    "load_img: expected interpolation as one of .*'cubic'": (
        ValueError, lambda: utils.load_img("a.png", interpolation="cubic")),
    "smart_resize: expected x, size.*sizes": (
        TypeError, lambda: smart_resize(BYTES, (2, 2), sizes=3)),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_messages(message):
    kind, call = REFUSED[message]
    with pytest.raises(kind, match=message):
        call()


def test_the_format_of_the_settings_counts():
    config.set_image_data_format("channels_first")
    try:
        assert utils.img_to_array(BYTES).shape == (3, 5, 8)
    finally:
        config.set_image_data_format("channels_last")
