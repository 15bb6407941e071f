"""Containers: sound ones give their members, and every ambiguity is refused by name."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from geartrain.saving.archive import Archive
from geartrain.saving.checksum import crc32_of

CONTENT = {"metadata.json": b'{"a": 1}', "config.json": b"{}", "model.weights.h5": b"12345" * 99}


def zipped(content=CONTENT, **options):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as file:
        for name, data in content.items():
            file.writestr(name, data)
    return stream.getvalue()


@pytest.fixture
def opened(tmp_path):
    def open_archive(data):
        path = tmp_path / "model.keras"
        path.write_bytes(data)
        return Archive(path)

    return open_archive


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_come_back(opened, method):
    with opened(zipped(compression=method)) as archive:
        assert list(archive.members) == list(CONTENT)
        for name, data in CONTENT.items():
            assert archive.read(name, 1000) == data
            file, offset, size = archive.place(name, verify=True)
            assert os.pread(file, size, offset) == data


def test_a_folder_is_read_as_an_archive_is(tmp_path):
    for name, data in CONTENT.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "assets").mkdir()
    with Archive(tmp_path) as archive:
        assert set(archive.members) == set(CONTENT)
        assert archive.read("config.json", 2) == b"{}"
    (tmp_path / "assets" / "vocabulary.txt").symlink_to("/etc/hosts")
    with pytest.raises(ValueError, match=r"files and folders alone.*'assets/vocabulary.txt', a li"):
        Archive(tmp_path)


def test_archives_of_other_writers(opened, tmp_path):
    """Written to a pipe (with descriptors after the members), in zip64, and with folders."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        pipe = Pipe()
        with zipfile.ZipFile(pipe, "w", method) as file:
            for name, data in CONTENT.items():
                file.writestr(name, data)
        with opened(pipe.data) as archive:
            assert archive.read("model.weights.h5", 1000) == CONTENT["model.weights.h5"]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.mkdir("assets")
        with file.open("config.json", "w", force_zip64=True) as member:
            member.write(b"{}")
    with opened(stream.getvalue()) as archive:
        assert list(archive.members) == ["config.json"]
        assert archive.read("config.json", 2) == b"{}"


