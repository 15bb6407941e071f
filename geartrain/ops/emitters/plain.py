"""Comparisons, logic, signs and roundings: a few instructions each."""

from __future__ import annotations

import math
from typing import Any


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
