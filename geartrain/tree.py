"""Nested structures of lists, tuples and dicts: flatten, rebuild, map.

Dicts are walked in the order of their sorted keys. `None` is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class MAP_TO_NONE:
    """What a function returns to `traverse` for None in its place, since None means "go on"."""


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
    if not structures:
        raise ValueError("map_structure: expected at least one structure. Received: none")
    flat = [flatten(structure) for structure in structures]
    if len({len(leaves) for leaves in flat}) > 1:
        raise ValueError(
            f"map_structure: expected structures of one form. Received: {structures!r:.200}"
        )
    return pack_sequence_as(structures[0], [func(*leaves) for leaves in zip(*flat, strict=True)])


# -- places ---------------------------------------------------------------------------------------


def _children(structure: Any) -> list[tuple[Any, Any]] | None:
    """The parts of a structure, each with its key or index; None for a leaf."""
    if isinstance(structure, dict):
        return [(key, structure[key]) for key in sorted(structure)]
    return list(enumerate(structure)) if isinstance(structure, _ROWS) else None


def _with_children(structure: Any, children: list[Any]) -> Any:
    """The same structure with other parts, in the order of `_children`."""
    if isinstance(structure, dict):
        made = dict(zip(sorted(structure), children, strict=True))
        return type(structure)((key, made[key]) for key in structure)
    return (
        type(structure)(*children) if hasattr(structure, "_fields") else type(structure)(children)
    )


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves, each with the keys and indices that lead to it.

    >>> flatten_with_path({"a": [1, (2,)]})
    [(('a', 0), 1), (('a', 1, 0), 2)]
    """
    children = _children(structure)
    if children is None:
        return [((), structure)]
    return [
        ((key, *path), leaf) for key, child in children for path, leaf in flatten_with_path(child)
    ]


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise ValueError unless the same keys and indices lead to the leaves of both.

    >>> assert_same_paths([0, (1,)], ("x", ["y"]))
    """
    paths = [{path for path, _ in flatten_with_path(structure)} for structure in (a, b)]
    if paths[0] != paths[1]:
        only = [sorted(map(str, one - other)) for one, other in (paths, paths[::-1])]
        raise ValueError(
            "assert_same_paths: expected the same paths in both structures. "
            f"Received: only in the first {only[0]}, only in the second {only[1]}"
        )


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Raise ValueError unless both are nested alike, in containers of the same types.

    Args:
        a, b: the structures.
        check_types: accepted for Keras: types are compared in any case.

    >>> assert_same_structure([1, {"x": 2}], ["a", {"x": "b"}])
    """
    first, second = _children(a), _children(b)
    alike = (first is None) == (second is None)
    if first is not None and second is not None:
        keys = [[key for key, _ in one] for one in (first, second)]
        kinds = [dict if isinstance(one, dict) else type(one) for one in (a, b)]
        alike = keys[0] == keys[1] and kinds[0] is kinds[1]
    if not alike:
        raise ValueError(
            "assert_same_structure: expected structures nested alike. "
            f"Received: {a!r:.200} and {b!r:.200}"
        )
    for (_, left), (_, right) in zip(first or (), second or (), strict=True):
        assert_same_structure(left, right)


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """`func` of every part: what it returns takes the part's place, unless it is None.

    Args:
        func: called with each leaf and each nested part. `MAP_TO_NONE` puts None in its place.
        structure: what to walk through.
        top_down: whether a part comes before what is in it, which is left alone where the part is
            replaced; else behind.

    Raises TypeError for what is no function.

    >>> traverse(lambda x: x * 10 if isinstance(x, int) else None, [1, {"a": 2}])
    [10, {'a': 20}]
    """
    if not callable(func):
        raise TypeError(f"traverse: expected a function. Received: {func!r}")

    def inside() -> Any:
        children = _children(structure)
        if children is None:
            return structure
        made = [traverse(func, child, top_down) for _, child in children]
        return _with_children(structure, made)

    whole = structure if top_down else inside()
    found = func(whole)
    if found is None:
        return inside() if top_down else whole
    return None if found is MAP_TO_NONE or isinstance(found, MAP_TO_NONE) else found


def lists_to_tuples(structure: Any) -> Any:
    """The structure with a tuple in the place of each list.

    >>> lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    return traverse(lambda x: tuple(x) if type(x) is list else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """`func` of each shape: of tuples and lists of whole numbers and None alone.

    Raises TypeError for what is no function.

    >>> map_shape_structure(len, {"x": (None, 3), "y": [(2, 3, 4)]})
    {'x': 2, 'y': [3]}
    """
    if not callable(func):
        raise TypeError(f"map_shape_structure: expected a function. Received: {func!r}")
    if isinstance(structure, _ROWS) and all(
        size is None or isinstance(size, int) for size in structure
    ):
        return func(structure)
    children = _children(structure)
    if children is None:
        raise ValueError(
            f"map_shape_structure: expected shapes, nested in any way. Received: {structure!r:.200}"
        )
    return _with_children(structure, [map_shape_structure(func, child) for _, child in children])


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """`func` of the corresponding parts of structures, where the shallow one has its leaves.

    Raises ValueError without structures, and for one that is not nested as the shallow one.

    >>> map_structure_up_to([0, 0], len, [[1, 2], (3,)])
    [2, 1]
    """
    if not structures:
        raise ValueError("map_structure_up_to: expected at least one structure. Received: none")
    children = _children(shallow_structure)
    if children is None:
        return func(*structures)
    several = [_children(structure) for structure in structures]
    if any(one is None or [k for k, _ in one] != [k for k, _ in children] for one in several):
        raise ValueError(
            "map_structure_up_to: expected structures nested as the shallow one, or deeper. "
            f"Received: {shallow_structure!r:.200} and {structures!r:.200}"
        )
    made = [
        map_structure_up_to(child, func, *(one[n][1] for one in several if one is not None))
        for n, (_, child) in enumerate(children)
    ]
    return _with_children(shallow_structure, made)
