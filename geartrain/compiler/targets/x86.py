"""x86: waiting, subnormal numbers, and the instructions for bfloat16, tiles of them too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from geartrain.compiler.codegen.builder import Builder, Value

MACHINES = ("x86_64", "i686")
FUTEX = {"x86_64": 202}  # the number of the system call, on Linux
PAUSE = "declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"
TO_ZERO = 0x8040  # results (bit 15) and operands (bit 6) that are subnormal become 0


@contextmanager
def flushed(b: Builder) -> Iterator[None]:
    """What is written inside takes subnormal numbers for 0."""
    b.declared.add("declare void @llvm.x86.sse.stmxcsr(ptr)")
    b.declared.add("declare void @llvm.x86.sse.ldmxcsr(ptr)")
    b.prologue.append("  %mode = alloca [2 x i32], align 4")  # that before, and the new one
    b.line("call void @llvm.x86.sse.stmxcsr(ptr %mode)")
    new = b.pointer("%mode", b.constant(1, "int64"), "int32")
    mode = b.bits("or", b.load("%mode", "int32"), b.constant(TO_ZERO, "int32"))
    b.store(mode, new)
    b.line(f"call void @llvm.x86.sse.ldmxcsr(ptr {new})")
    yield
    b.line("call void @llvm.x86.sse.ldmxcsr(ptr %mode)")


def belongs_to(b: Builder, x: Value, classes: int) -> Value:
    """Whether numbers belong to some classes (infinities, NaN, ...), as AVX-512 has them."""
    name = f"@llvm.x86.avx512.fpclass.ps.{32 * x.lanes}"
    b.declared.add(f"declare <{x.lanes} x i1> {name}({x.type}, i32 immarg)")
    text = f"call <{x.lanes} x i1> {name}({x.type} {x.name}, i32 {classes})"
    return b.make(text, "bool", x.lanes)


def repeated_pair(b: Builder, pair: Value) -> Value:
    """Pairs of bfloat16, each in an int32, as vectors of bfloat16."""
    lanes = 2 * pair.lanes
    return b.make(f"bitcast {pair.type} {pair.name} to <{lanes} x bfloat>", "bfloat16", lanes)


def add_products_of_pairs(b: Builder, x: Value, y: Value, total: Value) -> Value:
    """Two products of bfloat16 added to each float32."""
    name = f"@llvm.x86.avx512bf16.dpbf16ps.{32 * total.lanes}"
    b.declared.add(f"declare {total.type} {name}({total.type}, {x.type}, {y.type})")
    operands = ", ".join(f"{value.type} {value.name}" for value in (total, x, y))
    return b.make(f"call {total.type} {name}({operands})", "float32", total.lanes)


# -- tiles --------------------------------------------------------------------------------------


def configure_tiles(b: Builder, rows: list[int]) -> None:
    """Give the eight tile registers their numbers of rows, of 64 bytes each."""
    columns = [64, 0] * 8 + [0] * 16  # bytes of a row, in two bytes each
    content = [1, *[0] * 15, *columns, *rows, *[0] * 8]
    name = f"@{b.name}_tiles"
    text = "".join(f"\\{byte:02X}" for byte in content)
    b.declared.add(f'{name} = internal constant [64 x i8] c"{text}", align 64')
    _on_tiles(b, "ldtilecfg", f"ptr {name}")


def release_tiles(b: Builder) -> None:
    """Let the tiles go: they need not be kept when the thread is interrupted."""
    _on_tiles(b, "tilerelease")


def clear_tile(b: Builder, tile: int) -> None:
    """All zeros."""
    _on_tiles(b, "tilezero", f"i8 {tile}")


def load_tile(b: Builder, tile: int, address: str, stride: int) -> None:
    """Rows from memory, so many bytes from one to the next."""
    _on_tiles(b, "tileloadd64", f"i8 {tile}", f"ptr {address}", f"i64 {stride}")


def store_tile(b: Builder, tile: int, address: str, stride: int) -> None:
    """Rows to memory."""
    _on_tiles(b, "tilestored64", f"i8 {tile}", f"ptr {address}", f"i64 {stride}")


def add_products_of_tiles(b: Builder, sums: int, rows: int, columns: int) -> None:
    """A tile of float32 plus the product of two tiles of bfloat16."""
    _on_tiles(b, "tdpbf16ps", f"i8 {sums}", f"i8 {rows}", f"i8 {columns}")


def _on_tiles(b: Builder, name: str, *arguments: str) -> None:
    """Call an instruction on tiles; numbers of tiles are part of the instruction."""
    types = [one.split()[0] for one in arguments]
    shown = ", ".join("i8 immarg" if type_ == "i8" else type_ for type_ in types)
    b.declared.add(f"declare void @llvm.x86.{name}({shown})")
    b.line(f"call void @llvm.x86.{name}({', '.join(arguments)})")
