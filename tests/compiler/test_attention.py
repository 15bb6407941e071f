"""Attention and einsums as they are used in practice: compiled against the reference, and how."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.passes.rows import fused
from geartrain.compiler.targets.target import host
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.ops.rules import gradients
from geartrain.runtime.executable import Executable

BATCHES = (3, 1, 0)
QUERY, KEY, NARROW = (BATCH, 5, 3, 8), (BATCH, 21, 3, 8), (BATCH, 21, 1, 8)
MASK = np.random.default_rng(1).random((1, 1, 5, 21)) > 0.3

# name: (function, shapes of its arguments)
FORMS = {
    "attention": (ops.dot_product_attention, [QUERY, KEY, KEY]),
    "attention of groups": (ops.dot_product_attention, [QUERY, NARROW, NARROW]),
    "masked attention": (
        lambda q, k, v: ops.dot_product_attention(q, k, v, mask=MASK), [QUERY, KEY, KEY],
    ),
    "causal attention": (
        lambda x: ops.dot_product_attention(x, x, x, is_causal=True), [KEY],
    ),
    "a biased projection into heads": (
        lambda x, w, b: ops.einsum("abc,cde->abde", x, w) + b, [(BATCH, 7, 16), (16, 3, 8), (3, 8)],
    ),
    "a projection out of heads": (
        lambda x, w: ops.relu(ops.einsum("btnh,nhd->btd", x, w)), [QUERY, (3, 8, 40)],
    ),
    "a dense layer of rank 4": (
        lambda x, w: ops.matmul(x, w), [(BATCH, 3, 7, 33), (33, 40)],
    ),
    "a result whose last axis is common": (
        lambda x, y: ops.einsum("bij,bjk->ikb", x, y), [(BATCH, 4, 5), (BATCH, 5, 6)],
    ),
    "a transposed result": (
        lambda x, y: ops.einsum("bij,jk->kbi", x, y), [(BATCH, 4, 5), (5, 6)],
    ),
    "outer products": (
        lambda x, y: ops.einsum("bi,bj->bij", x, y), [(BATCH, 4), (BATCH, 20)],
    ),
    "weights that differ from row to row": (
        lambda x, y: ops.einsum("bti,tij->btj", x, y), [(BATCH, 4, 5), (4, 5, 20)],
    ),
    "three factors": (
        lambda x, y, z: ops.einsum("bi,ij,bj->b", x, y, z), [(BATCH, 4), (4, 5), (BATCH, 5)],
    ),
}  # fmt: skip


def graph_of(name):
    """Inputs, and the result with its gradients."""
    function, shapes = FORMS[name]
    inputs = [placeholder(shape, "float32", f"x{n}") for n, shape in enumerate(shapes)]
    result = function(*inputs)
    weights = placeholder(result.extents, "float32", "weights")
    slopes = gradients([ops.sum(result * weights)], inputs, [Node.wrap(np.float32(1))])
    return [*inputs, weights], [result, *slopes]


@pytest.mark.parametrize("name", FORMS)
def test_forms_in_use(name):
    inputs, outputs = graph_of(name)
    executable = Executable(outputs, {}, host())
    for batch in BATCHES:
        random = np.random.default_rng(batch)
        values = {
            node.leaf: random.normal(size=resolve(node.extents, batch)).astype("float32")
            for node in inputs
        }
        expected = Plan(outputs).run(values, batch)
        found = executable.run(values, batch)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5, strict=True)


def kernels_of(outputs):
    return [one.core.op.name if one.core is not None else "map" for one in fused(outputs)]


def test_a_bias_is_added_where_the_heads_are_stored():
    _, (result, *_) = graph_of("a biased projection into heads")
    assert kernels_of([result]) == ["contract"]


def test_views_of_what_is_stored_are_not_copied():
    x = placeholder((BATCH, 8, 8), "float32", "x")
    weights = ops.softmax(x)
    seen = ops.reshape(weights, (-1, 8, 1, 8))
    products = [ops.einsum("bmin,bnk->bmik", seen, x), ops.einsum("bmin,bmk->bnik", seen, x)]
    assert kernels_of(products) == kernels_of([weights]) + ["contract"] * 2
    products = [ops.einsum("bmin,bnk->bmk", seen, x), ops.einsum("bmin,bmk->bnk", seen, x)]
    assert kernels_of(products) == kernels_of([weights]) + ["contract"] * 2  # nothing to sum
