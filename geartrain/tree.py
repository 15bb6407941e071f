"""Nested structures of lists, tuples and dicts: flatten, rebuild, map.

Dicts are walked in the order of their sorted keys. `None` is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_ROWS = (list, tuple)  # a tuple of classes is looked through sooner than their union is made
_NESTED = (list, tuple, dict)


def is_nested(structure: Any) -> bool:
    """Whether it is a list, tuple or dict."""
    return isinstance(structure, _NESTED)


def flatten(structure: Any) -> list[Any]:
    """The leaves, from left to right.

    >>> flatten({"b": [1, (2, 3)], "a": 4})
    [4, 1, 2, 3]
    """
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, _ROWS):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure]


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """The leaves of `flat_sequence` in the form of `structure`.

    >>> pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
    {'a': 1, 'b': (2, 3)}
    """
    leaves = list(flat_sequence)
    expected = len(flatten(structure))
    if len(leaves) != expected:
        raise ValueError(
            f"pack_sequence_as: expected {expected} leaves for this structure. "
            f"Received: {len(leaves)}"
        )
    return _rebuild(structure, iter(leaves))


def _rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        made = {key: _rebuild(structure[key], leaves) for key in sorted(structure)}
        return type(structure)((key, made[key]) for key in structure)
    if isinstance(structure, _ROWS):
        items = [_rebuild(item, leaves) for item in structure]
        if hasattr(structure, "_fields"):
            return type(structure)(*items)
        return type(structure)(items)
    return next(leaves)


def map_structure(func: Callable[..., Any], *structures: Any) -> Any:
    """`func` of the corresponding leaves, in the form of the first structure.

    >>> map_structure(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]})
    {'x': 11, 'y': [22]}
    """
    flat = [flatten(structure) for structure in structures]
    if len({len(leaves) for leaves in flat}) > 1:
        raise ValueError(
            f"map_structure: expected structures of one form. Received: {structures!r:.200}"
        )
    return pack_sequence_as(structures[0], [func(*leaves) for leaves in zip(*flat, strict=True)])
