"""Hashes of many strings at once: FarmHash64 and SipHash-2-4, as TensorFlow numbers strings by.

Sources: Google's FarmHash, `Fingerprint64`, 2014; Aumasson and Bernstein, "SipHash: a fast
short-input PRF", 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

U64 = np.uint64
_K0, _K1, _K2 = U64(0xC3A5C85C97CB3127), U64(0xB492B66FBE98F273), U64(0x9AE16A3B2F90404F)
_CAT = U64(0xC6A4A7935BD1E995)
# Of strings of one length: where the bytes from a place on are, as one number each.
Fetch = Callable[[int], np.ndarray]


def farmhash64(strings: Sequence[Any]) -> np.ndarray:
    """The 64-bit FarmHash fingerprint of each string: of texts that of their bytes in UTF-8.

    >>> farmhash64([b"", b"hello"])
    array([11160318154034397263, 13009744463427800296], dtype=uint64)
    """
    return _by_length(strings, _farmhash_of_rows)


def siphash64(strings: Sequence[Any], key: Sequence[int]) -> np.ndarray:
    """The SipHash-2-4 of each string, for a key of two 64-bit numbers.

    >>> siphash64([b"hello"], (0, 0))
    array([10142490492830962361], dtype=uint64)
    """
    low, high = (U64(part % (1 << 64)) for part in key)
    return _by_length(strings, lambda rows: _siphash_of_rows(rows, low, high))


def combined(first: Any, second: np.ndarray) -> np.ndarray:
    """One fingerprint of two, as TensorFlow's `FingerprintCat64` makes it."""
    with np.errstate(over="ignore"):
        result = np.asarray(first, U64) ^ _CAT
        result = (result ^ _mixed(second.astype(U64) * _CAT) * _CAT) * _CAT
        return _mixed(_mixed(result) * _CAT)


def _joined(strings: Sequence[Any]) -> tuple[bytes, np.ndarray]:
    """The bytes of all strings, and how many each has."""
    if strings and isinstance(strings[0], str):
        text = "".join(strings)
        if not text.isascii():
            return _joined([one.encode() for one in strings])
        content = text.encode()
    else:
        content = b"".join(strings)
    return content, np.fromiter(map(len, strings), np.int64, len(strings))


