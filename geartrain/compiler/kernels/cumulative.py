"""The kernel of cumulative reductions: each element combined with all before it along an axis.

    total = 0
    for j in range(n):
        total += x[i, j];  y[i, j] = total

Vectors run along the last axis, unless that is the one that is reduced along.
"""

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
from geartrain.graph.op import Cumulative
from geartrain.graph.shapes import product


def cumulative_kernel(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target
) -> Kernel:
    """The kernel of a cumulative reduction of one tensor."""
    core = fused.core
    assert core is not None and core.op is not None and isinstance(core.op.lower, Cumulative)
    check_supported(fused)
    combine, (source,), axis = core.op.lower.combine, core.sources, core.params["axis"]
    b, pointers = start(name, slots, [*fused.reads, core])
    sources = {read: pointers[read] for read in fused.reads}
    shape = tuple(1 if n == axis else size for n, size in enumerate(core.extents))
    lane = lane_axis(core.extents)
    lane = None if lane == axis else lane
    dtypes = [one.dtype for one in (core, *fused.reads)]
    lanes = lanes_for(target, *dtypes) if lane is not None else 1
    loops, index = Loops(b, shape, lane), variables(core.extents)
    zero = b.splat(b.constant(core.op.lower.identity(core.dtype), core.dtype), lanes)

    def run(outer: dict[str, Value], first: Value, last: Value) -> None:
        def vector(i: Value | None, mask: Value | None, _: list[Value]) -> None:
            here = dict(outer) if i is None else {**outer, f"i{lane}": i}

            def step(j: Value, total: list[Value]) -> list[Value]:
                found = {**here, f"i{axis}": j}
                at = Expression(b, sources, found, f"i{lane}", lanes, mask)
                value = b.splat(at.value(source, index), lanes)
                at.known[core] = combine(b, total[0], value)
                store_all(at, [core], index, pointers)
                return [at.known[core]]

            b.loop(b.constant(0, "int64"), b.index(core.extents[axis]), 1, step, [zero])

        if lane is None:
            vector(None, None, [])
        else:
            vector_loop(b, first, last, lanes, vector)

    loops.run(run)
    b.finish()
    return Kernel(name, [core], "cumulative", [b], loops.units, product(core.extents))
