"""Writing LLVM IR as text: one function with its indices, memory and loops.

Text is ten times faster to make than llvmlite's IR objects. Kernels and the `emit` functions of
ops write through this one class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from geartrain.compiler.codegen.arithmetic import Arithmetic
from geartrain.compiler.codegen.values import BYTES, NARROW, TYPES, Value, literal, suffix, vector
from geartrain.graph.affine import Affine
from geartrain.graph.shapes import Dim, Extent, foreign_size

__all__ = ["BYTES", "REPORT", "Builder", "Value", "is_known", "literal"]

REPORT = 1  # the place in the table of arguments where places outside a tensor are noted


class Address(NamedTuple):
    """An address, or a number, that a function loads from the table of arguments.

    Attributes:
        name: what the function calls it.
        type: LLVM's type.
        slot: its place in the table.
    """

    name: str
    type: str
    slot: int


class Builder(Arithmetic):
    """One function of a module, line by line.

    Args:
        name: the function's name.
        arguments: type and name of each argument, as `("ptr", "%data")`.
        linkage: as LLVM writes it; empty for functions that are called from outside.
    """

    def __init__(self, name: str, arguments: Sequence[tuple[str, str]], linkage: str = "") -> None:
        super().__init__()
        self.name, self.arguments, self.linkage = name, arguments, linkage
        self.prologue: list[str] = []
        self.addresses: list[Address] = []
        self.block = "entry"
        self.reports = False  # whether it notes places outside a tensor
        self._extents: dict[Extent, Value] = {}

    def text(self, places: Sequence[int] | None = None) -> str:
        """The whole function.

        With `places`, the slots that it and others load from, it asks %places for each, by number:
        functions that differ in slots alone have one text.
        """
        arguments = ", ".join(f"{type_} {name}" for type_, name in self.arguments)
        loads = [line for one in self.addresses for line in _loaded(one, places)]
        body = "\n".join([*loads, *self.prologue, *self.lines])
        head = " ".join(filter(None, ["define", self.linkage, f"void @{self.name}({arguments})"]))
        return f"{head} nounwind {{\nentry:\n{body}\n}}\n"

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
        if name == "axis":
            raise foreign_size()
        first, second = (self.index(argument) for argument in arguments)
        if name == "min":
            return self.select(self.compare("lt", first, second), first, second)
        if name == "max":
            return self.select(self.compare("gt", first, second), first, second)
        if name == "ceildiv":
            rounded = self.sub(self.add(first, second), self.constant(1, "int64"))
            return self.make(f"sdiv i64 {rounded.name}, {second.name}", "int64")
        zero, one = self.constant(0, "int64"), self.constant(1, "int64")
        second = self.select(self.compare("eq", second, zero), one, second)
        rest = self.make(f"srem i64 {first.name}, {second.name}", "int64")
        lifted = self.make(f"add i64 {rest.name}, {second.name}", "int64")  # sizes are divisors
        rest = self.select(self.compare("lt", rest, zero), lifted, rest)
        if name == "mod":
            return rest
        assert name == "floordiv", name
        return self.make(f"sdiv i64 {self.sub(first, rest).name}, {second.name}", "int64")

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
        name = self.fresh()
        self.line(f"{name} = getelementptr {_stored_type(dtype)}, ptr {base}, i64 {offset.name}")
        return name

    def load(self, address: str, dtype: str, lanes: int = 1, mask: Value | None = None) -> Value:
        """Elements from memory; 0 where the mask is off. Booleans are stored as bytes."""
        stored = _stored(dtype)
        type_, align = vector(TYPES[stored], lanes), BYTES[stored]
        if mask is None:
            found = self.make(f"load {type_}, ptr {address}, align {align}", stored, lanes)
        elif lanes == 1:
            found = self._guarded_load(address, stored, mask)
        elif dtype in NARROW:  # as bits: LLVM fails for some vectors of narrow floats
            return self.bitcast(self.load(address, "uint16", lanes, mask), dtype)
        else:
            mask = self.splat(mask, lanes)
            name = f"llvm.masked.load.{suffix(stored, lanes)}.p0"
            self.declared.add(f"declare {type_} @{name}(ptr, i32, {mask.type}, {type_})")
            found = self.make(
                f"call {type_} @{name}(ptr {address}, i32 {align}, {mask.type} {mask.name}, "
                f"{type_} zeroinitializer)", stored, lanes,
            )  # fmt: skip
        return self.convert(found, dtype)

    def _guarded_load(self, address: str, dtype: str, mask: Value) -> Value:
        """One element, or 0 without touching memory."""

        def load() -> list[Value]:
            return [self.make(f"load {TYPES[dtype]}, ptr {address}, align {BYTES[dtype]}", dtype)]

        return self.when(mask, load, [self.constant(0, dtype)])[0]

    def gather(self, base: str, offsets: Value, dtype: str, mask: Value | None = None) -> Value:
        """Elements from several places; 0 where the mask is off."""
        stored, lanes = _stored(dtype), offsets.lanes
        if lanes == 1:
            return self.load(self.pointer(base, offsets, dtype), dtype, 1, mask)
        if dtype in NARROW:
            return self.bitcast(self.gather(base, offsets, "uint16", mask), dtype)
        type_, pointers = vector(TYPES[stored], lanes), f"<{lanes} x ptr>"
        places = self.fresh()
        self.line(
            f"{places} = getelementptr {TYPES[stored]}, ptr {base}, {offsets.type} {offsets.name}"
        )
        on = self.splat(mask if mask is not None else self.constant(True, "bool"), lanes)
        name = f"llvm.masked.gather.{suffix(stored, lanes)}.v{lanes}p0"
        self.declared.add(f"declare {type_} @{name}({pointers}, i32, {on.type}, {type_})")
        found = self.make(
            f"call {type_} @{name}({pointers} {places}, i32 {BYTES[stored]}, {on.type} {on.name}, "
            f"{type_} zeroinitializer)", stored, lanes,
        )  # fmt: skip
        return self.convert(found, dtype)

    def store(self, value: Value, address: str, mask: Value | None = None) -> None:
        """Elements to memory, where the mask is on."""
        value = self.convert(value, _stored(value.dtype))
        align = BYTES[value.dtype]
        if mask is None:
            self.line(f"store {value.type} {value.name}, ptr {address}, align {align}")
            return
        if value.lanes == 1:
            self.when(mask, lambda: self.store(value, address))
            return
        mask = self.splat(mask, value.lanes)
        name = f"llvm.masked.store.{suffix(value.dtype, value.lanes)}.p0"
        self.declared.add(f"declare void @{name}({value.type}, ptr, i32, {mask.type})")
        self.line(
            f"call void @{name}({value.type} {value.name}, ptr {address}, i32 {align}, "
            f"{mask.type} {mask.name})"
        )

    def room(self, count: int, type_: str = "i8", name: str = "") -> str:
        """The address of so much memory on the stack, for the whole function."""
        name = name or self.fresh()
        self.prologue.append(f"  {name} = alloca [{count} x {type_}], align 64")
        return name

    def argument_at(self, base: str, name: str = "%batch") -> None:
        """Load a number that comes first in a table, once, before all else."""
        self.prologue.append(f"  {name} = load i64, ptr {base}")

    def copy_bytes(self, target: str, source: str, size: Value) -> None:
        """Copy so many bytes from one address to another."""
        copy = "llvm.memcpy.p0.p0.i64"
        self.declared.add(f"declare void @{copy}(ptr, ptr, i64, i1)")
        self.line(f"call void @{copy}(ptr {target}, ptr {source}, i64 {size.name}, i1 false)")

    def address_of(self, number: Value) -> str:
        """A number as an address."""
        name = self.fresh()
        self.line(f"{name} = inttoptr i64 {number.name} to ptr")
        return name

    def report_outside(self, place: Value, size: Value, mask: Value | None = None) -> None:
        """Note a place (int64) that is not from 0 to `size` - 1, where the mask is on.

        The note is one word in the table of arguments, so that threads cannot mix two of them: the
        place in its upper half, as near as 32 bits allow, and size + 1 in the lower.
        """
        self.reports = True
        unsigned = [Value(x.name, "uint64", x.lanes) for x in (place, size)]
        outside = self.compare("ge", *unsigned)
        if mask is not None:
            outside = self.bits("and", outside, self.any(mask) if place.lanes == 1 else mask)
        low, high = (self.constant(limit, "int64") for limit in (-(2**31), 2**31 - 1))

        def note() -> None:
            value = self.maximum(self.minimum(place, high), low)
            if place.lanes > 1:
                value = self.select(outside, value, low)
                value = self.reduce(value, lambda b, x, y: b.maximum(x, y))
            upper = self.bits("shl", value, self.constant(32, "int64"))
            word = self.bits("or", upper, self.add(size, self.constant(1, "int64")))
            self.store(word, self.pointer("%args", self.constant(REPORT, "int64"), "int64"))

        self.when(self.any(outside), note)

    # -- control flow -----------------------------------------------------------------------------

    def label_name(self) -> str:
        """A new label."""
        self.count += 1
        return f"b{self.count}"

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")
        self.block = name

    def when(
        self,
        condition: Value,
        then: Callable[[], Sequence[Value] | None],
        otherwise: Sequence[Value] = (),
    ) -> list[Value]:
        """The values that `then()` writes if the condition (one lane) holds, else `otherwise`."""
        assert condition.lanes == 1
        before, inside, after = self.block, self.label_name(), self.label_name()
        self.line(f"br i1 {condition.name}, label %{inside}, label %{after}")
        self.label(inside)
        values, end = then() or [], self.block
        self.line(f"br label %{after}")
        self.label(after)
        return [
            self.make(
                f"phi {value.type} [ {other.name}, %{before} ], [ {value.name}, %{end} ]",
                value.dtype, value.lanes,
            )
            for value, other in zip(values, otherwise, strict=True)
        ]  # fmt: skip

    def branch(self, condition: Value, yes: str, no: str) -> None:
        """Go on at one of two labels."""
        self.line(f"br i1 {condition.name}, label %{yes}, label %{no}")

    def jump(self, label: str) -> None:
        """Go on at a label."""
        self.line(f"br label %{label}")

    def finish(self) -> None:
        """Return to the caller."""
        self.line("ret void")

    def invoke(self, name: str, *arguments: Value | str) -> None:
        """Call a function without a result; arguments are values, and names of addresses."""
        self.line(f"call void @{name}({_arguments(arguments)})")

    def ask(self, name: str, dtype: str, *arguments: Value | str) -> Value:
        """Call a function for its result."""
        return self.make(f"call {TYPES[dtype]} @{name}({_arguments(arguments)})", dtype)

    def loop(
        self,
        start: Value,
        stop: Value,
        step: int,
        body: Callable[[Value, list[Value]], list[Value] | None],
        carried: Sequence[Value] = (),
    ) -> list[Value]:
        """`for i in range(start, stop, step)`, handing values from one iteration to the next.

        `body(i, values)` writes one iteration and returns the values for the next.
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


def _arguments(some: Iterable[Value | str]) -> str:
    return ", ".join(f"ptr {x}" if isinstance(x, str) else f"{x.type} {x.name}" for x in some)


def _stored(dtype: str) -> str:
    return "uint8" if dtype == "bool" else dtype


def _stored_type(dtype: str) -> str:
    return TYPES[_stored(dtype)]


def is_known(extent: Extent) -> bool:
    """Whether an extent is a number at compile time."""
    return not isinstance(extent, Dim)


def _loaded(one: Address, places: Sequence[int] | None) -> Iterator[str]:
    """Load one address of the table: from its slot, or from the slot that %places says."""
    slot = str(one.slot)
    if places is not None:
        yield f"  {one.name}.n = getelementptr i64, ptr %places, i64 {places.index(one.slot)}"
        yield f"  {one.name}.slot = load i64, ptr {one.name}.n, align 8"
        slot = f"{one.name}.slot"
    yield f"  {one.name}.at = getelementptr ptr, ptr %args, i64 {slot}"
    yield f"  {one.name} = load {one.type}, ptr {one.name}.at, align 8"
