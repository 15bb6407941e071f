"""CRC-32s of what is read or written in pieces, on all cores.

A zip archive keeps the CRC-32 of each member. It is all that files of other writers have to tell
a damaged member by, so it is checked before any library sees the member's bytes.

Bits are the coefficients of a polynomial over the numbers 0 and 1, the highest power in the lowest
bit; a CRC is the rest of a text, as such a polynomial, divided by a fixed one.
"""

from __future__ import annotations

import functools
import zlib

from geartrain.saving.store import in_threads, pieces_of, read_exactly

_PIECE = 1 << 22
_DIVISOR = 0xEDB88320
_ONE, _BYTE = 1 << 31, 1 << 23  # the polynomials 1, and x to the 8th


def crc32_of(file: int, offset: int, size: int, what: str) -> int:
    """The CRC-32 of `size` bytes of a file, from `offset` on."""

    def work(piece: tuple[int, int, int]) -> int:
        _, start, stop = piece
        part = bytearray(stop - start)
        read_exactly(file, offset + start, memoryview(part), what)
        return zlib.crc32(part)

    pieces = pieces_of([size], _PIECE)
    total = 0
    with in_threads(work, pieces) as sums:
        for (_, start, stop), own in zip(pieces, sums, strict=True):
            total = joined(total, own, stop - start)
    return total


def joined(first: int, second: int, length: int) -> int:
    """The CRC-32 of a text and of one of `length` bytes after it, by those of both.

    >>> joined(zlib.crc32(b"gear"), zlib.crc32(b"train"), 5) == zlib.crc32(b"geartrain")
    True
    """
    return _product(_shift(length), first) ^ second


@functools.lru_cache(1024)
def _shift(count: int) -> int:
    """What appending `count` bytes multiplies by: x to the 8th, to that power."""
    result, square = _ONE, _BYTE
    while count:
        if count & 1:
            result = _product(square, result)
        square = _product(square, square)
        count >>= 1
    return result


def _product(one: int, other: int) -> int:
    """The product of two polynomials, as the rest that the divisor leaves."""
    total = 0
    while one:
        if one & _ONE:
            total ^= other
        one = one << 1 & 0xFFFFFFFF
        other = other >> 1 ^ _DIVISOR if other & 1 else other >> 1
    return total
