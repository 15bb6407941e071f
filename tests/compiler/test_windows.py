"""Compiled convolutions and pooling, with their gradients, are what the NumPy reference says."""

from __future__ import annotations

import numpy as np
import pytest

from geartrain import ops
from geartrain.compiler.targets.target import host
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH, resolve
from geartrain.ops.rules import gradients
from geartrain.runtime.executable import Executable

pytest.importorskip("llvmlite")

BATCHES = (5, 1, 0, 37)


def layer(x, kernel, bias):
    """A convolution as a network has it."""
    return ops.max_pool(ops.relu(ops.conv(x, kernel) + bias), 2)


def depthwise(**how):
    return lambda x, k: ops.depthwise_conv(x, k, **how)


# name: (function, shapes of the inputs); all without a matrix product
DEPTHWISE = {
    "valid": (depthwise(), (BATCH, 7, 6, 24), (3, 3, 24, 1)),
    "same": (depthwise(padding="same"), (BATCH, 7, 6, 24), (3, 2, 24, 1)),
    "strides": (depthwise(strides=2, padding="same"), (BATCH, 7, 6, 19), (3, 3, 19, 1)),
    "dilated": (depthwise(dilation_rate=2), (BATCH, 9, 8, 16), (3, 3, 16, 1)),
    "two filters a channel": (depthwise(), (BATCH, 7, 6, 16), (3, 3, 16, 2)),
    "one dimension": (depthwise(padding="same"), (BATCH, 20, 8), (5, 8, 1)),
    "three dimensions": (depthwise(), (BATCH, 4, 5, 4, 8), (2, 2, 2, 8, 1)),
    "large windows": (depthwise(padding="same"), (BATCH, 8, 9, 16), (7, 7, 16, 1)),
    "channels first": (depthwise(data_format="channels_first"), (BATCH, 8, 7, 6), (3, 3, 8, 1)),
    "groups of one": (ops.conv, (BATCH, 7, 6, 16), (3, 3, 1, 16)),
}  # fmt: skip

# name: (function, shapes of the inputs)
FUNCTIONS = {
    "first layer": (layer, (BATCH, 28, 28, 1), (3, 3, 1, 32), (32,)),
    "second layer": (layer, (BATCH, 13, 13, 32), (3, 3, 32, 40), (40,)),
    "large inputs": (ops.conv, (BATCH, 33, 33, 16), (3, 3, 16, 24)),
    "one row of a window in a tile": (ops.conv, (BATCH, 9, 9, 2), (3, 3, 2, 5)),
    "dilated": (lambda x, k: ops.conv(x, k, dilation_rate=2), (BATCH, 9, 9, 3), (3, 3, 3, 5)),
    "strides": (lambda x, k: ops.conv(x, k, strides=2), (BATCH, 9, 8, 3), (3, 3, 3, 17)),
    "same": (lambda x, k: ops.conv(x, k, padding="same"), (BATCH, 7, 6, 3), (3, 4, 3, 17)),
    "one dimension": (ops.conv, (BATCH, 50, 8), (5, 8, 16)),
    "three dimensions": (ops.conv, (BATCH, 6, 7, 5, 3), (3, 3, 3, 3, 18)),
    "channels first": (
        lambda x, k: ops.conv(x, k, data_format="channels_first"),
        (BATCH, 3, 7, 6), (3, 3, 3, 17),
    ),
    "groups": (ops.conv, (BATCH, 7, 6, 6), (3, 3, 2, 9)),
    "depthwise, few channels": (ops.depthwise_conv, (BATCH, 7, 6, 6), (3, 3, 6, 2)),
    "depthwise, many filters": (ops.depthwise_conv, (BATCH, 7, 6, 16), (3, 3, 16, 3)),
    **{f"depthwise, {name}": row for name, row in DEPTHWISE.items()},
    "transposed": (
        lambda x, k: ops.conv_transpose(x, k, strides=2),
        (BATCH, 5, 4, 6), (3, 3, 7, 6),
    ),
}  # fmt: skip

