"""The kernel of maps and views: each element computed on its own, vectors along the last axis."""

from __future__ import annotations

from collections.abc import Mapping

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.index_maps import variables
from geartrain.compiler.codegen.builder import Value
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import (
    Kernel,
    Loops,
    check_supported,
    lane_axis,
    lanes_for,
    start,
    store_all,
    vector_loop,
)
from geartrain.compiler.targets.target import Target
from geartrain.graph.shapes import product


def map_kernel(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target
) -> Kernel:
    """The kernel of values that are computed element by element."""
    check_supported(fused)
    nodes, reads = fused.nodes, fused.reads
    b, pointers = start(name, slots, [*reads, *nodes])
    shape = nodes[0].extents
    lane = lane_axis(shape)
    dtypes = [one.dtype for one in (*nodes, *reads)]
    lanes = lanes_for(target, *dtypes) if lane is not None else 1
    loops = Loops(b, shape, lane)
    index = variables(shape)
    sources = {read: pointers[read] for read in reads}

    def run(outer: dict[str, Value], first: Value, last: Value) -> None:
        def vector(i: Value, mask: Value | None, _: list[Value]) -> None:
            found = {**outer, f"i{lane}": i}
            expression = Expression(b, sources, found, f"i{lane}", lanes, mask)
            store_all(expression, nodes, index, pointers)

        if lane is None:
            vector(first, None, [])
        else:
            vector_loop(b, first, last, lanes, vector)

    loops.run(run)
    b.finish()
    return Kernel(name, nodes, "map", [b], loops.units, product(shape))
