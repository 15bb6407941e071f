"""Whole training programs for other processors: what their assembly holds, and what they compute.

Assembly is looked at for every target that LLVM knows; it is run where this machine can.
"""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

import geartrain as keras
from geartrain import layers
from geartrain.compiler.codegen.legalize import without_fma
from geartrain.compiler.codegen.team import team_text
from geartrain.compiler.pipeline import assemble
from geartrain.compiler.targets.machine import waiting
from geartrain.compiler.targets.target import named
from geartrain.graph.evaluate import Plan
from geartrain.models.data import Batch
from geartrain.runtime import native
from geartrain.runtime.executable import Executable
from geartrain.runtime.variable import Variable

llvm = pytest.importorskip("llvmlite.binding")

HERE = llvm.get_process_triple()
X86 = HERE if HERE.startswith("x86_64") else "x86_64-unknown-linux-gnu"
NEEDS = {"avx512": ("avx512f", "avx512bw", "avx512vl", "avx512dq"), "avx2": ("avx2", "fma")}
TARGETS = {
    "avx512": named(X86, "skylake-avx512", "", {"avx512f": True, "avx2": True, "fma": True}),
    "avx2": named(X86, "haswell", "", {"avx2": True, "fma": True}),
    "sse2": named(X86, "x86-64", "", {}),
    "neon": named("aarch64-unknown-linux-gnu", "generic", "", {}),
}
REGISTERS = {"avx512": "zmm", "avx2": "ymm", "sse2": "xmm", "neon": r"v\d+\.4s"}
WIDER = {"avx512": "tmm", "avx2": r"[zt]mm", "sse2": r"[yzt]mm", "neon": r"\bz\d+\.s"}
MULTIPLY_ADD = {
    "avx512": "vfmadd", "avx2": "vfmadd", "sse2": "mul[ps]s", "neon": r"fml[as]\s",
}  # fmt: skip


