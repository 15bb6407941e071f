"""A strict reader of NumPy's `.npz` archives, for arrays that are known beforehand.

An `.npz` is a zip archive of `.npy` members. NumPy's reader evaluates each member's header and
allocates what it declares. Here the caller says which members there are, of which shapes and
dtypes; the archive is compared with that, and only then is memory taken. The header is matched
as text, never evaluated, so an array of pickled objects is one more wrong dtype.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geartrain.errors import describe_value

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
        least = _byte_count(*expected[member.filename.removesuffix(".npy")])
        if not least <= member.file_size <= least + HEADER_ROOM:
            raise ValueError(
                f"{who}: expected {least} to {least + HEADER_ROOM} bytes. "
                f"Received: {member.file_size}."
            )


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
