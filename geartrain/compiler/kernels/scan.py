"""The kernel of loops over time: the kernels of one step, called for every step in native code.

The body of the loop is fused and lowered like any program, with a table of addresses of its own.
What a step reads and gives lies in memory step by step, so from step to step some addresses in the
table move on by a constant, and nothing is copied. Where rows of the batch do not meet in the body,
some rows go through all steps before the next rows do: they stay in the cache, and threads need not
wait for one another. Matrices from outside are packed once, before the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from geartrain.compiler.analysis.aliases import step_place, whole_place
from geartrain.compiler.analysis.groups import FusionGroup
from geartrain.compiler.analysis.memory import Buffer, plan
from geartrain.compiler.codegen.builder import BYTES, Builder, Value
from geartrain.compiler.kernels.copies import copy_kernel
from geartrain.compiler.kernels.kernel import (
    ARGUMENTS,
    BEGIN,
    END,
    TABLE,
    TABLE_ARGUMENTS,
    Kernel,
    address,
)
from geartrain.compiler.targets.target import Target
from geartrain.graph.node import Node
from geartrain.graph.shapes import BATCH, Extent, apply, holds_dim, product

FEWEST_ROWS, MOST_ROWS = 16, 64  # of the batch, that go through all steps together


def rows_together() -> Extent:
    """How many rows of the batch go through all steps together: half of them, within limits."""
    half = apply("max", apply("ceildiv", BATCH, 2), FEWEST_ROWS)
    return apply("min", half, MOST_ROWS)


class Lower(Protocol):
    """`compiler.lower.lower`."""

    def __call__(
        self, name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
        new_slot: Callable[[], int], repeated: bool = False,
    ) -> list[Kernel]:  # fmt: skip
        """The kernels of what is fused around one core."""


@dataclass
class _Entry:
    """One address in the table of the body, in bytes.

    It is that at `base` in the program's table, and `start`, and for each step, row and unit of
    work so many more.
    """

    slot: int
    base: int
    start: Extent = 0
    step: Extent = 0
    row: Extent = 0
    unit: Extent = 0


def scan_kernels(
    name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
    new_slot: Callable[[], int], lower: Lower,
) -> list[Kernel]:  # fmt: skip
    """The kernels of a loop over time: what is prepared once, and the loop."""
    return _Loop(name, fused, slots, target, new_slot, lower).kernels()


class _Loop:
    def __init__(
        self, name: str, fused: FusionGroup, slots: Mapping[object, int], target: Target,
        new_slot: Callable[[], int], lower: Lower,
    ) -> None:  # fmt: skip
        assert fused.core is not None
        self.name, self.core, self.slots = name, fused.core, slots
        self.target, self.new_slot, self.lower = target, new_slot, lower
        assert fused.loop is not None
        self.loop = fused.loop
        self.body, self.steps = self.loop.body, self.loop.steps
        self.local: dict[object, int] = {}
        self.size = 1
        self.entries: list[_Entry] = []
        self.workspace: list[tuple[int, Extent, str]] = []

    def kernels(self) -> list[Kernel]:
        """Write them."""
        self._place_sources()
        copies = self._place_results()
        each: list[Kernel] = []
        once: list[Kernel] = []
        temporaries = self._between()
        for number, one in enumerate(self.loop.inner):
            found = self.lower(
                f"{self.name}_{number}", one, self.local, self.target, self._slot, repeated=True
            )
            for kernel in found:
                packs = kernel.packs
                hoisted = packs in self.loop.held and not holds_dim(packs.extents)
                (once if hoisted else each).append(kernel)
                for slot, size, dtype in kernel.workspace:
                    if hoisted:
                        self._outside(slot, size, dtype)
                    else:
                        temporaries.append(Buffer(slot, size * BYTES[dtype], number, number))
        each += copies
        self._place_temporaries(temporaries)
        prepared = [self._once(kernel) for kernel in once]
        functions = [function for kernel in [*once, *each] for function in kernel.functions]
        step = self._step(each)
        whole = self._rows(step)
        work: Extent = 0
        for kernel in each:
            work = work + kernel.work
        units = apply("ceildiv", BATCH, rows_together()) if self.loop.independent else 1
        made = Kernel(
            self.name, [self.core], "scan", [*functions, step, whole], units, work * self.steps,
            self.workspace,
        )  # fmt: skip
        if prepared:  # their code calls that of the loop's kernels, so these come first
            prepared[0].functions[:0] = functions
            made.functions = [step, whole]
        return [*prepared, made]

    # -- places -----------------------------------------------------------------------------------

    def _slot(self) -> int:
        self.size += 1
        return self.size - 1

    def _row(self, node: Node) -> Extent:
        """How many bytes the rows of a node are apart, if they are taken a few at a time."""
        if not self.loop.independent or not holds_dim(node.extents):
            return 0
        return product(node.extents[1:]) * BYTES[node.dtype]

    def _outside(self, slot: int, size: Extent, dtype: str) -> None:
        """Memory of the program, for what is the same for all rows."""
        base = self.new_slot()
        self.workspace.append((base, size, dtype))
        self.entries.append(_Entry(slot, base))

    def _place_sources(self) -> None:
        for symbol, sequence in zip(self.body.items, self.loop.sequences, strict=True):
            found = step_place(sequence, self.loop.memory)
            assert found is not None
            base, start, distance = found
            width = BYTES[symbol.dtype]
            self.local[symbol] = slot = self._slot()
            self.entries.append(
                _Entry(slot, self.slots[base], start * width, distance * width, self._row(symbol))
            )
        for symbol, value in self.loop.held.items():
            self.local[symbol] = slot = self._slot()
            self.entries.append(_Entry(slot, self.slots[value], row=self._row(symbol)))

    def _place_results(self) -> list[Kernel]:
        """Places of states and outputs; what has to be copied there at the end of a step."""
        copies = []
        starts, width = self.body.starts(self.steps), BYTES[self.core.dtype]
        flat = self.slots[self.core]
        for number in self.loop.live:
            output = self.loop.outputs[number]
            slab = product(output.extents) * width
            start, row = starts[number] * width, self._row(output)
            if number < self.loop.count:
                before = start + slab if self.loop.reverse else start
                symbol = self.body.states[number]
                self.local[symbol] = slot = self._slot()
                self.entries.append(_Entry(slot, flat, before, slab, row))
                start = start if self.loop.reverse else start + slab
            slot = self._slot()
            self.entries.append(_Entry(slot, flat, start, slab, row))
            if output.op is not None and output not in self.local:
                self.local[output] = slot
                continue
            copies.append((output, slot))
        return [
            copy_kernel(
                f"{self.name}_copy{number}", product(node.extents), node.dtype, self.local[node],
                slot,
            )
            for number, (node, slot) in enumerate(copies)
        ]  # fmt: skip

    def _between(self) -> list[Buffer]:
        """Memory for what kernels of a step hand to one another."""
        found: dict[Node, Buffer] = {}
        for number, one in enumerate(self.loop.inner):
            for node in one.nodes:
                if node not in self.local:
                    self.local[node] = slot = self._slot()
                    size = product(node.extents) * BYTES[node.dtype]
                    found[node] = Buffer(slot, size, number, number)
            for node in one.reads:
                if node in found:
                    found[node].last = number
        return list(found.values())

    def _place_temporaries(self, buffers: list[Buffer]) -> None:
        if not self.loop.independent:
            for buffer in buffers:
                self._outside(buffer.slot, buffer.size, "uint8")
            return
        offsets, size = plan(buffers, MOST_ROWS)
        base, units = self.new_slot(), apply("ceildiv", BATCH, rows_together())
        self.workspace.append((base, units * size, "uint8"))
        for slot, offset in offsets.items():
            self.entries.append(_Entry(slot, base, offset, unit=size))

    # -- code -------------------------------------------------------------------------------------

    def _once(self, kernel: Kernel) -> Kernel:
        """A kernel of the body that does the same in every step, as one of the program."""
        b = Builder(f"{kernel.name}_once", ARGUMENTS, "internal")
        table = self._table(b)
        used = {self.local[kernel.packs], *(slot for slot, _, _ in kernel.workspace)}
        for entry in self.entries:
            if entry.slot in used:
                self._store(b, table, entry, Value(address(b, entry.base, "i64"), "int64"))
        b.invoke(kernel.name, table, *TABLE[1:], BEGIN, END)
        b.finish()
        return Kernel(b.name, [], kernel.kind, [b], kernel.units, kernel.work)

    def _step(self, kernels: list[Kernel]) -> Builder:
        """The function of one step: all kernels of the body, each with all its units."""
        b = Builder(f"{self.name}_step", TABLE_ARGUMENTS, "internal")
        for kernel in kernels:
            b.invoke(kernel.name, *TABLE, b.constant(0, "int64"), b.index(kernel.units))
        b.finish()
        return b

    def _rows(self, step: Builder) -> Builder:
        """The function of a unit of work: some rows, through all steps."""
        b = Builder(self.name, ARGUMENTS, "internal")
        table = self._table(b)
        bases = {one.base: address(b, one.base, "i64") for one in self.entries}
        sources = [self._first_state(b, node) for node in self.loop.first_states]
        steps = b.index(self.steps)

        def unit(u: Value, _: list[Value]) -> None:
            first, rows = b.constant(0, "int64"), Value("%batch", "int64")
            if self.loop.independent:
                together = b.index(rows_together())
                first = b.mul(u, together)
                rows = b.minimum(b.sub(rows, first), together)
            moving = []
            for entry in self.entries:
                at = b.add(Value(bases[entry.base], "int64"), b.index(entry.start))
                at = b.add(at, b.mul(first, b.index(entry.row)))
                at = b.add(at, b.mul(u, b.index(entry.unit)))
                if entry.step == 0:
                    self._store(b, table, entry, at)
                else:
                    moving.append((entry, at))
            self._first_states(b, moving, sources, first, rows)

            def one(i: Value, _: list[Value]) -> None:
                at = b.sub(b.sub(steps, b.constant(1, "int64")), i) if self.loop.reverse else i
                for entry, start in moving:
                    place = b.add(start, b.mul(at, b.index(entry.step)))
                    self._store(b, table, entry, place)
                b.invoke(step.name, table, "%places", rows)

            b.loop(b.constant(0, "int64"), steps, 1, one)

        b.loop(BEGIN, END, 1, unit)
        b.finish()
        return b

    def _first_state(self, b: Builder, state: Node) -> str:
        """Where a first state begins."""
        found = whole_place(state, self.loop.memory)
        assert found is not None
        base, start = found
        return b.pointer(address(b, self.slots[base]), b.index(start), state.dtype)

    def _first_states(
        self, b: Builder, moving: list[tuple[_Entry, Value]], sources: list[str],
        first: Value, rows: Value,
    ) -> None:  # fmt: skip
        """Copy the first states to where the first step looks for them."""
        starts = {entry.slot: (entry, at) for entry, at in moving}
        for symbol, source in zip(self.body.states, sources, strict=True):
            entry, at = starts[self.local[symbol]]
            if self.loop.reverse:
                last = b.sub(b.index(self.steps), b.constant(1, "int64"))
                at = b.add(at, b.mul(last, b.index(entry.step)))
            size = b.mul(rows, b.index(entry.row)) if self.loop.independent else b.index(entry.step)
            place = b.address_of(at)
            start = b.pointer(source, b.mul(first, b.index(entry.row)), "uint8")
            b.copy_bytes(place, start, size)

    def _table(self, b: Builder) -> str:
        """The table of addresses of the body."""
        return b.room(self.size, "i64", "%table")

    def _store(self, b: Builder, table: str, entry: _Entry, at: Value) -> None:
        b.store(at, b.pointer(table, b.constant(entry.slot, "int64"), "int64"))
