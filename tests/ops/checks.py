"""What the tests of ops share: running symbolically, finite differences, comparing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from geartrain import ops, tree
from geartrain.graph.dtypes import is_float
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node, placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops.rules import gradients

STEP = 1e-5
BOUND = 1e-6


def leaves_of(arrays: Sequence[np.ndarray], batch: int | None = None) -> list[Node]:
    """A placeholder for each array; axis 0 is the batch axis where its size is `batch`."""
    return [
        placeholder(
            (BATCH, *a.shape[1:]) if a.ndim and a.shape[0] == batch else a.shape, a.dtype.name
        )
        for a in arrays
    ]


def evaluate(
    outputs: Sequence[Node], leaves: Sequence[Node], arrays: Sequence[np.ndarray],
    batch: int | None = None,
) -> list[np.ndarray]:  # fmt: skip
    values = {leaf.leaf: array for leaf, array in zip(leaves, arrays, strict=True)}
    return Plan(outputs).run(values, batch)


def symbolic(function: Callable, arrays: Sequence[np.ndarray], batch: int | None = None) -> object:
    """The function traced with placeholders and run by a plan, in the form that it returns."""
    leaves = leaves_of(arrays, batch)
    result = function(*leaves)
    outputs = [Node.wrap(node) for node in tree.flatten(result)]
    return tree.pack_sequence_as(result, evaluate(outputs, leaves, arrays, batch))


def floats_of(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in nodes if is_float(node.dtype)]


def jacobians_agree(
    function: Callable[..., Node], arrays: Sequence[np.ndarray], order: int = 1
) -> None:
    """Compare the gradients of a scalar or tensor function, up to `order`, with differences.

    In float64, by central differences: the whole Jacobian for up to 64 inputs, else along three
    random directions.
    """
    arrays = [a.astype("float64") if a.dtype.kind == "f" else a for a in arrays]
    leaves = leaves_of(arrays)
    output = function(*leaves)
    random = np.random.default_rng(1)
    for _ in range(order):
        seed = placeholder(output.extents, output.dtype)
        wrt = floats_of(leaves)
        passed = gradients([output], wrt, [seed])
        inputs = [a for a in arrays if a.dtype.kind == "f"]
        for place, (leaf, gradient) in enumerate(zip(wrt, passed, strict=True)):
            one_jacobian_agrees(output, leaf, gradient, seed, leaves, arrays, inputs[place])
        flowing = [node for node in passed if node is not None]
        if not flowing:
            return
        # Next order: the gradient itself, its seed fixed at random, as a function of the inputs.
        value = random.normal(size=output.shape)
        weighted = [node * Node.wrap(random.normal(size=node.shape)) for node in flowing]
        output = total(weighted)
        leaves, arrays = [*leaves, seed], [*arrays, value]


def total(nodes: Sequence[Node]) -> Node:
    result = ops.sum(nodes[0])
    for node in nodes[1:]:
        result = result + ops.sum(node)
    return result


def one_jacobian_agrees(
    output: Node, leaf: Node, gradient: Node | None, seed: Node, leaves: Sequence[Node],
    arrays: Sequence[np.ndarray], at: np.ndarray,
) -> None:  # fmt: skip
    where = leaves.index(leaf)

    def value(moved: np.ndarray) -> np.ndarray:
        return evaluate([output], leaves, [*arrays[:where], moved, *arrays[where + 1 :]])[0]

    for direction in directions(at):
        slope = (value(at + STEP * direction) - value(at - STEP * direction)) / (2 * STEP)
        for cotangent in cotangents(slope):
            expected = np.sum(slope * cotangent)
            received = 0.0
            if gradient is not None:
                run = evaluate([gradient], [*leaves, seed], [*arrays, cotangent])[0]
                assert run.shape == at.shape
                assert run.dtype == at.dtype
                received = np.sum(run * direction)
            scale = max(1.0, abs(expected), np.abs(slope).max(initial=0.0))
            assert abs(received - expected) <= BOUND * scale, (leaf, received, expected)


def directions(at: np.ndarray) -> list[np.ndarray]:
    if at.size <= 64:
        return list(np.eye(at.size).reshape(at.size, *at.shape))
    random = np.random.default_rng(2)
    return [random.normal(size=at.shape) for _ in range(3)]


def cotangents(slope: np.ndarray) -> list[np.ndarray]:
    """Two weightings of the outputs, under which no error of one output cancels another's."""
    random = np.random.default_rng(3)
    return [random.normal(size=slope.shape) for _ in range(2)]
