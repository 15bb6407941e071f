"""Records one after another in a file, each with its length and checksums: the form of TFRecord.

A record is framed as its length (8 bytes), a checksum of these, its bytes, and a checksum of those.
The checksum is CRC-32C, turned and shifted so that checksums of data that hold some are no worse.
Source: tensorflow.org, tutorials/load_data/tfrecord, "TFRecords format details".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

import numpy as np

_DIVISOR = 0x82F63B78  # of Castagnoli
_LANES = 256  # parts of a long text that are divided side by side
_LONG = 16384
_LIMIT = 1 << 31  # bytes of a record


def framed(data: bytes) -> bytes:
    """A record as it stands in a file.

    >>> framed(b"").hex(" ", 4)
    '00000000 00000000 29039807 d8ea82a2'
    """
    head = struct.pack("<Q", len(data))
    return b"".join((head, _checksum(head), data, _checksum(data)))


def records(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The records of a file, each checked.

    Args:
        stream: the file.
        name: what errors call it.

    Raises:
        ValueError: a record is cut off, or its checksum is another.

    >>> import io
    >>> list(records(io.BytesIO(framed(b"one") + framed(b"two")), "a file"))
    [b'one', b'two']
    """
    number = 0
    while head := stream.read(12):
        number += 1
        if len(head) < 12 or _checksum(head[:8]) != head[8:]:
            raise _damaged(name, number, "a length with its checksum", len(head))
        (length,) = struct.unpack("<Q", head[:8])
        if length > _LIMIT:
            raise _damaged(name, number, f"at most {_LIMIT} bytes", length)
        body = stream.read(length + 4)
        data = body[:length]
        if len(body) < length + 4 or _checksum(data) != body[length:]:
            raise _damaged(name, number, f"{length} bytes with their checksum", len(body))
        yield data


def _damaged(name: str, number: int, expected: str, received: int) -> ValueError:
    return ValueError(
        f"{name}: expected {expected} in record {number}. Received: {received} bytes that do not "
        "fit. The file is damaged, or no file of TFRecords."
    )


def _checksum(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def crc32c(data: bytes) -> int:
    """The CRC-32C of some bytes, as in RFC 3720.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    if len(data) >= _LONG:
        return _of_many(data)
    table, register = _tables()[0], 0xFFFFFFFF
    for byte in data:
        register = table[(register ^ byte) & 255] ^ register >> 8
    return register ^ 0xFFFFFFFF


def _of_many(data: bytes) -> int:
    """The same by parts of equal lengths, which are joined at the end; zeros in front are free."""
    size = -(-len(data) // _LANES)
    parts = np.zeros(_LANES * size, np.uint8)
    parts[-len(data) :] = np.frombuffer(data, np.uint8)
    parts[-len(data) :][:4] ^= 255  # as a register does that starts with ones
    parts = np.concatenate([parts.reshape(_LANES, size), np.zeros((32, size), np.uint8)])
    # beside the parts, what becomes of each bit of a register when as many zeros follow
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    registers = np.concatenate([np.zeros(_LANES, np.uint32), bits])
    table = _tables()[1]
    for column in np.ascontiguousarray(parts.T):
        registers = table[(registers ^ column) & 255] ^ registers >> 8
    moved, total = registers[_LANES:], 0
    for register in registers[:_LANES].tolist():
        ones = moved[[bit for bit in range(32) if total >> bit & 1]]
        total = int(np.bitwise_xor.reduce(ones)) ^ register
    return total ^ 0xFFFFFFFF


@cache
def _tables() -> tuple[list[int], np.ndarray]:
    """The rest that each byte leaves."""
    rests = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        rests = rests >> 1 ^ np.where(rests & 1, np.uint32(_DIVISOR), np.uint32(0))
    return rests.tolist(), rests
