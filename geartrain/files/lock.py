"""A folder that one process at a time may write to."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from geartrain.files.place import make_folder

_held: set[str] = set()  # by this process, to which the system would give a lock again


class FolderLock:
    """A lock on a folder, held until it is released or the process ends, however it ends.

    The system keeps it, on a file `lock` in the folder; the file tells the process's number.

    Args:
        folder: the folder, made if need be.

    Raises:
        BlockingIOError: another process has the lock, or another part of this one; the error's
            `pid` attribute is its number, 0 if that is not known.
        OSError: the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._path = os.path.realpath(folder)
        if self._path in _held:
            raise _taken(os.getpid())
        self._file: Any = io.FileIO(str(Path(self._path, "lock")), "a+")
        try:
            _lock(self._file)
        except OSError as error:
            self._file.seek(0)
            found = self._file.read(32).split()
            self._file.close()
            raise _taken(int(found[0]) if found and found[0].isdigit() else 0) from error
        _held.add(self._path)
        self._file.truncate(0)
        self._file.write(b"%d\n" % os.getpid())

    def release(self) -> None:
        """Let others have it."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None
            _held.discard(self._path)


def _taken(pid: int) -> BlockingIOError:
    error = BlockingIOError(f"the folder is in use by process {pid or 'unknown'}")
    error.pid = pid  # type: ignore[attr-defined]
    return error


def _lock(file: Any) -> None:
    """Lock a file for this process, but not for those that it forks; OSError if it is locked."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(1 << 30)  # a byte behind the text, which others may read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
