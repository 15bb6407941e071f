"""Calls that code repeats step by step, as small programs: a layer's, a loss's, an optimizer's.

A loop of one's own calls a model, a loss and an optimizer again and again, outside of any function
that could be compiled whole. The calls of the library's own classes are the same each time but for
their arrays, so from the third call of one form on, a call is one program; see `pieces`. Classes
of one's own run as they are written, since Python may do anything there; the layers that they call
are programs in turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geartrain import config, tree
from geartrain.graph.budget import current_budget
from geartrain.graph.eager import eager
from geartrain.graph.node import Leaf, Node, placeholder, sorted_nodes
from geartrain.graph.shapes import BATCH
from geartrain.graph.taping import no_tapes
from geartrain.ops.masks import mask_of, set_mask
from geartrain.runtime.function import native_code, trace
from geartrain.runtime.pieces import Piece
from geartrain.runtime.variable import current_trace

CALLS_BEFORE = 2  # calls of one form that run op by op: most are never repeated
MOST_FORMS = 32  # forms of calls that one object keeps programs for


class _State(threading.local):
    outer = False  # whether a call is under way that may become a piece


_state = _State()


class _Call:
    """A call of one form: how often it was made, then its piece."""

    def __init__(self) -> None:
        self.count = 0
        self.piece: Piece | None = None
        self.structure: Any = None
        self.results: list[int | None] = []  # for each result which output it is
        self.masks: list[int | None] = []  # and its mask

    def run(self, arrays: Sequence[Any]) -> Any:
        assert self.piece is not None
        made = list(map(eager, self.piece(arrays)))
        found = [None if place is None else made[place] for place in self.results]
        for one, place in zip(found, self.masks, strict=True):
            if place is not None:
                set_mask(one, np.asarray(made[place]))
        return tree.pack_sequence_as(self.structure, found)


def repeated(
    owner: Any, function: Callable[..., Any], args: Any, kwargs: dict[str, Any], form: Any = None,
) -> Any:  # fmt: skip
    """`function(*args, **kwargs)`, from the third call of one form on as a program.

    Args:
        owner: the object that keeps the programs; `forget` makes it begin anew.
        function: does the same at each call, but for the arrays among its arguments, and the
            variables that it reads and assigns. It returns tensors, or None.
        form: what it depends on besides.
    """
    if current_trace() is not None or _state.outer or not _state_allows():
        return function(*args, **kwargs)
    leaves = tree.flatten((args, kwargs))
    key = _form_of(leaves, args, kwargs, form)
    if key is None:
        return function(*args, **kwargs)
    calls = owner.__dict__.setdefault("_pieces", {})
    call = calls.get(key)
    if call is None:
        if len(calls) >= MOST_FORMS:
            calls.clear()
        call = calls[key] = _Call()
    call.count += 1
    if call.count == CALLS_BEFORE + 1:
        _make(call, function, args, kwargs, leaves)
    if call.piece is not None:
        return call.run([leaf for leaf in leaves if isinstance(leaf, np.ndarray)])
    _state.outer = True
    try:
        return function(*args, **kwargs)
    finally:
        _state.outer = False


def forget(owner: Any) -> None:
    """Let calls of an object that was changed begin anew."""
    owner.__dict__.pop("_pieces", None)


def by_settings(
    owner: Any, function: Callable[..., Any], args: Any, kwargs: dict[str, Any], form: Any = None,
) -> Any:  # fmt: skip
    """The same for an object of the library's that depends on its attributes: see `repeated`.

    Of other classes, and with functions of their users', each call is as it is written.
    """
    settings: list[Any] = [form]
    own = of_the_library(type(owner)) and current_trace() is None
    for name, value in owner.__dict__.items() if own else ():
        if value is None or isinstance(value, bool | int | float | str):
            settings.append(value)
        elif name != "_pieces":
            own = own and (not callable(value) or of_the_library(value))
            settings.append(id(value))
    if not own:
        return function(*args, **kwargs)
    return repeated(owner, function, args, kwargs, tuple(settings))


def of_the_library(function: Any) -> bool:
    """Whether a class, a function or an object is the library's own."""
    module = getattr(function, "__module__", None) or type(function).__module__
    return module.startswith("geartrain.")


def _state_allows() -> bool:
    return current_budget() is None and native_code()


def _form_of(leaves: list[Any], args: Any, kwargs: dict[str, Any], form: Any) -> Any:
    """The key of a call: shapes and dtypes, and all else by its value; None for other things."""
    parts: list[Any] = []
    rows = _rows_of(leaves)
    for leaf in leaves:
        if isinstance(leaf, np.ndarray):
            dtype = np.ndarray.dtype.__get__(leaf)
            if dtype.kind not in "biufV" or mask_of(leaf) is not None:
                return None
            shape = np.ndarray.shape.__get__(leaf)
            parts.append((shape[1:] if rows else shape, dtype))
        elif leaf is None or isinstance(leaf, bool | int | float | str):
            parts.append((type(leaf), leaf))
        else:
            return None
    return rows, tuple(parts), structure_of(args), structure_of(kwargs), form, config.computing()


def structure_of(value: Any) -> Any:
    """How dicts, lists and tuples are nested in a value, to be part of a key."""
    if isinstance(value, dict):
        return tuple((name, structure_of(one)) for name, one in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(map(structure_of, value))
    return None


def _rows_of(leaves: list[Any]) -> bool:
    """Whether all arrays have one first size, of more than 1: any number of rows is one form."""
    sizes = {leaf.shape[:1] for leaf in leaves if isinstance(leaf, np.ndarray)}
    return len(sizes) == 1 and sizes.pop() > (1,)


def _make(
    call: _Call, function: Callable[..., Any], args: Any, kwargs: Any, leaves: list[Any]
) -> None:
    """Trace the call, with any number of rows if that can be; without a piece if it cannot."""
    for rows in (True, False) if _rows_of(leaves) else (False,):
        symbols = [
            placeholder((BATCH, *leaf.shape[1:]) if rows else tuple(leaf.shape), _dtype(leaf))
            if isinstance(leaf, np.ndarray) else leaf
            for leaf in leaves
        ]  # fmt: skip
        given, named = tree.pack_sequence_as((args, kwargs), symbols)
        try:
            with no_tapes():
                result, scope = trace(lambda: function(*given, **named))  # noqa: B023
        except Exception:  # whatever it is, the call itself raises it again, or does not
            continue
        found = tree.flatten(result)
        if not all(one is None or isinstance(one, Node) for one in found):
            continue
        outputs = [one for one in found if one is not None]
        masks = [None if one is None else mask_of(one) for one in found]
        outputs += [Node.wrap(mask) for mask in masks if mask is not None]
        places = iter(range(len(outputs)))
        call.structure = result
        call.results = [None if one is None else next(places) for one in found]
        call.masks = [None if mask is None else next(places) for mask in masks]
        inputs = [symbol for symbol in symbols if isinstance(symbol, Node)]
        if _all_known(inputs, [*outputs, *scope.updates.values()]):
            call.piece = Piece(inputs, outputs, scope.updates)
            return


def _dtype(array: np.ndarray) -> str:
    return str(np.ndarray.dtype.__get__(array).name)


def _all_known(inputs: Sequence[Node], nodes: Sequence[Node]) -> bool:
    """Whether the nodes are made of these inputs, variables and constants alone."""
    given = {node.leaf for node in inputs}
    leaves = (node.leaf for node in sorted_nodes(nodes) if node.op is None)
    return all(type(leaf) is not Leaf or leaf in given for leaf in leaves)
