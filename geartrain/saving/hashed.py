"""Tensors written to their places in a file, and hashed meanwhile.

Hashing takes longer than writing, so neither waits for the other: this thread writes, and lets the
disk begin; the other cores hash. What holds the digests is written afterwards.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

import numpy as np

from geartrain.files import bring_to_disk
from geartrain.saving.checksum import joined
from geartrain.saving.store import bytes_of, in_threads, is_large, pieces_of

NO_DIGEST = "0" * 64  # stands for a digest that is not known yet


@dataclass
class Hashed:
    """What is known of a tensor once it is written.

    Attributes:
        digest: its SHA-256 (see `store`) in hexadecimal.
        checksum: its CRC-32; 0 if nobody asked for it.
    """

    digest: str
    checksum: int


def write_hashed(
    stream: IO[bytes], placed: Iterable[tuple[int, np.ndarray]], checksums: bool = False
) -> list[Hashed]:
    """Write arrays at their places in a stream; what their digests are.

    Args:
        stream: what to write to, at any place.
        placed: `(place, array)` of each.
        checksums: whether to compute CRC-32s too.
    """
    starts, arrays = zip(*placed, strict=True) if (placed := list(placed)) else ((), ())
    buffers = [bytes_of(np.ascontiguousarray(array)) for array in arrays]

    def work(piece: tuple[int, int, int]) -> tuple[bytes, int]:
        number, start, stop = piece
        part = buffers[number][start:stop]
        return hashlib.sha256(part).digest(), zlib.crc32(part) if checksums else 0

    pieces = pieces_of(map(len, buffers))
    digests, sums = [b""] * len(buffers), [0] * len(buffers)
    with in_threads(work, pieces) as done:
        for start, buffer in zip(starts, buffers, strict=True):
            stream.seek(start)
            stream.write(buffer)
        if is_large(sum(map(len, buffers))):
            bring_to_disk(stream)
        for (number, start, stop), (digest, checksum) in zip(pieces, done, strict=True):
            digests[number] += digest
            sums[number] = joined(sums[number], checksum, stop - start) if checksums else 0
    return [
        Hashed(hashlib.sha256(parts).hexdigest(), checksum)
        for parts, checksum in zip(digests, sums, strict=True)
    ]
