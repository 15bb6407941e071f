"""Classes and functions of one's own, known by name where a config is read.

Reading a config never imports anything: what it may name is Geartrain's own classes and these.
"""

from __future__ import annotations

from typing import Any

from geartrain import registry, serialization
from geartrain.registry import CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """The dictionary of custom objects by name; entries may be added and removed.

    >>> get_custom_objects()["Twice"] = lambda x: 2 * x
    >>> get_registered_object("Twice")(4)
    8
    >>> del get_custom_objects()["Twice"]
    """
    return registry.custom_objects()


custom_object_scope = CustomObjectScope


def get_registered_name(obj: Any) -> str:
    """The name that an object is registered under, else its own name in Python.

    >>> @registry.register_keras_serializable("my_package")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice), get_registered_name(len)
    ('my_package>twice', 'len')
    """
    return registry.custom_name(obj) or str(obj.__name__)


def get_registered_object(
    name: str,
    custom_objects: dict[str, Any] | None = None,
    module_objects: dict[str, Any] | None = None,
) -> Any:
    """The object of that name: registered, or in either dictionary; None without one.

    Args:
        name: the name, as `get_registered_name` gives it.
        custom_objects: further objects by name.
        module_objects: still further ones.

    >>> get_registered_object("half", {"half": 0.5})
    0.5
    """
    found = registry.custom_object(name)
    for known in (custom_objects or {}, module_objects or {}):
        found = known.get(name) if found is None else found
    return found


def serialize_keras_object(obj: Any) -> Any:
    """The object as plain data, from which `deserialize_keras_object` makes it again.

    >>> from geartrain.layers import Dropout
    >>> serialize_keras_object(Dropout(0.5))["class_name"]
    'Dropout'
    """
    return serialization.serialize(obj)


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that `serialize_keras_object` described.

    Args:
        config: plain data. The name of a custom object alone stands for it.
        custom_objects: classes and functions of your own by name.
        safe_mode: only True: code is never read from data.

    Raises ValueError for what is not known or not accepted, with its place in the data, and for
    another safe_mode.

    >>> from geartrain.layers import Dropout
    >>> deserialize_keras_object(serialize_keras_object(Dropout(0.5))).rate
    0.5
    """
    serialization.check_safe_mode("deserialize_keras_object", safe_mode)
    if isinstance(config, str):
        with CustomObjectScope(custom_objects):
            found = registry.custom_object(config)
        return config if found is None else found
    return serialization.deserialize(config, custom_objects)
