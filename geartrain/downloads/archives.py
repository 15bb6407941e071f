"""Extracting tar and zip archives that others made: nothing lands outside of the folder.

Only files and folders are made. What a link in a tar archive names is copied; devices, pipes, links
out of the archive and paths that lead out of the folder are passed over with a warning.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, NamedTuple

from geartrain import files
from geartrain.errors import warn

_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


class Member(NamedTuple):
    """A file in an archive, its path there and its content; None for a folder."""

    path: PurePosixPath
    stream: IO[bytes] | None


def extract(
    archive: Path, folder: Path, formats: Sequence[str] = ("tar", "zip"), renew: bool = True
) -> bool:
    """Extract an archive into a folder; whether it is of one of the formats.

    A folder that is not there yet appears with all its files. In one that is, each file is replaced
    whole, and what is not in the archive stays.

    Args:
        archive: a tar archive, compressed or not, or a zip archive.
        folder: where its files go. The folder around it must be there.
        formats: of `"tar"` and `"zip"`, what is tried.
        renew: whether files that are there already, and as large, are replaced too.

    Raises:
        ValueError: the archive is damaged, or encrypted; a new folder is not made then.
        OSError: a file cannot be written.
    """
    for format in formats:
        matches, opens, members = _READERS[format]
        if not matches(archive):
            continue
        try:
            with opens(archive) as opened:
                _write(members(opened), folder, renew)
        except (*_DAMAGED, RuntimeError) as error:  # of zipfile, for what is encrypted
            raise ValueError(
                f"{archive}: expected a whole {format} archive. Received: {error}. "
                "Remove it, and get it again."
            ) from error
        return True
    return False


def _write(members: Iterator[Member], folder: Path, renew: bool) -> None:
    if not folder.exists():
        files.write_folder(folder, members)
        return
    for member in members:
        path = folder / member.path
        files.make_folder(path.parent if member.stream else path)
        if member.stream is None:
            continue
        if renew or not path.is_file() or path.stat().st_size != member.stream.seek(0, 2):
            member.stream.seek(0)
            with files.replacing(path) as target:
                shutil.copyfileobj(member.stream, target)


def _tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    for info in archive:
        path = _inside(info.name)
        if path is not None and info.isdir():
            yield Member(path, None)
            continue
        try:
            stream = archive.extractfile(info) if path is not None else None
        except KeyError:  # a link to what is not in the archive
            stream = None
        if path is None or stream is None:
            _pass_over(info.name)
            continue
        with stream:
            yield Member(path, stream)


def _zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        path = _inside(info.filename)
        if path is None:
            _pass_over(info.filename)
        elif info.is_dir():
            yield Member(path, None)
        else:
            with archive.open(info) as stream:
                yield Member(path, stream)


def _inside(name: str) -> PurePosixPath | None:
    """The path of a member below the folder; None if it leads out of it.

    >>> _inside("a/./b.txt"), _inside("../b.txt"), _inside("/b.txt"), _inside(r"C:\\b.txt")
    (PurePosixPath('a/b.txt'), None, None, None)
    """
    path = PurePosixPath(name)
    windows = PureWindowsPath(name)
    if path.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        return None
    return path


def _pass_over(name: str) -> None:
    warn(
        f"{name!r} in the archive is passed over: it is no file, or lies outside of the folder "
        "that the archive is extracted to."
    )


# For each format what recognises a file, opens it, and gives its members.
_READERS: dict[str, tuple[Callable[[Path], bool], Callable[[Path], Any], Callable[..., Any]]] = {
    "tar": (tarfile.is_tarfile, tarfile.open, _tar_members),
    "zip": (zipfile.is_zipfile, zipfile.ZipFile, _zip_members),
}
FORMATS = tuple(_READERS)
