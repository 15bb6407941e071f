"""The primitive op of branches: of several graphs, the one that a number says is computed.

The results of a branch, of one dtype, are one flat tensor. Its gradient is a branch too, between
the gradients of the graphs. NumPy runs it, inside of compiled programs as well: the graph that is
not chosen costs nothing, and raises nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from geartrain.graph.dtypes import is_float, numpy_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node, placeholder, sorted_nodes
from geartrain.graph.op import Op, Opaque
from geartrain.graph.shapes import Extent, Spec
from geartrain.ops.bodies import batch_if_needed, flat_size, flattened, parted
from geartrain.ops.elementwise import constant_like
from geartrain.ops.rules import gradients


@dataclass(frozen=True, eq=False)
class Branches:
    """Graphs to choose from.

    Attributes:
        captured: placeholders of the values from outside, for all of them.
        outputs: for each graph its results; all of one dtype, and of the same shapes.
    """

    captured: tuple[Node, ...]
    outputs: tuple[tuple[Node, ...], ...]

    @cached_property
    def plans(self) -> list[Plan]:
        """How each graph is computed."""
        return [Plan(outputs) for outputs in self.outputs]


def _infer(index: Spec, *captured: Spec, branches: Branches, batch: Extent) -> Spec:
    outputs = branches.outputs[0]
    return Spec((flat_size(outputs),), outputs[0].dtype)


def _reference(
    index: np.ndarray, *arrays: np.ndarray, branches: Branches, batch: int
) -> np.ndarray:
    values = {node.leaf: array for node, array in zip(branches.captured, arrays, strict=True)}
    dtype = numpy_dtype(branches.outputs[0][0].dtype)
    return flattened(branches.plans[int(index)].run(values, batch), dtype)


def _grad(
    g: Node, y: Node, index: Node, *values: Node, branches: Branches, batch: Extent
) -> tuple[Any, ...]:
    """The gradient of the branch that was taken, with respect to each value from outside."""
    wrt = [node for node in branches.captured if is_float(node.dtype)]
    entering = placeholder(g.extents, g.dtype, "slope")
    slopes = []
    for outputs in branches.outputs:
        seeds = parted(entering, [node.extents for node in outputs])
        slopes.append(gradients(list(outputs), wrt, seeds))
    reached = [n for n in range(len(wrt)) if any(found[n] is not None for found in slopes)]
    groups = [
        [constant_like(wrt[n], 0.0) if found[n] is None else found[n] for n in reached]
        for found in slopes
    ]
    pairs = [*zip(branches.captured, values, strict=True), (entering, g)]
    passed = dict(zip((wrt[n] for n in reached), branch(index, pairs, groups), strict=True))
    return (None, *(passed.get(node) for node in branches.captured))


choose: Op = Op("choose", _infer, _reference, _grad, Opaque())


def branch(
    index: Any, pairs: Sequence[tuple[Node, Any]], groups: Sequence[Sequence[Any]]
) -> list[Any]:
    """The results of the graph that `index` says.

    Args:
        index: a scalar.
        pairs: of each value from outside its placeholder, and itself.
        groups: the results of each graph, alike in shapes and dtypes.

    Results of several dtypes come from several nodes, each with the graphs that it needs.
    """
    made: dict[int, Any] = {}
    dtypes = [node.dtype for node in groups[0]]
    for dtype in dict.fromkeys(dtypes):
        places = [place for place, one in enumerate(dtypes) if one == dtype]
        outputs = tuple(tuple(group[place] for place in places) for group in groups)
        used = set(sorted_nodes([node for group in outputs for node in group]))
        held = [(symbol, value) for symbol, value in pairs if symbol in used]
        body = Branches(tuple(symbol for symbol, _ in held), outputs)
        flat = choose.node(
            index, *(value for _, value in held), branches=body, batch=batch_if_needed(*outputs)
        )
        shapes = [groups[0][place].extents for place in places]
        made.update(zip(places, parted(flat, shapes), strict=True))
    return [made[place] for place in range(len(dtypes))]
