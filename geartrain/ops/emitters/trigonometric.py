"""Circular functions and their inverses, of float64. Angles are reduced exactly at any size."""

from __future__ import annotations

import functools
import math

from geartrain.ops.emitters.term import Term, exact_product, exact_sum, polynomial, rounded

# pi / 2 in three parts
_HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)
# (sin(r) / r - 1) / r**2, (cos(r) - 1 + r**2 / 2) / r**4, functions of r**2, for |r| <= pi / 4
_SIN = (
    1.5917988979397435e-10, -2.5051129896450185e-08, 2.7557316093198404e-06,
    -0.00019841269836740532, 0.008333333333330936, -0.16666666666666666,
)  # fmt: skip
_COS = (
    -1.138254464534925e-11, 2.087614504941318e-09, -2.755731726587808e-07, 2.48015872987544e-05,
    -0.0013888888888887389, 0.041666666666666664,
)  # fmt: skip
# (atan(t) / t - 1) / t**2, a function of t**2, for |t| <= sqrt(2) - 1
_ATAN = (
    -0.019162068915902577, 0.03921955253255129, -0.05085030492810941, 0.058580687568615106,
    -0.06664502215671447, 0.07692182535116648, -0.09090904549884611, 0.11111111014561013,
    -0.14285714284657894, 0.1999999999999548, -0.3333333333333333,
)  # fmt: skip
# (asin(s) / s - 1) / s**2, a function of s**2, for |s| <= 1 / 2
_ASIN = (
    0.028757851367421566, -0.014851887071247204, 0.01740087944269402, 0.005457506718640358,
    0.01032281435018578, 0.011479177415184906, 0.013971212973552933, 0.017352392720869973,
    0.02237217294214989, 0.030381944138531247, 0.04464285714635543, 0.07499999999998433,
    0.16666666666666669,
)  # fmt: skip
_FAR = 2.0**20  # from here on, three parts of pi / 2 are not enough
_STEP = 16  # the tables of 2 / pi are for every 16th exponent
_FIRST = -48  # the exponent that the tables begin with
_ENTRIES = 64
_PARTS = 4


def _pi(bits: int) -> int:
    """pi * 2**bits, by Machin's formula."""
    one = 1 << (bits + 16)

    def arctan_of_inverse(n: int) -> int:
        total, power, k = 0, one // n, 1
        while power:
            total += power // k if k % 4 == 1 else -(power // k)
            power, k = power // (n * n), k + 2
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) >> 16


@functools.cache
def _two_over_pi() -> list[list[float]]:
    """For each entry k, 2 / pi * 2**(16 k - 48) modulo 4, in parts of 53 bits, highest first."""
    bits = 1400
    whole = (1 << (2 * bits + 1)) // _pi(bits)  # 2 / pi * 2**bits
    low = _PARTS * 53 - 2  # the last part's last bit is 2**-low
    tables: list[list[float]] = [[] for _ in range(_PARTS)]
    for k in range(_ENTRIES):
        shifted = (whole >> (bits - low - _STEP * k - _FIRST)) % (1 << (low + 2))
        for part, table in enumerate(tables):
            digits = (shifted >> (53 * (_PARTS - 1 - part))) % (1 << 53)
            table.append(math.ldexp(digits, 2 - 53 * (part + 1)))
    return tables


def _entry(entry: Term, part: int) -> Term:
    """An entry of a table of constants that the module gets."""
    b, name = entry.builder, f"@two_over_pi.{part}"
    items = ", ".join(f"double {b.constant(x, 'float64').name}" for x in _two_over_pi()[part])
    b.declared.add(f"{name} = private unnamed_addr constant [{_ENTRIES} x double] [{items}]")
    return Term(b, b.gather(name, entry.value, "float64"))


def _modulo_4(x: Term) -> Term:
    return (x * 0.25).unary("roundeven").fma(-4, x)


def _far_quarters(x: Term) -> tuple[Term, Term, Term]:
    """x as quarters of a turn, rounded, and the rest in two parts, for large x (Payne, Hanek).

    x is an integer X of at most 69 bits times 2**(16 k - 48); X times the parts of entry k are
    exact as pairs, and whole turns of each are dropped.
    """
    exponent = ((abs(x).bits() >> 52) - 1075 - _FIRST) >> 4
    entry = exponent.at_least(0).at_most(_ENTRIES - 1)
    scale = ((1023 - _FIRST - (entry << 4)) << 52).float()
    integer = x * scale
    products = [exact_product(integer, _entry(entry, part)) for part in range(_PARTS)]
    (first, first_rest), (second, second_rest), (third, third_rest), (fourth, _) = products
    total, lost = exact_sum(_modulo_4(first), _modulo_4(first_rest))
    total, more = exact_sum(total, _modulo_4(second))
    quarters, integer_quarters = rounded(total, 1.0)
    total, lost = total - quarters, lost + more
    for part in (second_rest, third, third_rest, fourth):
        total, more = exact_sum(total, part)
        lost = lost + more
    high, low = exact_product(total, _HALF_PI[0])
    low = low + total.fma(_HALF_PI[1], lost * _HALF_PI[0])
    angle = high + low
    return integer_quarters, angle, (high - angle) + low


