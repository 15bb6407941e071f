"""NumPy references for functions that NumPy lacks: erf, erfc, erfinv, sigmoid, softplus.

`erf` and `erfinv` are computed in float64 and rounded once to the input's dtype.
"""

from __future__ import annotations

import math

import numpy as np

_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)


def erf(x: np.ndarray) -> np.ndarray:
    """The error function, 2/sqrt(pi) * integral of exp(-t**2) from 0 to x."""
    return np.asarray(_erf(x)).astype(x.dtype)


def erfc(x: np.ndarray) -> np.ndarray:
    """1 - erf(x), accurate also where that is near 0."""
    return np.asarray(_erfc(x)).astype(x.dtype)


# Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics
# 37 (1988): numerators and denominators of three rational functions, highest powers first. The
# first is for the middle; the others, for the tails, are functions of sqrt(-log(tail)).
MIDDLE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
     1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187,
     1.0),
)  # fmt: skip
FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699,
     6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
     0.59983220655588793769, 1.0),
)  # fmt: skip


def _quotient(rational: tuple[tuple[float, ...], tuple[float, ...]], x: np.ndarray) -> np.ndarray:
    above, below = rational
    return np.asarray(np.polyval(above, x) / np.polyval(below, x))


def erfinv(x: np.ndarray) -> np.ndarray:
    """The y with erf(y) = x: the normal distribution's quantile `q((x + 1) / 2) / sqrt(2)`.

    In float64 it is within 4 ULP.
    """
    half = np.atleast_1d(np.asarray(x, np.float64)) / 2
    result = half * _quotient(MIDDLE, 0.180625 - half * half)
    outside = np.abs(half) > 0.425
    if outside.any():
        result[outside] = _quantile_of_tail(half[outside])
    return np.asarray((result / math.sqrt(2)).astype(x.dtype).reshape(np.shape(x)))


def _quantile_of_tail(q: np.ndarray) -> np.ndarray:
    """The x with a normal probability of q + 1/2 below it, for q beyond 0.425 on either side."""
    with np.errstate(all="ignore"):
        place = np.sqrt(-np.log(0.5 - np.abs(q)))
        tail = np.where(place <= 5, _quotient(TAIL, place - 1.6), _quotient(FAR_TAIL, place - 5))
    return np.asarray(np.copysign(np.where(np.abs(q) == 0.5, np.inf, tail), q))


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), by the form of it that does not overflow on either side of 0."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, small) / (1 + small))


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)) without overflow."""
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))
