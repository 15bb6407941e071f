"""The machine that code is made for: vector widths and register counts."""

from __future__ import annotations

from dataclasses import dataclass


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
        bf16_dot: whether one instruction multiplies bfloat16 pairs into float32 sums.
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
    return named(llvm.get_process_triple(), llvm.get_host_cpu_name(), text, features)


def named(triple: str, cpu: str, text: str, features: dict[str, bool]) -> Target:
    """The target of a CPU with these features."""
    if features.get("avx512f"):
        bf16 = bool(features.get("avx512bf16"))
        return Target("avx512", triple, cpu, text, 64, 32, bf16_dot=bf16)
    if features.get("avx2") and features.get("fma"):
        return Target("avx2", triple, cpu, text, 32, 16)
    if triple.startswith(("aarch64", "arm64")):
        return Target("neon", triple, cpu, text, 16, 32, masks=False)
    fma = bool(features.get("fma"))
    return Target("sse2", triple, cpu, text, 16, 16, fma, masks=False)
