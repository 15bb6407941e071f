"""Differential test: random graphs, compiled, against the NumPy reference; forward and gradient.

Each case is a seed. A graph grows by random ops on what it has; then its last tensors and the
gradients of a scalar of them are compared, for several batch sizes, with special values among the
inputs in some cases.
"""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.targets.target import host
from geartrain.graph.dtypes import numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.ops.elementwise import constant_like
from geartrain.ops.rules import gradients
from geartrain.runtime.executable import Executable
from tests.compiler.graphs import grown

pytest.importorskip("llvmlite")

SIZES = (1, 2, 3, 5, 8, 17, 33)
FLOATS = ("float32", "float64")

UNARY = (
    ops.relu, ops.tanh, ops.sigmoid, ops.exp, ops.square, ops.abs, ops.negative, ops.softplus,
    ops.sin, ops.cos, lambda x: ops.sqrt(ops.abs(x) + 1), lambda x: ops.log(ops.abs(x) + 1),
    lambda x: ops.clip(x, -1.0, 1.0), lambda x: x * 0.5 + 1, ops.erf,
)  # fmt: skip
BINARY = (
    ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum,
    lambda x, y: x / (ops.abs(y) + 1), lambda x, y: ops.where(x > y, x, y * 2),
)  # fmt: skip


def view(random: np.random.Generator, x: Node) -> Node:
    """A random view of x."""
    axis = int(random.integers(x.ndim))
    known = isinstance(x.extents[axis], int)
    kind = int(random.integers(7))
    if kind == 0:
        return ops.transpose(x, tuple(int(n) for n in random.permutation(x.ndim)))
    if kind == 1:
        return ops.flip(x, axis=axis)
    if kind == 2:
        widths = [(0, 0)] * x.ndim
        widths[axis] = (int(random.integers(3)), int(random.integers(3)))
        return ops.pad(x, widths)
    if kind == 3 and known and x.extents[axis] > 2:
        return x[(slice(None),) * axis + (slice(1, None, int(random.integers(1, 3))),)]
    if kind == 4:
        return ops.expand_dims(x, axis)
    if kind == 5:
        return ops.concatenate([x, x * 2], axis=axis)
    sizes = [n for n in x.extents if isinstance(n, int)]
    if len(sizes) == x.ndim:
        return ops.reshape(x, (-1,))
    return x


def fold(random: np.random.Generator, x: Node) -> Node:
    """A random fold or softmax of x."""
    axis = int(random.integers(x.ndim))
    kind = int(random.integers(5))
    if kind == 0:
        return ops.sum(x, axis=axis)
    if kind == 1:
        return ops.mean(x, axis=axis, keepdims=True)
    if kind == 2 and isinstance(x.extents[axis], int) and x.extents[axis]:
        return ops.max(x, axis=axis, keepdims=True)
    if kind == 3 and isinstance(x.extents[-1], int):
        return ops.softmax(x, axis=-1)
    return ops.sum(x * x, axis=axis, keepdims=True)


def product(random: np.random.Generator, x: Node, leaves: list[Node]) -> Node:
    """x times a new matrix, or times itself transposed."""
    columns = int(random.choice(SIZES))
    if x.ndim < 2 or not isinstance(x.extents[-1], int):
        return x + 1
    if random.random() < 0.2:
        axes = [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2]
        return ops.matmul(x, ops.transpose(x, axes))
    weight = placeholder((x.extents[-1], columns), x.dtype, f"w{len(leaves)}")
    leaves.append(weight)
    return ops.matmul(x, weight)


def graph(seed: int, dtype: str | None = None) -> tuple[list[Node], list[Node]]:
    """Leaves and outputs of a random graph; of float64 if that is asked for."""
    random = np.random.default_rng(seed)
    own = FLOATS[int(random.random() < 0.25)]
    dtype = dtype or own
    rank = int(random.integers(1, 4))
    shape = tuple(int(random.choice(SIZES)) for _ in range(rank))
    leaves = [placeholder((BATCH, *shape), dtype, "x"), placeholder(shape, dtype, "y")]
    pool = list(leaves)
    for _ in range(int(random.integers(3, 12))):
        x = pool[-1] if random.random() < 0.7 else pool[int(random.integers(len(pool)))]
        kind = random.random()
        if kind < 0.3:
            made = UNARY[int(random.integers(len(UNARY)))](x)
        elif kind < 0.5:
            fitting = [p for p in pool if p.extents == x.extents] + [leaves[1]] * (x.ndim == 0)
            made = BINARY[int(random.integers(len(BINARY)))](
                x, fitting[int(random.integers(len(fitting)))]
            )
        elif x.ndim == 0 or x.ndim > 5:
            made = x * 3
        elif kind < 0.7:
            made = view(random, x)
        elif kind < 0.85:
            made = fold(random, x)
        else:
            made = product(random, x, leaves)
        pool.append(made)
    value = ops.mean(ops.tanh(pool[-1]))
    slopes = gradients([value], leaves, [constant_like(value, 1.0)])
    return leaves, [*pool[-2:], value, *(slope for slope in slopes if slope is not None)]


