"""Memory for arrays at addresses that vectors like: multiples of a cache line.

NumPy's own arrays begin at multiples of 16 bytes, so that most vectors of 64 bytes lie across two
cache lines and cost two reads each. A product with such weights takes up to twice the time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain.compiler.memory import ALIGNMENT


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """A new array, without values yet, that begins at a cache line.

    >>> address_of(aligned_empty((3, 5), np.dtype("float32"))) % ALIGNMENT
    0
    """
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -address_of(memory) % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def address_of(array: np.ndarray) -> int:
    """Where the elements of an array begin."""
    address: int = array.__array_interface__["data"][0]
    return address
