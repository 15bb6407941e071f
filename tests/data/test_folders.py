"""Folders of images, texts and sounds give what they give with the real Keras."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from geartrain import preprocessing, utils
from geartrain.data.wave import decode_wav, resampled
from tests.data.folders import CASES, WRITERS, read, wav, write_images

RECORDED = Path(__file__).parents[1] / "recorded"
FOUND = {
    case["name"]: case["datasets"]
    for case in json.loads((RECORDED / "folders.json").read_text())["cases"]
}
ARRAYS = np.load(RECORDED / "folders.npz")


def test_all_cases_are_recorded():
    assert FOUND.keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_folder_is_read_as_keras_reads_it(name, tmp_path):
    WRITERS[CASES[name][0]](tmp_path)
    datasets = read(utils, name, tmp_path)
    assert len(datasets) == len(FOUND[name])
    for found, expected in zip(datasets, FOUND[name], strict=True):
        for key in ("class_names", "cardinality"):
            assert found[key] == expected[key]
        if expected["paths"] is not None:
            assert found["paths"] == expected["paths"]
        assert len(found["elements"]) == len(expected["elements"])
        for own, others in zip(found["elements"], expected["elements"], strict=True):
            parts = own if isinstance(own, tuple) else (own,)
            assert len(parts) == len(others)
            for part, key in zip(parts, others, strict=True):
                if isinstance(key, list):
                    texts = np.asarray(part, object).reshape(-1)
                    assert [text.decode("latin-1") for text in texts] == key
                else:
                    assert np.asarray(part).dtype == ARRAYS[key].dtype
                    np.testing.assert_allclose(part, ARRAYS[key], rtol=1e-5, atol=2e-3)


def test_orders_are_random_and_the_subsets_apart(tmp_path):
    write_images(tmp_path)
    arguments = {"seed": 3, "validation_split": 0.4, "image_size": (2, 2), "batch_size": 2}
    train, held = utils.image_dataset_from_directory(
        tmp_path, subset="both", verbose=False, **arguments
    )
    assert not set(train.file_paths) & set(held.file_paths)
    assert len(train.file_paths) == 5 and len(held.file_paths) == 2
    epochs = [np.concatenate([y for _, y in train]).tolist() for _ in range(6)]
    assert len({tuple(sorted(epoch)) for epoch in epochs}) == 1
    assert len(set(map(tuple, epochs))) > 1
    assert len({tuple(np.concatenate([y for _, y in held])) for _ in range(4)}) == 1
    assert preprocessing.image_dataset_from_directory is utils.image_dataset_from_directory


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    write_images(tmp_path)
    (tmp_path / "a" / "1.png").write_bytes(b"no image")
    data = utils.image_dataset_from_directory(tmp_path, shuffle=False, verbose=False)
    with pytest.raises(ValueError, match=r"expected files that can be read.*1\.png"):
        list(data)


def test_what_was_found_is_printed(tmp_path, capsys):
    WRITERS["text_dataset_from_directory"](tmp_path)
    utils.text_dataset_from_directory(tmp_path)
    assert capsys.readouterr().out == "Found 5 files belonging to 2 classes.\n"
    utils.text_dataset_from_directory(
        tmp_path, label_mode=None, validation_split=0.2, subset="training", seed=1
    )
    assert capsys.readouterr().out == "Found 5 files.\nUsing 4 files for training.\n"


MISTAKES = {
    "labels as 'inferred', None, or a list": {"labels": "guessed"},
    "label_mode as 'int'": {"label_mode": "one-hot"},
    "validation_split between 0 and 1. Received: 2": {"validation_split": 2},
    "expected subset as 'training', 'validation' or": {"validation_split": 0.5, "subset": "test"},
    "validation_split and subset, or neither": {"validation_split": 0.5},
    "expected a seed with validation_split": {"validation_split": 0.5, "subset": "both"},
    "expected two classes for label_mode='binary'": {"label_mode": "binary", "class_names": ["a"]},
    "as many labels as files. Received: 2": {"labels": [0, 1]},
    "names of folders in": {"class_names": ["a", "z"]},
    "class_names with labels='inferred' alone": {"labels": [0] * 7, "class_names": ["a"]},
    "expected color_mode as 'rgb'": {"color_mode": "cmyk"},
    "image_size as": {"image_size": (1, 2, 3)},
    "interpolation as one of 'bilinear'": {"interpolation": "sharp"},
    "expected format as 'tf' or": {"format": "torch"},
    "one of crop_to_aspect_ratio and pad": {
        "crop_to_aspect_ratio": True,
        "pad_to_aspect_ratio": True,
    },
    "expected training files that end in .bmp": {
        "validation_split": 0.99,
        "subset": "both",
        "seed": 1,
        "class_names": ["c"],
    },
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistakes_are_told(message, tmp_path):
    write_images(tmp_path)
    if "training files" in message:
        (tmp_path / "c" / "7.png").unlink()
    with pytest.raises(ValueError, match=message):
        utils.image_dataset_from_directory(tmp_path, verbose=False, **MISTAKES[message])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ragged": True}, "ragged=False, since tensors have one shape"),
        ({"sampling_rate": 0.5}, "sampling_rate as a whole number above 0"),
    ],
)
def test_mistakes_with_sounds_are_told(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        utils.audio_dataset_from_directory(tmp_path, **arguments)


@pytest.mark.parametrize(
    ("kind", "code", "scale"),
    [("<i2", 1, 2**15), ("<i4", 1, 2**31), ("<f4", 3, 1), ("<f8", 3, 1), ("u1", 1, 128)],
)
def test_waves_of_all_kinds_are_read(kind, code, scale):
    values = np.array([[0.5, -0.25], [0.0, 0.75], [-1.0, 0.25]])
    samples = values * scale + (128 if kind == "u1" else 0)
    sound, rate = decode_wav(wav(samples.astype(kind), 16000, code))
    np.testing.assert_allclose(sound, values)
    assert rate == 16000 and sound.dtype == np.float32
    sound, _ = decode_wav(wav(samples.astype(kind), 16000, code), 1, 4)
    np.testing.assert_allclose(sound[:, 0], [0.5, 0, -1, 0])


def test_waves_of_24_bits_and_broken_ones():
    whole = (np.array([[0.5], [-0.25]]) * 2**23).astype("<i4")
    packed = np.ascontiguousarray(whole.view("u1").reshape(-1, 4)[:, :3])
    file = bytearray(wav(packed.reshape(-1, 1), 8000))
    file[34:36] = (24).to_bytes(2, "little")
    np.testing.assert_allclose(decode_wav(bytes(file))[0], [[0.5], [-0.25]])
    for content, message in (
        (b"RIFX", "expected the bytes of a WAV file"),
        (wav(whole, 8000)[:30], "one that ends before"),
        (wav(whole, 8000, 6), "Convert the file to 16-bit PCM"),
    ):
        with pytest.raises(ValueError, match=message):
            decode_wav(content)


def test_a_tone_keeps_its_pitch_at_another_rate(tmp_path):
    def tone(rate):
        return np.sin(2 * np.pi * 440 * np.arange(rate // 10) / rate)[:, None].astype("float32")

    for rate, wanted in ((16000, 8000), (8000, 22050), (44100, 16000)):
        found = resampled(tone(rate), rate, wanted)
        assert found.shape == tone(wanted).shape
        inner = slice(len(found) // 4, -len(found) // 4)
        np.testing.assert_allclose(found[inner], tone(wanted)[inner], atol=5e-3)
    high = np.sin(2 * np.pi * 7000 * np.arange(1600) / 16000)[:, None]
    assert np.abs(resampled(high, 16000, 8000)[200:-200]).max() < 0.02  # beyond what 8 kHz holds
    for name in ("one/a.wav", "two/b.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(wav((tone(8000) * 2**14).astype("<i2"), 8000))
    (batch,) = utils.audio_dataset_from_directory(tmp_path, sampling_rate=4000, verbose=False)
    assert batch[0].shape == (2, 400, 1)
