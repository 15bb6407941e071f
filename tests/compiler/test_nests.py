"""Loop nests: an interpreter runs what `explain` shows, and code is written of: to one result."""

from __future__ import annotations

import re

import numpy as np
import pytest

import geartrain as keras
from geartrain import ops
from geartrain.compiler.analysis.loop_text import nest_text
from geartrain.compiler.loops.grammar import PART, By
from geartrain.compiler.pipeline import assemble
from geartrain.compiler.targets.target import host
from geartrain.graph.evaluate import Plan
from geartrain.graph.formula import Names
from geartrain.graph.node import placeholder
from geartrain.graph.op import REGISTRY, Map, Reduce
from geartrain.graph.shapes import BATCH, resolve
from geartrain.ops.rules import gradients
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")
from tests.compiler.interpret import Interpreter

ROWS, PLAIN, CUBE = (BATCH, 5), (4, 6), (BATCH, 4, 6)


def pooled(x):
    return ops.max_pool(ops.relu(ops.reshape(x, (-1, 4, 6, 1))), 2)


def slopes(function):
    def changed(*arrays):
        made = function(*arrays)
        return gradients([made], arrays, [ops.cos(made)])

    return changed


PROGRAMS = {
    "a chain of maps": (lambda x: ops.tanh(x * 2 + 1) - ops.exp(-x), [ROWS]),
    "broadcasting": (lambda x, y: x + y * x, [ROWS, (5,)]),
    "views of views": (lambda x: ops.flip(ops.transpose(ops.pad(x, 1)), 0)[1:, ::2] * 3, [PLAIN]),
    "places": (lambda x: ops.where(ops.arange(6) > 2, x, ops.cast(ops.arange(6), "float32")),
               [PLAIN]),
    "joined": (lambda x, y: ops.concatenate([x, ops.exp(y)], axis=1) + 1, [ROWS, (BATCH, 2)]),
    "reshaped": (lambda x: ops.reshape(ops.relu(x), (-1, 24)) * 2, [CUBE]),
    "a number": (lambda x: ops.sum(x) * 2, [PLAIN]),
    "sums of rows": (lambda x: ops.sqrt(ops.sum(x * x, axis=-1)), [CUBE]),
    "sums of columns": (lambda x: ops.mean(x, axis=0) + 1, [CUBE]),
    "sums between": (lambda x: ops.sum(ops.exp(x), axis=1), [CUBE]),
    "the largest": (lambda x: ops.max(ops.abs(x), axis=(1, 2)), [CUBE]),
    "any of a batch": (lambda x: ops.any(x > 0.5, axis=0), [ROWS]),
    "windows": (pooled, [CUBE]),
    "gradients of windows": (slopes(pooled), [CUBE]),
    "gradients of a loss": (slopes(lambda x, y: ops.mean(ops.square(x - y))), [ROWS, (5,)]),
    "a dot": (lambda x, y: ops.dot(x, y) + 1, [(6,), (6,)]),
    "a matrix and a vector": (lambda x, y: ops.relu(ops.dot(x, y)), [CUBE, (6,)]),
    "a running sum": (lambda x: ops.cumsum(ops.exp(x), axis=1), [CUBE]),
    "a running sum of rows": (lambda x: ops.cumsum(x, axis=-1) * 2, [CUBE]),
    "several stores": (lambda x: [ops.exp(x), ops.exp(x) + 1], [ROWS]),
}  # fmt: skip


def made(name):
    """The outputs of a program, and values of its inputs."""
    function, shapes = PROGRAMS[name]
    inputs = [placeholder(shape, "float32", f"x{n}") for n, shape in enumerate(shapes)]
    outputs = function(*inputs)
    outputs = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    random = np.random.default_rng(3)
    values = [random.normal(size=resolve(one.extents, 3)).astype("float32") for one in inputs]
    return outputs, dict(zip(inputs, values, strict=True))


