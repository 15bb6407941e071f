"""Compiled programs compute what the NumPy reference computes, for every batch size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geartrain as keras
from geartrain import ops
from geartrain.compiler.analysis.loop_text import Names, loop_nest
from geartrain.compiler.analysis.memory import Buffer
from geartrain.compiler.pipeline import assemble
from geartrain.compiler.targets.target import host
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.ops.indexing import gather, scatter_add
from geartrain.ops.random import random_bits
from geartrain.runtime.executable import Executable
from geartrain.runtime.frame import SMALL_BYTES
from geartrain.runtime.function import Program, jit
from geartrain.runtime.variable import Variable

pytest.importorskip("llvmlite")

BATCHES = (5, 1, 0, 37, 300)
F32 = "float32"
NEAR = {"bfloat16": 5e-2, "float16": 1e-2}  # of dtypes that are less exact than float32

# name: (function, inputs as (shape, dtype), kinds of kernels expected)
PROGRAMS = {
    "add a row": (lambda x, y: x + y, [((BATCH, 7), F32), ((7,), F32)]),
    "relu": (ops.relu, [((BATCH, 33), F32)]),
    "sum of all": (ops.sum, [((BATCH, 33), F32)]),
    "sum over the batch": (lambda x: ops.sum(x, axis=0), [((BATCH, 33), F32)]),
    "sum of squares of rows": (lambda x: ops.sum(x * x, axis=1), [((BATCH, 33), F32)]),
    "sums of wide columns": (lambda x: ops.sum(x * x, axis=(0, 1)), [((BATCH, 3, 300), F32)]),
    "maxima of wide columns": (lambda x: ops.max(x, axis=1), [((BATCH, 5, 160), F32)]),
    "sums of columns in turns": (lambda x: ops.sum(x, axis=(0, 2)), [((BATCH, 3, 9, 50), F32)]),
    "maximum of rows": (lambda x: ops.max(x, axis=1), [((BATCH, 33), F32)]),
    "a large sum": (lambda x: ops.sum(x, axis=(0, 1)), [((BATCH, 40, 13), F32)]),
    "a large sum of one row": (lambda x: ops.sum(x * 2) + 3, [((100_000,), F32)]),
    "a large maximum": (lambda x: ops.max(x, axis=(0, 1)), [((100, 40, 13), F32)]),
    "product": (ops.matmul, [((BATCH, 33), F32), ((33, 50), F32)]),
    "dense layer": (
        lambda x, w, b: ops.relu(ops.matmul(x, w) + b),
        [((BATCH, 784), F32), ((784, 512), F32), ((512,), F32)],
    ),
    "product with a transpose": (
        lambda x, y: ops.matmul(x, ops.transpose(y)),
        [((BATCH, 33), F32), ((50, 33), F32)],
    ),
    "transpose of the batch": (
        lambda x, y: ops.matmul(ops.transpose(x), y),
        [((BATCH, 33), F32), ((BATCH, 50), F32)],
    ),
    "few results of a long sum": (
        lambda x, y: ops.relu(ops.einsum("nij,nik->jk", x, y)),
        [((BATCH, 676, 9), F32), ((BATCH, 676, 32), F32)],
    ),
    "few results of a long sum of bfloat16": (
        lambda x, y: ops.einsum("nij,nik->jk", x, y) * 0.125,
        [((BATCH, 17, 4), "bfloat16"), ((BATCH, 17, 9), "bfloat16")],
    ),
    "few results of a long sum of float16": (
        lambda x, y: ops.einsum("nij,nik->jk", x, y) * 0.125,
        [((BATCH, 17, 4), "float16"), ((BATCH, 17, 9), "float16")],
    ),
    "products in a batch": (ops.matmul, [((BATCH, 4, 33), F32), ((BATCH, 33, 20), F32)]),
    "dot": (ops.dot, [((33,), F32), ((33,), F32)]),
    "matrix times vector": (ops.dot, [((BATCH, 33), F32), ((33,), F32)]),
    "softmax": (ops.softmax, [((BATCH, 10), F32)]),
    "transpose": (lambda x: ops.transpose(x) * 2, [((BATCH, 20), F32)]),
    "slice": (lambda x: x[:, 3:9] + 1, [((BATCH, 20), F32)]),
    "pad": (lambda x: ops.pad(x, ((0, 0), (2, 3))) + 1, [((BATCH, 20), F32)]),
    "flip": (lambda x: ops.flip(x, axis=1) - x, [((BATCH, 20), F32)]),
    "concatenate": (
        lambda x, y: ops.concatenate([x, y], axis=1) + 1,
        [((BATCH, 20), F32), ((BATCH, 3), F32)],
    ),
    "reshape": (lambda x: ops.reshape(x, (-1, 4, 5)) * 2, [((BATCH, 20), F32)]),
    "two reshapes of a fold": (
        lambda x: ops.sin(ops.reshape(ops.expand_dims(ops.max(x, axis=2), -1), (-1,))),
        [((5, 7, 3), F32)],
    ),
    "reshape within a fold": (
        lambda x: ops.sum(ops.reshape(ops.exp(x), (-1, 5)), axis=1),
        [((BATCH, 20), F32)],
    ),
    "integers": (lambda x: ops.sum(x, axis=1), [((BATCH, 20), "int32")]),
    "float64": (lambda x: ops.matmul(x, ops.transpose(x)), [((BATCH, 20), "float64")]),
    "argmax": (lambda x: ops.argmax(x, axis=-1), [((BATCH, 20), F32)]),
    "bytes to floats": (lambda x: ops.cast(x, F32) / 255, [((BATCH, 28), "uint8")]),
    "a comparison": (lambda x: x > 0, [((BATCH, 28), F32)]),
    "any": (lambda x: ops.any(x > 1, axis=1), [((BATCH, 28), F32)]),
    "random bits": (
        lambda k, x: ops.cast(random_bits(k, shape=(BATCH, 7)), "float64") + x,
        [((2,), "uint32"), ((BATCH, 7), "float64")],
    ),
    "rows of a table": (
        lambda t, i: gather(t, ops.minimum(ops.abs(i), 39)) * 2,
        [((40, 7), F32), ((BATCH, 3), "int32")],
    ),
    "rows added up": (
        lambda i, r: scatter_add(ops.minimum(ops.abs(i), 39), r, size=40),
        [((BATCH, 3), "int32"), ((BATCH, 3, 20), F32)],
    ),
    "one hot": (lambda i: ops.one_hot(ops.abs(i), 30), [((BATCH, 3), "int32")]),
    "a running sum": (lambda x: ops.cumsum(x * 2, axis=1) * 2, [((BATCH, 3), F32)]),
    "a running sum of rows": (lambda x: ops.cumsum(x[:, 1:], axis=0), [((BATCH, 20), F32)]),
    "a running sum of planes": (lambda x: ops.cumsum(x, axis=1), [((BATCH, 3, 37), F32)]),
    "a running sum of all": (ops.cumsum, [((BATCH, 3), F32)]),
    "a running sum of integers": (lambda x: ops.cumsum(x, axis=1), [((BATCH, 9), "int32")]),
    "sorted": (lambda x: ops.sort(x, axis=1) * 2, [((BATCH, 3), F32)]),
    "an input as it is, and twice": (lambda x: [x, x, x * 2, x * 2], [((BATCH, 3), F32)]),
}


def compiled(function, specs):
    inputs = [placeholder(shape, dtype, f"x{n}") for n, (shape, dtype) in enumerate(specs)]
    outputs = function(*inputs)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return inputs, outputs, Executable(outputs, {}, host())


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_computes_what_the_reference_computes(name):
    function, specs = PROGRAMS[name]
    inputs, outputs, program = compiled(function, specs)
    plan = Plan(outputs)
    random = np.random.default_rng(0)
    for batch in BATCHES:
        arrays = [
            (random.normal(size=resolve(shape, batch)) * (5 if "int" in dtype else 1)).astype(
                numpy_dtype(dtype)
            )
            for shape, dtype in specs
        ]
        values = {node.leaf: array for node, array in zip(inputs, arrays, strict=True)}
        expected, found = plan.run(values, batch), program.run(values, batch)
        for one, other in zip(found, expected, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            near = NEAR.get(other.dtype.name, 3e-6)
            one, other = (x.astype("float64") if x.dtype.name in NEAR else x for x in (one, other))
            scale = max(1.0, np.abs(other).max(initial=0) if other.dtype.kind == "f" else 1.0)
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=near * scale)


WITHOUT_TILES = replace(host(), bf16_tiles=False)


def kinds(name):
    outputs = compiled(*PROGRAMS[name])[1]
    steps = assemble(outputs, {}, WITHOUT_TILES).steps
    return [kernel.kind for step in steps if isinstance(step, list) for kernel in step]


def test_chains_of_maps_are_one_kernel_with_what_makes_their_input():
    assert kinds("dense layer") == ["pack", "contraction", "contraction"]  # of many rows, of few
    assert kinds("sum of squares of rows") == ["reduce"]
    assert kinds("reshape within a fold") == ["reduce"]


def test_few_results_of_much_work_are_computed_in_parts():
    assert kinds("few results of a long sum")[:2] == ["contraction in parts", "reduce"]
    assert kinds("a large sum of one row") == ["reduce in parts", "reduce"]


def test_what_has_no_code_is_left_to_the_reference():
    steps = compiled(*PROGRAMS["sorted"])[2].assembly.steps
    assert [getattr(step, "why", "native") for step in steps][-2:] == [
        "argsort has no kernel", "native",
    ]  # fmt: skip


def test_a_running_sum_computes_its_source_as_it_goes():
    assert kinds("a running sum") == ["cumulative", "map"]
    fused = compiled(*PROGRAMS["a running sum"])[2].assembly.groups
    assert loop_nest(fused[0], Names()).splitlines() == [
        "for i in range(batch):",
        "    total = 0",
        "    for j in range(3):",
        "        cumsum[i, j] = total = total + (x0[i, j] * 2)",
    ]


@pytest.mark.parametrize("rows", [4, SMALL_BYTES])
def test_inputs_may_be_strided_read_only_or_of_another_byte_order(rows):
    inputs, _, program = compiled(lambda x: x * 2, [((BATCH, 3), F32)])
    whole = np.arange(6 * rows, dtype=F32).reshape(rows, 6)
    whole.setflags(write=False)
    for array in (whole[:, ::2], whole[::-1, :3], whole[:, :3].astype(">f4")):
        (found,) = program.run({inputs[0].leaf: array}, len(array))
        np.testing.assert_array_equal(found, array * 2)


@pytest.mark.parametrize("rows", [2, SMALL_BYTES])
def test_results_of_a_run_stay_as_they_are_in_the_next(rows):
    inputs, _, program = compiled(lambda x: [ops.sum(x), x * 2, ops.sum(x), x], [((BATCH, 3), F32)])
    arrays = [np.full((rows, 3), value, F32) for value in (1, 2)]
    found = [program.run({inputs[0].leaf: array}, rows) for array in arrays]
    for (total, double, same, given), array in zip(found, arrays, strict=True):
        assert total == same == array.sum()
        np.testing.assert_array_equal(double, array * 2)
        np.testing.assert_array_equal(given, array)


def test_variables_may_exchange_their_values():
    first, second, third = Variable([1.0, 2.0]), Variable([3.0, 4.0]), Variable(0.0)

    @jit
    def exchange(x):
        one, two = first.value, second.value
        first.assign(two)
        second.assign(one)
        third.assign(5.0)
        return x * 2

    assert exchange(np.float32(2)) == 4
    assert first.numpy().tolist() == [3, 4] and second.numpy().tolist() == [1, 2]
    assert third.numpy() == 5

    @jit
    def shift(x):
        old = first.value
        first.assign(old + x)
        second.assign(old)
        return old

    assert shift(np.float32(2)).tolist() == [3, 4]
    assert first.numpy().tolist() == [5, 6] and second.numpy().tolist() == [3, 4]


def counter(steps_done):
    x = placeholder((BATCH, 2), F32, "x")
    return Program(
        [x], [ops.sum(x), x * 2], {steps_done: steps_done.node + ops.sum(x)}, compiled=True
    )


def test_many_steps_in_one_call_are_those_steps_one_by_one():
    data = np.arange(40, dtype=F32).reshape(20, 2)
    order = np.random.default_rng(0).permutation(20)[:18]
    total, expected = Variable(0.0), Variable(0.0)
    program = counter(total)
    results = program.native.run_steps(program.samples([data]), 6, 18, order=order)
    single = counter(expected)
    for start in range(0, 18, 6):
        last = single.run(data[order[start : start + 6]])
    assert total.numpy() == expected.numpy()
    np.testing.assert_array_equal(results[0], last[0])
    np.testing.assert_array_equal(results[1], last[1])


def test_single_steps_may_come_between_many():
    data = np.arange(40, dtype=F32).reshape(20, 2)
    program = counter(Variable(0.0))
    for order in (None, np.arange(20), None):
        many = program.native.run_steps(program.samples([data]), 5, 20, order=order)
        one = program.run(data[15:])
        assert many[0] == one[0] == data[15:].sum()
        np.testing.assert_array_equal(many[1][-5:], one[1])


def test_steps_without_an_order_give_the_rows_of_all():
    data = np.arange(40, dtype=F32).reshape(20, 2)
    total = Variable(0.0)
    program = counter(total)
    results = program.native.run_steps(program.samples([data]), 5, 20)
    np.testing.assert_array_equal(results[1], data * 2)
    assert results[0] == data[15:].sum() and total.numpy() == data.sum()


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("batch", [3, 8, 19, 20, 30])
def test_the_last_of_many_steps_may_have_fewer_rows(batch, ordered):
    data = np.arange(40, dtype=F32).reshape(20, 2)
    order = np.random.default_rng(0).permutation(20) if ordered else None
    total, expected = Variable(0.0), Variable(0.0)
    program, single = counter(total), counter(expected)
    results = program.native.run_steps(program.samples([data]), batch, 17, first=2, order=order)
    rows = data[2:19] if order is None else data[order[2:19]]
    steps = [single.run(rows[at : at + batch]) for at in range(0, 17, batch)]
    assert total.numpy() == expected.numpy()
    assert results[0] == steps[-1][0]
    doubled = steps[-1][1] if ordered else np.concatenate([one[1] for one in steps])
    np.testing.assert_array_equal(results[1], doubled)
    assert program.run(data[:5])[0] == data[:5].sum()


def test_fewer_rows_may_need_more_memory(monkeypatch):
    program = counter(Variable(0.0))
    data = np.ones((20, 2), F32)
    samples = program.samples([data])
    assert program.native.run_steps(samples, 8, 16)[0] == 16
    buffers = program.executable.assembly.buffers
    assert buffers or not any(kernel.workspace for kernel in program.executable.assembly.steps[0])
    buffer = Buffer(program.executable.assembly.epoch.order, 64 * 9 - 64 * BATCH, 0, 0)
    monkeypatch.setattr(program.executable.assembly, "buffers", [*buffers, buffer])
    taken = program.executable._take(8, 8)
    assert taken.block.size < 5 * 64
    program.executable._give_back(taken)
    assert program.native.run_steps(samples, 8, 20)[0] == 8
    assert program.executable._take(8, 4).block.size >= 5 * 64


def test_rows_are_added_up_at_places_that_are_a_view():
    places = placeholder((BATCH, 1), "int32", "places")
    rows = placeholder((BATCH, 3), "float32", "rows")
    added = ops.segment_sum(rows, ops.squeeze(ops.add(places, 1), -1), 4)
    program = Program([places, rows], [added], {}, compiled=True)
    found = program.run(np.int32([[0], [2], [0]]), np.ones((3, 3), "float32"))[0]
    np.testing.assert_array_equal(found[:, 0], [0, 2, 0, 1])


def test_a_product_with_one_number_everywhere():
    x = np.arange(12, dtype="float32").reshape(3, 4)
    slope = keras.jit(keras.grad(lambda w: ops.sum(ops.matmul(x, w))))
    np.testing.assert_allclose(slope(np.ones((4, 5), "float32")), np.tile(x.sum(0)[:, None], 5))


def test_the_step_size_is_known_before_the_first_gradient():
    x, y = np.ones((8, 96), "float32"), np.zeros((8, 1), "float32")
    model = keras.Sequential([keras.layers.Dense(160), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    executable = keras.explain(model, x, y).executable
    stored = [fused.nodes for fused in executable.assembly.groups if fused.core is not None]
    kernel = model.layers[0].kernel.node
    (mine,) = [nodes for nodes in stored if executable.updates[kernel.leaf] in nodes]
    assert len(mine) == 3  # both moments, and the kernel itself


def test_weights_are_packed_where_a_batch_has_many_rows():
    random = np.random.default_rng(0)
    x, w = placeholder((BATCH, 160), F32, "x"), Variable(random.normal(size=(160, 256)), dtype=F32)
    executable = Executable([ops.relu(ops.matmul(x, w.node))], {}, WITHOUT_TILES)
    (kernels,) = executable.assembly.steps
    assert [kernel.kind for kernel in kernels] == ["pack", "contraction", "contraction"]
    chosen = [[resolve(kernel.enabled, batch) for kernel in kernels] for batch in (1, 63, 64, 200)]
    assert chosen == [[0, 0, 1], [0, 0, 1], [1, 1, 0], [1, 1, 0]]
    rows = random.normal(size=(200, 160)).astype(F32)
    many = executable.run({x.leaf: rows}, 200)[0]
    np.testing.assert_allclose(many, np.maximum(rows @ w.numpy(), 0), rtol=1e-4, atol=1e-4)
    for batch in (0, 1, 63, 64):  # the same bits, packed or not
        few = executable.run({x.leaf: rows[:batch]}, batch)[0]
        np.testing.assert_array_equal(few, many[:batch])


def test_a_kernel_whose_code_would_be_too_long_is_left_to_the_reference(monkeypatch):
    monkeypatch.setattr("geartrain.compiler.passes.reuse.LONGEST", 60)
    x, w = placeholder((BATCH, 5), F32, "x"), placeholder((5, 3), F32, "w")
    program = Executable([ops.relu(ops.matmul(x, w)) + 1], {}, host())
    (step,) = program.assembly.steps
    assert step.why == "its code would be too long"
    arrays = np.ones((4, 5), F32), np.ones((5, 3), F32)
    (found,) = program.run(dict(zip((x.leaf, w.leaf), arrays, strict=True)), 4)
    np.testing.assert_array_equal(found, np.full((4, 3), 6, F32))
