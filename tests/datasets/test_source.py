"""Where a data set is taken from, in which order, and what happens where it is damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from geartrain.datasets import source
from geartrain.datasets.idx import encode_idx
from geartrain.errors import GeartrainWarning

CACHE = ".cache/geartrain/datasets"
IMAGES = "train-images-idx3-ubyte"
LABELS = "t10k-labels-idx1-ubyte"


# Places


def test_the_places_and_their_order(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    monkeypatch.setenv("XDG_DATA_DIRS", f"{home / 'local'}:{home / 'share'}:")
    received = [(place.label, place.folder, place.note) for place in source.places(tiny.data_set)]
    assert received == [
        ("GEARTRAIN_DATA", home / "data", "no such folder"),
        ("Geartrain's cache", home / CACHE, "no such folder"),
        ("Keras's cache", home / ".keras/datasets", "no such folder"),
        ("the system", home / "local/datasets", "no such folder"),
        ("the system", home / "share/datasets", "no such folder"),
    ]
    assert source.find(tiny.data_set) is None


def test_the_environment_moves_the_places(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_CACHE", str(home / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(home / "keras"))
    monkeypatch.delenv("XDG_DATA_DIRS")
    folders = [place.folder for place in source.places(tiny.data_set)]
    assert folders == [
        None,
        home / "cache/datasets",
        home / "keras/datasets",
        Path("/usr/local/share/datasets"),
        Path("/usr/share/datasets"),
    ]
    assert next(source.places(tiny.data_set)).note == "not set"


ROOTS = {
    "GEARTRAIN_DATA": "data",
    "Geartrain's cache": CACHE,
    "Keras's cache": ".keras/datasets",
    "the system": "share/datasets",
}


@pytest.mark.parametrize("label", ROOTS)
@pytest.mark.parametrize("folder", ["", "tiny", "Tiny/raw"], ids=["itself", "named", "torch"])
def test_each_place_is_found_with_its_subfolders(tiny, home, monkeypatch, label, folder):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    where = tiny.put_idx(home / ROOTS[label] / folder)
    place = source.find(tiny.data_set)
    assert (place.label, place.folder, place.found) == (label, home / ROOTS[label], where)
    tiny.check(source.load(tiny.data_set))


@pytest.mark.parametrize("label", list(ROOTS)[:3])
def test_an_earlier_place_wins(tiny, home, monkeypatch, label):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    for later in list(ROOTS)[list(ROOTS).index(label) :]:
        tiny.put_idx(home / ROOTS[later])
    assert source.find(tiny.data_set).label == label


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dotted", [True, False])
def test_every_spelling_of_the_files_is_read(tiny, home, compressed, dotted):
    folder = tiny.put_idx(home / CACHE, compressed=compressed, dotted=dotted)
    tiny.check(source.load(tiny.data_set))
    tiny.check(source.load(tiny.data_set, folder))


@pytest.mark.parametrize("folder", ["", "tiny"])
def test_the_npz_of_keras_is_read(tiny, home, folder):
    path = tiny.put_npz(home / ".keras/datasets" / folder / "tiny.npz")
    assert source.find(tiny.data_set).found == path
    tiny.check(source.load(tiny.data_set))


def test_files_of_another_data_set_are_told_apart(tiny, other, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(other.put_idx(home / "data")))
    tiny.put_idx(home / CACHE)
    first, second, *_ = source.places(tiny.data_set)
    assert first.found is None and second.found
    assert first.note == f"{home}/data/{LABELS}.gz is not of Tiny"
    tiny.check(source.load(tiny.data_set))
    other.check(source.load(other.data_set))


def test_a_set_whose_files_lack_one_says_which(tiny, home):
    (tiny.put_idx(home / CACHE) / f"{IMAGES}.gz").unlink()
    place = list(source.places(tiny.data_set))[1]
    assert place.found is None and place.note == f"{home / CACHE} lacks {IMAGES}"


def test_a_place_that_cannot_be_looked_into_is_passed_over(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", "x" * 5000)
    tiny.put_idx(home / CACHE)
    assert "too long" in next(source.places(tiny.data_set)).note
    tiny.check(source.load(tiny.data_set))


# Damage


def test_a_damaged_place_is_passed_over_with_a_warning(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(tiny.put_idx(home / "data")))
    tiny.put_idx(home / CACHE)
    damaged = tiny.arrays["x_train"].copy()
    damaged[0, 0, 0] ^= 1
    (home / f"data/{IMAGES}.gz").write_bytes(gzip.compress(encode_idx(damaged)))
    expected = tiny.data_set.parts[0].sha256
    with pytest.warns(
        GeartrainWarning, match=rf"{IMAGES}.gz: expected x_train of Tiny.*{expected}"
    ):
        tiny.check(source.load(tiny.data_set))
    with pytest.raises(ValueError, match=r"Received: SHA-256 [0-9a-f]{64}. It is damaged, or of"):
        source.load(tiny.data_set, home / "data")


@pytest.mark.parametrize("keep", [0, 9, 40])
def test_a_file_cut_short_is_passed_over_or_refused(tiny, home, keep):
    folder = tiny.put_idx(home / "data")
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz: expected "):
        source.load(tiny.data_set, folder)
    (folder / f"{LABELS}.gz").write_bytes(b"")
    with pytest.raises(
        ValueError, match=rf"files of Tiny. Received: .*{LABELS}\.gz: expected an I"
    ):
        source.load(tiny.data_set, folder)


def test_a_damaged_npz_is_passed_over_with_a_warning(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    (home / "data").mkdir()
    (home / "data/tiny.npz").write_bytes(b"damaged")
    tiny.put_npz(home / ".keras/datasets/tiny.npz")
    with pytest.warns(GeartrainWarning, match=r"tiny.npz: expected a whole .* over GEARTRAIN_DATA"):
        tiny.check(source.load(tiny.data_set))


def test_an_npz_with_other_arrays_is_refused(tiny, other, home):
    path = other.put_npz(home / "mine.npz")
    with pytest.raises(ValueError, match=r"mine.npz, member x_train.npy: expected x_train of Tiny"):
        source.load(tiny.data_set, path)


def test_the_very_file_of_keras_is_known_by_its_own_hash(tiny, other, home):
    import hashlib

    path = other.put_npz(home / "tiny.npz")
    known = hashlib.sha256(path.read_bytes()).hexdigest()
    other.check(source.load(tiny.data_set._replace(npz_sha256=known), path))


@pytest.mark.parametrize("place", [CACHE, ".keras/datasets"])
@pytest.mark.parametrize("packed", [True, False])
def test_a_set_of_ones_own_is_taken_where_the_data_can_be_had_from_nowhere(
    tiny, other, home, place, packed
):
    few = {key: array[:2] for key, array in other.arrays.items()}
    own = other._replace(arrays=few)
    path = own.put_npz(home / place / "tiny.npz") if packed else own.put_idx(home / place / "tiny")
    with pytest.warns(GeartrainWarning) as told:
        own.check(source.load(tiny.data_set))
    assert f"{path} is not Tiny, which cannot be downloaded" in str(told[-1].message)
    assert "Its own 2 and 2 images are taken." in str(told[-1].message)


@pytest.mark.parametrize("wrong", ["labels", "size", "dtype", "lacks", "large"])
def test_a_set_of_another_form_is_not(tiny, home, wrong):
    arrays = {
        "labels": {**tiny.arrays, "y_test": tiny.arrays["y_test"][:1]},
        "size": {**tiny.arrays, "x_train": np.zeros((6, 32, 32), "uint8")},
        "dtype": {**tiny.arrays, "x_train": np.zeros((6, 28, 28), "float32")},
        "lacks": {key: one for key, one in tiny.arrays.items() if key != "y_train"},
        "large": {**tiny.arrays, "x_train": np.zeros((999, 28, 28), "uint8")},
    }[wrong]
    (home / CACHE).mkdir(parents=True)
    np.savez(home / CACHE / "tiny.npz", **arrays)
    with (
        pytest.warns(GeartrainWarning, match="Passing over"),
        pytest.raises(FileNotFoundError, match="Tiny was not found"),
    ):
        source.load(tiny.data_set)


# The argument path


def test_a_path_comes_before_all_places(tiny, home, monkeypatch):
    monkeypatch.setenv("GEARTRAIN_DATA", str(home / "data"))
    (home / "data").mkdir()
    (home / "data/tiny.npz").write_bytes(b"damaged")
    tiny.check(source.load(tiny.data_set, tiny.put_npz(home / "my/copy.npz")))
    tiny.check(source.load(tiny.data_set, str(tiny.put_idx(home / "idx"))))
    tiny.put_idx(home / "all/tiny")
    tiny.check(source.load(tiny.data_set, home / "all"))


def test_a_path_may_start_with_the_home_folder(tiny, home):
    tiny.put_npz(home / "copy.npz")
    tiny.check(source.load(tiny.data_set, "~/copy.npz"))


@pytest.mark.parametrize("cache", [CACHE, ".keras/datasets"])
@pytest.mark.parametrize("name", ["copy.npz", "deep/copy.npz"])
def test_a_path_may_be_relative_to_a_cache(tiny, home, cache, name):
    tiny.put_npz(home / cache / name)
    tiny.check(source.load(tiny.data_set, name))


def test_the_default_name_means_the_usual_places(tiny, other, home, monkeypatch):
    monkeypatch.chdir(home)
    other.put_npz(home / "tiny.npz")
    tiny.put_idx(home / CACHE)
    tiny.check(source.load(tiny.data_set, "tiny.npz"))
    tiny.check(source.load(tiny.data_set, "absent.npz"))


def test_a_path_that_does_not_exist_is_refused(tiny, home):
    tiny.put_idx(home / CACHE)
    with pytest.raises(
        FileNotFoundError, match=r"file or folder that exists. Received: 'no/a.npz'"
    ):
        source.load(tiny.data_set, "no/a.npz")


@pytest.mark.parametrize("path", [7, b"bytes", ["list"]])
def test_a_path_that_is_none_is_refused(tiny, path):
    with pytest.raises(TypeError, match=r"expected path to be a path or None. Received: "):
        source.load(tiny.data_set, path)


def test_a_folder_without_the_files_is_refused(tiny, home):
    with pytest.raises(
        ValueError, match=r"home: expected the files of Tiny. Received: no files of"
    ):
        source.load(tiny.data_set, home)
