"""What things cost, for all who decide by it: fusing, cutting into units of work, launching."""

from __future__ import annotations

import functools
from typing import Any

from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.graph.node import Node
from geartrain.graph.op import Lookup, Map, Reduce, read_sources
from geartrain.graph.shapes import Extent, product, resolve

USUAL_BATCH = 128  # the batch size for which kernels are judged
SMALL = 50_000  # scalar operations that are not worth sharing among threads
FEW_UNITS = 4  # fewer units of work than this are too few
CHEAP = 2  # maps that are computed again rather than kept
FEW = 8  # instructions of a map that count as one operation


def few_units(units: Extent, work: Extent) -> bool:
    """Whether a kernel has much work in few units."""
    few = int(resolve(units, USUAL_BATCH)) < FEW_UNITS
    return few and int(resolve(work, USUAL_BATCH)) > SMALL


def cost_of(node: Node, cost: dict[Node, int]) -> int:
    """About how many operations an element takes, from what is in memory."""
    assert node.op is not None
    below = sum(cost[source] for source in read_sources(node))
    if isinstance(node.op.lower, Reduce):
        sizes = [node.sources[0].extents[axis] for axis in node.params["axes"]]
        return int(product(sizes)) * (1 + below)  # type: ignore[arg-type]
    if isinstance(node.op.lower, Lookup):
        return node.op.lower.cost + below
    if not isinstance(node.op.lower, Map):
        return below
    dtypes = tuple(source.dtype for source in node.sources)
    return below + _map_cost(node.op.lower, dtypes, tuple(sorted(node.params.items())))


@functools.cache
def _map_cost(lower: Map, dtypes: tuple[str, ...], params: tuple[tuple[str, Any], ...]) -> int:
    """Counted in what it writes: 1 for a few instructions, more for a polynomial, 0 for none."""
    if lower.emit is None:
        return 1
    builder = Builder("cost", ())
    values: list[Any] = [Value("%x", dtype) for dtype in dtypes]
    if lower.indexed:
        values.insert(0, lambda axis: Value("%x", "int64"))
    lower.emit(builder, *values, **dict(params))
    return 1 + len(builder.lines) // FEW if builder.lines else 0
