"""Writing arithmetic as LLVM IR: constants, lanes, operations, conversions.

Scalars meet vectors by being repeated in every lane. float16 and bfloat16 are computed in float32,
and each result is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from geartrain.compiler.codegen.values import (
    BYTES,
    FLOATS,
    NARROW,
    TYPES,
    Value,
    literal,
    suffix,
    vector,
)

_COMPARE = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


class Arithmetic:
    """The lines of a function, and the instructions that compute.

    Attributes:
        lines: the instructions so far.
        declared: what the module has to declare for them: intrinsics, and tables of constants.
        bf16_rounds: round float32 to bfloat16 by the CPU's instruction, where it has one and may:
            it takes subnormal numbers for 0.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0
        self.declared: set[str] = set()
        self.bf16_rounds = False

    # -- writing ----------------------------------------------------------------------------------

    def fresh(self) -> str:
        """A new name."""
        self.count += 1
        return f"%t{self.count}"

    def line(self, text: str) -> None:
        """An instruction without a result."""
        self.lines.append(f"  {text}")

    def make(self, text: str, dtype: str, lanes: int = 1) -> Value:
        """An instruction with a result."""
        name = self.fresh()
        self.lines.append(f"  {name} = {text}")
        return Value(name, dtype, lanes)

    def call(self, name: str, dtype: str, *arguments: Value, extra: str = "") -> Value:
        """Call an LLVM intrinsic that is overloaded on its result's type."""
        lanes = arguments[0].lanes
        full = f"@{name}.{suffix(dtype, lanes)}"
        types = [argument.type for argument in arguments] + ([extra.split()[0]] if extra else [])
        result = vector(TYPES[dtype], lanes)
        self.declared.add(f"declare {result} {full}({', '.join(types)})")
        shown = [f"{a.type} {a.name}" for a in arguments] + ([extra] if extra else [])
        return self.make(f"call {result} {full}({', '.join(shown)})", dtype, lanes)

    # -- constants and lanes ----------------------------------------------------------------------

    def constant(self, value: Any, dtype: str) -> Value:
        """A scalar constant."""
        return Value(literal(value, dtype), dtype)

    def like(self, value: Any, other: Value) -> Value:
        """A constant of the dtype of `other`."""
        return self.constant(value, other.dtype)

    def splat(self, value: Value, lanes: int) -> Value:
        """A scalar repeated in every lane."""
        if value.lanes == lanes:
            return value
        assert value.lanes == 1, f"{value.lanes} lanes cannot become {lanes}"
        if not value.name.startswith("%"):
            return Value(f"splat ({value.type} {value.name})", value.dtype, lanes)
        type_ = vector(TYPES[value.dtype], lanes)
        first = self.make(
            f"insertelement {type_} poison, {value.type} {value.name}, i64 0", value.dtype, lanes
        )
        return self.make(
            f"shufflevector {type_} {first.name}, {type_} poison, <{lanes} x i32> zeroinitializer",
            value.dtype, lanes,
        )  # fmt: skip

    def together(self, *values: Value) -> list[Value]:
        """The values with as many lanes as the widest."""
        lanes = [value.lanes for value in values]
        most = max(lanes)
        return list(values) if min(lanes) == most else [self.splat(one, most) for one in values]

    def lane_numbers(self, lanes: int) -> Value:
        """0, 1, 2, ... as int64."""
        if lanes == 1:
            return self.constant(0, "int64")
        return Value(f"<{', '.join(f'i64 {n}' for n in range(lanes))}>", "int64", lanes)

    def reduce(self, x: Value, combine: Callable[[Any, Value, Value], Value]) -> Value:
        """All lanes combined, in a fixed order: halves onto halves."""
        while x.lanes > 1:
            half = x.lanes // 2
            assert half * 2 == x.lanes, "a power of two"
            parts = []
            for first in (0, half):
                mask = ", ".join(f"i32 {first + n}" for n in range(half))
                if half == 1:
                    text = f"extractelement {x.type} {x.name}, i64 {first}"
                else:
                    text = (
                        f"shufflevector {x.type} {x.name}, {x.type} poison, <{half} x i32> <{mask}>"
                    )
                parts.append(self.make(text, x.dtype, half))
            x = combine(self, *parts)
        return x

    def shuffled(self, x: Value, y: Value, order: Sequence[int]) -> Value:
        """Lanes of two vectors, by number: those of y come after those of x."""
        mask = ", ".join(f"i32 {n}" for n in order)
        text = f"shufflevector {x.type} {x.name}, {y.type} {y.name}, <{len(order)} x i32> <{mask}>"
        return self.make(text, x.dtype, len(order))

    def joined(self, x: Value, y: Value) -> Value:
        """Two vectors of 16 bits one after the other, as one of 32 bits."""
        return self._as_slots(self.shuffled(x, y, range(2 * x.lanes)))

    def paired(self, x: Value, y: Value) -> Value:
        """The lanes of two vectors of 16 bits in turn: x0 y0 x1 y1 ..., as one of 32 bits."""
        order = [n + half for n in range(x.lanes) for half in (0, x.lanes)]
        return self._as_slots(self.shuffled(x, y, order))

    def _as_slots(self, x: Value) -> Value:
        lanes = x.lanes // 2
        return self.make(f"bitcast {x.type} {x.name} to <{lanes} x i32>", "int32", lanes)

    def transposed(self, rows: Sequence[Value]) -> list[Value]:
        """The columns of as many vectors as a vector has lanes.

        Blocks off the diagonal change places: first single lanes, then blocks of 2, of 4, ...
        """
        rows, step = list(rows), 1
        size = len(rows)
        while step < size:
            kept = [n for n in range(size) if not n & step]
            low = [n if not n & step else size + n - step for n in range(size)]
            high = [n + step if not n & step else size + n for n in range(size)]
            for n in kept:
                first, second = rows[n], rows[n + step]
                rows[n] = self.shuffled(first, second, low)
                rows[n + step] = self.shuffled(first, second, high)
            step *= 2
        return rows

    def any(self, x: Value) -> Value:
        """Whether any lane of a boolean vector is true."""
        if x.lanes == 1:
            return x
        name = f"@llvm.vector.reduce.or.{suffix('bool', x.lanes)}"
        self.declared.add(f"declare i1 {name}({x.type})")
        return self.make(f"call i1 {name}({x.type} {x.name})", "bool")

    # -- arithmetic -------------------------------------------------------------------------------

    def _binary(self, floats: str, integers: str, x: Value, y: Value) -> Value:
        if x.lanes != y.lanes:
            x, y = self.together(x, y)
        if x.dtype in NARROW:
            wide = self._binary(floats, integers, *self._wide(x, y))
            return self.convert(wide, x.dtype)
        name = floats if x.dtype in FLOATS else integers
        return self.make(f"{name} {x.type} {x.name}, {y.name}", x.dtype, x.lanes)

    def _wide(self, *values: Value) -> list[Value]:
        return [self.convert(value, "float32") for value in values]

    def add(self, x: Value, y: Value) -> Value:
        """x + y; either of two booleans."""
        if x.dtype == "bool":
            return self.bits("or", x, y)
        if _is_index(x) and _is_index(y):
            if x.name == "0" or y.name == "0":
                return y if x.name == "0" else x
            if _literals(x, y):
                return self.constant(int(x.name) + int(y.name), "int64")
        return self._binary("fadd", "add", x, y)

    def sub(self, x: Value, y: Value) -> Value:
        """x - y."""
        if _is_index(x) and _is_index(y):
            if y.name == "0":
                return x
            if _literals(x, y):
                return self.constant(int(x.name) - int(y.name), "int64")
        return self._binary("fsub", "sub", x, y)

    def mul(self, x: Value, y: Value) -> Value:
        """x * y; both of two booleans."""
        if _is_index(x) and _is_index(y):
            if "0" in (x.name, y.name):
                return self.constant(0, "int64")
            if "1" in (x.name, y.name):
                return y if x.name == "1" else x
            if _literals(x, y):
                return self.constant(int(x.name) * int(y.name), "int64")
        return self._binary("fmul", "mul", x, y)

    def div(self, x: Value, y: Value) -> Value:
        """x / y: of integers the quotient towards 0, for a divisor that is not 0."""
        return self._binary("fdiv", "udiv" if x.unsigned else "sdiv", x, y)

    def rem(self, x: Value, y: Value) -> Value:
        """What `div` of two integers leaves over, with the sign of x."""
        assert x.dtype not in FLOATS
        return self._binary("", "urem" if x.unsigned else "srem", x, y)

    def divided(self, x: Value, y: Value) -> tuple[Value, Value]:
        """Quotient and rest of int64 that are not negative."""
        of = f"{x.type} {x.name}, {y.name}"
        rest = self.make(f"urem {of}", x.dtype, x.lanes)
        return self.make(f"udiv {of}", x.dtype, x.lanes), rest

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """x * y + z with one rounding (of narrow floats: one to float32 before)."""
        x, y, z = self.together(x, y, z)
        if x.dtype in NARROW:
            return self.convert(self.fma(*self._wide(x, y, z)), x.dtype)
        return self.call("llvm.fma", x.dtype, x, y, z)

    def neg(self, x: Value) -> Value:
        """-x."""
        if x.dtype in FLOATS:
            return self.make(f"fneg {x.type} {x.name}", x.dtype, x.lanes)
        return self.sub(self.like(0, x), x)

    def unary(self, name: str, x: Value) -> Value:
        """A rounding, square root or absolute value that LLVM has as `llvm.name`."""
        if x.dtype in NARROW:
            return self.convert(self.unary(name, *self._wide(x)), x.dtype)
        return self.call(f"llvm.{name}", x.dtype, x)

    def copysign(self, x: Value, sign: Value) -> Value:
        """The size of x with the sign of the other."""
        x, sign = self.together(x, sign)
        if x.dtype in NARROW:
            return self.convert(self.copysign(*self._wide(x, sign)), x.dtype)
        return self.call("llvm.copysign", x.dtype, x, sign)

    def compare(self, how: str, x: Value, y: Value) -> Value:
        """Eq, ne, lt, le, gt or ge; false for NaN, but for ne."""
        x, y = self.together(x, y)
        if x.dtype in NARROW:
            x, y = self._wide(x, y)
        if x.dtype in FLOATS:
            return self.make(f"fcmp {_COMPARE[how]} {x.type} {x.name}, {y.name}", "bool", x.lanes)
        sign = "" if how in ("eq", "ne") else "u" if x.unsigned else "s"
        return self.make(f"icmp {sign}{how} {x.type} {x.name}, {y.name}", "bool", x.lanes)

    def is_nan(self, x: Value) -> Value:
        """Whether x is NaN."""
        if x.dtype in NARROW:
            (x,) = self._wide(x)
        return self.make(f"fcmp uno {x.type} {x.name}, {x.name}", "bool", x.lanes)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """X where the condition holds, else y."""
        if condition.lanes > 1:
            condition, x, y = self.together(condition, x, y)
        else:
            x, y = self.together(x, y)
        text = f"select {condition.type} {condition.name}, {x.type} {x.name}, {y.type} {y.name}"
        return self.make(text, x.dtype, x.lanes)

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger; NaN if either is."""
        larger = self.select(self.compare("gt", x, y), x, y)
        return larger if x.dtype not in FLOATS else self.select(self.is_nan(x), x, larger)

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller; NaN if either is."""
        smaller = self.select(self.compare("lt", x, y), x, y)
        return smaller if x.dtype not in FLOATS else self.select(self.is_nan(x), x, smaller)

    def bits(self, name: str, x: Value, y: Value) -> Value:
        """And, or, xor, shl, lshr, ashr of integers or booleans."""
        x, y = self.together(x, y)
        return self.make(f"{name} {x.type} {x.name}, {y.name}", x.dtype, x.lanes)

    # -- conversions ------------------------------------------------------------------------------

    def bitcast(self, x: Value, dtype: str) -> Value:
        """The same bits as another dtype of the same size."""
        return self._convert("bitcast", x, dtype)

    def _convert(self, name: str, x: Value, dtype: str) -> Value:
        type_ = vector(TYPES[dtype], x.lanes)
        return self.make(f"{name} {x.type} {x.name} to {type_}", dtype, x.lanes)

    def convert(self, x: Value, dtype: str) -> Value:
        """The same number as another dtype, as NumPy converts it.

        Floats become integers towards 0, and the nearest limit outside the integer's range, where
        NumPy's result depends on the machine; NaN becomes 0.
        """
        if x.dtype == dtype:
            return x
        if dtype == "bool":
            return self.compare("ne", x, self.like(0, x))
        if dtype in NARROW:
            return self._narrowed(x, dtype)
        if x.dtype in NARROW and dtype != "float32":
            return self.convert(self.convert(x, "float32"), dtype)
        if x.dtype in FLOATS and dtype in FLOATS:
            return self._convert("fpext" if BYTES[dtype] > BYTES[x.dtype] else "fptrunc", x, dtype)
        if dtype in FLOATS:
            return self._convert("uitofp" if x.unsigned else "sitofp", x, dtype)
        if x.dtype in FLOATS:
            return self._saturated(x, dtype)
        if BYTES[dtype] == BYTES[x.dtype] and x.dtype != "bool":
            return Value(x.name, dtype, x.lanes)
        if BYTES[dtype] < BYTES[x.dtype]:
            return self._convert("trunc", x, dtype)
        return self._convert("zext" if x.unsigned else "sext", x, dtype)

    def _saturated(self, x: Value, dtype: str) -> Value:
        unsigned = dtype.startswith("u")
        name = f"@llvm.fpto{'ui' if unsigned else 'si'}.sat"
        full = f"{name}.{suffix(dtype, x.lanes)}.{suffix(x.dtype, x.lanes)}"
        result = vector(TYPES[dtype], x.lanes)
        self.declared.add(f"declare {result} {full}({x.type})")
        return self.make(f"call {result} {full}({x.type} {x.name})", dtype, x.lanes)

    def _narrowed(self, x: Value, dtype: str) -> Value:
        """To float16 or bfloat16, rounded once where x is a float."""
        if dtype == "float16" and x.dtype == "float64":
            return self._convert("fptrunc", self._round_to_odd(x), dtype)
        x = self.convert(x, "float32")
        if dtype == "float16" or (self.bf16_rounds and x.lanes > 1):
            return self._convert("fptrunc", x, dtype)
        bits = self.bitcast(x, "uint32")  # by hand: the CPUs' instruction loses subnormals
        high = self.bits("lshr", bits, self.like(16, bits))
        even = self.bits("and", high, self.like(1, bits))
        rounded = self.add(self.add(bits, self.like(0x7FFF, bits)), even)
        rounded = self.bits("lshr", rounded, self.like(16, bits))
        quiet = self.bits("or", high, self.like(0x40, bits))
        result = self.select(self.is_nan(x), quiet, rounded)
        return self.bitcast(self.convert(result, "uint16"), dtype)

    def _round_to_odd(self, x: Value) -> Value:
        """A float64 as the float32 from which a second rounding gives what one would have given."""
        nearest = self._convert("fptrunc", x, "float32")
        back = self._convert("fpext", nearest, "float64")
        bits = self.bitcast(nearest, "int32")
        beyond = self.compare("gt", self.unary("fabs", back), self.unary("fabs", x))
        below = self.sub(bits, self.convert(beyond, "int32"))
        odd = self.bits("or", below, self.like(1, bits))
        return self.bitcast(self.select(self.compare("ne", back, x), odd, bits), "float32")


def _is_index(x: Value) -> bool:
    return x.dtype == "int64" and x.lanes == 1


def _literals(x: Value, y: Value) -> bool:
    return not x.name.startswith("%") and not y.name.startswith("%")
