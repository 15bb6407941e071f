"""Layers around another layer."""

from __future__ import annotations

from typing import Any

from geartrain import ops
from geartrain.errors import describe_value, shown
from geartrain.layers.activation_layers import Softmax
from geartrain.layers.building import parameters
from geartrain.layers.layer import Layer
from geartrain.ops.operands import extents_of
from geartrain.registry import register


@register("layers")
class Wrapper(Layer):
    """Base of layers that hold another one.

    Args:
        layer: the layer.

    Raises ValueError for anything but a layer.

    >>> from geartrain.layers import Dense
    >>> Wrapper(Dense(3, name="inner")).layer
    <Dense name=inner, built=False>
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise ValueError(
                f"{self._who()}: expected a layer. Received: {shown(layer)}. Instances go in, not "
                "classes: layers.Dense(10)."
            )
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Make the weights of the layer inside."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True


@register("layers")
class TimeDistributed(Wrapper):
    """The layer inside, applied to every timestep.

    All timesteps are one call, as a larger batch; in training they come one after the other where
    the layer inside keeps weights that are not trained, as `BatchNormalization` does: such weights
    follow each timestep.

    Args:
        layer: the layer.

    Call: inputs of shape (batch, time, ...) give (batch, time, ...).

    Raises ValueError for inputs of rank below 3, or a mask of another batch or time.

    >>> import numpy as np
    >>> from geartrain.layers import Dense
    >>> TimeDistributed(Dense(3))(np.zeros((5, 10, 4), "float32")).shape
    (5, 10, 3)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the weights of the layer inside, for one timestep."""
        if not isinstance(input_shape, tuple | list) or len(input_shape) < 3:
            raise ValueError(
                f"{self._who()}: expected inputs of rank 3 or more: (batch, time, ...). "
                f"Received shape {input_shape}"
            )
        batch = None if None in input_shape[:2] else input_shape[0] * input_shape[1]
        super().build((batch, *input_shape[2:]))

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        """The timesteps, each through the layer."""
        batch, time, *rest = extents_of(inputs)
        if mask is not None and extents_of(mask)[:2] != (batch, time):
            raise ValueError(
                f"{self._who()}: expected a mask of shape (batch, time, ...) for inputs of shape "
                f"{tuple(inputs.shape)}. Received: {describe_value(mask)}"
            )
        if training and self.layer.non_trainable_weights and isinstance(time, int):
            steps = [
                self._inner(inputs[:, step], training, None if mask is None else mask[:, step])
                for step in range(time)
            ]
            return ops.stack(steps, axis=1)
        merged = None if mask is None else ops.reshape(mask, (batch * time, *extents_of(mask)[2:]))
        outputs = self._inner(ops.reshape(inputs, (batch * time, *rest)), training, merged)
        return ops.reshape(outputs, (batch, time, *extents_of(outputs)[1:]))

    def _inner(self, inputs: Any, training: bool, mask: Any) -> Any:
        fits = mask is not None and "mask" in parameters(self.layer.call)
        if fits and isinstance(self.layer, Softmax):  # whose mask is of features, not of timesteps
            fits = len(mask.shape) > 1
        return self.layer(inputs, training=training, **({"mask": mask} if fits else {}))
