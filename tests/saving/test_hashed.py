"""What is hashed while it is written: the same bytes and digests as one after the other."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib

import numpy as np
import pytest

from geartrain.saving import store, zip_writer
from geartrain.saving.checksum import joined
from geartrain.saving.hashed import write_hashed
from geartrain.saving.store import PIECE, digests_of
from geartrain.saving.zip_writer import ZipWriter

ARRAYS = [
    np.random.default_rng(1).normal(size=(PIECE // 4 + 9, 2)).astype("float32"),
    np.zeros((0, 3)),
    np.float64(7),
    np.arange(PIECE, dtype="uint8"),
]


@pytest.fixture(params=["in this thread", "in others"])
def threads(request, monkeypatch):
    if request.param == "in others":
        monkeypatch.setattr(store, "SMALL", 0)
        monkeypatch.setattr(store, "_cores", lambda: 3)


def test_arrays_are_written_to_their_places_and_hashed(threads, tmp_path):
    places = [100, 7, 40, 10 + 100 + ARRAYS[0].nbytes]
    with (tmp_path / "file").open("w+b") as stream:
        written = write_hashed(stream, zip(places, ARRAYS, strict=True), checksums=True)
    content = (tmp_path / "file").read_bytes()
    assert [one.digest for one in written] == digests_of(map(np.asarray, ARRAYS))
    for place, array, one in zip(places, ARRAYS, written, strict=True):
        values = array.tobytes()
        assert content[place : place + len(values)] == values
        assert one.checksum == zlib.crc32(values)


def test_checksums_are_computed_only_where_they_are_asked_for(threads):
    assert {one.checksum for one in write_hashed(io.BytesIO(), [(0, ARRAYS[0])])} == {0}


def test_a_failure_to_write_ends_the_threads(threads, monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    before = store_threads()
    with pytest.raises(OSError, match="No space left"):
        write_hashed(Full(), [(0, ARRAYS[0])] * 9)
    assert store_threads() == before


def store_threads():
    import threading

    return threading.active_count()


@pytest.mark.parametrize("cut", [0, 1, 5, 999, 1000])
def test_checksums_of_parts_are_joined(cut):
    text = np.random.default_rng(cut).bytes(1000)
    first, second = text[:cut], text[cut:]
    assert joined(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(text)


MEMBERS = {"metadata.json": b"{}", "config.json": b'{"a": 1}', "model.weights.h5": b"\x89HDF" * 99}


def written(members):
    stream = io.BytesIO()
    archive = ZipWriter({name: len(text) for name, text in members.items()})
    for name, text in reversed(members.items()):
        stream.seek(archive.places[name])
        stream.write(text)
    archive.write_directory(stream, {name: zlib.crc32(text) for name, text in members.items()})
    return stream.getvalue()


def test_an_archive_has_the_bytes_that_pythons_has():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in MEMBERS.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            archive.writestr(info, text)
    assert written(MEMBERS) == stream.getvalue()


@pytest.mark.parametrize("most", [0, 50, 400])
def test_an_archive_with_large_members_is_read_by_python_and_here(most, monkeypatch, tmp_path):
    from geartrain.saving.archive import Archive

    monkeypatch.setattr(zip_writer, "_MOST", most)  # so that small ones are written as large ones
    (tmp_path / "a.zip").write_bytes(written(MEMBERS))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
    with Archive(tmp_path / "a.zip") as archive:
        assert {name: archive.read(name, 1000) for name in archive.members} == MEMBERS


def test_digests_are_those_of_hashlib():
    pieces = [ARRAYS[0].tobytes()[at : at + PIECE] for at in range(0, ARRAYS[0].nbytes, PIECE)]
    expected = hashlib.sha256(b"".join(hashlib.sha256(piece).digest() for piece in pieces))
    assert write_hashed(io.BytesIO(), [(0, ARRAYS[0])])[0].digest == expected.hexdigest()
