"""Products of bfloat16 and float16, by each way there is, against float32 sums of the same."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.pipeline import assemble
from geartrain.compiler.targets.target import host, named
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.ops.rules import gradients
from geartrain.runtime import native
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")

HOST = host()
WAYS = {
    "wide": replace(HOST, bf16_tiles=False, bf16_dot=False),
    "narrow vectors": replace(
        HOST, vector_bytes=32, registers=16, bf16_tiles=False, bf16_dot=False
    ),
}
if HOST.bf16_rounds:
    WAYS["pairs"] = replace(HOST, bf16_tiles=False, bf16_dot=True)
if HOST.bf16_tiles:
    WAYS["tiles"] = HOST
BATCHES = (5, 1, 0, 37, 130)


def dense(x, w, b):
    return ops.relu(ops.matmul(x, w) + b)


def cast_dense(x, w):
    return ops.matmul(ops.cast(x / 255, "bfloat16"), ops.cast(w, "bfloat16"))


BF16 = "bfloat16"
PRODUCTS = {
    "dense layer": (dense, [((BATCH, 65), BF16), ((65, 70), BF16), ((70,), BF16)]),
    "whole tiles": (ops.matmul, [((BATCH, 64), BF16), ((64, 64), BF16)]),
    "a skinny gemm": (ops.matmul, [((BATCH, 512), BF16), ((512, 10), BF16)]),
    "few terms": (ops.matmul, [((BATCH, 3), BF16), ((3, 33), BF16)]),
    "one term": (ops.matmul, [((BATCH, 1), BF16), ((1, 33), BF16)]),
    "ten terms": (ops.matmul, [((BATCH, 10), BF16), ((10, 33), BF16)]),
    "known rows": (ops.matmul, [((100, 40), BF16), ((40, 48), BF16)]),
    "few rows": (ops.matmul, [((3, 40), BF16), ((40, 48), BF16)]),
    "second transposed": (
        lambda x, w: ops.matmul(x, ops.transpose(w)), [((BATCH, 50), BF16), ((33, 50), BF16)],
    ),
    "first transposed": (
        lambda x, y: ops.matmul(ops.transpose(x), y), [((BATCH, 50), BF16), ((BATCH, 33), BF16)],
    ),
    "both transposed": (
        lambda x, y: ops.matmul(ops.transpose(x), ops.transpose(y)),
        [((40, 50), BF16), ((33, 40), BF16)],
    ),
    "a batch of products": (ops.matmul, [((BATCH, 19, 33), BF16), ((BATCH, 33, 20), BF16)]),
    "heads": (
        lambda x, y: ops.einsum("bqhd,bkhd->bhqk", x, y),
        [((BATCH, 9, 3, 16), BF16), ((BATCH, 11, 3, 16), BF16)],
    ),
    "many axes": (
        lambda x, y: ops.einsum("abcd,dce->abe", x, y),
        [((BATCH, 5, 3, 7), BF16), ((7, 3, 9), BF16)],
    ),
    "every second row": (
        lambda x, y: ops.matmul(x[:, ::2], y), [((BATCH, 66), BF16), ((33, 18), BF16)],
    ),
    "casts of bytes and weights": (cast_dense, [((BATCH, 65), "uint8"), ((65, 33), "float32")]),
    "bytes in another shape": (
        lambda x, w: cast_dense(ops.reshape(x, (-1, 50)), w),
        [((BATCH, 5, 10), "uint8"), ((50, 33), "float32")],
    ),
    "transposed casts": (
        lambda x, y: ops.matmul(ops.transpose(ops.cast(x, BF16)), ops.cast(y + 1, BF16)),
        [((BATCH, 40), "float32"), ((BATCH, 33), "float32")],
    ),
    "convolution": (
        lambda x, w: ops.conv(x, w), [((BATCH, 9, 9, 32), BF16), ((3, 3, 32, 20), BF16)],
    ),
    "convolution of three channels": (
        lambda x, w: ops.conv(x, w, padding="same", strides=2),
        [((BATCH, 9, 9, 3), BF16), ((3, 3, 3, 20), BF16)],
    ),
    "float16": (ops.matmul, [((BATCH, 65), "float16"), ((65, 70), "float16")]),
}  # fmt: skip


def numbers(random, shape, dtype):
    values = random.normal(size=shape) * (100 if dtype == "uint8" else 1)
    return (
        np.abs(values).astype(numpy_dtype(dtype))
        if dtype == "uint8"
        else values.astype(numpy_dtype(dtype))
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PRODUCTS)
def test_products_and_their_gradients_are_those_of_the_reference(name, way):
    function, specs = PRODUCTS[name]
    inputs = [placeholder(shape, dtype, f"x{n}") for n, (shape, dtype) in enumerate(specs)]
    result = function(*inputs)
    slopes = [one for one in inputs if one.dtype != "uint8"]
    inputs.append(placeholder(result.extents, result.dtype, "g"))
    outputs = [result, *gradients([result], slopes, inputs[-1:])]
    program, plan = Executable(outputs, {}, WAYS[way]), Plan(outputs)
    random = np.random.default_rng(0)
    for batch in BATCHES:
        arrays = [numbers(random, resolve(one.extents, batch), one.dtype) for one in inputs]
        values = {node.leaf: array for node, array in zip(inputs, arrays, strict=True)}
        expected, found = plan.run(values, batch), program.run(values, batch)
        for one, other in zip(found, expected, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            one, other = (array.astype("float64") for array in (one, other))
            scale = max(1.0, np.abs(other).max(initial=0))
            np.testing.assert_allclose(one, other, rtol=2**-7, atol=scale * 2**-8)


INSTRUCTIONS = {"tiles": "tdpbf16ps", "pairs": "vdpbf16ps", "wide": "vfmadd"}


@pytest.mark.parametrize("way", INSTRUCTIONS)
def test_the_code_has_the_dot_products_of_its_target_alone(way):
    target = replace(
        HOST, triple="x86_64-unknown-linux-gnu", cpu="sapphirerapids", features="",
        vector_bytes=64, registers=32, bf16_rounds=way != "wide",
        bf16_tiles=way == "tiles", bf16_dot=way == "pairs",
    )  # fmt: skip
    code = assembly_for(target)
    assert [one for one in INSTRUCTIONS.values() if one in code] == [INSTRUCTIONS[way]]
    assert ("ldtilecfg" in code) == ("tilerelease" in code) == (way == "tiles")


@pytest.mark.parametrize(
    ("triple", "cpu", "features"),
    [
        ("x86_64-unknown-linux-gnu", "haswell", {"avx2": True, "fma": True}),
        ("x86_64-unknown-linux-gnu", "x86-64", {}),
        ("aarch64-unknown-linux-gnu", "generic", {}),
    ],
)
def test_targets_without_dot_products_multiply_in_float32(triple, cpu, features):
    target = named(triple, cpu, "", features)
    assert not (target.bf16_dot or target.bf16_tiles or target.bf16_rounds)
    assert not re.search("dpbf16ps|ldtilecfg|cvtneps", assembly_for(target))


def test_which_cpus_gain_by_dot_products():
    features = {"avx512f": True, "avx512bf16": True}
    assert named("x86_64-unknown-linux-gnu", "znver4", "", features).bf16_dot
    intel = named("x86_64-unknown-linux-gnu", "sapphirerapids", "", features)
    assert not intel.bf16_dot and not intel.bf16_tiles and intel.bf16_rounds
    features |= {"amx-tile": True, "amx-bf16": True}
    assert named("x86_64-unknown-linux-gnu", "sapphirerapids", "", features).bf16_tiles


def assembly_for(target):
    x, w = placeholder((BATCH, 64), BF16, "x"), placeholder((64, 64), "float32", "w")
    product = ops.matmul(x, ops.cast(w, BF16))
    return native.assembly(assemble([product], {}, target).text, target)


@pytest.mark.parametrize("dtype", [BF16, "float16"])
def test_sums_are_kept_in_float32(dtype):
    """Products of 1 with 1 would stop at 256 in bfloat16, and at 2048 in float16."""
    x, w = placeholder((BATCH, 3000), dtype, "x"), placeholder((3000, 40), dtype, "w")
    for target in WAYS.values():
        program = Executable([ops.matmul(x, w)], {}, target)
        arrays = np.ones((7, 3000), numpy_dtype(dtype)), np.ones((3000, 40), numpy_dtype(dtype))
        (found,) = program.run(dict(zip((x.leaf, w.leaf), arrays, strict=True)), 7)
        np.testing.assert_array_equal(found, np.full((7, 40), 3000).astype(dtype))


@pytest.mark.parametrize("way", WAYS)
def test_nothing_leaks_from_one_row_into_another(way):
    x, w = placeholder((BATCH, 33), BF16, "x"), placeholder((33, 35), BF16, "w")
    program = Executable([ops.matmul(x, w)], {}, WAYS[way])
    rows = np.ones((40, 33), numpy_dtype(BF16))
    rows[7, 5] = np.nan
    weights = np.ones((33, 35), numpy_dtype(BF16))
    weights[3, 34] = np.inf
    (found,) = program.run({x.leaf: rows, w.leaf: weights}, 40)
    found = found.astype("float32")
    assert np.isnan(found[7]).all()
    others = np.delete(found, 7, axis=0)
    assert (others[:, :34] == 33).all() and np.isinf(others[:, 34]).all()


def test_casts_are_part_of_packing():
    """The float32 weights are read by the kernel that packs; no cast of them is stored."""
    x, w = placeholder((BATCH, 64), "float32", "x"), placeholder((64, 64), "float32", "w")
    product = ops.matmul(ops.cast(x, BF16), ops.cast(w, BF16))
    kernels = assemble([product], {}, HOST).steps[0]
    assert [kernel.kind for kernel in kernels[:2]] == ["pack", "pack"]
    assert [node for kernel in kernels for node in kernel.nodes] == [product]
