"""Classes and functions of one's own, known by name where a config is read.

Reading a config never imports anything: what it may name is Geartrain's own classes and these.
"""

from __future__ import annotations

from typing import Any

from geartrain import registry


def get_custom_objects() -> dict[str, Any]:
    """The dictionary of custom objects by name; entries may be added and removed.

    >>> get_custom_objects()["Twice"] = lambda x: 2 * x
    >>> get_registered_object("Twice")(4)
    8
    >>> del get_custom_objects()["Twice"]
    """
    return registry.custom_objects()


class CustomObjectScope:
    """A `with` block in which some more custom objects are known.

    Args:
        custom_objects: classes and functions by name.

    >>> with CustomObjectScope({"Twice": lambda x: 2 * x}):
    ...     get_registered_object("Twice")(4)
    8
    >>> get_registered_object("Twice") is None
    True
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = custom_objects or {}
        self._before: dict[str, Any] = {}

    def __enter__(self) -> CustomObjectScope:
        self._before = dict(get_custom_objects())
        get_custom_objects().update(self.custom_objects)
        return self

    def __exit__(self, *exception: object) -> None:
        get_custom_objects().clear()
        get_custom_objects().update(self._before)


custom_object_scope = CustomObjectScope


def get_registered_name(obj: Any) -> str:
    """The name that an object is registered under, else its own name in Python.

    >>> @registry.register_keras_serializable("my_package")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice), get_registered_name(len)
    ('my_package>twice', 'len')
    """
    for name, item in get_custom_objects().items():
        if item is obj:
            return name
    return str(obj.__name__)


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
    for known in (get_custom_objects(), custom_objects or {}, module_objects or {}):
        if name in known:
            return known[name]
    return None


def serialize_keras_object(obj: Any) -> Any:
    """The object as plain data, from which `deserialize_keras_object` makes it again.

    >>> from geartrain.layers import Dropout
    >>> serialize_keras_object(Dropout(0.5))["class_name"]
    'Dropout'
    """
    return registry.serialize(obj)


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that `serialize_keras_object` described.

    Args:
        config: plain data.
        custom_objects: classes and functions of your own by name.
        safe_mode: accepted as in Keras. It makes no difference: nothing is ever imported or run.

    Raises ValueError for the name of a class that is not known.

    >>> from geartrain.layers import Dropout
    >>> deserialize_keras_object(serialize_keras_object(Dropout(0.5))).rate
    0.5
    """
    with CustomObjectScope(custom_objects):
        return registry.deserialize(config)
