"""What a kind of machine needs said in code of its own, by the triple that LLVM names it with."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from geartrain.compiler.codegen.builder import Builder
from geartrain.compiler.codegen.team import Waiting
from geartrain.compiler.targets import arm, x86


def flushed(b: Builder, triple: str) -> AbstractContextManager[None]:
    """What is written inside takes subnormal numbers for 0, where the machine can."""
    machine = triple.partition("-")[0]
    if machine in x86.MACHINES:
        return x86.flushed(b)
    return arm.flushed(b) if machine in arm.MACHINES else nullcontext()


def waiting(triple: str) -> Waiting:
    """How threads of a team wait: the instruction that pauses, and the system's sleep."""
    machine = triple.partition("-")[0]
    declared, pause, futex = "", "", None
    for family in (x86, arm):
        if machine in family.MACHINES:
            declared, pause = family.PAUSE[0] + "\n", family.PAUSE[1]
            futex = family.FUTEX.get(machine) if "linux" in triple else None
    if futex is not None:
        # FUTEX_WAIT_PRIVATE (128) sleeps while the word holds `old`; FUTEX_WAKE_PRIVATE is 129
        rest = "ptr null, ptr null, i64 0)"
        call = f"call i64 (i64, ...) @syscall(i64 {futex}, ptr %word"
        sleep = f"{call}, i64 128, i64 %old64, {rest}"
        wake = f"{call}, i64 129, i64 2147483647, {rest}"
        return Waiting(declared + "declare i64 @syscall(i64, ...)", pause, sleep, wake)
    give_way = "SwitchToThread" if "windows" in triple else "sched_yield"
    declared += f"declare i32 @{give_way}()"
    return Waiting(declared, pause, f"call i32 @{give_way}()", "add i32 0, 0")
