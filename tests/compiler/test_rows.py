"""Row-wise kernels: what is joined into one, and that it computes what the reference computes."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.analysis.loop_text import Names, loop_nest
from geartrain.compiler.passes.rows import fused
from geartrain.compiler.targets.target import host
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.ops.rules import gradients
from geartrain.runtime.executable import Executable
from geartrain.runtime.function import jit
from geartrain.runtime.variable import Variable

pytest.importorskip("llvmlite")

F32 = "float32"


def normalised(x, gamma, beta):
    return ops.layer_normalization(x, gamma, beta, epsilon=1e-3)


def entropy(x, y):
    return ops.categorical_crossentropy(ops.softmax(y), x, from_logits=True)


# name: (function, inputs as (shape, dtype)); the last axis is the row
PROGRAMS = {
    "softmax": (ops.softmax, [((BATCH, 10), F32)]),
    "softmax of one vector": (ops.softmax, [((BATCH, 16), F32)]),
    "softmax of the longest short rows": (ops.softmax, [((BATCH, 3, 128), F32)]),
    "softmax of long rows": (ops.softmax, [((BATCH, 1000), F32)]),
    "softmax of rows too long for the stack": (ops.softmax, [((BATCH, 10_000), F32)]),
    "softmax of many axes": (lambda x: ops.softmax(x * 0.3), [((BATCH, 2, 7, 64), F32)]),
    "softmax of the batch": (lambda x: ops.softmax(ops.transpose(x)), [((BATCH, 9), F32)]),
    "softmax in float64": (ops.softmax, [((BATCH, 33), "float64")]),
    "softmax in bfloat16": (ops.softmax, [((BATCH, 33), "bfloat16")]),
    "log softmax": (ops.log_softmax, [((BATCH, 21), F32)]),
    "crossentropy": (entropy, [((BATCH, 10), F32), ((BATCH, 10), F32)]),
    "layer normalisation": (normalised, [((BATCH, 5, 33), F32), ((33,), F32), ((33,), F32)]),
    "of long rows": (normalised, [((BATCH, 3, 300), F32), ((300,), F32), ((300,), F32)]),
    "root mean square": (ops.rms_normalization, [((BATCH, 300), F32)]),
    "where the greatest is": (lambda x: ops.argmax(x, axis=-1), [((BATCH, 200), F32)]),
    "two statistics of a row": (
        lambda x: [ops.max(x, axis=-1, keepdims=True) - x, ops.sum(x, axis=-1)],
        [((BATCH, 20), F32)],
    ),
    "whether any is greater": (
        lambda x: ops.where(ops.any(x > 1, axis=-1, keepdims=True), x, -x),
        [((BATCH, 40), F32)],
    ),
}
INTEGERS = ("where the greatest is",)  # results without a gradient
NOT_EMPTY = ("softmax of the batch",)  # NumPy knows no maximum of no elements


def of(name):
    function, specs = PROGRAMS[name]
    inputs = [placeholder(shape, dtype, f"x{n}") for n, (shape, dtype) in enumerate(specs)]
    outputs = function(*inputs)
    return inputs, outputs if isinstance(outputs, list) else [outputs]


def kinds(program):
    steps = program.assembly.steps
    return [kernel.kind for step in steps if isinstance(step, list) for kernel in step]


def compare(inputs, outputs, batch, special=False):
    random = np.random.default_rng(batch)
    values = {}
    for node in inputs:
        array = random.normal(size=resolve(node.extents, batch)).astype(node.dtype)
        if special and array.size:
            numbers = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-40]).astype(node.dtype)
            array.flat[:: max(1, array.size // 5)] = random.choice(numbers)
        values[node.leaf] = array
    program = Executable(outputs, {}, host())
    expected, found = Plan(outputs).run(values, batch), program.run(values, batch)
    near = {"float32": 3e-5, "float64": 1e-12, "bfloat16": 2e-2}[inputs[0].dtype]
    for one, other in zip(found, expected, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_allclose(
            one.astype("float64"), other.astype("float64"), rtol=near, atol=near
        )


@pytest.mark.parametrize("name", PROGRAMS)
def test_rows_are_computed_by_one_kernel_as_by_the_reference(name):
    inputs, outputs = of(name)
    assert kinds(Executable(outputs, {}, host())) == ["rows"]
    for batch in (5, 1, 37) if name in NOT_EMPTY else (5, 1, 0, 37):
        compare(inputs, outputs, batch)
    compare(inputs, outputs, 6, special=True)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in INTEGERS])
def test_gradients_through_rows_are_those_of_the_reference(name):
    inputs, outputs = of(name)
    seeds = [ops.sin(ops.cumsum(ops.ones_like(one), axis=-1)) for one in outputs]
    slopes = gradients(outputs, inputs, seeds)
    for batch in (5, 1) if name in NOT_EMPTY else (5, 1, 0):
        compare(inputs, slopes, batch)


def nests(outputs):
    names = Names()
    return "\n\n".join(loop_nest(kernel, names) for kernel in fused(outputs)) + "\n"


def test_loops_of_a_softmax_and_its_loss(golden, monkeypatch):
    x = placeholder((BATCH, 10), F32, "x")
    target = placeholder((BATCH, 10), F32, "target")
    losses = ops.categorical_crossentropy(target, x, from_logits=True)
    outputs = [ops.softmax(x), losses, *gradients([losses], [x], [ops.ones_like(losses)])]
    after = nests(outputs)
    monkeypatch.setattr("geartrain.compiler.passes.rows.join_rows", list)
    golden(f"# before\n{nests(outputs)}\n# after\n{after}")
    compare([x, target], outputs, 7)


def test_kernels_are_joined_only_if_nothing_comes_in_between():
    x = placeholder((BATCH, 10), F32, "x")
    weight = placeholder((10, 10), F32, "w")
    greatest = ops.max(x, axis=-1, keepdims=True)
    mixed = ops.matmul(ops.exp(x - greatest), weight)  # needs the first fold, and the last needs it
    outputs = [ops.sum(mixed, axis=-1, keepdims=True) + greatest]
    assert kinds(Executable(outputs, {}, host())) == ["rows", "contraction", "rows"]
    compare([x, weight], outputs, 5)


def test_rows_read_in_another_order_are_not_joined():
    x = placeholder((10, 10), F32, "x")
    sums = ops.sum(x, axis=-1, keepdims=True)
    for outputs in ([sums * ops.transpose(x / sums)], [ops.flip(ops.exp(x) / sums, 0) + sums]):
        compare([x], outputs, 1)


def test_few_long_rows_are_still_cut_into_parts():
    x = placeholder((2, 100_000), F32, "x")
    found = kinds(Executable([ops.softmax(x)], {}, host()))
    assert "rows" not in found and "reduce in parts" in found
    compare([x], [ops.softmax(x)], 1)


def test_a_variable_that_other_steps_read_is_not_overwritten_too_early():
    scale, mean = Variable(np.float32(2.0)), Variable(np.zeros(3, F32))

    @jit
    def step(x):
        old, before = scale.value, mean.value
        totals = ops.sum(x * old, axis=-1)
        mean.assign(before * 0.5 + totals)
        scale.assign(old + ops.sum(before * totals, axis=-1))
        return ops.sum(totals, axis=-1) * old

    x = np.arange(12, dtype=F32).reshape(3, 4)
    first = x.sum(1) * 2
    assert step(x) == first.sum() * 2
    np.testing.assert_array_equal(mean.numpy(), first)
    assert scale.numpy() == 2
    assert step(x) == first.sum() * 2
    np.testing.assert_array_equal(mean.numpy(), first * 1.5)
    assert scale.numpy() == 2 + (first * first).sum()
