"""The machine that code is made for: vector widths and register counts."""

from __future__ import annotations

import ctypes
import functools
import sys
from dataclasses import dataclass

ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA = 0x1023, 18  # as Linux names them
SYS_ARCH_PRCTL = 158


@dataclass(frozen=True)
class Target:
    """What kernels need to know of a CPU.

    Attributes:
        name: for messages and cache keys.
        triple, cpu, features: as LLVM names them; an empty triple means this machine.
        vector_bytes: the size of a vector register.
        registers: how many vector registers there are.
        fma: whether one instruction multiplies and adds with one rounding.
        masks: whether loads and stores of some lanes only are instructions.
        bf16_dot: whether one instruction multiplies bfloat16 pairs into float32 sums, and does so
            faster than two of float32 would.
        bf16_tiles: whether one instruction multiplies whole tiles of bfloat16 (AMX).
        bf16_rounds: whether one instruction rounds float32 to bfloat16.
    """

    name: str
    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int
    fma: bool = True
    masks: bool = True
    bf16_dot: bool = False
    bf16_tiles: bool = False
    bf16_rounds: bool = False

    def lanes(self, item_bytes: int) -> int:
        """How many elements of that size a vector holds."""
        return self.vector_bytes // item_bytes

    def tile(self) -> tuple[int, int]:
        """Rows, and vectors a row, of the block of results that stays in registers."""
        if self.registers >= 32 and self.vector_bytes == 64:
            return 14, 2  # 28 sums, 2 vectors of B, the broadcasts from memory
        if self.registers >= 32:
            return 8, 3
        return 6, 2


def host() -> Target:
    """The target of this machine."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    text = features.flatten()
    if features.get("amx-tile") and not _tiles_allowed():
        features["amx-tile"] = False
    return named(llvm.get_process_triple(), llvm.get_host_cpu_name(), text, features)


@functools.cache
def _tiles_allowed() -> bool:
    """Ask the operating system to keep the tiles of this process's threads.

    Their 8 KiB are saved for those alone that have asked; code that uses tiles unasked is stopped.
    """
    if not sys.platform.startswith("linux"):
        return False
    syscall = ctypes.CDLL(None).syscall
    return bool(syscall(SYS_ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0)


def named(triple: str, cpu: str, text: str, features: dict[str, bool]) -> Target:
    """The target of a CPU with these features."""
    if features.get("avx512f"):
        bf16 = bool(features.get("avx512bf16"))
        # Intel's cores do a quarter as many dot products a second as multiply-adds: no gain
        dot = bf16 and cpu.startswith("znver")
        tiles = bf16 and bool(features.get("amx-bf16")) and bool(features.get("amx-tile"))
        return Target(
            "avx512", triple, cpu, text, 64, 32, bf16_dot=dot, bf16_tiles=tiles, bf16_rounds=bf16
        )
    if features.get("avx2") and features.get("fma"):
        return Target("avx2", triple, cpu, text, 32, 16)
    if triple.startswith(("aarch64", "arm64")):
        return Target("neon", triple, cpu, text, 16, 32, masks=False)
    fma = bool(features.get("fma"))
    return Target("sse2", triple, cpu, text, 16, 16, fma, masks=False)
