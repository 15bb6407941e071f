"""What a tape notes of eager code gives the gradients of the graph: for every layer and op."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops, tree
from geartrain.compat.tensorflow import tensor
from geartrain.compat.tensorflow.gradients import GradientTape
from geartrain.graph.dtypes import is_float
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node, placeholder
from geartrain.ops.rules import gradients
from geartrain.runtime.function import jit
from tests.layers.test_contract import ROWS, built, call, drawn
from tests.ops.checks import total
from tests.ops.test_public import DIFFERENTIABLE, called


@pytest.fixture(autouse=True)
def tensors():
    with tensor.installed():
        yield


def first_of_each(params):
    """One case of each op; `jvp` is run as a program of its own, which no tape sees."""
    found = {param.id.rpartition("-")[0]: param for param in reversed(params)}
    return [param for name, param in found.items() if name != "jvp"]


@pytest.mark.parametrize("one", first_of_each(DIFFERENTIABLE))
def test_a_tape_gives_the_graphs_gradients_of_an_op(one):
    leaves = [placeholder(a.shape, a.dtype.name) for a in one.arrays]
    found = [n for n in tree.flatten(called(one, *leaves)) if is_float(n.dtype)]
    wrt = [leaf for leaf in leaves if is_float(leaf.dtype)]
    output = total(found)
    slopes = gradients([output], wrt, [Node.wrap(np.ones((), output.dtype))])
    known = [slope for slope in slopes if slope is not None]
    values = dict(zip([leaf.leaf for leaf in leaves], one.arrays, strict=True))
    expected = iter(Plan(known).run(values))

    given = [tensor.tensor(array.copy()) for array in one.arrays]
    watched = [x for x in given if is_float(x.dtype.name)]
    with GradientTape() as tape:
        tape.watch(watched)
        results = tree.flatten(called(one, *given))
    floats = [x for x in results if isinstance(x, np.ndarray) and is_float(x.dtype.name)]
    seeds = _seeds_of_total(floats)
    taped = tape.gradient(floats, watched, output_gradients=seeds)
    for slope, mine in zip(slopes, taped, strict=True):
        if slope is None:
            assert mine is None or not np.any(mine)
        else:
            wanted = next(expected)
            assert mine is not None or not np.any(wanted)
            if mine is not None:
                np.testing.assert_allclose(mine, wanted, rtol=1e-6, atol=1e-9)


def _seeds_of_total(results):
    """What `total` weighs the elements of its results with."""
    symbols = [placeholder(x.shape, str(np.asarray(x).dtype)) for x in results]
    output = total(symbols)
    slopes = gradients([output], symbols, [Node.wrap(np.ones((), output.dtype))])
    values = {node.leaf: np.asarray(x) for node, x in zip(symbols, results, strict=True)}
    return Plan(slopes).run(values)


# What SpectralNormalization reads it assigned itself: a graph's gradient goes through that.
LAYERS = [param for param in {param.values[0]: param for param in ROWS}.values()
          if param.values[0] != "SpectralNormalization"]  # fmt: skip


@pytest.mark.parametrize(("name", "row"), LAYERS)
def test_a_tape_gives_the_compiled_gradients_of_a_layer(name, row):
    layer = built(name, row)
    arrays = drawn(row, 3)

    def slopes(*inputs):
        with GradientTape() as tape:
            watched = [x for x in inputs if is_float(str(x.dtype))]
            tape.watch(watched)
            outputs = tree.flatten(call(layer, row, list(inputs)))
            loss = ops.add(sum(ops.sum(ops.sin(x)) for x in outputs), sum(layer.losses, 0.0))
        return loss, tape.gradient(
            loss, [*watched, *layer.trainable_variables], unconnected_gradients="zero"
        )

    state = layer.get_weights()
    eager = slopes(*map(tensor.tensor, arrays))
    layer.set_weights(state)
    compiled = jit(slopes)(*arrays)
    for one, other in zip(tree.flatten(eager), tree.flatten(compiled), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)
