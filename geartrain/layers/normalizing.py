"""Layers that bring each sample to mean 0 and variance 1, or to a length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import constraints, initializers, ops, regularizers
from geartrain.errors import shown
from geartrain.graph.dtypes import result_type
from geartrain.graph.shapes import axis_index
from geartrain.layers.arguments import known_size
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.layer import Layer
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.registry import register


class ScaledAndShifted(Layer):
    """Base: a result times `gamma` plus `beta`, if `scale` and `center` are set."""

    def __init__(
        self,
        center: bool,
        scale: bool,
        initial: tuple[Any, Any],
        penalties: tuple[Any, Any],
        bounds: tuple[Any, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = map(initializers.get, initial)
        self.beta_regularizer, self.gamma_regularizer = map(regularizers.get, penalties)
        self.beta_constraint, self.gamma_constraint = map(constraints.get, bounds)
        self.beta: Any = None
        self.gamma: Any = None

    def make_weights(self, shape: Sequence[int]) -> None:
        """Make gamma and beta, as far as there are any."""
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def normalized(self, x: Any, mean: Any, variance: Any, epsilon: float, shape: Any) -> Any:
        """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, with the weights as `shape`."""
        factor = ops.rsqrt(ops.add(variance, epsilon))
        if self.gamma is not None:
            factor = ops.multiply(factor, ops.reshape(ops.cast(self.gamma, dtype_of(x)), shape))
        result = ops.multiply(ops.subtract(x, mean), factor)
        if self.beta is not None:
            result = ops.add(result, ops.reshape(ops.cast(self.beta, dtype_of(x)), shape))
        return ops.cast(result, self.compute_dtype)

    def shifted(self, x: Any, shape: Any) -> Any:
        """`x * gamma + beta`, with the weights as `shape`."""
        if self.gamma is not None:
            x = ops.multiply(x, ops.reshape(ops.cast(self.gamma, dtype_of(x)), shape))
        if self.beta is not None:
            x = ops.add(x, ops.reshape(ops.cast(self.beta, dtype_of(x)), shape))
        return ops.cast(x, self.compute_dtype)


def at_least_float32(x: Any) -> Any:
    """`x` in a dtype in which squares do not overflow."""
    return ops.cast(x, result_type(dtype_of(x), "float32"))


def axes_in(layer: Any, axis: Any, rank: int) -> tuple[int, ...]:
    """One axis or several, counted from the front, in order."""
    several = axis if isinstance(axis, Sequence) else (axis,)
    return tuple(sorted(axis_index(one, rank, layer._who()) for one in several))


@register("layers")
class LayerNormalization(ScaledAndShifted):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, within each sample.

    Args:
        axis: the axis or axes over which the mean and the variance are taken.
        epsilon: keeps the division finite.
        center, scale: whether there is a beta, a gamma.
        rms_scaling: as in older Keras: `x / sqrt(variance + epsilon) * gamma`, without a beta.
        beta_initializer, gamma_initializer: the first values of the weights.
        beta_regularizer, gamma_regularizer: penalties on the weights.
        beta_constraint, gamma_constraint: projections of the weights after each update.

    Weights: gamma, beta, of the sizes of the axes.

    Source: Ba et al., "Layer normalization", 2016.

    >>> LayerNormalization()([[1.0, 3.0]]).round(3)
    array([[-1.,  1.]], dtype=float32)
    """

    accepts = (*Layer.accepts, "rms_scaling")

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        rms_scaling = bool(kwargs.pop("rms_scaling", False))
        super().__init__(
            center,
            scale,
            (beta_initializer, gamma_initializer),
            (beta_regularizer, gamma_regularizer),
            (beta_constraint, gamma_constraint),
            **kwargs,
        )
        self.rms_scaling = rms_scaling
        self.axis = list(axis) if isinstance(axis, Sequence) else axis
        self.epsilon = epsilon
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta."""
        axes_in(self, self.axis, len(input_shape))
        # Negative axes first, as in Keras, so that files of weights fit.
        several = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        given = self.center, self.scale
        if self.rms_scaling:
            self.center, self.scale = False, True
        self.make_weights([known_size(self, input_shape, axis) for axis in several])
        self.center, self.scale = given
        self.axis = several

    def get_config(self) -> dict[str, Any]:
        """The arguments, `rms_scaling` where it is set."""
        return super().get_config() | ({"rms_scaling": True} if self.rms_scaling else {})

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        x = at_least_float32(inputs)
        axes = axes_in(self, self.axis, len(x.shape))
        shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
        mean, variance = ops.moments(x, axes, keepdims=True)
        if self.rms_scaling:
            mean = ops.zeros_like(mean)
        return self.normalized(x, mean, variance, self.epsilon, shape)


@register("layers")
class GroupNormalization(ScaledAndShifted):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, within each group of channels.

    Args:
        groups: the number of groups, which divides the number of channels; -1 for one group a
            channel (instance normalization).
        axis: the axis of the channels.
        epsilon: keeps the division finite.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer: the first values of the weights.
        beta_regularizer, gamma_regularizer: penalties on the weights.
        beta_constraint, gamma_constraint: projections of the weights after each update.

    Weights: gamma (channels,), beta (channels,).

    Raises ValueError for groups that do not divide the channels.

    Source: Wu and He, "Group normalization", 2018.

    >>> GroupNormalization(groups=2)([[1.0, 3.0, 5.0, 5.0]]).round(3)
    array([[-1.,  1.,  0.,  0.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            center,
            scale,
            (beta_initializer, gamma_initializer),
            (beta_regularizer, gamma_regularizer),
            (beta_constraint, gamma_constraint),
            **kwargs,
        )
        if isinstance(groups, bool) or not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise ValueError(
                f"{self._who()}: expected groups as a whole number of at least 1, or -1. "
                f"Received: {shown(groups)}"
            )
        self.groups, self.axis, self.epsilon = groups, axis, epsilon
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta."""
        (axis,) = axes_in(self, self.axis, len(input_shape))
        channels = known_size(self, input_shape, axis)
        if self.groups != -1 and channels % self.groups:
            raise ValueError(
                f"{self._who()}: expected groups that divide the {channels} channels of the "
                f"input. Received: groups={self.groups}, shape {tuple(input_shape)}"
            )
        self.groups = channels if self.groups == -1 else self.groups
        self.make_weights((channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels})

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        x = at_least_float32(inputs)
        extents = extents_of(x)
        (axis,) = axes_in(self, self.axis, len(extents))
        channels, groups = x.shape[axis], self.groups
        split = (groups, channels // groups)
        grouped = ops.reshape(x, (*extents[:axis], *split, *extents[axis + 1 :]))
        rank = len(extents) + 1
        folded = tuple(place for place in range(1, rank) if place != axis)
        mean, variance = ops.moments(grouped, folded, keepdims=True)
        shape = (*(1,) * axis, *split, *(1,) * (rank - axis - 2))
        result = self.normalized(grouped, mean, variance, self.epsilon, shape)
        return ops.reshape(result, extents)


@register("layers")
class RMSNormalization(Layer):
    """`x / sqrt(mean(x ** 2) + epsilon) * scale`, within each sample.

    Args:
        axis: the axis or axes over which the mean is taken.
        epsilon: keeps the division finite.

    Weights: scale, of the sizes of the axes.

    Source: Zhang and Sennrich, "Root mean square layer normalization", 2019.

    >>> RMSNormalization()([[3.0, 3.0]]).round(3)
    array([[1., 1.]], dtype=float32)
    """

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, Sequence) else axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        axes = axes_in(self, self.axis, len(input_shape))
        shape = [known_size(self, input_shape, axis) for axis in axes]
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")
        self.axis = self.axis if isinstance(self.axis, list) else [self.axis]

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        x = at_least_float32(inputs)
        axes = axes_in(self, self.axis, len(x.shape))
        shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
        mean_square = ops.mean(ops.square(x), axis=axes, keepdims=True)
        factor = ops.rsqrt(ops.add(mean_square, self.epsilon))
        scale = ops.reshape(ops.cast(self.scale, dtype_of(x)), shape)
        return ops.cast(ops.multiply(ops.multiply(x, factor), scale), self.compute_dtype)


@register("layers")
class UnitNormalization(Layer):
    """`x / max(sqrt(sum(x ** 2)), 1e-12)`: vectors of length 1.

    Args:
        axis: the axis or axes of the vectors.

    >>> UnitNormalization()([[3.0, 4.0]]).round(3)
    array([[0.6, 0.8]], dtype=float32)
    """

    has_state = False

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = list(axis) if isinstance(axis, Sequence) else axis

    def call(self, inputs: Any) -> Any:
        """The vectors of length 1."""
        axes = axes_in(self, self.axis, len(inputs.shape))
        return ops.normalize(inputs, axis=axes, order=2, epsilon=1e-12)
