"""The error function, its complement and its inverse."""

from __future__ import annotations

import math
from collections.abc import Sequence

from geartrain.ops import special
from geartrain.ops.emitters.exponential import exp, expm1, log, reduced, series
from geartrain.ops.emitters.term import Term, polynomial, power_of_two

# erf(x) / x - 1, a function of x**2, for |x| up to where the other begins
_NEAR = {
    "float32": (
        -0.000621458516, 0.00503437081, -0.0267929472, 0.112824969, -0.376125544, 0.128379151,
    ),
    "float64": (
        1.5889546007818838e-13, -4.9101179846805086e-12, 8.685870114391334e-11,
        -1.2083048517022723e-09, 1.4765666857055745e-08, -1.6359841594724727e-07,
        1.6461484722454145e-06, -1.4925602741550847e-05, 0.00012055330429899759,
        -0.0008548326929470691, 0.005223977623179348, -0.02686617064480267, 0.11283791670952624,
        -0.37612638903183676, 0.12837916709551256,
    ),
}  # fmt: skip
# log(1 - erf(x)): of x, and of (x - 3.75) / 2.25, which is within [-1, 1]
_FAR = {
    "float32": (
        1.65537483e-06, -4.63790457e-05, 0.000599156891, -0.00476882746, 0.0264419224,
        -0.110106409, -0.631809711, -1.13023579, 0.000318843813,
    ),
    "float64": (
        -7.804952900512703e-10, 8.144448486980044e-10, 5.521590781531964e-09,
        -1.5762161364704734e-08, 2.9256827471159658e-08, -7.537456688573687e-08,
        1.833176363554484e-07, -3.2990640231010754e-07, 3.4403842563436066e-07,
        5.883544793565056e-07, -5.5557532726882305e-06, 2.4621861121626683e-05,
        -8.799804680147152e-05, 0.0002816861806426225, -0.0008416387310764403,
        0.002401089665203146, -0.006651564473325547, 0.01820807955177775, -0.050539207612596004,
        -4.912479535421998, -17.43840913857283, -15.989462741350012,
    ),
}  # fmt: skip
# (erfinv(x) / x - sqrt(pi) / 2) / x**2, a function of x**2, for |x| <= 1/2
_INVERSE = (
    0.09951397716009813, -0.0543975033519298, 0.05823487511902459, 0.014647922534589715,
    0.029968080039894627, 0.03143160540567929, 0.03648851738325005, 0.042835401841888124,
    0.0517313311454083, 0.06495961665938374, 0.08655212925396849, 0.1275561753055423,
    0.23201366653465452,
)  # fmt: skip
# erfc(x) * exp(x**2) * (1 + 2 x), a function of (x - 3) / (x + 3), for x from 1/2 to 28
_COMPLEMENT = (
    8.635681414307825e-09, 7.124245030572795e-08, -8.42551957399924e-08, -5.840747551910045e-07,
    3.0307407103093377e-07, 3.4525197016153044e-06, -7.012462973163499e-07, -2.00929833045886e-05,
    4.9387975342434404e-06, 0.00012509749095168397, -0.00010515741491655, -0.0007798319787670749,
    0.0018886900308933137, 0.002529391787416037, -0.023770514892453878, 0.06830802734557402,
    -0.11927366341637591, 0.12964515870271817, -0.04756229435343384, -0.13562110612458084,
    1.2530080582697296,
)  # fmt: skip
_HALF_ROOT_PI = (0.886226925452758, -3.8332932499128993e-17)
_BORDER = {"float32": 0.875, "float64": 1.5}
_ONE = {"float32": 3.9375, "float64": 6.0}  # from here on erf is 1 but for less than half a unit


def erf(x: Term) -> Term:
    """The error function: near 0 a polynomial, else 1 - exp(polynomial)."""
    size = abs(x)
    square = x * x
    near = x.fma(polynomial(square, _NEAR[x.dtype]), x)
    inside = size.at_most(_ONE[x.dtype])
    place = inside if x.dtype == "float32" else inside.fma(1 / 2.25, -3.75 / 2.25)
    r, n = reduced(polynomial(place, _FAR[x.dtype]))
    far = 1 - (series(r) + 1) * power_of_two(n)
    return (size < _BORDER[x.dtype]).where(near, far.signed(x))


def _quotient(rational: Sequence[Sequence[float]], x: Term, factor: float) -> Term:
    above, below = rational
    return polynomial(x, [factor * number for number in above]) / polynomial(x, below)


def erfc(x: Term) -> Term:
    """1 - erf(x), of float64: from 1/2 on exp(-x**2) times a function that hardly changes."""
    size = abs(x).at_most(28.0)  # of more it is 0
    high = (size * 2.0**16).unary("trunc") * 2.0**-16  # its square is exact
    decay = exp(-(high * high))
    decay = decay.fma(expm1((high - size) * (high + size)), decay)
    tail = decay * (polynomial((size - 3) / (size + 3), _COMPLEMENT) / (size * 2 + 1))
    return (size < 0.5).where(1 - erf(x), (x < 0).where(2 - tail, tail))


def erfinv(x: Term) -> Term:
    """The inverse of erf, of float64: near 0 a polynomial, else as its reference computes it."""
    half, scale = x * 0.5, math.sqrt(0.5)
    size, square = abs(half), x * x
    rest = square.fma(polynomial(square, _INVERSE), _HALF_ROOT_PI[1])
    near = x.fma(_HALF_ROOT_PI[0], x * rest)
    inner = x * _quotient(special.MIDDLE, 0.180625 - half * half, scale / 2)
    place = (-log(0.5 - size)).unary("sqrt")
    tail = _quotient(special.TAIL, place - 1.6, scale)
    outer = (place > 5).where(_quotient(special.FAR_TAIL, place - 5, scale), tail)
    outer = size.equals(0.5).where(math.inf, outer).signed(x)
    return (size > 0.425).where(outer, (size < 0.25).where(near, inner).signed(x))
