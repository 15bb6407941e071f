"""Arithmetic, element by element: sums, products, powers, signs, bounds, rounding.

In all of these `x`, `x1` and `x2` are tensors (arrays, numbers, nested lists, variables or
symbolic tensors); two of them are stretched to one shape and cast to the dtype they have in common.
"""

from __future__ import annotations

import numpy as np

from geartrain.graph.dtypes import FLOATS
from geartrain.graph.op import Op
from geartrain.ops import elementwise as primitive
from geartrain.ops.operands import (
    Tensor,
    aligned,
    applied,
    as_float,
    counted,
    dtype_of,
    filled_like,
    operand,
)

__all__ = [
    "abs",
    "absolute",
    "add",
    "ceil",
    "clip",
    "divide",
    "divide_no_nan",
    "fabs",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "hypot",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "power",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
    "subtract",
    "true_divide",
    "trunc",
]


def add(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum: `x1 + x2`.

    >>> add([1, 2], [[10], [20]])
    array([[11, 12],
           [21, 22]], dtype=int32)
    """
    return applied(primitive.add, x1, x2)


def subtract(x1: Tensor, x2: Tensor) -> Tensor:
    """Difference: `x1 - x2`.

    >>> subtract([5, 7], [1, 2])
    array([4, 5], dtype=int32)
    """
    return primitive.subtract(*_numbers("subtract", *aligned(x1, x2, who="subtract")))


def multiply(x1: Tensor, x2: Tensor) -> Tensor:
    """Product of the elements: `x1 * x2`. For the matrix product see `matmul`.

    >>> multiply([1, 2], [3, 4])
    array([3, 8], dtype=int32)
    """
    return applied(primitive.multiply, x1, x2)


def divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient: `x1 / x2`, a float also for integers.

    >>> divide([1, 2], 4)
    array([0.25, 0.5 ], dtype=float32)
    """
    return applied(primitive.divide, x1, x2, floats=True)


def true_divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient: the same as `divide`.

    >>> true_divide(1, 2)
    array(0.5, dtype=float32)
    """
    return divide(x1, x2)


def divide_no_nan(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient `x1 / x2`, and 0 where `x2` is 0.

    >>> divide_no_nan([1.0, 2.0], [0.0, 4.0])
    array([0. , 0.5], dtype=float32)
    """
    x1, x2 = aligned(x1, x2, floats=True, who="divide_no_nan")
    zero = filled_like(x2, 0.0)
    nothing = primitive.equal(x2, zero)
    quotient = primitive.divide(x1, primitive.where(nothing, filled_like(x2, 1.0), x2))
    return primitive.where(nothing, zero, quotient)


def floor_divide(x1: Tensor, x2: Tensor) -> Tensor:
    """Quotient rounded down: `x1 // x2`. Its gradient is zero.

    >>> floor_divide([7, -7], 2)
    array([ 3, -4], dtype=int32)
    """
    return primitive.floor_divide(*map(counted, aligned(x1, x2, who="floor_divide")))


def mod(x1: Tensor, x2: Tensor) -> Tensor:
    """Remainder of `floor_divide`, with the sign of `x2`: `x1 % x2`.

    >>> mod([7, -7], 4)
    array([3, 1], dtype=int32)
    """
    return primitive.mod(*map(counted, aligned(x1, x2, who="mod")))


def fmod(x1: Tensor, x2: Tensor) -> Tensor:
    """Remainder of the quotient rounded towards 0, with the sign of `x1`.

    >>> fmod([7, -7], 4)
    array([ 3, -3], dtype=int32)
    """
    x1, x2 = map(counted, aligned(x1, x2, who="fmod"))
    size = primitive.absolute(x2)
    below = primitive.less(x1, filled_like(x1, 0))
    left = primitive.negative(primitive.mod(primitive.negative(x1), size))
    return primitive.where(below, left, primitive.mod(x1, size))


def power(x1: Tensor, x2: Tensor) -> Tensor:
    """Power: `x1 ** x2`.

    >>> power([2.0, 3.0], 2)
    array([4., 9.], dtype=float32)
    """
    return primitive.power(*map(counted, aligned(x1, x2, who="power")))


def negative(x: Tensor) -> Tensor:
    """Negation: `-x`.

    >>> negative([1, -2])
    array([-1,  2], dtype=int32)
    """
    return primitive.negative(*_numbers("negative", operand(x)))


def absolute(x: Tensor) -> Tensor:
    """Absolute value: `|x|`. Its gradient is the sign of x, 0 at 0.

    >>> absolute([1.5, -2.0])
    array([1.5, 2. ], dtype=float32)
    """
    return primitive.absolute(operand(x))


def abs(x: Tensor) -> Tensor:
    """Absolute value: the same as `absolute`.

    >>> abs(-2)
    array(2, dtype=int32)
    """
    return absolute(x)


def fabs(x: Tensor) -> Tensor:
    """Absolute value, as a float also for integers.

    >>> fabs(-2)
    array(2., dtype=float32)
    """
    return primitive.absolute(as_float(x))


def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1 for negative numbers, zero and positive numbers. Its gradient is zero.

    >>> sign([-2.5, 0.0, 3.0])
    array([-1.,  0.,  1.], dtype=float32)
    """
    return primitive.sign(counted(x))


def heaviside(x1: Tensor, x2: Tensor) -> Tensor:
    """0 where x1 is negative, 1 where it is positive, and x2 where it is 0: a float.

    >>> heaviside([-1.5, 0.0, 2.0], 0.5)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    x1, x2 = aligned(x1, x2, floats=True, who="heaviside")
    zero = filled_like(x1, 0)
    step = primitive.where(primitive.isnan(x1), x1, filled_like(x1, 1))
    step = primitive.where(primitive.less(x1, zero), zero, step)
    return primitive.where(primitive.equal(x1, zero), x2, step)


def reciprocal(x: Tensor) -> Tensor:
    """Reciprocal: `1 / x`.

    >>> reciprocal([2.0, 4.0])
    array([0.5 , 0.25], dtype=float32)
    """
    x = as_float(x)
    return primitive.divide(filled_like(x, 1.0), x)


def square(x: Tensor) -> Tensor:
    """Square: `x * x`.

    >>> square([3, -4])
    array([ 9, 16], dtype=int32)
    """
    x = counted(x)
    return primitive.multiply(x, x)


def sqrt(x: Tensor) -> Tensor:
    """Square root; NaN for negative numbers.

    >>> sqrt([4, 9])
    array([2., 3.], dtype=float32)
    """
    return primitive.sqrt(as_float(x))


def rsqrt(x: Tensor) -> Tensor:
    """Reciprocal of the square root: `1 / sqrt(x)`.

    >>> rsqrt([4.0, 16.0])
    array([0.5 , 0.25], dtype=float32)
    """
    return primitive.rsqrt(as_float(x))


def hypot(x1: Tensor, x2: Tensor) -> Tensor:
    """Length of the vector (x1, x2): `sqrt(x1**2 + x2**2)`, without overflow in between.

    >>> hypot(3.0, 4.0)
    array(5., dtype=float32)
    """
    x1, x2 = map(primitive.absolute, aligned(x1, x2, floats=True, who="hypot"))
    large, small = primitive.maximum(x1, x2), primitive.minimum(x1, x2)
    ratio = divide_no_nan(small, large)
    return multiply(large, sqrt(add(multiply(ratio, ratio), 1)))


def maximum(x1: Tensor, x2: Tensor) -> Tensor:
    """The larger of two, element by element; NaN if either is NaN.

    Where the two are equal, each receives half of the gradient.

    >>> maximum([1, 5], [3, 2])
    array([3, 5], dtype=int32)
    """
    return applied(primitive.maximum, x1, x2)


def minimum(x1: Tensor, x2: Tensor) -> Tensor:
    """The smaller of two, element by element; NaN if either is NaN.

    Where the two are equal, each receives half of the gradient.

    >>> minimum([1, 5], [3, 2])
    array([1, 2], dtype=int32)
    """
    return applied(primitive.minimum, x1, x2)


def fmax(x1: Tensor, x2: Tensor) -> Tensor:
    """The larger of two; where one is NaN, the other.

    >>> fmax([1.0, float("nan")], [3.0, 2.0])
    array([3., 2.], dtype=float32)
    """
    return _besides_nan(primitive.maximum, x1, x2)


def fmin(x1: Tensor, x2: Tensor) -> Tensor:
    """The smaller of two; where one is NaN, the other.

    >>> fmin([1.0, float("nan")], [3.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    return _besides_nan(primitive.minimum, x1, x2)


def _besides_nan(choose: Op, x1: Tensor, x2: Tensor) -> Tensor:
    x1, x2 = aligned(x1, x2, who="fmax" if choose is primitive.maximum else "fmin")
    if dtype_of(x1) not in FLOATS:
        return choose(x1, x2)
    first = primitive.where(primitive.isnan(x1), x2, x1)
    second = primitive.where(primitive.isnan(x2), x1, x2)
    return choose(first, second)


def clip(x: Tensor, x_min: Tensor | None, x_max: Tensor | None) -> Tensor:
    """`x` held within bounds: `minimum(maximum(x, x_min), x_max)`.

    Args:
        x: tensor of any shape.
        x_min, x_max: the least and the greatest value of the result: numbers, or tensors that
            stretch to x's shape. None for no bound.

    >>> clip([-3.0, 0.5, 3.0], -1, 1)
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    x = counted(x)
    if x_min is not None:
        x = maximum(x, x_min)
    return x if x_max is None else minimum(x, x_max)


def floor(x: Tensor) -> Tensor:
    """The greatest whole number not above x, as a float. Its gradient is zero.

    >>> floor([1.7, -1.2])
    array([ 1., -2.], dtype=float32)
    """
    return primitive.floor(as_float(x))


def ceil(x: Tensor) -> Tensor:
    """The least whole number not below x, as a float. Its gradient is zero.

    >>> ceil([1.2, -1.7])
    array([ 2., -1.], dtype=float32)
    """
    return primitive.ceil(as_float(x))


def trunc(x: Tensor) -> Tensor:
    """x without its fraction: the nearest whole number towards 0. Its gradient is zero.

    >>> trunc([1.7, -1.7])
    array([ 1., -1.], dtype=float32)
    """
    x = operand(x)
    return primitive.trunc(x) if dtype_of(x) in FLOATS else x


def round(x: Tensor, decimals: int = 0) -> Tensor:
    """The nearest number of that many decimals; halves go to the even one. Its gradient is zero.

    Args:
        x: tensor of any shape.
        decimals: digits kept after the point; negative ones round to tens, hundreds, ...

    >>> round([0.5, 1.5, 2.345], decimals=1)
    array([0.5, 1.5, 2.3], dtype=float32)
    """
    x = operand(x)
    if dtype_of(x) not in FLOATS:
        if decimals >= 0:
            return x
        rounded = round(primitive.cast(x, dtype="float64"), decimals)
        return primitive.cast(rounded, dtype=dtype_of(x))
    if not decimals:
        return primitive.round_(x)
    scale = 10.0 ** np.abs(decimals)
    if decimals > 0:
        return divide(primitive.round_(multiply(x, scale)), scale)
    return multiply(primitive.round_(divide(x, scale)), scale)


def _numbers(who: str, *operands: Tensor) -> tuple[Tensor, ...]:
    """The operands, refused if they are booleans: NumPy has no difference of those either."""
    if dtype_of(operands[0]) == "bool":
        remedy = "ops.logical_not" if len(operands) == 1 else "ops.logical_xor"
        raise TypeError(
            f"{who}: expected numbers. Received: booleans. Use {remedy}, or cast them first."
        )
    return operands
