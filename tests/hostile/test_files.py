"""Hostile files of every format, through every entry that reads the format."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import h5py
import pytest

from tests.hostile import hdf5, others, zips
from tests.hostile.jail import Canaries
from tests.hostile.sources import FILLING

PROMISE = "a hostile file is refused by every entry"


@pytest.fixture
def attack(refused, count_cases):
    """Expect files to be refused, and count them."""

    def run(pairs, **options):
        messages = refused(pairs, **options)
        count_cases(PROMISE, len(pairs))
        return messages

    return run


@pytest.mark.parametrize("name", zips.ZIP)
def test_zip(client, attack, tmp_path, name):
    for message in attack(zips.zip_files(tmp_path, name, client.sound)):
        assert "m.keras" in message


@pytest.mark.parametrize("name", zips.FOLDERS)
def test_folders(client, attack, tmp_path, name):
    folder = Path(shutil.copytree(client.sound / "row_folder", tmp_path / "folder"))
    (folder / "metadata.json").write_text("{}", encoding="ascii")
    zips.FOLDERS[name](folder, Path(client.secret))
    attack([("load_model", folder), ("load_model without compile", folder)])


@pytest.mark.parametrize("name", [*hdf5.HDF5, *hdf5.HEAPS])
def test_hdf5(client, attack, tmp_path, name):
    pairs = hdf5.hdf5_files(tmp_path, name, client.sound, client.secret)
    if name in hdf5.OTHER_TENSORS:  # which is nothing hostile
        pairs = [pair for pair in pairs if pair[0] in ("load_model", "load_weights")]
    for (_, path), message in zip(pairs, attack(pairs), strict=True):
        assert path.name in message


@pytest.mark.parametrize("name", hdf5.NAMES)
def test_old_hdf5(client, attack, tmp_path, name):
    for message in attack(hdf5.old_files(tmp_path, name, client.sound)):
        assert "cannot be read (the names at byte" in message


@pytest.mark.parametrize("name", others.JSON)
def test_json(client, attack, tmp_path, name):
    attack(others.json_files(tmp_path, name, client.sound))


@pytest.mark.parametrize("name", [*others.HEADERS, *others.LENGTHS])
def test_safetensors(attack, tmp_path, name):
    path = others.safetensors_file(tmp_path, name)
    for message in attack([(entry, path) for entry in (*FILLING, "KerasFileEditor")]):
        assert path.name in message


@pytest.mark.parametrize("name", others.NPY)
def test_npz(attack, tmp_path, name):
    attack(others.npz_files(tmp_path, name))


@pytest.mark.parametrize("name", others.INDEXES)
def test_shards(client, attack, tmp_path, name):
    path = others.index_file(tmp_path, name, client.sound, client.secret)
    for message in attack([(entry, path) for entry in (*FILLING, "KerasFileEditor")]):
        assert path.name in message


@pytest.mark.parametrize("name", others.IDX)
def test_idx(attack, tmp_path, name):
    path = tmp_path / "x.idx"
    path.write_bytes(others.IDX[name])
    attack([("read_idx", path), ("describe", path)])


def test_a_small_archive_of_large_arrays(attack, tmp_path):
    path = others.npz_bomb(tmp_path)
    assert path.stat().st_size < 1 << 20
    attack([(entry, path) for entry in (*FILLING, "KerasFileEditor", "describe")])


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5", ".weights.json", ".safetensors",
                                    ".npz", ".onnx", ".npy", ".idx", ".csv"])  # fmt: skip
@pytest.mark.parametrize("kind", ["pipe", "device", "zeros", "another format", "text"])
def test_files_that_are_something_else(client, attack, tmp_path, ending, kind):
    path = tmp_path / f"m{ending}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "zeros":
        path.write_bytes(bytes(10_000))
    elif kind == "text":
        path.write_bytes(b"<html>404: not found</html>")
    else:
        other = "row.safetensors" if ending in (".keras", ".npz") else "row.keras"
        shutil.copy(client.sound / other, path)
    if ending in (".npy", ".idx", ".csv"):
        entries = ("describe", "read_idx") if ending == ".idx" else ("describe",)
    elif ending == ".onnx":
        entries = ("load_model",)
    else:
        entries = ("load_model", *FILLING, "KerasFileEditor")
    attack([(entry, path) for entry in entries])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"keras.layers", b"os.......xyz"),
        (b"Dense", b"eval_"),
        (b"relu", b"exec"),
        (b"float32", b"object_"),
        (
            b"Sequential",
            b"Popen.....",
        ),
        (b"units", b"__cls"),
        (b"GlorotUniform", b"__import__..."),
    ],
)
def test_edited_pickles(client, attack, tmp_path, old, new):
    data = (client.sound / "row.pickle").read_bytes()
    if old not in data:
        pytest.fail(f"{old!r} is not in the pickle")
    path = tmp_path / "m.pickle"
    path.write_bytes(data.replace(old, new))
    attack([("pickle.loads", path)])


def test_cut_pickles(client, tmp_path, count_cases):
    """Python's own errors, for Python's own format: but nothing else happens."""
    data = (client.sound / "row.pickle").read_bytes()
    path = tmp_path / "m.pickle"
    for size in range(0, len(data), len(data) // 20):
        path.write_bytes(data[:size])
        answer = client.ask([{"entry": "pickle.loads", "path": str(path)}])
        assert not answer["signal"]
        assert answer["results"][0]["error"] in ("UnpicklingError", "EOFError", "ValueError")
        assert not answer["results"][0]["escapes"]
    count_cases(PROMISE, 20)


@pytest.mark.parametrize("name", ["row.keras", "graph.keras", "row_folder"])
def test_sound_files_are_read(client, name):
    """What the attacks change is accepted as it is."""
    jobs = [{"entry": "load_model", "path": str(client.sound / name)}]
    [result] = client.ask(jobs)["results"]
    assert result["outcome"] == "done"
    assert not result["escapes"]


def test_the_watch_sees(client, tmp_path):
    """The hook and the kernel's watch tell of what they are there to see."""
    path = tmp_path / "m.pickle"
    path.write_bytes(pickle.dumps(Reading(client.secret)))
    [result] = client.ask([{"entry": "pickle.loads", "path": str(path)}])["results"]
    assert "pickle.find_class" in result["escapes"][0]


def test_the_kernel_watches(client, tmp_path):
    """What libraries in C open is seen too."""
    path = tmp_path / "canary"
    canaries = Canaries(path)
    assert not canaries.touched()
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("x", (4,), "u1", external=[(str(canaries.secret), 0, 4)])
    with h5py.File(tmp_path / "m.h5") as file:
        assert bytes(file["x"][()]) == Canaries.SECRET[:4].encode()
    assert canaries.touched()
    assert not canaries.touched()


class Reading:
    """A pickle that opens a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path,)
