"""The row-wise kernel: several reductions of one row, and the maps between them, while it is near.

    for each row:  m = max of x[j];  e[j] = exp(x[j] - m), s = sum of e[j];  y[j] = e[j] / s

The steps are done in passes over the row, as few as the reductions allow: all that needs the same
reductions is done in one. A short row is a few vectors that stay in registers from the first pass
to the last. A long one is walked anew in each pass; what a pass needs of an earlier one is kept in
memory that holds a single row, or where it is stored anyway. Narrow floats are reduced in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from geartrain.compiler.analysis.groups import FusionGroup, Rows, walk_index
from geartrain.compiler.analysis.nests import loops_over
from geartrain.compiler.codegen.builder import BYTES, Value
from geartrain.compiler.codegen.values import summed_in
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import (
    BEGIN,
    END,
    Kernel,
    Loops,
    address,
    check_supported,
    lanes_for,
    start,
    vector_loop,
    whole_steps,
)
from geartrain.compiler.targets.target import Target
from geartrain.graph.affine import Affine, offset_of
from geartrain.graph.node import Node
from geartrain.graph.op import Reduce, read_sources
from geartrain.graph.shapes import Extent, product

SHORT = 8  # vectors of a row that is held in registers
KEPT = 32_768  # bytes of a row's values that are kept on the stack, between passes
SUMS = 4  # independent totals of a long row's reduction

Walk = Callable[[list[Node], list[Value], dict[Node, Value]], list[Value]]


def row_kernel(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int],
) -> Kernel:  # fmt: skip
    """The kernel of steps that work on the rows of one tensor."""
    check_supported(fused)
    return _RowKernel(name, fused, slots, target).kernel(new_slot)


class _InRow(Expression):
    """Values inside a row; memory that holds a single row is read by the place in the row alone."""

    near: Collection[Node] = ()

    def load(self, node: Node, offset: Affine, dtype: str = "") -> Value:
        if node in self.near:
            assert self.lane is not None
            offset = Affine.variable(self.lane)
        return super().load(node, offset, dtype)


class _RowKernel:
    def __init__(
        self, name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target
    ) -> None:
        assert fused.rows is not None
        self.name, self.fused, self.rows = name, fused, fused.rows
        self.b, self.pointers = start(name, slots, [*fused.reads, *fused.nodes])
        self.sources = {read: self.pointers[read] for read in fused.reads}
        self.near: set[Node] = set()
        self.workspace: list[tuple[int, Extent, str]] = []
        self.lanes = lanes_for(target, *(one.dtype for one in (*fused.reads, *self.rows.steps)))
        self.lane = f"i{len(self.rows.outer)}"
        self.passes, self.kept = _passes_of(self.rows)

    def kernel(self, new_slot: Callable[[], int]) -> Kernel:
        """Write it."""
        b, outer, size = self.b, self.rows.outer, self.rows.size
        row = self._short_row
        if not isinstance(size, int) or size > SHORT * self.lanes:
            row = self._long_row
            for node in self.kept:
                self._keep(node, new_slot)
        if outer:
            Loops(b, loops_over((*outer, size), len(outer))).run(lambda found, *_: row(dict(found)))
        else:
            b.loop(BEGIN, END, 1, lambda i, _: row({}))
        b.finish()
        units = outer[0] if outer else 1
        work = product((*outer, size)) * len(self.rows.steps)
        return Kernel(self.name, self.fused.nodes, "rows", [b], units, work, self.workspace)

    def _keep(self, node: Node, new_slot: Callable[[], int]) -> None:
        """Memory for what one pass leaves to a later one."""
        if node in self.pointers:
            return
        size = self.rows.size
        near = sum(BYTES[one.dtype] for one in (node, *self.near))
        if isinstance(size, int) and size * near <= KEPT:
            self.pointers[node] = self.b.room(size * BYTES[node.dtype])
            self.near.add(node)
        else:
            slot = new_slot()
            self.workspace.append((slot, product(node.extents), node.dtype))
            self.pointers[node] = address(self.b, slot)

    # -- one row ----------------------------------------------------------------------------------

    def _short_row(self, outer: dict[str, Value]) -> None:
        b, size, lanes = self.b, self.rows.size, self.lanes
        assert isinstance(size, int)
        places: list[_InRow] = []
        for first in range(0, size, lanes):
            mask = None
            if first + lanes > size:
                mask = b.compare("lt", b.lane_numbers(lanes), b.constant(size - first, "int64"))
            places.append(self._at(outer, {}, b.constant(first, "int64"), mask))

        def walk(nodes: list[Node], totals: list[Value], known: dict[Node, Value]) -> list[Value]:
            for at in places:
                at.known.update(known)
                totals = self._vector(at, nodes, totals)
            return totals

        self._passes(outer, walk)

    def _long_row(self, outer: dict[str, Value]) -> None:
        b, lanes = self.b, self.lanes
        size, zero = b.index(self.rows.size), b.constant(0, "int64")

        def walk(nodes: list[Node], totals: list[Value], known: dict[Node, Value]) -> list[Value]:
            def vector(i: Value, mask: Value | None, inside: list[Value]) -> list[Value]:
                return self._vector(self._at(outer, known, i, mask), nodes, inside)

            if not totals:
                return vector_loop(b, zero, size, lanes, vector)
            count, step = len(totals), SUMS * lanes

            def several(i: Value, inside: list[Value]) -> list[Value]:
                found: list[Value] = []
                for part in range(SUMS):
                    place = b.add(i, b.constant(part * lanes, "int64"))
                    found += vector(place, None, inside[part * count : (part + 1) * count])
                return found

            whole = whole_steps(b, zero, size, step)
            parts = b.loop(zero, whole, step, several, totals * SUMS)
            reductions = [node for node in nodes if self.rows.reduces(node)]
            totals = [
                self._together(reduction, parts[n::count]) for n, reduction in enumerate(reductions)
            ]
            return vector_loop(b, whole, size, lanes, vector, totals)

        self._passes(outer, walk)

    def _passes(self, outer: dict[str, Value], walk: Walk) -> None:
        """The steps of one row: `walk(nodes, totals, known)` handles what a pass computes."""
        known: dict[Node, Value] = {}
        for singles, nodes in self.passes:
            for node in singles:
                at = Expression(self.b, self.sources, outer, known=known)
                known[node] = at.value(node, walk_index(node.extents))
                self._store(at, node, known[node])
            reductions = [node for node in nodes if self.rows.reduces(node)]
            totals = walk(nodes, [self._identity(reduction) for reduction in reductions], known)
            done = [node for node in nodes if node in self.kept and node in self.pointers]
            self.sources |= {node: self.pointers[node] for node in done}
            for reduction, total in zip(reductions, totals, strict=True):
                total = self.b.reduce(total, _lower(reduction).combine)
                known[reduction] = self.b.convert(total, reduction.dtype)
                self._store(Expression(self.b, {}, outer), reduction, known[reduction])

    def _at(
        self, outer: dict[str, Value], known: dict[Node, Value], first: Value, mask: Value | None
    ) -> _InRow:
        """The vector of a row that begins at `first`."""
        found = {**outer, self.lane: first}
        at = _InRow(self.b, self.sources, found, self.lane, self.lanes, mask, known)
        at.near = self.near
        return at

    def _vector(self, at: _InRow, nodes: list[Node], totals: list[Value]) -> list[Value]:
        """One pass at one vector: its whole rows, and one more element of each reduction."""
        b, results, left = self.b, [], list(totals)
        for node in nodes:
            if not self.rows.reduces(node):
                at.known[node] = b.splat(at.value(node, walk_index(node.extents)), self.lanes)
                self._store(at, node, at.known[node])
                continue
            (source,), total = node.sources, left.pop(0)
            value = at.value(source, walk_index(source.extents))
            if total.dtype != node.dtype:
                value = b.convert(value, total.dtype)
            value = b.splat(value, self.lanes)
            if at.mask is not None:
                value = b.select(at.mask, value, self._identity(node))
            results.append(_lower(node).combine(b, total, value))
        return results

    def _together(self, reduction: Node, parts: list[Value]) -> Value:
        total, *others = parts
        for other in others:
            total = _lower(reduction).combine(self.b, total, other)
        return total

    def _identity(self, reduction: Node) -> Value:
        value = self.b.constant(
            _lower(reduction).identity(reduction.dtype), summed_in(reduction.dtype)
        )
        return self.b.splat(value, self.lanes)

    def _store(self, at: Expression, node: Node, value: Value) -> None:
        """To memory, if the node has any."""
        if node not in self.pointers or node in self.fused.reads:
            return
        offset = offset_of(walk_index(node.extents), node.extents)
        if node in self.near:
            offset = Affine.variable(self.lane)
        place = self.b.pointer(self.pointers[node], self.b.affine(offset, at.loops), node.dtype)
        self.b.store(value, place, at.mask)


def _lower(reduction: Node) -> Any:
    assert reduction.op is not None and isinstance(reduction.op.lower, Reduce)
    return reduction.op.lower


def _passes_of(rows: Rows) -> tuple[list[tuple[list[Node], list[Node]]], list[Node]]:
    """The steps by pass: the single values, then what the pass over the row computes.

    Also: the whole rows that a later pass needs.
    """
    pass_of: dict[Node, int] = {}
    kept: dict[Node, None] = {}
    for node in rows.steps:
        reached = _reached(node, pass_of)
        pass_of[node] = max((pass_of[one] + rows.reduces(one) for one in reached), default=0)
        for one in reached:
            if rows.whole(one) and pass_of[one] < pass_of[node]:
                kept[one] = None
    found: list[tuple[list[Node], list[Node]]] = [
        ([], []) for _ in range(max(pass_of.values()) + 1)
    ]
    for node, number in pass_of.items():
        found[number][rows.whole(node) or rows.reduces(node)].append(node)
    return found, list(kept)


def _reached(node: Node, steps: Collection[Node]) -> list[Node]:
    """The steps that a step is computed from, without others in between."""
    found: dict[Node, None] = {}
    stack, seen = list(read_sources(node)), set()
    while stack:
        one = stack.pop()
        if one in steps:
            found[one] = None
        elif one not in seen:
            seen.add(one)
            stack.extend(read_sources(one))
    return list(found)
