"""How many multiplications and additions a second this CPU can do: what kernels are judged by.

The native code is a loop over registers alone: so many independent fused multiply-adds that their
latency is hidden, and not one access to memory. No kernel can be faster.
"""

from __future__ import annotations

import ctypes
import functools
import statistics
import time

from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.compiler.targets import x86
from geartrain.compiler.targets.target import Target, host
from geartrain.runtime import native
from geartrain.runtime.threads import Team, thread_count

OPERAND_A, OPERAND_B, RESULTS = 64, 128, 192  # bytes; the number of turns is at 0
_DTYPES = ("float32", "bfloat16")


def measure(
    threads: int | None = None,
    dtype: str = "float32",
    repeats: int = 11,
    seconds: float = 0.01,
) -> float:
    """The CPU's peak in GFLOP/s (a multiplication and an addition are two), now and in practice.

    Args:
        threads: how many compute at once; None for as many as the library uses.
        dtype: `"float32"`, or `"bfloat16"` for products of bfloat16 with sums in float32.
        repeats: how many runs the median is of.
        seconds: how long a run takes, about.

    Raises:
        ValueError: another dtype, or bfloat16 on a CPU without an instruction for it; numbers
            below 1.

    >>> measure(1, repeats=1, seconds=1e-4) > 0.1
    True
    """
    target = host()
    _check(target, threads, dtype, repeats)
    count = thread_count() if threads is None else threads
    code = _library(target, dtype).address("peak")
    memory = ctypes.create_string_buffer(RESULTS + 64 * count + 64)
    address = ctypes.addressof(memory)
    address += -address % 64
    turns = ctypes.c_int64.from_address(address)
    team = Team(count)
    try:

        def run() -> float:
            start = time.perf_counter()
            team.launch(team.address, code, address)
            return time.perf_counter() - start

        turns.value = 1_000
        while (taken := run()) < seconds:  # the first runs also wake the threads and the clock
            turns.value = int(turns.value * min(10, 1.2 * seconds / taken + 1))
        taken = statistics.median(run() for _ in range(repeats))
    finally:
        team.close()
    return count * turns.value * _operations(target, dtype) / taken / 1e9


def _check(target: Target, threads: int | None, dtype: str, repeats: int) -> None:
    if dtype not in _DTYPES:
        raise ValueError(
            f"peak.measure expected dtype to be one of {_DTYPES}. Received: {dtype!r}. "
            "Measure one of those."
        )
    if dtype == "bfloat16" and not (target.bf16_dot or target.bf16_tiles):
        raise ValueError(
            f"peak.measure expected a CPU with a bfloat16 dot product that is faster than "
            f"float32's. Received: {target.cpu}. Measure float32."
        )
    if repeats < 1 or (threads is not None and threads < 1):
        raise ValueError(
            "peak.measure expected at least 1 thread and 1 repeat. "
            f"Received: threads={threads}, repeats={repeats}."
        )


@functools.cache
def _library(target: Target, dtype: str) -> native.Library:
    return native.load(_text(target, dtype), target)


def _sums(target: Target) -> int:
    """How many sums stay in registers, beside two operands."""
    return 24 if target.registers >= 32 else 10


def _operations(target: Target, dtype: str) -> int:
    """Multiplications and additions in one turn of the loop."""
    if dtype == "bfloat16" and target.bf16_tiles:
        return 4 * 2 * 16 * 16 * 32
    each = 4 if dtype == "bfloat16" else 2  # a lane of a dot product takes two pairs
    return _sums(target) * target.lanes(4) * each


def _text(target: Target, dtype: str) -> str:
    """The module: `peak(argument, thread, team)`."""
    if dtype == "bfloat16" and target.bf16_tiles:
        return _text_of_tiles()
    return _text_of_vectors(target, dtype)


def _text_of_tiles() -> str:
    """Each turn adds the product of two tiles, zeros, to each of four others."""
    b = Builder("peak", [("ptr", "%argument"), ("i64", "%thread"), ("ptr", "%team")])
    b.prologue.append("  %turns = load i64, ptr %argument, align 8")
    x86.configure_tiles(b, [16] * 8)
    for number in range(8):
        x86.clear_tile(b, number)

    def turn(number: Value, _: list[Value]) -> None:
        for total, row, column in ((0, 4, 6), (1, 4, 7), (2, 5, 6), (3, 5, 7)):
            x86.add_products_of_tiles(b, total, row, column)

    b.loop(b.constant(0, "int64"), Value("%turns", "int64"), 1, turn)
    x86.release_tiles(b)
    b.line("ret void")
    return "\n".join([*sorted(b.declared), b.text()])


def _text_of_vectors(target: Target, dtype: str) -> str:
    """The module for vectors.

    Each turn replaces every sum s by a * s + b, or by s + a1 * b1 + a2 * b2. The operands are read
    from memory, zeros, so nothing overflows and the compiler cannot compute the result beforehand.
    """
    lanes, count = target.lanes(4), _sums(target)
    vector, operand = f"<{lanes} x float>", f"<{lanes} x float>"
    if dtype == "bfloat16":
        operand, name = f"<{2 * lanes} x bfloat>", "llvm.x86.avx512bf16.dpbf16ps.512"
        call = f"call {vector} @{name}({vector} %s{{0}}, {operand} %a, {operand} %b)"
    else:
        name = f"llvm.fmuladd.v{lanes}f32"
        call = f"call {vector} @{name}({operand} %a, {vector} %s{{0}}, {operand} %b)"
    numbers = range(count)
    sums = [f"%s{i} = phi {vector} [ zeroinitializer, %entry ], [ %n{i}, %loop ]" for i in numbers]
    turn = [f"%n{i} = {call.format(i)}" for i in numbers]
    before = ["zeroinitializer", *(f"%t{i}" for i in numbers)]
    total = [f"%t{i} = fadd {vector} {before[i]}, %n{i}" for i in numbers]
    types = f"{vector}, {operand}, {operand}" if dtype == "bfloat16" else ", ".join([vector] * 3)
    lines = "\n  ".join
    return f"""declare {vector} @{name}({types})
define void @peak(ptr %argument, i64 %thread, ptr %team) nounwind {{
entry:
  %turns = load i64, ptr %argument, align 8
  %a.at = getelementptr i8, ptr %argument, i64 {OPERAND_A}
  %b.at = getelementptr i8, ptr %argument, i64 {OPERAND_B}
  %a = load {operand}, ptr %a.at, align 64
  %b = load {operand}, ptr %b.at, align 64
  br label %loop
loop:
  %turn = phi i64 [ 0, %entry ], [ %next, %loop ]
  {lines(sums)}
  {lines(turn)}
  %next = add i64 %turn, 1
  %more = icmp ult i64 %next, %turns
  br i1 %more, label %loop, label %end
end:
  {lines(total)}
  %own = mul i64 %thread, 64
  %offset = add i64 %own, {RESULTS}
  %result = getelementptr i8, ptr %argument, i64 %offset
  store {vector} %t{count - 1}, ptr %result, align 64
  ret void
}}
"""
