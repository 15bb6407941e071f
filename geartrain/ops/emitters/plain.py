"""Comparisons, logic, signs and roundings: a few instructions each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def sign(b: Any, x: Any) -> Any:
    """-1, 0 or 1; NaN for NaN."""
    if x.dtype == "bool":
        return x
    zero, one = b.like(0, x), b.like(1, x)
    rest = b.add(x, zero)  # -0 becomes 0
    above = b.select(b.compare("gt", x, zero), one, rest)
    return above if x.unsigned else b.select(b.compare("lt", x, zero), b.like(-1, x), above)


def absolute(b: Any, x: Any) -> Any:
    """The size without the sign."""
    if "float" in x.dtype:
        return b.unary("fabs", x)
    return x if x.unsigned else b.select(b.compare("lt", x, b.like(0, x)), b.neg(x), x)


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


def bits(name: str) -> Any:
    """A function of the bits of two integers or booleans."""
    return lambda b, x, y: b.bits(name, x, y)


def _shifted(b: Any, name: str, x: Any, count: Any, beyond: Any) -> Any:
    """A shift by fewer bits than there are; by others, what NumPy has for it."""
    assert x.dtype != "bool", "shifts are of integers"
    width = np.dtype(x.dtype).itemsize * 8
    inside = b.compare("lt", count, b.like(width, count))
    if not count.unsigned:
        inside = b.bits("and", inside, b.compare("ge", count, b.like(0, count)))
    return b.select(inside, b.bits(name, x, b.select(inside, count, b.like(0, count))), beyond)


def shift_left(b: Any, x: Any, count: Any) -> Any:
    """x * 2**count without what does not fit."""
    return _shifted(b, "shl", x, count, b.like(0, x))


def shift_right(b: Any, x: Any, count: Any) -> Any:
    """The floor of x / 2**count."""
    if x.unsigned:
        return _shifted(b, "lshr", x, count, b.like(0, x))
    negative = b.compare("lt", x, b.like(0, x))
    return _shifted(b, "ashr", x, count, b.select(negative, b.like(-1, x), b.like(0, x)))