def check(seed: int) -> None:
    leaves, outputs = graph(seed)
    program, plan = Executable(outputs, {}, host()), Plan(outputs)
    exact_leaves, exact_outputs = graph(seed, "float64")
    exact = Plan(exact_outputs)
    random = np.random.default_rng(seed)
    for batch in (3, 1, 0, 20):
        arrays = []
        for leaf in leaves:
            array = np.asarray(random.normal(size=resolve(leaf.extents, batch)), leaf.dtype)
            if seed % 10 == 9 and array.size:
                special = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-40])
                array.flat[:: max(1, array.size // 4)] = random.choice(special)
            arrays.append(array)
        values = {node.leaf: array for node, array in zip(leaves, arrays, strict=True)}
        expected, found = plan.run(values, batch), program.run(values, batch)
        given = dict(zip((node.leaf for node in exact_leaves), arrays, strict=True))
        nearly = 1 + np.finfo("float64").eps  # a reference in float64 has an error too
        truth = exact.run({leaf: array * nearly for leaf, array in given.items()}, batch)
        # sums differ by their order, and a badly conditioned graph multiplies such differences: so
        # what is allowed grows with the error of the reference itself
        near = 1e-10 if outputs[0].dtype == "float64" else 1e-4
        for one, other, right in zip(found, expected, truth, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            finite = np.isfinite(other) & np.isfinite(right)
            scale = np.abs(other[finite]).max(initial=1.0)
            error = np.abs(other[finite] - right[finite]).max(initial=0.0)
            np.testing.assert_allclose(
                one, other, rtol=near, atol=near * scale + 30 * error,
                err_msg=f"seed {seed}, batch {batch}",
            )  # fmt: skip


@pytest.mark.parametrize("first", range(0, 300, 10))
def test_compiled_graphs_compute_what_the_reference_computes(first):
    for seed in range(first, first + 10):
        check(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(1000, 11_000, 100))
def test_very_many_graphs(first):
    for seed in range(first, first + 100):
        check(seed)


# -- all kinds of ops and dtypes ------------------------------------------------------------------

NEAR = {"float64": 1e-9, "float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}
LIMIT = {"float16": 1e3, "bfloat16": 1e6, "float32": 1e20, "float64": 1e100}


def with_gradients(seed: int, dtype: str | None = None):
    """A graph's leaves and outputs, with the gradients of a scalar of them behind."""
    made = grown(seed, dtype)
    slopes = []
    if made.values:
        value = ops.sum(ops.stack([ops.mean(ops.tanh(ops.cast(v, dtype or made.dtype)))
                                   for v in made.values]))  # fmt: skip
        floats = [leaf for leaf in made.leaves if leaf.dtype == made.dtype]
        slopes = [
            slope for slope in gradients([value], floats, [constant_like(value, 1.0)])
            if slope is not None
        ]  # fmt: skip
    return made, [*made.outputs, *slopes]


def arrays_for(leaves, batch, random, special):
    """An array for each leaf: strided, read-only, backward, with NaN and infinity in some cases."""
    arrays = []
    for leaf in leaves:
        shape = resolve(leaf.extents, batch)
        if leaf.dtype == "bool":
            array = random.random(shape) < 0.5
        elif leaf.dtype in NEAR:
            array = np.asarray(random.normal(size=shape)).astype(numpy_dtype(leaf.dtype))
            if special and array.size:
                choice = np.array([np.nan, np.inf, -np.inf, -0.0]).astype(array.dtype)
                array.flat[:: max(1, array.size // 3)] = random.choice(choice)
        else:
            limits = np.iinfo(leaf.dtype)
            low, high = max(-100, limits.min), min(100, limits.max)
            array = random.integers(low, high, shape).astype(leaf.dtype)
        form = int(random.integers(4))
        if array.ndim and form == 1:
            array = np.repeat(array, 2, axis=-1)[..., ::2]
        elif array.ndim and form == 2:
            array = array[::-1].copy()[::-1]
        array.setflags(write=form == 3)
        arrays.append(array)
    return arrays


def compared(found, expected, right, dtype, where):
    """One output: against the reference, as near as that is to the truth."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape), where
    if expected.dtype.name not in NEAR:
        np.testing.assert_array_equal(found, expected, err_msg=where)
        return
    one, other = found.astype("float64"), expected.astype("float64")
    lost = np.isfinite(right) & (~np.isfinite(other) | (np.abs(right) > LIMIT[dtype]))
    if lost.any():
        return  # the dtype cannot hold what is computed on the way
    finite = np.isfinite(other) & np.isfinite(right)
    scale = np.abs(other[finite]).max(initial=1.0)
    error = np.abs(other[finite] - right[finite]).max(initial=0.0)
    np.testing.assert_allclose(
        one, other, rtol=NEAR[dtype], atol=NEAR[dtype] * scale + 30 * error, err_msg=where
    )


def check_grown(seed: int) -> None:
    made, outputs = with_gradients(seed)
    program, plan = Executable(outputs, {}, host()), Plan(outputs)
    exact_made, exact_outputs = with_gradients(seed, "float64")
    exact = Plan(exact_outputs)
    random = np.random.default_rng([seed, 11])
    for batch in (3, 1, 0, 20):
        arrays = arrays_for(made.leaves, batch, random, special=seed % 8 == 7)
        values = {node.leaf: array for node, array in zip(made.leaves, arrays, strict=True)}
        given = {
            node.leaf: array.astype("float64") if array.dtype.name in NEAR else array
            for node, array in zip(exact_made.leaves, arrays, strict=True)
        }
        results = program.run(values, batch), plan.run(values, batch), exact.run(given, batch)
        for number, (found, expected, right) in enumerate(zip(*results, strict=True)):
            where = f"seed {seed}, batch {batch}, output {number}, {made.dtype}"
            compared(found, expected, right, made.dtype, where)


@pytest.mark.parametrize("first", range(0, 300, 10))
def test_compiled_graphs_of_all_kinds_compute_what_the_reference_computes(first):
    for seed in range(first, first + 10):
        check_grown(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(1000, 11_000, 100))
def test_very_many_graphs_of_all_kinds(first):
    for seed in range(first, first + 100):
        check_grown(seed)