def test_a_large_directory_in_zip64(opened, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    small_last = dict(sorted(CONTENT.items(), reverse=True))  # whose place alone is wide
    for content in (CONTENT, small_last):
        with opened(zipped(content)) as archive:
            for name, data in content.items():
                assert archive.read(name, 1000) == data


def test_other_fields_and_spaces_do_no_harm(opened):
    info = zipfile.ZipInfo("assets/two words")
    info.extra = struct.pack("<2HL", 0x5455, 4, 0)  # a time, which is stepped over
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("config.json", b"{}")
        file.writestr(info, b"text")
    with opened(stream.getvalue()) as archive:
        assert archive.read("assets/two words", 4) == b"text"


def test_bounds_of_the_directory(opened, monkeypatch):
    monkeypatch.setattr("geartrain.saving.archive.MOST_MEMBERS", len(CONTENT))
    opened(GOOD).close()
    monkeypatch.setattr("geartrain.saving.archive.MOST_MEMBERS", len(CONTENT) - 1)
    with pytest.raises(ValueError, match=r"one archive of at most 2 files. Received: 3 files"):
        opened(GOOD)
    monkeypatch.undo()
    monkeypatch.setattr("geartrain.saving.archive.MOST_DIRECTORY", len(GOOD) - 22 - FIRST)
    opened(GOOD).close()
    monkeypatch.setattr("geartrain.saving.archive.MOST_DIRECTORY", len(GOOD) - 23 - FIRST)
    with pytest.raises(ValueError, match="one archive of at most"):
        opened(GOOD)


def infos(**changes):
    """An archive whose second member has other properties."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("config.json", b"{}")
        info = zipfile.ZipInfo("assets/x")
        for name, value in changes.items():
            setattr(info, name, value)
        file.writestr(info, b"x" * 64)
    return stream.getvalue()


def changed(data, place, value):
    return data[:place] + value + data[place + len(value) :]


def directory(data, number=0):
    """Where the entry of that number stands in the directory."""
    at = -1
    for _ in range(number + 1):
        at = data.index(b"PK\1\2", at + 1)
    return at


def twice(name, other):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("config.json", b"{}")
        file.writestr("c0nfig.json", b"[]")
    return stream.getvalue().replace(b"c0nfig.json", other.encode())


def overlapping():
    """Two entries of the directory for one member's place, as quines and bombs have them."""
    data = zipped({"config.json": b"{}", "config.jsom": b"{}"})
    second = directory(data, 1)
    return changed(data, second + 42, struct.pack("<L", 0)).replace(b"config.jsom", b"config.json")


def inside_another():
    """A member whose header lies in another's bytes."""
    inner = zipped({"model.weights.h5": b"1234567"})
    inner = inner[: inner.index(b"PK\1\2")]
    data = zipped({"a": b"" + inner, "model.weights.h5": b"1234567"})
    second = directory(data, 1)
    place = data.index(inner)
    return changed(data, second + 42, struct.pack("<L", place))


GOOD = zipped()
FIRST = directory(GOOD)
TRICKS = {
    "nothing": (b"", "Received: no zip archive"),
    "text": (b"{}" * 50, "Received: no zip archive"),
    "cut off": (GOOD[:-1], "a zip archive as model.save writes it"),
    "without directory": (GOOD[: FIRST + 10], "Received: no zip archive"),
    "something behind": (GOOD + b"more", "Received: other bytes after its directory"),
    "something before": (b"more" + GOOD, "a directory at the end of the archive"),
    "comment": (zipped()[:-2] + b"\4\0PK\5\6", "other bytes after its directory"),
    "a gap": (
        changed(
            GOOD[:FIRST] + b"\0" * 40 + GOOD[FIRST:],
            len(GOOD) + 40 - 6,
            struct.pack("<L", FIRST + 40),
        ),
        "a directory right after the files. Received: something between",
    ),
    "encrypted": (changed(changed(GOOD, 6, b"\1"), FIRST + 8, b"\1"), "'metadata.json', encrypted"),
    "symbolic link": (infos(external_attr=0o120777 << 16), "'assets/x', a link or device"),
    "device": (infos(external_attr=0o060666 << 16), "'assets/x', a link or device"),
    "absolute": (twice("", "/etc/passwd"), "plain names of files. Received: '/etc/passwd'"),
    "up": (twice("", "../../../x."), r"plain names of files. Received: '\.\./\.\./"),
    "up inside": (twice("", "a/b/../../."), "plain names of files. Received: 'a/b/"),
    "backslash": (twice("", "a\\..\\..\\bc"[:10] + "d"), r"plain names of files. Received: 'a\\\\"),
    "drive": (twice("", "C:/windows/"), "plain names of files. Received: 'C:/"),
    "zero byte": (twice("", "config\0json"), r"where and as the|plain names of files. Received"),
    "no UTF-8": (
        twice("", "config.json").replace(b"config.json", b"\xff\xfenfig.json"),
        "names in UTF-8",
    ),
    "twice": (twice("", "config.json"), "each name once. Received: a name twice"),
    "twice in capitals": (twice("", "CONFIG.JSON"), "each name once. Received: a name twice"),
    "one place for two": (overlapping(), "each name once|where and as|follow each other"),
    "a member in another": (inside_another(), "files that follow each other"),
    "another size": (
        changed(GOOD, FIRST + 20, struct.pack("<2L", 9, 9)),
        "'metadata.json' where and as the directory says",
    ),
    "a size beyond": (
        changed(GOOD, FIRST + 20, struct.pack("<2L", 1 << 31, 1 << 31)),
        "'metadata.json' where and as the directory says",
    ),
    "stored in two sizes": (
        changed(changed(GOOD, FIRST + 24, struct.pack("<L", 99)), 22, struct.pack("<L", 99)),
        "'metadata.json' where and as the directory says",
    ),
    "place beyond": (
        changed(GOOD, FIRST + 42, struct.pack("<L", 1 << 31)),
        "where and as the directory says|cut off",
    ),
    "other name at its place": (changed(GOOD, 30, b"M"), "where and as the directory says"),
    "other method at its place": (changed(GOOD, 8, b"\x08"), "where and as the directory says"),
    "unknown method": (
        changed(changed(GOOD, 8, b"\x0c"), FIRST + 10, b"\x0c"),
        "files stored or deflated. Received: 'metadata.json' by method 12",
    ),
    "other disk": (changed(GOOD, FIRST + 34, b"\1"), "where and as the directory says"),
    "one of several disks": (changed(GOOD, len(GOOD) - 18, b"\1"), "one archive of at most"),
    "begun on another disk": (changed(GOOD, len(GOOD) - 16, b"\1"), "one archive of at most"),
    "fewer entries here": (changed(GOOD, len(GOOD) - 14, b"\2"), "one archive of at most"),
    "more entries told": (
        changed(GOOD, len(GOOD) - 14, struct.pack("<2H", 9, 9)),
        "a whole zip directory|of its entries alone",
    ),
    "fewer entries told": (
        changed(GOOD, len(GOOD) - 14, struct.pack("<2H", 2, 2)),
        "a directory of its entries alone",
    ),
    "no entry's signature": (changed(GOOD, FIRST, b"XX"), "where and as the directory says"),
    "no zip64 directory": (
        GOOD[:-22] + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1) + GOOD[-22:],
        "a zip64 directory where the archive says. Received: none",
    ),
    "bomb": (
        zipped({"model.weights.h5": bytes(33 << 20)}, compression=zipfile.ZIP_DEFLATED),
        r"grow at most 16 times. Received: 34603008 bytes in \d+",
    ),
}


