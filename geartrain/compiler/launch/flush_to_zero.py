"""Subnormal numbers count as 0 while a program changes variables.

Below 2**-126 a float32 has fewer bits the smaller it is. CPUs multiply such numbers in microcode, a
hundred times as slow, and training makes many: the mean square of a gradient that stays 0 shrinks
by a factor each step. They weigh nothing in an update, so a program that changes variables takes
them for 0, as TensorFlow and JAX do. Programs that only compute keep them.

The mode is set at the start of each native call, and put back at its end: no other code sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from geartrain.compiler.codegen.builder import Builder

_X86, _ARM = ("x86_64", "i686"), ("aarch64", "arm64")
TO_ZERO = 0x8040  # of x86: results (bit 15) and operands (bit 6) that are subnormal become 0
ARM_TO_ZERO = 1 << 24


@contextmanager
def flush_to_zero(b: Builder, triple: str) -> Iterator[None]:
    """What is written inside runs in that mode, where the CPU has it."""
    machine = triple.partition("-")[0]
    if machine in _X86:
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
    elif machine in _ARM:
        b.declared.add("declare i64 @llvm.aarch64.get.fpcr()")
        b.declared.add("declare void @llvm.aarch64.set.fpcr(i64)")
        before = b.make("call i64 @llvm.aarch64.get.fpcr()", "int64")
        mode = b.bits("or", before, b.constant(ARM_TO_ZERO, "int64"))
        b.line(f"call void @llvm.aarch64.set.fpcr(i64 {mode.name})")
        yield
        b.line(f"call void @llvm.aarch64.set.fpcr(i64 {before.name})")
    else:
        yield
