"""Memory for arrays at addresses that vectors and caches like.

NumPy's own arrays begin at multiples of 16 bytes, so that most vectors of 64 bytes lie across two
cache lines and cost two reads each. A product with such weights takes up to twice the time.

Large arrays ask for large pages besides, where the system has them. In pages of 4 KiB, which lie
anywhere in the machine's memory, half of what would fit the second-level cache falls into the same
places of it: an update of weights takes twice the time, in one run out of five.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from typing import Any

import numpy as np

from geartrain.compiler.analysis.memory import ALIGNMENT

LARGE_PAGE = 1 << 21  # bytes: what x86-64 and aarch64 have most often


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """A new array, without values yet, that begins at a cache line (a large one: at a page).

    >>> address_of(aligned_empty((3, 5), np.dtype("float32"))) % ALIGNMENT
    0
    """
    return _aligned(shape, dtype, np.empty)


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """A new array of zeros that begins so. Of a large one, no page is taken before it is used.

    >>> aligned_zeros((2,), np.dtype("float32"))
    array([0., 0.], dtype=float32)
    """
    return _aligned(shape, dtype, np.zeros)


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any], make: Any) -> np.ndarray:
    size = math.prod(shape) * dtype.itemsize
    if size >= LARGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE"):
        memory, step = _large_pages(size), LARGE_PAGE
    else:
        memory, step = make(size + ALIGNMENT, np.uint8), ALIGNMENT
    start = -address_of(memory) % step
    return memory[start : start + size].view(dtype).reshape(shape)


def _large_pages(size: int) -> np.ndarray:
    """Whole large pages of zeros, and one more to begin at the start of one."""
    whole = -(-size // LARGE_PAGE) * LARGE_PAGE
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS  # a forked process has memory of its own
    memory = mmap.mmap(-1, whole + LARGE_PAGE, flags=private)
    with contextlib.suppress(OSError):  # a system may have none
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def address_of(array: np.ndarray) -> int:
    """Where the elements of an array begin."""
    address: int = array.__array_interface__["data"][0]
    return address
