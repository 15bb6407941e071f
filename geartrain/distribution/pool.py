"""Memory that is used again: what a step allocates anew, the system has to clear page by page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

LEAST = 1 << 16  # bytes from which an array is worth keeping


class Pool:
    """Arrays that nobody needs now, by shape and dtype.

    >>> pool = Pool()
    >>> first = pool.empty((300, 300), np.dtype("float32"))
    >>> pool.give_back([first])
    >>> pool.empty((300, 300), np.dtype("float32")) is first
    True
    """

    def __init__(self) -> None:
        self._free: dict[Any, list[np.ndarray]] = {}
        self._own: dict[int, np.ndarray] = {}  # those that were handed out, by identity

    def empty(self, shape: Any, dtype: Any) -> np.ndarray:
        """An array whose values are anything."""
        free = self._free.get((tuple(shape), dtype))
        array = free.pop() if free else np.empty(shape, dtype)
        if array.nbytes >= LEAST:
            self._own[id(array)] = array
        return array

    def give_back(self, arrays: Iterable[np.ndarray]) -> None:
        """Let arrays be handed out again, if they come from here."""
        for array in arrays:
            if self._own.pop(id(array), None) is array:
                self._free.setdefault((array.shape, array.dtype), []).append(array)
