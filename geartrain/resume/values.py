"""Nested values in JSON and arrays beside it, and back, without the loss of a bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geartrain.errors import describe_value

_ARRAY, _NUMBER, _TUPLE, _ITEMS, _SCALAR = "$array", "$number", "$tuple", "$items", "$scalar"
_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def packed(value: Any, arrays: dict[str, np.ndarray], name: str) -> Any:
    """A nested value as JSON; its arrays are put into `arrays`, under names that begin with `name`.

    Raises TypeError for anything but None, numbers, texts, arrays, and lists, tuples and dicts of
    these.

    >>> arrays = {}
    >>> packed({"best": [float("nan"), np.ones(2)]}, arrays, "own")
    {'best': [{'$number': 'nan'}, {'$array': 'own/best/1'}]}
    >>> unpacked(_, arrays)
    {'best': [nan, array([1., 1.])]}
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        arrays[name] = np.array(value)
        return {_SCALAR if isinstance(value, np.generic) else _ARRAY: name}
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {_NUMBER: str(float(value))}
    if isinstance(value, list | tuple):
        items = [packed(item, arrays, f"{name}/{place}") for place, item in enumerate(value)]
        return items if isinstance(value, list) else {_TUPLE: items}
    if isinstance(value, dict):
        if all(isinstance(key, str) and key[:1] != "$" for key in value):
            return {key: packed(item, arrays, f"{name}/{key}") for key, item in value.items()}
        pairs = enumerate(value.items())
        return {_ITEMS: [packed(list(pair), arrays, f"{name}/{place}") for place, pair in pairs]}
    raise TypeError(
        f"{name}: expected None, numbers, texts, arrays, or lists, tuples and dicts of these, to "
        f"keep in a checkpoint. Received: {describe_value(value)}"
    )


def unpacked(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The value that `packed` was given."""
    if isinstance(value, list):
        return [unpacked(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    pair: tuple[str, Any] = next(iter(value.items()), ("", None))
    kind, inside = pair
    if kind == _ARRAY:
        return arrays[inside]
    if kind == _SCALAR:
        return arrays[inside][()]
    if kind == _NUMBER:
        return _NUMBERS[inside]
    if kind == _TUPLE:
        return tuple(unpacked(item, arrays) for item in inside)
    if kind == _ITEMS:
        return dict(unpacked(pair, arrays) for pair in inside)
    return {key: unpacked(item, arrays) for key, item in value.items()}
