"""Products of tensors against NumPy's, for generated subscripts and shapes, with gradients."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain import ops
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from tests.ops.checks import evaluate, jacobians_agree, symbolic

quick = settings(max_examples=150, deadline=None, derandomize=True)


@st.composite
def contractions(draw, most=3):
    """Subscripts and arrays of small whole numbers that they fit."""
    sizes = {letter: draw(st.integers(1, 3)) for letter in "abcde"}
    parts = draw(st.lists(st.text("abcde", max_size=3), min_size=1, max_size=most))
    letters = sorted(set("".join(parts)))
    if draw(st.booleans()):
        kept = draw(st.permutations(letters))[: draw(st.integers(0, len(letters)))]
        subscripts = ",".join(parts) + "->" + "".join(kept)
    else:
        subscripts = ",".join(parts)
    random = np.random.default_rng(draw(st.integers(0, 999)))
    shapes = [
        tuple(1 if size > 1 and random.random() < 0.1 and part.count(c) == 1 else size
              for c in part for size in [sizes[c]])
        for part in parts
    ]  # fmt: skip
    return subscripts, [random.integers(-4, 5, shape).astype("float64") for shape in shapes]


@quick
@given(contractions())
def test_einsum_is_numpys(contraction):
    subscripts, arrays = contraction
    expected = np.einsum(subscripts, *arrays)
    np.testing.assert_array_equal(ops.einsum(subscripts, *arrays), expected)
    planned = symbolic(lambda *nodes: ops.einsum(subscripts, *nodes), arrays)
    np.testing.assert_array_equal(planned, expected)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(contractions(most=2))
def test_gradients_of_einsum(contraction):
    subscripts, arrays = contraction
    jacobians_agree(lambda *nodes: ops.einsum(subscripts, *nodes), arrays)


@st.composite
def products(draw):
    """Two shapes that matmul takes."""
    front = draw(st.lists(st.integers(0, 3), max_size=2))
    n, k, m = (draw(st.integers(0, 3)) for _ in range(3))

    def fronted(shape):
        cut = draw(st.integers(0, len(front)))
        return (*(1 if draw(st.booleans()) else size for size in front[cut:]), *shape)

    first = (k,) if draw(st.booleans()) else fronted((n, k))
    second = (k,) if draw(st.booleans()) else fronted((k, m))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    return [random.integers(-4, 5, shape).astype("float64") for shape in (first, second)]


@quick
@given(products())
def test_matmul_is_numpys(arrays):
    expected = np.matmul(*arrays)
    found = ops.matmul(*arrays)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(symbolic(ops.matmul, arrays), expected)


def test_the_batch_axis_may_be_shared_summed_or_kept():
    x, w = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    node, weights = placeholder((BATCH, 3), "float64"), placeholder((3, 4), "float64")
    outputs = {
        "bi,io->bo": x @ w,
        "bi,bj->ij": x.T @ x,
        "bi,bi->b": (x * x).sum(1),
        "bi->i": x.sum(0),
        "b...,bj->j...": x.T @ x,
    }
    for subscripts, expected in outputs.items():
        second = {"bi,io->bo": weights, "bi->i": None}.get(subscripts, node)
        operands = [node] if second is None else [node, second]
        made = ops.einsum(subscripts, *operands)
        (found,) = evaluate([made], [node, weights], [x, w], batch=2)
        np.testing.assert_array_equal(found, expected)


def test_a_matrix_product_is_one_contraction():
    node = ops.matmul(placeholder((BATCH, 3), "float32"), placeholder((3, 4), "float32"))
    assert node.op.name == "contract"
    assert [source.op for source in node.sources] == [None, None]
