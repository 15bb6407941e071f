"""The IDX format of MNIST, read strictly and written: an array behind a short header.

| bytes | meaning |
| --- | --- |
| 0, 1 | zero |
| 2 | element type: 8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14 float64 |
| 3 | rank |
| 4 a axis | the axis's size, a signed 32-bit integer, most significant byte first |
| the rest | the elements, last axis fastest, most significant byte first |

A reader that trusts the header can be made to allocate what the header says. This one compares
the header with the length of the file first, and never decompresses more than the header allows.
"""

from __future__ import annotations

import io
import math
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_DTYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_CODES = {np.dtype(text).newbyteorder("="): code for code, text in _DTYPES.items()}
_MAXIMUM_RANK = 8
_GZIP_MAGIC = b"\x1f\x8b"
# Deflate spends at least two bits on a copy of 258 bytes, so it cannot shrink data further.
_DEFLATE_RATIO = 1032


def read_idx(
    source: str | os.PathLike[str] | bytes,
    *,
    shape: tuple[int, ...] | None = None,
    dtype: str | None = None,
    name: str | None = None,
) -> np.ndarray[Any, Any]:
    """Read one IDX array, compressed by gzip or not.

    Args:
        source: the file's path, or its whole content as bytes.
        shape: the shape that is expected; anything else is refused before memory is taken.
        dtype: the element type that is expected, such as `"uint8"`.
        name: what errors call the source; its path if None.

    Returns:
        A new array in this machine's byte order.

    Raises:
        ValueError: the content is not exactly one IDX array, or not the expected one.
        OSError: the file cannot be read.

    >>> import numpy as np
    >>> read_idx(encode_idx(np.array([[1, 2], [3, 4]], "uint8")))
    array([[1, 2],
           [3, 4]], dtype=uint8)
    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 9]) + b"1234567")
    Traceback (most recent call last):
    ValueError: IDX bytes: expected 9 bytes of elements for shape (9,) of uint8. Received: 7.
    """
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), len(source), name or "IDX bytes", shape, dtype)
    path = Path(source)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path}: expected a regular file. Received another kind.")
    with path.open("rb") as file:
        return _read(file, status.st_size, name or str(path), shape, dtype)


def encode_idx(array: np.ndarray[Any, Any]) -> bytes:
    """The IDX file, uncompressed, that holds `array`: the inverse of `read_idx`.

    Raises:
        ValueError: IDX has no code for the array's dtype, or the rank is not 1 to 8.

    >>> import numpy as np
    >>> encode_idx(np.array([7, 8], "uint8")).hex(" ")
    '00 00 08 01 00 00 00 02 07 08'
    """
    header = encode_header(array)
    return header + array.astype(_DTYPES[header[2]], copy=False).tobytes()


def encode_header(array: np.ndarray[Any, Any]) -> bytes:
    """The bytes that come before the elements in the IDX file of `array`; errors as above.

    >>> import numpy as np
    >>> encode_header(np.zeros((2, 3), "uint8")).hex(" ")
    '00 00 08 02 00 00 00 02 00 00 00 03'
    """
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        known = ", ".join(str(dtype) for dtype in _CODES)
        raise ValueError(f"encode_idx expected one of the dtypes {known}. Received: {array.dtype}.")
    if not 1 <= array.ndim <= _MAXIMUM_RANK:
        raise ValueError(f"encode_idx expected 1 to {_MAXIMUM_RANK} axes. Received: {array.ndim}.")
    return bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">i4").tobytes()


def _read(
    file: BinaryIO, size: int, name: str, shape: tuple[int, ...] | None, dtype: str | None
) -> np.ndarray[Any, Any]:
    """Read from an open file of `size` bytes: gzip is told by its first two bytes."""
    import gzip
    import zlib

    compressed = file.read(2) == _GZIP_MAGIC
    file.seek(0)
    if not compressed:
        return _read_plain(file, size, False, name, shape, dtype)
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            return _read_plain(stream, size * _DEFLATE_RATIO, True, name, shape, dtype)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{name}: expected a whole gzip file. Received a damaged one: {error}"
        ) from error


def _read_plain(
    stream: Any,
    size: int,
    size_is_bound: bool,
    name: str,
    shape: tuple[int, ...] | None,
    dtype: str | None,
) -> np.ndarray[Any, Any]:
    """Read header and elements from a stream of exactly, or at most, `size` bytes."""
    found_shape, found_dtype, header_size = _read_header(stream, name)
    native = found_dtype.newbyteorder("=")
    if shape is not None and found_shape != tuple(shape):
        raise ValueError(f"{name}: expected shape {tuple(shape)}. Received: {found_shape}.")
    if dtype is not None and native != np.dtype(dtype):
        raise ValueError(f"{name}: expected dtype {dtype}. Received: {native}.")
    expected = math.prod(found_shape) * found_dtype.itemsize
    received = size - header_size
    wanted = f"{name}: expected {expected} bytes of elements for shape {found_shape} of {native}."
    if received < expected or (received > expected and not size_is_bound):
        at_most = "at most " if size_is_bound else ""
        raise ValueError(f"{wanted} Received: {at_most}{received}.")
    elements = np.empty(expected, "u1")
    count = stream.readinto(memoryview(elements)) if expected else 0
    if count != expected:
        raise ValueError(f"{wanted} Received: {count}.")
    # At its end a gzip stream compares its checksum; another byte means that more would come.
    if stream.read(1):
        raise ValueError(f"{wanted} Received more.")
    return elements.view(found_dtype).reshape(found_shape).astype(native, copy=False)


def _read_header(stream: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """The shape, the dtype in the file's byte order, and the number of bytes of the header."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        raise ValueError(
            f"{name}: expected an IDX file, which starts with 00 00, an element type of "
            f"{', '.join(f'{code:02x}' for code in _DTYPES)}, and the rank. "
            f"Received: {magic.hex(' ') or 'nothing'}."
        )
    rank = magic[3]
    if not 1 <= rank <= _MAXIMUM_RANK:
        raise ValueError(f"{name}: expected 1 to {_MAXIMUM_RANK} axes. Received: {rank}.")
    raw = stream.read(4 * rank)
    if len(raw) != 4 * rank:
        raise ValueError(
            f"{name}: expected {4 * rank} bytes for the sizes of {rank} axes. Received: {len(raw)}."
        )
    shape = tuple(int(axis) for axis in np.frombuffer(raw, ">i4"))
    if min(shape) < 0:
        raise ValueError(f"{name}: expected sizes of at least 0. Received shape {shape}.")
    return shape, np.dtype(_DTYPES[magic[2]]), 4 + 4 * rank
