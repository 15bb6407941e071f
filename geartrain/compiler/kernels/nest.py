"""The one writer of loop nests: maps, reductions and cumulative ones; see `loops/grammar.py`.

Loops by units of work are the kernel's own range; loops in vectors do whole vectors, then one with
the lanes left over masked. A fold in vectors combines lanes at its end. Narrow floats are folded in
float32, and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping

from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.codegen.builder import Value
from geartrain.compiler.codegen.values import summed_in
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import (
    BEGIN,
    END,
    Kernel,
    Loops,
    address,
    lanes_for,
    start,
    store_all,
    vector_loop,
    whole_steps,
)
from geartrain.compiler.loops.grammar import PART, At, By, Loop, Nest, Product
from geartrain.compiler.targets.target import Target
from geartrain.graph.affine import offset_of
from geartrain.graph.node import Node
from geartrain.graph.shapes import Extent, apply, product

Places = list[dict[str, Value]]


def nest_kernel(
    name: str, nest: Nest, fused: FusionGroup, slots: Mapping[object, int], target: Target,
    workspace: int | None = None,
) -> Kernel:  # fmt: skip
    """The kernel of a nest; parts of a fold are in the workspace, before or after."""
    return NestWriter(name, nest, fused, slots, target, workspace).kernel()


class NestWriter:
    """Writes the function of one nest.

    Args:
        name: the function's name.
        nest: what it does.
        fused: the group it is made of, for what is read.
        slots: the places of nodes in the table of addresses.
        target: the CPU.
        workspace: the place of the memory for parts, if there are any.
    """

    def __init__(
        self, name: str, nest: Nest, fused: FusionGroup, slots: Mapping[object, int],
        target: Target, workspace: int | None = None,
    ) -> None:  # fmt: skip
        self.name, self.nest, self.fold, self.slot = name, nest, nest.fold, workspace
        self.partial = nest.stores[0].part
        self.nodes = [] if self.partial else [store.node for store in nest.stores]
        self.index = nest.stores[0].index
        self.b, self.pointers = start(name, slots, [*fused.reads, *self.nodes])
        self.sources = {read: self.pointers[read] for read in fused.reads}
        if workspace is not None:
            self.parts = address(self.b, workspace)
        dtypes = [one.dtype for one in (*fused.members(), *fused.nodes, *fused.reads)]
        folded = self.fold.loops if self.fold is not None else ()
        self.part = PART if nest.loops and nest.loops[0].variable == PART else None
        self.outer = nest.loops[1:] if self.part else nest.loops
        lane = next((one for one in (*self.outer, *folded) if one.by is By.VECTORS), None)
        self.lane, self.across = lane, lane in folded  # across: lanes are combined at the end
        self.lanes = lanes_for(target, *dtypes) if lane is not None else 1
        self.loops = Loops(self.b, self.outer)
        if self.fold is not None:
            core = self.fold.core
            self.core, self.lower = core, core.op.lower  # type: ignore[union-attr]
            # a cumulative total is stored at each step: it is rounded there
            self.dtype = core.dtype if self.fold.cumulative else summed_in(core.dtype)
            self.neutral = self.b.constant(self.lower.identity(core.dtype), self.dtype)  # type: ignore[union-attr]

    def kernel(self) -> Kernel:
        """Write it."""
        b, work = self.b, self.nest.work
        if self.part is None:
            self.loops.run(self._run)
            b.finish()
            kind = "map" if self.fold is None else "reduce"
            kind = "cumulative" if self.fold is not None and self.fold.cumulative else kind
            made = Kernel(self.name, self.nodes, kind, [b], self.loops.units, work)
            made.nest = self.nest
            return made
        parts = self.nest.loops[0].extent
        zero, units = b.constant(0, "int64"), b.index(self.loops.units)

        def part(number: Value, _: list[Value]) -> None:
            def run(outer: dict[str, Value], first: Value, last: Value) -> None:
                self._run({**outer, PART: number}, first, last)

            self.loops.run(run, zero, units)

        b.loop(BEGIN, END, 1, part)
        b.finish()
        assert self.slot is not None
        size: Extent = product(self.core.extents) * parts
        memory = [(self.slot, size, self.dtype)]
        made = Kernel(self.name, [], "reduce in parts", [b], parts, work, memory)
        made.nest = self.nest
        return made

    def _run(self, outer: dict[str, Value], first: Value, last: Value) -> None:
        """All results of one run along the axis in vectors."""
        b, lane = self.b, self.lane
        if lane is None or self.across:
            self._results([dict(outer)], None)
            return

        def several(starts: list[Value], mask: Value | None = None) -> None:
            self._results([{**outer, lane.variable: start} for start in starts], mask)

        def unrolled(i: Value, _: list[Value]) -> None:
            steps = (b.constant(n * self.lanes, "int64") for n in range(lane.unroll))
            several([b.add(i, one) for one in steps])

        if lane.unroll > 1:
            step = lane.unroll * self.lanes
            whole = whole_steps(b, first, last, step)
            if whole.name != first.name:
                b.loop(first, whole, step, unrolled)
            first = whole
        vector_loop(b, first, last, self.lanes, lambda i, mask, _: several([i], mask))

    def _results(self, places: Places, mask: Value | None) -> None:
        """What is stored at some places, or vectors of places."""
        if self.fold is None:
            for loops in places:
                self._store(loops, {}, mask)
        elif self.fold.cumulative:
            for loops in places:
                self._running(loops, mask)
        else:
            for loops, total in zip(places, self._folded(places, mask), strict=True):
                if self.partial:
                    self._store_part(loops, total, mask)
                else:
                    self._store(loops, {self.core: self.b.convert(total, self.core.dtype)}, mask)

    def _at(
        self, loops: dict[str, Value], mask: Value | None, known: dict[Node, Value] | None = None,
        lanes: int | None = None,
    ) -> Expression:  # fmt: skip
        """Values at a place."""
        lane = self.lane.variable if self.lane is not None else None
        lanes = self.lanes if lanes is None else lanes
        return Expression(self.b, self.sources, loops, lane, lanes, mask, known)

    def _store(self, loops: dict[str, Value], known: dict[Node, Value], mask: Value | None) -> None:
        lanes = next((total.lanes for total in known.values()), None)
        store_all(self._at(loops, mask, known, lanes), self.nodes, self.index, self.pointers)

    def _store_part(self, loops: dict[str, Value], total: Value, mask: Value | None) -> None:
        b, extents = self.b, self.core.extents
        place = b.affine(offset_of(self.index, extents), loops)
        place = b.add(b.mul(loops[PART], b.index(product(extents))), place)
        b.store(total, b.pointer(self.parts, place, self.dtype), mask)

    # -- folds ------------------------------------------------------------------------------------

    def _bounds(self, loop: Loop, loops: dict[str, Value]) -> tuple[Value, Value]:
        """From where to where a loop goes."""
        b = self.b
        size = b.index(loop.extent)
        if not loop.parts:
            return b.constant(0, "int64"), size
        chunk = b.index(apply("ceildiv", loop.extent, loop.parts))
        low = b.minimum(b.mul(loops[PART], chunk), size)
        return low, b.minimum(b.add(low, chunk), size)

    def _folded(self, places: Places, mask: Value | None) -> list[Value]:
        """The totals at some places."""
        assert self.fold is not None
        b, combine = self.b, self.lower.combine  # type: ignore[union-attr]
        inner = [loop for loop in self.fold.loops if loop is not self.lane]

        def nest(depth: int, totals: list[Value], loops: dict[str, Value]) -> list[Value]:
            if depth < len(inner):
                loop = inner[depth]

                def iteration(j: Value, inside: list[Value]) -> list[Value]:
                    return nest(depth + 1, inside, {**loops, loop.variable: j})

                return b.loop(*self._bounds(loop, places[0]), 1, iteration, totals)
            if self.across:
                lane = self.lane
                assert lane is not None

                def across(j: Value, inside: Value | None, total: list[Value]) -> list[Value]:
                    found = {**places[0], **loops, lane.variable: j}
                    return [self._combined(found, inside, total[0])]

                return vector_loop(b, *self._bounds(lane, places[0]), self.lanes, across, totals)
            return [
                self._combined({**place, **loops}, mask, total)
                for place, total in zip(places, totals, strict=True)
            ]

        results = nest(0, [b.splat(self.neutral, self.lanes)] * len(places), {})
        return [b.reduce(one, combine) for one in results] if self.across else results

    def _combined(self, loops: dict[str, Value], mask: Value | None, total: Value) -> Value:
        """The total with one more element (or vector of them)."""
        assert self.fold is not None
        b, element = self.b, self.fold.element
        at = self._at(dict(loops), mask)
        if isinstance(element, Product):
            left, right = (self._element(at, one) for one in (element.left, element.right))
            value = b.mul(b.convert(left, self.dtype), b.convert(right, self.dtype))
        else:
            value = self._element(at, element)
        if self.dtype != self.core.dtype:
            value = b.convert(value, self.dtype)
        value = b.splat(value, total.lanes)
        if mask is not None and self.across:
            value = b.select(mask, value, b.splat(self.neutral, value.lanes))
        result: Value = self.lower.combine(b, total, value)  # type: ignore[union-attr]
        return result

    def _element(self, at: Expression, element: At) -> Value:
        if not element.part:
            return at.value(element.node, element.index)
        at.pointers = {**at.pointers, element.node: self.parts}
        extents = (self._part_count(), *element.node.extents)
        return at.load(element.node, offset_of(element.index, extents), self.dtype)

    def _part_count(self) -> Extent:
        """How many parts there are in the workspace, of what folds them together."""
        assert self.fold is not None
        return self.fold.loops[0].extent if self.fold.loops else 1

    def _running(self, loops: dict[str, Value], mask: Value | None) -> None:
        """Each element of a cumulative reduction, along its axis."""
        assert self.fold is not None and isinstance(self.fold.element, At)
        b, (loop,), element = self.b, self.fold.loops, self.fold.element

        def step(j: Value, total: list[Value]) -> list[Value]:
            at = self._at({**loops, loop.variable: j}, mask)
            value = b.splat(at.value(element.node, element.index), self.lanes)
            at.known[self.core] = self.lower.combine(b, total[0], value)  # type: ignore[union-attr]
            store_all(at, self.nodes, self.index, self.pointers)
            return [at.known[self.core]]

        zero = b.splat(self.neutral, self.lanes)
        b.loop(b.constant(0, "int64"), b.index(loop.extent), 1, step, [zero])
