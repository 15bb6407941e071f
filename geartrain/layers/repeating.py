"""Layers whose calls, made step by step on arrays, become programs: see `runtime.repeating`."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

from geartrain.layers.context import calls_are_replaced
from geartrain.layers.typed import Typed
from geartrain.runtime.repeating import forget, of_the_library, repeated
from geartrain.runtime.scopes import current_compute_dtype
from geartrain.runtime.variable import current_trace

_OF_NO_EFFECT = ("_called",)  # attributes that change without changing what a call does


class Repeating(Typed):
    """The part of a layer that knows whether its calls do the same each time.

    They do where the layer and all inside of it are of the library's classes, but for those that
    call a function of their user's, or compute with NumPy.
    """

    repeats = True

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name not in _OF_NO_EFFECT:
            self._forget_programs()

    def _forget_programs(self) -> None:
        """Let the programs that this layer is part of be made anew."""
        for layer in self.__dict__.pop("_repeated_in", ()):
            layer.__dict__.pop("_is_repeated", None)
            forget(layer)

    def _repeats(self) -> bool:
        """Whether a call with arrays may be a program: of what is built, and does not change."""
        if not self.built or calls_are_replaced():
            return False
        found: bool | None = self.__dict__.get("_is_repeated")
        if found is None:
            layers: list[Any] = list(self._flatten_layers())
            found = all(
                layer.built and layer.repeats and of_the_library(type(layer)) for layer in layers
            )
            self.__dict__["_is_repeated"] = found
            for layer in layers:
                layer.__dict__.setdefault("_repeated_in", weakref.WeakSet()).add(self)
        return found

    def _repeated(
        self, compute: Callable[[Any, Any], Any], args: Any, kwargs: Any, training: Any
    ) -> Any:
        """What `compute(args, kwargs)` gives, from the third call of one form on by a program."""
        form = training, current_compute_dtype()
        return repeated(self, functools.partial(self._without_losses, compute), args, kwargs, form)

    def _without_losses(self, compute: Callable[[Any, Any], Any], *args: Any, **kwargs: Any) -> Any:
        """The same. Raises ValueError in a trace in which losses are added: they are outputs."""
        made = compute(args, kwargs)
        layers: list[Any] = list(self._flatten_layers()) if current_trace() else []
        if any(layer._call_losses for layer in layers):
            for layer in layers:
                layer._call_losses.clear()
            raise ValueError("A call that adds losses is no program of its own.")
        return made
