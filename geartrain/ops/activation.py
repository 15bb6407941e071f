"""Activation functions: what a layer's output passes through."""

from __future__ import annotations

import math
from typing import Any

from geartrain.graph.shapes import axis_index
from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import (
    absolute,
    add,
    divide,
    maximum,
    multiply,
    sqrt,
    square,
    subtract,
)
from geartrain.ops.logic import greater, greater_equal, where
from geartrain.ops.logits import with_logits
from geartrain.ops.operands import Tensor, as_float, counted, indices_like, operand, rank_of
from geartrain.ops.rearranging import split
from geartrain.ops.reductions import max, sum
from geartrain.ops.sorting import sort
from geartrain.ops.statistics import cumsum

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
]


def relu(x: Tensor) -> Tensor:
    """Rectified linear unit: `max(x, 0)`. Its gradient at 0 is 0.

    >>> relu([-1.0, 0.0, 2.0])
    array([0., 0., 2.], dtype=float32)
    """
    return primitive.relu(operand(x))


def relu6(x: Tensor) -> Tensor:
    """relu that stops growing at 6: `min(max(x, 0), 6)`. Its gradient at 0 and 6 is 0.

    >>> relu6([-1.0, 2.0, 9.0])
    array([0., 2., 6.], dtype=float32)
    """
    x = operand(x)
    return where(greater_equal(x, 6), 6, primitive.relu(x))


def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """x, and `negative_slope * x` where x is negative.

    >>> leaky_relu([-1.0, 2.0])
    array([-0.2,  2. ], dtype=float32)
    """
    x = as_float(x)
    return where(greater_equal(x, 0), x, multiply(x, negative_slope))


