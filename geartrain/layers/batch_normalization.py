"""Normalization over a batch."""

from __future__ import annotations

import math
from typing import Any

from geartrain import config, initializers, ops
from geartrain.errors import describe_value
from geartrain.layers.arguments import known_size
from geartrain.layers.input_spec import InputSpec
from geartrain.layers.normalizing import ScaledAndShifted, at_least_float32, axes_in
from geartrain.ops.operands import dtype_of, extents_of
from geartrain.registry import register
from geartrain.runtime.variable import Variable


@register("layers")
class BatchNormalization(ScaledAndShifted):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, for each channel.

    In training, mean and variance are the batch's (over all axes but `axis`), and the moving ones
    follow: `moving = moving * momentum + batch * (1 - momentum)`. Else they are the moving ones,
    also in training if the layer's `trainable` is False.

    Args:
        axis: the axis of the channels.
        momentum: how slowly the moving mean and variance follow.
        epsilon: keeps the division finite.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer:
            the first values of the weights.
        beta_regularizer, gamma_regularizer: penalties on the weights.
        beta_constraint, gamma_constraint: projections of the weights after each update.
        renorm: batch renormalization. In training `(x - mean) / deviation` becomes
            `... * r + d`, where `r = deviation / known deviation` and
            `d = (mean - known mean) / known deviation`, without a gradient; what is known follows
            the batches.
        renorm_clipping: bounds of these, `{"rmin": ..., "rmax": ..., "dmax": ...}`, each if given.
        renorm_momentum: how slowly the known mean and deviation follow.
        synchronized: accepted as in Keras: on several ranks the mean and the variance are those of
            the whole batch in any case.

    Weights: gamma, beta; moving_mean, moving_variance, and with `renorm` moving_stddev, renorm_mean
    and renorm_stddev, which are not trained. All (channels,).

    Raises ValueError for renorm_clipping with other keys, or bounds that leave nothing.

    Source: Ioffe and Szegedy, "Batch normalization", 2015; Ioffe, "Batch renormalization", 2017.

    Call: positions that `mask` leaves out do not count for the batch's mean and variance.

    >>> layer = BatchNormalization()
    >>> layer([[1.0], [3.0]], training=True).round(3)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> layer.moving_mean.numpy().round(3)
    array([0.02], dtype=float32)
    """

    unless_default = ("synchronized",)

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
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
        self.axis, self.momentum, self.epsilon = int(axis), float(momentum), float(epsilon)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm, self.renorm_momentum = bool(renorm), float(renorm_momentum)
        self.renorm_clipping = _bounds(self, renorm_clipping) if renorm else renorm_clipping
        self.synchronized = bool(synchronized)

    def build(self, input_shape: Any) -> None:
        """Make gamma, beta and the moving mean and variance."""
        (axis,) = axes_in(self, self.axis, len(input_shape))
        channels = known_size(self, input_shape, axis)
        self.make_weights((channels,))
        self.moving_mean = self._moving("moving_mean", channels, self.moving_mean_initializer)
        self.moving_variance = self._moving(
            "moving_variance", channels, self.moving_variance_initializer
        )
        if self.renorm:
            for name, initializer in (
                ("moving_stddev", self._first_deviation),
                ("renorm_mean", self.moving_mean_initializer),
                ("renorm_stddev", self._first_deviation),
            ):
                setattr(self, name, self._moving(name, channels, initializer))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels})

    def _first_deviation(self, shape: Any, dtype: Any = None) -> Any:
        return ops.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def _moving(self, name: str, channels: int, initializer: Any) -> Any:
        return self.add_weight(
            name=name, shape=(channels,), initializer=initializer, trainable=False, autocast=False
        )

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        """The normalized inputs."""
        x = at_least_float32(inputs)
        rank = len(x.shape)
        (axis,) = axes_in(self, self.axis, rank)
        shape = [x.shape[axis] if place == axis else 1 for place in range(rank)]
        if not (training and self.trainable):
            mean, variance = (
                ops.reshape(ops.cast(moving, dtype_of(x)), shape)
                for moving in (self.moving_mean, self.moving_variance)
            )
            return self.normalized(x, mean, variance, self.epsilon, shape)
        folded = tuple(place for place in range(rank) if place != axis)
        mean, variance = self._moments(x, folded, mask)
        if self.renorm:
            return self._renormalized(x, mean, variance, shape)
        _follow(self.moving_mean, mean, self.momentum)
        _follow(self.moving_variance, variance, self.momentum)
        return self.normalized(x, mean, variance, self.epsilon, shape)

    def _renormalized(self, x: Any, mean: Any, variance: Any, shape: Any) -> Any:
        """The result in training, by what is known of the batches before; that follows."""
        deviation = ops.sqrt(ops.add(variance, self.epsilon))
        known_mean = ops.reshape(ops.cast(self.renorm_mean, dtype_of(x)), shape)
        known = ops.reshape(ops.cast(self.renorm_stddev, dtype_of(x)), shape)
        known = ops.maximum(known, self.epsilon**0.5)
        wider, apart = deviation / known, (mean - known_mean) / known
        bounds = self.renorm_clipping
        if "rmin" in bounds:
            wider = ops.maximum(wider, bounds["rmin"])
        if "rmax" in bounds:
            wider = ops.minimum(wider, bounds["rmax"])
        if "dmax" in bounds:
            apart = ops.clip(apart, -bounds["dmax"], bounds["dmax"])
        wider, apart = ops.stop_gradient(wider), ops.stop_gradient(apart)
        _follow(self.renorm_mean, mean, self.renorm_momentum)
        _follow(self.renorm_stddev, deviation, self.renorm_momentum)
        _follow(self.moving_mean, mean, self.momentum)
        usual = _follow(self.moving_stddev, deviation, self.momentum)
        self.moving_variance.assign(ops.relu(ops.square(usual) - self.epsilon))
        return self.shifted((x - mean) / deviation * wider + apart, shape)

    def _moments(self, x: Any, folded: tuple[int, ...], mask: Any) -> tuple[Any, Any]:
        """The batch's mean and variance, with the folded axes kept."""
        if mask is None:
            mean, variance = ops.moments(x, folded, keepdims=True)
            return mean, variance
        if len(mask.shape) != len(x.shape) - 1:
            raise ValueError(
                f"{self._who()}: expected a mask of rank {len(x.shape) - 1} for inputs of shape "
                f"{tuple(x.shape)}. Received: {describe_value(mask)}"
            )
        counted = ops.broadcast_to(ops.expand_dims(ops.cast(mask, "bool"), -1), extents_of(x))
        number = ops.sum(ops.cast(counted, dtype_of(x)), axis=folded, keepdims=True)
        number = ops.add(number, config.epsilon())
        nothing = ops.zeros_like(x)
        total = ops.sum(ops.where(counted, x, nothing), axis=folded, keepdims=True)
        mean = ops.divide(total, number)
        apart = ops.where(counted, ops.subtract(x, mean), nothing)
        spread = ops.sum(ops.square(apart), axis=folded, keepdims=True)
        return mean, ops.divide(spread, number)


def _follow(moving: Variable, new: Any, momentum: float) -> Any:
    """Let a moving average take in a batch's value, and return it."""
    kept = ops.multiply(ops.cast(moving, dtype_of(new)), momentum)
    after = ops.add(kept, ops.multiply(ops.reshape(new, (-1,)), 1 - momentum))
    moving.assign(after)
    return after


def _bounds(layer: Any, given: Any) -> dict[str, float]:
    """What `renorm_clipping` says, without what it leaves open."""
    wrong = sorted(set(given or ()) - {"rmin", "rmax", "dmax"})
    if wrong:
        raise ValueError(
            f"{layer._who()}: expected renorm_clipping with rmin, rmax and dmax. "
            f"Received: {wrong[0]!r}"
        )
    bounds = {name: value for name, value in (given or {}).items() if value is not None}
    if bounds.get("rmin", 0) > bounds.get("rmax", math.inf) or bounds.get("dmax", 0) < 0:
        raise ValueError(
            f"{layer._who()}: expected renorm_clipping with rmin <= rmax and dmax >= 0. "
            f"Received: {given}"
        )
    return bounds
