"""The CPU's peak: the measuring code does what it claims, and refuses what it cannot do."""

import ctypes
import re
from dataclasses import replace

import pytest

pytest.importorskip("llvmlite", reason="the peak is measured by native code")

from geartrain.compiler.targets.target import host
from geartrain.runtime import native, peak

TARGETS = {
    "avx2": ("x86_64-unknown-linux-gnu", "haswell", "+avx2,+fma", 32, 16, "vfmadd"),
    "neon": ("aarch64-unknown-linux-gnu", "generic", "+neon", 16, 32, "fmla"),
}


def loop_of(text, instruction):
    """The instructions of the innermost loop: from its label to the jump back."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if instruction in line)
    start = max(i for i in range(first) if re.match(r"\.?L\w+:", lines[i].strip()))
    label = lines[start].strip().partition(":")[0]
    end = next(i for i in range(first, len(lines)) if label in lines[i])
    return lines[start:end]


@pytest.mark.parametrize("name", TARGETS)
def test_the_loop_is_multiply_adds_in_registers_alone(name):
    triple, cpu, features, width, registers, instruction = TARGETS[name]
    target = replace(
        host(), name=name, triple=triple, cpu=cpu, features=features,
        vector_bytes=width, registers=registers, bf16_dot=False, bf16_tiles=False,
    )  # fmt: skip
    loop = loop_of(native.assembly(peak._text(target, "float32"), target), instruction)
    assert sum(instruction in line for line in loop) == peak._sums(target)
    assert not [line for line in loop if re.search(r"\[|\(%r", line)], "no memory in the loop"


def test_operations_are_counted_from_the_lanes():
    wide = replace(host(), vector_bytes=64, registers=32, bf16_tiles=False)
    assert peak._operations(wide, "float32") == 24 * 16 * 2
    assert peak._operations(wide, "bfloat16") == 24 * 16 * 4
    assert peak._operations(replace(wide, bf16_tiles=True), "bfloat16") == 4 * 2 * 16 * 16 * 32
    assert peak._operations(replace(wide, vector_bytes=16, registers=16), "float32") == 10 * 4 * 2


def test_every_turn_multiplies_and_adds():
    """With a = 2 and b = 1 the sums go 1, 3, 7: all of them, in each lane."""
    target = host()
    library = native.load(peak._text(target, "float32"), target)
    memory = ctypes.create_string_buffer(1024)
    start = ctypes.addressof(memory)
    start += -start % 64
    ctypes.c_int64.from_address(start).value = 3
    lanes = target.lanes(4)
    floats = ctypes.c_float * lanes
    floats.from_address(start + peak.OPERAND_A)[:] = [2.0] * lanes
    floats.from_address(start + peak.OPERAND_B)[:] = [1.0] * lanes
    code = library.address("peak")
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)(code)
    run(start, 1, None)
    found = floats.from_address(start + peak.RESULTS + 64)
    assert list(found) == [7.0 * peak._sums(target)] * lanes
    KEPT.append(library)


KEPT = []  # native code lives as long as the tests


def test_threads_add_up():
    for threads in (1, 2, None):
        assert 0.1 < peak.measure(threads, repeats=1, seconds=1e-4) < 1e5


@pytest.mark.parametrize("tiles", [False, True])
def test_the_loop_of_bfloat16_is_dot_products_in_registers_alone(tiles):
    target = replace(
        host(), triple="x86_64-unknown-linux-gnu", cpu="sapphirerapids", features="",
        vector_bytes=64, registers=32, bf16_dot=True, bf16_tiles=tiles,
    )  # fmt: skip
    instruction, count = ("tdpbf16ps", 4) if tiles else ("vdpbf16ps", 24)
    loop = loop_of(native.assembly(peak._text(target, "bfloat16"), target), instruction)
    assert sum(instruction in line for line in loop) == count
    assert not [line for line in loop if re.search(r"\[|\(%r", line)], "no memory in the loop"


@pytest.mark.skipif(
    not (host().bf16_dot or host().bf16_tiles), reason="this CPU has no bfloat16 dot product"
)
def test_bfloat16_runs():
    assert peak.measure(1, "bfloat16", repeats=1, seconds=1e-4) > 0.1


def test_wrong_arguments(monkeypatch):
    with pytest.raises(ValueError, match=r"one of \('float32', 'bfloat16'\). Received: 'int8'"):
        peak.measure(dtype="int8")
    with pytest.raises(ValueError, match=r"at least 1 thread and 1 repeat\. Received: threads=0"):
        peak.measure(0)
    with pytest.raises(ValueError, match="repeats=0"):
        peak.measure(repeats=0)
    monkeypatch.setattr(peak, "host", lambda: replace(host(), bf16_dot=False, bf16_tiles=False))
    with pytest.raises(ValueError, match=r"a bfloat16 dot product that is faster .* Received: "):
        peak.measure(dtype="bfloat16")