@pytest.mark.parametrize("data, message", TRICKS.values(), ids=TRICKS)
def test_tricks_are_refused(opened, data, message):
    with pytest.raises(ValueError, match=message):
        opened(data)


def test_a_changed_byte_in_a_member_is_told(opened):
    data = GOOD.replace(b"{}", b"[]")
    with opened(data) as archive, pytest.raises(ValueError, match=r"in 'config.json' the bytes th"):
        archive.read("config.json", 100)
    data = GOOD.replace(b"12345" * 2, b"12346" * 2)
    with opened(data) as archive:
        with pytest.raises(ValueError, match=r"in 'model.weights.h5' the bytes that its checksum"):
            archive.place("model.weights.h5", verify=True)
        archive.place("model.weights.h5", verify=False)


def test_a_compressed_member_is_what_it_declares(opened):
    """Fewer and more bytes than declared, bytes behind the end, and no end at all."""
    data = bytes(range(256)) * 8
    packed = zlib.compress(data, wbits=-15)
    for stream, declared in [
        (packed, len(data) - 1),
        (packed, len(data) + 1),
        (packed + b"more", len(data)),
        (packed[:-3], len(data)),
        (b"\xff" * 50, 100),
    ]:
        good = zipped({"config.json": b"x" * len(stream)})
        good = good.replace(b"x" * len(stream), stream)
        for at, place in ((directory(good), 10), (0, 8)):
            good = changed(good, at + place, struct.pack("<H", 8))
            good = changed(good, at + place + 14, struct.pack("<L", declared))
        with opened(good) as archive:
            for read in (archive.read, archive.place):
                with pytest.raises(ValueError, match=r"in 'config.json' \d+ compressed bytes"):
                    read("config.json", 10_000)


def test_a_member_over_the_bound_is_not_read(opened):
    with opened(GOOD) as archive, pytest.raises(ValueError, match=r"at most 10 bytes in 'model.w"):
        archive.read("model.weights.h5", 10)


def test_a_missing_member_and_a_missing_file_are_told(opened, tmp_path):
    with opened(GOOD) as archive, pytest.raises(ValueError, match=r"with a file 'x' in it"):
        archive.member("x")
    with pytest.raises(FileNotFoundError, match=r"none\.keras"):
        Archive(tmp_path / "none.keras")


def test_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.keras")
    with pytest.raises(ValueError, match=r"expected a file\. Received: a device or pipe"):
        Archive(tmp_path / "pipe.keras")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no list of open files")
def test_files_are_closed(opened):
    def count():
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    for data in (GOOD, zipped(compression=zipfile.ZIP_DEFLATED)):
        with opened(data) as archive:
            archive.place("model.weights.h5", verify=True)
    with pytest.raises(ValueError, match="other bytes after its directory"):
        opened(GOOD + b"x")
    assert count() == before


@pytest.mark.parametrize("size", [0, 1, 1 << 22, (1 << 22) + 1, 3 * (1 << 22) + 12_345])
def test_a_checksum_of_pieces_is_that_of_the_whole(tmp_path, size):
    data = np.random.default_rng(size).bytes(size)
    path = tmp_path / "data"
    path.write_bytes(b"123" + data)
    file = os.open(path, os.O_RDONLY)
    assert crc32_of(file, 3, size, "data") == zlib.crc32(data)
    os.close(file)
