"""Powers of floats and of integers."""

from __future__ import annotations

import math
from typing import Any

from geartrain.ops.emitters.exponential import (
    LN2_HIGH,
    LN2_LOW,
    exp,
    log,
    reduced,
    series,
    split_any,
)
from geartrain.ops.emitters.term import (
    Term,
    exact_product,
    exact_sum,
    exact_sum_ordered,
    formula,
    polynomial,
    scaled,
)

# (2 atanh(s) / s - 2 - 2/3 s**2) / s**4, a function of s**2, for s = (m - 1) / (m + 1)
_ATANH = (
    0.11724327060846747, 0.11706126464563398, 0.1333480879881234, 0.1538459488700718,
    0.18181818336099848, 0.22222222221652765, 0.2857142857142937, 0.4,
)  # fmt: skip
_TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
_LN2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)  # the first times n is exact


def _log_of_mantissa(m: Term) -> tuple[Term, Term]:
    """log(m) in two parts, some 66 bits, for m within [sqrt(1/2), sqrt(2)]."""
    f, below = m - 1, m + 1
    s = f / below
    rest = (s.fma(-below, f) - s * (m - (below - 1))) / below
    square, square_rest = exact_product(s, s)
    square_rest = s.fma(rest + rest, square_rest)
    third, third_rest = exact_product(square, _TWO_THIRDS[0])
    third_rest = square.fma(_TWO_THIRDS[1], square_rest.fma(_TWO_THIRDS[0], third_rest))
    sum_, lost = exact_sum_ordered(third, square * square * polynomial(square, _ATANH))
    factor, more = exact_sum_ordered(sum_.like(2), sum_)
    factor_rest = more + (lost + third_rest)
    high, low = exact_product(s, factor)
    return high, low + s.fma(factor_rest, rest * factor)


def _log(x: Term) -> tuple[Term, Term]:
    """log(x) in two parts, for x > 0; infinite at 0 and infinity."""
    m, n = split_any(x)
    high, low = _log_of_mantissa(m)
    total, lost = exact_sum_ordered(n * _LN2[0], high)
    high, low = exact_sum_ordered(total, lost + n.fma(_LN2[1], low))
    border = x.equals(0).where(x.like(-math.inf), x)
    special = border.differs(x) | x.equals(math.inf)
    return special.where(border, high), special.where(0, low)


def _exp_of_sum(high: Term, low: Term) -> Term:
    """exp(high + low)."""
    _, n = reduced(high)
    whole = n.to(high.dtype)
    first = whole.fma(-LN2_HIGH[high.dtype], high)  # exact
    r, lost = exact_sum(first, whole.fma(-LN2_LOW[high.dtype], low))
    return scaled((series(r) + lost) + 1, n)


def _precise_size(x: Term, y: Term) -> Term:
    """|x|**y to the last digits of float64: the logarithm and the product in two parts each."""
    high, low = _log(abs(x))
    product, rest = exact_product(y, high)
    inside = product.at_least(-800).at_most(800)  # beyond, the result is 0 or infinite
    rest = inside.equals(product).where(y.fma(low, rest), 0)
    return _exp_of_sum(inside, rest)


def precise_power(x: Term, y: Term) -> Term:
    """x**y of float64."""
    return _with_sign(x, y, _precise_size(x, y))


def power(x: Term, y: Term) -> Term:
    """x**y in float64, to the last digits of float32: exp(y * log(|x|))."""
    return _with_sign(x, y, exp(y * log(abs(x))))


def _with_sign(x: Term, y: Term, size: Term) -> Term:
    """|x|**y made x**y; also what does not depend on x or y."""
    integral = y.unary("trunc").equals(y)
    half = y * 0.5
    odd = integral & half.unary("trunc").differs(half)
    result = (odd & (x.bits() < 0)).where(-size, size)
    unreal = (x < 0) & (x > -math.inf) & (integral | y.is_nan()).equals(False)
    result = unreal.where(math.nan, result)
    one = y.equals(0) | x.equals(1) | (x.equals(-1) & abs(y).equals(math.inf))
    return one.where(1, result)


def _integer_power(x: Term, y: Term) -> Term:
    """x**y by squaring, as often as the largest exponent among the lanes has bits.

    Negative exponents, which NumPy refuses, give the quotient 1 / x**-y towards 0.
    """
    b = x.builder
    bits = b.reduce(y.value, lambda b, p, q: b.bits("or", p, q))
    unused = b.convert(b.call("llvm.ctlz", bits.dtype, bits, extra="i1 false"), "int64")
    width = b.constant(int(bits.type[1:]), "int64")

    def iteration(_: Any, values: list[Any]) -> list[Any]:
        result, factor, left = (Term(b, value) for value in values)
        result = (left & 1).differs(0).where(result * factor, result)
        return [result.value, (factor * factor).value, _halved(left).value]

    lanes = max(x.value.lanes, y.value.lanes)
    start = [b.splat(term.value, lanes) for term in (x.like(1), x, y)]
    found = b.loop(b.constant(0, "int64"), b.sub(width, unused), 1, iteration, start)
    result = Term(b, found[0])
    if x.value.unsigned:
        return result
    unit = x.equals(1) | x.equals(-1)
    return (y < 0).where(unit.where(result, 0), result)


def _halved(x: Term) -> Term:
    return Term(x.builder, x.builder.bits("lshr", x.value, x.like(1).value))


# powers that constants ask for, by exactly rounded operations
_PRODUCTS = {1: lambda x: x, 2: lambda x: x * x, 3: lambda x: x * x * x, -1: lambda x: 1 / x}


def emit_power(b: Any, x: Any, y: Any) -> Any:
    """x**y; of booleans x or not y."""
    if "float" in x.dtype:
        for number, product in _PRODUCTS.items():
            if y.name == b.like(number, y).name:
                return formula(product)(b, x)
        function = precise_power if x.dtype == "float64" else power
        return formula(function, "float64")(b, x, y)
    base, exponent = Term(b, x), Term(b, y)
    if x.dtype == "bool":
        return (base | exponent.equals(False)).value
    return _integer_power(base, exponent).value
