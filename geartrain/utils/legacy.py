"""Objects as a name and a config, the form of Keras 2, which tools such as KerasTuner still use.

Reading never imports anything: a name stands for what the caller gives, or has registered.
"""

from __future__ import annotations

from typing import Any

from geartrain.errors import describe_value, shown, unknown_name
from geartrain.registry import CustomObjectScope
from geartrain.registry import custom_objects as registered
from geartrain.utils.custom_objects import get_registered_name, get_registered_object


def serialize_keras_object(instance: Any) -> Any:
    """An object as `{"class_name": ..., "config": ...}`, a function or a class as its name.

    Raises ValueError for an object of another kind.

    >>> from geartrain.layers import Flatten
    >>> serialize_keras_object(Flatten(name="flat"))["class_name"], serialize_keras_object(len)
    ('Flatten', 'len')
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        name = get_registered_name(type(instance))
        return {"class_name": name, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise ValueError(
        "serialize_keras_object expected an object with get_config, a function or a class. "
        f"Received: {describe_value(instance)}"
    )


def deserialize_keras_object(
    identifier: Any,
    module_objects: dict[str, Any] | None = None,
    custom_objects: dict[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """The object that `serialize_keras_object` described.

    Args:
        identifier: a name, a dictionary with `class_name` and `config`, a function, or None.
        module_objects: what names may stand for.
        custom_objects: further names, which come before those.
        printable_module_name: what errors call the object.

    Raises ValueError for a name that is not known, and for what is no description.

    >>> from geartrain.layers import Flatten
    >>> config = serialize_keras_object(Flatten(name="flat"))
    >>> deserialize_keras_object(config, {"Flatten": Flatten}).name
    'flat'
    >>> deserialize_keras_object("flatten", {"Flatten": Flatten}, printable_module_name="layer")
    Traceback (most recent call last):
    ValueError: Unknown layer: 'flatten'. Did you mean 'Flatten'? Known: Flatten...
    """
    if identifier is None or callable(identifier):
        return identifier
    config = None
    name = identifier
    if isinstance(identifier, dict) and {"class_name", "config"} <= identifier.keys():
        name, config = identifier["class_name"], identifier["config"]
    if not isinstance(name, str) or not isinstance(config, dict | None):
        raise ValueError(
            "deserialize_keras_object expected a name, or a dictionary with class_name and config. "
            f"Received: {shown(identifier)}"
        )
    found = get_registered_object(name, custom_objects, module_objects)
    if found is None:
        known = {**(module_objects or {}), **(custom_objects or {}), **registered()}
        raise unknown_name(printable_module_name, name, known)
    if not isinstance(found, type):
        return found
    with CustomObjectScope(custom_objects):
        if hasattr(found, "from_config"):
            return found.from_config(config or {})
        return found(**(config or {}))
