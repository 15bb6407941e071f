"""Copying one operand of a product into panels, in the order that `packed_layout.py` tells.

Goes in: a tensor in memory, seen through views, and computed on through maps (casts, scaling).
Vectors of slots are loaded along whichever axis is contiguous, and transposed if they are stored
along the other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from geartrain.compiler.codegen.builder import Builder, Value
from geartrain.compiler.kernels.expression import Expression
from geartrain.compiler.kernels.kernel import (
    ARGUMENTS,
    BEGIN,
    END,
    TABLE_ARGUMENTS,
    Kernel,
    address,
)
from geartrain.compiler.kernels.matmul.bf16x6 import paired
from geartrain.compiler.kernels.matmul.layout import PANEL, place_in_panel
from geartrain.compiler.kernels.matmul.packed_layout import Panels, in_runs
from geartrain.compiler.kernels.matmul.tiling import unravel
from geartrain.compiler.targets.target import Target
from geartrain.graph.affine import Affine
from geartrain.graph.node import Node
from geartrain.graph.shapes import apply, product

SLOTS = 16  # along the summed axis, that are one unit of work where all panels are packed at once
STEP_SLOTS = 16  # in a step of numbers that are packed in slices

Combination = Callable[[Value, Value], Value]


def pack(panels: Panels, memory_slot: int, target: Target) -> Kernel:
    """The kernel that packs."""
    b = Builder(panels.name, [*ARGUMENTS, *panels.copy()], "internal")
    return _Packer(b, panels, memory_slot, target).kernel()


def pack_some(panels: Panels, memory_slot: int, target: Target) -> Builder | None:
    """A function that packs some slots of one panel, if that is loading and storing along rows.

    Its arguments: the table and the batch, the panel's address and its first column, which slots.
    """
    arguments = [*TABLE_ARGUMENTS, ("ptr", "%panel"), ("i64", "%column")]
    b = Builder(panels.name, [*arguments, ("i64", "%from"), ("i64", "%to")], "internal")
    packer = _Packer(b, panels, memory_slot, target)
    if not packer.straight or panels.shared:
        return None
    column, low, high = (Value(name, "int64") for name in ("%column", "%from", "%to"))
    b.loop(low, high, 1, lambda s, _: packer.slot({}, column, "%panel", s))
    b.finish()
    return b


class _Packer:
    def __init__(self, b: Builder, panels: Panels, memory_slot: int, target: Target) -> None:
        self.b, self.to, self.target = b, panels, target
        self.lanes = target.lanes(4)
        self.halves, self.slots = panels.halves, panels.slots
        self.b.bf16_rounds = target.bf16_rounds and panels.dtype == "bfloat16"
        self.source = address(self.b, memory_slot)
        summed, operand = panels.summed, panels.operand
        inner = operand.stride(summed[-1][0]) if summed else 0
        self.loads_along_depth = inner == 1 and in_runs(summed, self.lanes)
        self.stores_along_depth = panels.group > self.halves
        self.straight = not (self.loads_along_depth or self.stores_along_depth)
        self.slices = panels.dot.slices
        self.dtype = panels.dtype if self.slices == 1 else operand.top.dtype  # of what is combined

    def kernel(self) -> Kernel:
        """Write it: a unit of work is a panel, or a few slots of all panels.

        The latter where vectors are only copied: then memory is read row after row, which the
        hardware foresees; along a panel of a wide matrix it would not, unless it is kept in panels.
        """
        b, to = self.b, self.to
        packed = to.memory(b)
        row_after_row = self.straight and to.kept is None
        count = apply("ceildiv", self.slots, SLOTS) if row_after_row else to.panels

        def unit(u: Value, _: list[Value]) -> None:
            number = b.rem(u, b.index(count))
            rest = b.div(u, b.index(count))
            shared = unravel(b, rest, to.shared)
            size = b.index(to.panel_size)
            if row_after_row:
                place = b.mul(rest, b.mul(b.index(to.panels), size))
                self._some_slots(shared, number, b.pointer(packed, place, to.dtype))
                return
            first = b.mul(number, b.constant(to.width, "int64"))
            self._panel(shared, first, b.pointer(packed, b.mul(u, size), to.dtype))

        b.loop(BEGIN, END, 1, unit)
        b.finish()
        units = product(one for _, one in to.shared) * count
        workspace, packs = [to.workspace()], to.operand.memory
        made = Kernel(to.name, [], "pack", [b], units, to.elements(), workspace, packs)
        made.copies = to.small()
        return made

    def _put(self, slots: list[Value], start: str, s: Value, offset: Value, count: int) -> None:
        """Store the first lanes of vectors of slots: for each slice one, from slot number `s` on.

        `offset` is how far beyond the first row's slot they go.
        """
        b, lanes, width = self.b, self.lanes, self.to.width
        left = b.constant(count, "int64")
        mask = b.compare("lt", b.lane_numbers(lanes), left) if count < lanes else None
        if self.slices > 1:  # the steps before have all their slices
            before = b.bits("and", s, b.constant(-STEP_SLOTS, "int64"))
            s = b.add(s, b.mul(before, b.constant(self.slices - 1, "int64")))
        for slice_, value in enumerate(slots):
            at = b.add(s, b.constant(slice_ * STEP_SLOTS, "int64"))
            place = b.add(b.mul(at, b.constant(width, "int64")), offset)
            b.store(value, b.pointer(start, place, "int32"), mask)

    def _some_slots(self, shared: dict[str, Value], number: Value, start: str) -> None:
        """A few slots along the summed axis, of all panels: loaded and stored along rows."""
        b, to, zero = self.b, self.to, self.b.constant(0, "int64")
        width = b.constant(to.width, "int64")
        low = b.mul(number, b.constant(SLOTS, "int64"))
        high = b.minimum(b.add(low, b.constant(SLOTS, "int64")), b.index(self.slots))

        def iteration(s: Value, _: list[Value]) -> None:
            def panel(p: Value, _: list[Value]) -> None:
                at = b.pointer(start, b.mul(p, b.index(to.panel_size)), to.dtype)
                self.slot(shared, b.mul(p, width), at, s)

            b.loop(zero, b.index(to.panels), 1, panel)

        b.loop(low, high, 1, iteration)

    def slot(self, shared: dict[str, Value], first: Value, start: str, s: Value) -> None:
        """Slot number `s` of a panel's rows, from row `first` on: loaded and stored along them."""
        b, to = self.b, self.to
        for v in range(0, to.width, self.lanes):
            step = b.constant(v, "int64")
            parts = self._along_own(shared, b.add(first, step), s)
            self._put(self._slots(parts, b.paired), start, s, step, to.width - v)

    def _panel(self, shared: dict[str, Value], first: Value, start: str) -> None:
        """One panel, block by block along the summed axis."""
        b, lanes, width = self.b, self.lanes, self.to.width
        zero, slots = b.constant(0, "int64"), b.index(self.slots)
        b.room(2 * lanes * lanes, "float", "%block")

        def number(n: int) -> Value:
            return b.constant(n, "int64")

        def straight(s: Value) -> None:
            def iteration(row: Value, _: list[Value]) -> None:
                found = self._slots(self._along_depth(shared, b.add(first, row), s), b.joined)
                self._put(found, start, s, b.mul(row, number(lanes)), lanes)

            b.loop(zero, number(width), 1, iteration)

        def transposed_to_own(s: Value) -> None:
            for v in range(0, width, lanes):
                rows = b.add(first, number(v))

                def load(n: Value, rows: Value = rows) -> list[Value]:
                    return self._along_depth(shared, b.add(rows, n), s)

                def put(n: Value, column: list[Value], v: int = v) -> None:
                    at = b.add(s, n)
                    store = functools.partial(self._put, column, start, at, number(v), width - v)
                    if isinstance(self.slots, int) and self.slots % lanes == 0:
                        store()
                    else:
                        b.when(b.compare("lt", at, slots), store)

                self._transpose(load, put, b.joined, min(lanes, width - v), lanes)

        def transposed_to_depth(s: Value) -> None:
            for v in range(0, width, lanes):
                rows = b.add(first, number(v))

                def load(n: Value, rows: Value = rows) -> list[Value]:
                    return self._along_own(shared, rows, b.add(s, n))

                def put(n: Value, column: list[Value], v: int = v) -> None:
                    self._put(column, start, s, b.mul(b.add(n, number(v)), number(lanes)), lanes)

                self._transpose(load, put, b.paired, lanes, min(lanes, width - v))

        def iteration(s: Value, _: list[Value]) -> None:
            block(s)

        if self.straight:
            b.loop(zero, slots, 1, lambda s, _: self.slot(shared, first, start, s))
            return
        block = transposed_to_own
        if self.stores_along_depth:
            block = straight if self.loads_along_depth else transposed_to_depth
        if self.slots == lanes:
            block(zero)  # a single block: what lies beyond the depth is known to be zero
        else:
            b.loop(zero, slots, lanes, iteration)

    def _slots(self, parts: list[Value], combined: Combination) -> list[Value]:
        """Elements as slots, for each slice one vector."""
        if self.slices > 1:
            return paired(self.b, *parts)
        return parts if self.halves == 1 else [combined(*parts)]

    def _transpose(
        self, load: Callable[[Value], list[Value]], put: Callable[[Value, list[Value]], None],
        combined: Combination, rows: int, columns: int,
    ) -> None:  # fmt: skip
        """Transpose a block of elements, by way of the stack, which makes for short code.

        `load(n)` writes the elements of row n; `put(n, slots)` stores those of column n. What is
        transposed are slots; or, where numbers are split, what they are split from: it is less.
        """
        b, lanes, zero = self.b, self.lanes, self.b.constant(0, "int64")
        cut = self.slices > 1
        dtypes: list[str] = []

        def place(part: Value, n: Value) -> str:
            line = b.add(b.mul(part, b.constant(lanes, "int64")), n)
            return b.pointer("%block", b.mul(line, b.constant(lanes, "int64")), "float32")

        def row(n: Value, _: list[Value]) -> None:
            found = load(n) if cut else self._slots(load(n), combined)
            dtypes[:] = [value.dtype for value in found]
            for part, value in enumerate(found):
                b.store(value, place(b.constant(part, "int64"), n))

        def iteration(part: Value, _: list[Value]) -> None:
            places = [place(part, b.constant(n, "int64")) for n in range(lanes)]
            transposed = b.transposed([b.load(at, dtypes[0], lanes) for at in places])
            for at, column in zip(places, transposed, strict=True):
                b.store(column, at)

        def column(n: Value, _: list[Value]) -> None:
            found = [
                b.load(place(b.constant(part, "int64"), n), dtype, lanes)
                for part, dtype in enumerate(dtypes)
            ]
            put(n, self._slots(found, combined) if cut else found)

        b.loop(zero, b.constant(rows, "int64"), 1, row)
        b.loop(zero, b.constant(len(dtypes), "int64"), 1, iteration)
        b.loop(zero, b.constant(columns, "int64"), 1, column)

    def _along_own(self, shared: dict[str, Value], first: Value, s: Value) -> list[Value]:
        """The elements of slot number `s`, of each of the neighbouring rows from `first`."""
        b, lanes, own = self.b, self.lanes, self.to.own
        loops = shared | unravel(b, first, own)
        mask, width = None, self.to.width
        if not isinstance(self.to.size, int) or self.to.size % width or width % lanes:
            numbers = b.add(b.lane_numbers(lanes), first)
            mask = b.compare("lt", numbers, b.index(self.to.size))
        low, distance = b.mul(s, b.constant(self.halves, "int64")), 1
        if self.slices > 1:
            step = b.bits("and", s, b.constant(-STEP_SLOTS, "int64"))
            low, distance = b.add(step, s), STEP_SLOTS
        parts = []
        for half in range(self.halves):
            k = b.add(low, b.constant(half * distance, "int64"))
            inside = self._inside_depth(k, 1)
            if inside is not None and inside.name == "false":
                parts.append(b.splat(b.constant(0, self.dtype), lanes))
                continue
            both = _both(b, mask, inside, lanes)
            parts.append(self._value(loops | unravel(b, k, self.to.summed), own[-1][0], both))
        return parts

    def _along_depth(self, shared: dict[str, Value], row: Value, s: Value) -> list[Value]:
        """The elements of the slots of one row, from number `s`, the first of a step."""
        b, lanes, summed = self.b, self.lanes, self.to.summed
        mask = None
        if not isinstance(self.to.size, int) or self.to.size % self.to.width:
            mask = b.compare("lt", row, b.index(self.to.size))
        loops = shared | unravel(b, row, self.to.own)
        parts = []
        for part in range(self.halves):
            k = b.add(b.mul(s, b.constant(self.halves, "int64")), b.constant(part * lanes, "int64"))
            both = _both(b, mask, self._inside_depth(k, lanes), lanes)
            parts.append(self._value(loops | unravel(b, k, summed), summed[-1][0], both))
        return parts

    def _inside_depth(self, k: Value, lanes: int) -> Value | None:
        """Whether the place (or each of the places from it on) is summed; None if all are."""
        b, depth = self.b, self.to.depth
        if isinstance(depth, int) and depth % max(self.to.dot.step, lanes) == 0:
            return None
        if isinstance(depth, int) and lanes == 1 and not k.name.startswith("%"):
            return None if int(k.name) < depth else b.constant(False, "bool")
        return b.compare("lt", b.add(b.lane_numbers(lanes), k), b.index(depth))

    def _value(self, loops: dict[str, Value], lane: str, mask: Value | None) -> Value:
        """Elements of the operand, as neighbours along a label; 0 where the mask is off."""
        b, operand, kept = self.b, self.to.operand, self.to.kept
        place = Affine(
            operand.place.constant,
            {label: step for label, step in operand.place.terms.items() if label in loops},
        )
        memory = operand.memory
        if kept is not None:
            inner, outer = sorted(operand.place.terms, key=lambda one: operand.stride(one) != 1)
            both = Affine.variable(outer), Affine.variable(inner)
            place = place_in_panel(both, memory.extents[0], kept)
            panel = b.bits("and", loops[inner], b.constant(-kept, "int64"))
            loops = loops | {PANEL: panel}
        pointers: dict[Node, str] = {memory: self.source}
        loaded = Expression(b, pointers, loops, lane, self.lanes, mask).load(memory, place)
        if operand.base is operand.top:
            found = loaded
        else:
            index = tuple(Affine() for _ in operand.top.extents)
            known = {operand.base: loaded}
            found = Expression(b, {}, loops, lane, self.lanes, None, known).value(
                operand.top, index
            )
        found = b.splat(b.convert(found, self.dtype), self.lanes)
        if mask is not None and operand.base is not operand.top:  # a map of 0 need not be 0
            found = b.select(mask, found, b.splat(b.constant(0, self.dtype), self.lanes))
        return found


def _both(b: Builder, first: Value | None, second: Value | None, lanes: int) -> Value | None:
    if first is None or second is None:
        found = first or second
        return found and b.splat(found, lanes)
    return b.bits("and", b.splat(first, lanes), b.splat(second, lanes))
