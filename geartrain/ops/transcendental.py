"""Exponentials, logarithms, circular and hyperbolic functions, the error function.

All are element by element, and floats also for integers.
"""

from __future__ import annotations

import math
from typing import Any

from geartrain.graph.dtypes import INTEGERS
from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import add, floor_divide, maximum, minimum, multiply, subtract
from geartrain.ops.logic import where
from geartrain.ops.operands import (
    Tensor,
    aligned,
    applied,
    as_float,
    dtype_of,
    filled_like,
    operand,
)

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cbrt",
    "cos",
    "cosh",
    "deg2rad",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "i0",
    "ldexp",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "rad2deg",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]


def exp(x: Tensor) -> Tensor:
    """The exponential: `e ** x`.

    >>> exp([0.0, 1.0]).round(4)
    array([1.    , 2.7183], dtype=float32)
    """
    return primitive.exp(as_float(x))


def exp2(x: Tensor) -> Tensor:
    """Powers of two: `2 ** x`.

    >>> exp2([3.0, -1.0])
    array([8. , 0.5], dtype=float32)
    """
    x = as_float(x)
    return primitive.power(filled_like(x, 2.0), x)


def expm1(x: Tensor) -> Tensor:
    """`exp(x) - 1`, accurate also for x near 0.

    >>> expm1([0.0, 1.0]).round(4)
    array([0.    , 1.7183], dtype=float32)
    """
    return primitive.expm1(as_float(x))


def log(x: Tensor) -> Tensor:
    """The natural logarithm; -inf at 0, NaN for negative numbers.

    >>> log([1.0, 10.0]).round(4)
    array([0.    , 2.3026], dtype=float32)
    """
    return primitive.log(as_float(x))


def log1p(x: Tensor) -> Tensor:
    """`log(1 + x)`, accurate also for x near 0.

    >>> log1p([0.0, 1.0]).round(4)
    array([0.    , 0.6931], dtype=float32)
    """
    return primitive.log1p(as_float(x))


def log2(x: Tensor) -> Tensor:
    """The logarithm to base 2.

    >>> log2([1.0, 8.0])
    array([0., 3.], dtype=float32)
    """
    return multiply(log(x), 1 / math.log(2))


def log10(x: Tensor) -> Tensor:
    """The logarithm to base 10.

    >>> log10([1.0, 100.0])
    array([0., 2.], dtype=float32)
    """
    return multiply(log(x), 1 / math.log(10))


def logaddexp(x1: Tensor, x2: Tensor) -> Tensor:
    """`log(exp(x1) + exp(x2))` without overflow: the sum of two numbers known by their logarithms.

    >>> logaddexp([0.0, 1000.0], 0.0).round(4)
    array([6.931e-01, 1.000e+03], dtype=float32)
    """
    return _added_powers("logaddexp", x1, x2, 1.0)


def _added_powers(who: str, x1: Tensor, x2: Tensor, scale: float) -> Tensor:
    """The logarithm of the sum of two powers of `exp(scale)`."""
    x1, x2 = aligned(operand(x1), operand(x2), floats=True, who=who)  # Python's numbers too
    high = maximum(x1, x2)
    equal = primitive.equal(x1, x2)  # also two equal infinities, whose difference is NaN
    gap = primitive.where(equal, filled_like(x1, 0.0), primitive.subtract(x1, x2))
    gap = primitive.negative(primitive.absolute(gap))
    if scale == 1.0:
        return primitive.add(high, primitive.softplus(gap))
    return primitive.add(high, multiply(primitive.softplus(multiply(gap, scale)), 1 / scale))


def logaddexp2(x1: Tensor, x2: Tensor) -> Tensor:
    """`log2(2**x1 + 2**x2)` without overflow.

    >>> logaddexp2([1.0, 1000.0], [1.0, 0.0])
    array([   2., 1000.], dtype=float32)
    """
    return _added_powers("logaddexp2", x1, x2, math.log(2))


