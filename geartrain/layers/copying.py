"""Copies of layers: what is taken over when one is made again of its config."""

from __future__ import annotations

from typing import Any

from geartrain.layers.stateless import Stateless
from geartrain.layers.symbolic import tree_of_shapes


class Copied(Stateless):
    """The part of a layer that builds it anew, and copies it with all that is inside of it."""

    _build_shapes: dict[str, Any]

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that the layer was built for, in the form of files; None before it is.

        >>> from geartrain import Layer
        >>> layer = Layer()
        >>> layer.build((None, 3))
        >>> layer.get_build_config()
        {'input_shape': (None, 3)}
        """
        if not self._build_shapes:
            return None
        if len(self._build_shapes) == 1:
            return {"input_shape": next(iter(self._build_shapes.values()))}
        return {"shapes_dict": dict(self._build_shapes)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes that `get_build_config` gave.

        >>> from geartrain import Layer
        >>> layer = Layer()
        >>> layer.build_from_config({"input_shape": [None, 3]})
        >>> layer.built
        True
        """
        shapes = tree_of_shapes(config.get("shapes_dict", {}))
        if "input_shape" in config:
            self.build(tree_of_shapes(config["input_shape"]))
        elif shapes:
            self.build(**shapes)

    def _notes(self) -> list[tuple[Any, dict[str, Any]]]:
        """What this layer and those below hold, to go back to by `_restore`."""
        return [
            (layer, {name: _shallow(value) for name, value in vars(layer).items()})
            for layer in self._flatten_layers()
        ]

    def _restore(self, notes: list[tuple[Any, dict[str, Any]]]) -> None:
        for layer, held in notes:
            layer.__dict__.clear()
            layer.__dict__.update(held)

    def _own_layers(self, parts: list[Any]) -> list[Any]:
        """This layer and those below it, without `parts` and what is below them."""
        outside = {id(part) for part in parts}
        found, stack = dict[int, Any](), [self]
        while stack:
            layer = stack.pop()
            if id(layer) not in found and id(layer) not in outside:
                found[id(layer)] = layer
                stack.extend(reversed(layer._sublayers()))  # type: ignore[arg-type]
        return list(found.values())

    def _learned(self) -> Any:
        """What the layer itself learned that is in no variable, such as a vocabulary."""
        return None

    def _take_learned(self, learned: Any) -> None:
        """Take what `_learned` gave, of the layer that this one is a copy of."""

    def _copied_state(self, parts: list[Any]) -> dict[str, Any]:
        layers = self._own_layers(parts)
        variables = [variable for layer in layers for variable in layer._kept_variables()]
        return {
            "built": [(layer.built, layer.get_build_config()) for layer in layers],
            "arrays": [variable.array for variable in variables],
            "variables": [(one.name, one.path, one.trainable) for one in variables],
            "learned": [layer._learned() for layer in layers],
            "layers": [(layer.name, layer._trainable) for layer in layers],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the values of the layer that this one is a copy of."""
        parts = self.__dict__.pop("_parts", [])
        self._build_as(state["built"], parts)
        layers = self._own_layers(parts)
        variables = [variable for layer in layers for variable in layer._kept_variables()]
        shapes = [[one.shape for one in of] for of in (state["arrays"], variables)]
        if shapes[0] != shapes[1] or len(layers) != len(state["layers"]):
            raise ValueError(
                f"{self._who()}: expected a copy with variables of the shapes {shapes[0]}. "
                f"Received, when it was made again of its config: {shapes[1]}. Let get_config and "
                "get_build_config tell all that they depend on."
            )
        for variable, array, known in zip(
            variables, state["arrays"], state["variables"], strict=True
        ):
            variable.assign(array)
            variable.name, variable.path, variable.trainable = known
        for layer, learned in zip(layers, state["learned"], strict=True):
            layer._take_learned(learned)
        for layer, (name, trainable) in zip(layers, state["layers"], strict=True):
            vars(layer).update(name=name, _trainable=trainable)

    def _build_as(self, built: list[tuple[bool, Any]], parts: list[Any]) -> None:
        """Build what was built, from the outside to the inside, each layer for its own shapes."""
        layers = self._own_layers(parts)
        for place, (was_built, config) in enumerate(built[: len(layers)]):
            if was_built and not layers[place].built:
                if config is not None:
                    layers[place].build_from_config(config)
                layers[place].built = True
                layers = self._own_layers(parts)


def _shallow(value: Any) -> Any:
    """A copy of what may grow, with the same things in it; else the value itself."""
    return value.copy() if type(value) in (dict, list, set) else value
