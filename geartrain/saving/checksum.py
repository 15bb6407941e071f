"""CRC-32 of a large part of a file, on all cores.

A zip archive keeps the CRC-32 of each member. It is all that files of other writers have to tell
a damaged member by, so it is checked before any library sees the member's bytes.
"""

from __future__ import annotations

import zlib

from geartrain.saving.store import in_threads, read_exactly

_PIECE = 1 << 22
_POLYNOMIAL = 0xEDB88320

_Matrix = list[int]  # a linear map of 32 bits: what each bit becomes


def crc32_of(file: int, offset: int, size: int, what: str) -> int:
    """The CRC-32 of `size` bytes of a file, from `offset` on."""

    def work(piece: tuple[int, int, int]) -> int:
        _, start, stop = piece
        part = bytearray(stop - start)
        read_exactly(file, offset + start, memoryview(part), what)
        return zlib.crc32(part)

    pieces = [(0, start, min(start + _PIECE, size)) for start in range(0, size, _PIECE)]
    sums = list(in_threads(work, pieces))
    total, maps = 0, {}
    for (_, start, stop), own in zip(pieces, sums, strict=True):
        length = stop - start
        if length not in maps:
            maps[length] = _append_zeros(length)
        total = _times(maps[length], total) ^ own
    return total


def _append_zeros(count: int) -> _Matrix:
    """What `count` zero bytes after a text make of its CRC-32: the map of one bit, to that power.

    >>> before, after = zlib.crc32(b"text"), zlib.crc32(b"text" + bytes(100))
    >>> _times(_append_zeros(100), before) ^ zlib.crc32(bytes(100)) == after
    True
    """
    power: _Matrix = [_POLYNOMIAL, *(1 << bit for bit in range(31))]
    result: _Matrix = [1 << bit for bit in range(32)]
    bits = 8 * count
    while bits:
        if bits & 1:
            result = [_times(power, column) for column in result]
        power = [_times(power, column) for column in power]
        bits >>= 1
    return result


def _times(matrix: _Matrix, vector: int) -> int:
    total = 0
    for column in matrix:
        if not vector:
            break
        if vector & 1:
            total ^= column
        vector >>= 1
    return total
