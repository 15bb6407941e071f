"""Every primitive op by its own declaration alone: reference, inference, gradients, samples.

Nothing here names an op, but for the reasons why one has no samples.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools

import numpy as np
import pytest

import geartrain.ops  # declares the primitives
import geartrain.ops.random
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node
from geartrain.graph.op import REGISTRY, Map, Op, Reduce
from geartrain.graph.shapes import Spec
from tests.ops.checks import evaluate, floats_of, jacobians_agree, leaves_of

assert geartrain.ops.random

WITHOUT_SAMPLES = {
    "scan": "its body is a parameter; see test_scan",
    "choose": "its graphs are a parameter; see cond among the cases",
    "repeat": "its body is a parameter; see while_loop among the cases",
    "repeat_gradient": "its body is a parameter; see while_loop among the cases",
    "after": "orders what is computed; see layers/test_rematerialization.py",
    "forgotten": "its gradient is that of what it was made of; see the same file",
    "ruled": "its gradient is a parameter; see custom_gradient among the cases",
    "iota": "has no source; what it holds is tested with one_hot, tril and take_along_axis",
    "extent": "has no source and needs a batch size; tested with size and mean",
}
SAMPLES = [
    pytest.param(op, sample, id=f"{name}-{number}")
    for name, op in sorted(REGISTRY.items())
    for number, sample in enumerate(op.samples())
]
SIGNED = [param for param in SAMPLES if getattr(param.values[0].lower, "sign", None)]
DIFFERENTIABLE = [
    param
    for param in SAMPLES
    if param.values[0].grad is not None and param.values[0].differentiable
]  # fmt: skip


def narrowed(arrays):
    return [a.astype("float32") if a.dtype == "float64" else a for a in arrays]


def test_every_op_has_samples_or_a_reason():
    without = {name for name, op in REGISTRY.items() if not list(op.samples())}
    assert without == set(WITHOUT_SAMPLES)


def test_every_op_has_a_gradient_or_none_by_nature():
    missing = [name for name, op in REGISTRY.items() if op.differentiable and op.grad is None]
    assert missing == []


@pytest.mark.parametrize(("op", "sample"), SIGNED)
def test_the_sign_by_which_an_op_is_shown_computes_what_it_computes(op, sample):
    joined = eval(f"lambda x, y: x {op.lower.sign} y")
    if isinstance(op.lower, Map):
        found = joined(*sample.arrays)
    elif isinstance(op.lower, Reduce):
        (x,), axes = sample.arrays, sample.params["axes"]
        rows = np.moveaxis(x, axes, range(len(axes)))
        rows = rows.reshape(-1, *rows.shape[len(axes) :])
        found = functools.reduce(joined, rows, op.lower.identity(x.dtype.name))
    else:
        turns = np.moveaxis(sample.arrays[0], sample.params["axis"], 0)
        found = np.moveaxis(list(itertools.accumulate(turns, joined)), 0, sample.params["axis"])
    np.testing.assert_allclose(found, op(*sample.arrays, **sample.params), rtol=1e-12)


@pytest.mark.parametrize("narrow", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize(("op", "sample"), SAMPLES)
def test_reference_is_what_was_inferred_and_the_same_in_a_plan(op, sample, narrow):
    arrays = narrowed(sample.arrays) if narrow else list(sample.arrays)
    params = dict(sample.params)
    if narrow and params.get("dtype") == "float64":
        params["dtype"] = "float32"
    specs = [Spec(array.shape, array.dtype.name) for array in arrays]
    inferred = op.infer(*specs, **params)
    at_once = op(*arrays, **params)
    assert isinstance(at_once, np.ndarray)
    assert (at_once.shape, at_once.dtype.name) == (inferred.shape, inferred.dtype)
    leaves = leaves_of(arrays)
    node = op(*leaves, **params)
    assert (node.extents, node.dtype) == (inferred.shape, inferred.dtype)
    (planned,) = evaluate([node], leaves, arrays)
    np.testing.assert_array_equal(planned, at_once, strict=True)


@pytest.mark.parametrize(("op", "sample"), SAMPLES)
def test_reference_reads_strided_and_read_only_input(op, sample):
    strided = []
    for array in sample.arrays:
        wide = np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array.copy()
        wide.flags.writeable = False
        strided.append(wide)
    found, expected = op(*strided, **sample.params), op(*sample.arrays, **sample.params)
    np.testing.assert_allclose(found, expected, rtol=1e-14, strict=True)  # BLAS may sum otherwise


@pytest.mark.parametrize(("op", "sample"), DIFFERENTIABLE)
def test_first_and_second_derivatives_agree_with_differences(op, sample):
    jacobians_agree(lambda *nodes: op.node(*nodes, **sample.params), sample.arrays, order=2)


def flipped(op: Op, place: int) -> Op:
    """The op with the sign of one of its gradients flipped."""

    def grad(g, y, *sources, **params):
        passed = list(op.grad(g, y, *sources, **params))
        passed[place] = None if passed[place] is None else -passed[place]
        return tuple(passed)

    twin = object.__new__(Op)
    for part in dataclasses.fields(Op):
        object.__setattr__(twin, part.name, getattr(op, part.name))
    object.__setattr__(twin, "grad", grad)
    return twin


def is_caught(op: Op, place: int) -> bool:
    """Whether some sample tells the op from its twin with a gradient flipped."""
    wrong = flipped(op, place)
    for sample in op.samples():
        if place < len(sample.arrays) and sample.arrays[place].dtype.kind == "f":
            try:
                jacobians_agree(lambda *n, s=sample: wrong.node(*n, **s.params), sample.arrays)
            except AssertionError:
                return True
    return False


@pytest.mark.parametrize("op", dict.fromkeys(p.values[0] for p in DIFFERENTIABLE), ids=repr)
def test_a_flipped_sign_in_a_gradient_rule_is_caught(op):
    sample = next(iter(op.samples()))
    places = [i for i, array in enumerate(sample.arrays) if array.dtype.kind == "f"]
    assert places
    for place in places:
        assert is_caught(op, place), f"the gradient of source {place}"


@pytest.mark.parametrize(("op", "sample"), SAMPLES)
def test_using_an_op_twice_gives_one_node(op, sample):
    leaves = leaves_of(sample.arrays)
    first, second = op.node(*leaves, **sample.params), op.node(*leaves, **sample.params)
    assert isinstance(first, Node)
    assert first is second
    assert len(Plan([first, second]).steps) == 1


@pytest.mark.parametrize(
    ("op", "sample"), [p for p in DIFFERENTIABLE if "dtype" not in p.values[1].params]
)
def test_gradients_of_float32_are_float32(op, sample):
    arrays = narrowed(sample.arrays)
    leaves = leaves_of(arrays)
    node = op.node(*leaves, **sample.params)
    passed = op.grad(node, node, *leaves, **sample.params)
    for leaf, gradient in zip(leaves, passed, strict=True):
        assert gradient is None or (gradient.dtype, gradient.extents) == (leaf.dtype, leaf.extents)
    assert any(gradient is not None for gradient in passed) or not floats_of(leaves)
