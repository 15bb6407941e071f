"""Objects from plain data; see the package for what is accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from geartrain import registry
from geartrain.errors import describe_value
from geartrain.graph.dtypes import numpy_dtype, standardize_dtype
from geartrain.serialization.names import CODE_REMEDY, class_of, function_of
from geartrain.serialization.places import (
    MOST_LEVELS,
    at,
    refused,
    state,
    telling,
    wrong_kind,
)


def check_safe_mode(who: str, safe_mode: Any) -> None:
    """Refuse to be asked for code.

    >>> check_safe_mode("load_model", False)
    Traceback (most recent call last):
    ValueError: load_model: expected safe_mode=True. Received: safe_mode=False. Code is never ...
    """
    if safe_mode is not True:
        raise ValueError(
            f"{who}: expected safe_mode=True. Received: safe_mode={safe_mode!r}. {CODE_REMEDY}"
        )


def deserialize(
    value: Any, custom_objects: dict[str, Any] | None = None, family: str | None = None
) -> Any:
    """What `serialize` described; values that are no description come back as they are.

    Args:
        value: plain data. Objects that stand in it already are left alone.
        custom_objects: further classes and functions by name.
        family: what is expected, if it is known: `"layers"`, `"losses"`, ...

    Raises ValueError for whatever is not known or not accepted, with its place in the data.

    >>> deserialize({"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}}).units
    3
    >>> deserialize({"class_name": "__slice__", "config": {"start": 1, "stop": None, "step": 2}})
    slice(1, None, 2)
    """
    if state.shared is None:
        check_form(value)
    with reading(custom_objects):
        return _read(value, family)


def check_path(who: str, path: str) -> None:
    """Refuse that plain data name a file to read, which their author does not have.

    >>> with reading():
    ...     check_path("vocabulary", "/etc/hosts")
    Traceback (most recent call last):
    ValueError: vocabulary: expected no path in a model's file. Received: '/etc/hosts'. ...
    """
    if state.shared is not None:
        raise refused(
            f"{who}: expected no path in a model's file. Received: {path!r}. It could be any file "
            "of this machine. Give the path in Python, with set_vocabulary."
        )


@contextmanager
def reading(custom_objects: dict[str, Any] | None = None) -> Iterator[None]:
    """A `with` block in which all that is read is one structure: what it shares is one object."""
    with registry.CustomObjectScope(custom_objects):
        if state.shared is not None:
            yield
            return
        state.shared, state.work = {}, 0
        try:
            yield
        finally:
            state.shared = None
            state.told = None


def check_form(value: Any) -> None:
    """Refuse data that are nested too deep.

    >>> nested = []
    >>> for _ in range(100):
    ...     nested = [nested]
    >>> check_form(nested)
    Traceback (most recent call last):
    ValueError: expected at most 64 levels of nesting. Received more.
    """
    stack = [(value, 0)]
    while stack:
        one, level = stack.pop()
        inside = one.values() if isinstance(one, dict) else one
        if isinstance(one, dict | list | tuple):
            if level >= MOST_LEVELS:
                raise refused(f"expected at most {MOST_LEVELS} levels of nesting. Received more.")
            stack.extend((item, level + 1) for item in inside)


def deserialize_each(config: dict[str, Any]) -> dict[str, Any]:
    """The dictionary with each value read, and the place of each known to errors.

    Tuples of plain values, which no file has, stay what they are.
    """
    if not isinstance(config, dict):
        raise refused(f"expected a dictionary. Received: {describe_value(config)}")
    made = {}
    for key, item in config.items():
        with at(f"{key}"):
            made[key] = item if _is_plain_tuple(item) else deserialize(item)
    return made


def _is_plain_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and not any(
        isinstance(one, dict | list) or (isinstance(one, tuple) and not _is_plain_tuple(one))
        for one in value
    )


def _read(value: Any, family: str | None) -> Any:
    if isinstance(value, list | tuple):
        items = []
        for number, item in enumerate(value):
            with at(f"[{number}]"):
                items.append(_read(item, family))
        return items
    if not isinstance(value, dict):
        return value
    if "class_name" not in value or "config" not in value:
        made = {}
        for key, item in value.items():
            with at(f"{key}"):
                made[key] = _read(item, family)
        return made
    name = value["class_name"]
    if isinstance(name, str) and name in _SPECIAL:
        return _special(name, value["config"])
    if isinstance(name, str) and name == "function":
        return function_of(value, family)
    return _shared(value, family)


def _shared(description: dict[str, Any], family: str | None) -> Any:
    """The object described, or the one made before that is to be shared."""
    assert state.shared is not None
    number = description.get("shared_object_id")
    known = isinstance(number, int | str)
    if known and number in state.shared:
        return state.shared[number]
    made = _made(description, family)
    if known:
        state.shared[number] = made
    return made


def _made(description: dict[str, Any], family: str | None) -> Any:
    cls = class_of(description, family)
    if not isinstance(cls, type):
        return cls
    config = {} if description["config"] is None else description["config"]
    with at("config"), telling(cls):
        if not isinstance(config, dict):
            raise wrong_kind(f"expected a dictionary. Received: {describe_value(config)}")
        made = cls.from_config(config)  # type: ignore[attr-defined]
    if description.get("build_config") and not getattr(made, "built", True):
        with at("build_config"), telling(cls):
            made.build_from_config(description["build_config"])
            made.built = True
    if description.get("compile_config"):
        with at("compile_config"), telling(cls):
            made.compile_from_config(description["compile_config"])
    return made


# -- special values -------------------------------------------------------------------------------


def _special(name: str, config: Any) -> Any:
    with at("config"):
        if not isinstance(config, dict | list):
            raise wrong_kind(f"expected a dictionary. Received: {describe_value(config)}")
        return _SPECIAL[name](config)


def _part(config: Any, key: str, kind: Any = object) -> Any:
    if not isinstance(config, dict) or key not in config:
        raise refused(f"expected {key!r}. Received: {config!r:.80}")
    if not isinstance(config[key], kind):
        with at(key):
            raise refused(f"expected another kind of value. Received: {config[key]!r:.80}")
    return config[key]


def _to_array(config: Any) -> Any:
    values, dtype = _part(config, "value"), _part(config, "dtype", str)
    try:
        return np.asarray(values, numpy_dtype(standardize_dtype(dtype)))
    except (ValueError, TypeError, OverflowError) as error:
        raise refused(f"expected numbers in rows of equal length. Received: {error}") from None


def _to_slice(config: Any) -> slice:
    bounds = []
    for name in ("start", "stop", "step"):
        bound = _part(config, name)
        if isinstance(bound, dict) and bound.get("class_name") == "__numpy__":
            bound = _special("__numpy__", bound.get("config"))
        elif bound is not None and not isinstance(bound, int):
            _part(config, name, int)
        bounds.append(bound)
    return slice(*bounds)


def _to_bytes(config: Any) -> bytes:
    return bytes(_part(config, "value", str), "utf-8")


def _no_code(config: Any) -> Any:
    raise refused(f"expected plain data. Received: a lambda, which is code. {CODE_REMEDY}")


def _no_spec(config: Any) -> Any:
    raise refused("expected plain data. Received: a TensorFlow type, which means nothing here.")


def _no_tensor(config: Any) -> Any:
    raise refused(
        "expected plain data. Received: a symbolic tensor, which only means something among the "
        "inbound_nodes of a model."
    )


_SPECIAL = {
    "__numpy__": _to_array,
    "__tensor__": _to_array,
    "__slice__": _to_slice,
    "__ellipsis__": lambda config: Ellipsis,
    "__bytes__": _to_bytes,
    "__lambda__": _no_code,
    "__typespec__": _no_spec,
    "__keras_tensor__": _no_tensor,
}
