"""Replacing a folder with all that is in it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePath
from typing import IO

from geartrain.files.others import writes
from geartrain.files.place import Place, remove_tree, sync_folder, take_over


@contextlib.contextmanager
def replacing_folder(
    path: str | os.PathLike[str], members: Collection[str] = (), *, many: bool = False
) -> Iterator[Path]:
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
        many: whether there are so many files that all which the system holds is brought to the disk
            in one call, where it can do that: each file by itself takes milliseconds.

    Raises:
        OSError: the folder cannot be written, a file is in its place, or it holds other files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as around:
    ...     with replacing_folder(Path(around, "folder")) as folder:
    ...         _ = Path(folder, "file").write_bytes(b"content")
    ...     Path(around, "folder", "file").read_bytes()
    b'content'
    """
    if not writes():
        import tempfile

        with tempfile.TemporaryDirectory() as lost:
            yield Path(lost)
        return
    place = Place(path)
    with place.reporting():
        former = place.former_folder(members)
        place.temporary.mkdir()
    try:
        if former is not None:
            with place.reporting():
                take_over(place.temporary, former)
        with place.reporting(unless_elsewhere=True):
            yield place.temporary
        with place.reporting():
            if many and hasattr(os, "sync"):
                os.sync()
            else:
                _sync_tree(place.temporary)
            if former is None:
                place.temporary.rename(place.target)
            else:
                _exchange(place)
    except BaseException:
        remove_tree(place.temporary)
        raise
    try:
        place.finish()
    finally:
        remove_tree(place.temporary)  # the former folder's name since the exchange


def write_folder(
    path: str | os.PathLike[str], members: Iterable[tuple[PurePath, IO[bytes] | None]]
) -> None:
    """Make a folder with any number of files, which appears with all of them or not at all.

    Args:
        path: the folder. The one around it must be there; the folder itself must be empty, if it
            is there.
        members: the path of each file below the folder, and a stream of its content, None for an
            empty folder.

    Raises:
        OSError: the folder cannot be written, or holds files.

    >>> import io, tempfile
    >>> with tempfile.TemporaryDirectory() as around:
    ...     write_folder(Path(around, "folder"), [(PurePath("a/b"), io.BytesIO(b"content"))])
    ...     Path(around, "folder", "a", "b").read_bytes()
    b'content'
    """
    import shutil  # which imports much

    with replacing_folder(path, many=True) as folder:
        for below, stream in members:
            target = folder / below
            (target if stream is None else target.parent).mkdir(parents=True, exist_ok=True)
            if stream is not None:
                with target.open("wb") as file:
                    shutil.copyfileobj(stream, file)


def _sync_tree(folder: Path) -> None:
    """Bring all files and folders in a folder, and itself, to the disk."""
    for name, _, files in os.walk(folder, topdown=False):
        for file in files:
            with Path(name, file).open("rb+") as opened:
                os.fsync(opened.fileno())
        sync_folder(Path(name))


def _exchange(place: Place) -> None:
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
