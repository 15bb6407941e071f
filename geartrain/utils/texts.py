"""Arrays of texts: NumPy arrays of Python's strings, whatever they were given as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def as_texts(value: Any) -> np.ndarray | None:
    """`value` as an array of Python's strings; None if it holds something else.

    Bytes are UTF-8. Lists are nested to equal lengths.

    >>> as_texts([["a", b"b"]]), as_texts(np.array(["c"]))
    (array([['a', 'b']], dtype=object), array(['c'], dtype=object))
    >>> as_texts([1, 2]) is None
    True
    """
    if isinstance(value, list | tuple):
        if not isinstance(_first(value), str | bytes):
            return None
    elif not isinstance(value, str | bytes) and not hasattr(value, "dtype"):
        return None
    plain = isinstance(value, str | bytes | list | tuple)
    array = np.array(value, object) if plain else np.asarray(value)
    if array.dtype.kind not in "OUST":
        return None
    flat = array.reshape(-1).tolist()
    types = set(map(type, flat))
    if types == {str}:
        return array.view(np.ndarray) if array.dtype == object else of_list(flat, array.shape)
    if not all(issubclass(kind, str | bytes) for kind in types):
        return None
    return of_list([_text(one) for one in flat], array.shape)


def of_list(flat: Sequence[str], shape: tuple[int, ...]) -> np.ndarray:
    """An array of Python's strings.

    >>> of_list(["a", "b"], (2, 1))
    array([['a'],
           ['b']], dtype=object)
    """
    made = np.empty(len(flat), object)
    made[:] = flat
    return made.reshape(shape)


def _text(one: Any) -> str:
    return one.decode() if isinstance(one, bytes) else str(one)


def _first(value: Any) -> Any:
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return value
