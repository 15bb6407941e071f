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
        named = {k: found for k, found in self.named.items() if not isinstance(found, type)}
        registry.register_functions(name, named)

    def _named(self, name: str) -> Any:
        found = registry.custom_object(name)
        if found is None:
            found = self.named.get(name)  # a function, where a class has the same name
        if found is None:
            found = self.table().get(name)
        if found is None:
            classes = map(registry.snake_case, registry.members(self.name))
            raise unknown_name(self.kind, name, self.functions or classes)
        return found
