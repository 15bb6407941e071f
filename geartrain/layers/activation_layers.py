"""Activation functions as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import activations, constraints, initializers, ops, regularizers
from geartrain.errors import describe_value
from geartrain.graph.shapes import broadcast
from geartrain.layers.arguments import at_least_zero, known_size
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.registry import register


@register("layers")
class Activation(Layer):
    """`activation(inputs)`.

    Args:
        activation: a function's name or a function of one tensor.

    >>> Activation("relu")([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """

    has_state = False

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """The activation of the inputs."""
        return self.activation(inputs)


@register("layers")
class ReLU(Layer):
    """`max(inputs, 0)`, or a rectifier with other bends.

    Args:
        max_value: the greatest output; None for no bound.
        negative_slope: the slope below the threshold: `negative_slope * (inputs - threshold)`.
        threshold: inputs below it count as negative.

    Raises ValueError for a negative argument.

    >>> ReLU(max_value=1.0)([-1.0, 0.5, 2.0])
    array([0. , 0.5, 1. ], dtype=float32)
    """

    has_state = False

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.max_value = None if max_value is None else at_least_zero(self, "max_value", max_value)
        self.negative_slope = at_least_zero(self, "negative_slope", negative_slope)
        self.threshold = at_least_zero(self, "threshold", threshold)

    def call(self, inputs: Any) -> Any:
        """The rectified inputs."""
        if self.negative_slope and self.max_value is None and not self.threshold:
            return ops.leaky_relu(inputs, negative_slope=self.negative_slope)
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@register("layers")
class LeakyReLU(Layer):
    """`inputs` where they are positive, `negative_slope * inputs` elsewhere.

    Args:
        negative_slope: the slope of the negative part.

    Raises ValueError for a negative slope.

    >>> LeakyReLU(negative_slope=0.5)([-1.0, 2.0])
    array([-0.5,  2. ], dtype=float32)
    """

    has_state = False

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.negative_slope = at_least_zero(self, "negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        """The inputs with the negative ones scaled down."""
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)


@register("layers")
class PReLU(Layer):
    """`inputs` where they are positive, `alpha * inputs` elsewhere, with `alpha` learnt.

    Args:
        alpha_initializer, alpha_regularizer, alpha_constraint: of the slopes.
        shared_axes: axes (from 1) along which one slope is shared: (1, 2) for images.

    Weights: alpha, of a sample's shape, with size 1 for the shared axes.

    >>> PReLU(alpha_initializer="ones")([[-1.0, 2.0]])
    array([[-1.,  2.]], dtype=float32)
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        several = shared_axes if isinstance(shared_axes, Sequence) else [shared_axes]
        self.shared_axes = None if shared_axes is None else list(several)

    def build(self, input_shape: Any) -> None:
        """Make the slopes."""
        rank = len(input_shape)
        shared = self.shared_axes or []
        for axis in shared:
            if not 1 <= axis < rank:
                raise ValueError(
                    f"{self._who()}: expected shared_axes from 1 to {rank - 1} for inputs of shape "
                    f"{tuple(input_shape)}. Received: {shared}"
                )
        own = [axis for axis in range(1, rank) if axis not in shared]
        sizes = {axis: known_size(self, input_shape, axis) for axis in own}
        self.alpha = self.add_weight(
            name="alpha",
            shape=[sizes.get(axis, 1) for axis in range(1, rank)],
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        self.input_spec = InputSpec(ndim=rank, axes=sizes)

    def call(self, inputs: Any) -> Any:
        """The inputs with the negative ones scaled."""
        negative = ops.multiply(self.alpha, ops.relu(ops.negative(inputs)))
        return ops.subtract(ops.relu(inputs), negative)


@register("layers")
class ELU(Layer):
    """`inputs` where they are positive, `alpha * (exp(inputs) - 1)` elsewhere.

    Args:
        alpha: minus the limit for very negative inputs.

    >>> ELU()([-100.0, 2.0])
    array([-1.,  2.], dtype=float32)
    """

    has_state = False

    config_order = ("name", "alpha")

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        """The activation of the inputs."""
        return ops.elu(inputs, alpha=self.alpha)


@register("layers")
class Softmax(Layer):
    """`exp(inputs) / sum(exp(inputs))` along an axis.

    Args:
        axis: the axis, or several, along which the outputs sum to 1.

    Call: `mask`, a tensor that stretches to the inputs, is False (or at most 0.5) where an input
    is left out: its output is 0.

    Raises ValueError for a mask that does not stretch to the inputs.

    >>> Softmax()([[0.0, 0.0]])
    array([[0.5, 0.5]], dtype=float32)
    """

    has_state = False

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The probabilities."""
        if mask is None:
            return ops.softmax(inputs, axis=self._axes())
        kept = self._kept(mask, inputs)
        lowest = -3e4 if dtype_of(inputs) == "float16" else -1e9
        chosen = ops.softmax(ops.where(kept, inputs, lowest), axis=self._axes())
        return ops.where(kept, chosen, 0.0)  # also where the whole axis is left out

    def _axes(self) -> Any:
        return tuple(self.axis) if isinstance(self.axis, list) else self.axis

    def _kept(self, mask: Any, inputs: Any) -> Any:
        whole = extents_of(inputs)
        try:
            fits = broadcast(extents_of(mask), whole) == whole
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"{self._who()}: expected a mask that stretches to the inputs of shape "
                f"{tuple(inputs.shape)}. Received: {describe_value(mask)}"
            )
        return mask if dtype_of(mask) == "bool" else ops.greater(mask, 0.5)
