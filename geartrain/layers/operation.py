"""The operation: what a model's graph may call. Layers are operations; so are calls of `ops`."""

from __future__ import annotations

import re
from typing import Any

from geartrain.compat import methods
from geartrain.configurable import Configurable
from geartrain.errors import shown
from geartrain.layers.symbolic import of_model, record_call
from geartrain.layers.trials import inferred
from geartrain.registry import automatic_name, public_name, signature, snake_case
from geartrain.runtime.variable import Trace, current_trace
from geartrain.serialization import count_work

_NOT_IN_NAMES = re.compile(r"[/\x00-\x1f\x7f-\x9f]")  # of files, and shown in terminals


class Operation(Configurable):
    """A computation with a name that models can hold: the base of layers, without weights.

    Write one of your own by overriding `call`. Called on arrays it computes; called on symbolic
    tensors, as `keras.Input` gives them, it becomes part of the model that is made of them.

    Args:
        name: its name; by default the class's, numbered.

    Raises ValueError for a name that is not a string, or that holds a '/' or a control character.

    >>> import numpy as np
    >>> from geartrain import Input, Model, ops
    >>> class Halve(Operation):
    ...     def call(self, x):
    ...         return ops.divide(x, 2)
    >>> Halve()(np.ones(2, "float32"))
    array([0.5, 0.5], dtype=float32)
    >>> x = Input((2,))
    >>> [type(operation).__name__ for operation in Model(x, Halve()(x) + 1).operations]
    ['InputLayer', 'Halve', 'Add']
    """

    training_by_default: bool | None = None  # of a call where nobody says whether it is training

    def __init__(self, name: str | None = None) -> None:
        self.name = name or automatic_name(snake_case(type(self).__name__))
        if not isinstance(self.name, str) or _NOT_IN_NAMES.search(self.name):
            raise ValueError(
                f"{type(self).__name__}: expected a name without '/' and control characters. "
                f"Received: {shown(self.name)}"
            )
        self._calls: list[Any] = []
        count_work()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The operation's function. Override it."""
        raise NotImplementedError(f"{self._who()}: expected a method call(self, inputs).")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute, or take part in a model: see `symbolic_call`."""
        count_work()
        if not current_trace() and of_model(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors like the results, which remember this call."""
        return record_call(
            self, args, kwargs, lambda args, kwargs: self.compute_output_spec(*args, **kwargs)
        )

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors with the shapes and dtypes of the results: by default of `call`."""
        with Trace():
            return inferred(lambda args, kwargs: self.call(*args, **kwargs), args, kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of `__init__`, and the name where it takes one."""
        taken = signature(type(self)).parameters
        named = "name" in taken or any(p.kind is p.VAR_KEYWORD for p in taken.values())
        return {**({"name": self.name} if named else {}), **super().get_config()}

    def _config_value(self, name: str) -> Any:
        own = name in self.__dict__ or hasattr(type(self), name)
        if name in methods.OF_CALLED and not own:
            return self._arguments[name]
        return super()._config_value(name)

    def __getattr__(self, name: str) -> Any:
        """`input` and `output`: the symbolic tensors of the first call.

        A property comes here too where its code failed: run again, it tells why itself.
        """
        found = getattr(type(self), name, None)
        if isinstance(found, property):
            return found.__get__(self)
        if name in ("input", "output"):
            calls = self.__dict__.get("_calls")
            if calls:
                call = calls[0]
                return call.outputs if name == "output" or not call.args else call.args[0]
            raise AttributeError(
                f"{self._who()}: has no {name} before it is called on a symbolic input, as "
                "keras.Input gives it."
            )
        if name in methods.OF_CALLED and self.__dict__.get("_calls"):
            return methods.OF_CALLED[name](self)
        hint = "" if "_calls" in self.__dict__ else ". Call super().__init__() in its __init__."
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def _who(self) -> str:
        return f'{public_name(type(self))} "{self.name}"'

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
