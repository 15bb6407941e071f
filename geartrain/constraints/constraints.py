"""Bounds on weights: on their sign, or on the norms of the weights into each unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geartrain import config, ops
from geartrain.configurable import Configurable
from geartrain.ops.operands import operand
from geartrain.registry import register

Axis = int | Sequence[int]


@register("constraints")
class Constraint(Configurable):
    """A function of a weight to the nearest weight that is allowed.

    >>> class AtMostOne(Constraint):
    ...     def __call__(self, w):
    ...         return ops.minimum(w, 1.0)
    >>> AtMostOne()([0.5, 2.0])
    array([0.5, 1. ], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        """The allowed weight nearest to `w`, of the same shape."""
        return w


def _norms(w: Any, axis: Axis) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


def _rescaled(w: Any, norms: Any, wanted: Any) -> Any:
    return w * (wanted / (norms + config.epsilon()))


@register("constraints")
class MaxNorm(Constraint):
    """Vectors longer than `max_value` are shortened to it.

    Args:
        max_value: the largest norm.
        axis: the axes of one vector: 0 for the weights into each unit of `Dense`, (0, 1, 2) for
            those of `Conv2D`.

    >>> MaxNorm(1.0)([[3.0], [4.0]]).round(3)
    array([[0.6],
           [0.8]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """The allowed weight nearest to `w`."""
        w = operand(w)
        norms = _norms(w, self.axis)
        return _rescaled(w, norms, ops.minimum(norms, self.max_value))


@register("constraints")
class NonNeg(Constraint):
    """Negative weights become 0.

    >>> NonNeg()([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        """The allowed weight nearest to `w`."""
        return ops.maximum(w, 0)


@register("constraints")
class UnitNorm(Constraint):
    """All vectors get length 1.

    Args:
        axis: the axes of one vector; see `MaxNorm`.

    >>> UnitNorm()([[3.0], [4.0]]).round(3)
    array([[0.6],
           [0.8]], dtype=float32)
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The allowed weight nearest to `w`."""
        w = operand(w)
        return w / (_norms(w, self.axis) + config.epsilon())


@register("constraints")
class MinMaxNorm(Constraint):
    """Lengths move towards [min_value, max_value].

    The new norm is `rate * clip(norm, min_value, max_value) + (1 - rate) * norm`.

    Args:
        min_value, max_value: the bounds of the norm.
        rate: 1 enforces the bounds at once, less moves towards them.
        axis: the axes of one vector; see `MaxNorm`.

    >>> MinMaxNorm(max_value=1.0, rate=0.5)([[3.0], [4.0]]).round(3)
    array([[1.8],
           [2.4]], dtype=float32)
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """The allowed weight nearest to `w`."""
        w = operand(w)
        norms = _norms(w, self.axis)
        wanted = ops.clip(norms, self.min_value, self.max_value) * self.rate
        return _rescaled(w, norms, wanted + norms * (1 - self.rate))
