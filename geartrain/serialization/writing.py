"""Objects as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from geartrain import registry
from geartrain.errors import describe_value, warn
from geartrain.graph.dtypes import standardize_dtype
from geartrain.registry import functions
from geartrain.serialization.names import FAMILIES, name_of_class
from geartrain.serialization.places import MOST_LEVELS, at, place, refused, state

_PLAIN = (str, int, float, bool)


def serialize(value: Any) -> Any:
    """The value as plain data, from which `deserialize` makes it again.

    A layer that occurs several times has the same `shared_object_id` each time.

    Raises TypeError for an object without `get_config`, and ValueError for what is nested too
    deep to be read again.

    >>> serialize({"dims": (1, 2), "rows": slice(3), "rate": np.float32(0.5)})["rows"]
    {'class_name': '__slice__', 'config': {'start': None, 'stop': 3, 'step': None}}
    """
    if value is None or type(value) in _PLAIN:
        return value
    if state.numbers is not None:
        return _plain(value)
    state.numbers = {}
    try:
        made = _plain(value)
        counts = Counter(described["shared_object_id"] for described in _numbered(made))
        for described in _numbered(made):
            if counts[described["shared_object_id"]] == 1:
                del described["shared_object_id"]
        return made
    finally:
        state.numbers = None


def _numbered(made: Any) -> Iterator[dict[str, Any]]:
    """The descriptions of objects that may be shared."""
    stack = [made]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            if "shared_object_id" in one:
                yield one
            stack.extend(one.values())
        elif isinstance(one, list | tuple):
            stack.extend(one)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return serialize(value.item())
    if isinstance(value, _PLAIN):
        return next(kind(value) for kind in _PLAIN if isinstance(value, kind))
    if isinstance(value, dict):
        return {key: _inside(f"{key}", item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        made = [_inside(f"[{number}]", item) for number, item in enumerate(value)]
        return tuple(made) if isinstance(value, tuple) else made
    if isinstance(value, np.dtype):
        return standardize_dtype(value)
    if isinstance(value, slice):
        parts = {name: serialize(getattr(value, name)) for name in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, bytes):
        return {"class_name": "__bytes__", "config": {"value": value.decode("utf-8")}}
    if isinstance(value, np.ndarray) and state.with_objects:
        return value
    if isinstance(value, np.ndarray):
        return _array("__numpy__", value)
    if hasattr(value, "get_config") and not isinstance(value, type):
        return _object(value)
    if callable(value) and hasattr(value, "__name__"):
        return _function(value)
    if state.with_objects:
        return value
    if hasattr(value, "numpy"):  # a variable
        return _array("__tensor__", value.numpy())
    raise TypeError(
        f"serialize: expected a value that can be told in a file. Received at "
        f"{place() or 'the top'}: {describe_value(value)}. A class of your own needs get_config()."
    )


def with_objects(described: Callable[[], Any]) -> Any:
    """What a function like `get_config` returns, with objects and functions in their places.

    They stand as they are where else their description or name would: for copies in memory.

    >>> from geartrain.layers import Dense, TimeDistributed
    >>> layer = TimeDistributed(Dense(3))
    >>> with_objects(layer.get_config)["layer"]["class_name"] is layer.layer
    True
    """
    before, state.with_objects = state.with_objects, True
    try:
        return described()
    finally:
        state.with_objects = before


def _inside(step: str, value: Any) -> Any:
    if value is None or type(value) in _PLAIN:
        return value
    if len(state.path) + 1 >= MOST_LEVELS and isinstance(value, dict | list | tuple):
        raise refused(f"expected at most {MOST_LEVELS} levels of nesting. Received more.")
    with at(step):
        return serialize(value)


def _array(kind: str, value: np.ndarray) -> Any:
    if kind == "__numpy__" and value.ndim == 0:
        return serialize(value.item())
    described = {"value": value.tolist(), "dtype": standardize_dtype(value.dtype)}
    return {"class_name": kind, "config": described}


def _object(value: Any) -> dict[str, Any]:
    if state.with_objects and hasattr(value, "_copied_state"):
        return {"module": None, "class_name": value, "config": {}, "registered_name": None}
    config = value.get_config()
    if not isinstance(config, dict):
        raise TypeError(
            f"{type(value).__name__}.get_config: expected a dictionary. "
            f"Received: {describe_value(config)}"
        )
    order = [key for key in getattr(value, "config_order", ()) if key in config]
    described = name_of_class(type(value))
    described["config"] = _inside("config", {**dict.fromkeys(order), **config})
    for key in ("build_config", "compile_config"):
        found = getattr(value, f"get_{key}", lambda: None)()
        if found is not None:
            described[key] = _inside(key, found)
    if getattr(value, "has_variables", False) and state.numbers is not None:
        number = state.numbers.setdefault(id(value), len(state.numbers) + 1)
        described["shared_object_id"] = number
    return described


def _is_of_the_library(function: Any) -> bool:
    """Whether a function is Geartrain's: `ops.relu` may stand for `activations.relu`."""
    return str(getattr(function, "__module__", "")).startswith("geartrain.")


def _function(function: Any) -> Any:
    """A function by its name; code is not written."""
    own = any(one is function for family in FAMILIES for one in functions(family).values())
    if state.with_objects and not own:
        return function
    name = registry.custom_name(function) or function.__name__
    if name == "<lambda>":
        warn(
            f"{place() or 'serialize'}: a lambda has no name that a file could hold, so what is "
            "written cannot be read again. Define a named function, and decorate it with "
            "@keras.saving.register_keras_serializable()."
        )
        return {"class_name": "__lambda__", "config": {"value": None}}
    is_found = own or registry.custom_object(name) is not None or _is_of_the_library(function)
    if not is_found and any(name in functions(family) for family in FAMILIES):
        raise refused(
            f"expected a function that its name leads back to. Received: {name!r}, a function of "
            "your own with the name of another. Decorate it with "
            "@keras.saving.register_keras_serializable()."
        )
    kind = "class" if isinstance(function, type) else "function"
    return {"module": "builtins", "class_name": kind, "config": name, "registered_name": kind}
