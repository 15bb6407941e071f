"""Functions of each item along the first axis: with a carry from item to item, or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import shown
from geartrain.graph.shapes import public
from geartrain.ops.bodies import is_symbolic
from geartrain.ops.carrying import counted, same_structure
from geartrain.ops.control import check_callable
from geartrain.ops.operands import extents_of, operand, rank_of
from geartrain.ops.shaping import stack

__all__ = ["map", "scan", "vectorized_map"]


def scan(
    f: Callable[..., Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Repeat for each item of `xs`: `carry, y = f(carry, x)`; the last carry, and all of the `y`.

    With symbolic tensors `f` is traced once, and the loop is compiled, with its gradient.

    Args:
        f: function of the carry and an item that returns the carry anew, of the same shapes and
            dtypes, and any nested structure of tensors, or None.
        init: the carry at the start: any nested structure of tensors.
        xs: nested tensors, each (turns, ...); None for items that are None.
        length: the number of turns; needed without `xs`.
        reverse: from the last item to the first; the `y` stay in the order of the items.
        unroll: accepted for Keras; the compiler decides that by itself.

    Raises:
        TypeError: what is no function; a length that is no whole number.
        ValueError: no length, or lengths that differ; a function that returns another carry.

    >>> scan(lambda total, x: (total + x, total), np.array(0), np.array([1, 2, 3]))
    (array(6), array([0, 1, 3]))
    """
    check_callable("scan", "f", f)
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(f"scan: expected unroll as a positive number. Received: {shown(unroll)}")
    sequences = [] if xs is None else [operand(x) for x in tree.flatten(xs)]
    turns = _turns("scan", sequences, length)
    start = tree.map_structure(lambda x: None if x is None else operand(x), init)
    if not is_symbolic(sequences, start):
        made = _scanned(f, start, xs, sequences, turns, reverse)
        if not is_symbolic(made):
            return made
    given = sequences or [np.arange(turns, dtype="int32")]
    there = [leaf is not None for leaf in tree.flatten(start)]

    def turn(states: list[Any], items: list[Any]) -> Any:
        rest = iter(states)
        carry = tree.pack_sequence_as(start, [next(rest) if one else None for one in there])
        item = None if xs is None else tree.pack_sequence_as(xs, items)
        carry, y = f(carry, item)
        same_structure("scan", start, carry)
        return [leaf for leaf in tree.flatten(carry) if leaf is not None], y

    firsts = [leaf for leaf in tree.flatten(start) if leaf is not None]
    last, every = counted("scan", turn, firsts, given, reverse)
    rest = iter(last)
    return tree.pack_sequence_as(start, [next(rest) if one else None for one in there]), every


def _turns(who: str, sequences: list[Any], length: Any) -> Any:
    """The number of turns, that all sequences agree on."""
    if length is not None and not isinstance(length, int | np.integer):
        raise TypeError(f"{who}: expected length as a whole number. Received: {shown(length)}")
    if not sequences and length is None:
        raise ValueError(f"{who}: expected xs, or a length. Received: xs=None, length=None")
    sizes = {extents_of(x)[0] if rank_of(x) else None for x in sequences}
    if None in sizes or len(sizes | ({length} - {None})) > 1:
        shapes = [public(extents_of(x)) for x in sequences]
        raise ValueError(
            f"{who}: expected tensors with one first axis, as long as length. "
            f"Received: shapes {shapes}, length={length}"
        )
    return sizes.pop() if sizes else int(length or 0)


def _scanned(
    f: Any, carry: Any, xs: Any, sequences: list[Any], turns: int, reverse: bool
) -> tuple[Any, Any]:
    """The loop in Python; given up where what it uses turns out to be symbolic."""
    every = []
    for turn in reversed(range(turns)) if reverse else range(turns):
        item = None if xs is None else tree.pack_sequence_as(xs, [x[turn] for x in sequences])
        carry, y = f(carry, item)
        carry = tree.map_structure(lambda x: None if x is None else operand(x), carry)
        every.append(y)
        if is_symbolic(carry, y):
            return carry, y
    if not every:
        return carry, None
    return carry, _together(every[::-1] if reverse else every)


def _together(results: list[Any]) -> Any:
    """Nested tensors, one of each turn, as nested tensors of all turns."""
    flat = [tree.flatten(result) for result in results]
    stacked = [
        None if turns[0] is None else stack(list(turns)) for turns in zip(*flat, strict=True)
    ]
    return tree.pack_sequence_as(results[0], stacked)


def map(f: Callable[..., Any], xs: Any) -> Any:
    """`f` of each item along the first axis, the results together again.

    With symbolic tensors `f` is traced once, and the loop is compiled, with its gradient.

    Args:
        f: function of an item that returns any nested structure of tensors.
        xs: nested tensors, each (items, ...).

    Raises:
        TypeError: what is no function.
        ValueError: tensors whose first axes differ, or have size 0.

    >>> map(lambda x: x * x, np.array([1, 2, 3]))
    array([1, 4, 9])
    """
    return _mapped("map", f, xs)


def vectorized_map(function: Callable[..., Any], elements: Any) -> Any:
    """`function` of each item along the first axis: the same as `map`.

    >>> vectorized_map(lambda x: x + 1, np.array([1, 2, 3]))
    array([2, 3, 4])
    """
    return _mapped("vectorized_map", function, elements)


def _mapped(who: str, function: Any, xs: Any) -> Any:
    check_callable(who, "f" if who == "map" else "function", function)
    sequences = [operand(x) for x in tree.flatten(xs)]
    turns = _turns(who, sequences, None)
    if turns == 0:
        raise ValueError(f"{who}: expected at least one item. Received: a first axis of size 0")

    def turn(_: Any, items: list[Any]) -> Any:
        return [], function(tree.pack_sequence_as(xs, items))

    if not is_symbolic(sequences):
        made = _scanned(lambda _, x: (None, function(x)), None, xs, sequences, turns, False)[1]
        if not is_symbolic(made):
            return made
    return counted(who, turn, [], sequences)[1]
