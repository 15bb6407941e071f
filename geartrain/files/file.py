"""Replacing a file, and adding lines to one."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

from geartrain.files.others import writes
from geartrain.files.place import IS_WHOLE, Place, take_over

_BUFFER = 1 << 17


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], private: bool = False) -> Iterator[BinaryIO]:
    """A binary stream whose content becomes the file `path` when the block ends without error.

    The stream can be read and positioned too, so that `zipfile` and `h5py` can write to it. Until
    the end, the file is as it was before; afterwards the new content is on the disk. If anything
    fails, in the block or here, the former file is whole and nothing else is left behind.

    A file that is replaced keeps its permissions; a new one gets what `open` would give. A symbolic
    link stays, and the file that it names is replaced. Other hard links keep the former content.

    Args:
        path: the file. Its folder must be there.
        private: whether only the user may read the file; a link in its place is then replaced.

    Raises:
        OSError: the file cannot be written (a full disk, no permission, no such folder, a folder in
            its place); the message names the file, what failed, what is there now and a remedy.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder, "file")) as stream:
    ...         _ = stream.write(b"content")
    ...     Path(folder, "file").read_bytes()
    b'content'
    """
    if not writes():
        import tempfile

        with tempfile.TemporaryFile() as lost:
            yield lost
        return
    place = Place(path, follow=not private)
    with place.reporting():
        former = place.former_file()
        raw = _Raw(place.temporary, 0o600 if private or former else 0o666)
    stream = io.BufferedRandom(raw, _BUFFER)
    try:
        if former is not None and not private:
            with place.reporting():
                take_over(place.temporary, former)
        try:
            yield stream
        finally:
            if raw.failure is not None:
                raise place.error(raw.failure) from raw.failure
        with place.reporting():
            stream.flush()
            os.fsync(raw.fileno())
            stream.close()
            place.temporary.replace(place.target)
    except BaseException:
        raw.abandon()
        with contextlib.suppress(OSError):
            stream.close()
        with contextlib.suppress(OSError):
            place.temporary.unlink()
        raise
    place.finish()


def bring_to_disk(stream: IO[bytes]) -> None:
    """Bring what was written so far to the disk, where the stream is a file's."""
    raw = getattr(stream, "raw", None)
    if isinstance(raw, io.FileIO):
        stream.flush()
        raw.sync() if isinstance(raw, _Raw) else _sync_data(raw)


def _sync_data(file: io.FileIO) -> None:
    """Bring a file's bytes to the disk, but not its dates where the system knows the difference."""
    (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(file.fileno())


def append_lines(path: str | os.PathLike[str], lines: bytes) -> None:
    r"""Add whole lines to the end of a file, made if need be: all of them or none.

    A last line that somebody has left without its end gets it first.

    Raises:
        OSError: the file cannot be written; it is as it was before.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for line in (b"one\n", b"two\n"):
    ...         append_lines(Path(folder, "file"), line)
    ...     Path(folder, "file").read_bytes()
    b'one\ntwo\n'
    """
    _append(path, lines, _completing)


def append(path: str | os.PathLike[str], data: bytes, lasting: bool = True) -> None:
    """Add bytes to the end of a file, made if need be: all of them or none.

    Args:
        path: the file.
        data: the bytes.
        lasting: whether to wait until they are on the disk. Else they are safe from all but a loss
            of power, which can leave a part of them.

    Raises:
        OSError: the file cannot be written; it is as it was before.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for data in (b"one", b"two"):
    ...         append(Path(folder, "file"), data)
    ...     Path(folder, "file").read_bytes()
    b'onetwo'
    """
    _append(path, data, lambda file, length: b"", lasting)


def cut(path: str | os.PathLike[str], length: int) -> None:
    r"""Remove what a file holds behind its first `length` bytes.

    Raises:
        OSError: the file is shorter, or cannot be written; it is as it was before.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     append(Path(folder, "file"), b"one\ntwo\n")
    ...     cut(Path(folder, "file"), 4)
    ...     Path(folder, "file").read_bytes()
    b'one\n'
    """
    if not writes():
        return
    place = Place(path)
    with place.reporting():
        former = place.former_file()
        found = 0 if former is None else former.st_size
        if found < length:
            raise OSError(errno.EINVAL, f"expected at least {length} bytes, it has {found}")
        if former is not None and found > length:
            with place.target.open("rb+", buffering=0) as file:
                file.truncate(length)
                os.fsync(file.fileno())


def _completing(file: io.FileIO, lines: bytes) -> bytes:
    """The end of the last line of a file, where it lacks one."""
    if not lines or not file.seek(0, os.SEEK_END):
        return b""
    file.seek(-1, os.SEEK_END)
    if file.read(1) == b"\n":
        return b""
    return b"\r\n" if lines.endswith(b"\r\n") else b"\n"


def _append(
    path: str | os.PathLike[str],
    data: bytes,
    before: Callable[[io.FileIO, bytes], bytes],
    lasting: bool = True,
) -> None:
    """Add `data` to a file, and in front of it what `before` says of the file and the data."""
    if not writes():
        return
    place = Place(path)
    with place.reporting():
        is_new = place.former_file() is None
    if is_new:
        with replacing(path) as stream:
            stream.write(data)
        return
    with place.reporting():
        file = place.target.open("ab+", buffering=0)
        try:
            _append_whole(file, before(file, data) + data, place, lasting)
        finally:
            with contextlib.suppress(OSError):  # all is on the disk already, or all is undone
                file.close()


def _append_whole(file: io.FileIO, data: bytes, place: Place, lasting: bool) -> None:
    length = file.seek(0, os.SEEK_END)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        if lasting:
            os.fsync(file.fileno())
    except BaseException:
        place.state = "A part of what is new may have been added."
        file.truncate(length)
        place.state = IS_WHOLE
        raise


class _Raw(io.FileIO):
    """A new file that remembers its first failure: whoever writes to it may swallow that.

    After a failure it takes nothing more, so that good bytes never follow a gap.
    """

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__(path, "x+", opener=lambda name, flags: os.open(name, flags, mode))
        self.failure: OSError | None = None
        self._abandoned = False

    def abandon(self) -> None:
        """From now on lose what is written: a buffer that still holds some can then be closed."""
        self._abandoned = True

    def write(self, data: Any) -> Any:
        return self._unless_failed(super().write, data, memoryview(data).nbytes)

    def sync(self) -> None:
        self._unless_failed(_sync_data, self, None)

    def truncate(self, size: int | None = None) -> Any:
        return self._unless_failed(super().truncate, size, size)

    def _unless_failed(self, call: Callable[[Any], Any], argument: Any, if_abandoned: Any) -> Any:
        if self._abandoned:
            return if_abandoned
        if self.failure is not None:
            raise self.failure
        while True:
            try:
                return call(argument)
            except InterruptedError:  # which Python takes care of, but for `truncate`
                continue
            except OSError as error:
                self.failure = error
                raise
