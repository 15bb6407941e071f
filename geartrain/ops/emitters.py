"""How the compiler writes element-wise functions: polynomials in terms of a builder.

Each takes the builder and values, and returns a value. None is more than 4 units in the last
place from the exact result; NaN and infinities come out as NumPy has them.
"""

from __future__ import annotations

import math
from typing import Any

_LN2_HIGH = {"float32": 0.693359375, "float64": 6.93147180369123816490e-01}
_LN2_LOW = {"float32": -2.12194440054690583e-4, "float64": 1.90821492927058770002e-10}
_LIMITS = {"float32": (-104.0, 89.0), "float64": (-746.0, 710.0)}
_EXP_DEGREE = {"float32": 7, "float64": 13}
_LOG_TERMS = {"float32": 6, "float64": 12}
_MANTISSA = {"float32": 23, "float64": 52}
_BIAS = {"float32": 127, "float64": 1023}
_INTEGER = {"float32": "int32", "float64": "int64"}


def polynomial(b: Any, x: Any, coefficients: list[float]) -> Any:
    """The polynomial with these coefficients, highest power first, by Horner's rule."""
    total = b.like(coefficients[0], x)
    for coefficient in coefficients[1:]:
        total = b.fma(total, x, b.like(coefficient, x))
    return total


def in_float32(function: Any) -> Any:
    """`function` for narrow floats too: they are widened, and the result is rounded once."""

    def widened(b: Any, *values: Any) -> Any:
        dtype = values[0].dtype
        if dtype in _INTEGER:
            return function(b, *values)
        wide = [b.convert(value, "float32") for value in values]
        return b.convert(function(b, *wide), dtype)

    return widened


def _power_of_two(b: Any, n: Any, dtype: str) -> Any:
    """2**n for an integral float n within the exponent's range."""
    integer = b.convert(n, _INTEGER[dtype])
    biased = b.add(integer, b.like(_BIAS[dtype], integer))
    return b.bitcast(b.bits("shl", biased, b.like(_MANTISSA[dtype], biased)), dtype)


def _reduced(b: Any, x: Any) -> tuple[Any, Any]:
    """n and r with x = n * ln 2 + r, |r| <= ln 2 / 2."""
    n = b.unary("roundeven", b.mul(x, b.like(1 / math.log(2), x)))
    r = b.fma(n, b.like(-_LN2_HIGH[x.dtype], x), x)
    return n, b.fma(n, b.like(-_LN2_LOW[x.dtype], x), r)


def _exp_series(b: Any, r: Any) -> Any:
    """exp(r) - 1 for small r: Taylor's series, whose first term keeps its digits."""
    degree = _EXP_DEGREE[r.dtype]
    tail = polynomial(b, r, [1 / math.factorial(n) for n in range(degree, 1, -1)])
    return b.fma(b.mul(r, r), tail, r)


@in_float32
def exp(b: Any, x: Any) -> Any:
    """e**x."""
    low, high = _LIMITS[x.dtype]
    x = b.minimum(b.maximum(x, b.like(low, x)), b.like(high, x))
    n, r = _reduced(b, x)
    value = b.add(_exp_series(b, r), b.like(1, x))
    half = b.unary("floor", b.mul(n, b.like(0.5, x)))  # in two steps: 2**n may not be a float
    first, second = _power_of_two(b, half, x.dtype), _power_of_two(b, b.sub(n, half), x.dtype)
    return b.mul(b.mul(value, first), second)


@in_float32
def expm1(b: Any, x: Any) -> Any:
    """e**x - 1, exact near 0."""
    low, high = _LIMITS[x.dtype]
    inside = b.minimum(b.maximum(x, b.like(low / 2, x)), b.like(high, x))
    n, r = _reduced(b, inside)
    one = b.like(1, x)
    half = b.unary("floor", b.mul(n, b.like(0.5, x)))
    first = _power_of_two(b, half, x.dtype)
    second = _power_of_two(b, b.sub(n, half), x.dtype)
    scale = b.mul(first, second)
    usual = b.fma(scale, _exp_series(b, r), b.sub(scale, one))
    large = b.sub(b.mul(b.mul(b.add(_exp_series(b, r), one), first), second), one)
    return b.select(b.compare("gt", n, b.like(100, x)), large, usual)


