"""`tf.nest`: structures of lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import tree


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """What is in the structure, in order."""
    return list(tree.flatten(structure))


def is_nested(seq: Any) -> bool:
    """Whether it is a list, a tuple or a dict."""
    return tree.is_nested(seq)


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """A function of what is at the same place in structures, in their form."""
    return tree.map_structure(func, *structure)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """The things of a list in the form of a structure."""
    return tree.pack_sequence_as(structure, list(flat_sequence))


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raise ValueError where two structures differ."""
    tree.assert_same_structure(nest1, nest2)


__all__ = [
    "assert_same_structure", "flatten", "is_nested", "map_structure", "pack_sequence_as",
]  # fmt: skip
