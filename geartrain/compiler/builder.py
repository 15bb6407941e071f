"""Writing LLVM IR as text: values, arithmetic, memory and loops.

Text is ten times faster to make than llvmlite's IR objects. Kernels and the `emit` functions of
ops write through this one class; scalars meet vectors by being repeated in every lane.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from geartrain.graph.affine import Affine
from geartrain.graph.shapes import Dim, Extent

_TYPES = {
    "float16": "half", "bfloat16": "bfloat", "float32": "float", "float64": "double",
    "bool": "i1", "int8": "i8", "uint8": "i8", "int16": "i16", "uint16": "i16",
    "int32": "i32", "uint32": "i32", "int64": "i64", "uint64": "i64",
}  # fmt: skip
BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "float16": 2, "bfloat16": 2,
    "int32": 4, "uint32": 4, "float32": 4, "int64": 8, "uint64": 8, "float64": 8,
}  # fmt: skip
_FLOATS = ("float16", "bfloat16", "float32", "float64")
_COMPARE = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


class Value(NamedTuple):
    """A result in a function under construction: its IR name, dtype, and number of lanes."""

    name: str
    dtype: str
    lanes: int = 1

    @property
    def type(self) -> str:
        """The LLVM type."""
        return _vector(_TYPES[self.dtype], self.lanes)


def _vector(scalar: str, lanes: int) -> str:
    return scalar if lanes == 1 else f"<{lanes} x {scalar}>"


def literal(value: Any, dtype: str) -> str:
    """A scalar constant as LLVM writes it."""
    if dtype == "bool":
        return "true" if value else "false"
    if dtype not in _FLOATS:
        return str(int(value))
    number = float(np.asarray(value, "float32" if dtype != "float64" else "float64"))
    if dtype in ("float32", "float64"):
        return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    bits = struct.unpack("<I", struct.pack("<f", number))[0]
    if dtype == "bfloat16":
        return f"0xR{(bits + 0x7FFF + ((bits >> 16) & 1)) >> 16:04X}"
    return f"0xH{int(np.asarray(number, 'float16').view('uint16')):04X}"


class Builder:
    """One function of a module, line by line."""

    def __init__(self, name: str, arguments: Sequence[tuple[str, str]], linkage: str = "") -> None:
        self.name, self.arguments, self.linkage = name, arguments, linkage
        self.prologue: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.block = "entry"
        self.declared: set[str] = set()
        self._extents: dict[Extent, Value] = {}

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
        suffix = _suffix(dtype, lanes)
        types = [argument.type for argument in arguments] + ([extra.split()[0]] if extra else [])
        result = _vector(_TYPES[dtype], lanes)
        self.declared.add(f"declare {result} @{name}.{suffix}({', '.join(types)})")
        shown = [f"{a.type} {a.name}" for a in arguments] + ([extra] if extra else [])
        return self.make(f"call {result} @{name}.{suffix}({', '.join(shown)})", dtype, lanes)

    def text(self) -> str:
        """The whole function."""
        arguments = ", ".join(f"{type_} {name}" for type_, name in self.arguments)
        body = "\n".join([*self.prologue, *self.lines])
        head = f"define {self.linkage} void @{self.name}({arguments}) nounwind"
        return f"{head} {{\nentry:\n{body}\n}}\n"

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
        assert value.lanes == 1
        if not value.name.startswith("%"):
            item = f"{_TYPES[value.dtype]} {value.name}"
            return Value(f"<{', '.join([item] * lanes)}>", value.dtype, lanes)
        type_ = _vector(_TYPES[value.dtype], lanes)
        first = self.make(
            f"insertelement {type_} poison, {value.type} {value.name}, i64 0", value.dtype, lanes
        )
        return self.make(
            f"shufflevector {type_} {first.name}, {type_} poison, <{lanes} x i32> zeroinitializer",
            value.dtype, lanes,
        )  # fmt: skip

    def together(self, *values: Value) -> list[Value]:
        """The values with as many lanes as the widest."""
        lanes = max(value.lanes for value in values)
        return [self.splat(value, lanes) for value in values]

    def lane_numbers(self, lanes: int) -> Value:
        """0, 1, 2, ... as int64."""
        if lanes == 1:
            return self.constant(0, "int64")
        return Value(f"<{', '.join(f'i64 {n}' for n in range(lanes))}>", "int64", lanes)

    # -- arithmetic -------------------------------------------------------------------------------

    def _binary(self, names: tuple[str, str, str], x: Value, y: Value) -> Value:
        x, y = self.together(x, y)
        floats, signed, unsigned = names
        name = floats if x.dtype in _FLOATS else unsigned if x.dtype[0] in "ub" else signed
        return self.make(f"{name} {x.type} {x.name}, {y.name}", x.dtype, x.lanes)

    def add(self, x: Value, y: Value) -> Value:
        """x + y."""
        if _is_index(x) and _is_index(y):
            if x.name == "0" or y.name == "0":
                return y if x.name == "0" else x
            if _literals(x, y):
                return self.constant(int(x.name) + int(y.name), "int64")
        return self._binary(("fadd", "add", "add"), x, y)

    def sub(self, x: Value, y: Value) -> Value:
        """x - y."""
        if _is_index(x) and _is_index(y):
            if y.name == "0":
                return x
            if _literals(x, y):
                return self.constant(int(x.name) - int(y.name), "int64")
        return self._binary(("fsub", "sub", "sub"), x, y)

    def mul(self, x: Value, y: Value) -> Value:
        """x * y."""
        if _is_index(x) and _is_index(y):
            if "0" in (x.name, y.name):
                return self.constant(0, "int64")
            if "1" in (x.name, y.name):
                return y if x.name == "1" else x
            if _literals(x, y):
                return self.constant(int(x.name) * int(y.name), "int64")
        return self._binary(("fmul", "mul", "mul"), x, y)

    def div(self, x: Value, y: Value) -> Value:
        """x / y, for floats."""
        assert x.dtype in _FLOATS
        return self._binary(("fdiv", "", ""), x, y)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """x * y + z with one rounding."""
        x, y, z = self.together(x, y, z)
        return self.call("llvm.fma", x.dtype, x, y, z)

    def neg(self, x: Value) -> Value:
        """-x."""
        if x.dtype in _FLOATS:
            return self.make(f"fneg {x.type} {x.name}", x.dtype, x.lanes)
        return self.sub(self.like(0, x), x)

    def unary(self, name: str, x: Value) -> Value:
        """A rounding, square root or absolute value that LLVM has as `llvm.name`."""
        return self.call(f"llvm.{name}", x.dtype, x)

    def copysign(self, x: Value, sign: Value) -> Value:
        """The size of x with the sign of the other."""
        x, sign = self.together(x, sign)
        return self.call("llvm.copysign", x.dtype, x, sign)

    def compare(self, how: str, x: Value, y: Value) -> Value:
        """Eq, ne, lt, le, gt or ge; false for NaN, but for ne."""
        x, y = self.together(x, y)
        if x.dtype in _FLOATS:
            return self.make(f"fcmp {_COMPARE[how]} {x.type} {x.name}, {y.name}", "bool", x.lanes)
        sign = "" if how in ("eq", "ne") else "u" if x.dtype[0] in "ub" else "s"
        return self.make(f"icmp {sign}{how} {x.type} {x.name}, {y.name}", "bool", x.lanes)

    def is_nan(self, x: Value) -> Value:
        """Whether x is NaN."""
        return self.make(f"fcmp uno {x.type} {x.name}, {x.name}", "bool", x.lanes)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """X where the condition holds, else y."""
        if condition.lanes == 1 and x.lanes != y.lanes:
            x, y = self.together(x, y)
        elif condition.lanes > 1:
            condition, x, y = self.together(condition, x, y)
        text = f"select {condition.type} {condition.name}, {x.type} {x.name}, {y.type} {y.name}"
        return self.make(text, x.dtype, x.lanes)

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger; NaN if either is."""
        larger = self.select(self.compare("gt", x, y), x, y)
        return larger if x.dtype not in _FLOATS else self.select(self.is_nan(x), x, larger)

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller; NaN if either is."""
        smaller = self.select(self.compare("lt", x, y), x, y)
        return smaller if x.dtype not in _FLOATS else self.select(self.is_nan(x), x, smaller)

    def bits(self, name: str, x: Value, y: Value) -> Value:
        """And, or, xor, shl, lshr, ashr of integers or booleans."""
        x, y = self.together(x, y)
        return self.make(f"{name} {x.type} {x.name}, {y.name}", x.dtype, x.lanes)

    def bitcast(self, x: Value, dtype: str) -> Value:
        """The same bits as another dtype of the same size."""
        type_ = _vector(_TYPES[dtype], x.lanes)
        return self.make(f"bitcast {x.type} {x.name} to {type_}", dtype, x.lanes)

    def convert(self, x: Value, dtype: str) -> Value:
        """The same number as another dtype."""
        if x.dtype == dtype:
            return x
        before, after = x.dtype, dtype
        if after == "bool":
            return self.compare("ne", x, self.like(0, x))
        if before in _FLOATS and after in _FLOATS:
            if {before, after} == {"float16", "bfloat16"}:
                return self.convert(self.convert(x, "float32"), after)
            name = "fpext" if BYTES[after] > BYTES[before] else "fptrunc"
        elif before in _FLOATS:
            name = f"llvm.fpto{'u' if after[0] == 'u' else 's'}i.sat"
            result = _vector(_TYPES[after], x.lanes)
            suffix = f"{_suffix(after, x.lanes)}.{_suffix(before, x.lanes)}"
            self.declared.add(f"declare {result} @{name}.{suffix}({x.type})")
            return self.make(f"call {result} @{name}.{suffix}({x.type} {x.name})", after, x.lanes)
        elif after in _FLOATS:
            name = "uitofp" if before[0] in "ub" else "sitofp"
        elif BYTES[after] < BYTES[before]:
            name = "trunc"
        elif BYTES[after] == BYTES[before] and before != "bool":
            return Value(x.name, after, x.lanes)
        else:
            name = "zext" if before[0] in "ub" else "sext"
        type_ = _vector(_TYPES[after], x.lanes)
        return self.make(f"{name} {x.type} {x.name} to {type_}", after, x.lanes)

    def reduce(self, x: Value, combine: Callable[[Builder, Value, Value], Value]) -> Value:
        """All lanes combined, in a fixed order: halves onto halves."""
        while x.lanes > 1:
            half = x.lanes // 2
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

    # -- indices ----------------------------------------------------------------------------------

    def index(self, extent: Extent) -> Value:
        """An extent as int64; the batch size is the argument %batch."""
        if isinstance(extent, int):
            return self.constant(extent, "int64")
        if extent not in self._extents:
            body, self.lines = self.lines, self.prologue  # once, at the function's start
            total = self.constant(0, "int64")
            for monomial, count in extent.terms:
                term = self.constant(count, "int64")
                for name, *arguments in monomial:
                    term = self.mul(term, self._atom(name, arguments))
                total = self.add(total, term)
            self.lines = body
            self._extents[extent] = total
        return self._extents[extent]

    def _atom(self, name: str, arguments: Sequence[Extent]) -> Value:
        if name == "batch":
            return Value("%batch", "int64")
        first, second = (self.index(argument) for argument in arguments)
        if name == "min":
            return self.select(self.compare("lt", first, second), first, second)
        if name == "max":
            return self.select(self.compare("gt", first, second), first, second)
        assert name == "ceildiv", name
        rounded = self.sub(self.add(first, second), self.constant(1, "int64"))
        return self.make(f"sdiv i64 {rounded.name}, {second.name}", "int64")

    def affine(self, index: Affine, loops: dict[str, Value]) -> Value:
        """The value of an affine index."""
        total = self.index(index.constant)
        for name, factor in index.terms.items():
            term = loops[name]
            if factor != 1:
                term = self.mul(term, self.index(factor))
            total = term if total.name == "0" else self.add(total, term)
        return total

    # -- memory -----------------------------------------------------------------------------------

    def pointer(self, base: str, offset: Value, dtype: str) -> str:
        """The address of an element."""
        if offset.name == "0":
            return base
        stored = "i8" if dtype == "bool" else _TYPES[dtype]
        name = self.fresh()
        self.line(f"{name} = getelementptr {stored}, ptr {base}, i64 {offset.name}")
        return name

    def load(self, address: str, dtype: str, lanes: int = 1, mask: Value | None = None) -> Value:
        """Elements from memory; 0 where the mask is off. Booleans are stored as bytes."""
        stored = "uint8" if dtype == "bool" else dtype
        type_ = _vector(_TYPES[stored], lanes)
        align = BYTES[stored]
        if mask is None:
            found = self.make(f"load {type_}, ptr {address}, align {align}", stored, lanes)
        elif lanes == 1:
            found = self._guarded_load(address, stored, mask)
        else:
            name = f"llvm.masked.load.{_suffix(stored, lanes)}.p0"
            self.declared.add(f"declare {type_} @{name}(ptr, i32, <{lanes} x i1>, {type_})")
            found = self.make(
                f"call {type_} @{name}(ptr {address}, i32 {align}, {mask.type} {mask.name}, "
                f"{type_} zeroinitializer)", stored, lanes,
            )  # fmt: skip
        return self.convert(found, "bool") if dtype == "bool" else found

    def _guarded_load(self, address: str, dtype: str, mask: Value) -> Value:
        """One element, or 0 without touching memory."""
        before, inside, after = self.block, self.label_name(), self.label_name()
        self.line(f"br i1 {mask.name}, label %{inside}, label %{after}")
        self.label(inside)
        found = self.make(f"load {_TYPES[dtype]}, ptr {address}, align {BYTES[dtype]}", dtype)
        self.line(f"br label %{after}")
        self.label(after)
        zero = literal(0, dtype)
        return self.make(
            f"phi {_TYPES[dtype]} [ {zero}, %{before} ], [ {found.name}, %{inside} ]", dtype
        )

    def gather(self, base: str, offsets: Value, dtype: str, mask: Value | None) -> Value:
        """Elements from several places."""
        stored = "uint8" if dtype == "bool" else dtype
        lanes, align = offsets.lanes, BYTES[stored]
        type_, pointers = _vector(_TYPES[stored], lanes), f"<{lanes} x ptr>"
        places = self.fresh()
        self.line(
            f"{places} = getelementptr {_TYPES[stored]}, ptr {base}, {offsets.type} {offsets.name}"
        )
        name = f"llvm.masked.gather.{_suffix(stored, lanes)}.v{lanes}p0"
        self.declared.add(f"declare {type_} @{name}({pointers}, i32, <{lanes} x i1>, {type_})")
        on = mask or self.splat(self.constant(True, "bool"), lanes)
        found = self.make(
            f"call {type_} @{name}({pointers} {places}, i32 {align}, {on.type} {on.name}, "
            f"{type_} zeroinitializer)", stored, lanes,
        )  # fmt: skip
        return self.convert(found, "bool") if dtype == "bool" else found

    def store(self, value: Value, address: str, mask: Value | None = None) -> None:
        """Elements to memory, where the mask is on."""
        if value.dtype == "bool":
            value = self.convert(value, "uint8")
        align = BYTES[value.dtype]
        if mask is None or value.lanes == 1:
            self.line(f"store {value.type} {value.name}, ptr {address}, align {align}")
            return
        name = f"llvm.masked.store.{_suffix(value.dtype, value.lanes)}.p0"
        self.declared.add(f"declare void @{name}({value.type}, ptr, i32, {mask.type})")
        self.line(
            f"call void @{name}({value.type} {value.name}, ptr {address}, i32 {align}, "
            f"{mask.type} {mask.name})"
        )

    # -- control flow -----------------------------------------------------------------------------

    def label_name(self) -> str:
        """A new label."""
        self.count += 1
        return f"b{self.count}"

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")
        self.block = name

    def loop(
        self,
        start: Value,
        stop: Value,
        step: int,
        body: Callable[[Value, list[Value]], list[Value] | None],
        carried: Sequence[Value] = (),
    ) -> list[Value]:
        """`for i in range(start, stop, step)`, handing values from turn to turn.

        `body(i, values)` writes one turn and returns the values for the next.
        """
        before, head, done = self.block, self.label_name(), self.label_name()
        self.line(f"%c{head} = icmp slt i64 {start.name}, {stop.name}")
        self.line(f"br i1 %c{head}, label %{head}, label %{done}")
        self.label(head)
        index, following = Value(self.fresh(), "int64"), self.fresh()
        inside = [Value(self.fresh(), value.dtype, value.lanes) for value in carried]
        at = len(self.lines)
        results = body(index, inside) or []
        self.line(f"{following} = add nsw i64 {index.name}, {step}")
        again = self.fresh()
        self.line(f"{again} = icmp slt i64 {following}, {stop.name}")
        self.line(f"br i1 {again}, label %{head}, label %{done}")
        end = self.block
        phis = [f"  {index.name} = phi i64 [ {start.name}, %{before} ], [ {following}, %{end} ]"]
        for value, first, last in zip(inside, carried, results, strict=True):
            phis.append(
                f"  {value.name} = phi {value.type} [ {first.name}, %{before} ], "
                f"[ {last.name}, %{end} ]"
            )
        self.lines[at:at] = phis
        self.label(done)
        return [
            self.make(
                f"phi {first.type} [ {first.name}, %{before} ], [ {last.name}, %{end} ]",
                first.dtype, first.lanes,
            )
            for first, last in zip(carried, results, strict=True)
        ]  # fmt: skip


def _is_index(x: Value) -> bool:
    return x.dtype == "int64" and x.lanes == 1


def _literals(x: Value, y: Value) -> bool:
    return not x.name.startswith("%") and not y.name.startswith("%")


def _suffix(dtype: str, lanes: int) -> str:
    short = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64"}
    scalar = short.get(_TYPES[dtype], _TYPES[dtype])
    return scalar if lanes == 1 else f"v{lanes}{scalar}"


def is_known(extent: Extent) -> bool:
    """Whether an extent is a number at compile time."""
    return not isinstance(extent, Dim)