def _near_quarters(x: Term) -> tuple[Term, Term, Term]:
    """The same for |x| < 2**20 (Cody and Waite, with a third part)."""
    n, quarters = rounded(x, 2 / math.pi)
    first = n.fma(-_HALF_PI[0], x)  # exact
    second, rest = exact_product(n, -_HALF_PI[1])
    angle, lost = exact_sum(first, second)
    return quarters, angle, n.fma(-_HALF_PI[2], lost + rest)


def _quarters(x: Term) -> list[Term]:
    near = _near_quarters(x)
    far = abs(x) >= _FAR  # infinities too: they give NaN

    def both() -> list[Term]:
        return [far.where(a, b) for a, b in zip(_far_quarters(x), near, strict=True)]

    return far.any().when(both, near)


def _sine(angle: Term, low: Term) -> Term:
    square = angle * angle
    return angle + (square * angle).fma(polynomial(square, _SIN), square.fma(low * -0.5, low))


def _cosine(angle: Term, low: Term) -> Term:
    square = angle * angle
    half = square * 0.5
    near = 1 - half
    rest = (square * square).fma(polynomial(square, _COS), -(angle * low))
    return near + ((1 - near - half) + rest)


def _turned(x: Term, ahead: int) -> Term:
    """The sine of x plus quarters of a turn."""
    quarters, angle, low = _quarters(x)
    quarters = quarters + ahead
    odd = (quarters & 1).differs(0)
    value = odd.where(_cosine(angle, low), _sine(angle, low))
    return (quarters & 2).differs(0).where(-value, value)


def sin(x: Term) -> Term:
    """The sine."""
    return x.equals(0).where(x, _turned(x, 0))


def cos(x: Term) -> Term:
    """The cosine."""
    return _turned(x, 1)


def tan(x: Term) -> Term:
    """The tangent: sine over cosine."""
    quarters, angle, low = _quarters(x)
    sine, cosine = _sine(angle, low), _cosine(angle, low)
    odd = (quarters & 1).differs(0)
    value = odd.where(-cosine, sine) / odd.where(sine, cosine)
    return x.equals(0).where(x, value)


def _arctan_of_quotient(above: Term, below: Term) -> Term:
    """arctan(above / below) for 0 <= above <= below."""
    mid = above > below * (math.sqrt(2) - 1)
    t = mid.where(above - below, above) / mid.where(above + below, below)
    square = t * t
    rest = (square * t).fma(polynomial(square, _ATAN), mid.where(t.like(_HALF_PI[1] / 2), 0))
    return mid.where(t.like(_HALF_PI[0] / 2), 0) + (t + rest)


def arctan(x: Term) -> Term:
    """The angle within [-pi / 2, pi / 2] of that tangent."""
    size = abs(x)
    steep = size > 1
    angle = _arctan_of_quotient(steep.where(1, size), steep.where(size, 1))
    infinite = size.equals(math.inf)
    angle = infinite.where(0, angle)
    return steep.where(_HALF_PI[0] - (angle - _HALF_PI[1]), angle).signed(x)


def arctan2(y: Term, x: Term) -> Term:
    """The angle within [-pi, pi] of the point (x, y)."""
    up, right = abs(y), abs(x)
    infinite = up.equals(math.inf) & right.equals(math.inf)
    up, right = infinite.where(1, up), infinite.where(1, right)
    steep = up > right
    above, below = steep.where(right, up), steep.where(up, right)
    large = below > 2.0**1000
    above, below = large.where(above * 2.0**-100, above), large.where(below * 2.0**-100, below)
    below = below.equals(0).where(1, below)  # the angle of the origin is 0
    angle = below.equals(math.inf).where(0, _arctan_of_quotient(above, below))
    angle = steep.where(_HALF_PI[0] - (angle - _HALF_PI[1]), angle)
    left = x.bits() < 0  # also -0
    angle = left.where(2 * _HALF_PI[0] - (angle - 2 * _HALF_PI[1]), angle)
    return (x.is_nan() | y.is_nan()).where(math.nan, angle.signed(y))


def _arcsin_series(s: Term, square: Term) -> Term:
    return (s * square).fma(polynomial(square, _ASIN), s)


def arcsin(x: Term) -> Term:
    """The angle within [-pi / 2, pi / 2] of that sine: for |x| > 1/2 from half its complement."""
    size = abs(x)
    outer = size > 0.5
    square = outer.where((1 - size) * 0.5, size * size)
    s = outer.where(square.unary("sqrt"), size)
    angle = _arcsin_series(s, square)
    return outer.where(_HALF_PI[0] - (angle.fma(2, -_HALF_PI[1])), angle).signed(x)


def arccos(x: Term) -> Term:
    """The angle within [0, pi] of that cosine."""
    size = abs(x)
    outer = size > 0.5
    square = outer.where((1 - size) * 0.5, size * size)
    s = outer.where(square.unary("sqrt"), x)
    angle = _arcsin_series(s, square)
    twice = angle + angle
    left = 2 * _HALF_PI[0] - (twice - 2 * _HALF_PI[1])
    inner = _HALF_PI[0] - (angle - _HALF_PI[1])
    return outer.where((x < 0).where(left, twice), inner)
