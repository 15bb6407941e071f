"""Data sets that are published as files of their own: found on this machine, or downloaded.

They are looked for in the places of `geartrain.datasets.source`, then downloaded to Geartrain's
cache. Every file is known by its hash. A file of the right name and another content is taken where
no better one can be had, with a warning, so that a set of one's own in the same form works too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeVar

from geartrain import config
from geartrain.datasets import source
from geartrain.errors import shown, warn

T = TypeVar("T")
Contents = dict[str, bytes]


class Files(NamedTuple):
    """What there is to know of a data set of files.

    `parts` are the files by name, each with its hash in hexadecimal, SHA-256 or MD5; `largest` is
    more bytes than any of them, or the archive, has; `mirrors` are addresses of the one file, or of
    the archive; `folders` are where the files lie below a place, the first in the cache; `archives`
    are what a tar archive with all of them is called there, and `archive_hash` is its hash.
    """

    title: str
    parts: Mapping[str, str]
    largest: int
    mirrors: tuple[str, ...]
    folders: tuple[str, ...] = ("",)
    archives: tuple[str, ...] = ()
    archive_hash: str = ""


def places(files: Files) -> Iterator[source.Place]:
    """Every place on this machine in order, and what of the data set lies there."""
    for label, folder in source.roots():
        found = None if folder is None else _look_in(files, folder)
        note = "not set" if folder is None else "" if found else "no files of this name"
        yield source.Place(label, folder, found, note)


def load(
    files: Files, read: Callable[[Contents], T], path: str | os.PathLike[str] | None = None
) -> T:
    """What `read` makes of the files' contents: from `path`, a place on this machine, or a mirror.

    Args:
        files: what to load.
        read: makes arrays of the contents, by name; raises ValueError for what cannot be.
        path: a file, a folder or an archive to read; a bare name that exists nowhere means the
            usual places, as in Keras, where it names the file in the cache.

    Raises:
        FileNotFoundError: the data set is nowhere on this machine and cannot be downloaded, or
            `path` does not exist. The message lists every place.
        ValueError: what is at `path` is not the data set.
        TypeError: `path` is no path.
    """
    given = _given(files, path)
    if given is not None:
        return read(_contents(files, given))
    notes, other = [], None
    for place in places(files):
        note = place.note
        if place.found:
            try:
                contents = _contents(files, place.found)
                wrong = _wrong(files, contents)
                if not wrong:
                    return read(contents)
                note = f"{place.found} has another {wrong} than is published"
                other = other or place.found
            except (ValueError, OSError) as error:
                note = str(error).rstrip(".")
        notes.append(f"{place.label}{f' ({place.folder})' if place.folder else ''}: {note}")
    downloaded = _download(files, notes)
    if downloaded is not None:
        return read(downloaded)
    if other is None:
        raise FileNotFoundError(_not_found(files, notes))
    made = read(_contents(files, other))
    warn(
        f"{other} is not {files.title} as it is published, which cannot be downloaded: a hash "
        "differs. Its own content is taken."
    )
    return made


def _look_in(files: Files, root: Path) -> Path | None:
    """The folder in `root` with all files, or the archive, or the file itself; None without."""
    for below in (*files.folders, ""):
        if all((root / below / name).is_file() for name in files.parts):
            return root / below
    return next((root / one for one in files.archives if (root / one).is_file()), None)


def _contents(files: Files, found: Path) -> Contents:
    """The content of each file, none of them larger than it may be."""
    if found.is_dir():
        where = _look_in(files, found)
        if where is None:
            raise ValueError(
                f"{found}: expected the files of {files.title}: {', '.join(files.parts)}. "
                "Received a folder without them."
            )
        if where.is_dir():
            return {name: _read(files, where / name) for name in files.parts}
        found = where
    if files.archives:
        return _unpacked(files, _read(files, found), str(found))
    return dict.fromkeys(files.parts, _read(files, found))


def _read(files: Files, path: Path) -> bytes:
    size = path.stat().st_size
    if not path.is_file() or size > files.largest:
        kind = f"{size} bytes" if path.is_file() else "no regular file"
        raise ValueError(
            f"{path}: expected a file of at most {files.largest} bytes. Received: {kind}."
        )
    return path.read_bytes()


def _unpacked(files: Files, content: bytes, name: str) -> Contents:
    """The files in a tar archive."""
    import io
    import tarfile
    import zlib

    found: Contents = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for info in archive:
                part = PurePosixPath(info.name).name
                if part in files.parts and info.isfile() and info.size <= files.largest:
                    stream = archive.extractfile(info)
                    found[part] = stream.read() if stream else b""
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{name}: expected a whole tar archive. Received: {error}.") from error
    lacking = [part for part in files.parts if part not in found]
    if lacking:
        raise ValueError(
            f"{name}: expected the files of {files.title}. Received an archive without "
            f"{', '.join(lacking)}."
        )
    return found


def _wrong(files: Files, contents: Contents) -> str:
    """The first file that is not the published one; empty if all are."""
    return next((name for name, one in contents.items() if not _is(files.parts[name], one)), "")


def _is(digest: str, content: bytes) -> bool:
    import hashlib

    hasher = hashlib.sha256 if len(digest) == 64 else hashlib.md5
    return hasher(content, usedforsecurity=False).hexdigest() == digest


def _given(files: Files, path: str | os.PathLike[str] | None) -> Path | None:
    """The file or folder that the argument `path` names, or None for the usual places."""
    if path is None or path in files.parts:
        return None
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"load_data expected path to be a path. Received: {shown(path)}")
    given = Path(path).expanduser()
    for candidate in (given, *(root / given for _, root in source.roots() if root)):
        if candidate.exists():
            return candidate
    if given.name == str(given):
        return None
    raise FileNotFoundError(
        f"load_data expected path to be a file that exists. Received: {str(path)!r}. "
        f"Without path, {files.title} is looked for in the usual places and downloaded."
    )


def _download(files: Files, notes: list[str]) -> Contents | None:
    """Fetch, verify and keep the data set; None if no mirror has it, adding reasons to `notes`."""
    from geartrain.downloads.fetch import fetch

    for mirror in files.mirrors:
        try:
            content = fetch(mirror, files.largest)
            if files.archive_hash and not _is(files.archive_hash, content):
                raise ValueError(f"{mirror}: received another file than is published")
            contents = (
                _unpacked(files, content, mirror)
                if files.archives
                else dict.fromkeys(files.parts, content)
            )
            wrong = _wrong(files, contents)
            if wrong:
                raise ValueError(f"{mirror}: received another {wrong} than is published")
        except (ConnectionError, ValueError) as error:
            notes.append(str(error).rstrip("."))
            continue
        for name, one in contents.items():
            source.keep(config.cache_home() / "datasets" / files.folders[0] / name, one)
        return contents
    return None


def _not_found(files: Files, notes: list[str]) -> str:
    """The message that lists every place looked in, and what can be done."""
    looked = f"{files.title} was not found. Looked in:" + "".join(f"\n  {one}" for one in notes)
    names = ", ".join(files.parts)
    if files.archives:
        names = f"{files.archives[0]}, or the files {names},"
    folder = config.keras_home() / "datasets"
    return (
        f"{looked}\nDownload {files.mirrors[0]} where there is a network. Then put {names} into "
        f"{folder}, or set GEARTRAIN_DATA to the folder that has it."
    )