def ldexp(x1: Tensor, x2: Tensor) -> Tensor:
    """`x1 * 2**x2`, a float.

    Args:
        x1: tensor of any dtype.
        x2: integers.

    Raises TypeError for an x2 that is not of integers.

    >>> ldexp([0.75, 3.0], [2, -1])
    array([3. , 1.5], dtype=float32)
    """
    x1, x2 = as_float(x1), operand(x2)
    if dtype_of(x2) not in INTEGERS:
        raise TypeError(f"ldexp: expected x2 as integers. Received: {dtype_of(x2)}")
    half = floor_divide(x2, 2)  # 2**x2 itself might be out of range
    for part in (half, subtract(x2, half)):
        x1 = multiply(x1, exp2(operand(part, dtype_of(x1))))
    return x1


def cbrt(x: Tensor) -> Tensor:
    """The cube root, also of negative numbers.

    >>> cbrt([8.0, -27.0]).round(5)
    array([ 2., -3.], dtype=float32)
    """
    x = as_float(x)
    zero = primitive.equal(x, filled_like(x, 0))
    size = where(zero, filled_like(x, 1), primitive.absolute(x))
    root = primitive.power(size, filled_like(x, 1 / 3))
    return where(zero, x, multiply(root, primitive.sign(x)))


def deg2rad(x: Tensor) -> Tensor:
    """Degrees as radians: `x * pi / 180`.

    >>> deg2rad([180.0, 90.0]).round(4)
    array([3.1416, 1.5708], dtype=float32)
    """
    return multiply(as_float(x), math.pi / 180)


def rad2deg(x: Tensor) -> Tensor:
    """Radians as degrees: `x * 180 / pi`.

    >>> rad2deg([math.pi, 1.0]).round(4)
    array([180.    ,  57.2958], dtype=float32)
    """
    return multiply(as_float(x), 180 / math.pi)


def sinc(x: Tensor) -> Tensor:
    """`sin(pi * x) / (pi * x)`, and 1 at 0.

    >>> sinc([0.0, 0.5]).round(4)
    array([1.    , 0.6366], dtype=float32)
    """
    x = as_float(x)
    zero = primitive.equal(x, filled_like(x, 0))
    angle = multiply(where(zero, filled_like(x, 1), x), math.pi)
    return where(zero, filled_like(x, 1), primitive.divide(primitive.sin(angle), angle))


# Of the modified Bessel function I0: from where on the asymptotic series serves, and both series'
# coefficients, of (x / 2)**2 and of 1 / x, highest powers first.
_FAR_I0 = 20.0
_NEAR_TERMS = [1 / math.factorial(k) ** 2 for k in reversed(range(48))]
_FAR_TERMS = [
    math.prod((2 * j - 1) ** 2 for j in range(1, k + 1)) / (math.factorial(k) * 8.0**k)
    for k in reversed(range(20))
]


def i0(x: Tensor) -> Tensor:
    """The modified Bessel function of the first kind and order 0.

    `sum of (x / 2)**(2 k) / (k!)**2 over k`, and for large x `exp(x) / sqrt(2 pi x)` times an
    asymptotic series.

    >>> i0([0.0, 1.0]).round(4)
    array([1.    , 1.2661], dtype=float32)
    """
    x = as_float(x)
    size = operand(primitive.absolute(x), "float64")
    near, far = minimum(size, _FAR_I0), maximum(size, _FAR_I0)
    small = _series(_NEAR_TERMS, multiply(multiply(near, near), 0.25))
    root = primitive.rsqrt(multiply(far, 2 * math.pi))
    tail = multiply(_series(_FAR_TERMS, primitive.divide(filled_like(far, 1), far)), root)
    half = primitive.exp(multiply(far, 0.5))  # exp(x) alone would overflow earlier than I0
    large = multiply(multiply(half, tail), half)
    return operand(where(primitive.less_equal(size, near), small, large), dtype_of(x))


def _series(terms: list[float], x: Tensor) -> Tensor:
    """The polynomial with these coefficients, highest power first."""
    total: Any = filled_like(x, terms[0])
    for term in terms[1:]:
        total = add(multiply(total, x), term)
    return total


def sin(x: Tensor) -> Tensor:
    """The sine of x radians.

    >>> sin([0.0, 1.0]).round(4)
    array([0.    , 0.8415], dtype=float32)
    """
    return primitive.sin(as_float(x))


