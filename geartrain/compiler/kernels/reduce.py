"""Kernels of reductions: sums, maxima and the like, along some axes.

A reduction whose result has few elements would keep few threads busy. It is done in two steps: a
fixed number of parts of a reduced axis each on its own, then the parts together. Whether it is,
depends on shapes alone, so the order of every sum is always the same. Narrow floats are reduced in
float32, and rounded once, when the reduction is done.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from geartrain.compiler.analysis.cost import few_units
from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.index_maps import variables
from geartrain.compiler.codegen.builder import Value
from geartrain.compiler.codegen.values import summed_in
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import (
    BEGIN,
    END,
    Kernel,
    Loops,
    address,
    check_supported,
    lane_axis,
    lanes_for,
    start,
    store_all,
    vector_loop,
    whole_steps,
)
from geartrain.compiler.targets.target import Target
from geartrain.graph.affine import Index, offset_of
from geartrain.graph.op import Contraction, Reduce
from geartrain.graph.shapes import Extent, Shape, apply, product

PARTS = 8  # parts of a reduced axis, each reduced on its own
UNROLL = 4  # vectors of columns that are reduced at once: longer pieces of memory are read

Element = Callable[[Expression, Index], Value]


@dataclass
class Domain:
    """What a reduction loops over.

    Attributes:
        extents: the sizes of all axes.
        kept: for each axis of the result, its place in `extents`; the others are reduced.
        element: writes what is reduced, at an index into `extents`.
    """

    extents: Shape
    kept: tuple[int, ...]
    element: Element

    @property
    def reduced(self) -> list[int]:
        """The reduced axes that are longer than 1."""
        return [n for n, size in enumerate(self.extents) if n not in self.kept and size != 1]


def reduce_kernels(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], repeated: bool = False,
) -> list[Kernel]:  # fmt: skip
    """The kernels of a reduction along some axes of one tensor."""
    core = fused.core
    assert core is not None
    (source,) = core.sources
    kept = tuple(n for n in range(source.ndim) if n not in core.params["axes"])
    domain = Domain(source.extents, kept, lambda at, index: at.value(source, index))
    return kernels_over(name, fused, slots, target, new_slot, domain, repeated)


def kernels_over(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], domain: Domain, repeated: bool = False,
) -> list[Kernel]:  # fmt: skip
    """The kernels of a reduction: one, or one for the parts and one that joins them.

    What is repeated on one thread is not done in parts.
    """
    check_supported(fused)
    whole = _ReduceKernel(name, fused, slots, target, domain)
    if repeated or not whole.too_few():
        return [whole.kernel()]
    workspace = new_slot()
    parts = _ReduceKernel(f"{name}_parts", fused, slots, target, domain, parts_slot=workspace)
    return [parts.kernel(), join_parts(name, fused, slots, target, workspace)]


def join_parts(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target, workspace: int,
    parts: int = PARTS,
) -> Kernel:  # fmt: skip
    """The kernel that combines the parts, with what else the kernel of the reduction stores."""
    core = fused.core
    assert core is not None
    extents = (parts, *core.extents)

    def element(at: Expression, index: Index) -> Value:
        return at.load(core, offset_of(index, extents), summed_in(core.dtype))

    domain = Domain(extents, tuple(range(1, len(extents))), element)
    return _ReduceKernel(name, fused, slots, target, domain, joined_slot=workspace).kernel()


class _ReduceKernel:
    """One kernel of a reduction.

    Args:
        parts_slot: reduce each part of the first reduced axis on its own, into this workspace.
        joined_slot: the workspace that is reduced here, in place of the core's source.
    """

    def __init__(
        self, name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
        domain: Domain, parts_slot: int | None = None, joined_slot: int | None = None,
    ) -> None:  # fmt: skip
        core = fused.core
        assert core is not None and core.op is not None
        assert isinstance(core.op.lower, Reduce | Contraction)
        self.name, self.fused, self.core, self.domain = name, fused, core, domain
        self.combine, self.identity = core.op.lower.combine, core.op.lower.identity
        self.parts_slot = parts_slot
        self.nodes = fused.nodes if parts_slot is None else []
        self.b, self.pointers = start(name, slots, [*fused.reads, *self.nodes])
        self.sources = {read: self.pointers[read] for read in fused.reads}
        if joined_slot is not None:
            self.sources[core] = address(self.b, joined_slot)
        if parts_slot is not None:
            self.workspace = address(self.b, parts_slot)
        self.lane = lane_axis(domain.extents)
        dtypes = [one.dtype for one in (core, *fused.nodes, *fused.reads)]
        self.lanes = lanes_for(target, *dtypes) if self.lane is not None else 1
        self.across = self.lane in domain.reduced  # lanes are reduced together at the end
        self.dtype = summed_in(core.dtype)
        self.neutral = self.b.constant(self.identity(core.dtype), self.dtype)
        self.full = variables(domain.extents)
        self.index = tuple(self.full[axis] for axis in domain.kept)
        extents = enumerate(domain.extents)
        shape = tuple(size if axis in domain.kept else 1 for axis, size in extents)
        self.loops = Loops(self.b, shape, None if self.across else self.lane)

    def too_few(self) -> bool:
        """Whether the reduction has too few units of work, and an axis to cut into parts."""
        reduced = self.domain.reduced
        return bool(reduced) and few_units(self.loops.units, self.work())

    def work(self) -> Extent:
        """About how many operations there are."""
        return product(self.domain.extents)

    def kernel(self) -> Kernel:
        """Write it."""
        b = self.b
        if self.parts_slot is None:
            self.loops.run(self._run)
            b.finish()
            return Kernel(self.name, self.nodes, "reduce", [b], self.loops.units, self.work())
        zero, units = b.constant(0, "int64"), b.index(self.loops.units)

        def part(number: Value, _: list[Value]) -> None:
            self.loops.run(functools.partial(self._run, part=number), zero, units)

        b.loop(BEGIN, END, 1, part)
        b.finish()
        size = product(self.core.extents) * PARTS
        workspace = [(self.parts_slot, size, self.dtype)]
        return Kernel(self.name, [], "reduce in parts", [b], PARTS, self.work(), workspace)

    def _run(
        self, outer: dict[str, Value], first: Value, last: Value, part: Value | None = None
    ) -> None:
        """All results of one run along the lane axis."""

        b, lane, step = self.b, f"i{self.lane}", UNROLL * self.lanes

        def several(starts: list[Value], mask: Value | None = None) -> None:
            places = [{**outer, lane: start} for start in starts] or [dict(outer)]
            for found, result in zip(places, self._reduced(places, mask, part), strict=True):
                self._store(found, result, mask, part)

        def beside(i: Value, _: list[Value]) -> None:
            steps = (b.constant(n * self.lanes, "int64") for n in range(UNROLL))
            several([b.add(i, one) for one in steps])

        if self.across or self.lane is None:
            several([])
            return
        whole = whole_steps(b, first, last, step)
        if whole.name != first.name:
            b.loop(first, whole, step, beside)
        vector_loop(b, whole, last, self.lanes, lambda i, mask, _: several([i], mask))

    def _store(
        self, loops: dict[str, Value], result: Value, mask: Value | None, part: Value | None
    ) -> None:
        b, core = self.b, self.core
        if part is None:
            lane = f"i{self.lane}"
            known = {core: b.convert(result, core.dtype)}
            at = Expression(b, self.sources, loops, lane, result.lanes, mask, known)
            store_all(at, self.nodes, self.index, self.pointers)
            return
        place = b.affine(offset_of(self.index, core.extents), loops)
        place = b.add(b.mul(part, b.index(product(core.extents))), place)
        b.store(result, b.pointer(self.workspace, place, self.dtype), mask)

    def _bounds(self, axis: int, part: Value | None) -> tuple[Value, Value]:
        """From where to where a reduced axis is reduced."""
        b = self.b
        size = b.index(self.domain.extents[axis])
        if part is None or axis != self.domain.reduced[0]:
            return b.constant(0, "int64"), size
        chunk = b.index(apply("ceildiv", self.domain.extents[axis], PARTS))
        low = b.minimum(b.mul(part, chunk), size)
        return low, b.minimum(b.add(low, chunk), size)

    def _reduced(
        self, places: list[dict[str, Value]], mask: Value | None, part: Value | None
    ) -> list[Value]:
        """The results at some places (or vectors of places)."""
        b, lane = self.b, self.lane
        inner = [axis for axis in self.domain.reduced if axis != lane]

        def nest(depth: int, totals: list[Value], loops: dict[str, Value]) -> list[Value]:
            if depth < len(inner):

                def iteration(j: Value, inside: list[Value]) -> list[Value]:
                    return nest(depth + 1, inside, {**loops, f"i{inner[depth]}": j})

                return b.loop(*self._bounds(inner[depth], part), 1, iteration, totals)

            def across(j: Value, inside: Value | None, total: list[Value]) -> list[Value]:
                return [self._step({**places[0], **loops, f"i{lane}": j}, inside, total[0])]

            if self.across:
                assert lane is not None
                return vector_loop(b, *self._bounds(lane, part), self.lanes, across, totals)
            return [
                self._step({**place, **loops}, mask, total)
                for place, total in zip(places, totals, strict=True)
            ]

        results = nest(0, [b.splat(self.neutral, self.lanes)] * len(places), {})
        return [b.reduce(one, self.combine) for one in results] if self.across else results

    def _step(self, loops: dict[str, Value], mask: Value | None, total: Value) -> Value:
        """Combine one more element (or vector of them)."""
        b = self.b
        at = Expression(b, self.sources, dict(loops), f"i{self.lane}", self.lanes, mask)
        value = self.domain.element(at, self.full)
        if self.dtype != self.core.dtype:
            value = b.convert(value, self.dtype)
        value = b.splat(value, total.lanes)
        if mask is not None and self.across:
            value = b.select(mask, value, b.splat(self.neutral, value.lanes))
        result: Value = self.combine(b, total, value)
        return result
