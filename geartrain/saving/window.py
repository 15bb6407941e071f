"""The window through which the HDF5 library sees a file: it can read nothing else, and no trap.

The library trusts some of what it reads so far that a damaged file keeps it busy for ever, or makes
it read memory that is not its own. What is known of that is looked at here, when it is read.
"""

from __future__ import annotations

import io
import re
from functools import cached_property
from typing import Any

from geartrain.saving.store import read_exactly

_HEAP = re.compile(rb"GCOL\x01.{3}(.{8})", re.DOTALL)  # a heap of texts begins so, with its size
_HEAP_BEGINS, _HEAP_HEADER = b"GCOL\x01", 16
_NAMES_BEGIN, _NO_PLACE = b"HEAP", (1 << 64) - 1


class Placed(io.RawIOBase):
    """A file that knows its size, and the place where it is read or written next."""

    def __init__(self, size: int) -> None:
        self.size, self._place = size, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._place = offset + (0, self._place, self.size)[whence]
        return self._place

    def tell(self) -> int:
        """The place."""
        return self._place


class Window(Placed):
    """A part of a file, as a file of its own that can only be read.

    Args:
        file: the file's descriptor.
        offset, size: where the part begins, and its bytes.
        what: what it is, for errors.
    """

    def __init__(self, file: int, offset: int, size: int, what: str) -> None:
        super().__init__(size)
        self.file, self.offset, self.what = file, offset, what
        self._sound_heaps: set[int] = set()
        self._names: dict[int, tuple[int, int]] = {}  # a heap of names, and where its bytes are

    def readinto(self, buffer: Any) -> int:
        """Read on from the place, up to the end of the part."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self.size - self._place))
        read_exactly(self.file, self.offset + self._place, view[:count], self.what)
        self._check_heaps(self._place, view[:count])
        if view[:4] == _NAMES_BEGIN:
            self._check_names(self._place)
        self._place += count
        return count

    def part(self, start: int, stop: int) -> bytes:
        """The bytes from one place to another, as far as there are any."""
        start = max(0, start)
        piece = bytearray(max(0, min(stop, self.size) - start))
        read_exactly(self.file, self.offset + start, memoryview(piece), self.what)
        return bytes(piece)

    def _check_heaps(self, place: int, read: memoryview) -> None:
        """Refuse heaps of texts in which the library would turn in a circle for ever."""
        around = len(_HEAP_BEGINS) - 1  # a heap may begin in one reading and go on in the next
        text = self.part(place - around, place) + bytes(read)
        text += self.part(place + len(read), place + len(read) + around)
        at = text.find(_HEAP_BEGINS)
        while at >= 0:
            start = max(0, place - around) + at
            if start not in self._sound_heaps:
                self._check_heap(start)
                self._sound_heaps.add(start)
            at = text.find(_HEAP_BEGINS, at + 1)

    def _check_heap(self, start: int) -> None:
        """Follow the texts of a heap: `number, uses, 4 bytes, size, text` up to its end."""
        heap = self.part(start, start + _HEAP_HEADER)
        size = int.from_bytes(heap[8:], "little")
        heap = self.part(start, start + size) if size <= self.size - start else b""
        at = _HEAP_HEADER
        while at + _HEAP_HEADER <= len(heap):
            taken = int.from_bytes(heap[at + 8 : at + 16], "little")
            if heap[at : at + 2] != b"\0\0":  # number 0 is what is free, header and all
                taken = _HEAP_HEADER + -(-taken // 8) * 8
            at += taken
            if taken < _HEAP_HEADER or at > len(heap):
                break
        if not heap or not len(heap) - _HEAP_HEADER < at <= len(heap):
            raise OSError(f"the texts at byte {start} do not follow each other up to their end")

    def _check_names(self, start: int) -> None:
        """Refuse a heap of names that shares bytes with another, or whose free parts make a circle.

        It is read as `"HEAP", 4 bytes, size, first free place, place of the bytes`; a free part
        begins with the place of the next one, 1 for none, and its size.
        """
        heap = self.part(start, start + 32)
        size, free, place = (int.from_bytes(heap[at : at + 8], "little") for at in (8, 16, 24))
        self._names[start] = place, place + size
        alone = all(
            place >= stop or place + size <= begin or other == start
            for other, (begin, stop) in self._names.items()
        )
        names = self.part(place, place + size) if alone and place + size <= self.size else b""
        left = len(names) // _HEAP_HEADER  # free parts that there is room for
        while free != 1 and left and free + _HEAP_HEADER <= len(names):
            free, left = int.from_bytes(names[free : free + 8], "little"), left - 1
        if free not in (1, _NO_PLACE) or len(names) < size:
            raise OSError(f"the names at byte {start} lie upon others, or have no end")

    @cached_property
    def largest_heap(self) -> int:
        """The bytes of the largest heap, which no text of variable length can exceed."""
        found, overlap = 0, b""
        for start in range(0, self.size, 1 << 20):
            text = overlap + self.part(start, start + (1 << 20))
            for match in _HEAP.finditer(text):
                found = max(found, int.from_bytes(match[1], "little"))
            overlap = text[-15:]
        return min(found, self.size)
