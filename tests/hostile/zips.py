"""Hostile containers of models: zip archives and folders."""

from __future__ import annotations

import io
import os
import shutil
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hostile.sources import MODELS, WEIGHTS, Pairs, members, zipped


def with_member(name: str, data: bytes, mode: int = 0) -> Callable[[dict[str, bytes]], bytes]:
    """A function that gives the archive of some members with one more, `data`."""

    def make(content: dict[str, bytes]) -> bytes:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        stream = io.BytesIO(zipped(content))
        with warnings.catch_warnings(), zipfile.ZipFile(stream, "a") as file:
            warnings.simplefilter("ignore")  # of a name that is there already
            file.writestr(info, data)
        return stream.getvalue()

    return make


def renamed(name: bytes) -> Callable[[dict[str, bytes]], bytes]:
    """The archive with one more member, of any name."""

    def make(content: dict[str, bytes]) -> bytes:
        placeholder = b"p" * len(name)
        made = with_member(placeholder.decode(), b"")(content)
        return made.replace(placeholder, name)

    return make


def entry(data: bytes, name: bytes) -> int:
    """Where the directory's entry of a name begins."""
    at = data.index(b"PK\1\2")
    while data[at + 46 : at + 46 + len(name)] != name:
        at = data.index(b"PK\1\2", at + 1)
    return at


def changed(name: bytes, place: int, value: bytes, local: int | None = None) -> Any:
    """The archive with other bytes in a member's entry, and in its header too."""

    def make(content: dict[str, bytes]) -> bytes:
        data = bytearray(zipped(content))
        at = entry(bytes(data), name)
        head = struct.unpack_from("<L", data, at + 42)[0]
        data[at + place : at + place + len(value)] = value
        if local is not None:
            data[head + local : head + local + len(value)] = value
        return bytes(data)

    return make


def overlapping(content: dict[str, bytes]) -> bytes:
    """Many members that are all one and the same compressed block."""
    data = zipped({**content, **{f"assets/{n:03}": b"" for n in range(200)}})
    data = bytearray(data)
    first = struct.unpack_from("<L", data, entry(bytes(data), WEIGHTS.encode()) + 42)[0]
    for number in range(200):
        at = entry(bytes(data), f"assets/{number:03}".encode())
        struct.pack_into("<L", data, at + 42, first)
    return bytes(data)


def two_directories(content: dict[str, bytes]) -> bytes:
    """A second archive in the comment of the first: readers differ in which they take."""
    inner = zipped({**content, "config.json": b"{}"})
    data = bytearray(zipped(content))
    struct.pack_into("<H", data, len(data) - 2, len(inner))
    return bytes(data) + inner


def bomb(content: dict[str, bytes]) -> bytes:
    return zipped({**content, WEIGHTS: bytes(900 << 10) * 1000}, compression=8)


def lying_bomb(content: dict[str, bytes]) -> bytes:
    """A member that declares a few bytes, and unpacks to many."""
    data = bytearray(zipped({**content, "config.json": bytes(64 << 20)}, compression=8))
    at = entry(bytes(data), b"config.json")
    head = struct.unpack_from("<L", data, at + 42)[0]
    struct.pack_into("<L", data, at + 24, 100)
    struct.pack_into("<L", data, head + 22, 100)
    return bytes(data)


ZIP: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "a symbolic link": with_member("assets/x", b"/etc/passwd", 0o120777),
    "a device": with_member("assets/x", b"", 0o060666),
    "a pipe": with_member("assets/x", b"", 0o010666),
    "an absolute name": renamed(b"/etc/passwd"),
    "a name that leads out": renamed(b"../../../../x"),
    "a name that leads out of assets": renamed(b"assets/../../x"),
    "a name with backslashes": renamed(b"assets\\..\\..\\x"),
    "a drive": renamed(b"C:/windows/x"),
    "a zero byte in a name": renamed(b"config.json\0.txt"),
    "a name of spaces": renamed(b"assets/ / "),
    "a name that is no text": renamed(b"\xff\xfe\xfd"),
    "a name twice": with_member("config.json", b"{}"),
    "a name in other letters": with_member("Config.JSON", b"{}"),
    "weights twice": with_member(WEIGHTS, b""),
    "files of layers": with_member("assets/vocabulary.txt", b"word"),
    "one block for many": overlapping,
    "two directories": two_directories,
    "something before": lambda content: b"MZ" * 50 + zipped(content),
    "something behind": lambda content: zipped(content) + b"x" * 100,
    "a bomb": bomb,
    "a bomb that lies": lying_bomb,
    "a bomb of many": lambda content: zipped(
        {**content, **{f"assets/{n}": bytes(1 << 20) for n in range(100)}}, compression=8),
    "encryption": changed(b"config.json", 8, b"\1", 6),
    "an unknown method": changed(b"config.json", 10, b"\x0c", 8),
    "a size beyond the file": changed(WEIGHTS.encode(), 20, b"\xff\xff\xff\x7f" * 2, 18),
    "a size of its own": changed(WEIGHTS.encode(), 20, struct.pack("<2L", 4, 4)),
    "a place beyond the file": changed(WEIGHTS.encode(), 42, b"\xff\xff\xff\x7f"),
    "another disk": changed(b"config.json", 34, b"\1"),
    "another name at its place": lambda content: zipped(content).replace(
        b"config.json", b"config.jsom", 1),
    "no directory": lambda content: zipped(content)[:-60],
    "no config": lambda content: zipped({k: v for k, v in content.items() if k != "config.json"}),
    "pickled weights": lambda content: zipped(
        {"model.weights.npz" if k == WEIGHTS else k: v for k, v in content.items()}),
    "no weights": lambda content: zipped({k: v for k, v in content.items() if k != WEIGHTS}),
    "weights that are a text": lambda content: zipped({**content, WEIGHTS: b"{}"}),
    "weights that are empty": lambda content: zipped({**content, WEIGHTS: b""}),
    "nothing": lambda content: b"",
    "an empty archive": lambda content: zipped({}),
    "more members than any model": lambda content: zipped(
        {**content, **{f"a/{n}": b"" for n in range(10_001)}}),
}  # fmt: skip


def zip_files(folder: Path, name: str, sound: Path) -> Pairs:
    path = folder / "m.keras"
    path.write_bytes(ZIP[name](members(sound / "row_foreign.keras")))
    # What layers keep beside their weights is none of those who read weights alone.
    return [(one, path) for one in MODELS if name != "files of layers" or "model" in one]


# -- folders --------------------------------------------------------------------------------------


def linked(name: str) -> Callable[[Path, Path], None]:
    def make(folder: Path, secret: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(secret)

    return make


def a_pipe(folder: Path, secret: Path) -> None:
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")


def linked_folder(folder: Path, secret: Path) -> None:
    shutil.rmtree(folder / "assets", ignore_errors=True)
    (folder / "assets").symlink_to(secret.parent)


def folders_without_end(folder: Path, secret: Path) -> None:
    place = folder / "assets"
    for _ in range(300):
        place = place / "deep"
    place.mkdir(parents=True)
    (place / "x").write_bytes(b"x")


FOLDERS: dict[str, Callable[[Path, Path], None]] = {
    "a linked config": linked("config.json"),
    "linked weights": linked(WEIGHTS),
    "linked metadata": linked("metadata.json"),
    "another link": linked("other"),
    "a linked folder": linked_folder,
    "a pipe": a_pipe,
    "folders without end": folders_without_end,
}
