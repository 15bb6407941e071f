"""Exponentials, logarithms and hyperbolic functions, of float32 and of float64.

The polynomials are Chebyshev fits of the remainder after the leading terms, on the interval that
the reduction leaves.
"""

from __future__ import annotations

import math

from geartrain.ops.emitters.term import (
    BIAS,
    MANTISSA,
    Term,
    polynomial,
    power_of_two,
    rounded,
    scaled,
)

# ln 2 as a float and what that leaves over
LN2_HIGH = {"float32": 0.693147182464599609375, "float64": 0.693147180559945286}
LN2_LOW = {"float32": -1.904654299957767878e-9, "float64": 2.319046813846299558e-17}
# below, exp is 0 or subnormal to nothing; above, infinite
LIMITS = {"float32": (-104.0, 89.0), "float64": (-746.0, 710.0)}
# (exp(r) - 1 - r) / r**2 for |r| <= ln(2) / 2
_EXP = {
    "float32": (0.000198910304, 0.00139336858, 0.00833331048, 0.041666463, 0.166666672, 0.5),
    "float64": (
        2.0914717341098887e-09, 2.5105259538448494e-08, 2.7557273570104184e-07,
        2.7557255297969643e-06, 2.480158732560532e-05, 0.0001984126987490126,
        0.001388888888888373, 0.008333333333326112, 0.04166666666666667, 0.1666666666666667, 0.5,
    ),
}  # fmt: skip
# (log(1 + f) - f + f**2 / 2) / f**3 for 1 + f within [sqrt(1/2), sqrt(2)]
_LOG = (
    0.0697161183, -0.114797339, 0.116854198, -0.124256872, 0.142490581, -0.166678026, 0.200007156,
    -0.24999997, 0.333333313,
)  # fmt: skip
# (2 atanh(s) / s - 2) / s**2, a function of s**2, for s = f / (2 + f)
_ATANH = (
    0.14617807153417325, 0.15331611722055008, 0.1818289243253687, 0.22222211089379496,
    0.28571428626253836, 0.3999999999989889, 0.666666666666667,
)  # fmt: skip
# (sinh(a) / a - 1) / a**2, a function of a**2, for a <= 1
_SINH = (
    7.746178593018827e-13, 1.6057679623801638e-10, 2.5052117695907823e-08, 2.7557319191381816e-06,
    0.00019841269841324198, 0.008333333333333299, 0.16666666666666666,
)  # fmt: skip
_SQRT_HALF_BITS = {"float32": 0x3F3504F3, "float64": 0x3FE6A09E667F3BCD}


def reduced(x: Term) -> tuple[Term, Term]:
    """r and the integer n with x = n * ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite)."""
    n, integer = rounded(x, 1 / math.log(2))
    return n.fma(-LN2_LOW[x.dtype], n.fma(-LN2_HIGH[x.dtype], x)), integer


def series(r: Term) -> Term:
    """exp(r) - 1 for |r| <= ln 2 / 2."""
    return (r * r).fma(polynomial(r, _EXP[r.dtype]), r)


def exp(x: Term) -> Term:
    """e**x."""
    return exp_below(x.at_most(LIMITS[x.dtype][1]))


def exp_below(x: Term) -> Term:
    """e**x for x that is not above the limit."""
    r, n = reduced(x.at_least(LIMITS[x.dtype][0]))
    return scaled(series(r) + 1, n)


def expm1(x: Term) -> Term:
    """e**x - 1 = 2**n * (exp(r) - 1 + (1 - 2**-n)): exact near 0, where n is 0."""
    r, n = reduced(x.at_least(-40).at_most(LIMITS[x.dtype][1]))
    back = power_of_two(-n.at_most(BIAS[x.dtype]))
    return scaled(series(r) + (1 - back), n).signed(x)


def _log_parts(f: Term) -> Term:
    """log(1 + f) - f for 1 + f within [sqrt(1/2), sqrt(2)]."""
    square = f * f
    if f.dtype == "float32":
        return square.fma(f * polynomial(f, _LOG), square * -0.5)
    s = f / (f + 2)
    z = s * s
    half = square * 0.5
    return s.fma(z.fma(polynomial(z, _ATANH), half), -half)


