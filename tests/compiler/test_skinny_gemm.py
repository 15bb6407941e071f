"""Products with few columns: vectors run along the sum or the rows, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.targets.target import host
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")
needs_masks = pytest.mark.skipif(not host().masks, reason="vectors in part need masks of lanes")

F32 = "float32"


def layer(x, w, b):
    return ops.relu(ops.matmul(x, w) + b)


def kernel_gradient(x, g):
    return ops.matmul(ops.transpose(x), g)


def update(x, g, w, v):
    slope = kernel_gradient(x, g)
    new = 0.9 * v + 0.1 * slope * slope
    return [new, w - slope / ops.sqrt(new + 1e-7)]


# name: (function, inputs as (shape, dtype))
PROGRAMS = {
    "a layer": (layer, [((BATCH, 512), F32), ((512, 10), F32), ((10,), F32)]),
    "a sum with a rest": (layer, [((BATCH, 77), F32), ((77, 3), F32), ((3,), F32)]),
    "as many columns as fit": (layer, [((BATCH, 128), F32), ((128, 12), F32), ((12,), F32)]),
    "in float64": (layer, [((BATCH, 100), "float64"), ((100, 5), "float64"), ((5,), "float64")]),
    "with the second operand turned": (
        lambda x, w: ops.matmul(x, ops.transpose(w)), [((BATCH, 96), F32), ((7, 96), F32)],
    ),
    "a kernel's gradient": (kernel_gradient, [((BATCH, 512), F32), ((BATCH, 10), F32)]),
    "a kernel's gradient in float64": (
        kernel_gradient, [((BATCH, 64), "float64"), ((BATCH, 2), "float64")],
    ),
    "a kernel's update": (
        update, [((BATCH, 128), F32), ((BATCH, 6), F32), ((128, 6), F32), ((128, 6), F32)],
    ),
}  # fmt: skip


def kinds(program):
    steps = program.assembly.steps
    return [kernel.kind for step in steps if isinstance(step, list) for kernel in step]


def made(name):
    function, specs = PROGRAMS[name]
    inputs = [placeholder(shape, dtype, f"x{n}") for n, (shape, dtype) in enumerate(specs)]
    outputs = function(*inputs)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return inputs, outputs, Executable(outputs, {}, host())


@needs_masks
@pytest.mark.parametrize("name", PROGRAMS)
def test_products_with_few_columns_have_a_kernel_of_their_own(name):
    assert kinds(made(name)[2])[-1] == "skinny gemm"


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("name", PROGRAMS)
def test_they_compute_what_the_reference_computes(name, special):
    inputs, outputs, program = made(name)
    plan = Plan(outputs)
    random = np.random.default_rng(0)
    for batch in (5, 1, 0, 37, 300):
        values = {}
        for node in inputs:
            array = np.abs(random.normal(size=resolve(node.extents, batch)).astype(node.dtype))
            if special and array.size:
                array.flat[random.integers(array.size)] = random.choice([np.nan, np.inf, 0.0])
            values[node.leaf] = array
        expected, found = plan.run(values, batch), program.run(values, batch)
        near = 1e-12 if inputs[0].dtype == "float64" else 2e-5
        for one, other in zip(found, expected, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            np.testing.assert_allclose(one, other, rtol=near, atol=near)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("depth", "columns"), [(512, 10), (77, 3), (128, 12)])
def test_few_rows_have_the_bits_of_many(depth, columns, transposed):
    shape = (columns, depth) if transposed else (depth, columns)
    x, w = placeholder((BATCH, depth), F32, "x"), placeholder(shape, F32, "w")
    output = ops.tanh(ops.matmul(x, ops.transpose(w) if transposed else w))
    program = Executable([output], {}, host())
    random = np.random.default_rng(0)
    rows, weights = random.normal(size=(40, depth)), random.normal(size=shape)
    rows[3], rows[5, 7] = -0.0, np.nan
    rows, weights = rows.astype(F32), weights.astype(F32)
    many = program.run({x.leaf: rows, w.leaf: weights}, 40)[0]
    for batch in (1, 4, 7, 8, 9):
        few = program.run({x.leaf: rows[:batch], w.leaf: weights}, batch)[0]
        np.testing.assert_array_equal(few.view("int32"), many[:batch].view("int32"))


@pytest.mark.parametrize(("depth", "columns"), [(512, 13), (512, 16), (40, 10)])
def test_wide_and_short_products_are_left_to_tiles(depth, columns):
    x, w = placeholder((BATCH, depth), F32, "x"), placeholder((depth, columns), F32, "w")
    assert "skinny gemm" not in kinds(Executable([ops.matmul(x, w)], {}, host()))


@pytest.mark.parametrize(
    ("after", "expected"), [(ops.relu, ["reduce"]), (ops.sigmoid, ["reduce", "map"])]
)
def test_what_costs_much_after_a_single_column_is_done_in_vectors_of_rows(after, expected):
    x, w, b = (placeholder(shape, F32, "x") for shape in ((BATCH, 24), (24, 1), (1,)))
    output = after(ops.matmul(x, w) + b)
    program = Executable([output], {}, host())
    assert kinds(program) == expected
    random = np.random.default_rng(0)
    for batch in (0, 1, 37):
        shapes = {x: (batch, 24), w: (24, 1), b: (1,)}
        values = {n.leaf: random.normal(size=s).astype(F32) for n, s in shapes.items()}
        found, reference = program.run(values, batch)[0], Plan([output]).run(values, batch)[0]
        np.testing.assert_allclose(found, reference, rtol=1e-5, atol=1e-6)
