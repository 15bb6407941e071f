"""Branches and loops: at once with arrays, as part of the graph with symbolic tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geartrain import tree
from geartrain.errors import shown
from geartrain.graph.node import Node
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import public
from geartrain.ops.arithmetic import clip
from geartrain.ops.bodies import is_symbolic, older, placeholders, traced
from geartrain.ops.branches import branch
from geartrain.ops.carrying import check_same, counted, same_structure, specs
from geartrain.ops.operands import Tensor, dtype_of, extents_of, operand, rank_of
from geartrain.ops.repeating import Repeated, repeated, turns_known
from geartrain.ops.scan import from_outside

__all__ = ["cond", "fori_loop", "switch", "while_loop"]

MOST_COUNTED = 2**20  # turns that are counted before a loop runs


def cond(pred: Tensor, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions returns: `true_fn()` where `pred` is true, else `false_fn()`.

    Only that one is computed. With a symbolic `pred` both are traced; they have to return tensors
    of the same shapes and dtypes then. Variables may be assigned in them.

    Args:
        pred: a scalar.
        true_fn, false_fn: functions without arguments, of any nested structure of tensors.

    Raises:
        TypeError: what is no function.
        ValueError: a `pred` with several elements, or functions whose results differ in form.

    >>> cond(np.array(True), lambda: 1, lambda: 2)
    1
    """
    for name, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        check_callable("cond", name, function)
    pred = _scalar("cond", "pred", pred)
    if not isinstance(pred, Node):
        return true_fn() if bool(pred) else false_fn()
    return _chosen("cond", operand(pred, "bool"), [false_fn, true_fn], ())


