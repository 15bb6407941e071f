"""What the layers that call one another share during one call: training mode, names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Any

from geartrain.graph.dtypes import is_float
from geartrain.runtime.scopes import name_scope, read_as


class CallContext:
    """The outermost call of a layer, and the calls inside it.

    Attributes:
        training: whether the model is being trained, if anybody said.
        path: the names of the layers that are being called, outermost first.
        values: what layers hand on to those inside besides, by the names that these register.
    """

    def __init__(self) -> None:
        self.training: bool | None = None
        self.values: dict[str, Any] = {}
        self.path: list[str] = []


class _Current(threading.local):
    context: CallContext | None = None
    instead: Callable[[Any, Any, Any], Any] | None = None


_current = _Current()


def current_context() -> CallContext | None:
    """The call under way in this thread."""
    return _current.context


class call_scope:
    """A `with` block for one layer's call; opens a context if it is the outermost."""

    def __init__(
        self,
        name: str,
        training: bool | None,
        compute_dtype: str | None = None,
        values: dict[str, Any] | None = None,
    ) -> None:
        self.name, self.training, self.values = name, training, values
        self.compute_dtype = compute_dtype if is_float(compute_dtype or "") else None

    def __enter__(self) -> CallContext:
        self.outermost = _current.context is None
        if self.outermost:
            _current.context = CallContext()
        context = _current.context
        assert context is not None
        self.before = context.training, context.values, read_as(self.compute_dtype)
        if self.values:
            context.values = {**context.values, **self.values}
        if self.training is not None:
            context.training = self.training
        self.entered = context.path[-1:] != [self.name]  # a layer's build may be within its call
        if self.entered:
            context.path.append(self.name)
            self.scope = name_scope(self.name)
            self.scope.__enter__()
        return context

    def __exit__(self, *exception: object) -> None:
        context = _current.context
        assert context is not None
        context.training, context.values, compute_dtype = self.before
        read_as(compute_dtype)
        if self.entered:
            context.path.pop()
            self.scope.__exit__()
        if self.outermost:
            _current.context = None


def values_for(
    names: Collection[str], taken: Collection[str], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """The values that a call hands on under these names: given by keyword, or from outside.

    Those that the layer's `call` takes are put into its keywords, others taken out of them.
    """
    found = {}
    for name in names:
        value = kwargs.pop(name, None)
        if value is None and _current.context is not None:
            value = _current.context.values.get(name)
        if value is not None:
            found[name] = value
            if name in taken:
                kwargs[name] = value
    return found


class instead_of_calls:
    """A `with` block in which `compute(layer, args, kwargs)` stands for each layer's own `call`.

    None lets the layers compute by themselves again.
    """

    def __init__(self, compute: Callable[[Any, Any, Any], Any] | None) -> None:
        self.compute = compute

    def __enter__(self) -> None:
        self.before, _current.instead = _current.instead, self.compute

    def __exit__(self, *exception: object) -> None:
        _current.instead = self.before


def calls_are_replaced() -> bool:
    """Whether something stands for the layers' own `call`."""
    return _current.instead is not None


def called(layer: Any, args: Any, kwargs: Any) -> Any:
    """What a layer's `call` gives, or what stands for it."""
    if _current.instead is None:
        call, context = layer.call, _current.context
        # of a whole model nothing is left to save when its results are there
        whole = context is not None and len(context.path) == 1 and hasattr(layer, "fit")
        if layer._remat_mode is not None and not whole:
            call = layer.rematerialized_call(call, *args, **kwargs)
        return call(*args, **kwargs)
    return _current.instead(layer, args, kwargs)
