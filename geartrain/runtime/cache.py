"""The cache of object code: one file an entry, checked by its hash before LLVM sees it.

LLVM cannot survive a damaged object, so nothing is loaded that is not, byte for byte, what was
written. A folder that others could write to is not used. Any problem costs one compilation.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import struct
from pathlib import Path

from geartrain import config, files
from geartrain._version import __version__

MAGIC = b"GEARTRAIN-CODE-1"
_HEADER = struct.Struct("<16s32s32sQ")  # magic, key, SHA-256 of the code, its length
MOST_BYTES = 256 * 2**20  # of all entries; the oldest go first


def key_of(*parts: str) -> bytes:
    """The name of an entry: the SHA-256 of all that the code depends on."""
    import hashlib

    digest = hashlib.sha256()
    for part in (__version__, *parts):
        data = part.encode()
        digest.update(struct.pack("<Q", len(data)) + data)
    return digest.digest()


def read(key: bytes) -> bytes | None:
    """The code of an entry; None if there is none, or none to be trusted."""
    folder = _folder()
    if folder is None:
        return None
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(folder / key.hex(), flags)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
                return None
            data = file.read(found.st_size)
    except OSError:
        return None
    return _checked(data, key)


def _checked(data: bytes, key: bytes) -> bytes | None:
    import hashlib

    if len(data) < _HEADER.size:
        return None
    magic, own_key, digest, length = _HEADER.unpack_from(data)
    code = data[_HEADER.size :]
    if magic != MAGIC or own_key != key or length != len(code):
        return None
    return code if hashlib.sha256(code).digest() == digest else None


def write(key: bytes, code: bytes) -> None:
    """Add an entry; whatever goes wrong, there is either a whole entry or none."""
    import hashlib

    folder = _folder()
    if folder is None:
        return
    header = _HEADER.pack(MAGIC, key, hashlib.sha256(code).digest(), len(code))
    with contextlib.suppress(OSError):
        with files.replacing(folder / key.hex(), private=True) as file:
            file.write(header + code)
        _make_room(folder)


def _make_room(folder: Path) -> None:
    """Remove the oldest entries beyond the bound."""
    entries = []
    with os.scandir(folder) as found:
        for entry in found:
            information = entry.stat(follow_symlinks=False)
            entries.append((information.st_mtime, information.st_size, entry.path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= MOST_BYTES:
            break
        Path(path).unlink(missing_ok=True)
        total -= size


def _folder() -> Path | None:
    """The folder of the entries, if it can be had and nobody else can write to it."""
    if os.environ.get("GEARTRAIN_CODE_CACHE") == "0":
        return None
    try:
        return _private(config.cache_home() / "code")
    except (OSError, RuntimeError):
        return None


@functools.lru_cache(maxsize=4)
def _private(folder: Path) -> Path | None:
    files.make_folder(folder, 0o700)
    found = os.lstat(folder)
    own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    closed = os.name != "posix" or stat.S_IMODE(found.st_mode) & 0o077 == 0
    return folder if stat.S_ISDIR(found.st_mode) and own and closed else None


def forget_folders() -> None:
    """Look at the folder afresh, after its place or its mode has changed."""
    _private.cache_clear()
