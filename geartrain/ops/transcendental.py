"""Exponentials, logarithms, circular and hyperbolic functions, the error function.

All are element by element, and floats also for integers.
"""

from __future__ import annotations

import math

from geartrain.ops import elementwise as primitive
from geartrain.ops.arithmetic import maximum, multiply
from geartrain.ops.operands import Tensor, aligned, applied, as_float, filled_like

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "erf",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "sin",
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
    x1, x2 = aligned(x1, x2, floats=True, who="logaddexp")
    high = maximum(x1, x2)
    equal = primitive.equal(x1, x2)  # also two equal infinities, whose difference is NaN
    gap = primitive.where(equal, filled_like(x1, 0.0), primitive.subtract(x1, x2))
    return primitive.add(high, primitive.softplus(primitive.negative(primitive.absolute(gap))))


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
    return applied(primitive.arctan2, x1, x2, floats=True)


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


def erfinv(x: Tensor) -> Tensor:
    """The number whose error function is x; NaN outside [-1, 1].

    >>> erfinv([0.0, 0.5]).round(4)
    array([0.    , 0.4769], dtype=float32)
    """
    return primitive.erfinv(as_float(x))
