"""Division with a whole quotient: of floats in float64, of integers without a trap."""

from __future__ import annotations

from typing import Any

from geartrain.ops.emitters.term import Term, formula

_EXACT = 2.0**53  # quotients below are exact integers in float64


def _remainder(x: Term, y: Term) -> Term:
    """What x leaves over a quotient towards 0, of float64: exact, with the sign of x."""
    ratio = x / y
    quotient = ratio.unary("trunc")
    rest = quotient.fma(-y, x)  # exact; the quotient may have been rounded up to an integer
    rest = ((rest < 0).differs(x < 0) & rest.differs(0)).where(rest + abs(y).signed(x), rest)
    rest = (abs(x) < abs(y)).where(x, rest)
    beyond = (abs(ratio) < _EXACT).equals(False)  # also NaN

    def library() -> list[Term]:
        b, type_ = x.builder, rest.value.type
        first, second = (b.splat(term.value, rest.value.lanes) for term in (x, y))
        found = b.make(f"frem {type_} {first.name}, {second.name}", "float64", rest.value.lanes)
        return [beyond.where(Term(b, found), rest)]

    return beyond.any().when(library, [rest])[0]


def _signed_remainder(x: Term, y: Term) -> tuple[Term, Term]:
    """The remainder with the sign of y, and whether it had to change."""
    rest = _remainder(x, y)
    differs = (rest < 0).differs(y < 0) & rest.differs(0)
    return differs.where(rest + y, rest), differs


def float_mod(x: Term, y: Term) -> Term:
    """x - y * floor(x / y), with the sign of y."""
    rest, _ = _signed_remainder(x, y)
    return rest.equals(0).where(rest.signed(y), rest)


def float_floor_divide(x: Term, y: Term) -> Term:
    """The floor of x / y: the quotient that goes with the remainder."""
    rest = _remainder(x, y)
    differs = (rest < 0).differs(y < 0) & rest.differs(0)
    quotient = (x - rest) / y
    quotient = differs.where(quotient - 1, quotient)
    whole = quotient.unary("floor")
    whole = (quotient - whole > 0.5).where(whole + 1, whole)
    ratio = x / y
    whole = quotient.equals(0).where((ratio * 0).signed(ratio), whole)
    return y.equals(0).where(ratio, whole)


def _harmless(x: Term, y: Term) -> tuple[Term, Term, Term]:
    """The divisor without 0 and -1 (which overflows), and where it was 0 and -1."""
    zero = y.equals(0)
    minus = x.equals(x) & zero if x.value.unsigned else y.equals(-1)
    return (zero | minus).where(1, y), zero, minus


def _integer_floor_divide(x: Term, y: Term) -> Term:
    divisor, zero, minus = _harmless(x, y)
    quotient = x / divisor
    if not x.value.unsigned:
        rest = x - quotient * divisor
        below = rest.differs(0) & (rest < 0).differs(divisor < 0)
        quotient = minus.where(-x, below.where(quotient - 1, quotient))
    return zero.where(0, quotient)


def _integer_mod(x: Term, y: Term) -> Term:
    divisor, zero, minus = _harmless(x, y)
    rest = x - (x / divisor) * divisor
    if not x.value.unsigned:
        rest = (rest.differs(0) & (rest < 0).differs(divisor < 0)).where(rest + divisor, rest)
    return (zero | minus).where(0, rest)


def emit_floor_divide(b: Any, x: Any, y: Any) -> Any:
    """The floor of x / y; 0 for integers over 0, as NumPy has it."""
    if "float" in x.dtype:
        return formula(float_floor_divide, "float64")(b, x, y)
    if x.dtype == "bool":
        return b.bits("and", x, y)
    return _integer_floor_divide(Term(b, x), Term(b, y)).value


def emit_mod(b: Any, x: Any, y: Any) -> Any:
    """x - y * floor(x / y), with the sign of y; 0 for integers over 0, as NumPy has it."""
    if "float" in x.dtype:
        return formula(float_mod, "float64")(b, x, y)
    if x.dtype == "bool":
        return b.bits("and", x, b.constant(False, "bool"))
    return _integer_mod(Term(b, x), Term(b, y)).value
