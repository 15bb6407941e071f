"""Files and folders that are written whole or not at all, and that last once they are written.

All that the library writes goes through here. What is new is written under another name in the
same folder, brought to the disk, and renamed: whoever looks, at any moment, after a full disk,
`kill -9` or a loss of power, finds the former file or the new one, never a mix and never none.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

_BUFFER = 1 << 17
_LEFT_OVER = re.compile(r"\..*\.geartrain-[0-9a-f]{16}\.part")
_LEFT_OVER_SECONDS = 3600.0
_MOST_NAME_BYTES = 200  # of a name of up to 255 bytes: the rest is for what is put around it

_IS_NOT_THERE = "Nothing was left there."
_IS_WHOLE = "What was there before is whole."

_ROOM = "Make room on the disk, or write elsewhere."
_RIGHTS = "Change the permissions, or write to a folder of your own."
_REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.ENOENT: "Make its folder first, or write elsewhere.",
    errno.ENOTDIR: "Choose another path.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.EINVAL: "Name a regular file, or one that is not there yet.",
    errno.ENOTEMPTY: "Choose another path, or remove the folder yourself.",
}


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
    place = _Place(path, follow=not private)
    with place.reporting():
        former = place.former_file()
        raw = _Raw(place.temporary, 0o600 if private or former else 0o666)
    stream = io.BufferedRandom(raw, _BUFFER)
    try:
        if former is not None and not private:
            with place.reporting():
                _take_over(place.temporary, former)
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


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike[str], members: Collection[str] = ()) -> Iterator[Path]:
    """A new folder that takes the place of the folder `path` when the block ends without error.

    Until the end, the former folder is as it was; afterwards the new one, with all that is in it,
    is on the disk. If anything fails, the former folder is whole and nothing else is left behind.
    The two are exchanged in one step where the system can do that (Linux, on most file systems).
    Elsewhere the former one is renamed aside first, so that a kill just then leaves both whole and
    neither under its name: the former one is called `.NAME.geartrain-….former` meanwhile.

    A former folder is removed with all its files, so it must hold nothing but `members`.

    Args:
        path: the folder. The one around it must be there.
        members: the names of files and folders that may be in a former folder.

    Raises:
        OSError: the folder cannot be written, a file is in its place, or it holds other files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as around:
    ...     with replacing_folder(Path(around, "folder")) as folder:
    ...         _ = Path(folder, "file").write_bytes(b"content")
    ...     Path(around, "folder", "file").read_bytes()
    b'content'
    """
    place = _Place(path)
    with place.reporting():
        former = place.former_folder(members)
        place.temporary.mkdir()
    try:
        if former is not None:
            with place.reporting():
                _take_over(place.temporary, former)
        with place.reporting(unless_elsewhere=True):
            yield place.temporary
        with place.reporting():
            _sync_tree(place.temporary)
            if former is None:
                place.temporary.rename(place.target)
            else:
                _exchange(place)
    except BaseException:
        _remove_tree(place.temporary)
        raise
    try:
        place.finish()
    finally:
        _remove_tree(place.temporary)  # the former folder's name since the exchange


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
    place = _Place(path)
    with place.reporting():
        is_new = place.former_file() is None
    if is_new:
        with replacing(path) as stream:
            stream.write(lines)
        return
    with place.reporting():
        file = place.target.open("ab+", buffering=0)
        try:
            _append_lines(file, lines, place)
        finally:
            with contextlib.suppress(OSError):  # all is on the disk already, or all is undone
                file.close()


def _append_lines(file: io.FileIO, lines: bytes, place: _Place) -> None:
    length = file.seek(0, os.SEEK_END)
    if length and lines:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            lines = (b"\r\n" if lines.endswith(b"\r\n") else b"\n") + lines
    try:
        rest = memoryview(lines)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except BaseException:
        place.state = "A part of the new lines may have been added."
        file.truncate(length)
        place.state = _IS_WHOLE
        raise


def make_folder(path: str | os.PathLike[str], mode: int = 0o777) -> None:
    """Make a folder and those around it, as far as they are missing, so that they last.

    Raises:
        OSError: a file is in the way, or the folder around cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_folder(Path(folder, "a", "b"))
    ...     Path(folder, "a", "b").is_dir()
    True
    """
    place = _Place(path)
    missing = []
    folder = place.target
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = folder.parent
    with place.reporting():
        if not folder.is_dir():
            raise OSError(errno.ENOTDIR, f"{str(folder)!r} is a file")
        for folder in reversed(missing):
            folder.mkdir(mode if folder == place.target else 0o777, exist_ok=True)
            _sync_folder(folder.parent)


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


class _Place:
    """Where something goes, what it is called until it is whole, and how a failure is told."""

    def __init__(self, path: str | os.PathLike[str], follow: bool = True) -> None:
        self.path = os.fspath(path)
        # Where links lead, so that the links themselves stay.
        self.target = Path(os.path.realpath(path)) if follow else Path(path).absolute()
        name = os.fsdecode(os.fsencode(self.target.name)[:_MOST_NAME_BYTES])
        start = f".{name}.geartrain-{os.urandom(8).hex()}"
        self.temporary = self.target.with_name(f"{start}.part")
        self.aside = self.target.with_name(f"{start}.former")
        self._follow = follow
        self.state = _IS_NOT_THERE

    def former_file(self) -> os.stat_result | None:
        """The file that is there, if it can be replaced; None if there is none."""
        found = self._found()
        if found is not None and stat.S_ISDIR(found.st_mode):
            raise OSError(errno.EISDIR, "it is a folder")
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is a device or a pipe")
        return found

    def former_folder(self, members: Collection[str]) -> os.stat_result | None:
        """The folder that is there, if it can be replaced; None if there is none."""
        found = self._found()
        if found is None:
            return None
        if not stat.S_ISDIR(found.st_mode):
            raise OSError(errno.ENOTDIR, "it is a file")
        others = sorted({one.name for one in self.target.iterdir()} - set(members))
        if others:
            raise OSError(errno.ENOTEMPTY, f"it holds other files, such as {others[0]!r}")
        return found

    def _found(self) -> os.stat_result | None:
        try:
            found = Path(self.path).stat() if self._follow else self.target.lstat()
        except FileNotFoundError:
            return None
        self.state = _IS_WHOLE
        if stat.S_ISLNK(found.st_mode):
            return None
        if not os.access(self.target, os.W_OK):
            raise OSError(errno.EACCES, "it must not be written")
        return found

    @contextlib.contextmanager
    def reporting(self, unless_elsewhere: bool = False) -> Iterator[None]:
        """Turn the system's errors into ones that say what is there now, and what to do.

        With `unless_elsewhere`, but for errors about other files than the temporary ones.
        """
        try:
            yield
        except OSError as error:
            at = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
            if unless_elsewhere and at is not None and not at.startswith(str(self.temporary)):
                raise
            raise self.error(error) from error

    def error(self, error: OSError) -> OSError:
        """The error with the path, the state of what is there and a remedy."""
        while isinstance(error.__cause__, OSError):  # of a file in a folder that is replaced
            error = error.__cause__
        code = error.errno or errno.EIO
        remedy = _REMEDIES.get(code, "Write elsewhere, or look after the disk.")
        reason = error.strerror or str(error)
        return OSError(code, f"cannot write {self.path!r}: {reason}. {self.state} {remedy}")

    def finish(self) -> None:
        """Make the new name last, and remove what killed processes have left in the folder."""
        self.state = "It has its new content, which a loss of power could undo."
        with self.reporting():
            _sync_folder(self.target.parent)
        with contextlib.suppress(OSError):
            _remove_left_overs(self.target.parent)


def _take_over(temporary: Path, former: os.stat_result) -> None:
    """Give the new file or folder the owner and the permissions of the former one."""
    own = temporary.stat()
    if (own.st_uid, own.st_gid) != (former.st_uid, former.st_gid):
        with contextlib.suppress(PermissionError):  # as after a copy made by another user
            os.chown(temporary, former.st_uid, former.st_gid)
    temporary.chmod(stat.S_IMODE(former.st_mode))


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, on systems that let one open a folder."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    """Bring all files and folders in a folder, and itself, to the disk."""
    for name, _, files in os.walk(folder, topdown=False):
        for file in files:
            with Path(name, file).open("rb+") as opened:
                os.fsync(opened.fileno())
        _sync_folder(Path(name))


def _exchange(place: _Place) -> None:
    """Exchange the new folder and the former one: in one step if the system can do that."""
    if _exchange_at_once(place.temporary, place.target):
        return
    place.target.rename(place.aside)
    try:
        place.temporary.rename(place.target)
    except BaseException:
        place.aside.rename(place.target)
        raise
    with contextlib.suppress(OSError):
        place.aside.rename(place.temporary)


def _exchange_at_once(first: Path, second: Path) -> bool:
    """Exchange two names by Linux's renameat2; False if it, or the file system, cannot do it."""
    import ctypes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # another system, or an old C library
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if rename(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code))


def _remove_tree(folder: Path) -> None:
    """Remove a folder as far as possible: what cannot be removed is in nobody's way."""
    import shutil

    with contextlib.suppress(OSError):  # a folder's descriptor that does not close
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_overs(folder: Path) -> None:
    """Remove what processes that were killed in the middle left an hour ago or earlier."""
    with os.scandir(folder) as found:
        left_overs = [Path(entry.path) for entry in found if _LEFT_OVER.fullmatch(entry.name)]
    for path in left_overs:
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            status = path.lstat()
            if time.time() - status.st_mtime < _LEFT_OVER_SECONDS:
                continue
            if stat.S_ISDIR(status.st_mode):
                _remove_tree(path)
            else:
                path.unlink()
