"""Finding a function of a family (activations, losses) by what users write, and describing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from geartrain import registry
from geartrain.errors import unknown_name
from geartrain.identifiers import Family


class FunctionFamily(Family):
    """The functions of a package beside its classes, under all the names that Keras knows.

    Args:
        name, kind: see `Family`.
        functions: the functions, each known by its own name.
        aliases: further names, and the function that each stands for.

    >>> from geartrain import ops
    >>> family = FunctionFamily("squashing", "squashing function", [ops.tanh], {"th": ops.tanh})
    >>> family.get("th") is ops.tanh, family.serialize(ops.tanh)["config"]
    (True, 'tanh')
    """

    def __init__(
        self,
        name: str,
        kind: str,
        functions: Iterable[Callable[..., Any]],
        aliases: dict[str, Callable[..., Any]] | None = None,
    ) -> None:
        super().__init__(name, kind)
        self.functions = {function.__name__: function for function in functions}
        self.named = {**self.functions, **(aliases or {})}

    def _named(self, name: str) -> Any:
        found = self.named.get(name)  # a function, where a class has the same name
        if found is None:
            found = self.table().get(name)
        if found is None:
            found = registry._custom.get(name)
        if found is None:
            classes = map(registry.snake_case, registry.members(self.name))
            raise unknown_name(self.kind, name, self.functions or classes)
        return found

    def serialize(self, item: Any) -> Any:
        """The object or function as plain data, from which `deserialize` makes it again.

        Raises ValueError for a function that no name leads back to.
        """
        if isinstance(item, registry.Configurable) or not hasattr(item, "__name__"):
            return super().serialize(item)
        name = item.__name__
        if self.functions.get(name) is not item:
            name = registry._custom_name(item)
        if name is None:
            raise ValueError(
                f"Expected a {self.kind} that can be found again by its name. Received: "
                f"{item.__name__!r}, a function of your own. Decorate it with "
                "@saving.register_keras_serializable()."
            )
        return {
            "module": "builtins",
            "class_name": "function",
            "config": name,
            "registered_name": "function",
        }

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The object or function that `serialize` described; see `Family`."""
        if isinstance(config, dict) and config.get("class_name") == "function":
            config = config.get("config")
        return super().deserialize(config, custom_objects)
