"""The SHA-256 of all bytes of an HDF5 file that belong to no tensor, and where a file keeps it.

In a model it stands in `metadata.json`. A file of weights alone has it behind its end, where the
HDF5 library does not look; a program that adds to the file does so behind this footer, which is
none any more then, and the digests of the tensors are what is left:

    the HDF5 file
    {"places": [[offset, bytes], ...], "structure": "..."}   of the tensors, and the SHA-256
    8 bytes   the length of that text
    8 bytes   "geartrai"

It is checked before the HDF5 library sees the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from geartrain.saving import plain
from geartrain.saving.store import read_exactly

_MAGIC = b"geartrai"
_TAIL = 8 + len(_MAGIC)
_PIECE = 1 << 20


def between(places: Sequence[Sequence[int]], size: int) -> list[tuple[int, int]]:
    """The ranges of bytes before, between and behind places.

    >>> between([[4, 2], [6, 3]], 12)
    [(0, 4), (6, 6), (9, 12)]
    """
    starts = [start for start, _ in places] + [size]
    stops = [0] + [start + count for start, count in places]
    return list(zip(stops, starts, strict=True))


def changed(what: str) -> ValueError:
    """The error for a part of a file that is not what it was."""
    return ValueError(
        f"{what} was damaged or changed since it was saved: its SHA-256 is another. Get the file "
        "again, or load an older one."
    )


def check_structure(
    file: int, offset: int, size: int, places: list[list[int]], written: str, what: str
) -> None:
    """Refuse an HDF5 file whose bytes around the tensors were changed.

    Args:
        file, offset, size: the descriptor of the file that holds it, and where it is there.
        places: `[offset, bytes]` of each tensor.
        written: the SHA-256 that was written.
        what: what it is, for errors.
    """
    found = hashlib.sha256()
    for start, stop in between(places, size):
        if not 0 <= start <= stop <= size:
            raise changed(f"{what}: the list of its tensors")
        for at in range(start, stop, _PIECE):
            piece = bytearray(min(_PIECE, stop - at))
            read_exactly(file, offset + at, memoryview(piece), what)
            found.update(piece)
    if found.hexdigest() != written:
        raise changed(f"{what}, outside of its tensors,")


def are_places(value: object) -> bool:
    """Whether plain data list places."""
    return isinstance(value, list) and all(
        isinstance(one, list) and [type(number) for number in one] == [int, int] for one in value
    )


def footer(places: list[list[int]], structure: str) -> bytes:
    """What stands behind the end of a file of weights."""
    text = plain.dump({"places": places, "structure": structure})
    return text + len(text).to_bytes(8, "little") + _MAGIC


def without_footer(file: int, offset: int, size: int, what: str) -> int:
    """The bytes of an HDF5 file before its footer, once the digest is known to be right.

    A file without a footer is another program's: it is taken as it is.
    """
    tail = bytearray(_TAIL)
    if size < _TAIL:
        return size
    read_exactly(file, offset + size - _TAIL, memoryview(tail), what)
    if tail[8:] != _MAGIC:
        return size
    length = int.from_bytes(tail[:8], "little")
    end = size - _TAIL - length
    if end < 0 or length > plain.MOST_BYTES:
        raise changed(f"{what}: the list of its tensors")
    text = bytearray(length)
    read_exactly(file, offset + end, memoryview(text), what)
    try:
        found = plain.parse(bytes(text), what)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not are_places(found.get("places")):
        raise changed(f"{what}: the list of its tensors")
    check_structure(file, offset, end, found["places"], str(found.get("structure")), what)
    return end


def end_of(head: bytes) -> int | None:
    """Where an HDF5 file says that it ends; None for the oldest form, which other programs write.

    Args:
        head: its first 36 bytes.
    """
    return int.from_bytes(head[28:36], "little") if head[8:9] in (b"\2", b"\3") else None
