"""Finding an object of a family by what users write: a name, a class, an object, a config.

Each family's package has a `Family`, and takes its `get`, `serialize` and `deserialize` from it.
"""

from __future__ import annotations

from typing import Any

from geartrain import registry, serialization
from geartrain.errors import describe_value, shown, unknown_name


class Family:
    """The classes of one package, under all the names that Keras knows them by.

    Args:
        name: the family's name in the registry, such as `"initializers"`.
        kind: what one of them is called in messages, such as `"initializer"`.
        aliases: further names, and the class's name that each stands for.

    >>> Family("initializers", "initializer", {"normal": "RandomNormal"}).get("he_normal")
    <geartrain.initializers.random_initializers.HeNormal object at ...>
    """

    def __init__(self, name: str, kind: str, aliases: dict[str, str] | None = None) -> None:
        self.name, self.kind, self.aliases = name, kind, aliases or {}

    def table(self) -> dict[str, type]:
        """Every class by each of its names."""
        classes = registry.members(self.name)
        table = {registry.snake_case(name): cls for name, cls in classes.items()}
        table.update((alias, classes[name]) for alias, name in self.aliases.items())
        return table | classes

    def get(self, identifier: Any) -> Any:
        """What `identifier` means: a name, a class, a config, an object, a function, or None.

        Raises ValueError for an unknown name, with the nearest one, and for anything else.
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier)
        found = self._named(identifier) if isinstance(identifier, str) else identifier
        if isinstance(found, type):
            return found()
        if callable(found):
            return found
        raise ValueError(
            f"Expected {self.kind} as a name, an object or a function. "
            f"Received: {describe_value(identifier)}"
        )

    def _named(self, name: str) -> Any:
        found = registry.custom_object(name)
        if found is None:
            found = self.table().get(name)
        if found is None:
            raise unknown_name(self.kind, name, registry.members(self.name))
        return found

    def serialize(self, item: Any) -> Any:
        """The object as plain data, from which `deserialize` makes it again."""
        return serialization.serialize(item)

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The object that `serialize` described.

        Args:
            config: a name, or a dictionary with "class_name" and "config".
            custom_objects: classes of your own by name.
        """
        if isinstance(config, str):
            with registry.CustomObjectScope(custom_objects):
                return self.get(config)
        name = config.get("class_name") if isinstance(config, dict) else None
        if name is None:
            raise ValueError(
                f"Expected the config of a {self.kind}: a dictionary with 'class_name'. "
                f"Received: {shown(config)}"
            )
        described = {"config": {}, **config}
        known = self.table().get(name) if isinstance(name, str) else None
        if known is not None:
            described["class_name"] = registry.public_name(known)
        return serialization.deserialize(described, custom_objects, self.name)