def cos(x: Tensor) -> Tensor:
    """The cosine of x radians.

    >>> cos([0.0, 1.0]).round(4)
    array([1.    , 0.5403], dtype=float32)
    """
    return primitive.cos(as_float(x))


def tan(x: Tensor) -> Tensor:
    """The tangent of x radians: `sin(x) / cos(x)`.

    >>> tan([0.0, 1.0]).round(4)
    array([0.    , 1.5574], dtype=float32)
    """
    return primitive.tan(as_float(x))


def arcsin(x: Tensor) -> Tensor:
    """The angle in [-pi/2, pi/2] whose sine is x; NaN outside [-1, 1].

    >>> arcsin([0.0, 1.0]).round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return primitive.arcsin(as_float(x))


def arccos(x: Tensor) -> Tensor:
    """The angle in [0, pi] whose cosine is x; NaN outside [-1, 1].

    >>> arccos([1.0, 0.0]).round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return primitive.arccos(as_float(x))


def arctan(x: Tensor) -> Tensor:
    """The angle in [-pi/2, pi/2] whose tangent is x.

    >>> arctan([0.0, 1.0]).round(4)
    array([0.    , 0.7854], dtype=float32)
    """
    return primitive.arctan(as_float(x))


def arctan2(x1: Tensor, x2: Tensor) -> Tensor:
    """The angle in [-pi, pi] of the point with ordinate x1 and abscissa x2.

    >>> arctan2([1.0, 0.0], [0.0, -1.0]).round(4)
    array([1.5708, 3.1416], dtype=float32)
    """
    return applied(primitive.arctan2, operand(x1), operand(x2), floats=True)


def sinh(x: Tensor) -> Tensor:
    """The hyperbolic sine: `(exp(x) - exp(-x)) / 2`.

    >>> sinh([0.0, 1.0]).round(4)
    array([0.    , 1.1752], dtype=float32)
    """
    return primitive.sinh(as_float(x))


def cosh(x: Tensor) -> Tensor:
    """The hyperbolic cosine: `(exp(x) + exp(-x)) / 2`.

    >>> cosh([0.0, 1.0]).round(4)
    array([1.    , 1.5431], dtype=float32)
    """
    return primitive.cosh(as_float(x))


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent: `sinh(x) / cosh(x)`, between -1 and 1.

    >>> tanh([0.0, 1.0]).round(4)
    array([0.    , 0.7616], dtype=float32)
    """
    return primitive.tanh(as_float(x))


def arcsinh(x: Tensor) -> Tensor:
    """The number whose hyperbolic sine is x.

    >>> arcsinh([0.0, 1.0]).round(4)
    array([0.    , 0.8814], dtype=float32)
    """
    return primitive.arcsinh(as_float(x))


def arccosh(x: Tensor) -> Tensor:
    """The number not below 0 whose hyperbolic cosine is x; NaN for x < 1.

    >>> arccosh([1.0, 2.0]).round(4)
    array([0.   , 1.317], dtype=float32)
    """
    return primitive.arccosh(as_float(x))


def arctanh(x: Tensor) -> Tensor:
    """The number whose hyperbolic tangent is x; NaN outside [-1, 1].

    >>> arctanh([0.0, 0.5]).round(4)
    array([0.    , 0.5493], dtype=float32)
    """
    return primitive.arctanh(as_float(x))


def erf(x: Tensor) -> Tensor:
    """The error function: `2 / sqrt(pi) * integral of exp(-t**2) from 0 to x`.

    >>> erf([0.0, 1.0]).round(4)
    array([0.    , 0.8427], dtype=float32)
    """
    return primitive.erf(as_float(x))


def erfc(x: Tensor) -> Tensor:
    """`1 - erf(x)`, accurate also where that is near 0.

    >>> erfc([0.0, 1.0, 5.0])
    array([1.0000000e+00, 1.5729921e-01, 1.5374598e-12], dtype=float32)
    """
    return primitive.erfc(as_float(x))


def erfinv(x: Tensor) -> Tensor:
    """The number whose error function is x; NaN outside [-1, 1].

    >>> erfinv([0.0, 0.5]).round(4)
    array([0.    , 0.4769], dtype=float32)
    """
    return primitive.erfinv(as_float(x))