def switch(index: Tensor, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What the function at a place of a list returns: `branches[index](*operands)`.

    Args:
        index: a scalar integer; those beyond the list mean its first or last function.
        branches: functions of the operands. With a symbolic index all are traced, as in `cond`.
        operands: what they are called with.

    Raises:
        TypeError: what is no function.
        ValueError: no functions, an index with several elements, or results that differ in form.

    >>> switch(1, [lambda a, b: a + b, lambda a, b: a * b], 3, 4)
    12
    """
    if not branches:
        raise ValueError(f"switch: expected at least one branch. Received: {shown(branches)}")
    for function in branches:
        check_callable("switch", "branches", function)
    index = _scalar("switch", "index", index)
    last = len(branches) - 1
    if not isinstance(index, Node):
        return branches[min(max(int(index), 0), last)](*operands)
    return _chosen("switch", clip(index, 0, last), branches, operands)


def check_callable(who: str, name: str, function: Any) -> None:
    if not callable(function):
        raise TypeError(f"{who}: expected a function as {name}. Received: {shown(function)}")


def _scalar(who: str, name: str, value: Any) -> Any:
    value = operand(value)
    if any(extent != 1 for extent in extents_of(value)):
        raise ValueError(
            f"{who}: expected a scalar as {name}. Received: shape {public(extents_of(value))}. To "
            "choose element by element, use ops.where."
        )
    if isinstance(value, Node) and rank_of(value):
        from geartrain.ops.views import reshape

        return reshape(value, shape=())
    return value


def _chosen(who: str, index: Node, functions: Sequence[Callable[..., Any]], operands: Any) -> Any:
    """The result of the function that a symbolic index says."""
    found = [traced(function, operands) for function in functions]
    for other in found[1:]:
        same_structure(who, found[0].form, other.form)
        if [one is None for one in other.outputs] != [one is None for one in found[0].outputs]:
            raise ValueError(f"{who}: expected None from all functions, or from none.")
        wanted, given = specs(found[0].nodes), specs(other.nodes)
        if wanted != given:
            raise ValueError(
                f"{who}: expected functions that return tensors of the same shapes and dtypes. "
                f"Received: {wanted} and {given}. Cast or reshape what one of them returns."
            )
    variables = list(dict.fromkeys(v for one in found for v in one.updates))
    now = {variable: Node.wrap(variable.__tensor__()) for variable in variables}
    groups = [[*one.nodes, *({**now, **one.updates}[v] for v in variables)] for one in found]
    outside = older([node for group in groups for node in group], found[0].start)
    symbols = placeholders(outside, "captured")
    mapping = dict(zip(outside, symbols, strict=True))
    made = branch(
        index,
        list(zip(symbols, outside, strict=True)),
        [substitute(group, mapping) for group in groups],
    )
    count = len(found[0].nodes)
    for variable, value in zip(variables, made[count:], strict=True):
        variable.assign(value)
    return found[0].like(made[:count])


# -- loops ----------------------------------------------------------------------------------------


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Repeat: `loop_vars = body(*loop_vars)` while `cond(*loop_vars)`.

    With symbolic tensors the functions are traced once. Where the number of turns depends on
    nothing symbolic (a counter and its bound), the loop is a `scan` of so many turns. Else NumPy
    runs it, in compiled programs too; it has a gradient then, but no second one.

    Args:
        cond: function of the variables: whether there is another turn.
        body: function of the variables that returns them anew, of the same shapes and dtypes.
        loop_vars: a list or tuple of nested tensors, or a single one.
        maximum_iterations: no more turns than that.

    Returns the variables after the last turn: a tuple, if they were a list or a tuple.

    Raises:
        TypeError: what is no function.
        ValueError: a body that returns something of another form.

    >>> while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (0, 1.0))
    (array(3, dtype=int32), array(8., dtype=float32))
    """
    check_callable("while_loop", "cond", cond)
    check_callable("while_loop", "body", body)
    several = isinstance(loop_vars, list | tuple)
    states = tree.map_structure(operand, tuple(loop_vars) if several else (loop_vars,))

    def turn(states: Any) -> Any:
        made = body(*states)
        made = tuple(made) if several and isinstance(made, list | tuple) else (made,)
        same_structure("while_loop", states, made)
        return made

    most = None if maximum_iterations is None else int(maximum_iterations)
    if not is_symbolic(states):
        made = _at_once(cond, turn, states, most)
        if made is not None:
            return made if several else made[0]
    made = _while(cond, turn, states, most)
    return made if several else made[0]


def _at_once(cond: Any, turn: Any, states: Any, most: int | None) -> Any:
    """The loop in Python; None, if what it uses turns out to be symbolic."""
    count = 0
    while count != most:
        more = cond(*states)
        if isinstance(operand(more), Node):
            return None
        if not bool(_scalar("while_loop", "the result of cond", more)):
            break
        new = tree.map_structure(operand, turn(states))
        if is_symbolic(new):
            return None
        states, count = new, count + 1
    return states


def _while(cond: Any, turn: Any, start: Any, most: int | None) -> Any:
    states = tree.flatten(start)
    symbols = placeholders(states, "state")
    held: dict[Any, Node] = {}

    def both() -> Any:
        given = tree.pack_sequence_as(start, symbols)
        asked = operand(_scalar("while_loop", "the result of cond", cond(*given)), "bool")
        return asked, turn(given)

    while True:
        found = traced(both, (), held)
        if set(found.updates) == set(held):
            break
        held = {v: placeholders([node], v.name)[0] for v, node in found.updates.items()}
    condition, *new = found.nodes
    check_same("while_loop", states, new)
    symbols, new = [*symbols, *held.values()], [*new, *found.updates.values()]
    firsts = [*states, *(variable.__tensor__() for variable in held)]
    outside = from_outside([condition, *new], set(symbols))
    inside = placeholders(outside, "captured")
    condition, *new = substitute([condition, *new], dict(zip(outside, inside, strict=True)))
    loop = Repeated(tuple(symbols), tuple(inside), condition, tuple(new), most)
    turns = turns_known(loop, [*firsts, *outside], MOST_COUNTED)
    if turns is None:
        made = repeated(loop, [*firsts, *outside])
    else:
        back = dict(zip(inside, outside, strict=True))
        made = _turned("while_loop", loop, back, firsts, turns)
    for variable, value in zip(held, made[len(states) :], strict=True):
        variable.assign(value)
    return tree.pack_sequence_as(start, made[: len(states)])


def _turned(
    who: str, loop: Repeated, outside: dict[Node, Node], states: list[Any], turns: int
) -> list[Any]:
    """A loop whose turns have been counted."""
    if not turns:
        return states

    def turn(now: list[Any], _: list[Any]) -> Any:
        mapping = outside | dict(zip(loop.states, now, strict=True))
        return substitute(loop.outputs, mapping), None

    return counted(who, turn, states, [np.arange(turns, dtype="int32")])[0]


def fori_loop(lower: Tensor, upper: Tensor, body_fun: Callable[..., Any], init_val: Any) -> Any:
    """Repeat: `value = body_fun(i, value)` for each whole number `i` from `lower` to `upper - 1`.

    With symbolic tensors it is a `scan`, or a `while_loop` where the bounds are symbolic.

    Args:
        lower, upper: the bounds.
        body_fun: function of the number and the value that returns the value anew, of the same
            shapes and dtypes.
        init_val: the value at the start: any nested structure of tensors.

    Raises:
        TypeError: what is no function.
        ValueError: a body that returns something of another form.

    >>> fori_loop(1, 5, lambda i, total: total + i, 0)
    array(10, dtype=int32)
    """
    check_callable("fori_loop", "body_fun", body_fun)
    start, lower, upper = tree.map_structure(operand, init_val), operand(lower), operand(upper)
    if is_symbolic(lower, upper):

        def step(i: Any, value: Any) -> Any:
            return i + 1, body_fun(i, value)

        return while_loop(lambda i, _: i < upper, step, (lower, start))[1]
    value, dtype = start, dtype_of(lower)
    if not is_symbolic(start):
        for i in range(int(lower), int(upper)):
            value = tree.map_structure(operand, body_fun(np.asarray(i, dtype), value))
            if is_symbolic(value):
                break
        else:
            return value
    if int(upper) <= int(lower):
        return start

    def turn(states: list[Any], items: list[Any]) -> Any:
        made = body_fun(items[0], tree.pack_sequence_as(start, states))
        same_structure("fori_loop", start, made)
        return tree.flatten(made), None

    numbers = np.arange(int(lower), int(upper)).astype(dtype)
    last, _ = counted("fori_loop", turn, tree.flatten(start), [numbers])
    return tree.pack_sequence_as(start, last)
