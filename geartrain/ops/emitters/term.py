"""Formulas of code: terms with Python's operators, each of which writes one instruction."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Sequence
from typing import Any

MANTISSA = {"float32": 23, "float64": 52}
BIAS = {"float32": 127, "float64": 1023}
INTEGER = {"float32": "int32", "float64": "int64"}
FLOAT = {"int32": "float32", "int64": "float64"}


class Term:
    """A value with the builder that writes what is computed from it.

    `a + b` writes an addition, `a < b` a comparison; Python numbers become constants of the
    term's dtype. `a.fma(b, c)` is a * b + c with one rounding.
    """

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    @property
    def dtype(self) -> str:
        """The dtype of the value."""
        return str(self.value.dtype)

    def like(self, number: Any) -> Term:
        """A constant of the same dtype; a term stays itself."""
        if isinstance(number, Term):
            return number
        return Term(self.builder, self.builder.like(number, self.value))

    def _write(self, method: str, *others: Any) -> Term:
        values = [self.like(other).value for other in others]
        return Term(self.builder, getattr(self.builder, method)(self.value, *values))

    def __add__(self, other: Any) -> Term:
        return self._write("add", other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Term:
        return self._write("sub", other)

    def __rsub__(self, other: Any) -> Term:
        left: Term = self.like(other)
        return left._write("sub", self)

    def __mul__(self, other: Any) -> Term:
        return self._write("mul", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Term:
        return self._write("div", other)

    def __rtruediv__(self, other: Any) -> Term:
        left: Term = self.like(other)
        return left._write("div", self)

    def __neg__(self) -> Term:
        return self._write("neg")

    def __abs__(self) -> Term:
        return self._named("unary", "fabs")

    def fma(self, factor: Any, addend: Any) -> Term:
        """self * factor + addend with one rounding."""
        return self._write("fma", factor, addend)

    def _named(self, method: str, name: str, *others: Any) -> Term:
        values = [self.like(other).value for other in others]
        return Term(self.builder, getattr(self.builder, method)(name, self.value, *values))

    def unary(self, name: str) -> Term:
        """A rounding or the square root."""
        return self._named("unary", name)

    def __lt__(self, other: Any) -> Term:
        return self._named("compare", "lt", other)

    def __le__(self, other: Any) -> Term:
        return self._named("compare", "le", other)

    def __gt__(self, other: Any) -> Term:
        return self._named("compare", "gt", other)

    def __ge__(self, other: Any) -> Term:
        return self._named("compare", "ge", other)

    def equals(self, other: Any) -> Term:
        """Whether they are equal."""
        return self._named("compare", "eq", other)

    def differs(self, other: Any) -> Term:
        """Whether they are not equal."""
        return self._named("compare", "ne", other)

    def __and__(self, other: Any) -> Term:
        return self._named("bits", "and", other)

    def __or__(self, other: Any) -> Term:
        return self._named("bits", "or", other)

    def __xor__(self, other: Any) -> Term:
        return self._named("bits", "xor", other)

    def __lshift__(self, count: Any) -> Term:
        return self._named("bits", "shl", count)

    def __rshift__(self, count: Any) -> Term:
        return self._named("bits", "lshr" if self.value.unsigned else "ashr", count)

    def is_nan(self) -> Term:
        """Whether it is NaN."""
        return self._write("is_nan")

    def where(self, yes: Any, no: Any) -> Term:
        """`yes` where this condition holds, else `no`; one of them is a term."""
        like = yes if isinstance(yes, Term) else no
        return self._write("select", like.like(yes), like.like(no))

    def at_least(self, low: Any) -> Term:
        """The limit where it is below; NaN stays."""
        below: Term = self < low
        return below.where(low, self)

    def at_most(self, high: Any) -> Term:
        """The limit where it is above; NaN stays."""
        above: Term = self > high
        return above.where(high, self)

    def signed(self, sign: Term) -> Term:
        """Its size with the sign of the other."""
        return self._write("copysign", sign)

    def to(self, dtype: str) -> Term:
        """The same number as another dtype."""
        return Term(self.builder, self.builder.convert(self.value, dtype))

    def bits(self) -> Term:
        """A float's bits as an integer."""
        return Term(self.builder, self.builder.bitcast(self.value, INTEGER[self.dtype]))

    def float(self) -> Term:
        """The float that has these bits."""
        return Term(self.builder, self.builder.bitcast(self.value, FLOAT[self.dtype]))

    def any(self) -> Term:
        """Whether the condition holds in any lane."""
        return Term(self.builder, self.builder.any(self.value))

    def when(self, then: Callable[[], Sequence[Term]], otherwise: Sequence[Term]) -> list[Term]:
        """The results of `then()` if this condition of one lane holds, else `otherwise`."""
        lanes = max(term.value.lanes for term in otherwise)
        b = self.builder
        others = [b.splat(term.value, lanes) for term in otherwise]
        found = b.when(self.value, lambda: [b.splat(t.value, lanes) for t in then()], others)
        return [Term(b, value) for value in found]


def formula(function: Callable[..., Term], *dtypes: str) -> Callable[..., Any]:
    """What `emit` of an op has to be, from a function of terms.

    Args:
        function: of terms that all have one of `dtypes`.
        dtypes: in which it computes, by default float32 and float64. Others are converted to the
            first, and the result is rounded back.
    """
    allowed = dtypes or ("float32", "float64")

    @functools.wraps(function)
    def emit(b: Any, *values: Any) -> Any:
        dtype = values[0].dtype
        inside = dtype if dtype in allowed else allowed[0]
        result = function(*(Term(b, b.convert(value, inside)) for value in values))
        return b.convert(result.value, dtype)

    return emit


def polynomial(x: Term, coefficients: Sequence[float]) -> Term:
    """The polynomial with these coefficients, highest power first, by Horner's rule."""
    total: Any = coefficients[0]
    for coefficient in coefficients[1:]:
        total = x.fma(total, coefficient)
    return x.like(total)


def power_of_two(exponent: Term) -> Term:
    """2**exponent for an integer within the exponents of the float of its size."""
    dtype = FLOAT[exponent.dtype]
    return ((exponent + BIAS[dtype]) << MANTISSA[dtype]).float()


def scaled(x: Term, exponent: Term) -> Term:
    """x * 2**exponent, in two steps: the power alone may be too large or too small."""
    half = exponent >> 1
    return x * power_of_two(half) * power_of_two(exponent - half)


def rounded(x: Term, factor: float) -> tuple[Term, Term]:
    """The integer nearest to x * factor, as a float and in the low bits of an integer.

    Adding 1.5 * 2**23 pushes the fraction out of a float32, and leaves the integer in its bits.
    """
    magic = 1.5 * 2.0 ** MANTISSA[x.dtype]
    shifted = x.fma(factor, magic)
    form, whole = ("<f", "<i") if x.dtype == "float32" else ("<d", "<q")
    (bits,) = struct.unpack(whole, struct.pack(form, magic))
    return shifted - magic, shifted.bits() - bits


def exact_sum(x: Term, y: Term) -> tuple[Term, Term]:
    """x + y and the rounding error of that (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def exact_sum_ordered(x: Term, y: Term) -> tuple[Term, Term]:
    """x + y and the rounding error of that, for |x| >= |y| or x = 0 (Dekker)."""
    total = x + y
    return total, y - (total - x)


def exact_product(x: Term, y: Any) -> tuple[Term, Term]:
    """x * y and the rounding error of that."""
    product = x * y
    return product, x.fma(y, -product)