def interpreted(assembly, arrays, batch):
    """What the kernels of a program store, and how many of their nests were run."""
    interpreter, count = Interpreter(arrays, batch), 0
    for number, group in enumerate(assembly.groups):
        own = re.compile(rf"k{number}(_parts)?$")
        kernels = [one for one in assembly.kernels if re.match(rf"k{number}(_|$)", one.name)]
        nests = [one.nest for one in kernels if own.match(one.name)]
        if nests and len(nests) == len(kernels) and None not in nests:
            for nest in nests:
                interpreter.run(nest)
            count += len(nests)
            continue
        given = {node: interpreter.arrays[node] for node in group.reads}
        found = Plan(group.nodes, given=group.reads).run({}, batch, given=given)
        interpreter.arrays |= dict(zip(group.nodes, found, strict=True))
    return interpreter.arrays, count


def check(name):
    outputs, values = made(name)
    executable = Executable(outputs, {}, host())
    constants = {
        node: node.leaf.value for node in executable.assembly.slots
        if node.op is None and node not in values
    }  # fmt: skip
    arrays, count = interpreted(executable.assembly, values | constants, 3)
    by_leaf = {node.leaf: array for node, array in values.items()}
    compiled = executable.run(by_leaf, 3)
    for node, code, expected in zip(
        executable.outputs, compiled, Plan(outputs).run(by_leaf, 3), strict=True
    ):
        assert (arrays[node].dtype, arrays[node].shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(arrays[node], expected, rtol=2e-5, atol=2e-6)
        np.testing.assert_allclose(code, arrays[node], rtol=2e-5, atol=2e-6)
    return executable.assembly, count


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_shown_is_what_is_run(name):
    assembly, count = check(name)
    assert count > 0, [one.kind for one in assembly.kernels]


@pytest.mark.parametrize("name", ["a number", "a dot", "any of a batch"])
def test_folds_in_parts_are_two_nests(name, monkeypatch):
    monkeypatch.setattr("geartrain.compiler.analysis.cost.SMALL", 3)
    assembly, count = check(name)
    assert count >= 2
    parts, whole = [one.nest for one in assembly.kernels if one.nest is not None][:2]
    assert parts.loops[0].variable == PART and parts.loops[0].by is By.UNITS
    assert parts.fold.loops[0].parts == whole.fold.loops[0].extent == 8
    names = Names("")
    text = nest_text(assembly.groups[0], parts, names)
    assert text.startswith("for part in range(8):\n") and "parts[part" in text
    assert "(part + 1) *" in text
    assert "parts[" in nest_text(assembly.groups[0], whole, names)


def test_every_unary_map_and_reduction_is_a_nest_that_the_interpreter_runs():
    found = 0
    for op in REGISTRY.values():
        if isinstance(op.lower, Map) and op.lower.emit is None:
            continue
        if not isinstance(op.lower, Map | Reduce):
            continue
        for sample in list(op.samples())[:1]:
            if len(sample.arrays) != 1 or sample.arrays[0].size == 0:
                continue
            array = sample.arrays[0]
            x = placeholder(array.shape, array.dtype.name, "x")
            node = op.node(x, **sample.params)
            assembly = assemble([node], {}, host())
            arrays, count = interpreted(assembly, {x: array}, 1)
            with np.errstate(all="ignore"):
                expected = op.numpy(array, **sample.params)
            np.testing.assert_allclose(
                arrays[node].astype("float64"), expected.astype("float64"), rtol=1e-6,
                err_msg=op.name,
            )  # fmt: skip
            found += count
    assert found > 40


def test_explain_prints_the_nests_of_kernels():
    x = np.ones((300, 400), "float32")
    loops = keras.explain(lambda x: ops.sum(x), x).stage("loops")
    assert loops.splitlines() == [
        "# kernel k0",
        "for part in range(8):",
        "    total = 0",
        "    for i in range(300)[part * 38:(part + 1) * 38]:",
        "        for j in range(400):",
        "            total += x[i, j]",
        "    parts[part] = total",
        "total = 0",
        "for i in range(8):",
        "    total += parts[i]",
        "sum = total",
    ]
