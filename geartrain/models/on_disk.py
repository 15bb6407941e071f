"""Arrays on a disk that may be larger than memory: in which order to read them, and ahead.

A memory-mapped array is read where its rows are used. In a random order of all its rows each would
be read apart, and its neighbours in the file again later. So the file is shuffled in two steps:
blocks of rows are put in a random order, then the rows of many blocks together. Those of the next
blocks are read by the operating system while the present ones are used.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from typing import Any

import numpy as np

from geartrain.models.data import prepare

LARGE = 1 << 30  # bytes on a disk that memory is not expected to keep
_BLOCK = 1 << 20  # bytes that are read in one piece
_TOGETHER = 1 << 28  # bytes of the blocks whose rows are shuffled together


def mapping_of(array: np.ndarray) -> mmap.mmap | None:
    """The mapping that an array is part of; None for an array in memory."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = getattr(base, "_mmap", None) or base.base
    return base if isinstance(base, mmap.mmap) else None


def stays(array: np.ndarray) -> bool:
    """Whether an array is in memory, or can be computed with where it is on a disk."""
    if mapping_of(array) is None:
        return True
    return array.flags.c_contiguous and np.shares_memory(prepare(array[:1]), array[:1])


class OnDisk:
    """The parts of some data that are on a disk.

    Args:
        arrays: the data, with as many rows each.

    Attributes:
        size: bytes on the disk.
    """

    def __init__(self, arrays: Iterable[np.ndarray]) -> None:
        self._parts = []
        self.size = 0
        for array in arrays:
            mapping = mapping_of(array)
            if mapping is not None and len(array):
                start = _address(array) - _address(np.frombuffer(mapping, np.uint8))
                self._parts.append((mapping, start, array.nbytes // len(array)))
                self.size += array.nbytes
        self._groups: list[tuple[int, np.ndarray]] = []
        self._rows = 1
        self._told = 0

    def shuffled(self, total: int, random: np.random.Generator) -> np.ndarray:
        """The numbers of all rows: blocks in a random order, and rows in a random order in many."""
        self._rows = max(1, _BLOCK * total // self.size)
        phase = int(random.integers(self._rows))  # so that blocks have other borders each time
        starts = np.arange(phase - self._rows, total, self._rows)
        starts = random.permutation(starts[starts + self._rows > 0])
        order, self._groups, self._told, position = [], [], 0, 0
        together = _TOGETHER // _BLOCK
        for first in range(0, len(starts), together):
            blocks = starts[first : first + together]
            numbers = (blocks[:, None] + np.arange(self._rows)).reshape(-1)
            numbers = numbers[(numbers >= 0) & (numbers < total)]
            self._groups.append((position, np.maximum(blocks, 0)))
            order.append(random.permutation(numbers))
            position += len(numbers)
        self.reached(0)
        return np.concatenate(order)

    def reached(self, position: int) -> None:
        """Have the blocks read that come next, once the rows of the order up to here are used."""
        while self._told < len(self._groups) and self._groups[self._told][0] <= position:
            for _, blocks in self._groups[self._told : self._told + 2][-1:]:
                for mapping, start, width in self._parts:
                    for block in blocks.tolist():
                        _read_ahead(mapping, start + block * width, self._rows * width)
            self._told += 1


def _address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def _read_ahead(mapping: mmap.mmap, start: int, length: int) -> None:
    """Let the operating system read a part of a file, where it can be told to."""
    if hasattr(mapping, "madvise"):
        page = start // mmap.PAGESIZE * mmap.PAGESIZE
        length = min(start + length, len(mapping)) - page
        if length > 0:
            mapping.madvise(mmap.MADV_WILLNEED, page, length)