def _bent(x: Tensor, height: float, width: float) -> Tensor:
    """x above 0, `height * (exp(x / width) - 1)` below, where alone the exponential is taken."""
    x = as_float(x)
    above = greater(x, 0)
    below = primitive.expm1(divide(where(above, 0, x), width))
    return where(above, x, multiply(below, height))


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: x, and `alpha * (exp(x) - 1)` where x is negative.

    >>> elu([-1.0, 2.0]).round(4)
    array([-0.6321,  2.    ], dtype=float32)
    """
    return _bent(x, height=alpha, width=1.0)


def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """elu with a continuous slope: x, and `alpha * (exp(x / alpha) - 1)` where x is negative.

    >>> celu([-1.0, 2.0], alpha=2.0).round(4)
    array([-0.7869,  2.    ], dtype=float32)
    """
    return _bent(x, height=alpha, width=alpha)


def selu(x: Tensor) -> Tensor:
    """elu scaled so that mean 0 and variance 1 persist from layer to layer.

    `1.0507 * x`, and `1.0507 * 1.6733 * (exp(x) - 1)` where x is negative (Klambauer et al.,
    "Self-normalizing neural networks", 2017).

    >>> selu([-1.0, 2.0]).round(4)
    array([-1.1113,  2.1014], dtype=float32)
    """
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return multiply(elu(x, alpha), scale)


def gelu(x: Tensor, approximate: bool = True) -> Tensor:
    """Gaussian error linear unit: x times the probability that a standard normal is below x.

    Exactly `x * (1 + erf(x / sqrt(2))) / 2`; approximately
    `x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2`.

    Args:
        x: tensor of any shape.
        approximate: whether to use the approximation.

    >>> gelu([-1.0, 2.0]).round(4)
    array([-0.1588,  1.9546], dtype=float32)
    """
    x = as_float(x)
    if approximate:
        cubic = add(x, multiply(multiply(square(x), x), 0.044715))
        share = primitive.tanh(multiply(cubic, math.sqrt(2 / math.pi)))
    else:
        share = primitive.erf(multiply(x, math.sqrt(0.5)))
    return multiply(multiply(x, 0.5), add(share, 1))


def sigmoid(x: Tensor) -> Tensor:
    """`1 / (1 + exp(-x))`, between 0 and 1.

    >>> sigmoid([0.0, 2.0]).round(4)
    array([0.5   , 0.8808], dtype=float32)
    """
    x = as_float(x)
    return with_logits(primitive.sigmoid(x), x, "sigmoid")


def log_sigmoid(x: Tensor) -> Tensor:
    """The logarithm of sigmoid, `-log(1 + exp(-x))`, without overflow.

    >>> log_sigmoid([0.0, -100.0]).round(4)
    array([  -0.6931, -100.    ], dtype=float32)
    """
    return primitive.negative(primitive.softplus(primitive.negative(as_float(x))))


def silu(x: Tensor) -> Tensor:
    """`x * sigmoid(x)`, also called swish.

    >>> silu([-1.0, 2.0]).round(4)
    array([-0.2689,  1.7616], dtype=float32)
    """
    x = as_float(x)
    return multiply(x, primitive.sigmoid(x))


def swish(x: Tensor) -> Tensor:
    """`x * sigmoid(x)`: the same as `silu`.

    >>> swish([-1.0, 2.0]).round(4)
    array([-0.2689,  1.7616], dtype=float32)
    """
    return silu(x)


def hard_sigmoid(x: Tensor) -> Tensor:
    """sigmoid made of straight lines: `relu6(x + 3) / 6`.

    >>> hard_sigmoid([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return divide(relu6(add(as_float(x), 3)), 6)


def hard_silu(x: Tensor) -> Tensor:
    """`x * hard_sigmoid(x)`.

    >>> hard_silu([-4.0, 0.0, 3.0])
    array([-0.,  0.,  3.], dtype=float32)
    """
    x = as_float(x)
    return multiply(x, hard_sigmoid(x))


def hard_swish(x: Tensor) -> Tensor:
    """`x * hard_sigmoid(x)`: the same as `hard_silu`.

    >>> hard_swish([0.0, 3.0])
    array([0., 3.], dtype=float32)
    """
    return hard_silu(x)


def hard_tanh(x: Tensor) -> Tensor:
    """tanh made of straight lines: x held between -1 and 1.

    >>> hard_tanh([-2.0, 0.5, 2.0])
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    x = counted(x)
    return where(greater(x, 1), 1, where(greater(-1, x), -1, x))


def softplus(x: Tensor) -> Tensor:
    """`log(1 + exp(x))`: a smooth relu.

    >>> softplus([0.0, 20.0]).round(4)
    array([ 0.6931, 20.    ], dtype=float32)
    """
    return primitive.softplus(as_float(x))


def softsign(x: Tensor) -> Tensor:
    """`x / (1 + |x|)`, between -1 and 1.

    >>> softsign([-1.0, 0.0, 3.0])
    array([-0.5 ,  0.  ,  0.75], dtype=float32)
    """
    x = as_float(x)
    return divide(x, add(absolute(x), 1))


def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """`(x + sqrt(x**2 + b)) / 2`: a smooth relu without exponentials.

    >>> squareplus([0.0, 1.5])
    array([1., 2.], dtype=float32)
    """
    x = as_float(x)
    return divide(add(x, sqrt(add(square(x), b))), 2)


def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x brought nearer to 0 by `threshold`, and 0 within it.

    >>> soft_shrink([-1.0, 0.25, 1.0])
    array([-0.5,  0. ,  0.5], dtype=float32)
    """
    x = as_float(x)
    below = where(greater(-threshold, x), add(x, threshold), 0)
    return where(greater(x, threshold), subtract(x, threshold), below)


def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x, and 0 where it is within `threshold` of 0.

    >>> hard_shrink([-1.0, 0.25, 1.0])
    array([-1.,  0.,  1.], dtype=float32)
    """
    x = as_float(x)
    return where(greater(absolute(x), threshold), x, 0)


def tanh_shrink(x: Tensor) -> Tensor:
    """`x - tanh(x)`.

    >>> tanh_shrink([0.0, 3.0]).round(4)
    array([0.    , 2.0049], dtype=float32)
    """
    x = as_float(x)
    return subtract(x, primitive.tanh(x))


def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """x where it is above `threshold`, and `default_value` elsewhere.

    >>> threshold([-1.0, 0.5, 2.0], 1.0, 0.0)
    array([0., 0., 2.], dtype=float32)
    """
    x = operand(x)
    return where(greater(x, threshold), x, default_value)


def sparse_plus(x: Tensor) -> Tensor:
    """0 up to -1, x from 1 on, and `(x + 1)**2 / 4` in between.

    >>> sparse_plus([-2.0, 0.0, 2.0])
    array([0.  , 0.25, 2.  ], dtype=float32)
    """
    x = as_float(x)
    middle = divide(square(add(x, 1)), 4)
    return where(greater_equal(-1, x), 0, where(greater_equal(x, 1), x, middle))


def sparse_sigmoid(x: Tensor) -> Tensor:
    """0 up to -1, 1 from 1 on, and `(x + 1) / 2` in between.

    >>> sparse_sigmoid([-2.0, 0.0, 2.0])
    array([0. , 0.5, 1. ], dtype=float32)
    """
    x = as_float(x)
    middle = divide(add(x, 1), 2)
    return where(greater_equal(-1, x), 0, where(greater_equal(x, 1), 1, middle))


def glu(x: Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: the first half along an axis times the sigmoid of the second half.

    Raises ValueError unless the axis is of a known, even size.

    >>> glu([1.0, 2.0, 0.0, 0.0])
    array([0.5, 1. ], dtype=float32)
    """
    x = as_float(x)
    first, second = split(x, 2, axis)
    return multiply(first, primitive.sigmoid(second))


def softmax(x: Tensor, axis: Any = -1) -> Tensor:
    """Positive numbers that sum to 1 along an axis: `exp(x) / sum(exp(x))`.

    Args:
        x: tensor of any shape, such as (samples, classes).
        axis: the axis, or axes, to sum over.

    >>> softmax([[0.0, 0.0], [0.0, 1.0]]).round(4)
    array([[0.5   , 0.5   ],
           [0.2689, 0.7311]], dtype=float32)
    """
    x = as_float(x)
    powers = primitive.exp(_shifted(x, axis))
    return with_logits(divide(powers, sum(powers, axis, keepdims=True)), x, "softmax", axis)


def log_softmax(x: Tensor, axis: Any = -1) -> Tensor:
    """The logarithm of softmax, `x - log(sum(exp(x)))`, without overflow.

    Args:
        x: tensor of any shape, such as (samples, classes).
        axis: the axis, or axes, to sum over.

    >>> log_softmax([[0.0, 1.0]]).round(4)
    array([[-1.3133, -0.3133]], dtype=float32)
    """
    shifted = _shifted(as_float(x), axis)
    return subtract(shifted, primitive.log(sum(primitive.exp(shifted), axis, keepdims=True)))


def _shifted(x: Tensor, axis: Any) -> Tensor:
    """x less its maximum, so that no exponential overflows. The shift has no gradient."""
    return subtract(x, primitive.stop_gradient(max(x, axis, keepdims=True)))


def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """Numbers of at least 0 that sum to 1, many of them 0: the point of the simplex nearest to x.

    `max(x - tau, 0)`, where tau makes the sum 1 (Martins and Astudillo, 2016).

    Args:
        x: tensor of any shape, such as (samples, classes).
        axis: the axis to sum over, of a size known now.

    >>> sparsemax([0.0, 1.0, 0.5])
    array([0.  , 0.75, 0.25], dtype=float32)
    """
    x = as_float(x)
    place = axis_index(axis, rank_of(x), "sparsemax")
    descending = multiply(sort(multiply(x, -1), place), -1)
    running = cumsum(descending, place)
    count = add(indices_like(x, place), 1)
    in_support = greater(descending, divide(subtract(running, 1), count))
    size = sum(in_support, place, keepdims=True)
    total = sum(where(in_support, descending, 0), place, keepdims=True)
    return maximum(subtract(x, divide(subtract(total, 1), size)), 0)
