"""Exact values of elementary functions, and distances in units in the last place."""

from __future__ import annotations

import mpmath
import numpy as np

mpmath.mp.prec = 1300  # also for the sine of the largest float64


def _sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def _softplus(x):
    return mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x))


def _mod(x, y):
    return x - y * mpmath.floor(x / y)


EXACT = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p,
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "arcsin": mpmath.asin,
    "arccos": mpmath.acos, "arctan": mpmath.atan, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "tanh": mpmath.tanh, "arcsinh": mpmath.asinh, "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh, "erf": mpmath.erf, "erfc": mpmath.erfc, "erfinv": mpmath.erfinv,
    "sigmoid": _sigmoid, "softplus": _softplus, "sqrt": mpmath.sqrt,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x), "power": mpmath.power, "arctan2": mpmath.atan2,
    "mod": _mod, "divide": lambda x, y: x / y,
}  # fmt: skip
PRECISION = {"sin": 1300, "cos": 1300, "tan": 1300, "mod": 2400}


def exact(name, *arrays):
    """The function at each place, as mpmath numbers; None where it is not a finite real number."""
    results = []
    with mpmath.workprec(PRECISION.get(name, 220)):
        for row in zip(*(array.astype("float64").tolist() for array in arrays), strict=True):
            try:
                value = EXACT[name](*map(mpmath.mpf, row))
            except (ValueError, ZeroDivisionError, OverflowError):
                value = None
            if name == "arctan2" and row[0] == 0 and np.signbit(row[0]) and value is not None:
                value = -value  # mpmath has no -0
            bad = value is None or isinstance(value, mpmath.mpc) or not mpmath.isfinite(value)
            results.append(None if bad else value)
    return results


def ulps(found, expected):
    """How far floats are from exact values, in units in the last place of the exact value.

    Values beyond the largest float round to infinity, and are right if infinite.
    """
    info = np.finfo(found.dtype)
    largest, bits = float(info.max), info.nmant
    least = mpmath.mpf(2) ** (int(info.minexp) - bits)
    distances = np.zeros(len(found))
    for place, (value, right) in enumerate(zip(found.tolist(), expected, strict=True)):
        if right is None:
            continue
        if abs(right) > largest * (1 + mpmath.mpf(2) ** -(bits + 2)):
            distances[place] = 0 if value == np.sign(float(mpmath.sign(right))) * np.inf else np.inf
            continue
        exponent = mpmath.frexp(right)[1] if right else -10000
        unit = max(mpmath.mpf(2) ** (exponent - 1 - bits), least)
        if not np.isfinite(value):
            distances[place] = np.inf if abs(right) < largest * (1 - 4 * 2.0**-bits) else 4
        else:
            distances[place] = float(abs(mpmath.mpf(value) - right) / unit)
    return distances