def _by_length(strings: Sequence[Any], function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`function` of the bytes of all strings of a length as one array, for each length."""
    joined, lengths = _joined(strings)
    ends = lengths.cumsum()
    content = np.frombuffer(joined, np.uint8)
    hashes = np.empty(len(strings), U64)
    with np.errstate(over="ignore"):
        for length in np.flatnonzero(np.bincount(lengths)).tolist():
            chosen = np.flatnonzero(lengths == length)
            places = (ends[chosen] - length)[:, None] + np.arange(length)
            hashes[chosen] = function(content[places])
    return hashes


def _number_at(rows: np.ndarray, place: int, size: int = 8) -> np.ndarray:
    """`size` bytes of each row from a place on, as a little-endian number."""
    part = np.ascontiguousarray(rows[:, place : place + size])
    return part.view(f"<u{size}")[:, 0].astype(U64)


def _rotated(x: np.ndarray, by: int) -> np.ndarray:
    """The bits moved to the right, around the end."""
    return x >> U64(by) | x << U64(64 - by)


def _mixed(x: np.ndarray) -> np.ndarray:
    return x ^ x >> U64(47)


def _of_two(u: np.ndarray, v: np.ndarray, factor: Any) -> np.ndarray:
    a = _mixed((u ^ v) * factor)
    return _mixed((v ^ a) * factor) * factor


def _farmhash_of_rows(rows: np.ndarray) -> np.ndarray:
    count, length = rows.shape
    factor = _K2 + U64(2 * length)

    def at(place: int) -> np.ndarray:
        return _number_at(rows, place)

    if length == 0:
        return np.full(count, _K2)
    if length < 4:
        first, middle, last = (rows[:, i].astype(U64) for i in (0, length >> 1, length - 1))
        y, z = first + (middle << U64(8)), U64(length) + (last << U64(2))
        return _mixed(y * _K2 ^ z * _K0) * _K2
    if length < 8:
        a, b = _number_at(rows, 0, 4), _number_at(rows, length - 4, 4)
        return _of_two(U64(length) + (a << U64(3)), b, factor)
    if length <= 16:
        a, b = at(0) + _K2, at(length - 8)
        return _of_two(_rotated(b, 37) * factor + a, (_rotated(a, 25) + b) * factor, factor)
    if length <= 64:
        return _farmhash_of_middle(at, length, factor)
    return _farmhash_of_long(at, length, count)


def _farmhash_of_middle(at: Fetch, length: int, factor: Any) -> np.ndarray:
    a, b = at(0) * (_K1 if length <= 32 else _K2), at(8)
    c, d = at(length - 8) * factor, at(length - 16) * _K2
    y = _rotated(a + b, 43) + _rotated(c, 30) + d
    z = _of_two(y, a + _rotated(b + _K2, 18) + c, factor)
    if length <= 32:
        return z
    e, f = at(16) * factor, at(24)
    g, h = (y + at(length - 32)) * factor, (z + at(length - 24)) * factor
    return _of_two(_rotated(e + f, 43) + _rotated(g, 30) + h, e + _rotated(f + a, 18) + g, factor)


def _weak(at: Fetch, place: int, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    w, x, y, z = (at(place + 8 * number) for number in range(4))
    a = a + w
    total = a + x + y
    return total + z, _rotated(b + a + z, 21) + _rotated(total, 44) + a


def _farmhash_of_long(at: Fetch, length: int, count: int) -> np.ndarray:
    zeros = np.zeros(count, U64)
    y = zeros + U64(81) * _K1 + U64(113)
    z = _mixed(y * _K2 + U64(113)) * _K2
    x = U64(81) * _K2 + at(0)
    v1, v2, w1, w2 = zeros, zeros, zeros, zeros
    rest = (length - 1) & 63
    for place in [*range(0, length - 1 - rest, 64), length - 64]:
        last = place == length - 64
        factor: Any = _K1
        times = U64(9 if last else 1)
        if last:
            factor = _K1 + ((z & U64(0xFF)) << U64(1))
            w1 = w1 + U64(rest)
            v1 = v1 + w1
            w1 = w1 + v1
        x = _rotated(x + y + v1 + at(place + 8), 37) * factor
        y = _rotated(y + v2 + at(place + 48), 42) * factor
        x = x ^ w2 * times
        y = y + v1 * times + at(place + 40)
        z = _rotated(z + w1, 33) * factor
        v1, v2 = _weak(at, place, v2 * factor, x + w1)
        w1, w2 = _weak(at, place + 32, z + w2, y + at(place + 16))
        z, x = x, z
    return _of_two(
        _of_two(v1, w1, factor) + _mixed(y) * _K0 + z, _of_two(v2, w2, factor) + x, factor
    )


def _siphash_of_rows(rows: np.ndarray, low: Any, high: Any) -> np.ndarray:
    count, length = rows.shape
    padded = np.zeros((count, length // 8 * 8 + 8), np.uint8)
    padded[:, :length] = rows
    padded[:, -1] = length & 0xFF
    state = [
        np.full(count, key ^ U64(start))
        for key, start in (
            (low, 0x736F6D6570736575), (high, 0x646F72616E646F6D),
            (low, 0x6C7967656E657261), (high, 0x7465646279746573),
        )
    ]  # fmt: skip
    for place in range(0, padded.shape[1], 8):
        word = _number_at(padded, place)
        state[3] = state[3] ^ word
        state = _sip_round(_sip_round(state))
        state[0] = state[0] ^ word
    state[2] = state[2] ^ U64(0xFF)
    for _ in range(4):
        state = _sip_round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_round(state: list[np.ndarray]) -> list[np.ndarray]:
    a, b, c, d = state
    a, c = a + b, c + d
    b, d = _rotated(b, 64 - 13) ^ a, _rotated(d, 64 - 16) ^ c
    a, c = _rotated(a, 32) + d, c + b
    b, d = _rotated(b, 64 - 17) ^ c, _rotated(d, 64 - 21) ^ a
    return [a, b, _rotated(c, 32), d]
