"""Activation functions: what a layer's output passes through."""

from __future__ import annotations

from typing import Any

from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import divide, subtract
from geartrain.ops.operands import Tensor, as_float, operand
from geartrain.ops.reductions import max, sum

__all__ = ["log_softmax", "relu", "sigmoid", "softmax", "softplus"]


def relu(x: Tensor) -> Tensor:
    """Rectified linear unit: `max(x, 0)`. Its gradient at 0 is 0.

    >>> relu([-1.0, 0.0, 2.0])
    array([0., 0., 2.], dtype=float32)
    """
    return primitive.relu(operand(x))


def sigmoid(x: Tensor) -> Tensor:
    """`1 / (1 + exp(-x))`, between 0 and 1.

    >>> sigmoid([0.0, 2.0]).round(4)
    array([0.5   , 0.8808], dtype=float32)
    """
    return primitive.sigmoid(as_float(x))


def softplus(x: Tensor) -> Tensor:
    """`log(1 + exp(x))`: a smooth relu.

    >>> softplus([0.0, 20.0]).round(4)
    array([ 0.6931, 20.    ], dtype=float32)
    """
    return primitive.softplus(as_float(x))


def _shifted(x: Tensor, axis: Any) -> Tensor:
    """X less its maximum, so that no exponential overflows. The shift has no gradient."""
    x = as_float(x)
    return subtract(x, primitive.stop_gradient(max(x, axis=axis, keepdims=True)))


def softmax(x: Tensor, axis: Any = -1) -> Tensor:
    """Positive numbers that sum to 1 along an axis: `exp(x) / sum(exp(x))`.

    Args:
        x: tensor of any shape, such as (samples, classes).
        axis: the axis, or axes, to sum over.

    >>> softmax([[0.0, 0.0], [0.0, 1.0]]).round(4)
    array([[0.5   , 0.5   ],
           [0.2689, 0.7311]], dtype=float32)
    """
    powers = primitive.exp(_shifted(x, axis))
    return divide(powers, sum(powers, axis=axis, keepdims=True))


def log_softmax(x: Tensor, axis: Any = -1) -> Tensor:
    """The logarithm of softmax, `x - log(sum(exp(x)))`, without overflow.

    Args:
        x: tensor of any shape, such as (samples, classes).
        axis: the axis, or axes, to sum over.

    >>> log_softmax([[0.0, 1.0]]).round(4)
    array([[-1.3133, -0.3133]], dtype=float32)
    """
    shifted = _shifted(x, axis)
    return subtract(shifted, primitive.log(sum(primitive.exp(shifted), axis=axis, keepdims=True)))
