"""A strict reader of NumPy's `.npz` archives, for arrays that are known beforehand.

An `.npz` is a zip archive of `.npy` members. NumPy's reader evaluates each member's header and
allocates what it declares. Here the caller says which members there are, of which shapes and
dtypes; the archive is compared with that, and only then is memory taken. The header is matched
as text, never evaluated, so an array of pickled objects is one more wrong dtype.
"""

from __future__ import annotations

import io
import math
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geartrain.datasets.pickles import read_pickle
from geartrain.errors import describe_value, shown

if TYPE_CHECKING:
    import zipfile

_MAGIC = b"\x93NUMPY"
HEADER_ROOM = 4096
# What NumPy writes. Python 2 on some systems wrote its long integers as 60000L.
_HEADER = re.compile(
    rb"\{'descr': '(?P<descr>[^']{1,16})', 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(?:\d{1,19}L?, ?)*(?:\d{1,19}L?)?)\), ?\} *\n?"
)

Expected = Mapping[str, tuple[tuple[int, ...], str]]


def read_npz(
    source: str | os.PathLike[str] | bytes, expected: Expected, *, name: str | None = None
) -> dict[str, np.ndarray[Any, Any]]:
    """Read exactly the arrays that are expected from an `.npz` archive.

    Args:
        source: the archive's path, or its whole content as bytes.
        expected: for each array its name, shape and dtype, as in `{"x": ((2, 3), "uint8")}`.
        name: what errors call the source; its path if None.

    Returns:
        A dictionary from name to a new array.

    Raises:
        ValueError: the archive is damaged, or holds anything else than the expected arrays.
        OSError: the file cannot be read.

    >>> import io, numpy as np
    >>> file = io.BytesIO()
    >>> np.savez(file, x=np.arange(3, dtype="uint8"))
    >>> read_npz(file.getvalue(), {"x": ((3,), "uint8")})
    {'x': array([0, 1, 2], dtype=uint8)}
    >>> read_npz(file.getvalue(), {"x": ((2, 2), "uint8")}, name="a.npz")
    Traceback (most recent call last):
    ValueError: a.npz, member x.npy: expected shape (2, 2), dtype uint8. Received: shape (3,), \
dtype uint8.
    """
    import zipfile
    import zlib

    name = name or ("npz bytes" if isinstance(source, bytes) else str(source))
    if not isinstance(source, bytes):
        source = _read_file(Path(source), expected, name)
    try:
        with _open_archive(source) as archive:
            _check_directory(archive, expected, name)
            return {
                key: _read_member(archive, f"{key}.npy", shape, np.dtype(dtype), name)
                for key, (shape, dtype) in expected.items()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise ValueError(f"{name}: expected a whole .npz archive. Received: {error}") from error


def read_loose(
    content: bytes, kinds: Mapping[str, str], limit: int, *, name: str = "npz bytes"
) -> dict[str, np.ndarray[Any, Any]]:
    """Read arrays of known names and of any shapes from an `.npz` archive.

    Arrays of objects are read by `geartrain.datasets.pickles`, which knows data alone.

    Args:
        content: the whole archive.
        kinds: for each array its name, and of which kinds its elements may be, by the letters of
            `numpy.dtype.kind`: `"iu"` for whole numbers, `"O"` for objects.
        limit: the number of bytes above which an array is refused.
        name: what errors call the archive.

    Raises:
        ValueError: the archive is damaged, or holds anything else than such arrays.

    >>> import io, numpy as np
    >>> file = io.BytesIO()
    >>> np.savez(file, x=np.array([[1, 2], [3]], object), y=np.array([5, 6]))
    >>> read_loose(file.getvalue(), {"x": "O", "y": "iu"}, 1000)
    {'x': array([list([1, 2]), list([3])], dtype=object), 'y': array([5, 6])}
    """
    import zipfile
    import zlib

    try:
        with _open_archive(content) as archive:
            _check_names(archive, kinds, name)
            return {
                key: _read_loosely(archive, f"{key}.npy", kind, limit, name)
                for key, kind in kinds.items()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise ValueError(f"{name}: expected a whole .npz archive. Received: {error}") from error


def _read_loosely(
    archive: zipfile.ZipFile, member: str, kinds: str, limit: int, name: str
) -> np.ndarray[Any, Any]:
    who = f"{name}, member {member}"
    size = archive.getinfo(member).file_size
    if size > limit:
        raise ValueError(f"{who}: expected at most {limit} bytes. Received: {size}.")
    with archive.open(member) as stream:
        shape, text, columns_first = read_header(stream, who)
        dtype = np.dtype(text) if re.fullmatch("[<>|][biufO][0-9]{0,2}", text) else None
        if dtype is None or dtype.kind not in kinds:
            raise ValueError(
                f"{who}: expected elements of the kinds {kinds!r}. Received: {shown(text)}."
            )
        content = stream.read(limit + 1)
    if dtype.hasobject:
        array = read_pickle(content, who)
        if type(array) is not np.ndarray or array.dtype != dtype:
            raise ValueError(f"{who}: expected an array of objects. Received: another object.")
        return array
    if math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(
            f"{who}: expected the elements of shape {shape}, dtype {dtype}. "
            f"Received: {len(content)} bytes."
        )
    array = np.frombuffer(content, dtype).astype(dtype.newbyteorder("="))
    return array.reshape(shape, order="F" if columns_first else "C")


def _read_file(path: Path, expected: Expected, name: str) -> bytes:
    """The content of the file, unless it is larger than the arrays stored without compression."""
    limit = (1 << 16) + sum(_byte_count(*array) + HEADER_ROOM for array in expected.values())
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{name}: expected a regular file. Received another kind.")
    if status.st_size > limit:
        raise ValueError(f"{name}: expected at most {limit} bytes. Received: {status.st_size}.")
    return path.read_bytes()


def _open_archive(content: bytes) -> zipfile.ZipFile:
    """Read the archive's directory. A damaged name or offset can raise a bare ValueError."""
    import zipfile

    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except ValueError as error:
        raise zipfile.BadZipFile(str(error)) from error


def _byte_count(shape: tuple[int, ...], dtype: str) -> int:
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize


def _check_directory(archive: zipfile.ZipFile, expected: Expected, name: str) -> None:
    """Refuse an archive whose directory is not that of the expected arrays."""
    _check_names(archive, expected, name)
    for member in archive.infolist():
        least = _byte_count(*expected[member.filename.removesuffix(".npy")])
        if not least <= member.file_size <= least + HEADER_ROOM:
            raise ValueError(
                f"{name}, member {member.filename}: expected {least} to {least + HEADER_ROOM} "
                f"bytes. Received: {member.file_size}."
            )


def _check_names(archive: zipfile.ZipFile, expected: Iterable[str], name: str) -> None:
    """Refuse an archive with other members, or with such as are packed in other ways."""
    import zipfile

    members = archive.infolist()
    wanted = sorted(f"{key}.npy" for key in expected)
    received = sorted(member.filename for member in members)
    if received != wanted:
        raise ValueError(
            f"{name}: expected the members {wanted}. Received: {describe_value(received)}."
        )
    for member in members:
        who = f"{name}, member {member.filename}"
        if member.flag_bits & 1:
            raise ValueError(f"{who}: expected no encryption. Received an encrypted member.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(
                f"{who}: expected it stored or deflated. "
                f"Received compression type {member.compress_type}."
            )
        if member.header_offset < 0:
            raise ValueError(f"{who}: expected it inside the file. Received a negative offset.")


def _read_member(
    archive: zipfile.ZipFile,
    member: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    name: str,
) -> np.ndarray[Any, Any]:
    """Read one `.npy` member: header, comparison, elements, and nothing after them."""
    who = f"{name}, member {member}"
    with archive.open(member) as stream:
        found_shape, found_dtype, columns_first = read_header(stream, who)
        if columns_first:
            raise ValueError(f"{who}: expected rows first (C order). Received Fortran order.")
        if found_shape != shape or found_dtype != dtype.str:
            received = found_dtype if found_dtype != dtype.str else dtype.name
            raise ValueError(
                f"{who}: expected shape {shape}, dtype {dtype.name}. "
                f"Received: shape {found_shape}, dtype {received}."
            )
        array = np.empty(shape, dtype)
        count = stream.readinto(memoryview(array).cast("B")) if array.size else 0
        # Reading to the end makes the archive compare its checksum.
        if count != array.nbytes or stream.read(1):
            more = "more" if count == array.nbytes else str(count)
            raise ValueError(f"{who}: expected {array.nbytes} bytes of elements. Received: {more}.")
    return array


def read_header(stream: Any, who: str) -> tuple[tuple[int, ...], str, bool]:
    """The shape, the dtype and whether columns come first, of a `.npy` header, by text alone."""
    start = stream.read(8)
    if start[:6] != _MAGIC or start[6:7] not in (b"\1", b"\2", b"\3"):
        raise ValueError(f"{who}: expected a .npy array. Received bytes {start.hex(' ')}.")
    length_size = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(length_size), "little")
    if length > HEADER_ROOM:
        raise ValueError(
            f"{who}: expected at most {HEADER_ROOM} bytes of header. Received: {length}."
        )
    text = stream.read(length)
    match = _HEADER.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{who}: expected a header with descr, fortran_order and shape. "
            f"Received: {describe_value(text)}."
        )
    shape = tuple(int(axis) for axis in re.findall(rb"\d+", match["shape"]))
    return shape, match["descr"].decode("latin-1"), match["fortran"] == b"True"
