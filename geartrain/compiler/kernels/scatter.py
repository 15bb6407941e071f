"""The kernel of a scatter: rows added up at computed places."""

from __future__ import annotations

from collections.abc import Mapping

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.codegen.builder import Value
from geartrain.compiler.kernels.kernel import (
    BEGIN,
    END,
    Kernel,
    check_supported,
    lanes_for,
    start,
    vector_loop,
)
from geartrain.compiler.targets.target import Target
from geartrain.graph.node import Node
from geartrain.graph.shapes import apply, product

SCATTER_UNITS = 8  # parts of the rows that a scatter adds to: each walks all indices


def _renamed(node: Node, slots: Mapping[object, int]) -> Node:
    """The memory that a node is, seen through reshapes that keep it as it is."""
    while node not in slots:
        (node,) = node.sources
    return node


def scatter_kernel(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target
) -> Kernel:
    """Rows added up at computed places.

    Each unit of work owns some rows of the result: it clears them, then walks all indices in order
    and adds the rows that are its own. So the order of every sum is fixed.
    """
    core = fused.core
    assert core is not None
    check_supported(fused)
    indices, rows = (_renamed(source, slots) for source in core.sources)
    b, pointers = start(name, slots, [indices, rows, core])
    places, source, result = (pointers[node] for node in (indices, rows, core))
    lanes = lanes_for(target, core.dtype)
    count, width = core.extents[0], product(core.extents[1:])
    size, zero = b.index(width), b.constant(0, "int64")
    part = b.index(apply("ceildiv", count, SCATTER_UNITS))
    last_row = b.sub(b.index(count), b.constant(1, "int64"))

    def unit(u: Value, _: list[Value]) -> None:
        low = b.mul(u, part)
        high = b.minimum(b.add(low, part), b.index(count))

        def clear(at: Value, mask: Value | None, _: list[Value]) -> None:
            nothing = b.splat(b.constant(0, core.dtype), lanes)
            b.store(nothing, b.pointer(result, at, core.dtype), mask)

        vector_loop(b, b.mul(low, size), b.mul(high, size), lanes, clear)

        def one(i: Value, _: list[Value]) -> None:
            row = b.convert(b.load(b.pointer(places, i, indices.dtype), indices.dtype), "int64")
            b.report_outside(row, b.index(count))
            row = b.maximum(b.minimum(row, last_row), zero)
            own = b.bits("and", b.compare("ge", row, low), b.compare("lt", row, high))
            inside, done = b.label_name(), b.label_name()
            b.branch(own, inside, done)
            b.label(inside)
            target_row, source_row = b.mul(row, size), b.mul(i, size)

            def add(at: Value, mask: Value | None, _: list[Value]) -> None:
                place = b.pointer(result, b.add(target_row, at), core.dtype)
                more = b.pointer(source, b.add(source_row, at), core.dtype)
                old = b.load(place, core.dtype, lanes, mask)
                b.store(b.add(old, b.load(more, core.dtype, lanes, mask)), place, mask)

            vector_loop(b, zero, size, lanes, add)
            b.jump(done)
            b.label(done)

        b.loop(zero, b.index(product(indices.extents)), 1, one)

    b.loop(BEGIN, END, 1, unit)
    b.finish()
    work = product(rows.extents) + product(indices.extents) * SCATTER_UNITS + product(core.extents)
    return Kernel(name, [core], "scatter", [b], SCATTER_UNITS, work)