def split(x: Term) -> tuple[Term, Term]:
    """m within [sqrt(1/2), sqrt(2)) and the integer n with x = m * 2**n, for normal x."""
    raw = x.bits()
    n = (raw - _SQRT_HALF_BITS[x.dtype]) >> MANTISSA[x.dtype]
    return (raw - (n << MANTISSA[x.dtype])).float(), n


def split_any(x: Term) -> tuple[Term, Term]:
    """m within [sqrt(1/2), sqrt(2)) and the integral float n with x = m * 2**n, for any x > 0."""
    bits = MANTISSA[x.dtype]
    tiny = x < 2.0 ** (1 - BIAS[x.dtype])
    m, n = split(tiny.where(x * 2.0**bits, x))
    exponent = n.to(x.dtype)
    return m, tiny.where(exponent - bits, exponent)


def _log_sum(f: Term, n: Term) -> Term:
    """log((1 + f) * 2**n): small terms first."""
    small = f + n.fma(LN2_LOW[f.dtype], _log_parts(f))
    return n.fma(LN2_HIGH[f.dtype], small)


def _at_borders(x: Term, one_more: Term, value: Term) -> Term:
    """The value of a logarithm of `one_more`; what it is at infinity, at 0 and below."""
    value = x.equals(math.inf).where(x, value)
    value = one_more.equals(0).where(-math.inf, value)
    return ((one_more < 0) | x.is_nan()).where(math.nan, value)


def log(x: Term) -> Term:
    """The natural logarithm."""
    m, n = split_any(x)
    return _at_borders(x, x, _log_sum(m - 1, n))


def log1p(x: Term) -> Term:
    """log(1 + x), exact near 0: what rounding of 1 + x loses is put back."""
    one_more = x + 1
    lost = x - (one_more - 1)
    m, n = split(one_more)
    f = lost.fma(power_of_two(-n.at_most(BIAS[x.dtype] - 1)), m - 1)
    return _at_borders(x, one_more, _log_sum(f, n.to(x.dtype)).signed(x))


def tanh(x: Term) -> Term:
    """The hyperbolic tangent: e / (e + 2) for e = expm1(2 |x|)."""
    size = abs(x).at_most(20)
    r, n = reduced(size + size)
    e = (series(r) + (1 - power_of_two(-n))) * power_of_two(n)
    return (e / (e + 2)).signed(x)


def sigmoid(x: Term) -> Term:
    """1 / (1 + exp(-x)), by the form that does not overflow."""
    small = exp_below(-abs(x))
    return (x >= 0).where(1, small) / (small + 1)


def softplus(x: Term) -> Term:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))."""
    return x.at_least(0) + log1p(exp_below(-abs(x)))


def _half_exp(size: Term) -> Term:
    """exp(size) / 2, which is finite a little longer than exp(size)."""
    r, n = reduced(size.at_most(LIMITS[size.dtype][1] + 1))
    return scaled(series(r) + 1, n - 1)


def sinh(x: Term) -> Term:
    """The hyperbolic sine, of float64."""
    size = abs(x)
    square = size * size
    small = (size * square).fma(polynomial(square, _SINH), size)
    half = _half_exp(size)
    return (size < 1).where(small, half - 0.25 / half).signed(x)


def cosh(x: Term) -> Term:
    """The hyperbolic cosine, of float64."""
    half = _half_exp(abs(x))
    return half + 0.25 / half


def _log1p_or_far(near: Term, size: Term) -> Term:
    """log(1 + near), or log(2 * size) for sizes whose square drowns the 1."""
    far = size > 2.0**100
    return log1p(far.where(size, near)) + far.where(size.like(math.log(2)), 0)


def arcsinh(x: Term) -> Term:
    """log(|x| + sqrt(x**2 + 1)) with the sign of x, of float64."""
    size = abs(x)
    square = size * size
    near = size + square / ((square + 1).unary("sqrt") + 1)
    return _log1p_or_far(near, size).signed(x)


def arccosh(x: Term) -> Term:
    """log(x + sqrt(x**2 - 1)), of float64."""
    above = x - 1
    near = above + above.fma(above, above * 2).unary("sqrt")
    return (x < 1).where(math.nan, _log1p_or_far(near, x))


def arctanh(x: Term) -> Term:
    """log((1 + x) / (1 - x)) / 2, of float64."""
    size = abs(x)
    return (log1p((size + size) / (1 - size)) * 0.5).signed(x)
