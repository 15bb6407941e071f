"""64-bit ARM: waiting, and subnormal numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from geartrain.compiler.codegen.builder import Builder

MACHINES = ("aarch64", "arm64")
FUTEX = {"aarch64": 98}  # the number of the system call, on Linux
PAUSE = "declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"
TO_ZERO = 1 << 24


@contextmanager
def flushed(b: Builder) -> Iterator[None]:
    """What is written inside takes subnormal numbers for 0."""
    b.declared.add("declare i64 @llvm.aarch64.get.fpcr()")
    b.declared.add("declare void @llvm.aarch64.set.fpcr(i64)")
    before = b.make("call i64 @llvm.aarch64.get.fpcr()", "int64")
    mode = b.bits("or", before, b.constant(TO_ZERO, "int64"))
    b.line(f"call void @llvm.aarch64.set.fpcr(i64 {mode.name})")
    yield
    b.line(f"call void @llvm.aarch64.set.fpcr(i64 {before.name})")