@in_float32
def log(b: Any, x: Any) -> Any:
    """The natural logarithm."""
    dtype = x.dtype
    integer, bits = _INTEGER[dtype], _MANTISSA[dtype]
    tiny = b.compare("lt", x, b.like(2.0 ** (1 - _BIAS[dtype]), x))
    scaled = b.select(tiny, b.mul(x, b.like(2.0**bits, x)), x)
    raw = b.bitcast(scaled, integer)
    root_half = 0x3F3504F3 if dtype == "float32" else 0x3FE6A09E667F3BCD
    above = b.sub(raw, b.like(root_half, raw))
    exponent = b.bits("ashr", above, b.like(bits, raw))
    mantissa = b.bitcast(
        b.sub(raw, b.bits("shl", exponent, b.like(bits, raw))), dtype
    )  # within [sqrt(1/2), sqrt(2))
    e = b.convert(exponent, dtype)
    e = b.select(tiny, b.sub(e, b.like(bits, e)), e)
    f = b.sub(mantissa, b.like(1, x))
    s = b.div(f, b.add(mantissa, b.like(1, x)))
    z = b.mul(s, s)
    series = polynomial(b, z, [2 / (2 * k + 1) for k in range(_LOG_TERMS[dtype], 0, -1)])
    # log(1 + f) = f - s * (f - z * series): f itself carries the leading digits
    small = b.sub(f, b.mul(s, b.sub(f, b.mul(z, series))))
    value = b.fma(e, b.like(_LN2_LOW[dtype], x), small)
    value = b.fma(e, b.like(_LN2_HIGH[dtype], x), value)
    infinite = b.compare("eq", x, b.like(math.inf, x))
    value = b.select(infinite, x, value)
    zero = b.like(0, x)
    value = b.select(b.compare("eq", x, zero), b.like(-math.inf, x), value)
    wrong = b.bits("or", b.compare("lt", x, zero), b.is_nan(x))
    return b.select(wrong, b.like(math.nan, x), value)


@in_float32
def log1p(b: Any, x: Any) -> Any:
    """log(1 + x), exact near 0."""
    one = b.like(1, x)
    u = b.add(x, one)
    lost = b.div(b.sub(x, b.sub(u, one)), u)
    value = b.add(log(b, u), lost)
    infinite = b.compare("eq", x, b.like(math.inf, x))
    value = b.select(infinite, x, value)
    value = b.select(b.compare("eq", u, b.like(0, x)), b.like(-math.inf, x), value)
    return b.select(b.compare("eq", x, b.like(0, x)), x, value)


@in_float32
def tanh(b: Any, x: Any) -> Any:
    """The hyperbolic tangent, from expm1 of twice the size."""
    size = b.minimum(b.unary("fabs", x), b.like(20, x))
    twice = expm1(b, b.add(size, size))
    value = b.div(twice, b.add(twice, b.like(2, x)))
    return b.copysign(value, x)


@in_float32
def sigmoid(b: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)), by the form that does not overflow."""
    one = b.like(1, x)
    small = exp(b, b.neg(b.unary("fabs", x)))
    above = b.select(b.compare("ge", x, b.like(0, x)), one, small)
    return b.div(above, b.add(small, one))


@in_float32
def softplus(b: Any, x: Any) -> Any:
    """log(1 + exp(x))."""
    small = exp(b, b.neg(b.unary("fabs", x)))
    return b.add(b.maximum(x, b.like(0, x)), log1p(b, small))


@in_float32
def rsqrt(b: Any, x: Any) -> Any:
    """1 / sqrt(x), by exact operations."""
    return b.div(b.like(1, x), b.unary("sqrt", x))


def sign(b: Any, x: Any) -> Any:
    """-1, 0 or 1; NaN for NaN."""
    zero, one = b.like(0, x), b.like(1, x)
    above = b.select(b.compare("gt", x, zero), one, x)
    if x.dtype[0] in "ub":
        return above
    return b.select(b.compare("lt", x, zero), b.like(-1, x), above)


def absolute(b: Any, x: Any) -> Any:
    """The size without the sign."""
    if "float" in x.dtype:
        return b.unary("fabs", x)
    negative = b.compare("lt", x, b.like(0, x))
    return x if x.dtype[0] in "ub" else b.select(negative, b.neg(x), x)


def relu(b: Any, x: Any) -> Any:
    """max(x, 0); NaN for NaN."""
    return b.select(b.compare("le", x, b.like(0, x)), b.like(0, x), x)


def rounding(name: str) -> Any:
    """A rounding that LLVM has; nothing to do for integers."""
    return lambda b, x: b.unary(name, x) if "float" in x.dtype else x


def comparison(how: str) -> Any:
    """A comparison of two values."""
    return lambda b, x, y: b.compare(how, x, y)


def logical(name: str) -> Any:
    """A logical function of two values, each true if it is not 0."""
    return lambda b, x, y: b.bits(name, b.convert(x, "bool"), b.convert(y, "bool"))


def logical_not(b: Any, x: Any) -> Any:
    """Whether x is 0."""
    return b.compare("eq", x, b.like(0, x))


def isnan(b: Any, x: Any) -> Any:
    """Whether x is NaN."""
    return b.is_nan(x) if "float" in x.dtype else b.compare("ne", x, x)


def isfinite(b: Any, x: Any) -> Any:
    """Whether x is neither NaN nor infinite."""
    if "float" not in x.dtype:
        return b.compare("eq", x, x)
    return b.compare("lt", b.unary("fabs", x), b.like(math.inf, x))


def isinf(b: Any, x: Any) -> Any:
    """Whether x is infinite."""
    if "float" not in x.dtype:
        return b.compare("ne", x, x)
    return b.compare("eq", b.unary("fabs", x), b.like(math.inf, x))
