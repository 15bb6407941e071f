"""Where something is written, under which name until it is whole, and how a failure is told."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from geartrain.files.others import writes

_LEFT_OVER = re.compile(r"\..*\.geartrain-[0-9a-f]{16}\.part")
_LEFT_OVER_SECONDS = 3600.0
_MOST_NAME_BYTES = 200  # of a name of up to 255 bytes: the rest is for what is put around it

IS_NOT_THERE = "Nothing was left there."
IS_WHOLE = "What was there before is whole."

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


class Place:
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
        self.state = IS_NOT_THERE

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
        self.state = IS_WHOLE
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
            sync_folder(self.target.parent)
        with contextlib.suppress(OSError):
            _remove_left_overs(self.target.parent)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse now what cannot be written later, as far as that can be known.

    The file's folder may be missing: then it must be possible to make it.

    Raises:
        OSError: as `replacing` would raise it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     check_writable(Path(folder, "later", "file"))
    ...     check_writable(folder)
    Traceback (most recent call last):
    IsADirectoryError: ...: it is a folder. What was there before is whole. Name a file, ...
    """
    place = Place(path)
    with place.reporting():
        place.former_file()
        folder = _nearest_folder(place.target.parent)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, f"{str(folder)!r} must not be written")


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
    if not writes():
        return
    place = Place(path)
    with place.reporting():
        folder = _nearest_folder(place.target)
        for part in place.target.relative_to(folder).parts:
            folder /= part
            folder.mkdir(mode if folder == place.target else 0o777, exist_ok=True)
            sync_folder(folder.parent)


def _nearest_folder(path: Path) -> Path:
    """`path`, or the nearest of the folders around it that is there."""
    found = next(one for one in (path, *path.parents) if os.path.lexists(one))
    if not found.is_dir():
        raise OSError(errno.ENOTDIR, f"{str(found)!r} is a file")
    return found


def take_over(temporary: Path, former: os.stat_result) -> None:
    """Give the new file or folder the owner and the permissions of the former one."""
    own = temporary.stat()
    if (own.st_uid, own.st_gid) != (former.st_uid, former.st_gid):
        with contextlib.suppress(PermissionError):  # as after a copy made by another user
            os.chown(temporary, former.st_uid, former.st_gid)
    temporary.chmod(stat.S_IMODE(former.st_mode))


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, on systems that let one open a folder."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_tree(folder: Path) -> None:
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
                remove_tree(path)
            else:
                path.unlink()