POOLING = {
    "side by side": (lambda x: ops.max_pool(x, 2), (BATCH, 8, 6, 20)),
    "with a rest": (lambda x: ops.max_pool(x, 2), (BATCH, 7, 5, 3)),
    "unequal sizes": (lambda x: ops.max_pool(x, (2, 3)), (BATCH, 7, 7, 17)),
    "over each other": (lambda x: ops.max_pool(x, 3, strides=2), (BATCH, 7, 8, 5)),
    "step by step": (lambda x: ops.max_pool(x, 2, strides=1), (BATCH, 4, 5, 3)),
    "with gaps": (lambda x: ops.max_pool(x, 2, strides=3), (BATCH, 8, 7, 3)),
    "same": (lambda x: ops.max_pool(x, 3, strides=2, padding="same"), (BATCH, 7, 8, 5)),
    "same, side by side": (lambda x: ops.max_pool(x, 2, padding="same"), (BATCH, 7, 8, 5)),
    "large windows": (lambda x: ops.max_pool(x, 7), (BATCH, 15, 14, 5)),
    "one dimension": (lambda x: ops.max_pool(x, 5), (BATCH, 17, 5)),
    "three dimensions": (lambda x: ops.max_pool(x, 2), (BATCH, 5, 4, 6, 3)),
    "channels first": (
        lambda x: ops.max_pool(x, 2, data_format="channels_first"),
        (BATCH, 3, 8, 7),
    ),
    "mean": (lambda x: ops.average_pool(x, 2), (BATCH, 7, 6, 3)),
    "mean, over each other": (lambda x: ops.average_pool(x, 3, strides=2), (BATCH, 7, 6, 3)),
    "mean, same": (lambda x: ops.average_pool(x, 3, padding="same"), (BATCH, 7, 6, 3)),
    "relu, and a sum of all": (
        lambda x: ops.sum(ops.max_pool(ops.relu(x), 2), axis=(1, 2)),
        (BATCH, 6, 6, 20),
    ),
    "twice, then a vector": (
        lambda x: ops.reshape(ops.max_pool(ops.max_pool(x, 2), 2), (-1, 3 * 2 * 5)),
        (BATCH, 13, 9, 5),
    ),
}  # fmt: skip


def graph(function, shapes):
    """The inputs; the result, and the gradients of its weighted sum."""
    inputs = [placeholder(shape, "float32", f"x{n}") for n, shape in enumerate(shapes)]
    result = function(*inputs)
    seed = placeholder(result.extents, "float32", "seed")
    slopes = gradients([result], inputs, [seed])
    return [*inputs, seed], [result, *slopes]


def arrays(inputs, batch, random, round_to=None):
    """Random numbers for each input, of few different values if they are rounded."""
    found = [random.normal(size=resolve(node.extents, batch)).astype("float32") for node in inputs]
    return found if round_to is None else [np.round(one / round_to) * round_to for one in found]


def compare(inputs, outputs, given, batch):
    program, plan = Executable(outputs, {}, host()), Plan(outputs)
    for values in given:
        named = {node.leaf: array for node, array in zip(inputs, values, strict=True)}
        expected, found = plan.run(named, batch), program.run(named, batch)
        for one, other in zip(found, expected, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            scale = max(1.0, np.abs(other[np.isfinite(other)]).max(initial=0))
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=3e-6 * scale)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_convolutions_and_their_gradients(name, batch):
    function, *shapes = FUNCTIONS[name]
    inputs, outputs = graph(function, shapes)
    compare(inputs, outputs, [arrays(inputs, batch, np.random.default_rng(0))], batch)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", POOLING)
def test_compiled_pooling_and_its_gradient(name, batch):
    function, shape = POOLING[name]
    inputs, outputs = graph(function, [shape])
    random = np.random.default_rng(0)
    plain, ties = arrays(inputs, batch, random), arrays(inputs, batch, random, round_to=1.0)
    special = arrays(inputs, batch, random)
    special[0].flat[:: max(1, special[0].size // 40)] = np.nan
    special[0].flat[1 :: max(1, special[0].size // 40)] = -np.inf
    compare(inputs, outputs, [plain, ties, special], batch)


def test_pooling_and_its_gradient_are_one_kernel_each():
    _, outputs = graph(lambda x: ops.max_pool(ops.relu(x), 2), [(BATCH, 11, 10, 32)])
    (kernels,) = Executable(outputs, {}, host()).assembly.steps
    assert [kernel.kind for kernel in kernels] == ["map", "map"]


@pytest.mark.parametrize("name", DEPTHWISE)
def test_depthwise_convolutions_and_their_gradients_are_no_products_of_matrices(name):
    function, *shapes = DEPTHWISE[name]
    for output in graph(function, shapes)[1]:
        (kernels,) = Executable([output], {}, host()).assembly.steps
        assert not [kernel.kind for kernel in kernels if "contraction" in kernel.kind]


@pytest.mark.parametrize("name", ["depthwise, few channels", "depthwise, many filters"])
def test_where_elements_are_used_again_products_of_matrices_stay(name):
    function, *shapes = FUNCTIONS[name]
    (kernels,) = Executable(graph(function, shapes)[1][:1], {}, host()).assembly.steps
    assert "contraction" in [kernel.kind for kernel in kernels]


def test_the_gradient_of_a_large_convolutions_kernel_is_computed_in_parts():
    _, (*_, slope) = graph(ops.conv, [(BATCH, 33, 33, 16), (3, 3, 16, 24)])
    (kernels,) = Executable([slope], {}, host()).assembly.steps
    assert [kernel.kind for kernel in kernels] == ["contraction in parts", "reduce"]