def chapter():
    stack = [
        layers.Input((784,)),
        layers.Dense(512, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
    return stack, "rmsprop"


def convnet():
    stack = [
        layers.Input((14, 14, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
    return stack, keras.optimizers.SGD(0.1, momentum=0.9)


def tokens():
    stack = [
        layers.Input((20,), dtype="int32"),
        layers.Embedding(100, 24),
        layers.GlobalAveragePooling1D(),
        layers.LayerNormalization(),
        layers.Dense(37, activation="gelu"),
        layers.Dense(10, activation="softmax"),
    ]
    return stack, "adam"


def recurrent():
    stack = [layers.Input((7, 20)), layers.LSTM(37), layers.Dense(10, activation="softmax")]
    return stack, "adam"


MODELS = {"chapter": chapter, "convnet": convnet, "tokens": tokens, "recurrent": recurrent}


def program_of(name):
    """The training program of a fresh model, and data for a batch of any size."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    stack, optimizer = MODELS[name]()
    model = keras.Sequential(stack)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    shape = model.input_shape[1:]
    random = np.random.default_rng(1)

    def data(batch):
        if name == "tokens":
            x = random.integers(0, 100, (batch, *shape), dtype="int32")
        else:
            x = random.normal(size=(batch, *shape)).astype("float32")
        return [x, random.integers(0, 10, batch)]

    return model.program_of("train", Batch(*data(4)))[0], data


@functools.cache
def listing(name, target):
    """The functions of a model's program: the lines of each by its name."""
    program = program_of(name)[0]
    updates = {variable.node: value for variable, value in program.updates.items()}
    text = native.assembly(assemble(program.outputs, updates, target).text, target)
    functions, lines = {}, []
    for line in text.splitlines():
        head = re.match(r'"?([A-Za-z_]\w*)"?:', line)
        if head:
            functions[head[1]] = lines = []
        lines.append(line)
    return functions


def loops_of(lines):
    """The loops of one block: from a label to a jump back to it, with no label in between."""
    start = {}
    for number, line in enumerate(lines):
        label = re.match(r"(\.L\w+):", line)
        if label:
            start = {label[1]: number}
        jump = re.match(r"\s+(?:j\w+|b\.?\w*|cbn?z\s+\w+,|tbn?z\s+\w+, #\d+,)\s+(\.L\w+)", line)
        if jump and jump[1] in start:
            yield lines[start[jump[1]] : number + 1]


def tiles(functions):
    """Name, rows, vectors and inner loops of each tile of a product."""
    for name, lines in functions.items():
        tile = re.fullmatch(r"k\d+\w*_(\d+)x(\d+)(_part)?", name)
        if tile:
            yield name, int(tile[1]) * int(tile[2]), list(loops_of(lines))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("model", MODELS)
class TestAssembly:
    def test_vectors_are_as_wide_as_the_target_has_them(self, model, target):
        text = "\n".join(
            line for lines in listing(model, TARGETS[target]).values() for line in lines
        )
        assert re.search(REGISTERS[target], text)
        assert not re.search(WIDER[target], text)

    def test_the_heart_of_a_product_is_multiply_adds_in_registers(self, model, target):
        found = 0
        for name, sums, loops in tiles(listing(model, TARGETS[target])):
            if name.endswith("_part") and not TARGETS[target].masks:
                continue  # lane by lane, if the second operand was not packed
            hearts = [
                loop for loop in loops
                if sum(bool(re.search(MULTIPLY_ADD[target], line)) for line in loop) >= sums
            ]  # fmt: skip
            assert hearts, f"{name} has no loop of {sums} multiply-adds"
            found += 1
            for line in (line for loop in hearts for line in loop):
                assert not re.search(r"\b(call\w*|bl)\s", line), f"{name}: {line}"
                stack = re.search(r"\(%rsp\)|\[sp", line)
                assert not (stack and re.search(r"[xyz]mm|\b[qv]\d+", line)), f"{name}: {line}"
        assert found > 5

    def test_nothing_of_the_mathematical_library_is_called(self, model, target):
        functions = listing(model, TARGETS[target])
        call = r"\b(?:movabsq\s+\$|callq\s+\*?|bl\s+|b\s+)([a-zA-Z_]\w*)(?![\w.])"
        called = {
            name
            for lines in functions.values()
            for line in lines
            for name in re.findall(call, line)
        }
        # multiply-adds of float64 (powers of Adam's decay) have no instruction before AVX2
        assert called - set(functions) <= {"syscall", "memcpy", *(["fma"] * (target == "sse2"))}


def can_run(target):
    features = llvm.get_host_cpu_features()
    native_kind = target.triple.partition("-")[0] == HERE.partition("-")[0]
    return native_kind and all(features.get(name) for name in NEEDS.get(target.name, ()))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("model", MODELS)
def test_a_step_for_the_target_is_the_step_of_the_reference(model, target):
    target = TARGETS[target]
    if not can_run(target):
        pytest.skip(f"this machine has no {target.name}")
    program, data = program_of(model)
    executable = Executable(program.outputs, program.updates, target)
    assert not any(isinstance(step, tuple) for step in executable.steps)
    plan = Plan([*program.outputs, *program.updates.values()])
    for batch in (5, 1, 33):
        arrays = data(batch)
        values = {node.leaf: array for node, array in zip(program.inputs, arrays, strict=True)}
        for node in plan.leaves:
            if isinstance(node.leaf, Variable):
                values[node.leaf] = node.leaf.numpy()
        expected = plan.run(values, batch)
        found = executable.run(values, batch)
        found += [variable.numpy() for variable in program.updates]
        for one, other in zip(found, expected, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            # an optimizer divides a gradient by its own size, so a tiny one may differ by much
            near = 1e-4 if one.dtype == "float32" else 0.0
            np.testing.assert_allclose(one, other, rtol=near, atol=near)


@pytest.mark.parametrize(
    ("triple", "words"),
    [
        ("x86_64-unknown-linux-gnu", ["llvm.x86.sse2.pause", "@syscall(i64 202"]),
        ("aarch64-unknown-linux-gnu", ["llvm.aarch64.hint", "@syscall(i64 98"]),
        ("arm64-apple-darwin23.0.0", ["llvm.aarch64.hint", "@sched_yield()"]),
        ("x86_64-pc-windows-msvc", ["llvm.x86.sse2.pause", "@SwitchToThread()"]),
        ("riscv64-unknown-linux-gnu", ["@sched_yield()"]),
    ],
)
def test_threads_wait_as_their_system_lets_them(triple, words):
    text = team_text(waiting(triple))
    assert all(word in text for word in words)
    features = {"avx2": True, "fma": True} if "x86" in triple else {}
    assert "barrier" in native.assembly(text + USE, named(triple, "", "", features))


USE = "\ndefine void @use(ptr %team) {\n  call void @barrier(ptr %team)\n  ret void\n}\n"

THREE = "<4 x float> %x, <4 x float> splat (float 0x4000000000000000), <4 x float> %z"
MULTIPLY = f"""
declare <4 x float> @llvm.fma.v4f32(<4 x float>, <4 x float>, <4 x float>)
define void @f(ptr %p) {{
  %x = load <4 x float>, ptr %p, align 4
  %q = getelementptr float, ptr %p, i64 4
  %z = load <4 x float>, ptr %q, align 4
  %t = call <4 x float> @llvm.fma.v4f32({THREE})
  store <4 x float> %t, ptr %p, align 4
  ret void
}}
"""


def test_a_multiply_add_that_the_processor_lacks_rounds_once_all_the_same():
    import ctypes

    text = without_fma(MULTIPLY)
    assert "call" not in text and "fpext <4 x float> %x to <4 x double>" in text
    target = TARGETS["sse2"] if X86 == HERE else named(HERE, "", "", {})
    library = native.Library(native.compiled(text, target), target)
    x = np.float32([1 + 2**-23, 3, 1 / 3, 1e38])
    z = np.float32([-2, 2**-24, -2 / 3, -np.inf])
    memory = np.concatenate([x, z])
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(library.address("f"))(memory.ctypes.data)
    exact = (2 * x.astype("float64") + z).astype("float32")
    np.testing.assert_array_equal(memory[:4], exact)
