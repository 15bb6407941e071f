"""Loops over counted turns whose states and results have any dtypes: `scan` has one for all.

Where the dtypes differ, all are carried in one that holds each exactly, and are what they were in
the body and behind the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from geartrain import tree
from geartrain.graph.dtypes import FLOATS
from geartrain.graph.node import Node
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import Extent, public
from geartrain.ops.bodies import Traced, placeholders, traced
from geartrain.ops.operands import dtype_of, extents_of, operand
from geartrain.ops.scan import scan
from geartrain.ops.views import reshape, slice_

Turn = Callable[[list[Any], list[Any]], tuple[Any, Any]]


def counted(
    who: str, turn: Turn, states: Sequence[Any], sequences: Sequence[Any], reverse: bool = False
) -> tuple[list[Any], Any]:
    """Run a body for each turn.

    Args:
        who: the function that was called, for messages.
        turn: `(states, items) -> (new_states, result)`: a list as long as `states`, and any
            nested structure.
        states: at the start.
        sequences: at least one, each (turns, ...): a turn gets its item.
        reverse: from the last item to the first.

    Returns:
        The last states, and the results of all turns: (turns, ...).
    """
    states = [operand(state) for state in states]
    symbols = placeholders(states, "state")
    items = [
        placeholders([one], "item")[0]
        for one in (_first(sequence) for sequence in sequences)
    ]  # fmt: skip
    count = len(states)
    found, held = _settled(turn, symbols, items, count)
    new, more = found.nodes[:count], found.nodes[count:]
    check_same(who, states, new)
    variables = list(found.updates)
    symbols += list(held.values())
    states += [variable.__tensor__() for variable in variables]
    new += list(found.updates.values())
    outputs = [*new, *more]
    result = found.form[1]
    if not outputs:
        return [], result
    carrier = common(who, [node.dtype for node in outputs])

    def body(carried: list[Any], current: list[Any]) -> tuple[Any, Any]:
        own = [operand(c, s.dtype) for c, s in zip(carried, symbols, strict=True)]
        mapping = dict(zip([*symbols, *items], [*own, *current], strict=True))
        made = [operand(node, carrier) for node in substitute(outputs, mapping)]
        return made[: len(new)], made[len(new) :]

    looped = scan(body, [operand(state, carrier) for state in states], sequences, reverse)
    turns = extents_of(sequences[0])[0]
    last = [
        operand(_end(one, turns, reverse), node.dtype)
        for one, node in zip(looped, new, strict=False)
    ]
    for variable, value in zip(variables, last[count:], strict=True):
        variable.assign(value)
    every = [operand(x, node.dtype) for x, node in zip(looped[len(new) :], more, strict=True)]
    return last[:count], Traced(result, found.outputs[count:], {}, 0).like(every)


def _settled(
    turn: Turn, symbols: list[Node], items: list[Node], count: int
) -> tuple[Traced, dict[Any, Node]]:
    """The graph of a turn, and the placeholders of the variables that it assigns, its states too.

    Which those are shows once it has been traced; so it is traced again with them.
    """
    held: dict[Any, Node] = {}
    while True:
        found = traced(lambda: turn(list(symbols), list(items)), [], held)
        if set(found.updates) == set(held):
            return found, held
        held = {v: placeholders([node], v.name)[0] for v, node in found.updates.items()}


def _first(sequence: Any) -> Any:
    """The first item, for its shape."""
    extents = extents_of(sequence)
    start, length = (0,) * len(extents), (1, *extents[1:])
    one = slice_(sequence, start=start, length=length, step=(1,) * len(extents))
    return reshape(one, shape=extents[1:])


def _end(every: Any, turns: Extent, reverse: bool) -> Any:
    """Of the states after every turn those after the last."""
    rest = extents_of(every)[1:]
    start = (0 if reverse else turns - 1, *(0,) * len(rest))
    cut = slice_(every, start=start, length=(1, *rest), step=(1,) * (len(rest) + 1))
    return reshape(cut, shape=rest)


def common(who: str, dtypes: Sequence[str]) -> str:
    """The dtype that holds the numbers of each of these exactly."""
    kinds = set(dtypes)
    if len(kinds) == 1:
        return dtypes[0]
    whole = kinds - set(FLOATS)
    if not whole:
        return "float64" if "float64" in kinds else "float32"
    if whole == kinds and "uint64" not in kinds:
        return "int64"
    if whole & {"int64", "uint64"}:
        raise TypeError(
            f"{who}: expected no 64-bit integers beside numbers of other types in what is handed "
            f"from turn to turn. Received: {', '.join(sorted(kinds))}. Cast them to int32."
        )
    return "float64"


def check_same(who: str, before: Sequence[Any], after: Sequence[Any]) -> None:
    """Refuse a body that returns other states than it is given."""
    wanted, given = specs(before), specs(after)
    if wanted != given:
        raise ValueError(
            f"{who}: expected the function to return tensors of the shapes and dtypes that it is "
            f"given, {wanted}. Received: {given}. Cast or reshape what it returns, or what the "
            "loop starts with."
        )


def specs(tensors: Sequence[Any]) -> str:
    """The dtypes and shapes of tensors, for messages."""
    shown = (f"{dtype_of(x)}{list(public(extents_of(x)))}" for x in tensors)
    return ", ".join(shown) or "none"


def same_structure(who: str, before: Any, after: Any) -> None:
    """Refuse a result that is nested in another way than the states."""
    marks = [tree.map_structure(lambda _: 0, one) for one in (before, after)]
    if marks[0] != marks[1]:
        raise ValueError(
            f"{who}: expected the function to return what it is given, in the same structure "
            f"{marks[0]}. Received: {marks[1]}"
        )
