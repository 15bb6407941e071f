"""`get_file`: a file from the network or from this machine, kept in Keras's cache."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from geartrain import config, files
from geartrain.errors import shown, warn

_ALGORITHMS = ("auto", "md5", "sha256")
_SCHEMES = ("https", "http", "file")
_CHUNK = 1 << 20


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str | os.PathLike[str] = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file, downloaded if it is not in the cache, and extracted if asked for.

    A file is verified before it gets its name, so one that is damaged or cut short is never there;
    any number of processes may ask for one at once. Without a network, put the file at the path
    that the error names.

    Args:
        fname: the file's name in the cache; the last part of `origin` if None. With `extract`, a
            name without a dot is that of the folder, and the archive is `{fname}_archive`; else
            the folder is `{fname}_extracted`, `fname` up to its first dot.
        origin: an address of https, http or file.
        untar: `extract=True` and `archive_format="tar"`, as older versions of Keras have it.
        md5_hash: `file_hash` and `hash_algorithm="md5"`, as older versions of Keras have it.
        file_hash: what the file's hash must be, in hexadecimal.
        cache_subdir: the folder in the cache; an absolute one is taken as it is.
        hash_algorithm: `"sha256"`, `"md5"`, or `"auto"`, by the length of the hash.
        extract: whether the file is an archive to be extracted. Nothing is written outside of its
            folder.
        archive_format: `"tar"`, `"zip"`, `"auto"` for both, or a list of them.
        cache_dir: the cache; `$KERAS_HOME` if None, and `~/.keras` if that is unset.
        force_download: whether to download what is in the cache already.

    Returns:
        The path of the file, or of the folder with the extracted files.

    Raises:
        ConnectionError: `origin` cannot be had. The message has the path to put the file at.
        ValueError: the file has another hash, the archive is damaged, or an argument is wrong.
        OSError: the cache cannot be written.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source = Path(folder, "data.csv")
    ...     _ = source.write_text("1,2")
    ...     path = get_file(origin=source.as_uri(), cache_dir=folder)
    ...     PurePath(path).relative_to(folder).as_posix(), Path(path).read_text()
    ('datasets/data.csv', '1,2')
    """
    if not isinstance(origin, str):
        raise ValueError(
            f"get_file expected origin to be the address of the file. Received: {shown(origin)}"
        )
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    if hash_algorithm not in _ALGORITHMS:
        raise ValueError(
            f"get_file expected hash_algorithm to be one of {_ALGORITHMS}. "
            f"Received: {shown(hash_algorithm)}"
        )
    formats = _formats("tar" if untar else archive_format)
    folder = _cache(cache_dir) / cache_subdir
    files.make_folder(folder)
    names = _names(fname, origin, extract or untar)
    target = folder / names.file
    expected = Expected(file_hash, hash_algorithm)
    downloads = force_download or not _there(target, expected)
    if downloads:
        _download(origin, target, expected)
    if names.folder is None:
        return str(target)
    from geartrain.downloads import archives

    extracted = folder / names.folder
    if not archives.extract(target, extracted, formats, renew=downloads):
        warn(
            f"get_file expected {str(target)!r} to be an archive: {' or '.join(formats) or None}. "
            "Received a file of another kind, which was not extracted. Leave extract out."
        )
    return str(extracted)


class _Names(NamedTuple):
    """What a file is called in its folder, and the folder that it is extracted to, if it is."""

    file: str
    folder: str | None


class Expected(NamedTuple):
    """The hash that a file must have, if any."""

    value: str | None
    algorithm: str = "auto"

    def received(self, stream: BinaryIO) -> str | None:
        """The file's own hash where it is another, None where it is right."""
        import hashlib

        if self.value is None:
            return None
        long = self.algorithm == "sha256" or (self.algorithm == "auto" and len(self.value) == 64)
        hasher = hashlib.sha256() if long else hashlib.md5(usedforsecurity=False)
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
        return None if hasher.hexdigest() == self.value.lower() else hasher.hexdigest()


def _formats(given: str | Sequence[str] | None) -> Sequence[str]:
    from geartrain.downloads.archives import FORMATS

    formats = FORMATS if given == "auto" else [given] if isinstance(given, str) else given or ()
    if not set(formats) <= set(FORMATS):
        raise ValueError(
            f"get_file expected archive_format to be 'auto', None, or of {FORMATS}. "
            f"Received: {shown(given)}"
        )
    return formats


def _names(fname: str | os.PathLike[str] | None, origin: str, extracts: bool) -> _Names:
    name = os.fspath(fname) if fname else PurePath(urlsplit(origin).path).name
    if not name:
        raise ValueError(
            f"get_file expected the last part of origin to be a file's name. Received: {origin!r}. "
            "Give the name as fname."
        )
    if PurePath(name).name != name or name == "..":
        raise ValueError(
            f"get_file expected fname to be a name without folders. Received: {shown(name)}. "
            "Give the folder as cache_dir and cache_subdir."
        )
    if not extracts:
        return _Names(name, None)
    if fname and "." in name:
        return _Names(name, f"{name.partition('.')[0]}_extracted")
    return _Names(f"{name}_archive", name)


def _cache(chosen: str | os.PathLike[str] | None) -> Path:
    """The cache, made if need be; where that cannot be written, one of this user for a while."""
    folder = config.keras_home() if chosen is None else Path(chosen).expanduser()
    with contextlib.suppress(OSError):
        files.make_folder(folder)
    if os.access(folder, os.W_OK):
        return folder
    user = os.getuid() if hasattr(os, "getuid") else 0
    instead = Path(tempfile.gettempdir(), f".keras-{user}")
    files.make_folder(instead, mode=0o700)
    if hasattr(os, "getuid") and instead.lstat().st_uid != user:
        raise PermissionError(
            f"get_file expected {str(folder)!r}, or else {str(instead)!r}, to be a folder of this "
            "user that can be written. Give another one as cache_dir."
        )
    return instead


def _there(target: Path, expected: Expected) -> bool:
    """Whether the file is in the cache, as it should be."""
    if not target.is_file():
        return False
    with target.open("rb") as stream:
        received = expected.received(stream)
    if received is not None:
        warn(
            f"{str(target)!r} has the hash {received} instead of {expected.value}: it is damaged, "
            "or another file. It is downloaded again."
        )
    return received is None


def _download(origin: str, target: Path, expected: Expected) -> None:
    from geartrain.downloads.fetch import copy

    try:
        with files.replacing(target) as stream:
            copy(origin, stream, schemes=_SCHEMES)
            stream.seek(0)
            received = expected.received(stream)
            if received is not None:
                raise ValueError(
                    "get_file: Incomplete or corrupted file detected: expected "
                    f"{origin} to have the hash {expected.value}. Received a file with the hash "
                    f"{received}. Nothing was kept."
                )
    except ConnectionError as error:
        raise ConnectionError(
            f"get_file could not download {error}. Without a network, put the file at "
            f"{str(target)!r}."
        ) from error
