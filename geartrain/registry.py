"""Named classes and functions: Geartrain's own by family, and those of the program.

The families are the closed list of what a model file may name (`serialization` reads such files).
What a program registers, or names in a `CustomObjectScope`, is added to it: nothing else is ever
looked up.
"""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from geartrain import lazy
from geartrain.errors import shown

Registered = TypeVar("Registered", bound=type)
_classes: dict[str, dict[str, type]] = {}
_functions: dict[str, dict[str, Callable[..., Any]]] = {}
_custom: dict[str, Any] = {}


# -- Geartrain's own ------------------------------------------------------------------------------


def register(family: str, name: str | None = None) -> Callable[[Registered], Registered]:
    """Class decorator: enter the class under its name in a family such as "layers"."""

    def enter(cls: Registered) -> Registered:
        members = _classes.setdefault(family, {})
        key = name or cls.__name__
        assert key not in members, f"{family}.{key} is registered twice"
        members[key] = cls
        cls.family = family  # type: ignore[attr-defined]
        cls.public_name = key  # type: ignore[attr-defined]
        return cls

    return enter


def public_name(cls: type) -> str:
    """The name that users know a class by, and that files hold; usually its own."""
    return str(vars(cls).get("public_name", cls.__name__))


def members(family: str) -> dict[str, type]:
    """The classes of a family by name; if its package is lazy, all of it is imported."""
    for module in lazy.modules(f"geartrain.{family}"):
        importlib.import_module(module)
    return dict(_classes.get(family, {}))


def member(family: str, name: str) -> type | None:
    """One class of a family, for which no other is imported; None if there is none."""
    place = lazy.PACKAGES.get(f"geartrain.{family}", {}).get(name)
    if place is not None:
        importlib.import_module(place.partition(":")[0])
    return _classes.get(family, {}).get(name)


def register_functions(family: str, functions: dict[str, Callable[..., Any]]) -> None:
    """Enter functions under their names in a family such as "activations"."""
    _functions.setdefault(family, {}).update(functions)


def functions(family: str) -> dict[str, Callable[..., Any]]:
    """The functions of a family by name."""
    return dict(_functions.get(family, {}))


@cache
def snake_case(name: str) -> str:
    """A class's name as Keras writes it in default names.

    >>> snake_case("Conv2D"), snake_case("BatchNormalization"), snake_case("ReLU")
    ('conv2d', 'batch_normalization', 're_lu')
    """
    import re

    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


_name_counts: dict[str, int] = {}


def automatic_name(base: str) -> str:
    """`base`, then `base_1`, `base_2`, ... on later calls."""
    count = _name_counts.get(base, 0)
    _name_counts[base] = count + 1
    return f"{base}_{count}" if count else base


def reset_names() -> None:
    """Start automatic names afresh, as `keras.utils.clear_session` does."""
    _name_counts.clear()


def signature(cls: Any) -> inspect.Signature:
    """The signature of a class's `__init__`, without `self`."""
    return signature_of(cls.__init__)


@cache
def signature_of(initializer: Any) -> inspect.Signature:
    """The same of an `__init__`: classes without one of their own share their parent's."""
    full = inspect.signature(initializer)
    return full.replace(parameters=list(full.parameters.values())[1:])


def signature_names(function: Callable[..., Any]) -> list[str]:
    """The names of a method's parameters, without `self`."""
    return [name for name in inspect.signature(function).parameters if name != "self"]


# -- the program's own ----------------------------------------------------------------------------


class _Scopes(threading.local):
    """The scopes that are open in this thread, the innermost last."""

    def __init__(self) -> None:
        self.stack: list[dict[str, Any]] = []


_scopes = _Scopes()


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Any], Any]:
    """Decorator: make a class or function of your own known to files, as `package>name`.

    Args:
        package: whose it is; files tell classes of one name apart by it.
        name: its name; by default what it is called in Python.

    Raises ValueError for a class without `get_config`.

    >>> @register_keras_serializable("mine")
    ... def squared(x):
    ...     return x * x
    >>> custom_name(squared)
    'mine>squared'
    """

    def enter(item: Any) -> Any:
        if isinstance(item, type) and not hasattr(item, "get_config"):
            raise ValueError(
                "register_keras_serializable: expected a class with get_config(). "
                f"Received: {item.__name__}"
            )
        _custom[f"{package}>{name or item.__name__}"] = item
        return item

    return enter


def custom_objects() -> dict[str, Any]:
    """What `register_keras_serializable` made known, by name: the dictionary itself."""
    return _custom


class CustomObjectScope:
    """A `with` block in which some more custom objects are known, to this thread alone.

    Args:
        custom_objects: classes and functions by name. Scopes inside of one another add up; of one
            name the innermost counts.

    Raises TypeError for anything but a dictionary.

    >>> with CustomObjectScope({"Twice": lambda x: 2 * x}):
    ...     custom_object("Twice")(4)
    8
    >>> custom_object("Twice") is None
    True
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        if not isinstance(custom_objects, dict | None):
            raise TypeError(
                "custom_objects: expected a dictionary of classes and functions by name. "
                f"Received: {shown(custom_objects)}"
            )
        self.custom_objects = custom_objects or {}

    def __enter__(self) -> CustomObjectScope:
        _scopes.stack.append(dict(self.custom_objects))
        return self

    def __exit__(self, *exception: object) -> None:
        _scopes.stack.pop()


def custom_object(name: str) -> Any:
    """The program's own class or function of that name, or None."""
    for scope in reversed(_scopes.stack):
        if name in scope:
            return scope[name]
    return _custom.get(name)


def custom_object_ending(end: str) -> Any:
    """The program's own class or function whose name ends so, or None."""
    for scope in [*reversed(_scopes.stack), _custom]:
        for name, item in scope.items():
            if name.endswith(end):
                return item
    return None


def custom_name(item: Any) -> str | None:
    """The name that a class or function is registered under, or None."""
    return next((name for name, known in _custom.items() if known is item), None)
