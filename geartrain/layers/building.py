"""Building layers: names and shapes for `build`, and what is known of a layer once it is built."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from geartrain.layers.context import call_scope
from geartrain.layers.symbolic import shapes_of
from geartrain.runtime.scopes import current_path
from geartrain.runtime.variable import concrete_scope


@functools.cache
def _signature(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


def _of(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters, of a method without `self`; no layer is kept in mind by it."""
    own = getattr(function, "__func__", function)
    found = _signature(own)
    return found if own is function else dict(list(found.items())[1:])


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters."""
    return tuple(_of(function))


def default_of(function: Callable[..., Any], name: str) -> Any:
    """The default of a parameter; None if it has none."""
    parameter = _of(function).get(name)
    return None if parameter is None or parameter.default is parameter.empty else parameter.default


def built_by(build: Callable[..., None]) -> Callable[..., None]:
    """A `build` that names its weights after the layer, and notes for which shapes they are."""

    @functools.wraps(build)
    def wrapped(layer: Any, *args: Any, **kwargs: Any) -> None:
        layer._check_made()
        within, layer._building = layer._building, True
        try:
            with concrete_scope(), call_scope(layer.name, None):
                layer._path = current_path()
                build(layer, *args, **kwargs)
        finally:
            layer._building = within
        shapes = dict(zip(parameters(build)[1:], args, strict=False)) | kwargs
        layer._build_shapes = {name: one for name, one in shapes.items() if one is not None}
        layer.built = True
        if not within and layer._locks_when_built:
            layer._locked = all(one.built for one in layer._sublayers())

    return wrapped


def shapes_for(who: str, build: Any, call: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """What `build` is called with where the layer is called with `args` and `kwargs`.

    A single parameter gets the shape of the first argument; several get those of the arguments
    that they are named after, such as `query_shape`.

    Raises ValueError for a parameter that is not named so.
    """
    expected, names = _named(build), _named(call)
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    if len(expected) == 1:
        first = args[0] if args else next(iter(given.values()), None)
        return {expected[0]: shapes_of(first)}
    for name in expected:
        argument = name.removesuffix("_shape")
        if not name.endswith("_shape") or (argument not in names and argument not in given):
            raise ValueError(
                f"{who}: expected parameters of build() that are named after those of call(), as "
                f"query_shape after query. Received: build({', '.join(expected)}) beside "
                f"call({', '.join(names)})"
            )
    return {name: shapes_of(given.get(name.removesuffix("_shape"))) for name in expected}


def _named(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters without `*args` and `**kwargs`."""
    gathered = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, one in _of(function).items() if one.kind not in gathered]
