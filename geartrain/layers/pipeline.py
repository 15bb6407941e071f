"""A row of layers that is a layer itself, for preparing data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain.errors import shown
from geartrain.layers.layer import Layer
from geartrain.ops.masks import set_mask
from geartrain.registry import register
from geartrain.tree import flatten


@register("layers")
class Pipeline(Layer):
    """Calls layers one after another: on images, or on dictionaries of what belongs to them.

    Args:
        layers: the layers.
        name: the layer's name.

    >>> import numpy as np
    >>> from geartrain.layers import CenterCrop, Rescaling
    >>> Pipeline([CenterCrop(2, 2), Rescaling(1 / 255)])(np.full((4, 4, 3), 255.0)).mean()
    array(1., dtype=float32)
    """

    accepts = ()
    config_order = ("layers", "name")

    def __init__(self, layers: Sequence[Any], name: str | None = None) -> None:
        super().__init__(name=name)
        if not isinstance(layers, list | tuple) or not all(isinstance(x, Layer) for x in layers):
            raise ValueError(
                f"{self._who()}: expected a list of layers. Received: layers={shown(layers)}"
            )
        self._steps = list(layers)

    @property
    def layers(self) -> list[Any]:
        """The layers."""
        return list(self._steps)

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        """What the last layer returns."""
        for layer in self._steps:
            if mask is not None:  # one that was given, in place of what the tensors have
                for tensor, one in zip(flatten(inputs), flatten(mask), strict=False):
                    set_mask(tensor, one)
            inputs = layer(inputs)
            mask = None
        return inputs

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A pipeline made from what `get_config` returned."""
        if not isinstance(config.get("layers"), list | tuple):
            raise ValueError(
                f"Pipeline: expected a config with a list 'layers'. Received: {shown(config)}"
            )
        return super().from_config(config)
