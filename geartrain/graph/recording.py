"""How calls of public functions on a model's symbolic tensors become part of that model.

Outside of a trace, `ops.relu(x)` of what `keras.Input` returned is more than a node: it is a call
that a model's config lists, as it lists the calls of layers. Only the functions that
`geartrain.ops` exports do this; among themselves they call one another as they are declared, so
`ops.softmax` is one call and not four. What a call is, is known some levels above: see
`layers.symbolic`, which puts its function into `recorders`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from geartrain.errors import UnknownSize
from geartrain.graph.eager import EagerTensor, eager

# The first of each pair is called with a function, its arguments and its result, and returns what
# to hand to the caller; the second in place of a function that failed, with the error that says
# that a size is not known, and returns its result.
recorders: list[tuple[Callable[..., Any], Callable[..., Any]]] = []

# Makes the scope in which functions of loops and branches are traced: variables are symbolic in it,
# its `updates` are what was assigned to them, and no call is recorded. Filled likewise.
inner_scopes: list[Callable[[], AbstractContextManager[Any]]] = []


class _NoVariables:
    """The scope where there can be no variables yet."""

    def __init__(self) -> None:
        self.updates: dict[Any, Any] = {}


def inner_scope() -> AbstractContextManager[Any]:
    """A scope for tracing a function that a loop or branch calls."""
    return inner_scopes[0]() if inner_scopes else nullcontext(_NoVariables())


def record(function: Callable[..., Any], args: Any, kwargs: Any, result: Any) -> Any:
    """The result of a call of a public function, recorded if a model's tensors are in it."""
    result = eager(result)
    if result.__class__ is EagerTensor or not recorders:
        return result
    return recorders[0][0](function, args, kwargs, result)


def _called(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except UnknownSize as error:
        if not recorders:
            raise
        return recorders[0][1](function, args, kwargs, error)


def recorded(function: Callable[..., Any], module: str = "geartrain.ops") -> Callable[..., Any]:
    """The function of a public module, with its calls on a model's symbolic tensors recorded."""

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        try:
            result = _called(function, args, kwargs)
        except (TypeError, ValueError) as error:
            if str(error).startswith("Expected "):  # of what does not know for whom it works
                error.args = (f"{function.__name__}: e{str(error)[1:]}", *error.args[1:])
            raise
        return record(public, args, kwargs, result)

    public.__module__ = module  # where pickle finds it, rather than the bare function
    return public
