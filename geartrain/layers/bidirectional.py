"""A recurrent layer run forwards and backwards over the sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geartrain import ops, tree
from geartrain.errors import shown
from geartrain.layers.layer import COMMON_KEYS, Layer
from geartrain.registry import register

_MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "ave": lambda x, y: (x + y) / 2,
    "concat": lambda x, y: ops.concatenate([x, y], axis=-1),
}


@register("layers")
class Bidirectional(Layer):
    """A layer from the first timestep to the last, and its like the other way.

    Both are attributes: `forward_layer` and `backward_layer`.

    Args:
        layer: a recurrent layer. Its settings are taken, not its weights.
        merge_mode: how the two outputs become one: `"concat"`, `"sum"`, `"mul"`, `"ave"`; None
            gives both.
        weights: accepted as in Keras: the first values of all weights.
        backward_layer: the layer for the other way, instead of a copy.

    Call: as the layer inside; with `return_state`, the states of both follow.

    Raises ValueError for another merge mode; for something else than a recurrent layer; for a
    backward layer that goes the same way.

    >>> import numpy as np
    >>> from geartrain.layers import LSTM
    >>> Bidirectional(LSTM(4))(np.zeros((2, 5, 3), "float32")).shape
    (2, 8)
    """

    config_order = (*COMMON_KEYS, "merge_mode")

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not hasattr(layer, "go_backwards"):
            raise ValueError(
                f"{self._who()}: expected a recurrent layer, such as LSTM. Received: {shown(layer)}"
            )
        if merge_mode is not None and merge_mode not in _MERGES:
            raise ValueError(
                f"{self._who()}: expected merge_mode to be one of {[*_MERGES]} or None. "
                f"Received: {merge_mode!r}"
            )
        if backward_layer is not None and backward_layer.go_backwards == layer.go_backwards:
            raise ValueError(
                f"{self._who()}: expected backward_layer to go the other way. Received: both have "
                f"go_backwards={layer.go_backwards}"
            )
        self.merge_mode = merge_mode
        self.forward_layer = _like(layer, "forward_")
        if backward_layer is None:
            backward_layer = _like(layer, "backward_", go_backwards=not layer.go_backwards)
        self.backward_layer = backward_layer
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = layer.return_sequences  # so the outputs stay in step
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        self.first_weights = weights
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """The arguments, without first values: the weights are kept elsewhere."""
        config = super().get_config()
        config.pop("weights", None)
        return config

    def _config_value(self, name: str) -> Any:
        return self.forward_layer if name == "layer" else super()._config_value(name)

    def _own_layers(self, parts: list[Any]) -> list[Any]:
        """All below it: of the layers in its config it makes others."""
        return super()._own_layers([])

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Make the weights of both."""
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
                layer.built = True
        if self.first_weights:
            self.set_weights(self.first_weights)

    def reset_state(self) -> None:
        """Let stateful layers begin with zeros again."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks of the layer inside."""
        found = self.forward_layer.compute_mask(inputs, previous_mask)
        own = found[0] if isinstance(found, list) else found
        outputs = [own, own] if self.merge_mode is None else [own]
        states = 2 * (len(found) - 1) if isinstance(found, list) else 0
        all_masks = [*outputs, *([None] * states)]
        return all_masks if len(all_masks) > 1 else own

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """Both ways, merged."""
        halves: list[Any] = [None, None]
        if initial_state is not None:
            flat = tree.flatten(initial_state)
            halves = [flat[: len(flat) // 2], flat[len(flat) // 2 :]]
        results = [
            layer.call(sequences, initial_state=half, mask=mask, training=training)
            for layer, half in zip((self.forward_layer, self.backward_layer), halves, strict=True)
        ]
        states = []
        if self.return_state:
            states = [*results[0][1:], *results[1][1:]]
            results = [result[0] for result in results]
        forward, backward = results
        if self.return_sequences:
            backward = ops.flip(backward, axis=1)
        if self.merge_mode is None:
            return [forward, backward, *states]
        merged = _MERGES[self.merge_mode](forward, backward)
        return [merged, *states] if states else merged


def _like(layer: Any, prefix: str, **changes: Any) -> Any:
    """A layer with the same settings, but for its name; built if the layer is."""
    name = f"{prefix}{layer.name.removeprefix(prefix)}"
    made = type(layer).from_config({**layer.get_config(), "name": name, **changes})
    if layer.built:
        made.build_from_config(layer.get_build_config())
    return made
